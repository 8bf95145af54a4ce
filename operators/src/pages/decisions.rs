//! What operators did, with who and why: about all wallets and about single ones, out of the journal.

use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use tessera_kit::clock;
use tessera_kit::clock::Timestamp;
use tessera_ledger::WalletId;
use tessera_ledger::moment::{parse, rfc_3339};
use tessera_protocol::mask_card_numbers;
use tessera_switch::ops::decisions::{DECISIONS_MAX, decisions};

use crate::web::table::{empty, table, time};
use crate::web::{Operator, Trouble, query};

/// `GET /decisions`: those before a moment, or all.
///
/// # Errors
/// Where the journal can't be read.
pub async fn show(request: HttpRequest, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = query(request.query_string());
    let to = parse(form.text("to")).unwrap_or_else(|| clock::system().plus(1_000));
    let patience = operator.app.settings.list_within;
    let found = operator
        .app
        .switch
        .read(move |journal| decisions(journal, (Timestamp::EPOCH, to), patience))
        .await?;
    let found = found.map_err(|error| Trouble::Failed(error.to_string()))?;
    let rows: Vec<_> = found
        .facts
        .iter()
        .map(|(wallet, fact)| {
            vec![
                time(&fact.at),
                html! { (mask_card_numbers(&fact.what)) },
                html! { @if *wallet == WalletId::OPERATOR { "all" } @else { a href={ "/controls?wallet=" (wallet.0) } { (wallet.0) } } },
                html! { (mask_card_numbers(&fact.by)) },
                html! { (mask_card_numbers(&fact.reason)) },
            ]
        })
        .collect();
    let older = found
        .goes_on
        .map(|at| format!("/decisions?to={}", rfc_3339(at)));
    let body = html! {
        h1 { "What operators did" }
        section {
            p.lead { "All that operators have done, at the console and by the command, as the journal has it, the newest first. A name in front is the user of the system whose program asked; " em { "at the console" } " names the account." }
            @if found.gave_up { (empty("That is too much to read", "The journal has too many records to look through in a moment: see the blocks of all wallets, or of one.")) }
            @else if rows.is_empty() { (empty("Nothing", "Operators did nothing in what was looked through.")) }
            @else { (table("What operators did", &["When", "What", "Wallet", "By", "Reason"], &rows)) }
            @if let Some(older) = older.filter(|_| !found.gave_up) { p.paging { a href=(older) { "Older ones" } " " span.hint { "At most " (DECISIONS_MAX) " are shown, and at most as many records are read as " code { "list_within" } " allows." } } }
        }
    };
    Ok(operator.page("What operators did", "/decisions", &body))
}
