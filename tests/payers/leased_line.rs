//! A payer's whole life over the wallet server's leased line, against the real switch and the real financial system.

use std::time::Duration;

use crate::rig::leased::{Line, operation};
use crate::rig::payer::{
    DECLINED_CARD, GOOD_ACCOUNT, GOOD_CARD, PASSWORD, Payer, SILENT_CARD, handle, opens, with_card,
};
use crate::rig::totals::settles_with_the_host;
use crate::rig::wire::{
    ACQUIRER, MALL, PLAIN, Seen, Wire, order_purchase, purchase, refund, reversal, rig_with,
};
use crate::rig::{Rig, wait_for};
use tessera_protocol::ClientNumber;

#[test]
fn a_payers_wallet_from_registration_to_its_end() {
    let rig = started(&[], &[]);
    let mut payer = Payer::with(&rig, 50_000);
    assert_eq!(payer.balance(), (50_000, 50_000));

    let overview = payer.done("210", &[], &[]);
    assert_eq!(overview.tag(61, 30), "open");
    let shown = overview.tag(61, 32);
    assert!(
        !overview.tag(61, 35).contains(GOOD_CARD),
        "a source in full"
    );
    let card = payer.card();
    assert_eq!(shown, format!("{},{}", &card.0[12..], card.1));
    let hidden = payer.ask("111", &[], &[(17, "wrong password")]);
    assert_eq!((hidden.code(), hidden.has(62)), ("63".into(), false));

    // At an acquirer's shop, and some of it back.
    let mut shop = Wire::signed_on(&rig, &ACQUIRER);
    let bought = with_card(purchase(&ACQUIRER, 1_999), &card);
    assert_eq!(shop.ask(&bought).code(), "00");
    let answer = shop.ask(&refund(&bought, 500));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    assert_eq!(answer.text(38).len(), 6);
    assert_eq!(payer.balance(), (48_501, 48_501));
    assert_eq!(shop.ask(&refund(&bought, 1_500)).code(), "13");

    // At an affiliated mall: agreed to, paid, refunded, and the refund taken back.
    let mut mall = Wire::signed_on(&rig, &MALL);
    let order = [(2, "1000"), (4, "MALL-0001"), (5, "TC-1"), (6, "a teapot")];
    payer.done("130", &order, &[]);
    let paid = order_purchase(&MALL, "TC-1", 1_000);
    assert_eq!(mall.ask(&paid).code(), "00");
    let state = payer.done("132", &[(4, "MALL-0001"), (5, "TC-1")], &[]);
    assert_eq!(state.tag(61, 30), "paid");
    let given_back = refund(&paid, 1_000);
    assert_eq!(mall.ask(&given_back).code(), "00");
    assert_eq!(payer.balance(), (48_501, 48_501));
    assert_eq!(mall.ask(&reversal("0420", &given_back)).code(), "00");
    assert_eq!(payer.balance(), (47_501, 47_501));

    // Frozen, and limited.
    payer.done("160", &[], &[]);
    let frozen = with_card(purchase(&ACQUIRER, 10), &card);
    assert_eq!(shop.ask(&frozen).code(), "62");
    payer.proven("161", &[], &[]);
    payer.proven("162", &[(29, "100,0,0,0,0")], &[]);
    let above = with_card(purchase(&ACQUIRER, 101), &card);
    assert_eq!(shop.ask(&above).code(), "61");
    payer.proven("162", &[(29, "0,0,0,0,0")], &[]);

    // A number for one purchase, and another card.
    let further = payer.proven("113", &[(24, "once"), (2, "700")], &[]);
    let once = (further.tag(62, 8), further.tag(62, 9));
    assert_ne!(once.0, card.0);
    let first = with_card(purchase(&ACQUIRER, 700), &once);
    assert_eq!(shop.ask(&first).code(), "00");
    let second = with_card(purchase(&ACQUIRER, 1), &once);
    assert_eq!(shop.ask(&second).code(), "57");
    payer.proven("112", &[], &[]);
    let old = with_card(purchase(&ACQUIRER, 10), &card);
    assert_eq!(shop.ask(&old).code(), "14");
    let new = payer.card();
    let with_new = with_card(purchase(&ACQUIRER, 10), &new);
    assert_eq!(shop.ask(&with_new).code(), "00");
    // What was bought with the old number can still be given back to it.
    assert_eq!(shop.ask(&refund(&bought, 100)).code(), "00");
    assert_eq!(payer.balance(), (46_891, 46_891));

    let history = payer.history();
    for kind in ["approved", "refund_requested", "card_issued"] {
        let has = history
            .iter()
            .any(|row| row.split(',').nth(1) == Some(kind));
        assert!(has, "{kind} in {history:?}");
    }
    let sources = payer.done("210", &[], &[]).tag(61, 35);
    let source = sources.split(',').nth(2).expect("a source");
    let load = history.iter().find(|row| row.contains(",load_requested,"));
    let load = load.expect("the load");
    assert!(load.ends_with(&format!(",{source}")), "{load}: {source}");
    assert!(!history.concat().contains(&new.0), "a card number");

    // The end: the money goes back, and the number opens nothing any more.
    let account = payer.source(GOOD_ACCOUNT, "account");
    payer.proven("180", &[(22, &account)], &[]);
    assert_eq!(payer.ask("140", &[], &[]).code(), "63");
    let gone = payer.line.ask(&opens(
        "201",
        &payer.client.clone(),
        PASSWORD,
        &"77".repeat(24),
    ));
    assert_eq!(gone.code(), "63");
    let dead = with_card(purchase(&ACQUIRER, 10), &new);
    assert_eq!(shop.ask(&dead).code(), "14");
    settles_with_the_host(rig);
}

