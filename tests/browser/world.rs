//! Everything that a payer ever meets, running: financial system, switch, wallet server, shops, mail server, message centre.

use serde_json::Value;

use crate::rig::peers::Peer;
use crate::rig::services::{Shops, Wallet};
use crate::rig::{Rig, free_port, http_get};

/// The processes; the first of them that is dropped is the last that was started.
pub struct World {
    pub shops: Shops,
    pub wallet: Wallet,
    pub rig: Rig,
    pub mail: Peer,
    pub sms: Peer,
}

impl World {
    /// With a switch that gives up quickly, and lets many wallets be opened from one address.
    pub fn start() -> Self {
        Self::with_wallet(&[])
    }

    /// The same, with these pieces of the wallet server's configuration replaced.
    pub fn with_wallet(changes: &[(&str, &str)]) -> Self {
        Self::with(changes, &[])
    }

    /// The same, and these pieces of the switch's.
    pub fn with(changes: &[(&str, &str)], of_switch: &[(&str, &str)]) -> Self {
        let (mail, sms) = (Peer::mail(0), Peer::centre(0));
        let notify = format!(
            "\n[notify.email]\nserver = \"127.0.0.1:{}\"\ntls = \"plain\"\nfrom = \"Tessera <no-reply@tessera.example>\"\n\
             \n[notify.sms]\nserver = \"127.0.0.1:{}\"\nsystem_id = \"tessera\"\nsender = \"TESSERA\"\n\n[ops]\n",
            mail.address.port(),
            sms.address.port()
        );
        let mut all = vec![
            ("\nanswer_within = \"7s\"", "\nanswer_within = \"2s\""),
            ("\norder_wait = \"3s\"", "\norder_wait = \"1s\""),
            ("\ntries_per_address = 30", "\ntries_per_address = 1000"),
            ("\nlevel = \"info\"", "\nlevel = \"debug\""),
            ("\n[ops]\n", &notify),
        ];
        all.extend_from_slice(of_switch);
        let mut rig = Rig::with(0, 0, &all);
        rig.start_host(&[]);
        rig.start_switch();
        rig.wait_until_ready();
        let affiliated = free_port();
        let wallet = rig.start_wallet(affiliated, changes);
        let shops = rig.start_shop(affiliated, &wallet.origin);
        Self {
            shops,
            wallet,
            rig,
            mail,
            sms,
        }
    }

    /// An address of the affiliated shop.
    pub fn teacup(&self, path: &str) -> String {
        format!("http://{}{path}", self.shops.affiliated)
    }

    /// An address of the shop that takes cards.
    pub fn lantern(&self, path: &str) -> String {
        format!("http://{}{path}", self.shops.unaffiliated)
    }

    /// What the financial system has given to wallets from the source that ends so, less what it got back, in minor units.
    pub fn given_from(&self, ending: &str) -> i64 {
        let answer = http_get(self.rig.addresses.tally, "/sources");
        let lines = answer.lines().filter(|line| line.starts_with('{'));
        let mut rows = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let row = rows.find(|row| {
            row["number"]
                .as_str()
                .is_some_and(|number| number.ends_with(ending))
        });
        let row = row.unwrap_or_else(|| panic!("no {ending} in {answer}"));
        row["given"].as_i64().expect("minor units")
    }
}
