//! What a value may be beyond its type: the bounds, and the keys that must fit together.

use std::time::Duration;

use super::bounds::{Breach, DAY, HOUR, MILLISECOND, SECOND, count, in_order, size, span};
use super::certificate::fingerprint;
use super::settings::WORKERS_MAX;
use super::{Environment, Settings};
use super::{notify, origin};

/// Checks everything but the parties.
pub(super) fn check(settings: &Settings) -> Result<(), Breach> {
    counts(settings)?;
    durations(settings)?;
    sizes(settings)?;
    fits_together(settings)?;
    host_address(settings)?;
    listeners(settings)?;
    certificates(settings)?;
    if let Some(cluster) = &settings.cluster {
        cluster.check(settings.environment == Environment::Development)?;
    }
    if settings.sandbox.play && settings.environment != Environment::Development {
        let why = "must be false unless environment = \"development\"";
        return Err(Breach::new("sandbox.play", why));
    }
    one_push_key(settings)?;
    notify::check(&settings.notify, settings.environment)
}

/// Browsers that one node of a cluster has added are sent to by another.
fn one_push_key(settings: &Settings) -> Result<(), Breach> {
    match &settings.notify.web_push {
        Some(web_push) if settings.cluster.is_some() && web_push.key_file.is_none() => {
            let why = "missing: in a cluster, a copy of the same file on each node";
            Err(Breach::new("notify.web_push.key_file", why))
        }
        Some(_) | None => Ok(()),
    }
}

fn certificates(settings: &Settings) -> Result<(), Breach> {
    let leased = &settings.leased;
    let unreadable = leased
        .certificate_fingerprints
        .iter()
        .find(|text| fingerprint(text).is_none());
    if let Some(text) = unreadable {
        let why = format!(
            "{text:?} is not a SHA-256 fingerprint: 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` prints them"
        );
        return Err(Breach::new("leased.certificate_fingerprints", why));
    }
    for (key, list) in [
        ("leased.certificate_subjects", &leased.certificate_subjects),
        ("leased.certificate_names", &leased.certificate_names),
    ] {
        if list.iter().any(|text| text.trim().is_empty()) {
            return Err(Breach::new(key, "an empty text matches no certificate"));
        }
    }
    if let Some(origin) = &leased.origin
        && let Some(flaw) = origin::flaw(origin)
    {
        return Err(Breach::new("leased.origin", format!("{origin:?}: {flaw}")));
    }
    Ok(())
}

fn counts(settings: &Settings) -> Result<(), Breach> {
    let Settings {
        mall, leased, host, ..
    } = settings;
    let many = 1..=1_000_000;
    for (key, value, allowed) in [
        ("workers", settings.workers, 0..=WORKERS_MAX),
        ("partitions", usize::from(settings.partitions), 1..=4_096),
        ("mall.connections_max", mall.connections_max, many.clone()),
        ("mall.unsigned_max", mall.unsigned_max, many.clone()),
        (
            "mall.unsigned_known_max",
            mall.unsigned_known_max,
            many.clone(),
        ),
        (
            "mall.unsigned_per_address_max",
            mall.unsigned_per_address_max,
            many.clone(),
        ),
        ("mall.in_flight_max", mall.in_flight_max, many.clone()),
        (
            "mall.connections_per_party_max",
            mall.connections_per_party_max,
            many.clone(),
        ),
        (
            "mall.in_flight_per_party_max",
            mall.in_flight_per_party_max,
            many.clone(),
        ),
        (
            "mall.in_flight_per_connection_max",
            mall.in_flight_per_connection_max,
            1..=65_536,
        ),
        ("leased.connections_max", leased.connections_max, 1..=1_024),
        ("leased.in_flight_max", leased.in_flight_max, 1..=65_536),
        ("leased.password_threads", leased.password_threads, 1..=64),
        (
            "leased.passwords_waiting_max",
            leased.passwords_waiting_max,
            1..=65_536,
        ),
        (
            "leased.tries_per_account",
            leased.tries_per_account as usize,
            1..=1_000,
        ),
        (
            "leased.tries_per_address",
            leased.tries_per_address as usize,
            1..=1_000_000,
        ),
        ("host.lines_per_worker", host.lines_per_worker, 1..=16),
        // A trace number has six digits, and half of the numbers must be free.
        ("host.in_flight_max", host.in_flight_max, 1..=500_000),
        (
            "host.repeats_in_flight_max",
            host.repeats_in_flight_max,
            1..=65_536,
        ),
    ] {
        count(key, value, allowed)?;
    }
    Ok(())
}

