//! The message of a case, field by field, in the words of the specification: constant values are literal, others
//! (times, trace numbers, payers) are named.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::keys::{Key, Wrapped};

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    /// What it is: `purchase`.
    pub name: Cow<'static, str>,
    /// Four digits.
    pub mti: &'static str,
    /// Its fields, the MAC left out.
    pub fields: BTreeMap<u8, Value>,
    /// With which of the party's keys it is sealed, where it has one.
    pub key: Key,
    /// What is wrong with that.
    pub seal: Seal,
    /// What is wrong with its bytes.
    pub spoiled: Option<Spoiled>,
    /// It is sent before the connection has signed on.
    pub before_sign_on: bool,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// These digits or characters; of fields of bytes, hexadecimal.
    Exactly(Cow<'static, str>),
    /// Field 7: now, or so many seconds later.
    Now(i64),
    /// Field 12.
    LocalTime,
    /// Field 13.
    LocalDate,
    /// A number that was not used before; in field 37 with zeros in front.
    Fresh,
    /// The party's code.
    Party,
    /// Another party's code.
    OtherParty,
    /// A card acceptor of the party.
    Acceptor,
    /// The terminal.
    Terminal,
    /// The card number of who pays; an acquirer sends it, a mall leaves it out.
    Card,
    /// Its expiry; likewise.
    Expiry,
    /// A merchant category that the party's profile allows.
    Category,
    /// One that it forbids.
    CategoryRefused,
    /// A minor unit more than the party's profile allows.
    AboveAmountMax,
    /// A country that the party's profile allows; left out where it allows any.
    Country,
    /// One that it forbids.
    CountryRefused,
    /// Field 48 tag 03: a key of the party, wrapped.
    KeyMaterial(Key, Wrapped),
    /// 48 tag 01: the case's order of this number; a mall sends it, an acquirer leaves it out. Further tags follow.
    Order(u8, Vec<(u8, &'static str)>),
    /// Text values of field 48: tag and value.
    Tags(Vec<(u8, &'static str)>),
    /// What the case's message of this number had in the same field; left out where that had none.
    As(usize),
    /// What the answer to the case's message of this number had in the same field.
    AsAnswer(usize),
    /// Field 90: the original is the case's message of this number.
    Original(usize),
    /// The same, without its time and institution.
    OriginalWithoutTime(usize),
    /// The same, with another party's code.
    OriginalOfAnother(usize),
    /// Its message type alone: no trace number, time or institution.
    OriginalUnnamed(usize),
    /// The same as `Original`, with the time of a transmission before it that was lost.
    OriginalLost(usize),
    /// Field 90: a purchase of this party with the trace number `AnnouncedEarly`, sent now.
    OriginalToCome,
    /// The trace number of a message that an earlier one of the case has named before it came.
    AnnouncedEarly,
    /// A length in front that does not fit what follows.
    Lengthened(&'static str, &'static str),
}

/// How well a message is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// With its key.
    Right,
    /// Not at all.
    None,
    /// One bit of the MAC is another.
    OneBitOff,
    /// One bit under the MAC was changed after it was made.
    ChangedAfterwards,
    /// With a key that was never the party's.
    ForeignKey,
}

/// What is wrong with the bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoiled {
    /// A byte too many behind the last field.
    LeftOver,
    /// The last bytes are missing, so that a field runs past the frame.
    CutOff(usize),
}

impl Message {
    /// A message with these fields.
    fn new(
        name: &'static str,
        mti: &'static str,
        fields: impl IntoIterator<Item = (u8, Value)>,
    ) -> Self {
        Self {
            name: name.into(),
            mti,
            fields: fields.into_iter().collect(),
            key: Key::Profile,
            seal: Seal::Right,
            spoiled: None,
            before_sign_on: false,
        }
    }

    /// A field has another value.
    pub fn with(mut self, field: u8, value: impl Into<Value>) -> Self {
        self.fields.insert(field, value.into());
        self
    }

    /// A field is left out.
    pub fn without(mut self, field: u8) -> Self {
        self.fields.remove(&field);
        self
    }

    /// A field is left out, and the message is called after that.
    pub fn lacking(self, field: u8) -> Self {
        let name = format!("{} without field {field}", self.name);
        self.without(field).named(name)
    }

    /// Another message type.
    pub fn mti(mut self, mti: &'static str) -> Self {
        self.mti = mti;
        self
    }

    /// Another name.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sealed with another of the party's keys.
    pub fn under(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    /// Sealed otherwise.
    pub fn sealed(mut self, seal: Seal) -> Self {
        self.seal = seal;
        self
    }

    /// Its bytes are spoiled.
    pub fn spoiled(mut self, spoiled: Spoiled) -> Self {
        self.spoiled = Some(spoiled);
        self
    }

    /// Sent before the sign-on.
    pub fn before_sign_on(mut self) -> Self {
        self.before_sign_on = true;
        self
    }

    /// For a mall: another one of the case's orders.
    pub fn order(self, order: u8) -> Self {
        self.with(48, Value::Order(order, Vec::new()))
    }

    /// Another amount, in minor units.
    pub fn amount(self, amount: u64) -> Self {
        self.with(4, minor_units(amount))
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Exactly(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Exactly(Cow::Owned(text))
    }
}

/// Field 4.
pub fn minor_units(amount: u64) -> Value {
    format!("{amount:012}").into()
}

/// Field 95: what an original shrinks to.
pub fn shrunk_to(amount: u64) -> Value {
    format!("{amount:012}{:030}", 0).into()
}

/// 0200, processing code 00.
pub fn purchase(amount: u64) -> Message {
    Message::new(
        "purchase",
        "0200",
        [
            (2, Value::Card),
            (3, "000000".into()),
            (4, minor_units(amount)),
            (7, Value::Now(0)),
            (11, Value::Fresh),
            (12, Value::LocalTime),
            (13, Value::LocalDate),
            (14, Value::Expiry),
            (18, Value::Category),
            (19, Value::Country),
            (22, "812".into()),
            (25, "59".into()),
            (32, Value::Party),
            (37, Value::Fresh),
            (41, Value::Terminal),
            (42, Value::Acceptor),
            (48, Value::Order(1, Vec::new())),
            (49, "840".into()),
        ],
    )
}

/// 0100, processing code 00.
pub fn authorization(amount: u64) -> Message {
    purchase(amount).mti("0100").named("authorization")
}

/// 0100, processing code 31.
pub fn inquiry() -> Message {
    purchase(0)
        .mti("0100")
        .named("balance inquiry")
        .with(3, "310000")
        .without(48)
}

/// 0100, processing code 38.
pub fn verification() -> Message {
    inquiry().named("account verification").with(3, "380000")
}

/// 0420 of one of the case's messages, whole.
pub fn reversal(original: usize) -> Message {
    Message::new("reversal advice", "0420", following(original))
}

/// 0400 likewise.
pub fn reversal_request(original: usize) -> Message {
    reversal(original).mti("0400").named("reversal request")
}

/// 0220 of one of the case's authorizations.
pub fn completion(authorization: usize, amount: u64) -> Message {
    Message::new("completion advice", "0220", following(authorization)).amount(amount)
}

/// 0200, processing code 20, of one of the case's purchases.
pub fn refund(original: usize, amount: u64) -> Message {
    Message::new("refund", "0200", following(original))
        .with(3, "200000")
        .with(18, Value::Category)
        .with(22, "812")
        .with(25, "59")
        .amount(amount)
}

/// 0600/310 about one of the case's messages.
pub fn status(original: usize) -> Message {
    Message::new("status inquiry", "0600", following(original)).with(24, "310")
}

/// The same about the case's order of this number.
pub fn status_of_order(order: u8) -> Message {
    Message::new(
        "status inquiry about an order",
        "0600",
        [
            (7, Value::Now(0)),
            (11, Value::Fresh),
            (24, "310".into()),
            (32, Value::Party),
            (37, Value::Fresh),
            (41, Value::Terminal),
            (42, Value::Acceptor),
            (48, Value::Order(order, Vec::new())),
            (49, "840".into()),
        ],
    )
}

/// What names an original, and its payer as it did.
fn following(original: usize) -> [(u8, Value); 14] {
    [
        (2, Value::As(original)),
        (3, Value::As(original)),
        (4, Value::As(original)),
        (7, Value::Now(0)),
        (11, Value::Fresh),
        (12, Value::LocalTime),
        (13, Value::LocalDate),
        (32, Value::Party),
        (37, Value::Fresh),
        (41, Value::As(original)),
        (42, Value::As(original)),
        (48, Value::As(original)),
        (49, Value::As(original)),
        (90, Value::Original(original)),
    ]
}

impl Message {
    /// Names this message of the case by its field 37 alone: 90 says neither trace number nor time.
    pub fn by_reference(self, original: usize) -> Self {
        self.with(90, Value::OriginalUnnamed(original))
            .with(37, Value::As(original))
    }
}

/// One of the case's messages again, as a repeat of this type.
pub fn repeat(mti: &'static str, original: usize) -> Message {
    again(mti, original).with(7, Value::Now(0))
}

/// One of the case's messages again, with this message type and everything else as it was.
pub fn again(mti: &'static str, original: usize) -> Message {
    let fields = (2..=128).filter(|field| ![64, 65, 128].contains(field));
    Message::new(
        "the same again",
        mti,
        fields.map(|field| (field, Value::As(original))),
    )
}

/// 0500 for the settlement date of today, with totals that nobody has.
pub fn reconciliation() -> Message {
    let totals = (74..=77).map(|field| (field, "9999999999".into()));
    let amounts = (86..=89).map(|field| (field, "9999999999999999".into()));
    let named = [
        (7, Value::Now(0)),
        (11, Value::Fresh),
        (15, Value::LocalDate),
        (32, Value::Party),
        (97, "C9999999999999999".into()),
    ];
    Message::new("reconciliation", "0500", totals.chain(amounts).chain(named))
}

/// 0800 with this network code.
pub fn network(name: &'static str, code: &'static str) -> Message {
    Message::new(
        name,
        "0800",
        [
            (7, Value::Now(0)),
            (11, Value::Fresh),
            (32, Value::Party),
            (70, code.into()),
        ],
    )
}

/// 0800/001.
pub fn sign_on() -> Message {
    network("sign-on", "001")
}

/// 0800/101: the MAC key of the party becomes this one.
pub fn key_change(to: Key) -> Message {
    network("key change", "101").with(48, Value::KeyMaterial(to, Wrapped::Whole))
}

/// 0800/301.
pub fn echo() -> Message {
    network("echo", "301")
}
