//! Adds and removes browsers that show notifications, and asks before one is turned off. The page of notifications lists them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;

use super::notifications;
use crate::switch::Subscription;
use crate::web::fields::{password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{self, Say, refused};
use crate::web::{App, Member, Posted, Trouble, answer, query};
use crate::words::browsers;
use tessera_texts::browsers as text;

const ADDED: &str = "/notifications?done=browser-added";
const REMOVED: &str = "/notifications?done=browser-removed";

/// `POST /notifications/browsers`
pub async fn add(app: Data<App>, member: Member, posted: Posted) -> Result<HttpResponse, Trouble> {
    let browser = Subscription::from_form(posted.raw("address"), posted.raw("keys"));
    let browser = browser.ok_or(Trouble::Form)?;
    let (proof, name) = (posted.proof(&member.visitor), member.visitor.device());
    let added = app
        .switch
        .add_browser(&member.session, &proof, &browser, &name)
        .await;
    match added {
        Ok(()) => Ok(answer::see_other(ADDED)),
        Err(failure) => {
            let say = match browsers::refusal(&failure) {
                Some(words) => Say::failed("add-browser", &failure, words),
                None => say::about(&app, &member.session, "add-browser", &failure).await?,
            };
            notifications::show(&app, &member, say).await
        }
    }
}

/// `/notifications/browsers/remove`
pub async fn ask_to_remove(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = query(request.query_string());
    let number = asked.get("number").and_then(|number| number.parse().ok());
    show_removal(&app, &member, number.ok_or(Trouble::Form)?, Say::default()).await
}

async fn show_removal(
    app: &App,
    member: &Member,
    number: u32,
    say: Say,
) -> Result<HttpResponse, Trouble> {
    let found = app.switch.browsers(&member.session).await?;
    let Some(row) = found.rows.iter().find(|row| row.number == number) else {
        return Ok(answer::see_other("/notifications"));
    };
    let locale = member.locale();
    let overview = app.switch.overview(&member.session).await?;
    let fields = html! {
        input type="hidden" name="number" value=(number);
        (password(locale, "remove-browser", overview.asks_always(), &say))
        p.actions {
            button.danger type="submit" { (locale.say(text::REMOVE)) }
            a.button.second href="/notifications" { (locale.say(text::KEEP)) }
        }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::REMOVE_TITLE)) }
            (summary(locale, &say))
            p.lead { strong { bdi { (row.name) } } }
            p { (locale.say(text::REMOVE_LEAD)) }
            (form("remove-browser", "/notifications/browsers/remove", &member.token(), &fields))
        }
    };
    let token = member.token();
    let page = layout::member(
        locale,
        text::REMOVE_TITLE,
        "/notifications",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

/// `POST /notifications/browsers/remove`
pub async fn remove(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let number = posted.number("number").ok_or(Trouble::Form)?;
    let proof = posted.proof(&member.visitor);
    let removed = app
        .switch
        .remove_browser(&member.session, &proof, number)
        .await;
    match removed {
        Ok(()) => Ok(answer::see_other(REMOVED)),
        // It was removed before.
        Err(failure) if failure.is("25") => Ok(answer::see_other(REMOVED)),
        Err(failure) => {
            let show = async |app: &App, member: &Member, say: Say| {
                show_removal(app, member, number, say).await
            };
            refused(show, &app, &member, ("remove-browser", &posted), failure).await
        }
    }
}