fn durations(settings: &Settings) -> Result<(), Breach> {
    let Settings {
        mall,
        leased,
        host,
        store,
        ..
    } = settings;
    for (key, value, least, most) in [
        ("leased.session_idle", leased.session_idle, SECOND, 30 * DAY),
        (
            "leased.session_max_age",
            leased.session_max_age,
            SECOND,
            365 * DAY,
        ),
        ("leased.confirmed_for", leased.confirmed_for, SECOND, HOUR),
        (
            "mall.sign_on_within",
            mall.sign_on_within,
            MILLISECOND,
            HOUR,
        ),
        ("mall.frame_within", mall.frame_within, MILLISECOND, HOUR),
        ("mall.idle_for", mall.idle_for, MILLISECOND, DAY),
        (
            "mall.answer_within",
            mall.answer_within,
            10 * MILLISECOND,
            HOUR,
        ),
        ("mall.clock_window", mall.clock_window, SECOND, DAY),
        (
            "mall.key_overlap",
            mall.key_overlap,
            Duration::ZERO,
            90 * DAY,
        ),
        ("mall.order_wait", mall.order_wait, Duration::ZERO, HOUR),
        ("mall.order_valid_for", mall.order_valid_for, SECOND, DAY),
        ("mall.hold_valid_for", mall.hold_valid_for, SECOND, 90 * DAY),
        ("mall.write_stall", mall.write_stall, MILLISECOND, HOUR),
        ("mall.slow_down_min", mall.slow_down_min, MILLISECOND, HOUR),
        ("mall.slow_down_max", mall.slow_down_max, MILLISECOND, HOUR),
        (
            "host.connect_within",
            host.connect_within,
            10 * MILLISECOND,
            HOUR,
        ),
        ("host.echo_after", host.echo_after, 10 * MILLISECOND, HOUR),
        ("host.reconnect_min", host.reconnect_min, MILLISECOND, HOUR),
        ("host.reconnect_max", host.reconnect_max, MILLISECOND, HOUR),
        ("host.repeat_min", host.repeat_min, MILLISECOND, HOUR),
        (
            "host.renew_cards_before",
            host.renew_cards_before,
            Duration::ZERO,
            3_650 * DAY,
        ),
        (
            "host.reconcile_after",
            host.reconcile_after,
            Duration::ZERO,
            DAY,
        ),
        ("host.repeat_max", host.repeat_max, MILLISECOND, DAY),
        (
            "store.checkpoint_every",
            store.checkpoint_every,
            10 * MILLISECOND,
            HOUR,
        ),
        ("store.idle_after", store.idle_after, 10 * MILLISECOND, DAY),
        (
            "store.snapshot_every",
            store.snapshot_every,
            1_000 * MILLISECOND,
            365 * DAY,
        ),
        (
            "journal.keep",
            settings.journal.keep,
            Duration::ZERO,
            36_500 * DAY,
        ),
        // Duplicates and reversals are recognised for 24 hours.
        (
            "store.transactions_kept",
            store.transactions_kept,
            DAY,
            3_650 * DAY,
        ),
    ] {
        span(key, value, least..=most)?;
    }
    Ok(())
}

fn sizes(settings: &Settings) -> Result<(), Breach> {
    for (key, value, allowed) in [
        (
            "journal.segment_bytes",
            settings.journal.segment_bytes,
            64 << 10..=16 << 30,
        ),
        (
            "store.snapshot_bytes",
            settings.store.snapshot_bytes,
            64 << 10..=1 << 50,
        ),
        (
            "store.cache_bytes",
            settings.store.cache_bytes,
            1 << 20..=1 << 40,
        ),
    ] {
        size(key, value, allowed)?;
    }
    Ok(())
}

/// Pairs of keys of which the first may not exceed the second.
fn fits_together(settings: &Settings) -> Result<(), Breach> {
    let Settings { mall, host, .. } = settings;
    for (lower, low, upper, high) in [
        (
            "mall.order_wait",
            mall.order_wait,
            "mall.answer_within",
            mall.answer_within,
        ),
        (
            "mall.slow_down_min",
            mall.slow_down_min,
            "mall.slow_down_max",
            mall.slow_down_max,
        ),
        (
            "host.reconnect_min",
            host.reconnect_min,
            "host.reconnect_max",
            host.reconnect_max,
        ),
        (
            "host.repeat_min",
            host.repeat_min,
            "host.repeat_max",
            host.repeat_max,
        ),
    ] {
        in_order(lower, low, upper, high)?;
    }
    // What a reversal, or a message that is tried again, needs stays in the journal.
    let keep = settings.journal.keep;
    for (lower, low) in [
        ("store.transactions_kept", settings.store.transactions_kept),
        ("notify.give_up_after", settings.notify.give_up_after),
    ] {
        if !keep.is_zero() {
            in_order(lower, low, "journal.keep", keep)?;
        }
    }
    Ok(())
}

fn host_address(settings: &Settings) -> Result<(), Breach> {
    let port = settings
        .host
        .address
        .rsplit_once(':')
        .and_then(|(name, port)| {
            (!name.is_empty())
                .then(|| port.parse::<u16>().ok())
                .flatten()
        });
    if port.is_none_or(|port| port == 0) {
        return Err(Breach::new(
            "host.address",
            "a name or address and a port, as in \"host.example:7583\"",
        ));
    }
    rustls::pki_types::ServerName::try_from(settings.host.server_name.as_str())
        .map(drop)
        .map_err(|_| Breach::new("host.server_name", "neither a DNS name nor an IP address"))
}

/// Each listener has an address of its own; port 0 means any that is free.
fn listeners(settings: &Settings) -> Result<(), Breach> {
    let tls = settings.mall.tls.as_ref();
    let listeners: Vec<_> = [
        ("mall.listen", settings.mall.listen),
        ("leased.listen", settings.leased.listen),
        ("ops.listen", settings.ops.listen),
    ]
    .into_iter()
    .chain(tls.map(|tls| ("mall.tls.listen", tls.listen)))
    .collect();
    for (index, (key, address)) in listeners.iter().enumerate() {
        let taken = listeners[..index]
            .iter()
            .find(|(_, other)| other == address && other.port() != 0);
        if let Some((other, _)) = taken {
            return Err(Breach::new(*key, format!("is also {other}")));
        }
    }
    Ok(())
}
