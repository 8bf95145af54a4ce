//! Pages of the representative card and of further card numbers.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::leased::{NumberRow, NumberState, NumberUse};
use time::OffsetDateTime;

use super::entry::copy;
use super::parts;
use crate::line::Name;
use crate::session::{Session, same, token};
use crate::switch::{Overview, Proof, Revealed, WalletState};
use crate::web::fields::{amount, password, select, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish, refused};
use crate::web::{App, Member, Posted, Trouble, answer, query};
use tessera_texts::Money;
use tessera_texts::{Locale, Text, card as text, forms, refusals};

/// How long a number is shown, in seconds. The password, which was typed just before, counts for longer.
const SHOWN_FOR: u64 = 30;

/// `/card`
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
    let body = match &overview.card {
        None => html! {
            h1 { (locale.say(text::TITLE)) }
            (summary(locale, &say))
            div.empty {
                h2 { (locale.say(text::NO_CARD_TITLE)) }
                p { (locale.say(text::NO_CARD)) }
                (form("issue-card", "/card/issue", &token, &html! { button type="submit" { (locale.say(text::ISSUE)) } }))
            }
        },
        Some(_) => {
            let numbers = app.switch.numbers(&member.session).await?;
            with_card(app, member, &overview, &numbers, &say)
        }
    };
    let page = layout::member(locale, text::TITLE, "/card", &token, Head::default(), &body);
    Ok(say.page(&page))
}

fn with_card(
    app: &App,
    member: &Member,
    overview: &Overview,
    numbers: &[NumberRow],
    say: &Say,
) -> Markup {
    let locale = member.locale();
    let token = member.token();
    let live = |row: &&NumberRow| row.state == NumberState::Live;
    let mut shown = vec![(String::new(), text::THE_CARD)];
    shown.extend(numbers.iter().filter(live).map(|row| {
        let words = text::ending_usage(&row.last_four, usage(row.usage));
        (row.number.to_string(), words)
    }));
    let reveal = html! {
        (select(locale, "reveal", "number", text::WHICH, &shown, "", say))
        (password(locale, "reveal", overview.asks(), say))
        button type="submit" { (locale.say(text::REVEAL)) }
    };
    let reissue = html! {
        (password(locale, "reissue", overview.asks(), say))
        button.second type="submit" { (locale.say(text::REISSUE)) }
    };
    html! {
        h1 { (locale.say(text::TITLE)) }
        (summary(locale, say))
        div.columns {
            section {
                @if let Some(card) = &overview.card {
                    (parts::masked_card(locale, card, overview.state == WalletState::Frozen))
                }
            }
            section {
                h2 { (locale.say(text::REVEAL_TITLE)) }
                p { (locale.say(text::REVEAL_LEAD)) }
                (form("reveal", "/card/reveal", &token, &reveal))
            }
        }
        section {
            h2 { (locale.say(text::NUMBERS_TITLE)) }
            p { (locale.say(text::NUMBERS_LEAD)) }
            (list(app, member, numbers))
            (new_form(app, locale, overview, &token, say))
        }
        section {
            h2 { (locale.say(text::REISSUE_TITLE)) }
            p { (locale.say(text::REISSUE_LEAD)) }
            (form("reissue", "/card/reissue", &token, &reissue))
        }
    }
}

fn list(app: &App, member: &Member, numbers: &[NumberRow]) -> Markup {
    let locale = member.locale();
    html! {
        @if numbers.is_empty() { p.empty { (locale.say(text::NUMBERS_EMPTY)) } }
        @else { ul.rows {
            @for row in numbers {
                li.row id={ "number-" (row.number) } {
                    div {
                        p.title { (locale.say(text::ending_in(&row.last_four))) " · " (locale.say(usage(row.usage))) }
                        p.detail {
                            (locale.say(state(row.state))) " · " (locale.say(text::EXPIRES)) " " (parts::expiry_shown(&row.expiry)) " · "
                            @if row.acceptor.is_empty() { (locale.say(text::NOT_USED)) } @else { (app.mall_name(&row.acceptor)) }
                            @if row.limit > 0 { " · " (locale.say(text::limit_is(locale.money(app.money(row.limit))))) }
                        }
                    }
                    @if row.state == NumberState::Live {
                        (form(&format!("retire-{}", row.number), "/card/numbers/retire", &member.token(), &html! {
                            input type="hidden" name="number" value=(row.number);
                            button.quiet type="submit" aria-label=(locale.say(text::retire_which(&row.last_four))) { (locale.say(text::RETIRE)) }
                        }))
                    }
                }
            }
        } }
    }
}

fn new_form(app: &App, locale: &Locale, overview: &Overview, token: &str, say: &Say) -> Markup {
    let uses = [
        ("once".to_owned(), text::ONCE),
        ("mall".to_owned(), text::SHOP),
    ];
    let fields = html! {
        input type="hidden" name="name" value=(say.name("new-number"));
        (select(locale, "new-number", "usage", text::USAGE, &uses, "", say))
        (amount(locale, "new-number", "limit", app.in_currency(text::LIMIT), "", true, say))
        (password(locale, "new-number", overview.asks(), say))
        button type="submit" { (locale.say(text::MAKE)) }
    };
    form("new-number", "/card/numbers/new", token, &fields)
}

fn usage(usage: NumberUse) -> Text {
    match usage {
        NumberUse::Once => text::ONCE,
        NumberUse::Mall => text::SHOP,
    }
}

fn state(state: NumberState) -> Text {
    match state {
        NumberState::Live => text::LIVE,
        NumberState::Used => text::USED,
        NumberState::Dead => text::DEAD,
    }
}

