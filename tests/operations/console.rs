//! The operators' console before the real switch.

use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::operator::{Operator, sign_in};
use crate::rig::services::Console;
use crate::rig::totals::settles;
use crate::rig::wire::{
    ACQUIRER, Hand, Wire, card_number, card_purchase, network, reversal, rig_with, started,
};
use crate::rig::{Rig, Running, free_port, wait_for};

fn code(wire: &mut Wire, message: &Hand) -> String {
    wire.ask(message).code()
}

/// A switch whose financial system refuses advices, with one dead letter and without a channel for notifications.
fn rig_with_a_dead_letter() -> (Rig, Wire) {
    let impatient = [
        ("repeat_min", "\"5ms\""),
        ("repeat_max", "\"10ms\""),
        ("refusals_max", "1"),
    ];
    let deaf = ["data=ledger", "rules.refuse_advices=\"96\""];
    let rig = started(rig_with(10, 10_000, &impatient), &deaf);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 1, 3_000);
    assert_eq!(code(&mut wire, &bought), "00");
    assert_eq!(code(&mut wire, &reversal("0420", &bought)), "00");
    wait_for("the advice to be given up", || {
        rig.sum("tessera_store_and_forward_dead") == 1.0
    });
    (rig, wire)
}

/// The decisions of the console that the command shows, of all wallets or of one. The switch makes some by itself.
fn decisions(rig: &Rig, of: &[&str]) -> Vec<(String, String)> {
    let show = [
        &["control", "--config", "switch.toml", "--json", "show"],
        of,
    ]
    .concat();
    let shown = rig.run(&show).stdout;
    let shown: Value = serde_json::from_slice(&shown).expect("JSON");
    let facts = shown["decisions"].as_array().expect("a list").iter();
    let text = |fact: &Value, key: &str| fact[key].as_str().expect("a text").to_owned();
    facts
        .map(|fact| (text(fact, "by"), text(fact, "reason")))
        .filter(|(by, _)| by.ends_with(" at the console"))
        .collect()
}

/// Roles from the weakest to the strongest, and what each of them may do that the ones before may not.
const ROLES: [&str; 4] = ["read", "support", "settle", "admin"];
const ACTIONS: &[(&str, &[(&str, &str)])] = &[
    (
        "support",
        &[
            ("action", "block"),
            ("kind", "merchant"),
            ("value", "SHOP-99"),
        ],
    ),
    (
        "support",
        &[
            ("action", "unblock"),
            ("kind", "merchant"),
            ("value", "SHOP-99"),
        ],
    ),
    ("support", &[("action", "retry-notification")]),
    ("settle", &[("action", "begin-day")]),
    ("settle", &[("action", "retry-advice"), ("id", "1.1")]),
    ("settle", &[("action", "drop-advice"), ("id", "1.1")]),
    ("settle", &[("action", "drop-notification")]),
    (
        "admin",
        &[
            ("action", "control"),
            ("kind", "wallet"),
            ("value", "1"),
            ("countries", "840"),
        ],
    ),
    (
        "admin",
        &[
            ("action", "add-account"),
            ("name", "eve"),
            ("role", "admin"),
        ],
    ),
    (
        "admin",
        &[
            ("action", "replace-token"),
            ("name", "of-read"),
            ("role", "admin"),
        ],
    ),
    (
        "admin",
        &[("action", "remove-account"), ("name", "of-read")],
    ),
    ("admin", &[("action", "end-session"), ("id", "1")]),
];

