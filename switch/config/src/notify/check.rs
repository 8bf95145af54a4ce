//! What the values of `[notify]` may be beyond their types.

use std::net::IpAddr;

use super::{EmailSettings, EmailTls, NotifySettings, SENDER, SmsSettings, named, web_push};
use crate::bounds::{
    Breach, DAY, HOUR, MILLISECOND, SECOND, count, in_order, span, text_is_printable,
};
use crate::environment::Environment;

/// Bytes of a system id and a system type, their final zero not counted.
const SYSTEM_ID_MAX: usize = 15;
const SYSTEM_TYPE_MAX: usize = 12;
/// Characters of a sender that is a name, and digits of one that is a number.
const SENDER_NAME_MAX: usize = 11;
const SENDER_DIGITS_MAX: usize = 15;

/// What types alone cannot refuse.
pub(crate) fn check(notify: &NotifySettings, environment: Environment) -> Result<(), Breach> {
    count("notify.batch", notify.batch, 1..=10_000)?;
    span(
        "notify.retry_min",
        notify.retry_min,
        10 * MILLISECOND..=HOUR,
    )?;
    span("notify.retry_max", notify.retry_max, 10 * MILLISECOND..=DAY)?;
    span(
        "notify.give_up_after",
        notify.give_up_after,
        SECOND..=30 * DAY,
    )?;
    in_order(
        "notify.retry_min",
        notify.retry_min,
        "notify.retry_max",
        notify.retry_max,
    )?;
    if let Some(email) = &notify.email {
        check_email(email, environment)?;
    }
    notify.sms.as_ref().map_or(Ok(()), check_sms)?;
    let settings = notify.web_push.as_ref();
    settings.map_or(Ok(()), |settings| web_push::check(settings, environment))
}

fn check_email(email: &EmailSettings, environment: Environment) -> Result<(), Breach> {
    server("notify.email", &email.server, email.server_name())?;
    if email.from.is_empty() {
        return Err(Breach::new(
            "notify.email.from",
            format!("missing: {SENDER}"),
        ));
    }
    if email.sender().is_err() {
        return Err(Breach::new("notify.email.from", SENDER));
    }
    if email.user.is_some() != email.password_file.is_some() {
        let why = "user and password_file go together";
        return Err(Breach::new("notify.email.user", why));
    }
    if email.tls == EmailTls::Plain {
        let name = named(None, &email.server);
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let here = name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback());
        if environment != Environment::Development || !here {
            let why = "only in a development configuration, and only to a loopback address as in \"127.0.0.1:1025\"";
            return Err(Breach::new("notify.email.tls", why));
        }
    }
    count(
        "notify.email.connections_max",
        email.connections_max,
        1..=256,
    )?;
    for (key, value) in [
        ("notify.email.connect_within", email.connect_within),
        ("notify.email.answer_within", email.answer_within),
        ("notify.email.idle_for", email.idle_for),
    ] {
        span(key, value, 10 * MILLISECOND..=HOUR)?;
    }
    Ok(())
}

fn check_sms(sms: &SmsSettings) -> Result<(), Breach> {
    server("notify.sms", &sms.server, sms.server_name())?;
    let printable = text_is_printable;
    if sms.system_id.is_empty() || !printable(&sms.system_id, SYSTEM_ID_MAX) {
        let why = format!("must be 1 to {SYSTEM_ID_MAX} printable ASCII characters");
        return Err(Breach::new("notify.sms.system_id", why));
    }
    if !printable(&sms.system_type, SYSTEM_TYPE_MAX) {
        let why = format!("must be up to {SYSTEM_TYPE_MAX} printable ASCII characters");
        return Err(Breach::new("notify.sms.system_type", why));
    }
    if !is_sender(&sms.sender) {
        let why = "must be a name of 1 to 11 letters, digits and spaces, a short code, or a number as in \"+491701234567\"";
        return Err(Breach::new("notify.sms.sender", why));
    }
    let rate = usize::try_from(sms.messages_per_second).unwrap_or(usize::MAX);
    count("notify.sms.messages_per_second", rate, 1..=10_000)?;
    count("notify.sms.window", sms.window, 1..=1_000)?;
    for (key, value) in [
        ("notify.sms.enquire_after", sms.enquire_after),
        ("notify.sms.connect_within", sms.connect_within),
        ("notify.sms.answer_within", sms.answer_within),
        ("notify.sms.reconnect_min", sms.reconnect_min),
        ("notify.sms.reconnect_max", sms.reconnect_max),
    ] {
        span(key, value, 10 * MILLISECOND..=HOUR)?;
    }
    in_order(
        "notify.sms.reconnect_min",
        sms.reconnect_min,
        "notify.sms.reconnect_max",
        sms.reconnect_max,
    )
}

fn is_sender(text: &str) -> bool {
    let digits = |text: &str| {
        (1..=SENDER_DIGITS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let name = text.len() <= SENDER_NAME_MAX
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
    name || digits(text.strip_prefix('+').unwrap_or(text))
}

fn server(table: &str, address: &str, name: &str) -> Result<(), Breach> {
    let key = format!("{table}.server");
    let looks = "a name or address and a port, as in \"mail.example:587\"";
    if address.is_empty() {
        return Err(Breach::new(key, format!("missing: {looks}")));
    }
    let port = address.rsplit_once(':');
    let port =
        port.and_then(|(name, port)| (!name.is_empty()).then(|| port.parse::<u16>().ok())?);
    if port.is_none_or(|port| port == 0) {
        return Err(Breach::new(key, looks));
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    match rustls::pki_types::ServerName::try_from(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(Breach::new(
            format!("{table}.server_name"),
            "neither a DNS name nor an IP address",
        )),
    }
}
