//! The frame around every page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use tessera_texts::{Locale, Text};

use super::assets;
use super::forms::button_form;
use tessera_texts::{languages, layout as text};

/// The first part of the menu, which a phone shows as tabs: path, label.
const TABS: &[(&str, Text)] = &[
    ("/home", text::HOME),
    ("/transactions", text::TRANSACTIONS),
    ("/card", text::CARD),
    ("/money", text::MONEY),
];

/// The rest of the menu, which a phone shows on a page of its own: path, label, what is there.
pub const REST: &[(&str, Text, Text)] = &[
    ("/limits", text::LIMITS, text::LIMITS_LEAD),
    (
        "/notifications",
        text::NOTIFICATIONS,
        text::NOTIFICATIONS_LEAD,
    ),
    ("/sessions", text::SESSIONS, text::SESSIONS_LEAD),
];

/// What stands in the head besides the usual.
#[derive(Default, Clone, Copy)]
pub struct Head<'a> {
    /// Scripts by their names.
    pub scripts: &'a [&'static str],
    /// Seconds, and where the page goes then by itself.
    pub refresh: Option<(u32, &'a str)>,
}

/// A page of a member, with the menu. `here` is the path of its menu entry.
pub fn member(
    locale: &Locale,
    title: Text,
    here: &str,
    token: &str,
    head: Head<'_>,
    body: &Markup,
) -> Markup {
    let current = |path: &str| (path == here).then_some("page");
    let sign_out = locale.say(text::SIGN_OUT);
    let is_rest = REST.iter().any(|(path, ..)| *path == here);
    let menu = html! {
        nav aria-label=(locale.say(text::MENU)) {
            // In one row; on a phone these are tabs at the bottom, and the rest is a page.
            ul.tabs {
                @for ((path, label), icon) in TABS.iter().zip(ICONS) {
                    li { a href=(path) aria-current=[current(path)] { (drawn(icon)) span { (locale.say(label)) } } }
                }
                @for (path, label, _) in REST {
                    li.wide { a href=(path) aria-current=[current(path)] { span { (locale.say(label)) } } }
                }
                li.more {
                    a href="/more" aria-current=[current("/more").or(is_rest.then_some("true"))] { (drawn(MORE_ICON)) span { (locale.say(text::MORE)) } }
                }
            }
            (button_form("sign-out", "/sign-out", token, None, &sign_out, &sign_out))
        }
    };
    frame(locale, title, "/home", head, &menu, body)
}

/// A page of anybody.
pub fn visitor(locale: &Locale, title: Text, head: Head<'_>, body: &Markup) -> Markup {
    let menu = html! {
        nav aria-label=(locale.say(text::MENU)) {
            ul {
                li { a href="/help" { (locale.say(text::HELP)) } }
                li { a href="/sign-in" { (locale.say(text::SIGN_IN)) } }
            }
        }
    };
    frame(locale, title, "/", head, &menu, body)
}

/// A page without a menu.
pub fn plain(locale: &Locale, title: Text, body: Markup) -> Markup {
    frame(locale, title, "/", Head::default(), &html! {}, &body)
}

/// The pay window: no menu, and nothing that leads away from the purchase.
pub fn window(locale: &Locale, title: Text, head: Head<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(locale.language().code()) dir=(locale.language().direction()) {
            (document_head(locale, title, head))
            body.window {
                header.top { span.brand { (mark()) (locale.say(text::BRAND)) } }
                main id="content" { (body) }
            }
        }
    }
}

fn frame(
    locale: &Locale,
    title: Text,
    home: &str,
    head: Head<'_>,
    menu: &Markup,
    body: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(locale.language().code()) dir=(locale.language().direction()) {
            (document_head(locale, title, head))
            body {
                a.skip href="#content" { (locale.say(text::SKIP)) }
                header.top {
                    a.brand href=(home) { (mark()) (locale.say(text::BRAND)) }
                    (menu)
                }
                main id="content" { (body) }
                footer {
                    p { (locale.say(text::FOOTER)) }
                    p { a href="/help" { (locale.say(text::HELP)) } " · " a href="/program" { (locale.say(text::PROGRAM)) }
                        " · " a href="/language" { (locale.say(languages::TITLE)) } }
                }
            }
        }
    }
}

fn document_head(locale: &Locale, title: Text, head: Head<'_>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            title { (locale.say(text::document_title(title))) }
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="theme-color" content="#faf9f6" media="(prefers-color-scheme: light)";
            meta name="theme-color" content="#131716" media="(prefers-color-scheme: dark)";
            @if let Some((seconds, location)) = head.refresh {
                // Where a script runs, it does that.
                noscript { meta http-equiv="refresh" content={ (seconds) "; url=" (location) }; }
            }
            link rel="stylesheet" href=(assets::path("style.css"));
            link rel="icon" type="image/svg+xml" href=(assets::path("icon.svg"));
            link rel="apple-touch-icon" href=(assets::path("icon-192.png"));
            link rel="manifest" href="/manifest.webmanifest";
            script src=(assets::path("app.js")) defer {}
            script src=(assets::path("passkey.js")) defer {}
            @for script in head.scripts { script src=(assets::path(script)) defer {} }
        }
    }
}

/// Of the tabs, in their order: a roof, a list, a card, a purse.
const ICONS: [&str; 4] = [
    r##"<path d="M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-5v-6h-4v6H5a1 1 0 0 1-1-1z"/>"##,
    r##"<path d="M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01"/>"##,
    r##"<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="M3 10h18M7 15h3"/>"##,
    r##"<path d="M19 8V6a1 1 0 0 0-1-1H6a2 2 0 0 0 0 4h13a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a2 2 0 0 1-2-2V7"/><path d="M16 13.5h.01"/>"##,
];
const MORE_ICON: &str = r##"<path d="M5 12h.01M12 12h.01M19 12h.01"/>"##;

fn drawn(icon: &str) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="2"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" { (PreEscaped(icon)) }
    }
}

/// Four tiles, one of them turned: the logo.
fn mark() -> PreEscaped<&'static str> {
    PreEscaped(
        r##"<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><g fill="currentColor"><rect x="2" y="2" width="9" height="9" rx="2"/><rect x="13" y="2" width="9" height="9" rx="2" opacity=".55"/><rect x="2" y="13" width="9" height="9" rx="2" opacity=".55"/><path d="M17.5 12.2l5.3 5.3-5.3 5.3-5.3-5.3z"/></g></svg>"##,
    )
}
