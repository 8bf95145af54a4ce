//! Every action in two steps: what it will do, and then that it is done. Between the two it is kept in the session, so that what was
//! shown is what is done, and done once.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use maud::html;
use serde_json::json;
use tessera_protocol::mask_card_numbers;

use crate::accounts::{AccountsError, REASON_BYTES_MAX, Why};
use crate::action::{Action, Order, Own, Reviewed, by_line};
use crate::journal;
use crate::sessions::Notice;
use crate::switch::SwitchError;
use crate::web::forms::SECRET;
use crate::web::{App, Operator, Trouble, see_other};

/// `POST /review`: shows what an action will do.
///
/// # Errors
/// Where the operator may not do it.
pub async fn review(body: Bytes, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = operator.posted(&body)?;
    let action = match Action::read(&form) {
        Ok(action) => action,
        Err(wrong) => return Ok(refused(&operator, &wrong)),
    };
    operator.must_be(action.role())?;
    let reason = form.text("reason").to_owned();
    if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
        return Ok(refused(
            &operator,
            "state a reason of at most 200 bytes: it is journaled with your name",
        ));
    }
    let (title, effects, page) = (action.title(), action.effects(), action.page());
    let shown = mask_card_numbers(&reason).into_owned();
    let id = operator
        .app
        .sessions
        .keep(operator.session, Reviewed { action, reason });
    let id = id.ok_or(Trouble::Form)?;
    let body = html! {
        section.narrow {
            h1 { (title) "?" }
            p { "Nothing has been done yet. This is what will happen:" }
            ul { @for effect in &effects { li { (effect) } } }
            dl.facts {
                dt { "By" } dd { (by_line(&operator.name)) }
                dt { "Reason" } dd { (shown) }
            }
            form id="confirm" method="post" action="/confirm" {
                input type="hidden" name=(SECRET) value=(operator.form);
                input type="hidden" name="id" value=(id);
                p.actions { button type="submit" { (title) } a.button.quiet href=(page) { "Cancel" } }
            }
        }
    };
    Ok(operator.page(&title, page, &body))
}

/// `POST /confirm`: does it, and leads to the page that shows what came of it.
///
/// # Errors
/// Where the operator may not do it any more, or the switch does not answer.
pub async fn confirm(body: Bytes, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = operator.posted(&body)?;
    let Some(Reviewed { action, reason }) = operator
        .app
        .sessions
        .take(operator.session, form.text("id"))
    else {
        operator.notify(
            false,
            "This was done already, or it was reviewed too long ago. Nothing has been done now.",
        );
        return Ok(see_other("/"));
    };
    operator.must_be(action.role())?;
    let (title, page, name) = (action.title(), action.page(), action.name());
    let done = carry_out(&operator, action, &reason).await;
    let by = operator.name.as_str();
    match done {
        Ok(notice) => {
            tracing::info!(by, action = name, reason, "done at the console");
            operator.app.sessions.notify(operator.session, notice);
        }
        Err(Trouble::Switch(SwitchError::Refused(why))) => {
            tracing::warn!(
                by,
                action = name,
                reason,
                error = why,
                "refused at the console"
            );
            operator.notify(
                false,
                mask_card_numbers(&format!("{title}: not done. {why}")),
            );
        }
        Err(trouble) => {
            tracing::warn!(by, action = name, reason, error = %trouble, "not certainly done at the console");
            return Err(trouble);
        }
    }
    Ok(see_other(page))
}

async fn carry_out(operator: &Operator, action: Action, reason: &str) -> Result<Notice, Trouble> {
    let title = action.title();
    match action.order(&operator.name, reason) {
        Order::Decide(request) => {
            let asked = serde_json::to_string(&request);
            let asked = asked.map_err(|error| Trouble::Failed(error.to_string()))?;
            let switch = &operator.app.switch;
            switch.decide("/operator".to_owned(), asked).await?;
            Ok(done(format!("{title}: done, and journaled.")))
        }
        Order::Outbox(path) => {
            let stated = json!({ "by": by_line(&operator.name), "reason": reason });
            let answer = operator.app.switch.decide(path, stated.to_string()).await?;
            Ok(done(format!("{title}: {answer}.")))
        }
        Order::Own(own) => carry_out_here(operator, own, reason).await,
    }
}

/// What is done here counts at once, and is journaled as soon as the switch answers.
async fn carry_out_here(operator: &Operator, own: Own, reason: &str) -> Result<Notice, Trouble> {
    let why = Why {
        by: by_line(&operator.name),
        reason: reason.to_owned(),
    };
    let app = Data::clone(&operator.app);
    let done = web::block(move || change(&app, own, &why)).await;
    let mut notice = done.map_err(|error| Trouble::Failed(error.to_string()))??;
    notice
        .text
        .push_str(match journal::at_once(&operator.app).await {
            true => " It is journaled.",
            false => " It will be journaled when the switch answers.",
        });
    Ok(notice)
}

fn change(app: &App, own: Own, why: &Why) -> Result<Notice, Trouble> {
    let accounts = &app.accounts;
    let with_token = |text, token| Notice {
        token: Some(token),
        ..done(text)
    };
    Ok(match own {
        Own::AddAccount(name, role) => {
            let token = accounts.add(&name, role, why).map_err(refusal)?;
            with_token(format!("The account {name} is made."), token)
        }
        Own::ReplaceToken(name, role) => {
            let token = accounts.replace(&name, Some(role), why).map_err(refusal)?;
            with_token(
                format!("The account {name} has a new token; its sessions have ended."),
                token,
            )
        }
        Own::RemoveAccount(name) => {
            accounts.remove(&name, why).map_err(refusal)?;
            done(format!("The account {name} is removed."))
        }
        Own::EndSession(number) => {
            let mut open = app.sessions.list().into_iter();
            let session = open.find(|session| session.number == number);
            let session = session
                .ok_or_else(|| SwitchError::Refused("there is no such session".to_owned()))?;
            let account = session.account;
            accounts.end_session(&account, why).map_err(refusal)?;
            app.sessions.end_number(number);
            done(format!("Session {number} of {account} has ended."))
        }
    })
}

fn done(text: String) -> Notice {
    Notice {
        good: true,
        text,
        token: None,
    }
}

fn refusal(error: AccountsError) -> Trouble {
    SwitchError::Refused(error.to_string()).into()
}

fn refused(operator: &Operator, wrong: &str) -> HttpResponse {
    let body = html! {
        section.narrow {
            h1 { "Nothing has been done" }
            div.wrong role="alert" { p { (mask_card_numbers(wrong)) } }
            p { "Go back, and correct the form." }
        }
    };
    let mut page = operator.page("Nothing has been done", "", &body);
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    page
}