/// `POST /card/issue`
pub async fn issue(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    match app.switch.issue_card(&member.session).await {
        // Somebody was quicker, most likely a second click.
        Err(failure) if failure.is("94") => Ok(answer::see_other("/card")),
        issued => {
            let issued = issued.map(drop);
            finish(
                show,
                &app,
                &member,
                ("issue-card", &posted),
                issued,
                "/card?done=card",
            )
            .await
        }
    }
}

/// `POST /card/reveal`
pub async fn reveal(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let proof = posted.proof(&member.visitor);
    let number = posted.number("number");
    match app.switch.reveal(&member.session, &proof, number).await {
        Ok(_) => Ok(to_number(&member, number)),
        Err(failure) => refused(show, &app, &member, ("reveal", &posted), failure).await,
    }
}

/// On to the page that shows a number, which it does for so long and no longer, however often it is loaded.
fn to_number(member: &Member, number: Option<u32>) -> HttpResponse {
    let until = now() + SHOWN_FOR;
    answer::see_other(&shown_at(&member.session, number, until))
}

/// The address of that page: of this session, and of this time.
fn shown_at(session: &Session, number: Option<u32>, until: u64) -> String {
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    let plain = format!("number={number}&until={until}");
    let seal = token("shown", session.expose(), &plain);
    format!("/card/shown?{plain}&seal={seal}")
}

fn now() -> u64 {
    u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default()
}

/// `GET /card/shown`: the number, until its time is over.
pub async fn shown(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = query(request.query_string());
    let until = asked.get("until").and_then(|text| text.parse().ok());
    let until: u64 = until.unwrap_or_default();
    let number = asked.get("number").and_then(|text| text.parse().ok());
    let here = request.uri().path_and_query();
    let here = here.map_or("", |here| here.as_str());
    let left = until.saturating_sub(now()).min(SHOWN_FOR);
    if left == 0 || !same(here, &shown_at(&member.session, number, until)) {
        return Ok(answer::see_other("/card"));
    }
    let proof = Proof {
        password: None,
        passkey: None,
        address: None,
    };
    match app.switch.reveal(&member.session, &proof, number).await {
        Ok(revealed) => Ok(show_revealed(&member, &revealed, left)),
        // It was typed just now, and the switch has started anew since.
        Err(failure) if failure.wants_password() => {
            let say = Say::wrong("reveal", "password", refusals::PASSWORD_AGAIN);
            show(&app, &member, say).await
        }
        Err(failure) => Err(failure.into()),
    }
}

/// The one page on which a number stands: it is kept nowhere, hides itself, and goes away by itself where no script runs.
fn show_revealed(member: &Member, revealed: &Revealed, left: u64) -> HttpResponse {
    let locale = member.locale();
    let digits = revealed.card.as_bytes();
    let groups: Vec<_> = digits.chunks(4).map(String::from_utf8_lossy).collect();
    let number = html! { output.secret id="card-number" { (groups.join(" ")) } };
    let body = html! {
        section.narrow data-hide-after=(left) data-hide-to="/card" {
            h1 { (locale.say(text::REVEALED_TITLE)) }
            p.lead { (locale.say(text::REVEALED_LEAD)) " " span id="countdown" role="timer" {} }
            (parts::card(locale, &number, &revealed.expiry, false))
            dl.secrets {
                dt { (locale.say(text::NUMBER)) }
                dd { (copy(locale, "card-number")) }
                dt { (locale.say(text::EXPIRY)) }
                dd { output.secret id="card-expiry" { (parts::expiry_shown(&revealed.expiry)) } }
                dt { (locale.say(text::NAME_LABEL)) }
                dd { (parts::CARD_NAME) }
            }
            p.actions { a.button href="/card" { (locale.say(text::HIDE)) } }
        }
    };
    let head = Head {
        refresh: Some((u32::try_from(left).unwrap_or_default(), "/card")),
        ..Head::default()
    };
    let page = layout::member(
        locale,
        text::REVEALED_TITLE,
        "/card",
        &member.token(),
        head,
        &body,
    );
    answer::html(StatusCode::OK, &page)
}

/// `POST /card/reissue`
pub async fn reissue(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let proof = posted.proof(&member.visitor);
    let reissued = app.switch.reissue_card(&member.session, &proof).await;
    let reissued = reissued.map(drop);
    finish(
        show,
        &app,
        &member,
        ("reissue", &posted),
        reissued,
        "/card?done=reissued",
    )
    .await
}

/// `POST /card/numbers/new`
pub async fn new_number(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let Ok(usage) = posted.text("usage").parse() else {
        return show(
            &app,
            &member,
            Say::wrong("new-number", "usage", forms::CHOOSE).of(&posted),
        )
        .await;
    };
    let typed = posted.text("limit");
    let limit =
        Money::from_typed(typed, app.currency(), member.locale().group()).map(|money| money.minor);
    let wrong = match limit {
        Some(0) => Some(forms::ZERO),
        None if !typed.is_empty() => Some(forms::AMOUNT),
        _ => None,
    };
    if let Some(wrong) = wrong {
        let say = Say::wrong("new-number", "limit", wrong).of(&posted);
        return show(&app, &member, say).await;
    }
    let proof = posted.proof(&member.visitor);
    let name = Name::from_form(posted.raw("name"));
    let issued = app
        .switch
        .issue_number(&member.session, Some(&proof), usage, limit, name)
        .await;
    match issued {
        Ok(revealed) => Ok(to_number(&member, revealed.serial)),
        Err(failure) => refused(show, &app, &member, ("new-number", &posted), failure).await,
    }
}

/// `POST /card/numbers/retire`
pub async fn retire(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let number = posted.number("number").ok_or(Trouble::Form)?;
    match app.switch.retire_number(&member.session, number).await {
        Ok(()) => Ok(answer::see_other("/card?done=retired")),
        Err(failure) => Err(failure.into()),
    }
}
