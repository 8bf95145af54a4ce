//! The form that closes a wallet and pays its money out.

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::{Markup, html};

use super::entry::signed_out;
use super::money::{choices, of_form, show};
use crate::switch::Overview;
use crate::texts::money as text;
use crate::web::fields::{form, password, select, tick};
use crate::web::say::{Say, refused};
use crate::web::{App, Member, Posted, Trouble};

/// The form, at the end of the money page.
pub fn section(overview: &Overview, token: &str, say: &Say) -> Markup {
    let mut sources = choices(overview);
    if overview.ledger == 0 {
        sources.insert(0, (String::new(), text::CLOSE_NOTHING.to_owned()));
    }
    let fields = html! {
        (select("close", "source", text::CLOSE_TO, &sources, "", say))
        (tick("close", "sure", text::CLOSE_SURE, false, say))
        (password("close", say))
        button.danger type="submit" { (text::CLOSE_IT) }
    };
    html! {
        section {
            h2 { (text::CLOSE) }
            details.fold open[of_form(say, "close")] {
                summary { (text::CLOSE) }
                p { (text::CLOSE_LEAD) }
                (form("close", "/money/close", token, &fields))
            }
        }
    }
}

/// `POST /money/close`
pub async fn close(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    if !posted.ticked("sure") {
        return show(
            &app,
            &member,
            Say::wrong("close", "sure", text::CLOSE_NOT_SURE).of(&posted),
        )
        .await;
    }
    let proof = posted.proof(&member.visitor);
    let source = posted.number("source");
    match app.switch.close(&member.session, &proof, source).await {
        Ok(()) => Ok(signed_out("/sign-in?done=closed")),
        Err(failure) => refused(show, &app, &member, ("close", &posted), failure).await,
    }
}