#[test]
fn a_repeated_operation_gets_the_same_answer_and_other_data_is_refused() {
    let rig = started(&[], &[]);
    let mut payer = Payer::with(&rig, 1_000);
    let secrets = [(17, PASSWORD), (7, GOOD_ACCOUNT)];
    let stores = payer.message("121", &[(24, "account")], &secrets);
    let stored = payer.line.ask(&stores);
    let again = payer.line.ask(&stores);
    assert_eq!((stored.code(), again.code()), ("00".into(), "00".into()));
    assert_eq!(stored.tag(61, 22), again.tag(61, 22));

    // What it says counts, in whatever order it says it.
    let source = stored.tag(61, 22);
    let secrets = [(15, payer.session.as_str()), (17, PASSWORD)];
    let sets = payer.message("123", &[], &[(17, PASSWORD)]);
    let says = |data: &[(u8, &str)]| sets.clone().tags(60, data).tags(62, &secrets);
    for (data, code) in [
        ([(22, source.as_str()), (25, "600"), (2, "5000")], "00"),
        ([(2, "5000"), (25, "600"), (22, source.as_str())], "00"),
        ([(22, source.as_str()), (25, "700"), (2, "5000")], "94"),
    ] {
        assert_eq!(payer.line.ask(&says(&data)).code(), code, "{data:?}");
    }
    let reload = payer.done("210", &[], &[]).tag(61, 36);
    assert_eq!(reload, format!("{source},600,5000"));
}

#[test]
fn loads_that_are_declined_or_never_answered_bring_nothing() {
    let rig = started(
        &[("answer_within", "\"4s\""), ("order_wait", "\"2s\"")],
        &[],
    );
    let mut payer = Payer::with(&rig, 1_000);
    for (source, code) in [(DECLINED_CARD, "05"), (SILENT_CARD, "91")] {
        let source = payer.source(source, "card");
        let answer = payer.ask("120", &[(22, &source), (2, "500")], &[(17, PASSWORD)]);
        assert_eq!(answer.code(), code, "{}", answer.reason());
    }
    assert_eq!(payer.balance(), (1_000, 1_000));
    settles_with_the_host(rig);
}

#[test]
fn a_wallet_that_reloads_by_itself_does_so_once() {
    let rig = started(&[], &[]);
    let mut payer = Payer::with(&rig, 1_000);
    let source = payer.done("210", &[], &[]).tag(61, 35);
    let source = source.split(',').next().expect("a number").to_owned();
    let reload = [(22, source.as_str()), (25, "600"), (2, "5000")];
    payer.proven("123", &reload, &[]);
    let card = payer.card();
    let mut shop = Wire::signed_on(&rig, &PLAIN);
    for amount in [300, 300] {
        let bought = with_card(purchase(&PLAIN, amount), &card);
        assert_eq!(shop.ask(&bought).code(), "00");
    }
    wait_for("the reload", || payer.balance() == (5_400, 5_400));
    settles_with_the_host(rig);
}

