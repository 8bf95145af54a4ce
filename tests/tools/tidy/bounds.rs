//! The limits that documents state, against constants and the shipped configuration.

use super::constants::{constant, field, quantities};
use super::read;

/// Where the code has a limit.
#[derive(Clone, Copy)]
enum Home {
    /// A key of `config/switch.toml`, with its section.
    Switch(&'static str),
    /// A key of `config/wallet.toml`.
    Wallet(&'static str),
    /// A constant: file and name.
    Constant(&'static str, &'static str),
    /// A field of a constant of `tessera-http`.
    Http(&'static str, &'static str),
}

use Home::{Constant, Http, Switch, Wallet};

/// The rows of the table in `ARCHITECTURE.md` by their first cells, and the homes of the numbers in their second cells, in
/// the order of the numbers.
const ROWS: &[(&str, &[Home])] = &[
    ("connections, all", &[Switch("mall.connections_max")]),
    (
        "connections that have not signed on",
        &[
            Switch("mall.unsigned_max"),
            Switch("mall.unsigned_per_address_max"),
            Constant("switch/src/mall/session.rs", "UNSIGNED_BYTES_MAX"),
        ],
    ),
    (
        "bytes of one party handled in a round",
        &[Constant("switch/src/mall/turns.rs", "ROUND_BYTES")],
    ),
    (
        "connections of a party",
        &[Switch("mall.connections_per_party_max")],
    ),
    (
        "read buffer of a connection",
        &[
            Constant("switch/src/mall/session.rs", "READ_BYTES_MIN"),
            Constant("switch/src/mall/session.rs", "READ_BYTES_MAX"),
            Constant("protocol/src/frame.rs", "FRAME_BYTES_MAX"),
        ],
    ),
    (
        "unanswered requests of a connection",
        &[Switch("mall.in_flight_per_connection_max")],
    ),
    (
        "unanswered requests of a party",
        &[Switch("mall.in_flight_per_party_max")],
    ),
    (
        "unanswered requests, all parties and the wallet server",
        &[
            Switch("mall.in_flight_max"),
            Constant("switch/admission/src/admitted.rs", "ALWAYS"),
        ],
    ),
    (
        "pause of a connection after wrong MACs",
        &[Switch("mall.slow_down_max")],
    ),
    (
        "outbox of a connection",
        &[
            Constant("switch/admission/src/connection.rs", "OUTBOX_BYTES_MAX"),
            Switch("mall.write_stall"),
        ],
    ),
    (
        "wallet server's line",
        &[
            Switch("leased.connections_max"),
            Constant("switch/admission/src/places.rs", "UNSIGNED_MAX"),
            Switch("leased.in_flight_max"),
        ],
    ),
    (
        "passwords that wait",
        &[Switch("leased.passwords_waiting_max")],
    ),
    (
        "requests of one account that wait for its tries under way",
        &[Constant(
            "switch/src/passwords/mod.rs",
            "WAITING_OF_ACCOUNT_MAX",
        )],
    ),
    (
        "answered challenges of passkeys, for 5 minutes",
        &[Constant("switch/src/passkeys/challenge.rs", "ANSWERED_MAX")],
    ),
    (
        "passkeys of a wallet",
        &[Constant("protocol/src/leased/mod.rs", "PASSKEYS_MAX")],
    ),
    (
        "browsers of a wallet that show notifications",
        &[Constant("protocol/src/leased/mod.rs", "BROWSERS_MAX")],
    ),
    (
        "counts of wrong passwords: accounts and addresses",
        &[Constant("switch/src/passwords/throttle.rs", "KEYS_MAX")],
    ),
    ("watched wallets", &[]),
    (
        "messages to payers in memory",
        &[Constant("switch/notify/src/state.rs", "IN_MEMORY_MAX")],
    ),
    ("messages to payers on their way", &[Switch("notify.batch")]),
    (
        "events of webhooks",
        &[
            Constant("switch/notify/src/webhook/service.rs", "WAITING_MAX"),
            Constant("switch/notify/src/webhook/service.rs", "UNDER_WAY_MAX"),
        ],
    ),
    (
        "wallet server: operations that wait for a line",
        &[Constant("wallet/src/line/queue.rs", "WAITING_MAX")],
    ),
    (
        "wallet server: open pages that follow their wallet",
        &[
            Wallet("live_views_max"),
            Constant("wallet/src/line/watch.rs", "VIEWS_OF_WALLET_MAX"),
        ],
    ),
    ("wallet server: long walks through a history", &[]),
    ("inbox of a worker, messages that wait for a wallet", &[]),
    (
        "purchases that wait for an order",
        &[Switch("mall.order_wait")],
    ),
    (
        "gathering batch of the journal",
        &[Constant("switch/journal/src/batch.rs", "RIPE_RECORDS")],
    ),
    ("gate", &[]),
    (
        "requests at the host, per worker",
        &[Switch("host.in_flight_max")],
    ),
    (
        "output of a line",
        &[Constant("switch/host/src/line.rs", "OUTPUT_BYTES_MAX")],
    ),
    (
        "requests passed between workers while lines are down",
        &[Constant("switch/host/src/links.rs", "BATCHES_MAX")],
    ),
    (
        "advices (store and forward)",
        &[Switch("host.repeats_in_flight_max")],
    ),
    (
        "e-mail connections",
        &[Switch("notify.email.connections_max")],
    ),
    (
        "short messages to the centre",
        &[
            Switch("notify.sms.window"),
            Switch("notify.sms.messages_per_second"),
        ],
    ),
    (
        "delivery receipts not yet processed",
        &[Constant("switch/notify/src/service.rs", "RECEIPTS_MAX")],
    ),
    (
        "snapshots on their way to the store",
        &[
            Constant("switch/store/src/checkpointer.rs", "UNDER_WAY_MAX"),
            Constant("switch/store/src/checkpointer.rs", "BATCH_MAX"),
        ],
    ),
    (
        "wallets in memory during recovery",
        &[Constant("switch/src/recovery/mod.rs", "WALLETS_MAX")],
    ),
    ("ended wallets whose keys are still to be destroyed", &[]),
    (
        "lines of the log, and of standard output",
        &[Constant("console/src/queue.rs", "WAITING_BYTES_MAX")],
    ),
    (
        "rows that the disk does not accept",
        &[Constant("switch/store/src/pending.rs", "BYTES_MAX")],
    ),
    (
        "journal files open for reading",
        &[Constant("switch/journal/src/shelf.rs", "OPEN_SEGMENTS_MAX")],
    ),
    (
        "connections of an HTTP port or socket (`tessera-http`)",
        &[
            Http("OPERATIONS", "connections_max"),
            Constant("simulators/src/mail/serve.rs", "CONNECTIONS_MAX"),
            Http("PAGES", "connections_max"),
            Wallet("connections_max"),
        ],
    ),
    (
        "an HTTP request",
        &[
            Http("OPERATIONS", "head_within"),
            Http("PAGES", "head_within"),
            Http("OPERATIONS", "body_within"),
            Http("PAGES", "body_within"),
            Http("OPERATIONS", "body_bytes_max"),
            Http("PAGES", "body_bytes_max"),
            Http("OPERATIONS", "answer_within"),
            Http("PAGES", "answer_within"),
            Http("PAGES", "idle_for"),
            Constant("http/src/line.rs", "HEAD_BYTES_MAX"),
        ],
    ),
    (
        "frame between two sides of a backup",
        &[
            Constant("switch/backup/src/frames.rs", "PIECE_BYTES_MAX"),
            Constant("switch/backup/src/manifest.rs", "MANIFEST_BYTES_MAX"),
            Constant("src/backup/receive.rs", "SILENCE_MAX"),
        ],
    ),
    (
        "reply of a mail server to one command",
        &[Constant(
            "switch/notify/src/channel/email/line.rs",
            "REPLY_BYTES_MAX",
        )],
    ),
    (
        "PDU of a message centre",
        &[Constant(
            "switch/notify/src/channel/sms/codec.rs",
            "PDU_BYTES_MAX",
        )],
    ),
    (
        "file of configuration, keys or certificates",
        &[Constant("common/src/bounded.rs", "FILE_BYTES_MAX")],
    ),
    (
        "files of parties",
        &[Constant("switch/config/src/parties/mod.rs", "PARTIES_MAX")],
    ),
];

/// A shipped configuration with the tables that stand behind a `#`.
fn configuration(file: &str) -> toml::Table {
    let uncommented = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    let text: String = read(file).lines().map(uncommented).collect();
    text.parse()
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A value as a number: sizes in bytes, times in milliseconds.
fn number(value: &toml::Value) -> Option<u64> {
    match value {
        toml::Value::Integer(number) => u64::try_from(*number).ok(),
        toml::Value::String(text) if text.starts_with(|first: char| first.is_ascii_digit()) => {
            let [number] = quantities(text)[..] else {
                return None;
            };
            Some(number)
        }
        _ => None,
    }
}

fn value(file: &str, key: &str) -> u64 {
    let mut at = toml::Value::Table(configuration(file));
    for part in key.split('.') {
        let inner = at.get(part);
        at = inner
            .unwrap_or_else(|| panic!("{file} has no {key}"))
            .clone();
    }
    number(&at).unwrap_or_else(|| panic!("{file}: {key} = {at}"))
}

impl Home {
    fn value(self) -> u64 {
        match self {
            Switch(key) => value("config/switch.toml", key),
            Wallet(key) => value("config/wallet.toml", key),
            Constant(file, name) => constant(file, name),
            Http(block, name) => field("http/src/limits.rs", block, name),
        }
    }
}

#[test]
fn the_limits_in_the_table_are_those_of_the_code() {
    let text = read("ARCHITECTURE.md");
    let (_, table) = text.split_once("### Limits and backpressure\n").unwrap();
    let rows = table
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .skip(2);
    let rows: Vec<(&str, &str)> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            let mut cells = row.split('|').map(str::trim).skip(1);
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    let places: Vec<_> = rows.iter().map(|(place, _)| *place).collect();
    let listed: Vec<_> = ROWS.iter().map(|(place, _)| *place).collect();
    assert_eq!(
        places, listed,
        "a row without a home in the code, or the other way round"
    );
    for ((place, bound), (_, homes)) in rows.iter().zip(ROWS) {
        let homes: Vec<_> = homes.iter().map(|home| home.value()).collect();
        assert_eq!(quantities(bound), homes, "{place}: {bound}");
    }
}

/// All values of a key, whatever its section.
fn values(table: &toml::Table, key: &str, into: &mut Vec<u64>) {
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => values(inner, key, into),
            _ if name == key => into.extend(number(value)),
            _ => {}
        }
    }
}

/// "`idle_after` (60 s)" and "`window` 10": in all documents, wherever the name is a key of a shipped configuration.
#[test]
fn a_key_that_is_named_with_its_value_has_it() {
    let configurations = ["config/switch.toml", "config/wallet.toml"].map(configuration);
    let mut compared = 0;
    for file in [
        "ARCHITECTURE.md",
        "README.md",
        "docs/operations.md",
        "docs/protocol.md",
        "docs/malls.md",
    ] {
        let text = read(file);
        let quoted: Vec<_> = text.split('`').collect();
        for pair in quoted.windows(2) {
            let [key, behind] = pair else { unreachable!() };
            let behind = behind
                .strip_prefix(" (")
                .or_else(|| behind.strip_prefix(' '));
            let behind = behind.unwrap_or_default();
            let mut shipped = Vec::new();
            for configuration in &configurations {
                values(configuration, key, &mut shipped);
            }
            let begins = behind.starts_with(|first: char| first.is_ascii_digit());
            if begins && !shipped.is_empty() {
                let stated = quantities(behind)[0];
                assert!(
                    shipped.contains(&stated),
                    "{file}: `{key}` {stated}, not {shipped:?}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 15, "{compared}");
}
