//! The pages of an operator who is signed in: with the menu, and how the switch is.

use maud::{Markup, html};

use super::forms::SECRET;
use super::frame::frame;
use crate::accounts::Role;
use crate::sessions::Notice;
use crate::watch::View;

/// The menu.
const MENU: &[(&str, &str)] = &[
    ("/", "Overview"),
    ("/transactions", "Transactions"),
    ("/parties", "Parties"),
    ("/controls", "Blocks"),
    ("/advices", "Dead letters"),
    ("/notifications", "Notifications"),
    ("/settlement", "Settlement"),
    ("/decisions", "What operators did"),
    ("/accounts", "Accounts"),
    ("/help", "Help"),
];

/// What stands around a page.
pub struct Around<'a> {
    /// The account's name.
    pub name: &'a str,
    /// What it may do.
    pub role: Role,
    /// The secret in each form of the session.
    pub form: &'a str,
    /// How the switch is.
    pub view: &'a View,
    /// What the page says once.
    pub notice: Option<&'a Notice>,
}

/// A page with the menu. `here` is the path of its menu entry.
pub fn member(around: &Around<'_>, title: &str, here: &str, body: &Markup) -> Markup {
    let view = around.view;
    let live = match here {
        "/" => "/live?overview=1",
        _ => "/live",
    };
    let menu = html! {
        p id="health" class={ "state " (view.health().class()) } role="status" data-live=(live) { span.dot aria-hidden="true" {} " " span.words { (view.words()) } }
        form.out method="post" action="/sign-out" {
            input type="hidden" name=(SECRET) value=(around.form);
            span.who { (around.name) " (" (around.role.name()) ")" }
            button.quiet type="submit" { "Sign out" }
        }
    };
    let sections = html! {
        nav.sections aria-label="Menu" {
            ul {
                @for (path, label) in MENU {
                    li { a href=(path) aria-current=[(*path == here).then_some("page")] { (label) } }
                }
            }
        }
    };
    let body = html! {
        @if let Some(notice) = around.notice {
            div role="status" class=(if notice.good { "said" } else { "wrong" }) {
                p { (notice.text) }
                @if let Some(token) = &notice.token {
                    p { "The token, which is shown only now: " code.token { (token.as_str()) } }
                }
            }
        }
        @if let Some(behind) = behind(view) { div.wrong role="status" { p { (behind) } } }
        (body)
    };
    frame(title, &menu, &sections, &body)
}

/// Where this machine's own node does not follow: what the pages read from its journal is not all.
fn behind(view: &View) -> Option<String> {
    let (own, active) = (view.nodes.first()?, view.nodes.get(view.active)?);
    let is_behind = view.active != 0 && !own.is_there();
    is_behind.then(|| {
        format!(
            "{} does not answer, on whose machine this console is; {} is active. Figures and decisions are of {}, and what is read from the journal ends where {} stopped.",
            own.name, active.name, active.name, own.name
        )
    })
}
