//! Why a case is not played with this party at this target.

use super::case::{Case, Need};
use super::party::{Kind, Party};

/// What the target offers.
#[derive(Debug, Clone)]
pub struct Offers {
    /// Why nobody can pay; none where somebody can.
    pub no_payer: Option<String>,
    /// Whether the target plays the sandbox.
    pub sandbox: bool,
    /// Whether cases of minutes are played.
    pub long: bool,
}

/// The first thing that a case needs and does not have, in words.
pub fn missing(case: &Case, party: &Party, offers: &Offers) -> Option<String> {
    case.needs
        .iter()
        .find_map(|need| lacks(*need, party, offers))
}

fn lacks(need: Need, party: &Party, offers: &Offers) -> Option<String> {
    let (has, why) = match need {
        Need::Payer => return offers.no_payer.clone(),
        Need::Acquirer => (
            party.kind == Kind::Acquirer,
            "it is about card numbers, and a mall names orders".to_owned(),
        ),
        Need::Mall => (
            party.kind == Kind::Mall,
            "it is about orders, and an acquirer names cards".to_owned(),
        ),
        Need::MacKey => (party.key.is_some(), "the party has no MAC key".to_owned()),
        Need::NoMacKey => (party.key.is_none(), "the party has a MAC key".to_owned()),
        Need::KeyEncryptingKey => (
            party.wrapping.is_some(),
            "the party's profile has no key_encrypting_key".to_owned(),
        ),
        Need::NoKeyEncryptingKey => (
            party.wrapping.is_none(),
            "the party's profile has a key_encrypting_key".to_owned(),
        ),
        Need::AmountMax => (
            party.amount_max.is_some(),
            "the party's profile has no amount_max".to_owned(),
        ),
        Need::OwnAcceptors => (
            party.acceptor_checked,
            "the party may name any card acceptor".to_owned(),
        ),
        Need::Sending(mti, code) => (
            party.may_send(mti, code),
            format!("the party's profile does not let it send {mti} with processing code {code}"),
        ),
        Need::Sandbox => (
            offers.sandbox,
            "sandbox: it needs a switch and a financial system that play outcomes (--sandbox)"
                .to_owned(),
        ),
        Need::Granted(grant) => (
            party.is_granted(grant),
            format!("the party's profile does not say {}", grant.key()),
        ),
        Need::NotGranted(grant) => (
            !party.is_granted(grant),
            format!("the party's profile says {}", grant.key()),
        ),
        Need::Controlled(control) => (
            party.controls.have(control),
            format!("nothing in the profile's [controls] {}", control.words()),
        ),
        Need::Last => return None,
        Need::Long => (offers.long, "it takes minutes (--long)".to_owned()),
        Need::Alone(most) => (
            party.connections_max <= most,
            format!(
                "the party may have {} connections, more than {most}",
                party.connections_max
            ),
        ),
    };
    (!has).then_some(why)
}
