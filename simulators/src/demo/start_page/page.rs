//! The page around its live part: what to do, the test cards, and where everything is.

use maud::{DOCTYPE, Markup, html};
use tessera_protocol::sandbox::OUTCOMES;
use tessera_protocol::{CardNumber, Currency, plain_amount};

use super::Content;
use super::live::live;
use crate::demo::configuration::{OPERATOR, console_origin, wallet_origin};
use crate::demo::ports::address;
use crate::demo::steps::{SOURCES, page_of};
use crate::demo::view::View;

/// The page.
pub(super) fn page(content: &Content, view: &View) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Tessera demo" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/start.css";
                script src="/start.js" defer {}
            }
            body {
                a.skip href="#content" { "To the content" }
                header { h1 { "Tessera demo" } span { "an anonymous prepaid payment switch, at work on this machine" } }
                main id="content" {
                    section aria-labelledby="try" { h2 id="try" { "Try it" } (steps(content)) }
                    section aria-labelledby="now" {
                        h2 id="now" { "Live" }
                        p.bad id="gone" role="status" hidden { "The demo does not answer any more: it has ended, or its terminal was closed." }
                        div.panel id="live" { (live(view)) }
                        noscript { p { a href="/" { "Load the page again" } " for newer figures." } }
                    }
                    section aria-labelledby="cards" { h2 id="cards" { "Test cards to load money from" } (sources()) }
                    section.wide aria-labelledby="outcomes" { h2 id="outcomes" { "Outcomes for a shop of your own" } (outcomes(content)) }
                    section.wide aria-labelledby="where" { h2 id="where" { "Where everything is" } (places(content)) }
                }
                footer { "Everything here is simulated: no real money moves, and no mail leaves this machine." }
            }
        }
    }
}

fn steps(content: &Content) -> Markup {
    let ports = &content.ports;
    let wallet = wallet_origin(ports);
    let (teacup, lantern) = (page_of(ports.affiliated), page_of(ports.unaffiliated));
    let mail = page_of(ports.mail);
    let link = |address: String, text: &str| html! { a.button href=(address) { (text) } };
    let quiet = |address: String, text: &str| html! { a.button.quiet href=(address) { (text) } };
    let step = |title: &str, words: Markup, links: Markup| {
        html! { li { h3 { (title) } p { (words) } div.links { (links) } } }
    };
    html! {
        ol.steps {
            (step("Open a wallet", html! {
                "Choose a password. Write down the identification number and the recovery code that are shown: you sign in with "
                "the number, and the code replaces a lost password. Then take the card that is offered."
            }, link(format!("{wallet}/register"), "Open a wallet")))
            (step("Have mail sent to you", html! {
                "Add an e-mail address under “Notifications”; any address works. The code that confirms it is in the mail viewer."
            }, html! { (link(format!("{wallet}/notifications"), "Notifications")) (quiet(mail.clone(), "Mail viewer")) }))
            (step("Load money", html! {
                "Add the card " code { (SOURCES[0].number) } " under “Money”, and load 100.00 from it. "
                a href="#cards" { "Other test cards" } " decline, are slow, or never answer."
            }, link(format!("{wallet}/money"), "Money")))
            (step("Buy with your wallet", html! {
                "Teacup & Co is affiliated: it sends an order number, and never sees a card. Put something into the basket, and "
                "pay with Tessera."
            }, html! { (link(teacup.clone(), "Teacup & Co")) (quiet(format!("{teacup}/clerk"), "Its orders, and refunds")) }))
            (step("Buy with a card number", html! {
                "Paper Lantern knows nothing of wallets. Show your card under “Card”, or make a number for one purchase, and "
                "type it into the shop's form."
            }, html! {
                (link(lantern.clone(), "Paper Lantern")) (quiet(format!("{wallet}/card"), "Your card"))
                (quiet(format!("{lantern}/clerk"), "Its orders, and refunds"))
            }))
            (step("Read what was sent, and what you have paid", html! {
                "There is a mail for each load and each purchase. One of fifty purchases is declined, so that you see that too."
            }, html! { (link(mail, "Mail viewer")) (quiet(format!("{wallet}/transactions"), "Your transactions")) }))
            (step("Freeze the wallet", html! {
                "One button, and the next purchase is declined at either shop. Unfreezing needs the password."
            }, link(format!("{wallet}/home"), "Your wallet")))
            (step("Operate it", html! {
                "The operators' console shows traffic, finds and explains transactions, and blocks. Sign in as " code { (OPERATOR) }
                " with the token " code.token { (content.token) } ", which is new at each start of the demo."
            }, link(console_origin(ports), "Operators' console")))
            (step("Make something fail", html! {
                "Press a key in the terminal: " kbd { "k" } " kills the switch, " kbd { "h" } " the financial system (the host), "
                kbd { "l" } " cuts the link between them"
                @if ports.others.is_some() { ", " kbd { "e" } " kills the leader of etcd" }
                ". Each comes back after six seconds, and at the end, after "
                kbd { "q" } ", every cent is compared."
            }, html! {}))
        }
    }
}

