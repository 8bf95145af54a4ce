//! Loading money: it is looked at once more before it moves, and the page after it can be loaded again.
//!
//! ```text
//! GET /money ─▶ GET /money/load ─▶ POST /money/load ─▶ GET /money/loaded
//! the form      the review         it is loaded        what was loaded, and the balance
//! ```
//!
//! The name by which the switch knows the load comes with the form and stays the same through all of it: who goes back and
//! sends it again loads it once.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;

use super::money;
use super::parts::source_name;
use super::wanted::{Wanted, read, say_of};
use crate::line::Name;
use crate::session::{Session, same, token};
use crate::web::fields::{password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::Say;
use crate::web::{App, Member, Posted, Trouble, answer, query};
use tessera_texts::Money;
use tessera_texts::{forms, money as text};

/// `GET /money/load`: the review.
pub async fn review(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = Posted::parse(request.query_string().as_bytes());
    match read(&app, member.locale(), &asked) {
        Ok(wanted) => show_review(&app, &member, &wanted, &asked, &Say::default()).await,
        Err(say) => money::show(&app, &member, say).await,
    }
}

async fn show_review(
    app: &App,
    member: &Member,
    wanted: &Wanted,
    asked: &Posted,
    say: &Say,
) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(&member.session).await?;
    let Some(source) = source_name(&overview, wanted.source) else {
        let say = Say::wrong("load", "source", forms::CHOOSE).of(asked);
        return money::show(app, member, say).await;
    };
    let locale = member.locale();
    let shown = |money: Money| locale.money(money);
    let after = overview.available_with(wanted.money.minor);
    // The first page has drawn it; after a refusal that stands it is another one.
    let name = match say.complaint() {
        Some(_) => say.name("load"),
        None => Name::from_form(asked.raw("name")),
    };
    let token = member.token();
    let fields = html! {
        input type="hidden" name="name" value=(name);
        input type="hidden" name="source" value=(wanted.source);
        input type="hidden" name="amount" value=(asked.text("amount"));
        (password(locale, "load", overview.asks(), say))
        p.actions {
            button type="submit" { (locale.say(text::load_amount(shown(wanted.money)))) }
            a.button.second href="/money" { (locale.say(text::GO_BACK)) }
        }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::REVIEW)) }
            (summary(locale, say))
            table.lines id="review" {
                tr { th scope="row" { (locale.say(text::FROM)) } td { (locale.say(source)) } }
                tr.total { th scope="row" { (locale.say(text::AMOUNT)) } td { (shown(wanted.money)) } }
                tr.after { th scope="row" { (locale.say(text::AVAILABLE_NOW)) } td { (shown(app.money(overview.available))) } }
                @if overview.owed > 0 {
                    tr.after { th scope="row" { (locale.say(text::OWED)) } td { (shown(app.money(overview.owed))) } }
                }
                tr.after { th scope="row" { (locale.say(text::AVAILABLE_AFTER)) } td { (shown(app.money(after))) } }
            }
            (form("load", "/money/load", &token, &fields))
        }
    };
    let page = layout::member(
        locale,
        text::REVIEW,
        "/money",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

/// `POST /money/load`
pub async fn load(app: Data<App>, member: Member, posted: Posted) -> Result<HttpResponse, Trouble> {
    let wanted = match read(&app, member.locale(), &posted) {
        Ok(wanted) => wanted,
        Err(say) => return money::show(&app, &member, say).await,
    };
    let proof = posted.proof(&member.visitor);
    let name = Name::from_form(posted.raw("name"));
    let Wanted { source, money } = wanted;
    let loaded = app
        .switch
        .load(&member.session, &proof, source, money.minor, name)
        .await;
    match loaded {
        Ok(()) => Ok(answer::see_other(&loaded_at(
            &member.session,
            source,
            money,
        ))),
        Err(failure) => {
            let say = say_of(&app, &member.session, &failure).await?.of(&posted);
            // The fields are on the page before.
            let of_a_field = say.about("load", "source").or(say.about("load", "amount"));
            match of_a_field {
                Some(_) => money::show(&app, &member, say).await,
                None => show_review(&app, &member, &wanted, &posted, &say).await,
            }
        }
    }
}

/// The address of the page after a load. Nobody but this server makes one for this session: no other page can lead a payer to
/// words about money that nobody has loaded.
fn loaded_at(session: &Session, source: u32, money: Money) -> String {
    let plain = format!("source={source}&amount={}", money.minor);
    let seal = token("loaded", session.expose(), &plain);
    format!("/money/loaded?{plain}&seal={seal}")
}

/// `GET /money/loaded`
pub async fn loaded(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = query(request.query_string());
    let number = |name: &str| asked.get(name).and_then(|text| text.parse::<u64>().ok());
    let (Some(source), Some(minor)) = (number("source"), number("amount")) else {
        return Ok(answer::see_other("/money"));
    };
    let source = u32::try_from(source).unwrap_or_default();
    let money = app.money(minor);
    let here = request.uri().path_and_query();
    let here = here.map_or("", |here| here.as_str());
    if !same(here, &loaded_at(&member.session, source, money)) {
        return Ok(answer::see_other("/money"));
    }
    let overview = app.switch.overview(&member.session).await?;
    let locale = member.locale();
    let shown = |money: Money| locale.money(money);
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::LOADED)) }
            div.said role="status" id="done" { p { (locale.say(text::loaded_amount(shown(money)))) } }
            table.lines {
                @if let Some(source) = source_name(&overview, source) {
                    tr { th scope="row" { (locale.say(text::FROM)) } td { (locale.say(source)) } }
                }
                tr.total { th scope="row" { (locale.say(text::AVAILABLE_NOW)) } td id="available" { (shown(app.money(overview.available))) } }
            }
            p.actions {
                a.button href="/home" { (locale.say(text::TO_WALLET)) }
                a.button.second href="/money" { (locale.say(text::LOAD_MORE)) }
            }
        }
    };
    let page = layout::member(
        locale,
        text::LOADED,
        "/money",
        &member.token(),
        Head::default(),
        &body,
    );
    Ok(answer::html(actix_web::http::StatusCode::OK, &page))
}
