//! The page of spending limits, which also freezes and unfreezes the wallet.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::leased::Limits;

use crate::currency::Money;
use crate::switch::{Overview, WalletState};
use crate::texts::{forms, limits as text};
use crate::web::fields::{Field, password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish};
use crate::web::{App, Member, Posted, Trouble, answer};

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
    let token = member.token();
    let body = html! {
        h1 { (text::TITLE) }
        (summary(&say))
        section { h2 { (text::FREEZE_TITLE) } (freezing(&overview, &token, &say)) }
        section {
            h2 { (text::OWN) }
            p { (text::OWN_LEAD) }
            (limits_form(app, member, &overview, &say))
        }
        section { h2 { (text::SPENT) } (spent(app, member, &overview)) }
    };
    let page = layout::member(text::TITLE, "/limits", &token, Head::default(), &body);
    Ok(say.page(&page))
}

fn freezing(overview: &Overview, token: &str, say: &Say) -> Markup {
    html! {
        @if overview.state == WalletState::Frozen {
            p.warning id="frozen" { (text::FROZEN) }
            (form("unfreeze", "/limits/unfreeze", token, &html! {
                (password("unfreeze", say))
                button type="submit" { (text::UNFREEZE) }
            }))
        } @else {
            p { (text::FREEZE_LEAD) }
            (form("freeze", "/limits/freeze", token, &html! {
                button.second type="submit" { (text::FREEZE) }
            }))
        }
    }
}

fn limits_form(app: &App, member: &Member, overview: &Overview, say: &Say) -> Markup {
    let own = overview.limits.to_array();
    let allowed = overview.limits_allowed.to_array();
    let rows = text::FIELDS.iter().zip(own.into_iter().zip(allowed));
    let fields = html! {
        @for ((name, label, is_amount), (own, allowed)) in rows {
            @let value = match (own, is_amount) {
                (0, _) => String::new(),
                (own, true) => app.money(own).plain(),
                (own, false) => own.to_string(),
            };
            @let hint = match (allowed, is_amount) {
                (0, _) => String::new(),
                (allowed, true) => text::allowed(&member.locale().money(app.money(allowed))),
                (allowed, false) => text::allowed(&allowed.to_string()),
            };
            (Field {
                form: "limits",
                name,
                label,
                hint: &hint,
                inputmode: if *is_amount { "decimal" } else { "numeric" },
                autocomplete: "off",
                value: &value,
                optional: true,
                longest: 16,
                ..Field::default()
            }.show(say))
        }
        (password("limits", say))
        button type="submit" { (text::SET) }
    };
    form("limits", "/limits/set", &member.token(), &fields)
}

fn spent(app: &App, member: &Member, overview: &Overview) -> Markup {
    let spent = overview.spent;
    let most = overview.limits.stricter(overview.limits_allowed);
    let rows = [
        (text::TODAY, spent.day, spent.day_count, most.day),
        (text::MONTH, spent.month, spent.month_count, most.month),
    ];
    let money = |minor| member.locale().money(app.money(minor));
    html! {
        dl.spent {
            @for (label, amount, count, most) in rows {
                dt { (label) }
                dd {
                    (money(amount)) " · " (text::purchases(count))
                    @if most > 0 {
                        " "
                        meter min="0" max=(most) value=(amount.min(most)) { (money(amount)) }
                        span.hint { (text::allowed(&money(most))) }
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

/// `POST /limits/set`
pub async fn set(app: Data<App>, member: Member, posted: Posted) -> Result<HttpResponse, Trouble> {
    let mut limits = [0; text::FIELDS.len()];
    let group = member.locale().group();
    for (limit, (name, _, is_amount)) in limits.iter_mut().zip(text::FIELDS) {
        let typed = posted.text(name);
        let (read, wrong) = match is_amount {
            true => (
                Money::from_typed(typed, app.currency(), group).map(|money| money.minor),
                forms::AMOUNT,
            ),
            false => (typed.parse().ok(), text::BAD_COUNT),
        };
        match read {
            // The switch takes 0 for none.
            Some(0) => {
                let say = Say::wrong("limits", name, forms::ZERO).of(&posted);
                return show(&app, &member, say).await;
            }
            Some(value) => *limit = value,
            None if typed.is_empty() => {}
            None => {
                return show(&app, &member, Say::wrong("limits", name, wrong).of(&posted)).await;
            }
        }
    }
    let proof = posted.proof(&member.visitor);
    let limits = Limits::from_array(limits);
    let set = app.switch.set_limits(&member.session, &proof, limits).await;
    finish(
        show,
        &app,
        &member,
        ("limits", &posted),
        set,
        "/limits?done=limits",
    )
    .await
}