fn sources() -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Number" } th scope="col" { "Kind" } th scope="col" { "What it does" } } }
            tbody {
                @for source in &SOURCES {
                    tr { td { code { (source.number) } } td { (source.kind) } td { (source.does) } }
                }
            }
        }
    }
}

/// What docs/test-cards.md has.
fn outcomes(content: &Content) -> Markup {
    let mall = content
        .ports
        .switches()
        .next()
        .map(|switch| address(switch.mall));
    html! {
        p {
            "Write a client and try it here: connect to " code { (mall.unwrap_or_default()) } " as the development mall "
            code { "10000000001" } ". A payer agrees by itself to an order whose number ends in " code { "-6600" } ", so you need "
            "no wallet. An amount that ends in a number below, an order number that ends in it, or its test card (for acquirers) "
            "selects the outcome."
        }
        details {
            summary { "All " (OUTCOMES.len()) " outcomes" }
            table {
                thead { tr {
                    th scope="col" { "Amount, as in" } th scope="col" { "Order ends in" } th scope="col" { "Test card" }
                    th scope="col" { "Answer" } th scope="col" { "What happens" }
                } }
                tbody {
                    @for case in OUTCOMES {
                        tr {
                            td { @if case.has_amount() { code { (plain_amount(case.number, Currency::USD)) } } }
                            td { code { "-" (case.number) } }
                            td { @if case.has_card() { code { (grouped(&case.card())) } } }
                            td { (case.answer) }
                            td { (without_marks(case.what)) }
                        }
                    }
                }
            }
        }
    }
}

/// In groups of four digits, as on a card.
fn grouped(card: &CardNumber) -> String {
    let digits = card.expose().to_string();
    let groups: Vec<_> = digits
        .as_bytes()
        .chunks(4)
        .map(String::from_utf8_lossy)
        .collect();
    groups.join(" ")
}

/// The text without the marks that Markdown has for code.
fn without_marks(text: &str) -> String {
    text.replace('`', "")
}

fn places(content: &Content) -> Markup {
    let ports = &content.ports;
    let figures = |port| format!("{}/metrics", page_of(port));
    let place = |name: &str, what: Markup| html! { tr { th scope="row" { (name) } td { (what) } } };
    let linked = |address: String| html! { a href=(address) { (address) } };
    html! {
        table {
            tbody {
                @for (number, switch) in ports.switches().enumerate() {
                    @let name = match ports.others { Some(_) => format!("Node n{}", number + 1), None => "Switch".to_owned() };
                    (place(&format!("{name}, for malls and acquirers"), html! { code { (address(switch.mall)) } " (ISO 8583)" }))
                    (place(&format!("{name}, metrics"), linked(figures(switch.operations))))
                }
                (place("Wallet server, metrics", linked(figures(ports.wallet_metrics))))
                (place("Financial system, what it counts", linked(format!("{}/tally", page_of(ports.tally)))))
                (place("Browser extension", html! {
                    (linked(format!("{}/program", wallet_origin(ports)))) " (for Chrome, Edge and Firefox)"
                }))
                (place("Data, configurations and logs", html! { code { (content.folder) } }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::demo::ports::USUAL;

    #[test]
    fn links_everything_that_a_visitor_can_open() {
        let content = Content {
            ports: USUAL,
            folder: "/tmp/<demo>".to_owned(),
            token: "tessera_op_x".to_owned(),
            view: Mutex::default(),
        };
        let shown = page(&content, &View::default()).into_string();
        let expected = [
            "href=\"http://localhost:8080/register\"",
            "href=\"http://127.0.0.1:8081\"",
            "href=\"http://127.0.0.1:8082\"",
            "href=\"http://127.0.0.1:8025\"",
            "href=\"http://127.0.0.1:9583/metrics\"",
            "href=\"http://127.0.0.1:7584/tally\"",
            "href=\"http://localhost:9180\"",
            "tessera_op_x",
            "9902 0000 0000 0059",
            "XT38TESS00000000000001",
            "-6681",
            "9900 0066 0006 6814",
            "66.81",
            "/tmp/&lt;demo&gt;",
        ];
        for text in expected {
            assert!(shown.contains(text), "{text} in {shown}");
        }
    }
}
