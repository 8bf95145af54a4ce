//! The page of funding sources, loading and automatic reload. It also closes the wallet; `close` has the form for it, `wanted`
//! the one for loading. A source is added in `source`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::leased::ReloadRow;

use super::close;
use super::entry::signed_out;
use super::parts::{source_choices, source_kind, source_name};
use super::wanted::load_form;
use crate::switch::Overview;
use crate::web::fields::{Field, amount, password, select, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish, refused};
use crate::web::{App, Member, Posted, Trouble, answer};
use tessera_texts::Money;
use tessera_texts::{Locale, forms, money as text};

/// `/money`
pub async fn page(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    show(&app, &member, Say::done(request.query_string())).await
}

/// The page, and what it should say.
pub async fn show(app: &App, member: &Member, say: Say) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(&member.session).await?;
    let locale = member.locale();
    let token = member.token();
    let body = html! {
        h1 { (locale.say(text::TITLE)) }
        (summary(locale, &say))
        p.balance-line { (locale.say(text::AVAILABLE)) " " strong id="available" { (member.locale().money(app.money(overview.available))) } }
        @if !overview.sources.is_empty() {
            section { h2 { (locale.say(text::LOAD)) } (load_form(app, member.locale(), &overview, &say)) }
        }
        section {
            h2 { (locale.say(text::SOURCES)) }
            p { (locale.say(text::SOURCES_LEAD)) }
            (sources(locale, &overview))
            details.fold open[overview.sources.is_empty() || say.is_about("add-source")] {
                summary { (locale.say(text::ADD)) }
                (add_form(locale, &token, &say))
            }
        }
        @if !overview.sources.is_empty() {
            section { h2 { (locale.say(text::RELOAD)) } (reload_forms(app, member, &overview, &say)) }
        }
        (close::section(locale, &overview, &token, &say))
    };
    let page = layout::member(
        locale,
        text::TITLE,
        "/money",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

fn sources(locale: &Locale, overview: &Overview) -> Markup {
    html! {
        @if overview.sources.is_empty() {
            p.empty { (locale.say(text::NO_SOURCES)) }
        } @else {
            ul.rows {
                @for row in &overview.sources {
                    li.row id={ "source-" (row.number) } {
                        div { p.title { (locale.say(source_kind(row.kind))) } p.detail { bdi { (row.shown) } } }
                        a.button.quiet href={ "/money/sources/remove?number=" (row.number) }
                            aria-label=(locale.say(text::remove_which(source_kind(row.kind), &row.shown))) { (locale.say(text::REMOVE)) }
                    }
                }
            }
        }
    }
}

fn add_form(locale: &Locale, token: &str, say: &Say) -> Markup {
    let kinds = [
        ("card".to_owned(), text::CARD),
        ("account".to_owned(), text::ACCOUNT),
    ];
    let fields = html! {
        (select(locale, "add-source", "kind", text::KIND, &kinds, "", say))
        (Field {
            form: "add-source",
            name: "source",
            label: text::NUMBER,
            hint: Some(text::NUMBER_HINT),
            autocomplete: "off",
            longest: 40,
            secret: true,
            ..Field::default()
        }.show(locale, say))
        button type="submit" { (locale.say(text::GO_ON)) }
    };
    form("add-source", "/money/sources/check", token, &fields)
}

fn reload_forms(app: &App, member: &Member, overview: &Overview, say: &Say) -> Markup {
    let locale = member.locale();
    let token = member.token();
    let money = |minor| locale.money(app.money(minor));
    let plain = |minor: Option<u64>| {
        minor
            .map(|minor| app.money(minor).plain())
            .unwrap_or_default()
    };
    let reload = overview.reload;
    let chosen = reload.map(|row| row.source.to_string()).unwrap_or_default();
    let shown = |row: &ReloadRow| {
        let source = overview.sources.iter().find(|one| one.number == row.source);
        source.map(|one| one.shown.clone()).unwrap_or_default()
    };
    let threshold = plain(reload.map(|row| row.threshold));
    let loaded = plain(reload.map(|row| row.amount));
    let set = html! {
        (select(locale, "reload", "source", text::FROM, &source_choices(overview), &chosen, say))
        (amount(locale, "reload", "threshold", app.in_currency(text::THRESHOLD), &threshold, false, say))
        (amount(locale, "reload", "amount", app.in_currency(text::RELOAD_AMOUNT), &loaded, false, say))
        (password(locale, "reload", overview.asks(), say))
        button type="submit" { @if reload.is_some() { (locale.say(text::RELOAD_CHANGE)) } @else { (locale.say(text::RELOAD_ON)) } }
    };
    html! {
        p { (locale.say(text::RELOAD_LEAD)) }
        @match &reload {
            Some(row) => {
                p id="reload-state" { (locale.say(text::reload_is(money(row.amount), shown(row), money(row.threshold)))) }
                details.fold open[say.is_about("reload-off")] {
                    summary { (locale.say(text::RELOAD_OFF_TITLE)) }
                    (form("reload-off", "/money/reload/off", &token, &html! {
                        (password(locale, "reload-off", overview.asks(), say))
                        button.second type="submit" { (locale.say(text::RELOAD_OFF)) }
                    }))
                }
            },
            None => p id="reload-state" { (locale.say(text::RELOAD_IS_OFF)) },
        }
        (form("reload", "/money/reload", &token, &set))
    }
}

/// `GET /money/sources/remove`: asks once more.
pub async fn ask_to_remove(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = Posted::parse(request.query_string().as_bytes());
    show_removal(&app, &member, Say::default(), asked.number("number")).await
}

async fn show_removal(
    app: &App,
    member: &Member,
    say: Say,
    number: Option<u32>,
) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(&member.session).await?;
    let found = number.and_then(|number| Some((number, source_name(&overview, number)?)));
    let Some((number, source)) = found else {
        return Ok(answer::see_other("/money"));
    };
    let locale = member.locale();
    let token = member.token();
    let reloads = overview.reload.is_some_and(|row| row.source == number);
    let fields = html! {
        input type="hidden" name="number" value=(number);
        (password(locale, "remove-source", overview.asks(), &say))
        p.actions {
            button.danger type="submit" { (locale.say(text::REMOVE)) }
            a.button.second href="/money" { (locale.say(text::KEEP)) }
        }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::REMOVE_TITLE)) }
            (summary(locale, &say))
            p.lead { (locale.say(source)) }
            p { (locale.say(text::REMOVE_LEAD)) @if reloads { " " (locale.say(text::REMOVE_RELOAD)) } }
            (form("remove-source", "/money/sources/remove", &token, &fields))
        }
    };
    let page = layout::member(
        locale,
        text::REMOVE_TITLE,
        "/money",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

/// `POST /money/sources/remove`
pub async fn remove_source(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let number = posted.number("number").ok_or(Trouble::Form)?;
    let proof = posted.proof(&member.visitor);
    let removed = app
        .switch
        .remove_source(&member.session, &proof, number)
        .await;
    let again = async |app: &App, member: &Member, say: Say| {
        show_removal(app, member, say, Some(number)).await
    };
    finish(
        again,
        &app,
        &member,
        ("remove-source", &posted),
        removed,
        "/money?done=source-removed",
    )
    .await
}

/// `POST /money/reload`
pub async fn reload(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let Some(source) = posted.number("source") else {
        return show(
            &app,
            &member,
            Say::wrong("reload", "source", forms::CHOOSE).of(&posted),
        )
        .await;
    };
    let group = member.locale().group();
    let typed = |name| Money::from_typed(posted.text(name), app.currency(), group);
    let Some(threshold) = typed("threshold") else {
        return show(
            &app,
            &member,
            Say::wrong("reload", "threshold", forms::AMOUNT).of(&posted),
        )
        .await;
    };
    let Some(loaded) = typed("amount") else {
        return show(
            &app,
            &member,
            Say::wrong("reload", "amount", forms::AMOUNT).of(&posted),
        )
        .await;
    };
    let row = ReloadRow {
        source,
        threshold: threshold.minor,
        amount: loaded.minor,
    };
    let proof = posted.proof(&member.visitor);
    let set = app
        .switch
        .set_reload(&member.session, &proof, Some(row))
        .await;
    finish(
        show,
        &app,
        &member,
        ("reload", &posted),
        set,
        "/money?done=reload",
    )
    .await
}

/// `POST /money/reload/off`
pub async fn reload_off(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let proof = posted.proof(&member.visitor);
    let set = app.switch.set_reload(&member.session, &proof, None).await;
    finish(
        show,
        &app,
        &member,
        ("reload-off", &posted),
        set,
        "/money?done=no-reload",
    )
    .await
}

/// `POST /money/close`
pub async fn close(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    if !posted.ticked("sure") {
        return show(
            &app,
            &member,
            Say::wrong("close", "sure", text::CLOSE_NOT_SURE).of(&posted),
        )
        .await;
    }
    let proof = posted.proof(&member.visitor);
    let source = posted.number("source");
    match app.switch.close(&member.session, &proof, source).await {
        Ok(()) => Ok(signed_out("/sign-in?done=closed")),
        Err(failure) => refused(show, &app, &member, ("close", &posted), failure).await,
    }
}
