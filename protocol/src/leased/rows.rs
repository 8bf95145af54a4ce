//! What stands in one tag and has parts: values with a comma between them, the last of which may hold commas itself.

use std::fmt;
use std::str::FromStr;

/// A row that the other side did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no {0}")]
pub struct RowError(pub &'static str);

macro_rules! words {
    ($(#[$meta:meta])* $type:ident: $what:literal { $($(#[$doc:meta])* $name:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$doc])* $name,)*
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As a word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }

        impl FromStr for $type {
            type Err = RowError;

            fn from_str(word: &str) -> Result<Self, RowError> {
                match word {
                    $($word => Ok(Self::$name),)*
                    _ => Err(RowError($what)),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.word())
            }
        }
    };
}

words! {
    /// What an event was.
    EventKind: "kind of event" {
        /// The wallet was made.
        Opened = "opened",
        /// The wallet was made with a card and money, for development.
        Provisioned = "provisioned",
        /// The financial system is asked for a card.
        CardRequested = "card_requested",
        /// It issued one.
        CardIssued = "card_issued",
        /// A card number is dead from now on.
        CardRetired = "card_retired",
        /// The financial system is asked for money.
        LoadRequested = "load_requested",
        /// The financial system is told to pay money back to its source.
        PayoutRequested = "payout_requested",
        /// A purchase holds money and is with the financial system.
        Held = "held",
        /// A mall gives money back, and the financial system is asked.
        RefundRequested = "refund_requested",
        /// The financial system approved.
        Approved = "approved",
        /// It did not, or said nothing in time.
        Released = "released",
        /// The switch refused a purchase or a refund.
        Declined = "declined",
        /// A mall undid something.
        Reversed = "reversed",
        /// A mall wanted something undone of which nothing stood.
        ReversalNoted = "reversal_noted",
        /// The financial system heard that something was undone.
        AdviceAcknowledged = "advice_acknowledged",
        /// A request came again.
        Repeated = "repeated",
        /// The payer agreed to pay an order.
        OrderAnnounced = "order_announced",
        /// The payer took an order back.
        OrderCancelled = "order_cancelled",
        /// A session was opened.
        SignedIn = "signed_in",
        /// One or all sessions were ended.
        SignedOut = "signed_out",
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// A funding source was stored.
        SourceAdded = "source_added",
        /// A funding source was forgotten.
        SourceRemoved = "source_removed",
        /// Reloading was switched on or off.
        ReloadSet = "reload_set",
        /// Purchases are refused from now on.
        Frozen = "frozen",
        /// Purchases are allowed again.
        Unfrozen = "unfrozen",
        /// The payer's own limits were set.
        LimitsSet = "limits_set",
        /// An address was given.
        ContactProposed = "contact_proposed",
        /// An address was confirmed.
        ContactConfirmed = "contact_confirmed",
        /// The address was forgotten.
        ContactRemoved = "contact_removed",
        /// What the payer wants to be told was changed.
        WishesSet = "wishes_set",
        /// The wallet was ended.
        Closed = "closed",
        /// Something that is no business of the payer's.
        Other = "other",
    }
}

words! {
    /// Where a session was opened.
    SessionKind: "kind of session" {
        /// On the wallet's pages.
        Web = "web",
        /// In the browser extension: it may draw numbers for one mall without the password.
        Extension = "extension",
    }
}

words! {
    /// What a funding source is.
    SourceKind: "kind of source" {
        /// A credit card.
        Card = "card",
        /// A bank account.
        Account = "account",
    }
}

words! {
    /// What a further card number is for.
    NumberUse: "use of a number" {
        /// One purchase.
        Once = "once",
        /// One mall: the first that uses it.
        Mall = "mall",
    }
}

words! {
    /// What has become of a further card number.
    NumberState: "state of a number" {
        /// It can be used.
        Live = "live",
        /// Its one purchase was made.
        Used = "used",
        /// It was ended.
        Dead = "dead",
    }
}

/// One event of a wallet, newest first in a list:
/// `milliseconds since 1970,kind,reference,original,amount,available,held,code,institution,acceptor,card,order,text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Milliseconds since 1970.
    pub at: u64,
    /// What it was.
    pub kind: EventKind,
    /// The transaction that it opens or is about, 12 characters; empty where there is none.
    pub reference: String,
    /// The transaction that a reversal or a refund is about; empty where there is none.
    pub original: String,
    /// In minor units: of the request; of a reversal what is left of the original.
    pub amount: u64,
    /// Available before the event, in minor units. What is there after it stands in the next newer event.
    pub available: u64,
    /// Held before the event, in minor units.
    pub held: u64,
    /// Field 39, where it decided something.
    pub code: String,
    /// Institution of the party; 0 where there is none.
    pub institution: u64,
    /// Card acceptor (field 42), trimmed.
    pub acceptor: String,
    /// Last four digits of the card number concerned; empty where there is none.
    pub card: String,
    /// What tells an order from others, 16 hexadecimal digits; empty where there is none.
    pub order: String,
    /// What was bought, the masked source, the device, whatever words there are.
    pub text: String,
}

