//! Malls and acquirers: their profiles, their connections, and what is wrong with them.

use std::time::Duration;

use actix_web::HttpResponse;
use maud::{Markup, html};
use serde_json::Value;
use tessera_config::{Acceptors, Party, PartyKind, Transport};

use crate::watch::samples::Samples;
use crate::web::table::{empty, objects, table, text, time};
use crate::web::{Operator, Trouble};

/// `GET /parties`.
///
/// # Errors
/// Where the profiles can't be read.
pub async fn show(operator: Operator) -> Result<HttpResponse, Trouble> {
    let parties = operator.app.switch.parties().await?;
    let view = operator.view();
    let open = open(&operator, &parties).await;
    let rows: Vec<_> = parties
        .iter()
        .map(|party| row(party, view.samples()))
        .collect();
    let body = html! {
        h1 { "Parties" }
        section {
            p.lead { "Malls and acquirers, as their files say now. The switch reads the files at its start and at SIGHUP." }
            @if view.samples().is_none() { div.wrong { p { "The switch does not answer: nothing is known of connections." } } }
            @if rows.is_empty() {
                (empty("No party", "The folder of the profiles is empty: see “Parties” in the operations guide."))
            } @else {
                (table("Parties", &["Party", "Code", "Kind", "Connections", "Under way", "Wrong MACs", "Sign-ons refused", "Key changes", "Transport", "Speaks for"], &rows))
            }
            p.hint { "Wrong MACs, refused sign-ons and key changes count from the start of the switch." }
        }
        section aria-labelledby="open" {
            h2 id="open" { "Open connections" }
            (open)
        }
        section aria-labelledby="line" {
            h2 id="line" { "Connections of all" }
            @if let Some(samples) = view.samples() { (all(samples)) }
        }
    };
    Ok(operator.page("Parties", "/parties", &body))
}

/// Each connection, as the switch lists them: those of a party together, and behind them those that nobody has signed on over.
async fn open(operator: &Operator, parties: &[Party]) -> Markup {
    let list = match operator.app.switch.list("/connections").await {
        Ok(list) => list,
        Err(error) => {
            return html! { div.wrong { p { "The connections are not known: " (Trouble::from(error).to_string()) } } };
        }
    };
    let listed = objects(&list["connections"]);
    let total = list["open"].as_u64().unwrap_or_default();
    let rows: Vec<_> = listed.iter().map(|one| connection(one, parties)).collect();
    html! {
        @if rows.is_empty() { (empty("None", "No mall and no acquirer is connected.")) }
        @else {
            (table("Open connections", &["Party", "From", "Since", "State", "Under way", "Last message", "TLS"], &rows))
            @if total > listed.len() as u64 { p.hint { "The first " (listed.len()) " of " (total) ", by party and age." } }
            p.hint { "An address behind a load balancer is that which it states (" code { "proxy_protocol_from" } "). The lines of wallet servers are not shown." }
        }
    }
}

fn connection(one: &Value, parties: &[Party]) -> Vec<Markup> {
    let code = text(one, "party");
    let party = parties
        .iter()
        .find(|party| party.code.to_string() == code)
        .map(|party| party.name.as_str());
    let (is_tls, subject) = (one["tls"].as_bool() == Some(true), text(one, "subject"));
    let silent = Duration::from_secs(one["silent_seconds"].as_u64().unwrap_or_default());
    vec![
        html! {
            @match (party, code.as_str()) {
                (_, "") => { span.soft { "not known yet" } }
                (Some(name), _) => { strong { (name) } }
                (None, code) => { code { (code) } }
            }
        },
        html! { code { (text(one, "address")) } },
        time(&text(one, "since")),
        html! {
            @match (one["signed_on"].as_bool(), code.as_str()) {
                (Some(true), _) => { span.good { "signed on" } }
                (_, "") => { span.bad { "not signed on" } }
                _ => { span.soft { "signed off" } }
            }
        },
        html! { (text(one, "in_flight")) },
        html! { (ago(silent)) },
        html! {
            @match (is_tls, subject.as_str()) {
                (false, _) => { span.soft { "no" } }
                (true, "") => { "without a certificate" }
                (true, subject) => { (subject) }
            }
        },
    ]
}

/// How long ago, for a look at it.
fn ago(silent: Duration) -> String {
    match silent.as_secs() {
        0..2 => "now".to_owned(),
        seconds @ 2..120 => format!("{seconds} s ago"),
        seconds @ 120..7_200 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3_600),
    }
}

fn row(party: &Party, samples: Option<&Samples>) -> Vec<Markup> {
    let of = |metric: &str| {
        let samples = samples?;
        let named = samples
            .of(metric)
            .filter(|sample| sample.label("party") == party.name);
        Some(named.map(|sample| sample.value).sum::<f64>())
    };
    let shown = |metric: &str, bad: bool| {
        let value = of(metric);
        html! { span.bad[bad && value.is_some_and(|value| value > 0.0)] { (value.map_or("–".to_owned(), |value| format!("{value:.0}"))) } }
    };
    let connections = of("tessera_party_connections");
    vec![
        html! { strong { (party.name) } },
        html! { code { (party.code) } },
        html! { @match party.kind { PartyKind::Mall => { "mall" } PartyKind::Acquirer => { "acquirer" } } },
        html! {
            @match connections {
                None => { "–" }
                Some(0.0) => { span.soft { "none" } }
                Some(number) => { (format!("{number:.0}")) " of " (party.connections_max) }
            }
        },
        shown("tessera_party_requests_in_flight", false),
        shown("tessera_party_mac_failures_total", true),
        shown("tessera_party_sign_ons_refused_total", true),
        shown("tessera_party_key_changes_total", false),
        html! { @match party.transport { Transport::Any => { "any" } Transport::Plain => { "plain" } Transport::Tls => { "TLS" } } },
        html! {
            @match &party.acceptors {
                Acceptors::Any => { "any card acceptor" }
                Acceptors::List(listed) => { (listed.len()) " card acceptors" }
            }
        },
    ]
}

fn all(samples: &Samples) -> Markup {
    let sum = |metric: &str| format!("{:.0}", samples.sum(metric).unwrap_or_default());
    let reasons = |metric: &str| {
        let counted = samples.of(metric).filter(|sample| sample.value > 0.0);
        let words: Vec<_> = counted
            .map(|sample| {
                format!(
                    "{} {:.0}",
                    sample.label("reason").replace('_', " "),
                    sample.value
                )
            })
            .collect();
        match words.is_empty() {
            true => "none".to_owned(),
            false => words.join(", "),
        }
    };
    html! {
        dl.pairs {
            dt { "Accepted since the start" } dd { (sum("tessera_connections_accepted_total")) }
            dt { "Not signed on" } dd { (sum("tessera_connections_not_signed_on")) }
            dt { "Refused" } dd { (reasons("tessera_connections_refused_total")) }
            dt { "Closed" } dd { (reasons("tessera_connections_closed_total")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_in_the_unit_that_fits() {
        for (seconds, words) in [
            (0, "now"),
            (1, "now"),
            (2, "2 s ago"),
            (119, "119 s ago"),
            (120, "2 min ago"),
            (7_199, "119 min ago"),
            (7_200, "2 h ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), words);
        }
    }
}
