//! What the console is for, and who may do what.

use actix_web::HttpResponse;
use maud::html;

use super::accounts::ROLES;
use crate::web::Operator;
use crate::web::table::table;

/// `GET /help`.
pub async fn show(operator: Operator) -> HttpResponse {
    let rows: Vec<_> = ROLES
        .iter()
        .map(|(role, may)| vec![html! { strong { (role.name()) } @if *role == operator.role { " " span.badge { "yours" } } }, html! { (may) }])
        .collect();
    let commands = [
        ("Overview", "GET /metrics, tessera cluster status"),
        ("Transactions", "tessera explain"),
        ("Blocks", "tessera control"),
        ("Dead letters", "tessera saf"),
        ("Notifications", "tessera outbox"),
        ("Settlement", "tessera control begin-day, tessera recon"),
        ("Accounts", "tessera console add, list, replace, remove"),
    ];
    let commands: Vec<_> = commands
        .iter()
        .map(|(page, command)| vec![html! { (page) }, html! { code { (command) } }])
        .collect();
    let body = html! {
        h1 { "Help" }
        section aria-labelledby="roles" { h2 id="roles" { "Roles" } (table("Roles", &["Role", "May"], &rows)) }
        section aria-labelledby="actions" {
            h2 id="actions" { "How a decision is made" }
            ol {
                li { "You fill in a form, with a reason." }
                li { "The console shows what will happen. Nothing is done yet." }
                li { "You confirm. The switch journals the decision with your account and the reason before it counts." }
            }
            p { "Notifications and accounts are not in the journal: what is done to them is written into the log, with the same two facts. So is which transaction you read." }
        }
        section aria-labelledby="commands" {
            h2 id="commands" { "The same at the command line" }
            (table("Commands", &["Page", "Command"], &commands))
        }
        section aria-labelledby="masked" {
            h2 id="masked" { "What is not shown" }
            p { "Card numbers have their first six and last four digits at most. Funding sources, addresses and names of payers are nowhere: the switch gives them to nobody." }
        }
    };
    operator.page("Help", "/help", &body)
}
