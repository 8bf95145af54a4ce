//! The pages over HTTP, with a switch in memory behind the real line.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::fake::World;
use tessera_protocol::leased::{EventKind, Operation};
use tessera_wallet::{Browser, Package};

const PASSWORD: &str = "correct horse";

#[test]
fn the_cookie_is_this_hosts_alone() {
    let world = World::start();
    let mut browser = world.browser();
    browser.get("/register");
    let answer = browser.send(
        "/register",
        "register",
        &[("password", PASSWORD), ("again", PASSWORD)],
    );
    let cookie = answer
        .headers
        .iter()
        .find(|(name, value)| name == "set-cookie" && value.starts_with("__Host-tessera="));
    let cookie = &cookie.unwrap().1;
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
}

#[test]
fn a_form_from_elsewhere_is_refused() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    browser.get("/limits");
    let token = browser.token.clone();
    let own = world.origin.clone();
    let good = ("form_token", token.as_str());
    for (headers, fields) in [
        (vec![("Origin", own.as_str())], vec![]),
        (vec![("Origin", own.as_str())], vec![("form_token", "0")]),
        (vec![("Origin", "http://127.0.0.1:8081")], vec![good]),
        (
            vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "cross-site")],
            vec![good],
        ),
        (vec![], vec![good]),
    ] {
        let answer = browser.post("/limits/freeze", &headers, &fields);
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    assert!(!world.switch.wallets.lock().unwrap().of(&client).1.frozen);
    let headers = [("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(
        browser.post("/limits/freeze", &headers, &[good]).status,
        303
    );
    assert!(world.switch.wallets.lock().unwrap().of(&client).1.frozen);
}

#[test]
fn every_answer_carries_the_rules() {
    let world = World::start();
    let (mut browser, _) = world.member(PASSWORD);
    for path in ["/", "/home", "/sign-in", "/nowhere", "/live-not"] {
        let answer = browser.get(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("strict-transport-security"), "", "plain HTTP");
        assert!(
            !answer.body.contains("style=") && !answer.body.contains("onclick"),
            "{path}"
        );
    }
}

#[test]
fn what_is_the_same_for_everybody_is_kept_and_nothing_else() {
    let world = World::start();
    let mut browser = world.browser();
    let page = browser.get("/").body;
    let begin = page.find("/assets/").unwrap();
    let path = page[begin..].split('"').next().unwrap();
    let style = browser.get(path);
    assert!(style.header("cache-control").contains("immutable"));
    assert!(style.body.contains("prefers-color-scheme: dark"));
    let name = path.rsplit('/').next().unwrap();
    let other = browser.get(&format!("/assets/000000000000/{name}"));
    assert_eq!(
        (other.status, other.header("cache-control")),
        (404, "no-store")
    );
    let worker = browser.get("/sw.js").body;
    assert!(worker.contains(path) && worker.contains("/offline"));
    assert!(!worker.contains("/home") && !worker.contains("{SHELL}"));
    assert!(
        browser
            .get("/manifest.webmanifest")
            .body
            .contains("standalone")
    );
}

#[test]
fn the_extension_is_packed_for_this_server() {
    let world = World::start();
    let mut visitor = world.browser();
    let page = visitor.get("/program").body;
    for (browser, path) in [
        (Browser::Chromium, "/extension.zip"),
        (Browser::Firefox, "/extension-firefox.zip"),
    ] {
        assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
        let answer = visitor.get(path);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/zip");
        let disposition = answer.header("content-disposition");
        assert!(disposition.contains(browser.name()), "{disposition}");
        let package = Package::new(browser, "http://localhost:8080").unwrap();
        let expected = String::from_utf8_lossy(&package.zip()).into_owned();
        assert_eq!(answer.body, expected);
    }
    assert_eq!(visitor.get("/extension.xpi").status, 404);
}

#[test]
fn firefox_installs_what_mozilla_has_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tessera.xpi");
    std::fs::write(&path, "signed").unwrap();
    let world = World::with(|settings| settings.signed_extension = Some(path));
    let mut visitor = world.browser();
    let page = visitor.get("/program").body;
    assert!(page.contains("/extension.xpi") && !page.contains("/extension-firefox.zip"));
    let answer = visitor.get("/extension.xpi");
    assert_eq!(answer.body, "signed");
    assert_eq!(answer.header("content-type"), "application/x-xpinstall");
    drop(folder);
    assert_eq!(visitor.get("/extension.xpi").status, 404);
}