#[test]
fn who_guesses_is_slowed_down_whether_the_number_exists_or_not() {
    let rig = started(&[], &[]);
    let payer = Payer::registers(&rig);
    let nobody = ClientNumber::from_random(99_999_999_999);
    let nobody = String::from_utf8(nobody.expose().to_vec()).expect("digits");
    let mut line = Line::signed_on(&rig);
    let mut received = Vec::new();
    let right = opens("201", &payer.client, PASSWORD, &"22".repeat(24));
    for client in [&payer.client, &nobody] {
        let mut answers = Vec::new();
        for _ in 0..5 {
            let answer = line.ask(&opens("201", client, "not the password", &"11".repeat(24)));
            answers.push((answer.code(), answer.reason()));
        }
        received.push(answers);
        if client == &payer.client {
            // Also with the right one, until the time has come.
            let answer = line.ask(&right);
            assert_eq!(answer.code(), "65");
            assert!(!answer.tag(61, 23).is_empty());
        }
    }
    assert_eq!(received[0], received[1]);
    let codes: Vec<&str> = received[0].iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["63", "63", "63", "65", "65"]);
    wait_for("the delay to be over", || {
        let again = opens("201", &payer.client, PASSWORD, &"22".repeat(24));
        line.ask(&again).code() == "00"
    });
}

#[test]
fn a_lost_password_is_replaced_once_by_the_recovery_code() {
    const CODE: &str = "k7mqe-vh2sd-p+x4a-nc9rt-6zu8w";
    let mut rig = started(&[], &[]);
    let mut payer = Payer::with(&rig, 1_000);
    let flag = |payer: &mut Payer| payer.done("210", &[], &[]).tag(61, 43);
    assert_eq!(flag(&mut payer), "");
    let wrong = payer.ask("208", &[], &[(17, "not the password"), (18, CODE)]);
    assert_eq!(wrong.code(), "63");
    payer.proven("208", &[], &[(18, CODE)]);
    assert_eq!(flag(&mut payer), "1");
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut line = Line::signed_on(&rig);
    let recovers = |code: &str, new: &str, secret: &str| {
        operation("207", &[(24, "web"), (20, "a test")]).tags(
            62,
            &[(16, &payer.client), (17, code), (18, new), (19, secret)],
        )
    };
    let (new, secret) = ("another password", "77".repeat(24));
    let guess = line.ask(&recovers("k7mqe-vh2sd-p+x4a-nc9rt-aaaaa", new, &secret));
    assert_eq!(guess.code(), "63");
    // The password is no recovery code, and the code is no password.
    assert_eq!(line.ask(&recovers(PASSWORD, new, &secret)).code(), "63");
    assert_eq!(
        line.ask(&opens("201", &payer.client, CODE, &secret)).code(),
        "63"
    );
    wait_for("the delay of wrong ones to be over", || {
        line.ask(&recovers(CODE, new, &secret)).code() == "00"
    });
    let again = line.ask(&recovers(CODE, "yet another one", &"78".repeat(24)));
    assert_ne!(again.code(), "00", "a code works once");
    // All sessions before it have ended, and the new password opens the wallet.
    payer.line = line;
    assert_eq!(payer.ask("140", &[], &[]).code(), "63");
    let mut line = Line::signed_on(&rig);
    wait_for("the delay of wrong ones to be over", || {
        let opened = line.ask(&opens("201", &payer.client, new, &"79".repeat(24)));
        opened.code() == "00"
    });
    payer.session = handle(
        &line.ask(&opens("201", &payer.client, new, &"80".repeat(24))),
        &"80".repeat(24),
    );
    assert_eq!(flag(&mut payer), "");
    assert_eq!(payer.balance(), (1_000, 1_000));
    let log = rig.log("switch");
    assert!(!log.contains(CODE) && !log.contains(new));
    settles_with_the_host(rig);
}

