//! Passkeys, without any cryptography.

use tessera_protocol::leased::{Operation, PasskeyRow, tag};

use super::{Given, Reply, Wallet, Wallets};

/// What the fake authenticators answer.
pub const CHALLENGE: &str = "Y2hhbGxlbmdl";

pub(super) fn refused_passkey(why: Option<&str>) -> Reply {
    let mut reply = Reply::code("63");
    reply.reason = why
        .unwrap_or("no such passkey, or it has signed something else")
        .into();
    reply
}

pub(super) fn no_passkeys() -> Reply {
    let mut reply = Reply::code("12");
    reply.reason = "passkeys are not configured".into();
    reply
}

impl Wallets {
    pub(super) fn sign_in_by_passkey(&mut self, given: &Given) -> Reply {
        let (refusal, id) = (self.passkey_refusal, given.text(tag::PASSKEY));
        let known = |wallet: &Wallet| {
            let mut passkeys = wallet.passkeys.iter();
            passkeys.any(|(known, _)| known == id) && wallet.has_signed(given)
        };
        let found = self.all.iter().find(|(number, wallet)| {
            known(wallet) && given.text(tag::PASSKEY_USER) == format!("user-{number}")
        });
        match (found.map(|(number, _)| *number), refusal) {
            (Some(number), None) => self.open(number, given),
            _ => refused_passkey(refusal),
        }
    }
}

impl Wallet {
    /// What the fake authenticators of the tests sign with.
    pub(super) fn has_signed(&self, given: &Given) -> bool {
        let id = given.text(tag::PASSKEY);
        let mut passkeys = self.passkeys.iter();
        passkeys.any(|(known, _)| known == id)
            && given.text(tag::CLIENT_DATA) == CHALLENGE
            && given.text(tag::AUTHENTICATOR) == "data.signature"
    }

    pub(super) fn of_passkeys(
        &mut self,
        operation: Operation,
        given: &Given,
        number: u32,
    ) -> Reply {
        let ids = |reply: Reply, wallet: &Self| {
            let passkeys = wallet.passkeys.iter();
            passkeys.fold(reply, |reply, (id, _)| reply.data(tag::PASSKEY, id))
        };
        let ok = || Reply::code("00");
        match operation {
            Operation::PasskeyChallenge => ids(ok().data(tag::CHALLENGE, CHALLENGE), self),
            Operation::BeginPasskey => {
                let user = u64::from_str_radix(&given.text(tag::SESSION)[..16], 16).unwrap();
                let reply = ok().data(tag::CHALLENGE, CHALLENGE);
                ids(reply.data(tag::PASSKEY_USER, format!("user-{user}")), self)
            }
            Operation::AddPasskey => {
                let number = self.passkeys.len() as u32 + 1;
                let row = PasskeyRow {
                    number,
                    added_at: 1_795_000_000_000,
                    used_at: 1_795_000_000_000,
                    synced: true,
                    name: given.text(tag::DEVICE).into(),
                };
                self.passkeys.push((format!("id-{number}"), row));
                ok()
            }
            Operation::RenamePasskey => {
                let mut found = self
                    .passkeys
                    .iter_mut()
                    .filter(|(_, row)| row.number == number);
                match found.next() {
                    Some((_, row)) => row.name = given.text(tag::DEVICE).into(),
                    None => return Reply::code("25"),
                }
                ok()
            }
            Operation::RemovePasskey => {
                self.passkeys.retain(|(_, row)| row.number != number);
                ok()
            }
            _ => self
                .passkeys
                .iter()
                .rev()
                .fold(ok(), |reply, (_, row)| reply.data(tag::PASSKEY_ROW, row)),
        }
    }
}
