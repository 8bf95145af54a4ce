//! What all pages share: visitors and sessions, reading forms, layout, and the guard around every request.

pub mod answer;
pub mod assets;
pub mod cookies;
pub mod fields;
pub mod forms;
pub mod guard;
pub mod layout;
pub mod live;
pub mod pieces;
pub mod posted;
pub mod say;
pub mod static_files;
pub mod trouble;
pub mod visitor;
pub mod walks;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tessera_protocol::Currency;

use crate::line::Watches;
use crate::malls::Malls;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::switch::Switch;
use tessera_texts::{Money, Text, forms as forms_text};

pub use posted::Posted;
pub use trouble::Trouble;
pub use visitor::{Member, Visitor};
pub use walks::Walks;

/// What every request may use.
pub struct App {
    /// The configuration.
    pub settings: Settings,
    /// The operations of the switch.
    pub switch: Switch,
    /// The wallets that open pages show.
    pub watches: Arc<Watches>,
    /// The long walks through histories under way.
    pub walks: Walks,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The malls, as they were last read.
    pub malls: RwLock<Arc<Malls>>,
}

impl App {
    /// The wallets' currency.
    pub fn currency(&self) -> Currency {
        self.settings.currency
    }

    /// The malls as they are now.
    pub fn malls(&self) -> Arc<Malls> {
        let malls = self.malls.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&malls)
    }

    /// These are the malls from now on.
    pub fn replace_malls(&self, malls: Malls) {
        let mut current = self.malls.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(malls);
    }

    /// What a mall is called: its name, or its card acceptor id where it is not known here.
    pub fn mall_name(&self, acceptor: &str) -> String {
        let malls = self.malls();
        let mall = malls.find(acceptor);
        mall.map_or(acceptor, |mall| &mall.name).to_owned()
    }

    /// The label of a field for an amount.
    pub fn in_currency(&self, label: Text) -> Text {
        forms_text::in_currency(self.money(0).currency_letters(), label)
    }

    /// So much in the wallets' currency.
    pub fn money(&self, minor: u64) -> Money {
        Money::new(minor, self.settings.currency)
    }
}

/// Whether a path is one of the pay window's.
pub fn is_pay_window(path: &str) -> bool {
    path == "/pay" || path.starts_with("/pay/")
}

/// The parameters in the query of an address. Of several with the same name the first counts.
pub fn query(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        found
            .entry(name.into_owned())
            .or_insert_with(|| value.into_owned());
    }
    found
}
