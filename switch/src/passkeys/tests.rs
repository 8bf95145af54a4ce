//! What authenticators answer, right and wrong.

use std::cell::RefCell;

use tessera_kit::clock::Timestamp;
use tessera_ledger::{Assertion, DuplicateKey, PasskeyUse, Rule};

use super::cose::{PublicKey, length};
use super::*;
use crate::authenticator::{Answer, Authenticator, MAY_BE_SYNCED, PRESENT_AND_VERIFIED};
use crate::mutation::Mutation;

const ORIGIN: &str = "https://wallet.example";
const SESSION: [u8; 32] = [7; 32];
const NOW: Timestamp = Timestamp::from_milliseconds(1_795_000_000_000);
const MINUTE: u64 = 60_000;

/// Keys and signatures of pyca/cryptography 50, written as COSE by hand.
const SIGNED: &[u8] = b"what was signed, by another implementation";
const VECTORS: &[(&str, &str)] = &[
    // ES256
    (
        "\
        a50102032620012158202c2a2bd99dec3b33913e895f094e78f785cc153454c48f8b2928dcec32b2b6602258207ffdef7c045395d5789f87\
        0936e8a30422deea60a8229a881ac17210cca345dc",
        "\
        304402206e4c2144f6e8b729078a0e214136d54ddaf39c865771fd10cee160fd0493b13c022078bbc3f246b5170b8d2ecf11b7fc390608ab\
        df138377c5be76290d379d46259b",
    ),
    // ED25519
    (
        "\
        a40101032720062158209eb1d6d82369a1be8c87c532285bf9074e955d4cadc9e1917f3f5bc750137172",
        "\
        8f37b3b08630b9d6b1744c16fc994912f36f58629b55713fce741794654aefd9fe75fdadab982fb033be3735ab421b40080cc6f42e4942df\
        5396f7d07711d60e",
    ),
    // RS256
    (
        "\
        a401030339010020590100c6a000399ae31c2b977614952f35a93cd8b68417a9baf94078300f56d334dc73c88d4d3c464f112170eb337f64\
        2deaf2d6eceee0bd7c27c4e933907433b6edf39672d5f5b8ca679cd441971ca664e66477026b88a2ef25e4045489f59c4dd9775f706af91f\
        d50b41b239e99958ddc17d44b34e2b70a9f7763df4ff9e7ad1f73b28e02df06de401f9e7b2a2bd88bd51ea3d2ef31733b4b1e78825be5b89\
        b97f5ef71c0bae9626561592c1eb57e4cf9d98804d5c626b6a11e545728ecc50d2fd1c2847283cbe4fe7afa72abafe8ef5dfff6cad55f007\
        857176710ab8c20276962ea3e32194731621c340f30e7eac2202457bec310ff49cbdecbe635c780a024ef32143010001",
        "\
        a633ac1dccbefcf24132d951ec71550888d062b7f28d78eadae9454a977e1b3e8de6679465ce988b818f81bb36992297af1cc6ff9100d886\
        f8359c55351dbd4016bddacc62350046f01a062b0ca744e230732a56646298be7ba5dc87568be9deea97ff82cf6e83427b6b5bcd8ed3e39e\
        6cdb7ca9d5bc878477081afcfa5e8dd691f722ff3dc8340d54241c72d2cc5de98b76d3fa8640488d78bb01e3b78e47504f6dbdd0d6d16810\
        e8ff2391dda468f21c995bca8521467369639f858db56cf9c8ae583234ce5465d6809cdb5e3b95a4be01028be180521ec6543b48b06cf46c\
        efa00efd4d2c713f51616fe4225a668c075a2694a928126ade854957339d1740",
    ),
];

fn from_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn keys_and_signatures_of_another_implementation_are_read() {
    for (key, signature) in VECTORS {
        let (key, signature) = (from_hex(key), from_hex(signature));
        let public = PublicKey::read(&key).unwrap();
        assert!(public.has_signed(SIGNED, &signature));
        assert!(!public.has_signed(&SIGNED[1..], &signature));
        for place in 0..signature.len() {
            let mut other = signature.clone();
            other[place] ^= 1 << (place % 8);
            assert!(!public.has_signed(SIGNED, &other), "byte {place}");
            assert!(!public.has_signed(SIGNED, &signature[..place]));
        }
        // What is behind it belongs to something else; what is cut off is no key.
        let more = [&key[..], &[0xa0]].concat();
        assert_eq!(length(&more), Some(key.len()));
        assert_eq!(PublicKey::read(&more), None);
        for end in 0..key.len() {
            assert_eq!(PublicKey::read(&key[..end]), None);
            assert_eq!(length(&key[..end]), None);
        }
    }
}

