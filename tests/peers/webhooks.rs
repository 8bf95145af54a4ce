//! The libraries of Standard Webhooks verify what the switch sends, and so do the clients to copy.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::rig::hooks::{SECRET, Shop, with_webhook};
use crate::rig::leased::Line;
use crate::rig::wire::{MALL, Wire, order_purchase};

#[test]
#[ignore = "needs the Python and Node.js peers: make test AREA=peers"]
fn the_reference_libraries_verify_a_webhook() {
    let shop = Shop::open();
    let rig = with_webhook(&shop, &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(100_000);
    let mut mall = Wire::signed_on(&rig, &MALL);
    assert_eq!(line.announce(&wallet, &MALL, "P-1", 700).code(), "00");
    assert_eq!(mall.ask(&order_purchase(&MALL, "P-1", 700)).code(), "00");
    let came = &shop.wait_for(1)[0];
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> = headers
        .iter()
        .map(|name| ((*name).to_owned(), came.header(name).into()))
        .collect();
    let given = json!({ "secret": SECRET, "headers": headers, "body": came.body }).to_string();
    for (interpreter, script) in [("TESSERA_PYTHON", "py"), ("TESSERA_NODE", "mjs")] {
        let interpreter = std::env::var(interpreter).expect("an interpreter");
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/peers/webhooks.{script}"));
        let mut process = Command::new(interpreter)
            .arg(&script)
            .stdin(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut input = process.stdin.take().expect("an input");
        input.write_all(given.as_bytes()).expect("it reads");
        drop(input);
        let status = process.wait().expect("it ends");
        assert!(status.success(), "{}", script.display());
    }
}