#[test]
fn each_role_may_do_exactly_what_it_may_and_what_it_decides_is_journaled() {
    let (rig, mut wire) = rig_with_a_dead_letter();
    let console = rig.start_console(&[]);
    let operators = ROLES.map(|role| {
        let name = format!("of-{role}");
        let token = rig.operator(&name, role);
        Operator::signed_in(&console, &name, &token)
    });
    let rank = |role: &str| {
        ROLES
            .iter()
            .position(|known| *known == role)
            .expect("a role")
    };
    for (needed, action) in ACTIONS {
        for (operator, role) in operators.iter().zip(ROLES) {
            let fields = [*action, &[("reason", "a trial")]].concat();
            let reviewed = operator.post("/review", &fields);
            let expected = if rank(role) >= rank(needed) { 200 } else { 403 };
            assert_eq!(reviewed.status, expected, "{role}: {action:?}");
            // Without a reason nobody may.
            let silent = operator.post("/review", action);
            assert_eq!(
                silent.status,
                if expected == 200 { 422 } else { 403 },
                "{role}: {action:?}"
            );
        }
    }
    for (operator, role) in operators.iter().zip(ROLES) {
        for page in [
            "/",
            "/transactions",
            "/parties",
            "/controls",
            "/advices",
            "/notifications",
            "/settlement",
            "/decisions",
            "/help",
        ] {
            assert_eq!(operator.get(page).status, 200, "{role}: {page}");
        }
        let accounts = operator.get("/accounts").status;
        assert_eq!(accounts, if role == "admin" { 200 } else { 403 }, "{role}");
    }
    // What was only reviewed is not done.
    assert!(decisions(&rig, &[]).is_empty());
    let [_, support, settle, admin] = &operators;
    let (second, third) = (card_number(2), card_number(3));

    let merchant = [
        ("action", "block"),
        ("kind", "merchant"),
        ("value", "SHOP-99"),
    ];
    let page = support.decides(&merchant, "fraud, case 4711");
    assert!(
        page.contains("done, and journaled") && page.contains("merchant SHOP-99"),
        "{page}"
    );
    let blocked = [("action", "block"), ("kind", "card"), ("value", &*second)];
    let page = support.decides(&blocked, "stolen");
    assert!(!page.contains(&second), "{page}");
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 2, 100)), "62");
    let controlled = [
        ("action", "control"),
        ("kind", "card"),
        ("value", &*third),
        ("countries", "978"),
    ];
    admin.decides(&controlled, "asked for by the payer");
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 3, 100)), "57");
    settle.decides(&[("action", "begin-day")], "month end");
    let list = settle.get("/advices");
    let id = list.between("href=\"/advices/", "\"").to_owned();
    let message = settle.get(&format!("/advices/{id}"));
    assert!(
        message.text.contains("0421") && !message.text.contains(&card_number(1)),
        "{}",
        message.text
    );
    settle.decides(&[("action", "drop-advice"), ("id", &id)], "posted by hand");
    assert_eq!(rig.sum("tessera_store_and_forward_dead"), 0.0);

    let of_all = decisions(&rig, &[]);
    let whys: Vec<_> = of_all.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(whys, ["month end", "fraud, case 4711"]);
    assert!(
        of_all[0].0.ends_with(" for of-settle at the console"),
        "{of_all:?}"
    );
    assert!(
        of_all[1].0.ends_with(" for of-support at the console"),
        "{of_all:?}"
    );
    for (serial, by, why) in [
        (2, "of-support", "stolen"),
        (3, "of-admin", "asked for by the payer"),
        (1, "of-settle", "posted by hand"),
    ] {
        let found = decisions(&rig, &["--card", &card_number(serial)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].0.contains(&format!("for {by} at the console")),
            "{found:?}"
        );
        assert_eq!(found[0].1, why);
    }
    let page = operators[0].get("/decisions").text;
    for why in [
        "month end",
        "fraud, case 4711",
        "stolen",
        "asked for by the payer",
        "posted by hand",
    ] {
        assert!(page.contains(why), "{why}: {page}");
    }
    does_to_accounts_and_sessions(&rig, &console, admin);
    let log = rig.log("console");
    assert!(
        log.contains("drop-advice") && log.contains("of-settle"),
        "{log}"
    );
    for serial in 1..=3 {
        assert!(!log.contains(&card_number(serial)), "{log}");
    }
    assert_eq!(console.running.stop(), Some(0));
    drop(wire);
    drop(rig);
}

/// What the page says of what operators did, from its newest row.
fn rows(operator: &Operator<'_>) -> Vec<String> {
    let page = operator.get("/decisions");
    page.between("<tbody>", "</tbody>")
        .split("</tr>")
        .map(str::to_owned)
        .collect()
}

