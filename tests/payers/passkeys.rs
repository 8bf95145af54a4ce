//! Passkeys over the wallet server's leased line, against the real switch.

use crate::rig::authenticator::{Answer, Authenticator, IS_SYNCED, MAY_BE_SYNCED, decode, encode};
use crate::rig::leased::operation;
use crate::rig::payer::{GOOD_CARD, PASSWORD, Payer, handle};
use crate::rig::wire::{Seen, rig_with, started};
use crate::rig::{Rig, wait_for};

const SECRET: &str = "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b";

fn passkey(rig: &Rig, id: &[u8]) -> Authenticator {
    Authenticator::new(&rig.pages_origin(), id)
}

/// A challenge to confirm what the session asks.
fn challenge(payer: &mut Payer) -> String {
    payer.done("221", &[], &[]).tag(61, 53)
}

fn challenge_to_sign_in(payer: &mut Payer) -> String {
    let answer = payer.line.ask(&operation("221", &[]));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    answer.tag(61, 53)
}

fn signed(answer: &Answer) -> String {
    format!("{}.{}", answer.authenticator, answer.signature)
}

/// Adds it, and says what it knows the wallet by.
fn add(payer: &mut Payer, authenticator: &Authenticator, name: &str) -> String {
    let begun = payer.proven("223", &[], &[]);
    let user = begun.tag(61, 55);
    let made = authenticator.make(&begun.tag(61, 53));
    payer.done(
        "224",
        &[(20, name), (56, &made.client_data)],
        &[(55, &user), (57, &made.authenticator)],
    );
    user
}

/// An operation with a passkey in the place of the password.
fn by_passkey(payer: &mut Payer, code: &str, data: &[(u8, &str)], answer: &Answer) -> Seen {
    let signed = signed(answer);
    let data = [data, &[(56, &answer.client_data)]].concat();
    payer.ask(code, &data, &[(54, &answer.id), (57, &signed)])
}

fn signs_in(payer: &mut Payer, user: &str, answer: &Answer) -> Seen {
    let data = [(24, "web"), (20, "a test"), (56, &*answer.client_data)];
    let signed = signed(answer);
    let message = operation("222", &data).tags(
        62,
        &[
            (19, SECRET),
            (21, "192.0.2.1"),
            (54, &answer.id),
            (55, user),
            (57, &signed),
        ],
    );
    payer.line.ask(&message)
}

fn list(payer: &mut Payer) -> Vec<String> {
    payer.done("227", &[], &[]).tags(61, 58)
}

