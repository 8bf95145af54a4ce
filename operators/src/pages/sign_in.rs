//! Sign-in with the name of an account and its token.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use crate::posted::Posted;
use crate::web::forms::Field;
use crate::web::{App, Operator, SESSION, Trouble, cookie, frame, html as page, query, see_other};

/// `GET /sign-in`.
pub async fn show(request: HttpRequest, app: Data<App>) -> HttpResponse {
    if Operator::of(&request, false).is_ok() {
        return see_other("/");
    }
    let to = query(request.query_string());
    page(StatusCode::OK, &form(&app, to.text("to"), "", None))
}

/// `POST /sign-in`.
pub async fn sign_in(
    request: HttpRequest,
    body: Bytes,
    app: Data<App>,
) -> Result<HttpResponse, Trouble> {
    let posted = Posted::parse(&body);
    let (name, to) = (posted.text("name"), posted.text("to"));
    let address = address(&request);
    let now = Instant::now();
    if let Some(wait) = app.attempts.wait(address, now) {
        let seconds = wait.as_secs() + 1;
        tracing::warn!(%address, seconds, "a sign-in at the console came too soon after wrong tokens");
        let wrong = format!(
            "There were too many wrong tokens from your address. Try again in {seconds} s."
        );
        let mut refused = page(
            StatusCode::TOO_MANY_REQUESTS,
            &form(&app, to, name, Some(&wrong)),
        );
        refused
            .headers_mut()
            .insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        return Ok(refused);
    }
    let account = app.accounts.sign_in(name, posted.text("token"));
    let account = account.map_err(|error| {
        tracing::error!(%error, "the accounts can't be read: nobody can sign in");
        Trouble::Failed("The accounts can't be read: the console's log says why.".to_owned())
    })?;
    let Some(account) = account else {
        app.attempts.was_wrong(address, now);
        tracing::warn!(%address, "a sign-in at the console was refused");
        let wrong = "No account has this name and this token.";
        return Ok(page(
            StatusCode::FORBIDDEN,
            &form(&app, to, name, Some(wrong)),
        ));
    };
    app.attempts.was_right(address);
    let handle = app.sessions.open(&account, address);
    tracing::info!(by = account.name, role = account.role.name(), %address, "signed in at the console");
    let mut response = see_other(own(to));
    // Of characters that a cookie may hold.
    let _ = response.add_cookie(&cookie(Some(&handle)));
    Ok(response)
}

/// `POST /sign-out`.
pub async fn sign_out(
    request: HttpRequest,
    body: Bytes,
    operator: Operator,
) -> Result<HttpResponse, Trouble> {
    operator.posted(&body)?;
    if let Some(session) = request.cookie(SESSION) {
        operator.app.sessions.end(session.value());
    }
    tracing::info!(by = operator.name, "signed out of the console");
    let mut response = see_other("/sign-in");
    let _ = response.add_cookie(&cookie(None));
    Ok(response)
}

fn form(app: &App, to: &str, name: &str, wrong: Option<&str>) -> Markup {
    let none = app.accounts.all().is_ok_and(|accounts| accounts.is_empty());
    let field = |name, label, kind, value, autocomplete| {
        Field {
            form: "sign-in",
            name,
            label,
            kind,
            value,
            autocomplete,
            required: true,
            ..Field::default()
        }
        .show()
    };
    let body = html! {
        section.narrow {
            h1 { "Sign in" }
            p { "The operators' console of a Tessera switch." }
            @if let Some(wrong) = wrong { div.wrong role="alert" { p { (wrong) } } }
            @if none {
                div.warning { p { "There is no account yet. On the machine of the switch, " code { "tessera console add NAME --role admin" } " makes one and prints its token." } }
            }
            form id="sign-in" method="post" action="/sign-in" {
                input type="hidden" name="to" value=(own(to));
                (field("name", "Name of the account", "text", name, "username"))
                (field("token", "Token", "password", "", "current-password"))
                p.actions { button type="submit" { "Sign in" } }
            }
        }
    };
    frame::plain("Sign in", &body)
}

/// A page of ours; the overview where it is none.
fn own(to: &str) -> &str {
    let is_path = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']);
    match is_path && !to.starts_with("/live") && !to.starts_with("/sign") {
        true => to,
        false => "/",
    }
}

/// Of the connection: what a header says could be anybody's.
fn address(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_pages_of_ours_alone() {
        assert_eq!(own("/transactions?q=1"), "/transactions?q=1");
        for elsewhere in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/live",
            "/sign-out",
            "x",
        ] {
            assert_eq!(own(elsewhere), "/", "{elsewhere}");
        }
    }
}