impl fmt::Display for HistoryRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{},{},{},{},{},{},{},{},{},{},{}",
            self.at,
            self.kind,
            self.reference,
            self.original,
            self.amount,
            self.available,
            self.held,
            self.code,
            self.institution,
            self.acceptor,
            self.card,
            self.order,
            self.text
        )
    }
}

impl FromStr for HistoryRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let parts = parts::<13>(row, "event")?;
        let number = |place: usize| parse(parts[place], "event");
        Ok(Self {
            at: number(0)?,
            kind: parts[1].parse()?,
            reference: parts[2].to_owned(),
            original: parts[3].to_owned(),
            amount: number(4)?,
            available: number(5)?,
            held: number(6)?,
            code: parts[7].to_owned(),
            institution: number(8)?,
            acceptor: parts[9].to_owned(),
            card: parts[10].to_owned(),
            order: parts[11].to_owned(),
            text: parts[12].to_owned(),
        })
    }
}

/// How many limits there are.
pub const LIMITS: usize = 5;

/// Limits of spending: `transaction,day,month,day count,month count`, 0 for none. Amounts in minor units; days and
/// months are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Of one purchase.
    pub transaction: u64,
    /// Of all purchases of a day.
    pub day: u64,
    /// Of all purchases of a month.
    pub month: u64,
    /// How many purchases a day.
    pub day_count: u64,
    /// How many purchases a month.
    pub month_count: u64,
}

impl Limits {
    /// In the order in which they are written.
    pub fn to_array(self) -> [u64; LIMITS] {
        [
            self.transaction,
            self.day,
            self.month,
            self.day_count,
            self.month_count,
        ]
    }

    /// From the order in which they are written.
    pub fn from_array([transaction, day, month, day_count, month_count]: [u64; LIMITS]) -> Self {
        Self {
            transaction,
            day,
            month,
            day_count,
            month_count,
        }
    }

    /// The stricter of both, limit by limit.
    pub fn stricter(self, other: Self) -> Self {
        let (one, other) = (self.to_array(), other.to_array());
        Self::from_array(std::array::from_fn(|place| {
            match (one[place], other[place]) {
                (0, limit) | (limit, 0) => limit,
                (one, other) => one.min(other),
            }
        }))
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e] = self.to_array();
        write!(formatter, "{a},{b},{c},{d},{e}")
    }
}

impl FromStr for Limits {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        numbers(row, "limits").map(Self::from_array)
    }
}

/// What was spent: `day,month,day count,month count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Today, in minor units.
    pub day: u64,
    /// This month, in minor units.
    pub month: u64,
    /// Purchases today.
    pub day_count: u64,
    /// Purchases this month.
    pub month_count: u64,
}

impl fmt::Display for Spent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            day,
            month,
            day_count,
            month_count,
        } = self;
        write!(formatter, "{day},{month},{day_count},{month_count}")
    }
}

impl FromStr for Spent {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [day, month, day_count, month_count] = numbers(row, "spent amounts")?;
        Ok(Self {
            day,
            month,
            day_count,
            month_count,
        })
    }
}

