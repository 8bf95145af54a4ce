//! The wallet server keeps nothing: killed in the middle of a form, it comes back, the payer is still signed in, and the same form
//! sent again is applied once.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::rig::Rig;
use crate::rig::http::{Answer, ask, form, try_ask};
use crate::rig::payer::{PASSWORD, Payer};
use crate::rig::services::Wallet;
use crate::rig::shop::{Shops, get, post_form};
use crate::rig::totals::settles_with_the_host;

/// Kills before, while and after the password is looked at and the financial system asked.
const ROUNDS: u32 = 8;
const LATER_EACH_ROUND: Duration = Duration::from_millis(8);

struct Scene {
    rig: Rig,
    wallet: Wallet,
}

impl Scene {
    fn open() -> Self {
        let rig = Rig::started(0, 0);
        let wallet = rig.start_wallet(crate::rig::free_port(), &[]);
        Self { rig, wallet }
    }

    fn page(&self, payer: &Payer, path: &str) -> Answer {
        let get = format!("GET {path}");
        let page = ask(self.wallet.address, &get, &[("cookie", &cookie(payer))], "");
        assert_eq!(page.status, 200, "still signed in");
        page
    }

    /// A form of a page with its hidden fields and these.
    fn filled(
        &self,
        payer: &Payer,
        (page, action): (&str, &str),
        fields: &[(&str, &str)],
    ) -> String {
        let page = self.page(payer, page);
        let (_, text) = page
            .text
            .split_once(&format!("action=\"{action}\""))
            .expect("the form");
        let hidden = |name: &str| {
            let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\""))?;
            rest.split('"').next().map(str::to_owned)
        };
        let token = hidden("form_token").expect("a token");
        let name = hidden("name").unwrap_or_default();
        let mut all = vec![("form_token", token.as_str()), ("name", &name)];
        all.extend(fields);
        form(&all)
    }

    /// Sends a body so many times at once.
    fn sends(&self, payer: &Payer, action: &str, body: &str, times: usize) -> Vec<Answer> {
        let (origin, cookie) = (&self.wallet.origin, &cookie(payer));
        let send = || {
            let post = format!("POST {action}");
            ask(self.wallet.address, &post, &headers(origin, cookie), body)
        };
        std::thread::scope(|scope| {
            let sent: Vec<_> = (0..times).map(|_| scope.spawn(send)).collect();
            sent.into_iter()
                .map(|sent| sent.join().expect("an answer"))
                .collect()
        })
    }

    /// Sends a form of a page, kills the wallet server meanwhile (in the last round right after its answer), and sends it
    /// again. What was answered, and what is answered again.
    fn killed_in(
        &mut self,
        round: u32,
        payer: &Payer,
        (page, action): (&str, &str),
        fields: &[(&str, &str)],
    ) -> (Option<Answer>, Answer) {
        let body = self.filled(payer, (page, action), fields);
        let (origin, cookie) = (self.wallet.origin.clone(), cookie(payer));
        let headers = headers(&origin, &cookie);
        let post = format!("POST {action}");
        let last = round + 1 == ROUNDS;
        let answered = Arc::new(Barrier::new(2));
        let barrier = Arc::clone(&answered);
        let process = self.wallet.running.0.id().to_string();
        let killer = std::thread::spawn(move || {
            if last {
                barrier.wait();
            } else {
                std::thread::sleep(LATER_EACH_ROUND * round);
            }
            let killed = std::process::Command::new("kill")
                .args(["-9", &process])
                .status();
            assert!(killed.expect("kill").success());
        });
        let first = try_ask(self.wallet.address, &post, &headers, &body);
        if last {
            assert!(first.is_some(), "killed after its answer");
            answered.wait();
        }
        killer.join().expect("a kill");
        let _ = self.wallet.running.0.wait();
        self.rig.restart_wallet(&mut self.wallet);
        let again = ask(self.wallet.address, &post, &headers, &body);
        (first, again)
    }
}

fn headers<'a>(origin: &'a str, cookie: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("cookie", cookie),
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin),
        ("sec-fetch-site", "same-origin"),
    ]
}

fn cookie(payer: &Payer) -> String {
    format!("__Host-tessera={}", payer.session)
}

/// The first source of the payer, as the forms name it.
fn source(payer: &mut Payer) -> String {
    let sources = payer.done("210", &[], &[]).tag(61, 35);
    sources.split(',').next().expect("a number").to_owned()
}

#[test]
fn a_load_is_applied_once() {
    let mut scene = Scene::open();
    let mut payer = Payer::with(&scene.rig, 1_000);
    let source = source(&mut payer);
    let fields = [
        ("source", source.as_str()),
        ("amount", "1.00"),
        ("password", PASSWORD),
    ];
    for round in 0..ROUNDS {
        let form = ("/money", "/money/load");
        let (first, again) = scene.killed_in(round, &payer, form, &fields);
        assert_eq!(again.status, 303, "{}", again.text);
        if let Some(first) = first {
            assert_eq!(first.header("location"), again.header("location"));
        }
    }
    let loaded = 1_000 + u64::from(ROUNDS) * 100;
    assert_eq!(payer.balance(), (loaded, loaded));
    settles_with_the_host(scene.rig);
}

