//! Malls and acquirers: their profiles, their connections, and what is wrong with them.

use actix_web::HttpResponse;
use maud::{Markup, html};
use tessera_config::{Acceptors, Party, PartyKind, Transport};

use crate::watch::samples::Samples;
use crate::web::table::{empty, table};
use crate::web::{Operator, Trouble};

/// `GET /parties`.
///
/// # Errors
/// Where the profiles can't be read.
pub async fn show(operator: Operator) -> Result<HttpResponse, Trouble> {
    let parties = operator.app.switch.parties().await?;
    let view = operator.view();
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
        section aria-labelledby="line" {
            h2 id="line" { "Connections of all" }
            @if let Some(samples) = view.samples() { (all(samples)) }
        }
    };
    Ok(operator.page("Parties", "/parties", &body))
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
