//! The page of notifications: the contact and the browsers that they go to, and the occasions that they are sent for.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::leased::NotificationPreferences;

use super::browser_list;
use crate::switch::{ContactKind, Overview};
use crate::web::fields::{Field, password, select, summary, tick};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish};
use crate::web::{App, Member, Posted, Trouble, answer};
use tessera_texts::{Locale, Text, forms, notifications as text};

/// The messages that a payer may choose: name of the box, label.
const CHOICES: &[(&str, Text)] = &[
    ("purchases", text::PURCHASES),
    ("declines", text::DECLINES),
    ("loads", text::LOADS),
    ("refunds", text::REFUNDS),
    ("security", text::SECURITY),
];

/// `/notifications`
pub async fn page(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    show(&app, &member, Say::done(request.query_string())).await
}

pub(super) async fn show(app: &App, member: &Member, say: Say) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(&member.session).await?;
    let locale = member.locale();
    let token = member.token();
    let browsers = browser_list::section(app, member, &overview, &say).await?;
    let body = html! {
        h1 { (locale.say(text::TITLE)) }
        p.lead { (locale.say(text::LEAD)) }
        (summary(locale, &say))
        section { (contact(locale, &overview, &token, &say)) }
        (browsers)
        section {
            h2 { (locale.say(text::PREFERENCES)) }
            (preferences_form(locale, overview.preferences, &token, &say))
        }
    };
    let page = layout::member(
        locale,
        text::TITLE,
        "/notifications",
        &token,
        Head {
            scripts: &["push.js"],
            ..Head::default()
        },
        &body,
    );
    Ok(say.page(&page))
}

fn contact(locale: &Locale, overview: &Overview, token: &str, say: &Say) -> Markup {
    let title = match overview.contact {
        Some(_) => text::CHANGE,
        None => text::ADD,
    };
    html! {
        @match &overview.contact {
            Some(contact) => {
                p id="contact" { (locale.say(text::SENT_TO)) " " strong { bdi { (contact.shown) } } }
                (form("remove-contact", "/notifications/remove", token, &html! {
                    (password(locale, "remove-contact", overview.asks_always(), say))
                    button.second type="submit" { (locale.say(text::REMOVE)) }
                }))
            },
            None => p id="contact" { (locale.say(text::NONE)) },
        }
        @if let Some(pending) = &overview.pending_contact {
            h2 { (locale.say(text::CONFIRM)) }
            p id="pending-contact" { (locale.say(text::pending(&pending.shown))) }
            (form("confirm", "/notifications/confirm", token, &html! {
                (Field {
                    form: "confirm",
                    name: "code",
                    label: text::CODE,
                    autocomplete: "one-time-code",
                    inputmode: "numeric",
                    longest: 12,
                    secret: true,
                    ..Field::default()
                }.show(locale, say))
                button type="submit" { (locale.say(text::CONFIRM_IT)) }
            }))
        }
        h2 { (locale.say(title)) }
        (contact_form(locale, overview, token, say))
    }
}

/// The form for an address, where the switch has something to send with.
fn contact_form(locale: &Locale, overview: &Overview, token: &str, say: &Say) -> Markup {
    let kinds = [
        (ContactKind::Email, text::EMAIL),
        (ContactKind::Mobile, text::MOBILE),
    ];
    let offered: Vec<_> = kinds
        .into_iter()
        .filter(|(kind, _)| overview.offers(*kind))
        .collect();
    let (label, hint) = match offered[..] {
        [] => return html! { p.empty id="no-channel" { (locale.say(text::NO_CHANNEL)) } },
        [(ContactKind::Email, _)] => (text::EMAIL_ADDRESS, text::EMAIL_HINT),
        [(ContactKind::Mobile, _)] => (text::MOBILE_NUMBER, text::MOBILE_HINT),
        _ => (text::ADDRESS, text::ADDRESS_HINT),
    };
    let fields = html! {
        @if let [(kind, _)] = offered[..] {
            input type="hidden" name="kind" value=(kind.word());
        } @else {
            @let choices: Vec<_> = offered.iter().map(|(kind, label)| (kind.word().to_owned(), label.clone())).collect();
            (select(locale, "contact", "kind", text::KIND, &choices, "", say))
        }
        (Field {
            form: "contact",
            name: "address",
            label,
            hint: Some(hint),
            autocomplete: "off",
            longest: 254,
            ..Field::default()
        }.show(locale, say))
        (password(locale, "contact", overview.asks_always(), say))
        button type="submit" { (locale.say(text::SEND_CODE)) }
    };
    form("contact", "/notifications/contact", token, &fields)
}

