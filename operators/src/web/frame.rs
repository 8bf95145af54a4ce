//! The frame around every page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets;

/// A page without a menu.
pub fn plain(title: &str, body: &Markup) -> Markup {
    frame(title, &html! {}, &html! {}, body)
}

/// A page: what stands in its head, below it, and its contents.
pub fn frame(title: &str, menu: &Markup, sections: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) " – Tessera console" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="stylesheet" href=(assets::path("style.css"));
                link rel="stylesheet" href=(assets::path("console.css"));
                link rel="icon" type="image/svg+xml" href=(assets::path("icon.svg"));
                script src=(assets::path("console.js")) defer {}
            }
            body.console {
                a.skip href="#content" { "To the content" }
                header.top {
                    a.brand href="/" { (mark()) "Tessera " span.program { "console" } }
                    (menu)
                }
                (sections)
                main id="content" { (body) }
                footer { p { "Payers stay anonymous here: card numbers are masked, and addresses are not shown." } }
            }
        }
    }
}

/// As on the payers' pages.
fn mark() -> PreEscaped<&'static str> {
    PreEscaped(
        r##"<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><g fill="currentColor"><rect x="2" y="2" width="9" height="9" rx="2"/><rect x="13" y="2" width="9" height="9" rx="2" opacity=".55"/><rect x="2" y="13" width="9" height="9" rx="2" opacity=".55"/><path d="M17.5 12.2l5.3 5.3-5.3 5.3-5.3-5.3z"/></g></svg>"##,
    )
}
