//! The server of a mall that is notified by webhooks.

use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use super::wire::{rig_with, started};
use super::{Rig, wait_for};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request that came.
#[derive(Debug, Clone)]
pub struct Came {
    pub head: String,
    pub body: String,
    pub event: Value,
}

impl Came {
    pub fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| {
            let (ours, value) = line.split_once(": ")?;
            ours.eq_ignore_ascii_case(name).then_some(value)
        });
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    pub fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }

    pub fn what(&self) -> (String, String, u64) {
        let data = &self.event["data"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (
            text(&self.event["type"]),
            text(&data["order_key"]),
            data["amount"].as_u64().expect("an amount"),
        )
    }
}

/// The mall's server: it answers with these codes, and with 204 after them.
pub struct Shop {
    address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Shop {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let shop = Self {
            address: listener.local_addr().expect("an address"),
            came: Arc::default(),
            answers: Arc::default(),
        };
        let (came, answers) = (Arc::clone(&shop.came), Arc::clone(&shop.answers));
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (came, answers) = (Arc::clone(&came), Arc::clone(&answers));
                thread::spawn(move || serve(socket, &came, &answers));
            }
        });
        shop
    }

    /// By the switch that reads this profile.
    pub fn is_notified(&self, profile: &Path) {
        let url = format!("http://{}/hooks?of=tessera", self.address);
        notify(profile, &url, SECRET);
    }

    pub fn will_answer(&self, codes: &[&'static str]) {
        self.answers.lock().expect("alone").extend(codes);
    }

    pub fn came(&self) -> Vec<Came> {
        self.came.lock().expect("alone").clone()
    }

    pub fn wait_for(&self, count: usize) -> Vec<Came> {
        wait_for(&format!("{count} requests"), || self.came().len() >= count);
        self.came()
    }
}

fn serve(
    mut socket: TcpStream,
    came: &Mutex<Vec<Came>>,
    answers: &Mutex<VecDeque<&'static str>>,
) -> Option<()> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().ok())?
            });
            break (head.to_owned(), length?);
        }
        let mut more = [0; 4096];
        let count = socket.read(&mut more).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&more[..count]);
    };
    let begins = head.len() + 4;
    while bytes.len() < begins + length {
        let mut more = [0; 4096];
        let count = socket.read(&mut more).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&more[..count]);
    }
    let body = String::from_utf8(bytes.split_off(begins)).expect("a text");
    let event = serde_json::from_str(&body).expect("JSON");
    came.lock().expect("alone").push(Came { head, body, event });
    let answer = answers.lock().expect("alone").pop_front();
    let answer = answer.unwrap_or("204 No Content");
    let location = format!(
        "location: http://{}/elsewhere\r\n",
        socket.local_addr().ok()?
    );
    let answer = format!("HTTP/1.1 {answer}\r\n{location}content-length: 0\r\n\r\n");
    socket.write_all(answer.as_bytes()).ok()
}

/// A switch with these settings that notifies the shop of what becomes of the orders of `MALL`.
pub fn with_webhook(shop: &Shop, settings: &[(&str, &str)]) -> Rig {
    let rig = rig_with(0, 0, settings);
    shop.is_notified(&rig.path("parties/teacup.toml"));
    started(rig, &[])
}

/// The party with this profile is notified at this address, once the switch starts.
pub fn notify(profile: &Path, url: &str, secret: &str) {
    let text = fs::read_to_string(profile).expect("the profile");
    let webhook = format!("\n[webhook]\nurl = \"{url}\"\nsecret = \"{secret}\"\n");
    fs::write(profile, text + &webhook).expect("a file");
}
