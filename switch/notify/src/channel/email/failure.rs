//! What a server's no means. Its own words are left out: they like to repeat the address.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Code;

use super::line::Excess;
use crate::channel::Failure;

/// RFC 4954: what a server that wants another identification says to anything.
const AUTHENTICATION: [u16; 4] = [530, 534, 535, 538];

/// A refusal while the connection was made: nothing about the message is known yet.
pub(super) fn of_connection(error: &Error) -> Failure {
    Failure::transient(format!(
        "no connection to the mail server: {}",
        words(error)
    ))
}

/// A refusal of the message.
pub(super) fn of_message(error: &Error) -> Failure {
    let reason = words(error);
    let authentication = error.status().map(number);
    if authentication.is_some_and(|code| AUTHENTICATION.contains(&code)) {
        return Failure::transient(reason);
    }
    // `is_client`: the server cannot take such an address or text at all.
    if error.is_permanent() || error.is_client() {
        Failure::permanent(reason)
    } else {
        Failure::transient(reason)
    }
}

fn words(error: &Error) -> String {
    if let Some(excess) = Excess::of(error) {
        return excess.to_string();
    }
    match error.status() {
        Some(code) => format!("the mail server answered {}", number(code)),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_tls() => "TLS with the mail server failed".to_owned(),
        None if error.is_response() => {
            "the mail server's answer was incomplete or invalid".to_owned()
        }
        None if error.is_client() => "the mail server lacks a required feature".to_owned(),
        None => "the connection to the mail server broke".to_owned(),
    }
}

fn number(code: Code) -> u16 {
    u16::from(code)
}
