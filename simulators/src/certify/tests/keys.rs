//! Changes of the MAC key, against a small server that knows the party's keys as a switch does, and lies in one thing.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tessera_protocol::{KEY_BYTES, KeyEncryptingKey, KeyMaterial};

use super::super::keys::{Key, Keys, Wrapped};
use super::super::{Report, profile};
use super::*;

/// What the server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    AnswersUnderTheOldKey,
    NoOverlap,
    ChangesNothing,
    TakesAnything,
    ChangesUnderTheOldKey,
    CountsRepeats,
    NoWayBack,
    RefusalsUnsealed,
}

const WRAPPING: [u8; 32] = [7; 32];
const PROFILE: [u8; KEY_BYTES] = [8; KEY_BYTES];

fn party() -> Party {
    let text = profile_with(&format!("mac_key = \"{}\"", "08".repeat(KEY_BYTES)));
    profile::read(&text, Path::new(".")).unwrap()
}

fn profile_with(mac_key: &str) -> String {
    let wrapping = "07".repeat(WRAPPING.len());
    format!(
        "code = \"20000000001\"\nkind = \"acquirer\"\n{mac_key}\nkey_encrypting_key = \"{wrapping}\""
    )
}

/// The keys that the server takes.
struct Taken {
    lie: Lie,
    newest: MacKey,
    before: Option<MacKey>,
}

impl Taken {
    fn find(&self, asked: &Seen) -> Option<MacKey> {
        let mut keys = [Some(&self.newest), self.before.as_ref()]
            .into_iter()
            .flatten();
        keys.find(|key| asked.is_sealed_with(key)).cloned()
    }

    /// Field 39 to a change of the key that was sealed with this one.
    fn change(&mut self, asked: &Seen, sealed_with: &MacKey) -> &'static str {
        let wrapping = KeyEncryptingKey::new(&WRAPPING).unwrap();
        let text = asked.text(48).and_then(|text| text.strip_prefix("03054"));
        let Some(material) = text.and_then(|text| KeyMaterial::read(text.as_bytes())) else {
            return if self.lie == Lie::TakesAnything {
                "00"
            } else {
                "30"
            };
        };
        let Ok(key) = wrapping.open(&material) else {
            return if self.lie == Lie::TakesAnything {
                "00"
            } else {
                "63"
            };
        };
        let repeat = key.is(&self.newest) && self.lie != Lie::CountsRepeats;
        if repeat || self.lie == Lie::ChangesNothing {
            return "00";
        }
        if !sealed_with.is(&self.newest) && self.lie != Lie::ChangesUnderTheOldKey {
            return "63";
        }
        if self.lie == Lie::NoWayBack && key.is(&MacKey::new(PROFILE)) {
            return "96";
        }
        let before = std::mem::replace(&mut self.newest, key);
        self.before = (self.lie != Lie::NoOverlap).then_some(before);
        "00"
    }

    fn answer(&mut self, asked: &Seen, signed_on: &mut bool) -> (FilledMessage, Option<MacKey>) {
        let mut filled = honest(asked, 100_000);
        let mut seal = Some(self.newest.clone());
        let code = match (self.find(asked), asked.text(70)) {
            (None, _) => {
                seal = seal.filter(|_| self.lie != Lie::RefusalsUnsealed);
                "63"
            }
            (_, Some(code)) if code != "001" && !*signed_on => "58",
            (Some(key), code) => {
                *signed_on = true;
                let code = match code {
                    Some("101") => self.change(asked, &key),
                    _ => "00",
                };
                seal = match self.lie {
                    Lie::AnswersUnderTheOldKey => Some(MacKey::new(PROFILE)),
                    _ => Some(key),
                };
                code
            }
        };
        filled.fields.insert(39, body(code));
        if code != "00" {
            filled.fields.insert(48, body("09011no field 48"));
        }
        (filled, seal)
    }
}

fn serve(mut stream: TcpStream, taken: &Mutex<Taken>) -> std::io::Result<()> {
    let dialect = Dialect::CANONICAL;
    let mut incoming = BytesMut::new();
    let mut signed_on = false;
    loop {
        let Ok(Some(wire)) = dialect.cut(&mut incoming) else {
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes)? {
                0 => return Ok(()),
                read => incoming.put_slice(&bytes[..read]),
            }
            continue;
        };
        let asked = Seen::read(dialect, &wire);
        let (filled, key) = taken.lock().unwrap().answer(&asked, &mut signed_on);
        let bytes = filled.pack(dialect.packing, key.as_ref(), Seal::Right, None);
        stream.write_all(&framed(dialect, &bytes))?;
        if !signed_on && filled.text(39) == Some("58") {
            return Ok(());
        }
    }
}

