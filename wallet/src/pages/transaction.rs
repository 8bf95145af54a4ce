//! The page of one transaction: what it was, what has happened to it, and what to do where the payer does not recognise it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::{parts, transactions};
use crate::history::{Kind, Outcome, Step, Transaction};
use crate::web::fields::summary;
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish};
use crate::web::{App, Member, Posted, Trouble, answer};
use crate::words;
use tessera_texts::{transaction as text, transactions as list};

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
    let locale = member.locale();
    let title = parts::name(app, &transaction);
    let body = html! {
        p.back { a href="/transactions" { (locale.say(text::BACK)) } }
        (summary(locale, &say))
        div.single {
            h1 { (locale.say(&title)) }
            p.figure.failed[matches!(transaction.outcome, Outcome::Failed(_))] {
                (parts::amount(app, locale, &transaction))
            }
            p.lead id="state" { (locale.say(parts::state(app, locale, &transaction))) }
            (facts(app, member, &transaction))
            section { h2 { (locale.say(text::STEPS)) } (steps(app, member, &transaction)) }
            (dispute(member, &transaction))
        }
    };
    let page = layout::member(
        locale,
        title,
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
            dt { (locale.say(text::KIND)) } dd { (locale.say(words::transactions::kind(transaction.kind))) }
            dt { (locale.say(text::WHEN)) } dd { (parts::time(locale, transaction.at)) }
            dt { (locale.say(text::AMOUNT)) } dd { (money(transaction.amount)) }
            dt { (locale.say(text::FEE)) } dd { (locale.say(text::NO_FEE)) }
            dt { (locale.say(text::CHANGE)) } dd { (locale.signed(transaction.moved, |minor| app.money(minor))) }
            @if !transaction.acceptor.is_empty() {
                dt { (locale.say(text::SHOP)) } dd { (parts::mall(app, transaction)) }
                dt { (locale.say(text::SHOP_ID)) } dd { (transaction.acceptor) }
            }
            @if !transaction.text.is_empty() { dt { (locale.say(text::WHAT)) } dd { bdi { (transaction.text) } } }
            @if !transaction.card.is_empty() {
                dt { (locale.say(text::PAID_WITH)) } dd { (locale.say(list::card(&transaction.card))) }
            }
            @if original {
                dt { (locale.say(text::ORIGINAL)) }
                dd { a href={ "/transactions/" (transaction.original) } { (transaction.original) } }
            }
            @if !transaction.retrieval.is_empty() {
                dt { (locale.say(text::SHOPS_REFERENCE)) } dd { code { (transaction.retrieval) } }
            }
            @if !transaction.reference.is_empty() {
                dt { (locale.say(text::REFERENCE)) } dd { code id="reference" { (transaction.reference) } }
            }
        }
    }
}

fn steps(app: &App, member: &Member, transaction: &Transaction) -> Markup {
    let locale = member.locale();
    let money = |minor| locale.money(app.money(minor));
    let words = |step: &Step| locale.say(words::transaction::step(transaction, step, money));
    html! {
        ol.steps {
            @for step in &transaction.steps {
                li {
                    (parts::time(locale, step.at)) " "
                    span {
                        (words(step))
                        @if !step.reference.is_empty() {
                            " " a href={ "/transactions/" (step.reference) } { (locale.say(text::MORE)) }
                        }
                    }
                }
            }
        }
    }
}

fn dispute(member: &Member, transaction: &Transaction) -> Markup {
    let locale = member.locale();
    let action = format!("/transactions/{}/report", transaction.reference);
    html! {
        @if transaction.disputed_at().is_some() {
            p.warning id="disputed" { (locale.say(text::DISPUTED)) " " a href="/limits" { (locale.say(text::UNFREEZE)) } }
        } @else if transaction.kind == Kind::Purchase {
            details.fold id="unknown" {
                summary { (locale.say(text::UNKNOWN)) }
                p { (locale.say(text::UNKNOWN_LEAD)) }
                (form("dispute", &action, &member.token(), &html! {
                    button.second type="submit" { (locale.say(text::DISPUTE)) }
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
