//! Where a party's payers may spend, as its profile says, and merchants inside and outside of that.

use serde::Deserialize;

use super::any_or::AnyOr;

/// The merchant category of whatever may be bought anywhere: miscellaneous.
const USUAL_CATEGORY: u32 = 5_999;
/// A country, where the party has a list of them.
const USUAL_COUNTRY: u32 = 840;

/// `[controls]` of a profile.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Controls {
    merchant_categories: AnyOr,
    merchant_categories_forbidden: Vec<String>,
    countries: AnyOr,
    ecommerce_only: bool,
}

/// A kind of control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Merchant categories, field 18.
    Categories,
    /// Countries, field 19.
    Countries,
    /// Nothing but e-commerce, field 25.
    EcommerceOnly,
}

impl Control {
    /// What the profile does with it, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Categories => "forbids merchant categories",
            Self::Countries => "lists countries",
            Self::EcommerceOnly => "says ecommerce_only",
        }
    }
}

impl Controls {
    /// Whether there is something that it forbids.
    pub fn have(&self, control: Control) -> bool {
        match control {
            Control::Categories => self.category_refused().is_some(),
            Control::Countries => self.country_refused().is_some(),
            Control::EcommerceOnly => self.ecommerce_only,
        }
    }

    /// A merchant category that is allowed; the usual one, if it is.
    pub fn category(&self) -> String {
        let mut all = codes(USUAL_CATEGORY, 4);
        all.find(|code| self.allows_category(code))
            .unwrap_or_else(|| USUAL_CATEGORY.to_string())
    }

    /// One that is not.
    pub fn category_refused(&self) -> Option<String> {
        codes(USUAL_CATEGORY, 4).find(|code| !self.allows_category(code))
    }

    /// A country that is allowed; where any is, none needs to be named.
    pub fn country(&self) -> Option<String> {
        self.countries.list()?;
        codes(USUAL_COUNTRY, 3).find(|code| self.countries.holds(code))
    }

    /// One that is not.
    pub fn country_refused(&self) -> Option<String> {
        codes(USUAL_COUNTRY, 3).find(|code| !self.countries.holds(code))
    }

    fn allows_category(&self, code: &str) -> bool {
        let forbidden = &self.merchant_categories_forbidden;
        self.merchant_categories.holds(code) && !forbidden.iter().any(|one| one == code)
    }
}

/// Every code of so many digits, each once, from this one on.
fn codes(first: u32, digits: u32) -> impl Iterator<Item = String> {
    let all = 10_u32.pow(digits);
    (first..first + all).map(move |code| format!("{:0width$}", code % all, width = digits as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls(text: &str) -> Controls {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn without_controls_all_is_as_usual() {
        let none = controls("merchant_categories = \"any\"");
        assert_eq!(none.category(), "5999");
        assert_eq!(none.country(), None);
        for control in [
            Control::Categories,
            Control::Countries,
            Control::EcommerceOnly,
        ] {
            assert!(!none.have(control), "{control:?}");
        }
    }

    #[test]
    fn what_is_forbidden_is_avoided_and_found() {
        let usual = controls("merchant_categories_forbidden = [\"5999\"]");
        assert_eq!(usual.category(), "6000");
        assert_eq!(usual.category_refused().unwrap(), "5999");
        let bets = controls("merchant_categories_forbidden = [\"7995\"]");
        assert_eq!(bets.category(), "5999");
        assert_eq!(bets.category_refused().unwrap(), "7995");
        let listed = controls(
            "merchant_categories = [\"0742\", \"5942\"]\nmerchant_categories_forbidden = [\"5942\"]",
        );
        assert_eq!(listed.category(), "0742");
        assert_eq!(listed.category_refused().unwrap(), "5999");
    }

    #[test]
    fn a_country_is_named_where_they_are_listed() {
        let listed = controls("countries = [\"040\", \"276\"]\necommerce_only = true");
        assert_eq!(listed.country().unwrap(), "040");
        assert_eq!(listed.country_refused().unwrap(), "840");
        assert!(listed.have(Control::Countries) && listed.have(Control::EcommerceOnly));
    }
}