#[test]
fn other_kinds_of_keys_are_refused() {
    let good = from_hex(VECTORS[0].0);
    let with = |at: usize, byte: u8| {
        let mut key = good.clone();
        key[at] = byte;
        key
    };
    for (wrong, why) in [
        (with(2, 1), "another kind"),
        (with(4, 0x27), "another algorithm"),
        (with(6, 2), "another curve"),
        (with(3, 1), "a label twice"),
        (with(0, 0xb9), "too many members"),
        (with(0, 0x85), "a list"),
        (with(9, 31), "a short coordinate"),
        (with(7, 0x41), "a label of letters"),
    ] {
        assert_eq!(PublicKey::read(&wrong), None, "{why}");
    }
}

/// The switch, and a passkey that was made for it.
struct Rig {
    passkeys: Passkeys,
    authenticator: Authenticator,
    material: Secret,
    requests: u8,
}

impl Rig {
    fn new() -> Self {
        let passkeys = Passkeys::new(ORIGIN).unwrap();
        let authenticator = Authenticator::new(ORIGIN, b"a passkey");
        let challenge = passkeys.challenge(&Purpose::Add(SESSION), NOW).unwrap();
        let made = made(&passkeys, &authenticator.make(&challenge), SESSION).unwrap();
        assert!(made.synced);
        Self {
            passkeys,
            authenticator,
            material: made.material,
            requests: 1,
        }
    }

    fn asks(&self, purpose: &Purpose) -> Box<str> {
        self.passkeys.challenge(purpose, NOW).unwrap()
    }

    /// To confirm something.
    fn signs(&self) -> Answer {
        let challenge = self.asks(&Purpose::Confirm(SESSION));
        self.authenticator.sign(&challenge)
    }

    fn checks(&mut self, answer: &Answer) -> Result<PasskeyUse, Rule> {
        self.checks_at(answer, Some(SESSION), NOW)
    }

