//! The shops as a process, and a browser that speaks just enough HTTP.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;

use super::{Rig, Running};

/// Both shops, running.
pub struct Shops {
    pub running: Option<Running>,
    pub affiliated: SocketAddr,
    pub unaffiliated: SocketAddr,
    pub frame: SocketAddr,
}

impl Shops {
    /// Configured for the rig's switch, with everything captured.
    pub fn start(rig: &Rig, changes: &[(&str, &str)]) -> Self {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/shop.toml");
        let mut text = fs::read_to_string(shipped).expect("shipped configuration");
        let switch = rig.addresses.malls.to_string();
        let ours = [
            ("127.0.0.1:8583", switch.as_str()),
            ("127.0.0.1:8081", "127.0.0.1:0"),
            ("127.0.0.1:8082", "127.0.0.1:0"),
            ("\nframe = \"127.0.0.1:8083\"", "\nframe = \"127.0.0.1:0\""),
            ("\n#capture", "\ncapture"),
        ];
        for (shipped, changed) in ours.iter().chain(changes) {
            assert!(
                text.contains(shipped),
                "{shipped} is not in the shipped configuration"
            );
            text = text.replace(shipped, changed);
        }
        fs::write(rig.path("shop.toml"), text).expect("a file");
        Self::again(rig)
    }

    /// With the configuration that is there.
    pub fn again(rig: &Rig) -> Self {
        let log = fs::File::create(rig.path("shop.log")).expect("a file");
        let mut child = rig
            .command(&["shop", "--config", "shop.toml"])
            .stdin(Stdio::null())
            .stderr(log)
            .stdout(Stdio::piped())
            .spawn()
            .expect("tessera starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("a line");
        let at = |name: &str| -> SocketAddr {
            let word = line
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name));
            let word = word.unwrap_or_else(|| panic!("{line:?}\n{}", rig.log("shop")));
            word.parse().expect("an address")
        };
        Self {
            affiliated: at("affiliated="),
            unaffiliated: at("unaffiliated="),
            frame: at("frame="),
            running: Some(Running(child)),
        }
    }
}

/// An answer.
pub struct Page {
    pub status: u16,
    pub location: String,
    pub cookie: String,
    pub text: String,
}

impl Page {
    /// The value behind `"name":` of a JSON answer, quotes left out.
    pub fn value(&self, name: &str) -> String {
        let (_, rest) = self
            .text
            .split_once(&format!("\"{name}\":"))
            .unwrap_or_else(|| panic!("no {name} in {}", self.text));
        rest.trim_start_matches('"')
            .split(['"', ',', '}'])
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}

pub fn get(address: SocketAddr, path: &str, headers: &str) -> Page {
    ask(address, "GET", path, headers, "")
}

pub fn post_form(address: SocketAddr, path: &str, headers: &str, body: &str) -> Page {
    let headers = format!("content-type: application/x-www-form-urlencoded\r\n{headers}");
    ask(address, "POST", path, &headers, body)
}

pub fn post_json(address: SocketAddr, path: &str, body: &str) -> Page {
    ask(
        address,
        "POST",
        path,
        "content-type: application/json\r\n",
        body,
    )
}

pub fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> Page {
    ask(address, "POST", path, headers, body)
}

fn ask(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Page {
    let mut socket = TcpStream::connect(address).expect("the shop listens");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    socket
        .write_all(request.as_bytes())
        .expect("the shop reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (head, text) = answer.split_once("\r\n\r\n").expect("a head");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().to_owned()
    };
    Page {
        status: head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status"),
        location: header("location: "),
        cookie: header("set-cookie: ")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned(),
        text: text.to_owned(),
    }
}
