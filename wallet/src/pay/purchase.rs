//! Reads a mall's request for a purchase into values that can be shown and announced.

use serde::{Deserialize, Serialize};
use tessera_protocol::{Amount, Currency};
use url::Url;

use crate::switch::AgreedOrder;
use tessera_texts::currency;

const ORDER_CHARACTERS_MAX: usize = 32;
const LINES_MAX: usize = 30;
const TEXT_CHARACTERS_MAX: usize = 80;
/// What the switch keeps of what was bought.
const DESCRIPTION_CHARACTERS_MAX: usize = 100;

/// A purchase as the mall's page states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Card acceptor id of the mall.
    pub mall: String,
    /// The mall's order number.
    pub order: String,
    /// In minor units.
    pub amount: u64,
    /// In which currency.
    pub currency: Currency,
    /// What is bought; may be empty.
    pub lines: Vec<Line>,
    /// Where the mall's page comes from.
    pub origin: String,
    /// Where the payer is led back to; `None` in a popup.
    pub return_url: Option<String>,
}

/// A line of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What is bought.
    pub text: String,
    /// The price, in minor units.
    pub amount: u64,
}

/// A field that is missing, can't be read, or contradicts another: its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadField(pub &'static str);

impl Purchase {
    /// From the fields of a form or an address.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read<'a>(origin: &str, find: impl Fn(&str) -> &'a str) -> Result<Self, BadField> {
        let order = find("order");
        let printable = order.bytes().all(|byte| byte.is_ascii_graphic());
        if order.is_empty() || order.len() > ORDER_CHARACTERS_MAX || !printable {
            return Err(BadField("order"));
        }
        let amount: Option<u64> = find("amount").parse().ok();
        let amount = amount
            .filter(|amount| Amount::new(*amount).is_some_and(|amount| !amount.is_zero()))
            .ok_or(BadField("amount"))?;
        let currency = currency::from_text(find("currency")).ok_or(BadField("currency"))?;
        let lines = lines(find("lines"))
            .filter(|lines| lines.is_empty() || sum(lines) == Some(amount))
            .ok_or(BadField("lines"))?;
        let return_url = return_url(find("return_url"), origin).ok_or(BadField("return_url"))?;
        Ok(Self {
            mall: find("mall").to_owned(),
            order: order.to_owned(),
            amount,
            currency,
            lines,
            origin: origin.to_owned(),
            return_url,
        })
    }

    /// Whether the payer has agreed to exactly this.
    pub fn is(&self, order: &AgreedOrder) -> bool {
        (self.amount, self.currency) == (order.amount, order.currency)
    }

    /// As fields, to be read again.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        // Texts and numbers are always JSON.
        let lines = serde_json::to_string(&self.lines).unwrap_or_default();
        vec![
            ("mall", self.mall.clone()),
            ("order", self.order.clone()),
            ("amount", self.amount.to_string()),
            ("currency", self.currency.to_string()),
            ("lines", lines),
            ("origin", self.origin.clone()),
            ("return_url", self.return_url.clone().unwrap_or_default()),
        ]
    }

    /// What is bought, in a line, as the payer will find it among the transactions.
    pub fn description(&self) -> String {
        let texts: Vec<_> = self.lines.iter().map(|line| line.text.as_str()).collect();
        texts
            .join("; ")
            .chars()
            .take(DESCRIPTION_CHARACTERS_MAX)
            .collect()
    }

    /// Where the payer is led back to, with what became of it.
    pub fn way_back(&self, status: &str) -> Option<String> {
        let mut url = Url::parse(self.return_url.as_deref()?).ok()?;
        url.query_pairs_mut()
            .append_pair("tessera", status)
            .append_pair("order", &self.order);
        Some(url.into())
    }
}

fn sum(lines: &[Line]) -> Option<u64> {
    let mut amounts = lines.iter().map(|line| line.amount);
    amounts.try_fold(0u64, u64::checked_add)
}

fn lines(json: &str) -> Option<Vec<Line>> {
    if json.is_empty() {
        return Some(Vec::new());
    }
    let mut lines: Vec<Line> = serde_json::from_str(json).ok()?;
    if lines.len() > LINES_MAX {
        return None;
    }
    for line in &mut lines {
        line.text = shown(&line.text);
        if line.text.is_empty() {
            return None;
        }
    }
    Some(lines)
}

/// Without what can't be seen or turns the direction of writing, and not longer than a line.
fn shown(text: &str) -> String {
    let visible = |sign: &char| {
        !sign.is_control()
            && !matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let text: String = text
        .chars()
        .filter(visible)
        .take(TEXT_CHARACTERS_MAX)
        .collect();
    text.trim().to_owned()
}

/// Empty is no way back; anything else must be a page of the origin that asks.
fn return_url(text: &str, origin: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let url = Url::parse(text).ok()?;
    let same = url.origin().ascii_serialization() == origin;
    same.then(|| Some(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://shop.example";

    fn read(change: &[(&str, &'static str)]) -> Result<Purchase, BadField> {
        Purchase::read(ORIGIN, |name| {
            let changed = change.iter().find(|(field, _)| *field == name);
            changed.map_or_else(
                || match name {
                    "mall" => "MALL-0001",
                    "order" => "ORDER-1",
                    "amount" => "1999",
                    "currency" => "USD",
                    "lines" => r#"[{"text":"Cup","amount":1500},{"text":"Saucer","amount":499}]"#,
                    _ => "",
                },
                |(_, value)| *value,
            )
        })
    }

    #[test]
    fn is_read_again_as_it_was() {
        let purchase = read(&[("return_url", "https://shop.example/done?x=1")]).unwrap();
        let fields = purchase.fields();
        let again = Purchase::read(ORIGIN, |name| {
            let field = fields.iter().find(|(field, _)| *field == name);
            field.map_or("", |(_, value)| value.as_str())
        });
        assert_eq!(again.as_ref(), Ok(&purchase));
        assert_eq!(purchase.description(), "Cup; Saucer");
        let back = purchase.way_back("agreed").unwrap();
        assert_eq!(
            back,
            "https://shop.example/done?x=1&tessera=agreed&order=ORDER-1"
        );
    }

    #[test]
    fn refuses_what_contradicts_itself() {
        for wrong in [
            ("order", ""),
            ("order", "a b"),
            ("order", "123456789012345678901234567890123"),
            ("amount", "0"),
            ("amount", "19.99"),
            ("amount", "1000000000000"),
            ("currency", "XXX"),
            ("lines", r#"[{"text":"Cup","amount":1}]"#),
            ("lines", r#"[{"text":"Cup","amount":-1}]"#),
            ("lines", r#"[{"text":"","amount":1999}]"#),
            ("lines", "cups"),
            ("return_url", "https://evil.example/"),
            ("return_url", "javascript:alert(1)"),
        ] {
            assert_eq!(read(&[wrong]), Err(BadField(wrong.0)), "{wrong:?}");
        }
    }

    #[test]
    fn a_text_can_not_turn_the_line_around() {
        assert_eq!(shown(" Cup\u{202e}\u{0}\n "), "Cup");
    }
}