#[test]
fn an_unknown_number_and_a_wrong_password_look_alike() {
    let world = World::start();
    let (_, client) = world.member(PASSWORD);
    let unknown = tessera_protocol::ClientNumber::from_random(42).expose();
    let unknown = String::from_utf8(unknown.to_vec()).unwrap();
    let pages: Vec<_> = [&client, &unknown]
        .into_iter()
        .map(|number| {
            let mut browser = world.browser();
            browser.get("/sign-in");
            let fields = [("client", number.as_str()), ("password", "something else")];
            let answer = browser.send("/sign-in", "sign-in", &fields);
            assert_eq!(answer.status, 422);
            assert!(!answer.body.contains(number) && !answer.body.contains("something else"));
            answer.body.replace(&browser.token, "")
        })
        .collect();
    assert_eq!(pages[0], pages[1]);
    assert_eq!(world.switch.wallets.lock().unwrap().address, "127.0.0.1");
}

#[test]
fn too_many_tries_get_the_time_of_the_next_try() {
    let world = World::start();
    let (_, client) = world.member(PASSWORD);
    world.switch.wallets.lock().unwrap().throttle = Some(37);
    let mut browser = world.browser();
    browser.get("/sign-in");
    let fields = [("client", client.as_str()), ("password", PASSWORD)];
    let answer = browser.send("/sign-in", "sign-in", &fields);
    assert_eq!((answer.status, answer.header("retry-after")), (429, "37"));
    assert!(
        answer.body.contains("Try again in 37 seconds"),
        "{}",
        answer.body
    );
}

#[test]
fn signing_in_ends_the_session_before_it_and_signing_out_this_one() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let old = browser.cookies["__Host-tessera"].clone();
    browser.get("/sign-in");
    let fields = [
        ("client", client.as_str()),
        ("password", PASSWORD),
        ("next", "/card"),
    ];
    let answer = browser.send("/sign-in", "sign-in", &fields);
    assert_eq!(answer.header("location"), "/card");
    let new = browser.cookies["__Host-tessera"].clone();
    assert_ne!(old, new);
    let mut thief = world.browser();
    thief.cookies.insert("__Host-tessera".into(), old);
    let answer = thief.get("/home");
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/sign-in?done=ended")
    );
    assert!(thief.cookies.is_empty());
    browser.get("/home");
    assert_eq!(browser.send("/sign-out", "sign-out", &[]).status, 303);
    assert!(!browser.cookies.contains_key("__Host-tessera"));
    assert_eq!(
        browser.get("/home").header("location"),
        "/sign-in?next=%2Fhome"
    );
}

fn with_source(world: &World) -> (crate::fake::Browser, String) {
    let (mut browser, client) = world.member(PASSWORD);
    let answer = browser.add_source("card", "4111 1111 1111 1111", PASSWORD);
    assert_eq!(
        answer.header("location"),
        "/money?done=source",
        "{}",
        answer.body
    );
    (browser, client)
}

#[test]
fn money_is_loaded_once_however_often_the_form_is_sent() {
    let world = World::start();
    let (mut browser, client) = with_source(&world);
    let page = browser.get("/money");
    assert!(page.body.contains("**** 1111") && !page.body.contains("4111"));
    let name = page.hidden("name").unwrap();
    let load = [
        ("source", "1"),
        ("amount", "25,5"),
        ("password", PASSWORD),
        ("name", &name),
    ];
    for _ in 0..2 {
        let answer = browser.send("/money/load", "load", &load);
        let location = answer.header("location");
        assert!(
            location.starts_with("/money/loaded?source=1&amount=2550&"),
            "{}",
            answer.body
        );
    }
    assert_eq!(
        world.switch.wallets.lock().unwrap().of(&client).1.available,
        2_550
    );
    let wrong = [
        ("source", "1"),
        ("amount", "1.00,5"),
        ("password", PASSWORD),
    ];
    let answer = browser.send("/money/load", "load", &wrong);
    assert_eq!(answer.status, 422);
    assert!(
        answer
            .body
            .contains("aria-describedby=\"load-amount-error\""),
        "{}",
        answer.body
    );
    let wrong = [
        ("source", "1"),
        ("amount", "1"),
        ("password", "not the password"),
    ];
    let answer = browser.send("/money/load", "load", &wrong);
    assert!(
        answer.body.contains("id=\"load-password-error\""),
        "{}",
        answer.body
    );
}

