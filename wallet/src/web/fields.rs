//! The fields of forms as markup: every field has a label, its hint and its error are tied to it.

use maud::{Markup, html};

use super::say::Say;
use crate::switch::Asks;
use crate::texts::{forms as text, passkeys};

/// A field to type into.
#[derive(Default, Clone, Copy)]
pub struct Field<'a> {
    /// The id of the form.
    pub form: &'static str,
    /// The name of the field.
    pub name: &'static str,
    /// The label above the field.
    pub label: &'a str,
    /// The hint below the field; empty for none.
    pub hint: &'a str,
    /// HTML type; `text` where it is empty.
    pub kind: &'static str,
    /// HTML `autocomplete`.
    pub autocomplete: &'static str,
    /// HTML `inputmode`.
    pub inputmode: &'static str,
    /// What is in it.
    pub value: &'a str,
    /// Whether it may stay empty.
    pub optional: bool,
    /// How many characters at most; 0 for the browser's own.
    pub longest: u16,
    /// Never shown again once it was typed.
    pub secret: bool,
    /// The beginning of its id, where a page has several such forms; the id of the form where it is empty.
    pub id: &'a str,
}

impl Field<'_> {
    /// The field with its label, hint and error.
    pub fn show(self, say: &Say) -> Markup {
        let id = match self.id.is_empty() {
            true => format!("{}-{}", self.form, self.name),
            false => format!("{}-{}", self.id, self.name),
        };
        let (hint, error) = (format!("{id}-hint"), format!("{id}-error"));
        let wrong = say.about(self.form, self.name);
        let described = match (self.hint.is_empty(), wrong) {
            (true, None) => None,
            (false, None) => Some(hint.clone()),
            (true, Some(_)) => Some(error.clone()),
            (false, Some(_)) => Some(format!("{error} {hint}")),
        };
        let typed = say
            .posted(self.form)
            .and_then(|posted| posted.find(self.name));
        let value = match self.secret || self.kind == "password" {
            true => self.value,
            false => typed.unwrap_or(self.value),
        };
        let kind = if self.kind.is_empty() {
            "text"
        } else {
            self.kind
        };
        let longest = (self.longest > 0).then_some(self.longest);
        let given = |text: &'static str| (!text.is_empty()).then_some(text);
        html! {
            div.field {
                label for=(id) {
                    (self.label)
                    @if self.optional { " " span.optional { (text::OPTIONAL) } }
                }
                (complaint(wrong, &error))
                div.entry {
                    input id=(id) name=(self.name) type=(kind) value=(value)
                        autocomplete=[given(self.autocomplete)] inputmode=[given(self.inputmode)]
                        maxlength=[longest] required[!self.optional] spellcheck="false" autocapitalize="none"
                        aria-describedby=[described] aria-invalid=[wrong.map(|_| "true")];
                    @if kind == "password" { (reveal(&id, self.label)) }
                }
                @if !self.hint.is_empty() { p.hint id=(hint) { (self.hint) } }
            }
        }
    }
}

/// A button that shows what is typed. The script shows the button: without it there is nothing to press.
fn reveal(id: &str, label: &str) -> Markup {
    html! {
        button.quiet.reveal type="button" hidden aria-controls=(id) data-reveal=(id)
            data-show=(text::SHOW) data-hide=(text::HIDE) data-shown=(text::SHOWN) data-hidden=(text::HIDDEN) {
            span { (text::SHOW) } span.sr { " " (label) }
        }
        span.sr role="status" {}
    }
}

fn complaint(wrong: Option<&str>, id: &str) -> Markup {
    html! { @if let Some(wrong) = wrong { p.error id=(id) { (wrong) } } }
}

/// The field for the password that is needed again, and a passkey in its place, unless the last one still counts.
pub fn password(form: &'static str, asks: Asks, say: &Say) -> Markup {
    if asks == Asks::Nothing && say.about(form, "password").is_none() {
        return html! {};
    }
    let field = Field {
        form,
        name: "password",
        label: text::PASSWORD,
        kind: "password",
        autocomplete: "current-password",
        longest: 128,
        ..Field::default()
    };
    html! {
        @if asks == Asks::PasswordOrPasskey { (passkey(form, "confirm", passkeys::CONFIRM)) }
        (field.show(say))
    }
}

/// A passkey in the place of the form's password: the script shows the button, fills the field and sends the form. `purpose` is
/// `confirm` or `sign-in`.
pub fn passkey(form: &str, purpose: &str, label: &str) -> Markup {
    html! {
        div.passkey hidden data-passkey=(purpose) data-cancelled=(passkeys::CANCELLED) data-failed=(passkeys::FAILED)
            data-unreachable=(passkeys::UNREACHABLE) {
            input type="hidden" name="passkey";
            button.second type="button" id={ (form) "-passkey" } { (label) }
            p.hint role="status" {}
        }
    }
}

/// A field for an amount in the wallets' currency.
pub fn amount(
    form: &'static str,
    name: &'static str,
    label: &str,
    hint: &str,
    value: &str,
    optional: bool,
    say: &Say,
) -> Markup {
    Field {
        form,
        name,
        label,
        hint,
        inputmode: "decimal",
        autocomplete: "off",
        value,
        optional,
        longest: 16,
        ..Field::default()
    }
    .show(say)
}

/// A choice out of a list: value, text. The chosen one is marked.
pub fn select(
    form: &str,
    name: &str,
    label: &str,
    choices: &[(String, String)],
    chosen: &str,
    say: &Say,
) -> Markup {
    let id = format!("{form}-{name}");
    let error = format!("{id}-error");
    let wrong = say.about(form, name);
    let typed = say.posted(form).and_then(|posted| posted.find(name));
    let chosen = typed.unwrap_or(chosen);
    html! {
        div.field {
            label for=(id) { (label) }
            (complaint(wrong, &error))
            select id=(id) name=(name) aria-describedby=[wrong.map(|_| &error)] aria-invalid=[wrong.map(|_| "true")] {
                @for (value, text) in choices {
                    option value=(value) selected[value == chosen] { (text) }
                }
            }
        }
    }
}

/// A box to tick.
pub fn tick(form: &str, name: &str, label: &str, ticked: bool, say: &Say) -> Markup {
    let id = format!("{form}-{name}");
    let error = format!("{id}-error");
    let wrong = say.about(form, name);
    let ticked = say
        .posted(form)
        .map_or(ticked, |posted| posted.ticked(name));
    html! {
        (complaint(wrong, &error))
        div.tick {
            input type="checkbox" id=(id) name=(name) value="1" checked[ticked]
                aria-describedby=[wrong.map(|_| &error)] aria-invalid=[wrong.map(|_| "true")];
            label for=(id) { (label) }
        }
    }
}

/// What was done or is wrong, at the top of a page.
pub fn summary(say: &Say) -> Markup {
    html! {
        @if let Some(words) = say.done_words() {
            div.said role="status" id="done" { p { (words) } }
        }
        @if let Some(complaint) = say.complaint() {
            div.wrong role="alert" id="error-summary" tabindex="-1" {
                h2 { (text::WRONG) }
                @match complaint.field {
                    Some(field) => p { a href={ "#" (complaint.form) "-" (field) } { (complaint.text) } },
                    None => p { (complaint.text) },
                }
            }
        }
    }
}
