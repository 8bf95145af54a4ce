//! Forms as markup: every form carries its token.

use maud::{Markup, html};

/// The name of the field that holds the token.
pub const TOKEN: &str = "form_token";

/// A form that is sent by POST. `name` is unique on its page and begins the ids of its fields.
pub fn form(name: &str, action: &str, token: &str, body: &Markup) -> Markup {
    html! {
        form id=(name) method="post" action=(action) {
            input type="hidden" name=(TOKEN) value=(token);
            (body)
        }
    }
}

/// One button that is a form.
pub fn button_form(
    name: &str,
    action: &str,
    token: &str,
    number: Option<u32>,
    label: &str,
    described: &str,
) -> Markup {
    form(
        name,
        action,
        token,
        &html! {
            @if let Some(number) = number { input type="hidden" name="number" value=(number); }
            button.quiet type="submit" aria-label=(described) { (label) }
        },
    )
}