/// What a run of a case found, and which key the server has after it; before it, this one.
fn played(lie: Lie, number: &str, before: Key) -> (Report, Key) {
    let keys = Keys::of(&party());
    let newest = keys.find(before).unwrap().clone();
    let taken = Arc::new(Mutex::new(Taken {
        lie,
        newest,
        before: None,
    }));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = listener.local_addr().unwrap().into();
    let server = Arc::clone(&taken);
    // It ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let taken = Arc::clone(&server);
            std::thread::spawn(move || serve(stream, &taken));
        }
    });
    let options = Options {
        target: Target {
            addresses,
            tls: None,
        },
        party: party(),
        payers: Vec::new(),
        wallet_line: None,
        sandbox: false,
        long: false,
        only: vec![number.to_owned()],
        answer_within: Duration::from_secs(2),
        terminal: None,
    };
    let report = run(&options, cases()).unwrap();
    let left = taken.lock().unwrap().newest.clone();
    let is = |key: &Key| keys.find(*key).unwrap().is(&left);
    (report, Key::ALL.into_iter().find(is).unwrap())
}

/// The places that are wrong.
fn places(report: &Report) -> Vec<String> {
    match &report.results[0].outcome {
        Outcome::Passed => Vec::new(),
        Outcome::Failed(faults) => faults.iter().map(|fault| fault.place.clone()).collect(),
        Outcome::Skipped(why) => panic!("skipped: {why}"),
    }
}

/// All that need no payer.
const CASES: [&str; 8] = [
    "4.40", "4.42", "4.43", "4.44", "4.45", "4.46", "4.47", "4.48",
];

#[test]
fn what_is_right_passes_and_leaves_the_key_of_the_profile() {
    for number in CASES {
        let (report, left) = played(Lie::None, number, Key::Profile);
        assert_eq!(places(&report), [""; 0], "{report}");
        assert_eq!(left, Key::Profile, "{number}");
    }
}

#[test]
fn every_lie_about_a_key_is_seen_and_the_key_of_the_profile_comes_back() {
    for (lie, number, expected) in [
        (Lie::AnswersUnderTheOldKey, "4.40", "MAC"),
        (Lie::NoOverlap, "4.40", "field 39"),
        (Lie::ChangesNothing, "4.40", "field 39"),
        (Lie::CountsRepeats, "4.42", "field 39"),
        (Lie::ChangesUnderTheOldKey, "4.43", "field 39"),
        (Lie::TakesAnything, "4.45", "field 39"),
        (Lie::TakesAnything, "4.46", "field 39"),
        (Lie::TakesAnything, "4.47", "field 39"),
    ] {
        let (report, left) = played(lie, number, Key::Profile);
        assert_eq!(
            places(&report).first().unwrap(),
            expected,
            "{lie:?} {report}"
        );
        assert_eq!(left, Key::Profile, "{lie:?} {report}");
        let says = report
            .to_string()
            .contains("- the party's key is that of its profile\n");
        assert!(says, "{lie:?} {report}");
    }
}

#[test]
fn a_key_that_cannot_be_changed_back_is_named_as_a_profile_may_state_it() {
    let (report, left) = played(Lie::NoWayBack, "4.40", Key::Profile);
    assert_eq!(left, Key::New);
    assert_eq!(places(&report).last().unwrap(), "the party's key");
    let material = Keys::of(&party())
        .material(Key::New, Wrapped::Whole)
        .unwrap();
    let stated = format!(
        "the party's key: expected that of its profile, found mac_key_wrapped = \"{material}\""
    );
    assert!(report.to_string().contains(&stated), "{report}");
    // With that in its place, the profile is right again.
    let text = profile_with(&format!("mac_key_wrapped = \"{material}\""));
    let key = profile::read(&text, Path::new(".")).unwrap().key.unwrap();
    assert!(key.is(Keys::of(&party()).find(Key::New).unwrap()));
}

#[test]
fn a_key_that_is_not_stated_is_not_guessed() {
    let (report, _) = played(Lie::RefusalsUnsealed, "4.44", Key::Profile);
    let found = "the party's key: expected that of its profile, found none that this run knows";
    assert!(report.to_string().contains(found), "{report}");
}

#[test]
fn what_a_killed_run_has_left_is_changed_back() {
    for before in [Key::New, Key::Newer] {
        let (report, left) = played(Lie::None, "4.40", before);
        assert_eq!(places(&report), [""; 0], "{report}");
        assert_eq!(left, Key::Profile);
        assert!(
            report.heading.contains("An earlier run has left"),
            "{report}"
        );
    }
}