/// A funding source: `number,kind,as it may be shown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Within the wallet.
    pub number: u32,
    /// What it is.
    pub kind: SourceKind,
    /// Masked.
    pub shown: String,
}

impl fmt::Display for SourceRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{},{}", self.number, self.kind, self.shown)
    }
}

impl FromStr for SourceRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, kind, shown] = parts(row, "source")?;
        Ok(Self {
            number: parse(number, "source")?,
            kind: kind.parse()?,
            shown: shown.to_owned(),
        })
    }
}

/// Automatic reload: `source,threshold,amount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadRow {
    /// Number of the source.
    pub source: u32,
    /// Below how much available, in minor units.
    pub threshold: u64,
    /// How much, in minor units.
    pub amount: u64,
}

impl fmt::Display for ReloadRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{}",
            self.source, self.threshold, self.amount
        )
    }
}

impl FromStr for ReloadRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [source, threshold, amount] = parts(row, "reload")?;
        Ok(Self {
            source: parse(source, "reload")?,
            threshold: parse(threshold, "reload")?,
            amount: parse(amount, "reload")?,
        })
    }
}

/// An open session: `number,kind,opened,used,current,device`. Times in milliseconds since 1970; current is 1 for the one that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Within the wallet.
    pub number: u32,
    /// Where it was opened.
    pub kind: SessionKind,
    /// When.
    pub opened_at: u64,
    /// When it was last used, to a minute.
    pub used_at: u64,
    /// Whether it is the one that asks.
    pub current: bool,
    /// What the payer knows the device by.
    pub device: String,
}

impl fmt::Display for SessionRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{},{},{},{}",
            self.number,
            self.kind,
            self.opened_at,
            self.used_at,
            u8::from(self.current),
            self.device
        )
    }
}

impl FromStr for SessionRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, kind, opened_at, used_at, current, device] = parts(row, "session")?;
        Ok(Self {
            number: parse(number, "session")?,
            kind: kind.parse()?,
            opened_at: parse(opened_at, "session")?,
            used_at: parse(used_at, "session")?,
            current: current == "1",
            device: device.to_owned(),
        })
    }
}

/// A further card number: `number,use,state,last four digits,expiry,limit,acceptor`. A limit of 0 is none; the acceptor is that of
/// the mall that has used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRow {
    /// Within the wallet.
    pub number: u32,
    /// What it is for.
    pub usage: NumberUse,
    /// What has become of it.
    pub state: NumberState,
    /// Its last four digits.
    pub last_four: String,
    /// YYMM.
    pub expiry: String,
    /// What a purchase with it may come to, in minor units.
    pub limit: u64,
    /// Card acceptor (field 42) that has used it; empty before.
    pub acceptor: String,
}

impl fmt::Display for NumberRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{},{},{},{},{}",
            self.number,
            self.usage,
            self.state,
            self.last_four,
            self.expiry,
            self.limit,
            self.acceptor
        )
    }
}

impl FromStr for NumberRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, usage, state, last_four, expiry, limit, acceptor] =
            parts(row, "card number row")?;
        Ok(Self {
            number: parse(number, "card number row")?,
            usage: usage.parse()?,
            state: state.parse()?,
            last_four: last_four.to_owned(),
            expiry: expiry.to_owned(),
            limit: parse(limit, "card number row")?,
            acceptor: acceptor.to_owned(),
        })
    }
}

/// What the payer wants to be told, as letters: `p` purchases, `d` declines, `l` loads, `r` refunds and reversals, `s` security.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wishes {
    /// Purchases.
    pub purchases: bool,
    /// Declined purchases.
    pub declines: bool,
    /// Loads and payouts.
    pub loads: bool,
    /// Refunds and reversals.
    pub refunds: bool,
    /// Sign-ins, changes of the password and the like.
    pub security: bool,
}

impl Wishes {
    /// All but declines.
    pub const DEFAULT: Self = Self {
        purchases: true,
        declines: false,
        loads: true,
        refunds: true,
        security: true,
    };

    fn letters(self) -> [(char, bool); 5] {
        [
            ('p', self.purchases),
            ('d', self.declines),
            ('l', self.loads),
            ('r', self.refunds),
            ('s', self.security),
        ]
    }
}

