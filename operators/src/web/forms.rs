//! Forms as markup. Each has the secret of the session.

use maud::{Markup, html};
use tessera_protocol::mask_card_numbers;

/// The name of the field that holds the secret.
pub const SECRET: &str = "form_secret";

/// A form of an action that is reviewed before it is done. `name` is unique on its page.
pub fn action(name: &str, action: &str, secret: &str, body: &Markup) -> Markup {
    html! {
        form id=(name) method="post" action="/review" {
            input type="hidden" name=(SECRET) value=(secret);
            input type="hidden" name="action" value=(action);
            (body)
        }
    }
}

/// A field to type into.
#[derive(Default, Clone, Copy)]
pub struct Field<'a> {
    /// The id of the form.
    pub form: &'a str,
    /// The name of the field.
    pub name: &'a str,
    /// The label above it.
    pub label: &'a str,
    /// The hint below it; empty for none.
    pub hint: &'a str,
    /// HTML type; `text` where it is empty.
    pub kind: &'a str,
    /// What is in it.
    pub value: &'a str,
    /// Whether it has to be filled in.
    pub required: bool,
    /// HTML `autocomplete`; `off` where it is empty.
    pub autocomplete: &'a str,
    /// How many characters at most; 0 for the browser's own.
    pub longest: usize,
}

impl Field<'_> {
    /// The field with its label and hint.
    pub fn show(self) -> Markup {
        let id = format!("{}-{}", self.form, self.name);
        let hint = format!("{id}-hint");
        let or = |text: &str, other: &str| match text {
            "" => other.to_owned(),
            text => text.to_owned(),
        };
        html! {
            div.field {
                label for=(id) { (self.label) }
                input id=(id) name=(self.name) type=(or(self.kind, "text")) value=(mask_card_numbers(self.value)) required[self.required]
                    autocomplete=(or(self.autocomplete, "off")) spellcheck="false" autocapitalize="none"
                    maxlength=[(self.longest > 0).then_some(self.longest)]
                    aria-describedby=[(!self.hint.is_empty()).then_some(&hint)];
                @if !self.hint.is_empty() { p.hint id=(hint) { (self.hint) } }
            }
        }
    }
}

/// A choice of one.
pub fn select(
    form: &str,
    name: &str,
    label: &str,
    options: &[(&str, &str)],
    chosen: &str,
) -> Markup {
    let id = format!("{form}-{name}");
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for (value, words) in options {
                    option value=(value) selected[*value == chosen] { (words) }
                }
            }
        }
    }
}

/// The reason, which every action has.
pub fn reason(form: &str) -> Markup {
    Field {
        form,
        name: "reason",
        label: "Reason",
        hint: "It is journaled with your name, so state a case or a person who asked for it.",
        required: true,
        longest: crate::accounts::REASON_BYTES_MAX,
        ..Field::default()
    }
    .show()
}