#[test]
fn what_a_lost_line_left_open_is_sent_again_and_applied_once() {
    let world = World::start();
    let (mut browser, client) = with_source(&world);
    world.switch.wait_for_lines(2);
    *world.switch.cut_at.lock().unwrap() = Some(Operation::Load);
    let load = [
        ("source", "1"),
        ("amount", "10"),
        ("password", PASSWORD),
        ("name", ""),
    ];
    let answer = browser.send("/money/load", "load", &load);
    assert!(
        answer.header("location").starts_with("/money/loaded?"),
        "{}",
        answer.body
    );
    let received = world.switch.received.lock().unwrap();
    let loads: Vec<_> = received
        .iter()
        .filter(|one| one.operation == Operation::Load)
        .collect();
    let [first, second] = loads[..] else {
        panic!("{loads:?}");
    };
    assert_eq!(first.name, second.name);
    assert_eq!((first.repeat, second.repeat), (false, true));
    drop(received);
    assert_eq!(
        world.switch.wallets.lock().unwrap().of(&client).1.available,
        1_000
    );
}

#[test]
fn what_was_not_answered_is_sent_again_under_its_name() {
    let world = World::with(|settings| {
        settings.line.answer_within = Duration::from_secs(3);
    });
    let (mut browser, client) = with_source(&world);
    let name = browser.get("/money").hidden("name").unwrap();
    let load = |amount, name| {
        [
            ("source", "1"),
            ("amount", amount),
            ("password", PASSWORD),
            ("name", name),
        ]
    };
    *world.switch.silent_at.lock().unwrap() = Some((Operation::Load, 0));
    let unknown = browser.send("/money/load", "load", &load("25", &name));
    assert_eq!(unknown.status, 503);
    assert_eq!(unknown.hidden("name").as_ref(), Some(&name));
    // Mistyped in between, it is still the same load.
    let wrong = browser.send("/money/load", "load", &load("2.5.", &name));
    assert_eq!(
        (wrong.status, wrong.hidden("name")),
        (422, Some(name.clone()))
    );
    let loaded = browser.send("/money/load", "load", &load("25", &name));
    assert!(loaded.header("location").starts_with("/money/loaded?"));
    let mut wallets = world.switch.wallets.lock().unwrap();
    assert_eq!(wallets.of(&client).1.available, 2_500);
}

#[test]
fn what_the_bank_declined_is_asked_again_under_another_name() {
    let world = World::start();
    let (mut browser, _) = with_source(&world);
    let name = browser.get("/money").hidden("name").unwrap();
    world.switch.wallets.lock().unwrap().declined = true;
    let load = [
        ("source", "1"),
        ("amount", "25"),
        ("password", PASSWORD),
        ("name", &name),
    ];
    let declined = browser.send("/money/load", "load", &load);
    assert_eq!(declined.status, 422);
    assert_ne!(declined.hidden("name"), Some(name));
}

#[test]
fn what_was_typed_stays_but_for_secrets() {
    let world = World::start();
    let (mut browser, _) = with_source(&world);
    let page = browser.add_source("account", "GB33 !!", PASSWORD);
    assert!(page.body.contains("value=\"account\" selected"));
    assert!(!page.body.contains("GB33"));
    let load = [
        ("source", "1"),
        ("amount", "12.345"),
        ("password", PASSWORD),
    ];
    let page = browser.send("/money/load", "load", &load);
    assert!(page.body.contains("value=\"12.345\""), "{}", page.body);
    let close = [("source", "1"), ("password", PASSWORD)];
    let page = browser.send("/money/close", "close", &close);
    assert!(page.body.contains("id=\"close-sure-error\""));
    assert!(page.body.contains("aria-describedby=\"close-sure-error\""));
    let contact = [("kind", "pigeon"), ("address", "a@b.example")];
    let page = browser.send("/notifications/contact", "contact", &contact);
    assert!(
        page.body
            .contains("aria-describedby=\"contact-kind-error\"")
    );
    assert!(page.body.contains("value=\"a@b.example\""));
}

#[test]
fn without_a_line_the_page_says_so_soon() {
    let world = World::with(|settings| {
        settings.line.reach_within = Duration::from_millis(100);
        // A form that changes something would wait so long.
        settings.line.answer_within = Duration::from_secs(3_600);
    });
    let (mut browser, _) = world.member(PASSWORD);
    world
        .switch
        .closed
        .store(true, std::sync::atomic::Ordering::Relaxed);
    world.switch.cut_all();
    // What is said over a line that is being lost may have been done: that is another page.
    let mut operator = crate::fake::Browser::new(world.metrics, "");
    while operator.get("/health").status != 503 {
        std::thread::yield_now();
    }
    let answer = browser.get("/home");
    assert_eq!(answer.status, 503);
    assert!(!answer.header("retry-after").is_empty());
    assert!(
        answer.body.contains("Nothing has been done"),
        "{}",
        answer.body
    );
    let again = "href=\"/home?done=loaded\">Try again";
    let answer = browser.get("/home?done=loaded");
    assert!(answer.body.contains(again), "{}", answer.body);
}

