//! Requests that no browser sends: too long, malformed, nonsense. The wallet server refuses them, and lives on.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::plain::Plain;
use crate::rig::PATIENCE;
use crate::rig::http::{ask, try_ask};
use crate::world::World;

/// One after the other.
pub fn requests_are_hostile(world: &World) {
    let at = world.wallet.address;
    let own = world.wallet.origin.as_str();
    let own = [
        ("origin", own),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let long = "x".repeat(1_000_000);
    let mut too_large = 0;
    for path in [
        "/sign-in",
        "/register",
        "/pay",
        "/pay/open",
        "/limits/freeze",
    ] {
        if let Some(answer) = try_ask(at, &format!("POST {path}"), &own, &long) {
            assert!(
                [403, 413, 303].contains(&answer.status),
                "{path}: {}",
                answer.status
            );
            too_large += u32::from(answer.status == 413);
        }
    }
    // Some of these connections are cut while the body is still being sent.
    assert!(too_large > 0);
    let answer = ask(at, "GET /", &[("x-long", &long[..20_000])], "");
    assert_eq!(answer.status, 431);
    for body in [
        "%",
        "%ff%fe=%00",
        "form_token",
        "&&&&=&=&",
        "{\"json\":1}",
        "form_token=\u{202e}",
    ] {
        let answer = ask(at, "POST /sign-in", &own, body);
        assert_eq!(answer.status, 403, "{body}");
    }
    let json = [("content-type", "application/json")];
    let nested = "[".repeat(10_000);
    for body in [
        "",
        "null",
        "{\"client\":1}",
        "{\"client\":\"1\",\"password\":\"2\",\"more\":3}",
        &nested,
    ] {
        let answer = ask(at, "POST /extension/v1/session", &json, body);
        assert_eq!(answer.status, 400, "{body:.40}");
    }
    for cookie in [
        "__Host-tessera=",
        "__Host-tessera=%00",
        "__Host-tessera=zz; __Host-tessera=yy",
        "=;;;=\u{fffd}",
    ] {
        let answer = ask(at, "GET /home", &[("cookie", cookie)], "");
        assert!(
            [303, 400].contains(&answer.status),
            "{cookie}: {}",
            answer.status
        );
    }
    for path in [
        "/../../etc/passwd",
        "/%00",
        "/home/../home",
        "//evil.example",
        "/static/../../x",
        "/pay?mall=%ff",
        "/transactions.csv?page=-1",
    ] {
        let answer = ask(at, &format!("GET {path}"), &[], "");
        assert!(answer.status < 500, "{path}: {}", answer.status);
        assert!(!answer.header("location").starts_with("//"), "{path}");
    }
    let nonsense: [&[u8]; 4] = [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nhost\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /sign-in HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345",
    ];
    for bytes in nonsense {
        let mut socket = TcpStream::connect(at).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket.write_all(bytes).expect("it reads");
        let _ = socket.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    // It lives on, and so does its line.
    let mut payer = Plain::register(world);
    assert_eq!(payer.available(), "$0.00");
    assert!(!world.rig.log("wallet").contains("panicked"));
    assert!(!world.rig.log("switch").contains("panicked"));
}