/// The switch has no name of it: its acquirer sends one with each purchase (field 43).
#[test]
fn a_purchase_in_the_demonstrations_second_shop_is_shown_with_that_shops_name_and_location() {
    let scene = Scene::open();
    let mut payer = Payer::with(&scene.rig, 5_000);
    let shops = Shops::start(&scene.rig, &[]);
    let (number, expiry) = payer.card();
    let (year, month) = expiry.split_at(2);
    let checkout = "/buy/round/plain";
    let page = get(shops.unaffiliated, checkout, "").text;
    let (_, order) = page.split_once("name=\"order\" value=\"").expect("a form");
    let (order, _) = order.split_once('"').expect("an order");
    let typed = form(&[
        ("order", order),
        ("name", "A"),
        ("number", &number),
        ("expiry", &format!("{month}/{year}")),
        ("csc", ""),
    ]);
    let bought = post_form(shops.unaffiliated, checkout, "", &typed);
    assert_eq!(bought.status, 303, "{}", bought.text);
    assert_eq!(payer.balance(), (3_750, 3_750));

    let place = "Paper Lantern            Seoul        KR";
    let requests = payer.done("150", &[], &[]).tags(61, 42);
    let of_parties = requests.iter().filter(|request| request.contains(place));
    assert_eq!(of_parties.count(), 1, "{requests:?}");
    let shown = "Paper Lantern, Seoul, KR";
    let list = scene.page(&payer, "/transactions");
    assert!(list.text.contains(shown), "{}", list.text);
    assert!(!list.text.contains("LANTERN-0001"), "{}", list.text);
    let reference = list.between("href=\"/transactions/", "\"").to_owned();
    let transaction = scene.page(&payer, &format!("/transactions/{reference}"));
    assert!(transaction.text.contains(shown), "{}", transaction.text);
    // A payer finds it by its name.
    let found = scene.page(&payer, "/transactions?q=lantern+seoul");
    assert!(found.text.contains(&reference), "{}", found.text);
    let found = scene.page(&payer, "/transactions?q=lantern+busan");
    assert!(!found.text.contains(&reference), "{}", found.text);
}

#[test]
fn a_right_form_that_is_sent_many_times_locks_nobody_out() {
    let scene = Scene::open();
    let mut payer = Payer::with(&scene.rig, 1_000);
    let source = source(&mut payer);
    let load = [
        ("source", source.as_str()),
        ("amount", "1.00"),
        ("password", PASSWORD),
    ];
    let body = scene.filled(&payer, ("/money", "/money/load"), &load);
    // One after another, and all at once: the same form, and another one.
    for times in [1; 8].into_iter().chain([8]) {
        for answer in scene.sends(&payer, "/money/load", &body, times) {
            assert_eq!(answer.status, 303, "{}", answer.text);
        }
    }
    let other = scene.filled(&payer, ("/money", "/money/load"), &load);
    for answer in scene.sends(&payer, "/money/load", &other, 8) {
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
    assert_eq!(payer.balance(), (1_200, 1_200));
    // Forms that no name makes one: each is right, and none is a guess.
    let reveal = ("/card", "/card/reveal");
    let body = scene.filled(&payer, reveal, &[("password", PASSWORD)]);
    for answer in scene.sends(&payer, reveal.1, &body, 8) {
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
    // Nothing was counted: the payer may still mistype the password three times.
    let mistyped = |word: &str| scene.filled(&payer, reveal, &[("password", word)]);
    for word in ["mistyped once", "mistyped twice", "mistyped thrice"] {
        let answers = scene.sends(&payer, reveal.1, &mistyped(word), 1);
        assert_eq!(answers[0].status, 422, "{word}");
    }
    // From now on there are delays, which double: on a slow machine the first may be over before the next try.
    let mut later = (0..10).map(|count| {
        let word = mistyped(&format!("and again, {count}"));
        scene.sends(&payer, reveal.1, &word, 1)[0].status
    });
    assert!(later.any(|status| status == 429), "no delay");
    settles_with_the_host(scene.rig);
}

#[test]
fn a_card_is_issued_once_and_so_is_a_further_number() {
    let mut scene = Scene::open();
    for round in 0..ROUNDS {
        let mut payer = Payer::registers(&scene.rig);
        let (_, again) = scene.killed_in(round, &payer, ("/card", "/card/issue"), &[]);
        assert_eq!(again.status, 303, "{}", again.text);
        let card = payer.card();
        let fields = [("usage", "once"), ("limit", "5.00"), ("password", PASSWORD)];
        let form = ("/card", "/card/numbers/new");
        let (first, again) = scene.killed_in(round, &payer, form, &fields);
        // On to the page that shows it: of the same number.
        let which = |answer: &Answer| {
            let shown = answer.header("location").split('&').next();
            shown.unwrap_or_default().to_owned()
        };
        if let Some(first) = first {
            assert_eq!(which(&first), which(&again));
        }
        let number = which(&again).replace("/card/shown?number=", "");
        let shown = payer.proven("111", &[(22, &number)], &[]).tag(62, 8);
        assert_ne!(shown, card.0);
        let numbers = payer.done("115", &[], &[]).tags(61, 40);
        assert_eq!(numbers.len(), 1, "{numbers:?}");
    }
    settles_with_the_host(scene.rig);
}

#[test]
fn a_wallet_ends_once_and_its_money_goes_back_once() {
    let mut scene = Scene::open();
    for round in 0..ROUNDS {
        let mut payer = Payer::with(&scene.rig, 1_000);
        let source = source(&mut payer);
        let fields = [
            ("source", source.as_str()),
            ("sure", "yes"),
            ("password", PASSWORD),
        ];
        let form = ("/money", "/money/close");
        let (_, again) = scene.killed_in(round, &payer, form, &fields);
        // The end of the wallet, or of its session.
        assert_eq!(again.status, 303, "{}", again.text);
        assert!(again.header("location").starts_with("/sign-in"));
        assert_eq!(payer.ask("140", &[], &[]).code(), "63");
    }
    settles_with_the_host(scene.rig);
}