#[test]
fn a_transaction_that_the_payer_does_not_recognise_freezes_the_wallet_and_is_shown_to_the_operator()
{
    let rig = started(&[], &[]);
    let mut payer = Payer::with(&rig, 5_000);
    let card = payer.card();
    let mut shop = Wire::signed_on(&rig, &ACQUIRER);
    let place = "LANTERN STORE            SEOUL        KR";
    let bought = with_card(purchase(&ACQUIRER, 1_999), &card).text(43, place);
    assert_eq!(shop.ask(&bought).code(), "00");
    let answer = payer.done("150", &[], &[]);
    assert_eq!(answer.tag(61, 11), "3001");
    let requests = answer.tags(61, 42);
    let [request] = &requests[..] else {
        panic!("one request of a party: {requests:?}");
    };
    let [purpose, _, shown, reason] = request.splitn(4, ',').collect::<Vec<_>>()[..] else {
        panic!("four parts: {request}");
    };
    assert_eq!((purpose, shown, reason), ("payment", place, ""));
    let history = payer.history();
    let held = history.iter().find(|row| row.contains(",held,"));
    let reference = held
        .and_then(|row| row.split(',').nth(2))
        .expect("a reference");
    assert_eq!(payer.ask("160", &[(41, "not one")], &[]).code(), "30");
    payer.done("160", &[(41, reference)], &[]);
    let again = with_card(purchase(&ACQUIRER, 10), &card);
    assert_eq!(shop.ask(&again).code(), "62");
    wait_for("the operator to be warned", || {
        rig.log("switch")
            .contains("does not recognise a transaction")
    });
    assert!(rig.log("switch").contains(reference));
    let explained = rig.run(&[
        "explain",
        "--config",
        "switch.toml",
        "--reference",
        reference,
    ]);
    let explained = String::from_utf8_lossy(&explained.stdout);
    assert!(
        explained.contains("the payer does not recognise it"),
        "{explained}"
    );
    settles_with_the_host(rig);
}

#[test]
fn sessions_and_cards_survive_a_kill_and_a_rotation_of_the_keys() {
    let mut rig = started(&[], &[]);
    let mut payer = Payer::with(&rig, 1_000);
    let card = payer.card();
    rig.kill_switch();
    rig.run(&["keys", "rotate", "--config", "switch.toml"]);
    rig.start_switch();
    rig.wait_until_ready();
    payer.line = Line::signed_on(&rig);
    assert_eq!(payer.balance(), (1_000, 1_000));
    assert_eq!(payer.card(), card);
    // The source opens, whichever data key its wallet's key is under.
    let source = payer.done("210", &[], &[]).tag(61, 35);
    let source = source.split(',').next().expect("a number").to_owned();
    payer.proven("120", &[(22, &source), (2, "500")], &[]);
    rig.stop_switch();
    rig.start_switch();
    rig.wait_until_ready();
    payer.line = Line::signed_on(&rig);
    payer.proven("120", &[(22, &source), (2, "500")], &[]);
    assert_eq!(payer.balance(), (2_000, 2_000));
    assert!(
        !rig.log("switch").contains(&card.0),
        "a card number in the log"
    );
    settles_with_the_host(rig);
}

#[test]
fn watchers_of_a_wallet_get_its_events() {
    let rig = started(&[], &[]);
    let mut payer = Payer::with(&rig, 1_000);
    let card = payer.card();
    payer.done("190", &[], &[]);
    let mut shop = Wire::signed_on(&rig, &PLAIN);
    let bought = with_card(purchase(&PLAIN, 300), &card);
    assert_eq!(shop.ask(&bought).code(), "00");
    let mut available = Vec::new();
    while available.last().is_none_or(|last| last != "700") || available.len() < 2 {
        let news = payer.line.next().expect("news");
        assert_eq!(news.mti, "0620");
        available.push(news.tag(60, 11));
    }
    let wallet = payer.session[..16].to_owned();
    let wallet = u64::from_str_radix(&wallet, 16).expect("hex").to_string();
    assert_eq!(
        payer.line.ask(&operation("191", &[(1, &wallet)])).code(),
        "00"
    );
    let bought = with_card(purchase(&PLAIN, 300), &card);
    assert_eq!(shop.ask(&bought).code(), "00");
    assert_eq!(payer.balance(), (400, 400), "the next answer, and no news");
}

fn started(changes: &[(&str, &str)], host: &[&str]) -> Rig {
    crate::rig::wire::started(rig_with(0, 0, changes), host)
}

