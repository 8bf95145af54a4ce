//! Every service under SIGPIPE, SIGHUP, SIGTERM and SIGINT.

use std::process::Stdio;

use crate::rig::{Rig, Running, free_port, http_get, wait_for};

/// Ends it with this signal; it must end in order.
fn end(mut running: Running, signal: &str, name: &str) {
    running.signal(signal);
    let status = running.ended_within(crate::rig::PATIENCE);
    let ended = status.is_some_and(|status| status.success());
    assert!(ended, "{name} at {signal}: {status:?}");
}

/// A signal that must not end it.
fn survive(running: &mut Running, signal: &str, name: &str) {
    running.signal(signal);
    // A signal with its default action would have ended it by then.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let ended = running.0.try_wait().expect("a child");
    assert!(ended.is_none(), "{name} at {signal}: {ended:?}");
}

#[test]
fn services_that_cannot_reload_end_in_order_at_every_signal_and_survive_sigpipe() {
    let mut rig = Rig::new(0, 0);
    rig.start_host(&[]);
    rig.start_switch();
    let mall = free_port();
    let wallet = rig.start_wallet(mall, &[]);
    drop(rig.start_shop(mall, &wallet.origin).running);
    let (smtp, page) = (free_port().to_string(), free_port().to_string());
    rig.kill_host();
    for signal in ["-HUP", "-TERM", "-INT"] {
        for arguments in [
            &["host", "--config", "host.toml"][..],
            &["shop", "--config", "shop.toml"],
            &["mail", "--smtp", &smtp, "--page", &page],
        ] {
            let mut running = rig.spawn(arguments);
            survive(&mut running, "-PIPE", arguments[0]);
            end(running, signal, arguments[0]);
        }
    }
}

#[test]
fn the_switch_reloads_at_sighup_and_ends_in_order_at_sigterm_and_sigint() {
    let mut rig = Rig::new(0, 0);
    rig.start_host(&[]);
    for signal in ["-TERM", "-INT"] {
        rig.start_switch();
        let running = rig.switch.as_mut().expect("a switch");
        survive(running, "-PIPE", "switch");
        rig.reload("done");
        end(rig.switch.take().expect("a switch"), signal, "switch");
    }
}

#[test]
fn the_load_prints_its_results_at_every_signal() {
    let mut rig = Rig::started(20, 1_000_000);
    for signal in ["-HUP", "-TERM", "-INT"] {
        // It is known by its log to have begun, and the one before has written there.
        let _ = std::fs::remove_file(rig.path("load.log"));
        let mut loading = rig.start_load(&["--cards", "20", "--rate", "50"]);
        survive(loading.running(), "-PIPE", "load");
        rig.finish_load_with(loading, signal);
    }
    assert_eq!(rig.stop_switch(), Some(0), "{}", rig.log("switch"));
}

#[test]
fn the_demo_prints_its_results_when_its_terminal_is_closed() {
    for signal in ["-HUP", "-TERM"] {
        demo_ends_in_order(signal);
    }
}

fn demo_ends_in_order(signal: &str) {
    let rig = Rig::new(0, 0);
    let log = std::fs::File::create(rig.path("demo.out")).expect("a file");
    let child = rig
        .command(&["demo", "--data", "demo"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file"))
        .stderr(log)
        .spawn()
        .expect("tessera starts");
    let mut demo = Running(child);
    let said = || std::fs::read_to_string(rig.path("demo.out")).unwrap_or_default();
    wait_for("the demo to run", || said().contains("\nothers "));
    let figures = said();
    let metrics = figures
        .lines()
        .find_map(|line| {
            line.strip_prefix("metrics   http://")?
                .strip_suffix("/metrics")
        })
        .expect("an address");
    let address = metrics.parse().expect("an address");
    wait_for("the switch to serve", || {
        http_get(address, "/healthz").starts_with("HTTP/1.1 200")
    });
    // Its customers are there: it listens for signals.
    wait_for("a line of the run", || said().contains(" answers/s  "));
    survive(&mut demo, "-PIPE", "demo");
    end(demo, signal, &said());
}

/// A new mall and a new certificate count from the next request; a file that is wrong changes nothing.
#[test]
fn the_wallet_server_reloads_malls_and_certificate_at_sighup_and_ends_in_order() {
    let mut rig = Rig::new(0, 0);
    rig.start_switch();
    let mall = free_port();
    let mut wallet = rig.start_wallet(mall, &[]);
    let figure = |outcome: &str| {
        let metrics = http_get(wallet.metrics, "/metrics");
        let name = format!("tessera_wallet_reloads_total{{outcome=\"{outcome}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0, |count| count.parse::<u32>().expect("a count"))
    };
    let page = || http_get(wallet.address, "/pay?mall=MALLNEW00000001");
    survive(&mut wallet.running, "-PIPE", "wallet");
    assert!(page().starts_with("HTTP/1.1 403"), "{}", page());
    let shipped = std::fs::read_to_string(rig.path("wallet.toml")).expect("a file");
    let more = "\n[[malls]]\nacceptor = \"MALLNEW00000001\"\nname = \"New\"\norigins = [\"http://127.0.0.1:1\"]\n";
    std::fs::write(rig.path("wallet.toml"), shipped.clone() + more).expect("a file");
    wallet.running.signal("-HUP");
    wait_for("a reload", || figure("done") == 1);
    assert!(page().starts_with("HTTP/1.1 200"), "{}", page());
    std::fs::write(rig.path("wallet.toml"), "not = toml = at all").expect("a file");
    wallet.running.signal("-HUP");
    wait_for("a refusal", || figure("refused") == 1);
    assert!(page().starts_with("HTTP/1.1 200"), "{}", page());
    // The next line to the switch is opened with what the files have then.
    std::fs::write(rig.path("wallet.toml"), shipped).expect("a file");
    rig.run(&["certs", "certs", "--force"]);
    wallet.running.signal("-HUP");
    wait_for("a reload", || figure("done") == 2);
    rig.kill_switch();
    rig.start_switch();
    wait_for("a line with the new certificate", || {
        http_get(wallet.metrics, "/health").starts_with("HTTP/1.1 200")
    });
    assert!(page().starts_with("HTTP/1.1 403"), "{}", page());
    end(wallet.running, "-TERM", "wallet");
    let running = rig.spawn(&["wallet", "--config", "wallet.toml"]);
    end(running, "-INT", "wallet");
}