#[test]
fn a_passkey_signs_in_confirms_and_survives_a_kill() {
    let mut rig = started(rig_with(0, 0, &[("confirmed_for", "\"3s\"")]), &[]);
    let mut payer = Payer::with(&rig, 1_000);
    let mut authenticator = passkey(&rig, b"a passkey of a phone");
    // Nobody adds one without the password, or with one that is wrong, whatever counts.
    assert_eq!(payer.ask("223", &[], &[]).code(), "30");
    let wrong = payer.ask("223", &[], &[(17, "wrong password")]);
    assert_eq!(wrong.code(), "63");
    let user = add(&mut payer, &authenticator, "Chrome on Linux");
    assert_eq!(payer.done("210", &[], &[]).tag(61, 12), "1");
    let row = list(&mut payer).remove(0);
    assert!(row.ends_with(",1,Chrome on Linux"), "{row}");
    // Neither the identification number nor the wallet's can be read in what the authenticator knows.
    let known = decode(&user);
    let wallet = u64::from_str_radix(&payer.session[..16], 16).expect("a wallet");
    for number in [wallet.to_be_bytes(), wallet.to_le_bytes()] {
        assert!(!known.windows(8).any(|bytes| bytes == number));
    }
    assert!(
        !known
            .windows(15)
            .any(|bytes| bytes == payer.client.as_bytes())
    );

    // In the place of the password, for each operation that asks for it.
    payer.done("160", &[], &[]);
    let answer = authenticator.sign(&challenge(&mut payer));
    let unfrozen = by_passkey(&mut payer, "161", &[], &answer);
    assert_eq!(unfrozen.code(), "00", "{}", unfrozen.reason());
    // And for a while it counts.
    payer.done("121", &[(24, "card")], &[(7, GOOD_CARD)]);
    wait_for("the end of its time", || {
        payer.done("210", &[], &[]).tags(61, 45).is_empty()
    });
    assert_eq!(payer.ask("111", &[], &[]).code(), "30");
    let answer = authenticator.sign(&challenge(&mut payer));
    let shown = by_passkey(&mut payer, "111", &[], &answer);
    assert_eq!((shown.code(), shown.has(62)), ("00".into(), true));

    // Nobody is known, and the passkey says who it is; also after a kill.
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    payer.line = crate::rig::leased::Line::signed_on(&rig);
    let answer = authenticator.sign(&challenge_to_sign_in(&mut payer));
    let opened = signs_in(&mut payer, &user, &answer);
    assert_eq!(opened.code(), "00", "{}", opened.reason());
    let before = std::mem::replace(&mut payer.session, handle(&opened, SECRET));
    assert_eq!(payer.session[..16], before[..16]);
    assert_eq!(payer.balance(), (1_000, 1_000));
    // Its counter begins to count, and does not fall.
    authenticator.flags &= !(MAY_BE_SYNCED | IS_SYNCED);
    for (counter, code) in [(7, "00"), (7, "63"), (6, "63"), (0, "63"), (8, "00")] {
        authenticator.counter = counter;
        let answer = authenticator.sign(&challenge(&mut payer));
        let shown = by_passkey(&mut payer, "111", &[], &answer);
        assert_eq!(shown.code(), code, "{counter}: {}", shown.reason());
        assert_eq!(shown.reason().contains("there is a copy"), code != "00");
    }

    // Another password, and all sessions ended: the passkey stays, and opens the wallet.
    authenticator.counter = 9;
    let answer = authenticator.sign(&challenge(&mut payer));
    let signed = signed(&answer);
    let secrets = [(54, &*answer.id), (57, &*signed), (18, "another horse")];
    payer.done("205", &[(56, &answer.client_data)], &secrets);
    payer.done("203", &[], &[]);
    authenticator.counter = 10;
    let answer = authenticator.sign(&challenge_to_sign_in(&mut payer));
    let opened = signs_in(&mut payer, &user, &answer);
    payer.session = handle(&opened, SECRET);

    // Renamed, and removed: then it is none any more.
    let number = list(&mut payer)[0]
        .split(',')
        .next()
        .unwrap_or_default()
        .to_owned();
    payer.done("225", &[(22, &number), (20, "Work phone")], &[]);
    assert!(list(&mut payer)[0].ends_with(",0,Work phone"));
    payer.done("226", &[(22, &number)], &[(17, "another horse")]);
    assert!(list(&mut payer).is_empty());
    authenticator.counter = 11;
    let answer = authenticator.sign(&challenge_to_sign_in(&mut payer));
    assert_eq!(signs_in(&mut payer, &user, &answer).code(), "63");
}