impl fmt::Display for Wishes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters()
            .into_iter()
            .filter(|(_, wished)| *wished)
            .try_for_each(|(letter, _)| write!(formatter, "{letter}"))
    }
}

impl FromStr for Wishes {
    type Err = RowError;

    fn from_str(letters: &str) -> Result<Self, RowError> {
        if !letters.chars().all(|letter| "pdlrs".contains(letter)) {
            return Err(RowError("list of wishes"));
        }
        let has = |letter| letters.contains(letter);
        Ok(Self {
            purchases: has('p'),
            declines: has('d'),
            loads: has('l'),
            refunds: has('r'),
            security: has('s'),
        })
    }
}

fn parts<'a, const COUNT: usize>(
    row: &'a str,
    what: &'static str,
) -> Result<[&'a str; COUNT], RowError> {
    let mut parts = row.splitn(COUNT, ',');
    let mut found = [""; COUNT];
    for place in &mut found {
        *place = parts.next().ok_or(RowError(what))?;
    }
    Ok(found)
}

fn parse<T: FromStr>(text: &str, what: &'static str) -> Result<T, RowError> {
    text.parse().map_err(|_| RowError(what))
}

fn numbers<const COUNT: usize>(row: &str, what: &'static str) -> Result<[u64; COUNT], RowError> {
    let parts = parts::<COUNT>(row, what)?;
    let mut numbers = [0; COUNT];
    for (number, part) in numbers.iter_mut().zip(parts) {
        *number = parse(part, what)?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_what_it_writes<T>(row: &T)
    where
        T: fmt::Display + FromStr<Err = RowError> + PartialEq + fmt::Debug,
    {
        assert_eq!(row.to_string().parse().as_ref(), Ok(row), "{row}");
    }

    #[test]
    fn every_row_is_read_as_it_was_written() {
        reads_what_it_writes(&HistoryRow {
            at: 1_795_000_000_000,
            kind: EventKind::Held,
            reference: "0ABCDEFGHIJK".into(),
            original: String::new(),
            amount: 1999,
            available: 5000,
            held: 0,
            code: String::new(),
            institution: 10_000_000_001,
            acceptor: "MALL-0001".into(),
            card: "0017".into(),
            order: "00112233445566ff".into(),
            text: "2 cups, one saucer".into(),
        });
        reads_what_it_writes(&Limits::from_array([1, 2, 3, 4, 5]));
        reads_what_it_writes(&Spent {
            day: 1,
            month: 2,
            day_count: 3,
            month_count: 4,
        });
        reads_what_it_writes(&SourceRow {
            number: 1,
            kind: SourceKind::Account,
            shown: "DE89 **** 3000".into(),
        });
        reads_what_it_writes(&ReloadRow {
            source: 1,
            threshold: 2000,
            amount: 5000,
        });
        reads_what_it_writes(&SessionRow {
            number: 7,
            kind: SessionKind::Extension,
            opened_at: 1,
            used_at: 2,
            current: true,
            device: "Firefox, on a phone".into(),
        });
        reads_what_it_writes(&NumberRow {
            number: 3,
            usage: NumberUse::Mall,
            state: NumberState::Live,
            last_four: "0017".into(),
            expiry: "3112".into(),
            limit: 0,
            acceptor: String::new(),
        });
        reads_what_it_writes(&Wishes::DEFAULT);
    }

    #[test]
    fn what_is_no_row_is_an_error() {
        assert!("".parse::<HistoryRow>().is_err());
        assert!("1,held".parse::<HistoryRow>().is_err());
        assert!("1,2,3,4".parse::<Limits>().is_err());
        assert!("1,2,3,4,x".parse::<Limits>().is_err());
        assert!("x".parse::<Wishes>().is_err());
        assert!("1,card".parse::<SourceRow>().is_err());
    }

    #[test]
    fn the_stricter_limit_counts() {
        let allowed = Limits::from_array([100, 0, 500, 0, 9]);
        let own = Limits::from_array([200, 50, 0, 0, 3]);
        let both = Limits::from_array([100, 50, 500, 0, 3]);
        assert_eq!(allowed.stricter(own), both);
    }
}