/// All of it is journaled, the newest first on the page, and printed by the commands.
fn does_to_accounts_and_sessions(rig: &Rig, console: &Console, admin: &Operator<'_>) {
    let token_of = |page: &str| {
        let token = page.split("tessera_op_").nth(1).expect("a token");
        format!("tessera_op_{}", token.split('<').next().expect("a token"))
    };
    let account = |action: &'static str, role: Option<&'static str>| {
        let mut fields = vec![("action", action), ("name", "lee")];
        fields.extend(role.map(|role| ("role", role)));
        fields
    };
    let page = admin.decides(&account("add-account", Some("read")), "new here");
    assert!(page.contains("It is journaled."), "{page}");
    let lee = Operator::signed_in(console, "lee", &token_of(&page));
    let accounts = admin.get("/accounts").text;
    let session = accounts.split("Session ").last().expect("a session");
    let session = session.split(',').next().expect("a number").to_owned();
    admin.decides(
        &[("action", "end-session"), ("id", &session)],
        "a lost machine",
    );
    assert_eq!(lee.get("/").status, 303);
    admin.decides(
        &account("replace-token", Some("support")),
        "more to do for lee",
    );
    admin.decides(&account("remove-account", None), "lee has left");
    let command = ["console", "--config", "console.toml", "remove", "of-read"];
    rig.run(&[&command[..], &["--reason", "nobody uses it"]].concat());

    let expected = [
        ("remove the console account of-read", "nobody uses it"),
        ("remove the console account lee", "lee has left"),
        (
            "replace the token of the console account lee, with the role support",
            "more to do for lee",
        ),
        ("end a session of the console account lee", "a lost machine"),
        ("add the console account lee with the role read", "new here"),
    ];
    let rows = rows(admin);
    for (row, (what, why)) in rows.iter().zip(expected) {
        assert!(row.contains(what) && row.contains(why), "{what}: {row}");
    }
    assert!(
        rows[1].contains(" for of-admin at the console"),
        "{}",
        rows[1]
    );
    assert!(!rows[0].contains("at the console"), "{}", rows[0]);
    let span = ["--from", "2000-01-01", "--to", "2100-01-01"];
    let export = ["export", "--config", "switch.toml", "--format", "jsonl"];
    let exported = rig.run(&[&export[..], &span].concat()).stdout;
    let exported = String::from_utf8_lossy(&exported).into_owned();
    let shown = rig
        .run(&["control", "--config", "switch.toml", "show"])
        .stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    for (what, why) in expected {
        let found = |line: &str| line.contains(what) && line.contains(why);
        assert!(exported.lines().any(found), "{what}: {exported}");
        assert!(shown.contains(what) && shown.contains(why), "{shown}");
    }
    assert!(!exported.contains("tessera_op_"));
}

#[test]
fn what_is_done_to_accounts_while_the_switch_is_down_is_journaled_once_it_answers() {
    let mut rig = started(rig_with(1, 10_000, &[]), &[]);
    let console = rig.start_console(&[]);
    let token = rig.operator("ada", "admin");
    rig.operator("eve", "settle");
    let ada = Operator::signed_in(&console, "ada", &token);
    rig.kill_switch();
    let page = ada.decides(
        &[("action", "remove-account"), ("name", "eve")],
        "her token was stolen",
    );
    assert!(
        page.contains("The account eve is removed. It will be journaled when the switch answers."),
        "{page}"
    );
    // So is what the command does, which says so.
    let command = ["console", "--config", "console.toml", "add", "kim"];
    let more = ["--role", "read", "--reason", "in her place"];
    let added = rig.run(&[&command[..], &more].concat());
    let note = String::from_utf8_lossy(&added.stderr).into_owned();
    assert!(note.contains("not journaled yet"), "{note}");
    assert!(added.stdout.starts_with(b"tessera_op_"));
    rig.start_switch();
    rig.wait_until_ready();
    let reasons = ["in her place", "her token was stolen"];
    wait_for("both to be journaled", || {
        let rows = rows(&ada);
        rows.iter()
            .zip(reasons)
            .all(|(row, reason)| row.contains(reason))
    });
    // Each of them once, and both when they were done.
    let page = ada.get("/decisions").text;
    for reason in reasons {
        assert_eq!(page.matches(reason).count(), 1, "{page}");
    }
    assert!(rows(&ada)[1].contains(" for ada at the console"));
    let accounts = std::fs::read_to_string(rig.path("keys/console-accounts.toml"));
    assert!(!accounts.expect("the accounts").contains("unjournaled"));
    settles(rig, 10_000);
}