#[test]
fn an_answer_counts_once_for_its_own_wallet_and_whole() {
    let rig = started(rig_with(0, 0, &[("confirmed_for", "\"3s\"")]), &[]);
    let mut payer = Payer::with(&rig, 1_000);
    let mut other = Payer::registers(&rig);
    let authenticator = passkey(&rig, b"one");
    let others = passkey(&rig, b"another");
    let user = add(&mut payer, &authenticator, "One");
    let user_of_other = add(&mut other, &others, "Another");
    assert_ne!(user, user_of_other);
    wait_for("the end of the password's time", || {
        payer.done("210", &[], &[]).tags(61, 45).is_empty()
    });

    // As it was, and as it must not be.
    let answer = authenticator.sign(&challenge(&mut payer));
    let changed = |change: fn(&mut Answer)| {
        let mut answer = answer.clone();
        change(&mut answer);
        answer
    };
    let flip = |text: &mut String, at: usize| {
        let mut bytes = decode(text);
        bytes[at] ^= 1;
        *text = encode(&bytes);
    };
    let mut flipped = answer.clone();
    flip(&mut flipped.signature, 9);
    let mut raised = answer.clone();
    flip(&mut raised.authenticator, 36);
    let challenge_of_other = challenge(&mut other);
    for (why, wrong) in [
        ("another origin", {
            let mut fake = passkey(&rig, b"one");
            fake.origin = "https://wa11et.example".into();
            fake.sign(&challenge(&mut payer))
        }),
        ("another passkey under this one's id", {
            let fake = passkey(&rig, b"one");
            fake.sign(&challenge(&mut payer))
        }),
        (
            "another wallet's passkey",
            others.sign(&challenge(&mut payer)),
        ),
        (
            "another session's challenge",
            authenticator.sign(&challenge_of_other),
        ),
        ("a challenge to sign in", {
            let open = challenge_to_sign_in(&mut payer);
            authenticator.sign(&open)
        }),
        ("no challenge", authenticator.sign("AAAA")),
        ("a flipped bit in the signature", flipped),
        ("another counter", raised),
        ("no signature", changed(|answer| answer.signature.clear())),
        (
            "half a signature",
            changed(|answer| answer.signature.truncate(40)),
        ),
        (
            "half of the client data",
            changed(|answer| answer.client_data.truncate(40)),
        ),
        (
            "half of the authenticator data",
            changed(|answer| answer.authenticator.truncate(20)),
        ),
    ] {
        let refused = by_passkey(&mut payer, "111", &[], &wrong);
        let is_refusal = ["63", "30"].contains(&refused.code().as_str());
        assert!(is_refusal && !refused.has(62), "{why}: {}", refused.code());
        // Nor has it opened the minutes in which none is asked.
        assert_eq!(payer.ask("111", &[], &[]).code(), "30", "{why}");
    }
    let shown = by_passkey(&mut payer, "111", &[], &answer);
    assert_eq!(shown.code(), "00", "{}", shown.reason());
    let again = by_passkey(&mut payer, "111", &[], &answer);
    assert_eq!(again.code(), "63");
    assert!(again.reason().contains("used"), "{}", again.reason());

    // The same request, sent again over the line, is answered alike.
    let answer = authenticator.sign(&challenge(&mut payer));
    let data = [(56, &*answer.client_data)];
    let signed = signed(&answer);
    let message = payer.message("111", &data, &[(54, &answer.id), (57, &signed)]);
    for _ in 0..2 {
        assert_eq!(payer.line.ask(&message).code(), "00");
    }

    // To sign in: with what another wallet is known by, or nobody.
    let invented = encode(&[7; 40]);
    for wrong in [&user_of_other, &invented, &String::new()] {
        let answer = authenticator.sign(&challenge_to_sign_in(&mut payer));
        let refused = signs_in(&mut payer, wrong, &answer);
        assert!(["63", "30"].contains(&refused.code().as_str()), "{wrong}");
        assert!(refused.tags(61, 1).is_empty());
    }
    let answer = authenticator.sign(&challenge_to_sign_in(&mut payer));
    assert_eq!(signs_in(&mut payer, &user, &answer).code(), "00");
    let message_again = signs_in(&mut payer, &user, &answer);
    assert_eq!(
        message_again.code(),
        "63",
        "the same answer opened two sessions"
    );

    // What was made counts for its session, too, and once.
    let begun = payer.proven("223", &[], &[]);
    let third = passkey(&rig, b"third");
    let made = third.make(&begun.tag(61, 53));
    let data = [(20, "Third"), (56, &*made.client_data)];
    let of = |user: &str| vec![(55, user.to_owned()), (57, made.authenticator.clone())];
    let ask = |payer: &mut Payer, user: &str| {
        let secrets = of(user);
        let secrets: Vec<_> = secrets.iter().map(|(tag, text)| (*tag, &**text)).collect();
        payer.ask("224", &data, &secrets)
    };
    assert_eq!(ask(&mut other, &user_of_other).code(), "63");
    assert_eq!(ask(&mut payer, &user_of_other).code(), "63");
    assert_eq!(ask(&mut payer, &user).code(), "00");
    assert_eq!(ask(&mut payer, &user).code(), "63");
    assert_eq!(list(&mut payer).len(), 2);
}

/// Wrong passwords slow nobody's passkey down: who knows an identification number can't keep its payer out.
#[test]
fn a_passkey_opens_a_wallet_whose_password_is_being_guessed() {
    let rig = started(rig_with(0, 0, &[]), &[]);
    let mut payer = Payer::registers(&rig);
    let authenticator = passkey(&rig, b"one");
    let user = add(&mut payer, &authenticator, "One");
    let client = payer.client.clone();
    let guess = |payer: &mut Payer, guess: usize| {
        let password = format!("wrong password {guess}");
        let message = crate::rig::payer::opens("201", &client, &password, SECRET);
        payer.line.ask(&message).code()
    };
    let mut guesses = 0;
    while guess(&mut payer, guesses) != "65" {
        guesses += 1;
        assert!(guesses < 40, "nothing slows guesses down");
    }
    let right = crate::rig::payer::opens("201", &client, PASSWORD, SECRET);
    assert_eq!(payer.line.ask(&right).code(), "65");
    let answer = authenticator.sign(&challenge_to_sign_in(&mut payer));
    assert_eq!(signs_in(&mut payer, &user, &answer).code(), "00");
}

#[test]
fn without_an_origin_there_are_no_passkeys() {
    let rig = Rig::with(0, 0, &[("\norigin = ", "\n#origin = ")]);
    let rig = started(rig, &[]);
    let mut payer = Payer::registers(&rig);
    let refused = payer.line.ask(&operation("221", &[]));
    assert_eq!(refused.code(), "12");
    assert_eq!(payer.ask("227", &[], &[]).code(), "12");
    assert!(payer.done("210", &[], &[]).tags(61, 12).is_empty());
}
