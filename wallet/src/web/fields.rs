//! The fields of forms as markup: every field has a label, its hint and its error are tied to it.

use maud::{Markup, html};

use tessera_texts::{Locale, Text};

use super::say::Say;
use crate::switch::Asks;
use tessera_texts::{forms as text, passkeys};

/// A field to type into.
#[derive(Default, Clone)]
pub struct Field<'a> {
    /// The id of the form.
    pub form: &'static str,
    /// The name of the field.
    pub name: &'static str,
    /// The label above the field.
    pub label: Text,
    /// The hint below the field.
    pub hint: Option<Text>,
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
    pub fn show(self, locale: &Locale, say: &Say) -> Markup {
        let id = match self.id.is_empty() {
            true => format!("{}-{}", self.form, self.name),
            false => format!("{}-{}", self.id, self.name),
        };
        let (hint, error) = (format!("{id}-hint"), format!("{id}-error"));
        let wrong = say.about(self.form, self.name);
        let described = match (self.hint.is_none(), wrong) {
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
                    (locale.say(&self.label))
                    @if self.optional { " " span.optional { (locale.say(text::OPTIONAL)) } }
                }
                (complaint(locale, wrong, &error))
                div.entry {
                    input id=(id) name=(self.name) type=(kind) value=(value)
                        autocomplete=[given(self.autocomplete)] inputmode=[given(self.inputmode)]
                        maxlength=[longest] required[!self.optional] spellcheck="false" autocapitalize="none"
                        aria-describedby=[described] aria-invalid=[wrong.map(|_| "true")];
                    @if kind == "password" { (reveal(locale, &id, &self.label)) }
                }
                @if let Some(words) = &self.hint { p.hint id=(hint) { (locale.say(words)) } }
            }
        }
    }
}

/// A button that shows what is typed. The script shows the button: without it there is nothing to press.
fn reveal(locale: &Locale, id: &str, label: &Text) -> Markup {
    html! {
        button.quiet.reveal type="button" hidden aria-controls=(id) data-reveal=(id)
            data-show=(locale.say(text::SHOW)) data-hide=(locale.say(text::HIDE)) data-shown=(locale.say(text::SHOWN)) data-hidden=(locale.say(text::HIDDEN)) {
            span { (locale.say(text::SHOW)) } span.sr { " " (locale.say(label)) }
        }
        span.sr role="status" {}
    }
}

fn complaint(locale: &Locale, wrong: Option<&Text>, id: &str) -> Markup {
    html! { @if let Some(wrong) = wrong { p.error id=(id) { (locale.say(wrong)) } } }
}

/// The field for the password that is needed again, and a passkey in its place, unless the last one still counts.
pub fn password(locale: &Locale, form: &'static str, asks: Asks, say: &Say) -> Markup {
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
        @if asks == Asks::PasswordOrPasskey { (passkey(locale, form, "confirm", passkeys::CONFIRM)) }
        (field.show(locale, say))
    }
}

/// A passkey in the place of the form's password: the script shows the button, fills the field and sends the form. `purpose` is
/// `confirm` or `sign-in`.
pub fn passkey(locale: &Locale, form: &str, purpose: &str, label: Text) -> Markup {
    html! {
        div.passkey hidden data-passkey=(purpose) data-cancelled=(locale.say(passkeys::CANCELLED))
            data-failed=(locale.say(passkeys::FAILED)) data-unreachable=(locale.say(passkeys::UNREACHABLE)) {
            input type="hidden" name="passkey";
            button.second type="button" id={ (form) "-passkey" } { (locale.say(label)) }
            p.hint role="status" {}
        }
    }
}

/// A field for an amount in the wallets' currency.
pub fn amount(
    locale: &Locale,
    form: &'static str,
    name: &'static str,
    label: Text,
    value: &str,
    optional: bool,
    say: &Say,
) -> Markup {
    Field {
        form,
        name,
        label,
        inputmode: "decimal",
        autocomplete: "off",
        value,
        optional,
        longest: 16,
        ..Field::default()
    }
    .show(locale, say)
}

/// A choice out of a list: value, text. The chosen one is marked.
pub fn select(
    locale: &Locale,
    form: &str,
    name: &str,
    label: Text,
    choices: &[(String, Text)],
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
            label for=(id) { (locale.say(label)) }
            (complaint(locale, wrong, &error))
            select id=(id) name=(name) aria-describedby=[wrong.map(|_| &error)] aria-invalid=[wrong.map(|_| "true")] {
                @for (value, text) in choices {
                    option value=(value) selected[value == chosen] { (locale.say(text)) }
                }
            }
        }
    }
}

/// A box to tick.
pub fn tick(
    locale: &Locale,
    form: &str,
    name: &str,
    label: Text,
    ticked: bool,
    say: &Say,
) -> Markup {
    let id = format!("{form}-{name}");
    let error = format!("{id}-error");
    let wrong = say.about(form, name);
    let ticked = say
        .posted(form)
        .map_or(ticked, |posted| posted.ticked(name));
    html! {
        (complaint(locale, wrong, &error))
        div.tick {
            input type="checkbox" id=(id) name=(name) value="1" checked[ticked]
                aria-describedby=[wrong.map(|_| &error)] aria-invalid=[wrong.map(|_| "true")];
            label for=(id) { (locale.say(label)) }
        }
    }
}

/// What was done or is wrong, at the top of a page.
pub fn summary(locale: &Locale, say: &Say) -> Markup {
    html! {
        @if let Some(words) = say.done_words() {
            div.said role="status" id="done" { p { (locale.say(words)) } }
        }
        @if let Some(complaint) = say.complaint() {
            div.wrong role="alert" id="error-summary" tabindex="-1" {
                h2 { (locale.say(text::WRONG)) }
                @match complaint.field {
                    Some(field) => p { a href={ "#" (complaint.form) "-" (field) } { (locale.say(&complaint.text)) } },
                    None => p { (locale.say(&complaint.text)) },
                }
            }
        }
    }
}
