//! The operators' accounts and open sessions, for administrators.

use actix_web::HttpResponse;
use maud::{Markup, html};
use tessera_ledger::moment::rfc_3339;

use crate::accounts::{Account, Role};
use crate::sessions::Listed;
use crate::web::forms::{Field, action, reason, select};
use crate::web::table::time;
use crate::web::{Operator, Trouble};

/// The roles with what they may do.
pub const ROLES: &[(Role, &str)] = &[
    (Role::Read, "sees everything, card numbers masked"),
    (
        Role::Support,
        "also blocks and unblocks, and has notifications sent again",
    ),
    (
        Role::Settle,
        "also decides about dead letters and settlement dates, and drops notifications",
    ),
    (
        Role::Admin,
        "also sets controls, and manages accounts and sessions",
    ),
];

/// `GET /accounts`.
///
/// # Errors
/// Where the operator is no administrator, or the accounts can't be read.
pub async fn show(operator: Operator) -> Result<HttpResponse, Trouble> {
    operator.must_be(Role::Admin)?;
    let accounts = operator.app.accounts.all();
    let accounts = accounts.map_err(|error| Trouble::Failed(error.to_string()))?;
    let sessions = operator.app.sessions.list();
    let body = html! {
        h1 { "Accounts" }
        section aria-labelledby="all" {
            h2 id="all" { "Accounts" }
            ul.rows { @for (number, one) in accounts.iter().enumerate() { (account(&operator, number, one)) } }
        }
        section aria-labelledby="add" {
            h2 id="add" { "Add one" }
            (action("add-account", "add-account", &operator.form, &html! {
                (Field { form: "add-account", name: "name", label: "Name", required: true, longest: 32, hint: "Letters, digits, dots, hyphens and underscores. It is journaled with each decision.", ..Field::default() }.show())
                (roles("add-account", Role::Read))
                (reason("add-account"))
                p.actions { button type="submit" { "Review the account" } }
            }))
        }
        section aria-labelledby="sessions" {
            h2 id="sessions" { "Open sessions" }
            ul.rows { @for one in &sessions { (session(&operator, one)) } }
        }
    };
    Ok(operator.page("Accounts", "/accounts", &body))
}

fn account(operator: &Operator, number: usize, account: &Account) -> Markup {
    let (replace, remove) = (format!("replace-{number}"), format!("remove-{number}"));
    let name = html! { input type="hidden" name="name" value=(account.name); };
    html! {
        li.row {
            div {
                p.title { (account.name) " " span.badge { (account.role.name()) } }
                p.detail { "Token of " (time(&account.since)) }
            }
            details.fold { summary { "Change" span.sr { " " (account.name) } }
                div.columns {
                    (action(&replace, "replace-token", &operator.form, &html! {
                        (name)
                        (roles(&replace, account.role))
                        (reason(&replace))
                        p.actions { button.second type="submit" { "Review a new token" } }
                    }))
                    (action(&remove, "remove-account", &operator.form, &html! {
                        (name)
                        (reason(&remove))
                        p.actions { button.danger type="submit" { "Review to remove" } }
                    }))
                }
            }
        }
    }
}

fn roles(form: &str, chosen: Role) -> Markup {
    let options: Vec<_> = ROLES
        .iter()
        .map(|(role, may)| (role.name(), format!("{}: {may}", role.name())))
        .collect();
    let options: Vec<_> = options
        .iter()
        .map(|(name, words)| (*name, words.as_str()))
        .collect();
    select(form, "role", "Role", &options, chosen.name())
}

fn session(operator: &Operator, session: &Listed) -> Markup {
    let form = format!("end-{}", session.number);
    html! {
        li.row {
            div {
                p.title { (session.account) @if session.number == operator.session { " " span.badge { "this session" } } }
                p.detail { "Session " (session.number) ", from " (session.address) ", since " (time(&rfc_3339(session.since))) ", not used for " (session.unused.as_secs() / 60) " min" }
            }
            details.fold { summary { "End" span.sr { " session " (session.number) } }
                (action(&form, "end-session", &operator.form, &html! {
                    input type="hidden" name="id" value=(session.number);
                    (reason(&form))
                    p.actions { button.second type="submit" { "Review the end" } }
                }))
            }
        }
    }
}