fn preferences_form(
    locale: &Locale,
    preferences: NotificationPreferences,
    token: &str,
    say: &Say,
) -> Markup {
    let ticked = [
        preferences.purchases,
        preferences.declines,
        preferences.loads,
        preferences.refunds,
        preferences.security,
    ];
    let boxes = html! {
        @for ((name, label), ticked) in CHOICES.iter().zip(ticked) {
            (tick(locale, "preferences", name, label.clone(), ticked, say))
        }
        button type="submit" { (locale.say(text::SAVE)) }
    };
    form("preferences", "/notifications/preferences", token, &boxes)
}

/// `POST /notifications/contact`
pub async fn propose(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let Ok(kind) = posted.text("kind").parse() else {
        return show(
            &app,
            &member,
            Say::wrong("contact", "kind", forms::CHOOSE).of(&posted),
        )
        .await;
    };
    let wrong = match kind {
        ContactKind::Email => text::BAD_EMAIL,
        ContactKind::Mobile => text::BAD_MOBILE,
    };
    let Some(address) = address(kind, posted.text("address")) else {
        let say = Say::wrong("contact", "address", wrong).of(&posted);
        return show(&app, &member, say).await;
    };
    let proof = posted.proof(&member.visitor);
    let proposed = app
        .switch
        .propose_contact(&member.session, &proof, kind, &address)
        .await;
    match proposed {
        Err(failure) if failure.is("30") && !failure.wants_password() => {
            show(
                &app,
                &member,
                Say::wrong("contact", "address", wrong).of(&posted),
            )
            .await
        }
        other => {
            finish(
                show,
                &app,
                &member,
                ("contact", &posted),
                other,
                "/notifications?done=code-sent",
            )
            .await
        }
    }
}

/// An address as the switch wants it; `None` for what can't be one. The switch looks closer.
fn address(kind: ContactKind, typed: &str) -> Option<String> {
    match kind {
        ContactKind::Email => {
            let (name, host) = typed.rsplit_once('@')?;
            let plain = !typed.contains(|sign: char| sign.is_whitespace() || sign.is_control());
            // Full stops of other keyboards are as good.
            let dotted = host.contains(['.', '。', '．', '｡']);
            (plain && !name.is_empty() && dotted).then(|| typed.to_owned())
        }
        ContactKind::Mobile => {
            let digits = typed.strip_prefix('+')?.replace([' ', '-', '(', ')'], "");
            let fits = (7..=15).contains(&digits.len());
            let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
            (fits && digits_only).then(|| format!("+{digits}"))
        }
    }
}

/// `POST /notifications/confirm`
pub async fn confirm(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let code = posted.text("code").replace(' ', "");
    let confirmed = app.switch.confirm_contact(&member.session, &code).await;
    let wrong = match &confirmed {
        Err(failure) if failure.is("25") => text::NO_CODE,
        Err(failure) if failure.is("63") => {
            // The code is wrong, or the session has ended: reading the balance shows which.
            app.switch.balance(&member.session).await?;
            text::WRONG_CODE
        }
        _ => {
            return finish(
                show,
                &app,
                &member,
                ("confirm", &posted),
                confirmed,
                "/notifications?done=confirmed",
            )
            .await;
        }
    };
    show(
        &app,
        &member,
        Say::wrong("confirm", "code", wrong).of(&posted),
    )
    .await
}

/// `POST /notifications/remove`
pub async fn remove(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let proof = posted.proof(&member.visitor);
    let removed = app.switch.remove_contact(&member.session, &proof).await;
    finish(
        show,
        &app,
        &member,
        ("remove-contact", &posted),
        removed,
        "/notifications?done=no-contact",
    )
    .await
}

/// `POST /notifications/preferences`
pub async fn preferences(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let preferences = NotificationPreferences {
        purchases: posted.ticked("purchases"),
        declines: posted.ticked("declines"),
        loads: posted.ticked("loads"),
        refunds: posted.ticked("refunds"),
        security: posted.ticked("security"),
    };
    app.switch
        .set_preferences(&member.session, preferences)
        .await?;
    Ok(answer::see_other("/notifications?done=preferences"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_as_people_write_them() {
        let mobile = |typed| address(ContactKind::Mobile, typed);
        assert_eq!(mobile("+44 7700 900123").as_deref(), Some("+447700900123"));
        assert_eq!(mobile("07700 900123"), None);
        let email = |typed| address(ContactKind::Email, typed);
        for right in ["a@b.example", "jörg@bücher.example", "用户@例え。テスト"] {
            assert_eq!(email(right).as_deref(), Some(right));
        }
        for wrong in [
            "a",
            "a@b",
            "@b.example",
            "a b@c.example",
            "a@b.example\r\nBcc: x",
        ] {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }
}