#[test]
fn the_number_stands_on_one_page_only() {
    let world = World::start();
    let (mut browser, _) = world.member(PASSWORD);
    browser.get("/card");
    browser.send("/card/issue", "issue-card", &[]);
    let card = browser.get("/card").body;
    assert!(card.contains("4711") && !card.contains("9900"));
    let wrong = browser.send("/card/reveal", "reveal", &[("password", "not it at all")]);
    assert!(wrong.status == 422 && !wrong.body.contains("9900"));
    let revealed = browser.send("/card/reveal", "reveal", &[("password", PASSWORD)]);
    assert!(revealed.status == 303 && !revealed.body.contains("9900"));
    let shown = browser.get(revealed.header("location"));
    assert_eq!(shown.text_of("card-number"), "9900 0000 0000 4711");
    let (_, refresh) = shown
        .body
        .split_once("http-equiv=\"refresh\" content=\"")
        .unwrap();
    let (seconds, place) = refresh.split_once(';').unwrap();
    assert!((1..=30).contains(&seconds.parse::<u32>().unwrap()));
    assert!(place.starts_with(" url=/card\""));
    assert_eq!(shown.header("cache-control"), "no-store");
    let fields = [
        ("usage", "mall"),
        ("limit", "50"),
        ("password", PASSWORD),
        ("name", ""),
    ];
    let made = browser.send("/card/numbers/new", "new-number", &fields);
    let shown = browser.get(made.header("location"));
    assert_eq!(shown.text_of("card-number"), "9900 0000 0000 0042");
    let list = browser.get("/card").body;
    assert!(list.contains("id=\"number-1\"") && !list.contains("9900"));
    assert_eq!(
        browser
            .send("/card/numbers/retire", "retire-1", &[("number", "1")])
            .status,
        303
    );
    assert!(!browser.get("/card").body.contains("retire-1"));
}

#[test]
fn hostile_words_are_inert() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        wallet.row(1, EventKind::Held, "P00000000001", 5).text = "<script>alert(1)</script>".into();
        wallet.row(2, EventKind::Held, "P00000000002", 5).text = "=HYPERLINK(\"x\")".into();
        number
    });
    let page = browser.get("/transactions?q=%22%3E%3Cscript%3E").body;
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
    let page = browser.get("/home").body;
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"));
    assert!(page.contains("Teacup &amp; &lt;b&gt;Co&lt;/b&gt;"));
    let csv = browser.get("/transactions.csv");
    assert!(csv.header("content-disposition").contains("attachment"));
    assert!(
        csv.body.contains("\"'=HYPERLINK(\"\"x\"\")\""),
        "{}",
        csv.body
    );
}

#[test]
fn settings_are_set_and_shown() {
    let world = World::start();
    let (mut browser, client) = with_source(&world);
    let mut done = |path: &str, fields: &[(&str, &str)], word: &str| {
        let mut fields = fields.to_vec();
        fields.push(("password", PASSWORD));
        let answer = browser.send(path, "", &fields);
        assert!(
            answer.header("location").ends_with(word),
            "{path}: {}",
            answer.body
        );
        let page = answer.header("location").to_owned();
        assert_eq!(browser.get(&page).status, 200);
    };
    done("/limits/freeze", &[], "done=frozen");
    done("/limits/unfreeze", &[], "done=unfrozen");
    done(
        "/limits/set",
        &[("transaction", "50"), ("day_count", "3")],
        "done=limits",
    );
    done(
        "/money/reload",
        &[("source", "1"), ("threshold", "20"), ("amount", "50")],
        "done=reload",
    );
    done("/money/reload/off", &[], "done=no-reload");
    done(
        "/notifications/contact",
        &[("kind", "email"), ("address", "a@b.example")],
        "done=code-sent",
    );
    done(
        "/notifications/confirm",
        &[("code", "123 456")],
        "done=confirmed",
    );
    done(
        "/notifications/preferences",
        &[("declines", "1")],
        "done=preferences",
    );
    done("/notifications/remove", &[], "done=no-contact");
    done(
        "/sessions/password",
        &[("new", "another horse"), ("again", "another horse")],
        "done=password",
    );
    let mut wallets = world.switch.wallets.lock().unwrap();
    let wallet = wallets.of(&client).1;
    assert_eq!(wallet.limits.to_array(), [5_000, 0, 0, 3, 0]);
    assert_eq!(wallet.preferences.unwrap().to_string(), "d");
    assert_eq!(wallet.password, "another horse");
}

