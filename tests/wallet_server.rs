//! The wallet server keeps nothing: killed in the middle of a form, it comes back, the payer is still signed in, and the same form
//! sent again is applied once.

mod rig;

use std::sync::{Arc, Barrier};
use std::time::Duration;

use rig::Rig;
use rig::books::settles_with_the_host;
use rig::http::{ask, form, try_ask};
use rig::payer::{PASSWORD, Payer};

const ROUNDS: u32 = 12;

#[test]
fn a_form_is_applied_once_though_the_wallet_server_is_killed_in_the_middle_of_it() {
    let rig = Rig::started(0, 0);
    let mut payer = Payer::with(&rig, 1_000);
    let mut wallet = rig.start_wallet(rig::free_port(), &[]);
    let origin = wallet.origin.clone();
    let cookie = format!("__Host-tessera={}", payer.session);
    for round in 0..ROUNDS {
        let page = ask(wallet.address, "GET /money", &[("cookie", &cookie)], "");
        assert_eq!(page.status, 200, "still signed in");
        let (_, load) = page
            .text
            .split_once("action=\"/money/load\"")
            .expect("the form");
        let hidden = |name: &str| {
            let (_, rest) = load
                .split_once(&format!("name=\"{name}\" value=\""))
                .expect("a hidden field");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let (_, source) = load.split_once("<select").expect("the sources");
        let (_, source) = source.split_once("value=\"").expect("a source");
        let source = source.split('"').next().unwrap_or_default();
        let (token, name) = (hidden("form_token"), hidden("name"));
        let body = form(&[
            ("form_token", &token),
            ("name", &name),
            ("source", source),
            ("amount", "1.00"),
            ("password", PASSWORD),
        ]);
        let headers = [
            ("cookie", cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        // Before, while and after the password is looked at and the financial system asked; the last time after the answer.
        let after = Duration::from_millis(u64::from(round) * 6);
        let answered = Arc::new(Barrier::new(2));
        let heard = Arc::clone(&answered);
        let process = wallet.running.0.id().to_string();
        let killer = std::thread::spawn(move || {
            if round + 1 == ROUNDS {
                heard.wait();
            } else {
                std::thread::sleep(after);
            }
            let killed = std::process::Command::new("kill")
                .args(["-9", &process])
                .status();
            assert!(killed.expect("kill").success());
        });
        let first = try_ask(wallet.address, "POST /money/load", &headers, &body);
        if round + 1 == ROUNDS {
            assert!(first.is_some(), "killed after its answer");
            answered.wait();
        }
        killer.join().expect("a kill");
        let _ = wallet.running.0.wait();
        rig.restart_wallet(&mut wallet);
        let again = ask(wallet.address, "POST /money/load", &headers, &body);
        assert_eq!(again.status, 303, "{}", again.text);
        if let Some(first) = first {
            assert_eq!(first.header("location"), again.header("location"));
        }
    }
    let loaded = 1_000 + u64::from(ROUNDS) * 100;
    assert_eq!(payer.balance(), (loaded, loaded));
    settles_with_the_host(rig);
}