/// A switch whose acquirer has to come with TLS and a certificate of its own, and the address of its port with TLS.
fn rig_with_tls() -> (Rig, String) {
    let address = free_port().to_string();
    let table = format!(
        "[mall.tls]\nlisten = \"{address}\"\ncertificate = \"certs/switch.pem\"\nkey = \"certs/switch.key\"\n\
         client_authority = \"certs/ca.pem\""
    );
    let rig = Rig::with(10, 10_000, &[("#[mall.tls]", &table)]);
    let party = ["--party", "20000000001", "--name", "acquirer.example"];
    rig.run(&[&["certs", "certs"][..], &party].concat());
    (started(rig, &[]), address)
}

#[test]
fn each_connection_is_listed_with_its_address_state_and_certificate() {
    let (rig, sealed) = rig_with_tls();
    let console = rig.start_console(&[]);
    let token = rig.operator("ada", "read");
    let ada = Operator::signed_in(&console, "ada", &token);
    let rows = || -> Vec<String> {
        let page = ada.get("/parties").text;
        let (_, table) = page.split_once("id=\"open\"").expect("the connections");
        let (_, body) = table.split_once("<tbody>").unwrap_or_default();
        let (body, _) = body.split_once("</tbody>").unwrap_or_default();
        let rows = body.split("</tr>").filter(|row| row.contains("<td>"));
        rows.map(str::to_owned).collect()
    };
    assert!(
        ada.get("/parties")
            .text
            .contains("No mall and no acquirer is connected.")
    );
    let load = [
        &[
            "load",
            "--plain",
            "--party",
            "parties/development-acquirer-1.toml",
        ][..],
        &["--target", &sealed, "--tls-name", "localhost"],
        &[
            "--tls-authority",
            "certs/ca.pem",
            "--tls-certificate",
            "certs/party-20000000001.pem",
        ],
        &[
            "--tls-key",
            "certs/party-20000000001.key",
            "--certs",
            "certs",
        ],
        &[
            "--cards",
            "5",
            "--first-card",
            "6",
            "--connections",
            "1",
            "--rate",
            "20",
            "--duration",
            "1m",
        ],
    ];
    let loading = rig
        .logged_as("load", &load.concat())
        .stdout(Stdio::null())
        .spawn();
    let _loading = Running(loading.expect("tessera starts"));
    wait_for("the load to be listed", || {
        rows().iter().any(|row| row.contains("signed on"))
    });
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let silent = TcpStream::connect(rig.addresses.malls).expect("a connection");
    // Those without TLS: the wire, and behind it the one that nobody has signed on over.
    let plain = || -> Vec<String> {
        let rows = rows().into_iter();
        rows.filter(|row| row.contains(">no<")).collect()
    };
    wait_for("both to be listed", || plain().len() == 2);
    let sealed = rows().into_iter().find(|row| row.contains("CN="));
    let listed = [&plain()[..], &[sealed.expect("the load")]].concat();
    let party = "Development acquirer 1";
    for (row, words) in listed.iter().zip([
        [party, ">signed on<", "<td>0</td>"],
        ["not known yet", ">not signed on<", "<td>0</td>"],
        [
            party,
            ">signed on<",
            "CN=Tessera development party 20000000001",
        ],
    ]) {
        for word in [&words[..], &["127.0.0.1", "<time datetime="]].concat() {
            assert!(row.contains(word), "{word}: {row}");
        }
    }
    wait_for("the wire to be silent", || plain()[0].contains(" s ago"));
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 100)), "00");
    assert!(plain()[0].contains(">now<"), "{:?}", plain());
    drop(silent);
    wait_for("it to be gone", || plain().len() == 1);
    // One that has signed off stays its party's.
    assert_eq!(code(&mut wire, &network(&ACQUIRER, "002")), "00");
    wait_for("it to be signed off", || plain()[0].contains("signed off"));
}