#[test]
fn an_order_is_kept_from_nobody_by_who_may_not_agree_to_it() {
    let rig = started(&[], &[]);
    let mut poor = Payer::with(&rig, 100);
    let mut payer = Payer::with(&rig, 10_000);
    let data = [
        (2, "5000"),
        (3, "840"),
        (4, MALL.acceptor),
        (5, "A-1"),
        (6, "2 x tea"),
    ];
    // Somebody without a session: its last digit is another.
    let mut made_up = poor.session.clone();
    let last = made_up.pop().expect("digits");
    made_up.push(if last == '0' { '1' } else { '0' });
    let message = operation("130", &data).tags(62, &[(15, &made_up)]);
    assert_eq!(poor.line.ask(&message).code(), "63");
    // And somebody who has not got the money.
    assert_eq!(poor.ask("130", &data, &[]).code(), "51");
    let agreed = payer.ask("130", &data, &[]);
    assert_eq!(agreed.code(), "00", "{}", agreed.reason());
    assert_eq!(poor.ask("130", &data, &[]).code(), "94");
}

/// Until its time is over, the session ends or the password is changed; and for nobody but the browser that has it.
#[test]
fn a_right_password_counts_for_its_session_for_a_while() {
    let time = Duration::from_secs(4);
    let rig = started(&[("confirmed_for", "\"4s\"")], &[]);
    let mut payer = Payer::registers(&rig);
    let wanted = |answer: &Seen| answer.code() == "30" && answer.reason().contains("tag 17");

    // It opened the session.
    let left = |payer: &mut Payer| payer.done("210", &[], &[]).tags(61, 45);
    assert!(matches!(
        left(&mut payer)[0].as_str(),
        "1" | "2" | "3" | "4"
    ));
    let added = payer.done("121", &[(24, "card")], &[(7, GOOD_CARD)]);
    let source = added.tag(61, 22);
    let reload = [(22, source.as_str()), (25, "0"), (2, "100")];
    std::thread::sleep(time);
    assert!(left(&mut payer).is_empty());
    assert!(wanted(&payer.ask("123", &reload, &[])));
    assert_eq!(
        payer.ask("123", &reload, &[(17, "wrong password")]).code(),
        "63"
    );
    assert!(
        wanted(&payer.ask("123", &reload, &[])),
        "a wrong one counts for nothing"
    );

    payer.proven("123", &reload, &[]);
    payer.done("123", &[], &[]);
    // A wrong one is wrong, whatever counts.
    assert_eq!(
        payer.ask("123", &reload, &[(17, "wrong password")]).code(),
        "63"
    );
    // The password itself is changed only by who knows it.
    assert!(wanted(&payer.ask("205", &[], &[(18, "another horse")])));
    // So is what protects the payer, or ends the wallet.
    payer.done("160", &[], &[]);
    for (operation, data, secrets) in [
        ("161", &[][..], &[][..]),
        ("172", &[], &[]),
        ("180", &[(22, source.as_str())], &[]),
        ("208", &[], &[(18, "k7mqe-vh2sd-p+x4a-nc9rt-6zu8w")]),
    ] {
        assert!(wanted(&payer.ask(operation, data, secrets)), "{operation}");
    }
    payer.proven("161", &[], &[]);
    let changed = [(17, PASSWORD), (18, "another horse")];
    payer.done("205", &[], &changed);
    payer.done("123", &[], &[]);

    // Another session has its own.
    let opened = |payer: &mut Payer, kind: &str, secret: &str| {
        let message = operation("201", &[(24, kind), (20, "another")]).tags(
            62,
            &[(16, &payer.client), (17, "another horse"), (19, secret)],
        );
        let answer = payer.line.ask(&message);
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        handle(&answer, secret)
    };
    let first = payer.session.clone();
    payer.session = opened(&mut payer, "web", &"6b".repeat(24));
    payer.done("123", &[], &[]);
    let second = std::mem::replace(&mut payer.session, first);
    assert!(
        wanted(&payer.ask("123", &reload, &[])),
        "of the other session"
    );
    payer.session = opened(&mut payer, "extension", &"7c".repeat(24));
    assert!(wanted(&payer.ask("123", &reload, &[])), "of a browser only");
    payer.session = second;
    payer.done("202", &[], &[]);
    assert_eq!(payer.ask("123", &reload, &[]).code(), "63");
}
