//! `tessera control`: what an operator forbids.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;
use tessera_console::print;
use tessera_switch::ops::operator::{Limits, OperatorRequest, Want, Whose};

use crate::operations;
use crate::table::of_json;

/// Block wallets, cards and merchants, set controls, show decisions
///
/// Each decision is journaled with user and reason.
#[derive(Args)]
pub struct Control {
    #[command(flatten)]
    switch: operations::Running,
    /// Print JSON
    #[arg(long, global = true, display_order = 900)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Block purchases
    ///
    /// They are declined with 62 for wallets and cards, 03 for a merchant. Refunds and reversals continue.
    Block {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        why: Why,
    },
    /// Remove a block
    Unblock {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        why: Why,
    },
    /// Set the controls of a wallet, or of one card
    ///
    /// Purchases against them are declined with 57. They replace the earlier controls; without categories, countries and
    /// --ecommerce-only all controls are removed.
    #[command(group = ArgGroup::new("whose").required(true).args(["wallet", "client", "card"]))]
    Set {
        #[command(flatten)]
        of: WalletOrCard,
        /// The merchant categories (field 18) that are allowed, as in 5411,5942
        #[arg(long, value_name = "CATEGORY,...", value_delimiter = ',')]
        categories: Option<Vec<String>>,
        /// The merchant categories that are forbidden
        #[arg(long, value_name = "CATEGORY,...", value_delimiter = ',')]
        no_categories: Vec<String>,
        /// The countries (field 19, numeric) that are allowed; a request without a country is declined
        #[arg(long, value_name = "COUNTRY,...", value_delimiter = ',')]
        countries: Option<Vec<String>>,
        /// Only e-commerce (condition 59 in field 25)
        #[arg(long)]
        ecommerce_only: bool,
        #[command(flatten)]
        why: Why,
    },
    /// Begin the next settlement date now instead of at its cutover
    BeginDay {
        #[command(flatten)]
        why: Why,
    },
    /// List blocks, controls, settlement dates and decisions: of one wallet, or of all
    #[command(group = ArgGroup::new("whose").args(["wallet", "client", "card"]))]
    Show {
        #[command(flatten)]
        of: WalletOrCard,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Of {
    /// A wallet by its number in the switch
    #[arg(long, value_name = "NUMBER")]
    wallet: Option<u64>,
    /// A wallet by its payer's identification number
    #[arg(long, value_name = "NUMBER")]
    client: Option<String>,
    /// A wallet by one of its card numbers
    #[arg(long, value_name = "NUMBER")]
    card: Option<String>,
    /// All cards whose numbers begin with this prefix, or a range of prefixes, as in 990000-990004
    #[arg(long, value_name = "PREFIX")]
    cards: Option<String>,
    /// A merchant by its card acceptor (field 42), in requests of any party
    #[arg(long, value_name = "ACCEPTOR")]
    merchant: Option<String>,
}

/// Whether one is needed, each command says.
#[derive(Args)]
#[group(skip)]
struct WalletOrCard {
    /// A wallet by its number in the switch
    #[arg(long, value_name = "NUMBER")]
    wallet: Option<u64>,
    /// A wallet by its payer's identification number
    #[arg(long, value_name = "NUMBER")]
    client: Option<String>,
    /// A wallet by one of its card numbers; with `set`, that card alone
    #[arg(long, value_name = "NUMBER")]
    card: Option<String>,
}

/// Journaled with the decision.
#[derive(Args)]
pub struct Why {
    /// The person for whom you decide; your own user name is journaled in any case
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Why {
    /// The user and the reason.
    pub fn user_and_reason(self) -> (String, String) {
        // The switch asks the system for the user at the other end of its socket, and puts that name first.
        (self.by.unwrap_or_default(), self.reason)
    }
}

impl WalletOrCard {
    fn whose(self) -> Whose {
        match (self.wallet, self.client, self.card) {
            (Some(wallet), ..) => Whose::Wallet(wallet),
            (_, Some(client), _) => Whose::Client(client),
            (.., Some(card)) => Whose::Card(card),
            _ => Whose::All,
        }
    }
}

impl Of {
    fn whose(self) -> Whose {
        if let Some(cards) = self.cards {
            let (first, last) = cards.split_once('-').unwrap_or((&cards, &cards));
            return Whose::Cards(first.to_owned(), last.to_owned());
        }
        let Self {
            wallet,
            client,
            card,
            ..
        } = self;
        let wallet = WalletOrCard {
            wallet,
            client,
            card,
        };
        match self.merchant {
            Some(merchant) => Whose::Merchant(merchant),
            None => wallet.whose(),
        }
    }
}

impl Control {
    pub fn run(self) -> anyhow::Result<()> {
        let (want, of, why) = match self.command {
            Command::Block { of, why } => (Want::Block, of.whose(), Some(why)),
            Command::Unblock { of, why } => (Want::Unblock, of.whose(), Some(why)),
            Command::Set {
                of,
                categories,
                no_categories,
                countries,
                ecommerce_only,
                why,
            } => {
                let limits = Limits {
                    categories,
                    categories_forbidden: no_categories,
                    countries,
                    ecommerce_only,
                };
                (Want::Control(limits), of.whose(), Some(why))
            }
            Command::BeginDay { why } => (Want::BeginDay, Whose::All, Some(why)),
            Command::Show { of } => (Want::Show, of.whose(), None),
        };
        let (by, reason) = why.map(Why::user_and_reason).unwrap_or_default();
        let request = OperatorRequest {
            want,
            of,
            by,
            reason,
        };
        let asked = serde_json::to_string(&request)?;
        let answer = self.switch.ask("POST", "/operator", Some(&asked))?;
        let standing: Value = serde_json::from_str(&answer)?;
        print(match self.json {
            true => serde_json::to_string_pretty(&standing)? + "\n",
            false => text(&standing),
        })?;
        Ok(())
    }
}

/// What the switch answers, as people read it.
fn text(standing: &Value) -> String {
    let words = |key: &str| {
        let list = standing[key].as_array().into_iter().flatten();
        let list: Vec<_> = list.filter_map(Value::as_str).collect();
        list.join(", ")
    };
    let today = standing["today"].as_str().unwrap_or_default();
    let mut parts = vec![match words("unsettled") {
        none if none.is_empty() => format!("settlement date {today}\n"),
        open => format!(
            "settlement date {today}\nthe financial system has not confirmed the totals of: {open}\n"
        ),
    }];
    let facts = |heading, title, key: &str| {
        let titles = ["at", "by", title, "reason"];
        match of_json(titles, ["at", "by", "what", "reason"], &standing[key]) {
            none if none.is_empty() => format!("{heading}: none\n"),
            table => format!("{heading}\n{}", indented(&table)),
        }
    };
    parts.push(facts("blocks", "blocked", "blocks"));
    parts.push(match words("controls") {
        none if none.is_empty() => "controls: none\n".to_owned(),
        controls => format!("controls: {controls}\n"),
    });
    parts.push(facts("decisions, newest first", "decision", "decisions"));
    parts.join("\n")
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn decisions_are_shown_with_time_user_and_reason() {
        let fact = json!({ "at": "2026-11-23T10:30:00.250Z", "what": "merchant SHOP-77", "by": "ada", "reason": "fraud, case 4711" });
        let standing = json!({ "blocks": [fact], "controls": [], "today": "2026-11-23", "unsettled": ["2026-11-21", "2026-11-22"], "decisions": [] });
        assert_eq!(
            text(&standing),
            "\
settlement date 2026-11-23
the financial system has not confirmed the totals of: 2026-11-21, 2026-11-22

blocks
  at                        by   blocked           reason
  2026-11-23T10:30:00.250Z  ada  merchant SHOP-77  fraud, case 4711

controls: none

decisions, newest first: none
"
        );
    }
}