#[test]
fn a_transaction_is_found_and_explained_without_its_card_number() {
    let mut rig = started(rig_with(10, 10_000, &[]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 4, 1_234);
    assert_eq!(code(&mut wire, &bought), "00");
    let refused = card_purchase(&ACQUIRER, 4, 1_000_000);
    assert_ne!(code(&mut wire, &refused), "00");
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 5, 100)), "00");
    let console = rig.start_console(&[]);
    let token = rig.operator("ada", "read");
    let ada = Operator::signed_in(&console, "ada", &token);
    let number = card_number(4);
    let (first, last) = (&number[..6], &number[number.len() - 4..]);

    let count = |query: &str| {
        let page = ada.get(&format!("/transactions?{query}"));
        assert_eq!(page.status, 200, "{query}: {}", page.text);
        assert!(!page.text.contains(&number), "{}", page.text);
        page.text.matches("/transactions/one?reference=").count()
    };
    assert_eq!(count(""), 3);
    assert_eq!(count(&format!("first-six={first}&last-four={last}")), 2);
    assert_eq!(count(&format!("first-six=123456&last-four={last}")), 0);
    assert_eq!(count("outcome=declined"), 1);
    assert_eq!(count("amount=12.34"), 1);
    assert_eq!(count("from=2020-01-01T00:00&to=2020-01-02T00:00"), 0);

    // Field 37 is the trace number with zeros in front.
    let reference = format!("{:0>12}", bought.field(11));
    let reference = reference.as_str();
    let page = ada.get(&format!("/transactions/one?reference={reference}"));
    assert!(
        page.text.contains("It was approved (00)") && page.text.contains("12.34"),
        "{}",
        page.text
    );
    assert!(
        page.text.contains(first) && !page.text.contains(&number),
        "{}",
        page.text
    );
    let json = ada.get(&format!("/transactions/one?reference={reference}&json=1"));
    let printed = rig.run(&[
        "explain",
        "--config",
        "switch.toml",
        "--reference",
        reference,
        "--json",
    ]);
    let ours: Value = serde_json::from_str(&json.text).expect("JSON");
    let theirs: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(ours, theirs);
    let (party, trace, date) = (ACQUIRER.code, bought.field(11), bought.field(13));
    let by_trace = ada.get(&format!(
        "/transactions/one?party={party}&trace={trace}&date={date}"
    ));
    assert_eq!(by_trace.status, 200, "{}", by_trace.text);
    assert_eq!(
        ada.get("/transactions/one?reference=000000000000").status,
        404
    );
    // Who has read it is written down.
    let log = rig.log("console");
    assert!(log.contains(reference) && log.contains("ada"), "{log}");
    // Not even what was typed into the wrong field comes back.
    let typed = ada.get(&format!("/transactions?acceptor={number}"));
    assert!(!typed.text.contains(&number), "{}", typed.text);
    assert!(!rig.log("console").contains(&number));

    // Gone within two seconds, and there again.
    rig.kill_switch();
    let killed = Instant::now();
    let says = |words: &str| ada.get("/").text.contains(words);
    while !says("The switch has not answered since") {
        assert!(
            killed.elapsed() < Duration::from_secs(2),
            "{}",
            ada.get("/").text
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    // What is in the journal can still be read, and what only the switch knows can't.
    assert_eq!(
        ada.get(&format!("/transactions/one?reference={reference}"))
            .status,
        200
    );
    assert_eq!(ada.get("/controls").status, 503);
    rig.start_switch();
    rig.wait_until_ready();
    wait_for("the console to see it", || {
        says("Purchases can be approved")
    });
    settles(rig, 100_000);
}

#[test]
fn nobody_gets_in_without_a_token_and_no_other_page_acts() {
    let rig = started(rig_with(1, 10_000, &[]), &[]);
    let console = rig.start_console(&[("session_idle = \"30min\"", "session_idle = \"8s\"")]);
    let token = rig.operator("ada", "admin");
    let nobody = Operator {
        console: &console,
        cookie: "0".repeat(32),
    };
    for page in ["/", "/transactions", "/live", "/accounts"] {
        let answer = nobody.get(page);
        assert_eq!(answer.status, 303, "{page}");
        assert!(answer.header("location").starts_with("/sign-in"), "{page}");
    }
    let ada = Operator::signed_in(&console, "ada", &token);
    let page = ada.get("/");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert_eq!(page.header("cache-control"), "no-store");

    // A form of elsewhere, one without the secret, and one with the secret of another session.
    let block = [
        ("action", "block"),
        ("kind", "merchant"),
        ("value", "SHOP-99"),
        ("reason", "x"),
    ];
    let secret = ada
        .get("/help")
        .between("name=\"form_secret\" value=\"", "\"")
        .to_owned();
    let whole = [&[("form_secret", secret.as_str())][..], &block[..]].concat();
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        assert_eq!(
            ada.post_from(origin, "/review", &whole).status,
            403,
            "{origin}"
        );
    }
    assert_eq!(
        ada.post_from(&console.origin, "/review", &block).status,
        403
    );
    let other = Operator::signed_in(&console, "ada", &token);
    assert_eq!(
        other.post_from(&console.origin, "/review", &whole).status,
        403
    );
    assert_eq!(
        ada.post_from(&console.origin, "/review", &whole).status,
        200
    );
    // What one session has reviewed, another can't confirm; and nothing is done twice.
    let reviewed = ada.post_from(&console.origin, "/review", &whole);
    let id = reviewed.between("name=\"id\" value=\"", "\"").to_owned();
    let stolen = other.post("/confirm", &[("id", &id)]);
    assert_eq!((stolen.status, stolen.header("location")), (303, "/"));
    for _ in 0..2 {
        assert_eq!(ada.post("/confirm", &[("id", &id)]).status, 303);
    }
    assert_eq!(decisions(&rig, &[]).len(), 1);

    // Sessions: listed, ended one by one, by a new token, and without use.
    let accounts = ada.get("/accounts").text;
    assert!(
        accounts.contains("Session 1") && accounts.contains("Session 2"),
        "{accounts}"
    );
    ada.decides(&[("action", "end-session"), ("id", "2")], "a lost machine");
    assert_eq!(other.get("/").status, 303);
    let page = ada.decides(
        &[("action", "add-account"), ("name", "kim"), ("role", "read")],
        "new here",
    );
    let kims = page.split("tessera_op_").nth(1).expect("a token");
    let kims = format!("tessera_op_{}", kims.split('<').next().expect("a token"));
    assert!(!ada.get("/accounts").text.contains("tessera_op_"));
    let kim = Operator::signed_in(&console, "kim", &kims);
    let replace = ["console", "--config", "console.toml", "replace", "kim"];
    rig.run(&[&replace[..], &["--reason", "lost"]].concat());
    assert_eq!(kim.get("/").status, 303);
    assert_eq!(ada.get("/").status, 200);
    let used = Instant::now();

    // Who tries tokens waits, also with the right one.
    let statuses: Vec<_> = (0..6)
        .map(|_| sign_in(&console, "ada", "tessera_op_wrong").status)
        .collect();
    assert_eq!(statuses, [403, 403, 403, 403, 429, 429]);
    let slowed = sign_in(&console, "ada", &token);
    assert_eq!(slowed.status, 429);
    assert!(!slowed.header("retry-after").is_empty());
    wait_for("the pause to end", || {
        sign_in(&console, "ada", &token).status == 303
    });
    std::thread::sleep(Duration::from_secs(9).saturating_sub(used.elapsed()));
    assert_eq!(ada.get("/").status, 303);
    assert!(!rig.log("console").contains(&token[11..]));
}
