//! Where something may be spent: what a party, a wallet, or one of its cards is held to.
//!
//! In come the category (field 18, ISO 18245), the country (field 19, ISO 3166) and the condition (field 25) of a
//! merchant; out goes the control that it falls foul of.

use crate::Rule;

/// `None` in a list of what is allowed: anything is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Controls {
    /// The merchant categories that are allowed.
    pub categories: Option<Box<[u16]>>,
    /// Those of them that are not.
    pub categories_forbidden: Box<[u16]>,
    /// The countries that are allowed. A merchant that does not say its own is in none.
    pub countries: Option<Box<[u16]>>,
    /// Nothing but e-commerce is allowed.
    pub ecommerce_only: bool,
}

/// Condition code of e-commerce (field 25).
const ECOMMERCE: u8 = 59;

impl Controls {
    /// The control that a merchant falls foul of; `None` where it may have the money.
    pub fn refuse(&self, category: u16, country: u16, condition: u8) -> Option<Rule> {
        let outside = |list: &Option<Box<[u16]>>, code| {
            let list = list.as_deref();
            list.is_some_and(|list| !list.contains(&code))
        };
        if outside(&self.categories, category) || self.categories_forbidden.contains(&category) {
            return Some(Rule::MerchantCategory);
        }
        if outside(&self.countries, country) {
            return Some(Rule::MerchantCountry);
        }
        if self.ecommerce_only && condition != ECOMMERCE {
            return Some(Rule::OnlyECommerce);
        }
        None
    }
}

/// The codes of these texts of exactly so many decimal digits; the first text that is none is the error.
pub fn codes<T: AsRef<str>>(texts: &[T], digits: usize) -> Result<Box<[u16]>, &str> {
    let code = |text: &T| {
        let text = text.as_ref();
        let whole = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| whole)
    };
    texts
        .iter()
        .map(|text| code(text).ok_or(text.as_ref()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOKS: u16 = 5942;
    const BETS: u16 = 7995;

    #[test]
    fn what_is_forbidden_is_so_among_what_is_allowed() {
        let controls = Controls {
            categories: Some([BOOKS, BETS].into()),
            categories_forbidden: [BETS].into(),
            ..Controls::default()
        };
        let not_this = Some(Rule::MerchantCategory);
        assert_eq!(controls.refuse(BOOKS, 0, 0), None);
        assert_eq!(controls.refuse(BETS, 0, 0), not_this);
        assert_eq!(controls.refuse(5411, 0, 0), not_this);
        assert_eq!(Controls::default().refuse(BETS, 0, 0), None);
    }

    #[test]
    fn a_merchant_that_does_not_say_its_country_is_in_none() {
        let controls = Controls {
            countries: Some([840].into()),
            ..Controls::default()
        };
        assert_eq!(controls.refuse(BOOKS, 840, 0), None);
        for elsewhere in [0, 124] {
            let refused = controls.refuse(BOOKS, elsewhere, 0);
            assert_eq!(refused, Some(Rule::MerchantCountry));
        }
    }

    #[test]
    fn nothing_but_e_commerce() {
        let controls = Controls {
            ecommerce_only: true,
            ..Controls::default()
        };
        assert_eq!(controls.refuse(BOOKS, 0, ECOMMERCE), None);
        assert_eq!(controls.refuse(BOOKS, 0, 0), Some(Rule::OnlyECommerce));
    }

    #[test]
    fn codes_have_their_digits() {
        assert_eq!(codes(&["0742", "5999"], 4), Ok([742, 5999].into()));
        for wrong in ["", "599", "05999", "+999", "59x9"] {
            assert_eq!(codes(&["5999", wrong], 4), Err(wrong));
        }
    }
}
