//! The page of one transaction: what it was, what has happened to it, and what to do where the payer does not recognise it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::{parts, transactions};
use crate::history::{Kind, Outcome, Step, Transaction};
use crate::texts::{transaction as text, transactions as list};
use crate::web::fields::summary;
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish};
use crate::web::{App, Member, Posted, Trouble, answer};

/// `/transactions/{reference}`
pub async fn page(
    app: Data<App>,
    member: Member,
    reference: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let say = Say::done(request.query_string());
    show(&app, &member, &reference, say).await
}

async fn show(
    app: &App,
    member: &Member,
    reference: &str,
    say: Say,
) -> Result<HttpResponse, Trouble> {
    let found = transactions::find(app, member, reference).await?;
    let transaction = found.ok_or(Trouble::NotFound)?;
    let title = parts::name(app, &transaction);
    let body = html! {
        p.back { a href="/transactions" { (text::BACK) } }
        (summary(&say))
        div.single {
            h1 { (title) }
            p.figure.failed[matches!(transaction.outcome, Outcome::Failed(_))] {
                (parts::amount(app, member.locale(), &transaction))
            }
            p.lead id="state" { (parts::state(app, member.locale(), &transaction)) }
            (facts(app, member, &transaction))
            section { h2 { (text::STEPS) } (steps(app, member, &transaction)) }
            (dispute(member, &transaction))
        }
    };
    let page = layout::member(
        &title,
        "/transactions",
        &member.token(),
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

fn facts(app: &App, member: &Member, transaction: &Transaction) -> Markup {
    let locale = member.locale();
    let money = |minor| locale.money(app.money(minor));
    let original = !transaction.original.is_empty();
    html! {
        dl.facts {
            dt { (text::KIND) } dd { (list::kind(transaction.kind)) }
            dt { (text::WHEN) } dd { (parts::time(locale, transaction.at)) }
            dt { (text::AMOUNT) } dd { (money(transaction.amount)) }
            dt { (text::FEE) } dd { (text::NO_FEE) }
            dt { (text::CHANGE) } dd { (locale.signed(transaction.moved, |minor| app.money(minor))) }
            @if !transaction.acceptor.is_empty() {
                dt { (text::MALL) } dd { (parts::mall(app, transaction)) }
                dt { (text::MALL_ID) } dd { (transaction.acceptor) }
            }
            @if !transaction.text.is_empty() { dt { (text::WHAT) } dd { (transaction.text) } }
            @if !transaction.card.is_empty() {
                dt { (text::PAID_WITH) } dd { (list::CARD_ENDING) " " (transaction.card) }
            }
            @if original {
                dt { (text::ORIGINAL) }
                dd { a href={ "/transactions/" (transaction.original) } { (transaction.original) } }
            }
            @if !transaction.retrieval.is_empty() {
                dt { (text::MALLS_REFERENCE) } dd { code { (transaction.retrieval) } }
            }
            @if !transaction.reference.is_empty() {
                dt { (text::REFERENCE) } dd { code id="reference" { (transaction.reference) } }
            }
        }
    }
}

fn steps(app: &App, member: &Member, transaction: &Transaction) -> Markup {
    let locale = member.locale();
    let money = |minor| locale.money(app.money(minor));
    let words = |step: &Step| text::step(transaction, step, money);
    html! {
        ol.steps {
            @for step in &transaction.steps {
                li {
                    (parts::time(locale, step.at)) " "
                    span {
                        (words(step))
                        @if !step.reference.is_empty() {
                            " " a href={ "/transactions/" (step.reference) } { (text::MORE) }
                        }
                    }
                }
            }
        }
    }
}

fn dispute(member: &Member, transaction: &Transaction) -> Markup {
    let action = format!("/transactions/{}/report", transaction.reference);
    html! {
        @if transaction.disputed_at().is_some() {
            p.warning id="disputed" { (text::DISPUTED) " " a href="/limits" { (text::UNFREEZE) } }
        } @else if transaction.kind == Kind::Purchase {
            details.fold id="unknown" {
                summary { (text::UNKNOWN) }
                p { (text::UNKNOWN_LEAD) }
                (form("dispute", &action, &member.token(), &html! {
                    button.second type="submit" { (text::DISPUTE) }
                }))
            }
        }
    }
}

/// `POST /transactions/{reference}/report`: without the password, so that it is done at once.
pub async fn report(
    app: Data<App>,
    member: Member,
    reference: Path<String>,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let found = transactions::find(&app, &member, &reference).await?;
    let transaction = found
        .filter(|found| found.kind == Kind::Purchase)
        .ok_or(Trouble::NotFound)?;
    let then = format!("/transactions/{}?done=disputed", transaction.reference);
    if transaction.disputed_at().is_some() {
        return Ok(answer::see_other(&then));
    }
    let done = app
        .switch
        .dispute(&member.session, &transaction.reference)
        .await;
    finish(
        async |app, member, say| show(app, member, &reference, say).await,
        &app,
        &member,
        ("dispute", &posted),
        done,
        &then,
    )
    .await
}
