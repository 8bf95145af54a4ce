//! `tessera control`: what an operator forbids.

use clap::{Args, Subcommand};
use tessera_console::print;
use tessera_switch::ops::operator::{Limits, OperatorRequest, Want, Whose};

use crate::operations;

/// Block wallets, cards and merchants, set controls, and list the decisions with user and reason.
#[derive(Args)]
pub struct Control {
    #[command(flatten)]
    switch: operations::Running,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Decline purchases: with 62 for wallets and cards, 03 for a merchant. Refunds and reversals continue.
    Block {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        why: Why,
    },
    /// Remove a block.
    Unblock {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        why: Why,
    },
    /// Set the controls of a wallet, or of one card; purchases against them are declined with 57. They replace the
    /// earlier controls; without any of the options below all controls are removed.
    Set {
        #[command(flatten)]
        of: WalletOrCard,
        /// The merchant categories (field 18) that are allowed, as in 5411,5942.
        #[arg(long, value_delimiter = ',')]
        categories: Option<Vec<String>>,
        /// The merchant categories that are forbidden.
        #[arg(long, value_delimiter = ',')]
        no_categories: Vec<String>,
        /// The countries (field 19, numeric) that are allowed. A request without a country is declined.
        #[arg(long, value_delimiter = ',')]
        countries: Option<Vec<String>>,
        /// Only e-commerce (condition 59 in field 25).
        #[arg(long)]
        ecommerce_only: bool,
        #[command(flatten)]
        why: Why,
    },
    /// Begin the next settlement date now instead of at its cutover.
    BeginDay {
        #[command(flatten)]
        why: Why,
    },
    /// List the decisions as JSON: of one wallet, or of all.
    Show {
        #[command(flatten)]
        of: WalletOrCard,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Of {
    /// A wallet by its number in the switch.
    #[arg(long)]
    wallet: Option<u64>,
    /// A wallet by its payer's identification number.
    #[arg(long)]
    client: Option<String>,
    /// A wallet by one of its card numbers.
    #[arg(long)]
    card: Option<String>,
    /// All cards whose numbers begin with this prefix, or a range of prefixes, as in 990000-990004.
    #[arg(long)]
    cards: Option<String>,
    /// A merchant by its card acceptor (field 42), in requests of any party.
    #[arg(long)]
    merchant: Option<String>,
}

#[derive(Args)]
#[group(multiple = false)]
struct WalletOrCard {
    /// A wallet by its number in the switch.
    #[arg(long)]
    wallet: Option<u64>,
    /// A wallet by its payer's identification number.
    #[arg(long)]
    client: Option<String>,
    /// A wallet by one of its card numbers; with `set`, that card alone.
    #[arg(long)]
    card: Option<String>,
}

/// Journaled with the decision.
#[derive(Args)]
pub struct Why {
    /// The person for whom you decide; your own user name is journaled in any case.
    #[arg(long)]
    by: Option<String>,
    /// The reason.
    #[arg(long)]
    reason: String,
}

impl Why {
    /// The user and the reason.
    pub fn user_and_reason(self) -> (String, String) {
        // Who has become another user to run this.
        let by = self.by.or_else(|| std::env::var("SUDO_USER").ok());
        (by.unwrap_or_default(), self.reason)
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
        let standing: serde_json::Value = serde_json::from_str(&answer)?;
        print(serde_json::to_string_pretty(&standing)? + "\n")?;
        Ok(())
    }
}
