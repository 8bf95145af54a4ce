//! The operators' console before the real switch.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::http::{Answer, ask, form};
use crate::rig::services::Console;
use crate::rig::totals::settles;
use crate::rig::wire::{
    ACQUIRER, Hand, Wire, card_number, card_purchase, reversal, rig_with, started,
};
use crate::rig::{Rig, wait_for};

const COOKIE: &str = "__Host-tessera-console";

/// An operator's browser.
struct Operator<'a> {
    console: &'a Console,
    cookie: String,
}

impl<'a> Operator<'a> {
    fn signed_in(console: &'a Console, name: &str, token: &str) -> Self {
        let answer = sign_in(console, name, token);
        assert_eq!(answer.status, 303, "{name}: {}", answer.text);
        let cookie = answer.cookie(COOKIE).expect("a session");
        Self { console, cookie }
    }

    fn get(&self, path: &str) -> Answer {
        let cookie = format!("{COOKIE}={}", self.cookie);
        let headers = [("cookie", cookie.as_str())];
        ask(self.console.address, &format!("GET {path}"), &headers, "")
    }

    /// With the secret of this session, as its own pages send it.
    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/help");
        let secret = page
            .between("name=\"form_secret\" value=\"", "\"")
            .to_owned();
        let fields = [&[("form_secret", secret.as_str())][..], fields].concat();
        self.post_from(&self.console.origin, path, &fields)
    }

    fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let cookie = format!("{COOKIE}={}", self.cookie);
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", origin),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        ask(
            self.console.address,
            &format!("POST {path}"),
            &headers,
            &form(fields),
        )
    }

    /// Reviews an action and confirms it: what the next page says.
    fn decides(&self, action: &[(&str, &str)], reason: &str) -> String {
        let reviewed = self.post("/review", &[action, &[("reason", reason)]].concat());
        assert_eq!(reviewed.status, 200, "{action:?}: {}", reviewed.text);
        let id = reviewed.between("name=\"id\" value=\"", "\"");
        let done = self.post_with_secret_of(&reviewed, "/confirm", &[("id", id)]);
        assert_eq!(done.status, 303, "{action:?}: {}", done.text);
        self.get(done.header("location")).text
    }

    fn post_with_secret_of(&self, page: &Answer, path: &str, fields: &[(&str, &str)]) -> Answer {
        let secret = page.between("name=\"form_secret\" value=\"", "\"");
        let fields = [&[("form_secret", secret)][..], fields].concat();
        self.post_from(&self.console.origin, path, &fields)
    }
}

fn sign_in(console: &Console, name: &str, token: &str) -> Answer {
    let headers = [
        ("origin", console.origin.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let fields = form(&[("name", name), ("token", token)]);
    ask(console.address, "POST /sign-in", &headers, &fields)
}

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
    rig.run(&["console", "--config", "console.toml", "replace", "kim"]);
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
