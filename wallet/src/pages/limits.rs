//! The page of spending limits, which also freezes and unfreezes the wallet.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::leased::Limits;
use time::OffsetDateTime;

use super::parts;
use crate::headroom::{day_ends, month_ends};
use crate::switch::{Overview, WalletState};
use crate::web::fields::{Field, password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish};
use crate::web::{App, Member, Posted, Trouble, answer};
use crate::words::limits::FIELDS;
use tessera_texts::Money;
use tessera_texts::{Locale, Text, forms, limits as text};

/// `/limits`
pub async fn page(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    show(&app, &member, Say::done(request.query_string())).await
}

async fn show(app: &App, member: &Member, say: Say) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(&member.session).await?;
    let locale = member.locale();
    let token = member.token();
    let body = html! {
        h1 { (locale.say(text::TITLE)) }
        (summary(locale, &say))
        section { h2 { (locale.say(text::FREEZE_TITLE)) } (freezing(locale, &overview, &token, &say)) }
        section {
            h2 { (locale.say(text::OWN)) }
            p { (locale.say(text::OWN_LEAD)) }
            (limits_form(app, member, &overview, &say))
        }
        section { h2 { (locale.say(text::SPENT)) } (spent(app, member, &overview)) }
    };
    let page = layout::member(
        locale,
        text::TITLE,
        "/limits",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

fn freezing(locale: &Locale, overview: &Overview, token: &str, say: &Say) -> Markup {
    html! {
        @if overview.state == WalletState::Frozen {
            p.warning id="frozen" { (locale.say(text::FROZEN)) }
            (form("unfreeze", "/limits/unfreeze", token, &html! {
                (password(locale, "unfreeze", overview.asks_always(), say))
                button type="submit" { (locale.say(text::UNFREEZE)) }
            }))
        } @else {
            p { (locale.say(text::FREEZE_LEAD)) }
            (form("freeze", "/limits/freeze", token, &html! {
                button.second type="submit" { (locale.say(text::FREEZE)) }
            }))
        }
    }
}

fn limits_form(app: &App, member: &Member, overview: &Overview, say: &Say) -> Markup {
    let locale = member.locale();
    let own = overview.limits.to_array();
    let allowed = overview.limits_allowed.to_array();
    let rows = FIELDS.iter().zip(own.into_iter().zip(allowed));
    let fields = html! {
        @for ((name, label, is_amount), (own, allowed)) in rows {
            @let value = match (own, is_amount) {
                (0, _) => String::new(),
                (own, true) => app.money(own).plain(),
                (own, false) => own.to_string(),
            };
            @let hint = match (allowed, is_amount) {
                (0, _) => None,
                (allowed, true) => Some(text::allowed(locale.money(app.money(allowed)))),
                (allowed, false) => Some(text::allowed(allowed)),
            };
            (Field {
                form: "limits",
                name,
                label: label.clone(),
                hint,
                inputmode: if *is_amount { "decimal" } else { "numeric" },
                autocomplete: "off",
                value: &value,
                optional: true,
                longest: 16,
                ..Field::default()
            }.show(locale, say))
        }
        button type="submit" { (locale.say(text::GO_ON)) }
    };
    html! { form id="limits" method="get" action="/limits/set" { (fields) } }
}

fn spent(app: &App, member: &Member, overview: &Overview) -> Markup {
    let spent = overview.spent;
    let most = overview.limits.stricter(overview.limits_allowed);
    let now = OffsetDateTime::now_utc();
    let (day, month) = (day_ends(now), month_ends(now));
    let rows = [
        (text::TODAY, spent.day, spent.day_count, most.day, day),
        (
            text::THIS_MONTH,
            spent.month,
            spent.month_count,
            most.month,
            month,
        ),
    ];
    let locale = member.locale();
    let money = |minor| locale.money(app.money(minor));
    html! {
        dl.spent {
            @for (label, amount, count, most, ends_at) in rows {
                dt { (locale.say(label)) }
                dd {
                    (money(amount)) " · " (locale.say(text::purchases(count)))
                    @if most > 0 {
                        " "
                        meter min="0" max=(most) value=(amount.min(most)) { (money(amount)) }
                        span.hint { (locale.say(text::allowed(money(most)))) }
                    }
                    @if let Some(ends_at) = ends_at {
                        p.hint { (parts::at_time(locale, text::begins_anew, ends_at)) }
                    }
                }
            }
        }
    }
}

/// `POST /limits/freeze`: without the password, so that it is done at once.
pub async fn freeze(app: Data<App>, member: Member, _: Posted) -> Result<HttpResponse, Trouble> {
    app.switch.freeze(&member.session).await?;
    Ok(answer::see_other("/limits?done=frozen"))
}

/// `POST /limits/unfreeze`
pub async fn unfreeze(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let proof = posted.proof(&member.visitor);
    let opened = app.switch.unfreeze(&member.session, &proof).await;
    finish(
        show,
        &app,
        &member,
        ("unfreeze", &posted),
        opened,
        "/limits?done=unfrozen",
    )
    .await
}

/// The limits in a form's fields, none of them above the operator's.
fn read(app: &App, member: &Member, overview: &Overview, posted: &Posted) -> Result<Limits, Say> {
    let mut limits = [0; FIELDS.len()];
    let group = member.locale().group();
    let allowed = overview.limits_allowed.to_array();
    let fields = FIELDS.iter().zip(allowed);
    for (limit, ((name, _, is_amount), allowed)) in limits.iter_mut().zip(fields) {
        let typed = posted.text(name);
        let (read, wrong) = match is_amount {
            true => (
                Money::from_typed(typed, app.currency(), group).map(|money| money.minor),
                forms::AMOUNT,
            ),
            false => (typed.parse().ok(), text::BAD_COUNT),
        };
        let wrong = match read {
            // The switch takes 0 for none.
            Some(0) => forms::ZERO,
            Some(value) if allowed > 0 && value > allowed => {
                text::above(shown(app, member, *is_amount, allowed))
            }
            Some(value) => {
                *limit = value;
                continue;
            }
            None if typed.is_empty() => continue,
            None => wrong,
        };
        return Err(Say::wrong("limits", name, wrong).of(posted));
    }
    Ok(Limits::from_array(limits))
}

fn shown(app: &App, member: &Member, is_amount: bool, limit: u64) -> Text {
    match (limit, is_amount) {
        (0, _) => text::NO_LIMIT,
        (limit, true) => Text::as_written(member.locale().money(app.money(limit))),
        (limit, false) => Text::as_written(limit.to_string()),
    }
}

/// `GET /limits/set`: the review.
pub async fn review(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = Posted::parse(request.query_string().as_bytes());
    show_review(&app, &member, &asked, Say::default()).await
}

async fn show_review(
    app: &App,
    member: &Member,
    asked: &Posted,
    say: Say,
) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(&member.session).await?;
    let limits = match read(app, member, &overview, asked) {
        Ok(limits) if limits == overview.limits => {
            let say = Say::before("limits", text::UNCHANGED).of(asked);
            return show(app, member, say).await;
        }
        Ok(limits) => limits.to_array(),
        Err(say) => return show(app, member, say).await,
    };
    let locale = member.locale();
    let before = overview.limits.to_array();
    let is_raised = |(now, then): (u64, u64)| now > 0 && (then == 0 || then > now);
    let raised = before.into_iter().zip(limits).any(is_raised);
    let rows = FIELDS.iter().zip(before.into_iter().zip(limits));
    let token = member.token();
    let fields = html! {
        @for (name, _, _) in FIELDS { input type="hidden" name=(name) value=(asked.text(name)); }
        (password(locale, "limits", overview.asks(), &say))
        p.actions {
            button type="submit" { (locale.say(text::SET)) }
            a.button.second href="/limits" { (locale.say(text::GO_BACK)) }
        }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::REVIEW)) }
            (summary(locale, &say))
            table.lines id="review" {
                tr.after { th scope="col" { (locale.say(text::LIMIT)) } th.right scope="col" { (locale.say(text::NOW)) } th.right scope="col" { (locale.say(text::THEN)) } }
                @for ((_, label, is_amount), (now, then)) in rows {
                    @if now != then {
                        tr {
                            th scope="row" { (locale.say(label)) }
                            td { (locale.say(shown(app, member, *is_amount, now))) }
                            td { strong { (locale.say(shown(app, member, *is_amount, then))) } }
                        }
                    }
                }
            }
            @if raised { p.warning { (locale.say(text::RAISED)) } }
            (form("limits", "/limits/set", &token, &fields))
        }
    };
    let page = layout::member(
        locale,
        text::REVIEW,
        "/limits",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

/// `POST /limits/set`
pub async fn set(app: Data<App>, member: Member, posted: Posted) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(&member.session).await?;
    let limits = match read(&app, &member, &overview, &posted) {
        Ok(limits) => limits,
        Err(say) => return show(&app, &member, say).await,
    };
    let proof = posted.proof(&member.visitor);
    let set = app.switch.set_limits(&member.session, &proof, limits).await;
    let again =
        async |app: &App, member: &Member, say: Say| show_review(app, member, &posted, say).await;
    finish(
        again,
        &app,
        &member,
        ("limits", &posted),
        set,
        "/limits?done=limits",
    )
    .await
}