    /// As another request than all before.
    fn checks_at(
        &mut self,
        answer: &Answer,
        session: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<PasskeyUse, Rule> {
        self.requests += 1;
        let key = DuplicateKey([self.requests; 16]);
        let assertion = assertion(answer);
        self.passkeys
            .check((3, &self.material), &assertion, session, &key, now)
    }
}

fn assertion(answer: &Answer) -> Assertion {
    let bytes = |text: &str| decode(text.as_bytes()).unwrap();
    Assertion {
        passkey: Sha256::digest(bytes(&answer.id)).into(),
        client_data: bytes(&answer.client_data).into(),
        authenticator: bytes(&answer.authenticator).into(),
        signature: bytes(&answer.signature).into(),
    }
}

fn made(passkeys: &Passkeys, answer: &Answer, session: [u8; 32]) -> Result<Made, Rule> {
    let bytes = |text: &str| decode(text.as_bytes()).unwrap();
    let (client_data, data) = (bytes(&answer.client_data), bytes(&answer.authenticator));
    passkeys.made((&client_data, &data), session, &DuplicateKey([1; 16]), NOW)
}

#[test]
fn what_a_passkey_signs_counts_once_here_and_now() {
    let mut rig = Rig::new();
    rig.authenticator.counter = 8;
    let answer = rig.signs();
    let used = PasskeyUse {
        number: 3,
        counter: 8,
        synced: true,
        again: false,
    };
    assert_eq!(rig.checks(&answer), Ok(used));
    assert_eq!(rig.checks(&answer), Err(Rule::PasskeyTooLate));
    // The same request, sent again over another line.
    rig.requests -= 2;
    let again = PasskeyUse {
        again: true,
        ..used
    };
    assert_eq!(rig.checks(&answer), Ok(again));
    rig.requests += 1;
    let late = rig.signs();
    let after = NOW.plus(5 * MINUTE);
    let refused = rig.checks_at(&late, Some(SESSION), after);
    assert_eq!(refused, Err(Rule::PasskeyTooLate));
    // A refusal uses nothing up.
    assert!(rig.checks(&late).is_ok());
    // To sign in, nobody is known before.
    let challenge = rig.asks(&Purpose::SignIn);
    let answer = rig.authenticator.sign(&challenge);
    assert!(rig.checks_at(&answer, None, NOW).is_ok());
}

#[test]
fn a_challenge_of_another_session_purpose_or_process_counts_for_nothing() {
    let mut rig = Rig::new();
    let other = Passkeys::new(ORIGIN).unwrap();
    let foreign = other.challenge(&Purpose::Confirm(SESSION), NOW).unwrap();
    for challenge in [
        rig.asks(&Purpose::Confirm([8; 32])),
        rig.asks(&Purpose::Add(SESSION)),
        rig.asks(&Purpose::SignIn),
        foreign,
        "".into(),
        "AAAA".into(),
    ] {
        let answer = rig.authenticator.sign(&challenge);
        assert_eq!(rig.checks(&answer), Err(Rule::PasskeyTooLate));
    }
    let challenge = rig.asks(&Purpose::Confirm(SESSION));
    let answer = rig.authenticator.sign(&challenge);
    assert_eq!(rig.checks_at(&answer, None, NOW), Err(Rule::PasskeyTooLate));
    let challenge = rig.asks(&Purpose::Add([8; 32]));
    let refused = made(&rig.passkeys, &rig.authenticator.make(&challenge), SESSION);
    assert_eq!(refused.unwrap_err(), Rule::PasskeyTooLate);
}

type Change = fn(&mut Authenticator);

const WRONG: &[(&str, Change)] = &[
    ("another origin", |of| {
        of.origin = "https://wa11et.example".into()
    }),
    ("another port", |of| {
        of.origin = "https://wallet.example:444".into()
    }),
    ("without TLS", |of| {
        of.origin = "http://wallet.example".into()
    }),
    ("a frame", |of| of.framed = true),
    ("another site", |of| of.site = "wa11et.example".into()),
    ("nobody seen", |of| of.flags = PRESENT_AND_VERIFIED & !1),
    ("nobody known", |of| of.flags = PRESENT_AND_VERIFIED & !4),
    ("synced though it can't be", |of| {
        of.flags = PRESENT_AND_VERIFIED | 16
    }),
    ("extensions that are not there", |of| of.flags |= 128),
];

#[test]
fn what_was_made_or_signed_elsewhere_or_by_nobody_is_refused() {
    for (why, change) in WRONG {
        let mut rig = Rig::new();
        change(&mut rig.authenticator);
        let answer = rig.signs();
        assert_eq!(rig.checks(&answer), Err(Rule::WrongPasskey), "{why}");
        let challenge = rig.asks(&Purpose::Add(SESSION));
        let answer = rig.authenticator.make(&challenge);
        assert!(made(&rig.passkeys, &answer, SESSION).is_err(), "{why}");
    }
    // The other ceremony.
    let mut rig = Rig::new();
    let challenge = rig.asks(&Purpose::Confirm(SESSION));
    let answer = rig.authenticator.make(&challenge);
    assert_eq!(rig.checks(&answer), Err(Rule::WrongPasskey));
    let challenge = rig.asks(&Purpose::Add(SESSION));
    let refused = made(&rig.passkeys, &rig.authenticator.sign(&challenge), SESSION);
    assert!(refused.is_err());
    // Another passkey, under its own id and under this one's.
    let mut other = Authenticator::new(ORIGIN, b"another");
    for id in [&b"another"[..], b"a passkey"] {
        other.id = id.to_vec();
        let answer = other.sign(&rig.asks(&Purpose::Confirm(SESSION)));
        assert_eq!(rig.checks(&answer), Err(Rule::WrongPasskey));
    }
    // One that is not synced is as good.
    rig.authenticator.flags = PRESENT_AND_VERIFIED | MAY_BE_SYNCED;
    let answer = rig.signs();
    assert_eq!(rig.checks(&answer).map(|used| used.synced), Ok(false));
}

#[test]
fn what_is_cut_or_changed_by_a_bit_proves_nothing() {
    let mut rig = Rig::new();
    let answer = rig.signs();
    let check = |rig: &Rig, assertion: &Assertion| {
        let key = DuplicateKey([200; 16]);
        let passkey = (3, &rig.material);
        rig.passkeys
            .check(passkey, assertion, Some(SESSION), &key, NOW)
    };
    let whole = assertion(&answer);
    type Part = fn(&mut Assertion) -> &mut Box<[u8]>;
    let parts: [Part; 3] = [
        |whole| &mut whole.client_data,
        |whole| &mut whole.authenticator,
        |whole| &mut whole.signature,
    ];
    for part in parts {
        let length = part(&mut whole.clone()).len();
        for bit in 0..length * 8 {
            let mut changed = whole.clone();
            part(&mut changed)[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&rig, &changed).is_err(), "bit {bit}");
        }
        for end in 0..length {
            let mut cut = whole.clone();
            let bytes = part(&mut cut);
            *bytes = bytes[..end].into();
            assert!(check(&rig, &cut).is_err(), "byte {end}");
        }
    }
    // All of them were refused, and nothing was used up.
    assert!(rig.checks(&answer).is_ok());
}

#[test]
fn anything_is_read_or_refused() {
    let rig = Rig::new();
    let made_data = rig.authenticator.make(&rig.asks(&Purpose::Add(SESSION)));
    let inputs = [
        decode(made_data.authenticator.as_bytes()).unwrap(),
        from_hex(VECTORS[1].0),
        from_hex(VECTORS[2].0),
    ];
    let (read, refused) = (RefCell::new(0), RefCell::new(0));
    Mutation::of(inputs.to_vec()).run(20_000, |input| {
        let is_read = AuthenticatorData::read(input).is_some() || PublicKey::read(input).is_some();
        *if is_read { &read } else { &refused }.borrow_mut() += 1;
    });
    assert!(*read.borrow() > 100 && *refused.borrow() > 100);
}

#[test]
fn an_id_is_neither_empty_nor_long() {
    for (length, fits) in [(1, true), (256, true), (0, false), (257, false)] {
        let rig = Rig::new();
        let challenge = rig.asks(&Purpose::Add(SESSION));
        let authenticator = Authenticator::new(ORIGIN, &vec![9; length]);
        let made = made(&rig.passkeys, &authenticator.make(&challenge), SESSION);
        assert_eq!(made.is_ok(), fits, "{length}");
    }
}