#[test]
fn a_limit_of_nothing_is_no_limit_and_refused() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    browser.get("/limits");
    for (field, zero) in [("day_count", "0"), ("day", "0.00")] {
        let limits = [("transaction", "50"), (field, zero), ("password", PASSWORD)];
        let page = browser.send("/limits/set", "limits", &limits);
        assert_eq!(page.status, 422);
        assert!(page.body.contains(&format!("id=\"limits-{field}-error\"")));
    }
    browser.get("/card");
    browser.send("/card/issue", "issue-card", &[]);
    let number = [("usage", "once"), ("limit", "0"), ("password", PASSWORD)];
    let page = browser.send("/card/numbers/new", "new-number", &number);
    assert!(page.body.contains("id=\"new-number-limit-error\""));
    let mut wallets = world.switch.wallets.lock().unwrap();
    let wallet = wallets.of(&client).1;
    assert_eq!(wallet.limits.to_array(), [0; 5]);
    assert!(wallet.numbers.is_empty());
}

#[test]
fn a_password_that_is_too_short_to_be_one_is_a_wrong_one() {
    let world = World::start();
    let (mut browser, client) = with_source(&world);
    let mut refused = |path: &str, form: &str, fields: &[(&str, &str)]| {
        let mut fields = fields.to_vec();
        fields.push(("password", "short"));
        let page = browser.send(path, form, &fields);
        assert_eq!(page.status, 422);
        let error = format!("id=\"{form}-password-error\"");
        assert!(page.body.contains(&error), "{form}: {}", page.body);
        assert!(page.body.contains("The password is wrong"));
    };
    refused("/money/load", "load", &[("source", "1"), ("amount", "1")]);
    refused("/limits/set", "limits", &[("day", "1")]);
    let contact = [("kind", "email"), ("address", "a@b.example")];
    refused("/notifications/contact", "contact", &contact);
    let new = [("new", "another horse"), ("again", "another horse")];
    refused("/sessions/password", "password", &new);
    let mut browser = world.browser();
    browser.get("/sign-in");
    let wrong: Vec<_> = ["short", "long enough to be one"]
        .into_iter()
        .map(|password| {
            let fields = [("client", client.as_str()), ("password", password)];
            let page = browser.send("/sign-in", "sign-in", &fields);
            (page.status, page.body)
        })
        .collect();
    assert_eq!(wrong[0], wrong[1]);
}

#[test]
fn a_new_password_is_counted_in_characters_and_fits_the_line() {
    let world = World::start();
    let mut browser = world.browser();
    browser.get("/register");
    for (password, words) in [
        ("пятьпятья", "at least 10"),
        (&"п".repeat(65)[..], "too long"),
    ] {
        let fields = [("password", password), ("again", password)];
        let page = browser.send("/register", "register", &fields);
        assert!(page.body.contains(words), "{}", page.body);
    }
    // As many bytes as the switch takes.
    let letters = (0..64).map(|place| char::from_u32(0x430 + place * 7 % 32).unwrap());
    world.member(&letters.collect::<String>());
}

#[test]
fn metrics_have_routes_and_operations_and_no_payer() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    browser.get("/transactions?q=secret");
    let mut operator = crate::fake::Browser::new(world.metrics, "");
    let text = operator.get("/metrics").body;
    assert!(
        text.contains("route=\"/transactions\",status=\"200\""),
        "{text}"
    );
    assert!(text.contains("operation=\"Register\"") && text.contains("tessera_wallet_lines_up"));
    assert!(!text.contains("secret") && !text.contains(&client));
}

/// By DNS rebinding a page of an attacker has its own name mean 127.0.0.1.
#[test]
fn no_page_of_a_browser_reads_the_metrics() {
    let world = World::start();
    for path in ["/metrics", "/health", "/elsewhere"] {
        for foreign in [
            "Host: rebound.example",
            "Host: rebound.example:9580\r\nOrigin: http://rebound.example:9580\r\nSec-Fetch-Site: same-origin",
            "Host: 127.0.0.1\r\nOrigin: http://elsewhere.example",
        ] {
            let mut stream = TcpStream::connect(world.metrics).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(120)))
                .unwrap();
            write!(
                stream,
                "GET {path} HTTP/1.1\r\n{foreign}\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(
                answer.starts_with("HTTP/1.1 403"),
                "{path} {foreign}: {answer}"
            );
            assert!(!answer.contains("tessera_wallet"), "{answer}");
        }
    }
}
