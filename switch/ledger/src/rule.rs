//! The rules that decline, as one closed list: what a rule is called, its answer (field 39), and its text.
//!
//! The text is the same in tag 09 of an answer, in the label `reason` of `tessera_declines_total`, in the log, and in the
//! journal. Another text is another series and another reason in the journal: a rule keeps its text.

use std::fmt;

use tessera_protocol::{Flaw, ResponseCode};

macro_rules! rules {
    ($($rule:ident = $code:ident, $text:literal;)*) => {
        /// Why something is declined.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $(#[doc = $text] $rule,)*
            /// The request itself is wrong; its field is named beside it.
            Request(Flaw),
        }

        impl Rule {
            /// Every rule of the switch; those of a request's own form are [`Flaw::ALL`].
            const OF_THE_SWITCH: &'static [Self] = &[$(Self::$rule),*];

            /// For a developer's eyes.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$rule => $text,)*
                    Self::Request(flaw) => flaw.text(),
                }
            }

            /// Field 39, as far as the rule decides it: the financial system may decline with another code.
            pub const fn code(self) -> ResponseCode {
                match self {
                    $(Self::$rule => ResponseCode::$code,)*
                    Self::Request(flaw) => flaw.code(),
                }
            }
        }
    };
}

rules! {
    // Purchases, and what pays them.
    ReversedBefore = DECLINED, "reversed before it came";
    ReversedMeanwhile = DECLINED, "reversed while it was decided";
    ReversedWhileWaiting = DECLINED, "reversed while it waited for the order";
    OtherCurrency = INVALID_TRANSACTION, "not the wallet's currency";
    NoPayer = INVALID_TRANSACTION, "no payer named";
    NotEnoughMoney = NOT_ENOUGH_MONEY, "not enough money";
    PurchaseLimit = ABOVE_AMOUNT_LIMIT, "above the limit of a purchase";
    DayLimit = ABOVE_AMOUNT_LIMIT, "above the limit of a day";
    MonthLimit = ABOVE_AMOUNT_LIMIT, "above the limit of a month";
    DayCount = ABOVE_COUNT_LIMIT, "above the number of purchases a day";
    MonthCount = ABOVE_COUNT_LIMIT, "above the number of purchases a month";
    PartyLimit = ABOVE_AMOUNT_LIMIT, "above the limit of the party's profile";
    MerchantCategory = NOT_PERMITTED_TO_CARD, "not this merchant category";
    MerchantCountry = NOT_PERMITTED_TO_CARD, "not in this country";
    OnlyECommerce = NOT_PERMITTED_TO_CARD, "only e-commerce";
    CardsBlocked = WALLET_BLOCKED, "the operator has blocked such cards";
    WalletBlocked = WALLET_BLOCKED, "the operator has blocked the wallet";
    MerchantBlocked = UNKNOWN_ACCEPTOR, "the operator has blocked the merchant";
    WalletFrozen = WALLET_BLOCKED, "the payer has frozen it";
    WalletEnded = WALLET_BLOCKED, "the wallet was ended";
    NoSuchWallet = NO_SUCH_CARD, "no such wallet";
    // Cards.
    NoCard = NO_SUCH_CARD, "the wallet has no card";
    NoCardNamed = NO_SUCH_CARD, "no card named";
    NoSuchCard = NO_SUCH_CARD, "no such card";
    NotItsCard = NO_SUCH_CARD, "not a card of the wallet";
    CardDead = NO_SUCH_CARD, "the card number is dead";
    WrongExpiry = EXPIRED, "not the card's expiry";
    CardExpired = EXPIRED, "the card has expired";
    NumberUsed = NOT_PERMITTED_TO_CARD, "the number was for one purchase";
    NumberOfAnotherMall = NOT_PERMITTED_TO_CARD, "the number is another mall's";
    NumberLimit = ABOVE_AMOUNT_LIMIT, "above the limit of the card number";
    CardExists = DUPLICATE, "the wallet has a card";
    CardRequested = DUPLICATE, "the financial system is being asked for a card";
    TooManyNumbers = ABOVE_COUNT_LIMIT, "too many further numbers: end one of them first";
    NoSuchNumber = NOT_FOUND, "no such further number";
    // Orders.
    NoOrderNamed = INVALID_TRANSACTION, "no order named";
    NoSuchOrder = NOT_FOUND, "no such order";
    OrderCancelled = NOT_FOUND, "the order was cancelled";
    OrderPaid = DUPLICATE, "the order is paid";
    OrderPaidOrPaying = DUPLICATE, "the order is paid, or being paid";
    OrderPaying = DUPLICATE, "another purchase is paying the order";
    OrderOfAnotherWallet = DUPLICATE, "another wallet has the order";
    AgreementExpired = NOT_FOUND, "the payer's agreement has expired";
    AgreedToOtherAmount = DUPLICATE, "the payer has agreed to another amount";
    AgreedCurrency = INVALID_TRANSACTION, "not the currency that the payer agreed to";
    AgreedAmount = INVALID_AMOUNT, "not the amount that the payer agreed to";
    NoAgreement = NOT_FOUND, "no payer has agreed to this order";
    NothingToPay = INVALID_AMOUNT, "nothing to pay";
    // Originals, repeats, refunds and reversals.
    OriginalNotFound = NOT_FOUND, "original not found";
    StatusUnknown = NOT_FOUND, "no such order or request is known here";
    OtherContents = DUPLICATE, "the same key came with other contents";
    DecidedBefore = DECLINED, "decided before";
    ReplacementTooHigh = INVALID_AMOUNT, "95 is above the original amount";
    PurchaseCurrency = INVALID_TRANSACTION, "not the currency of the purchase";
    PurchasePending = INVALID_TRANSACTION, "the purchase is still being decided";
    NothingLeft = NOT_FOUND, "nothing stands of the purchase";
    MoreThanLeft = INVALID_AMOUNT, "more than what is left of the purchase";
    MoreThanWalletHolds = ABOVE_AMOUNT_LIMIT, "more than a wallet can hold";
    // The financial system.
    HostDown = HOST_UNREACHABLE, "no line to the financial system is up";
    HostLineLost = HOST_UNREACHABLE, "the line to the financial system is down";
    HostSilent = HOST_UNREACHABLE, "the financial system did not answer";
    HostLate = HOST_UNREACHABLE, "the financial system has not answered yet";
    HostBehind = HOST_UNREACHABLE, "the financial system has not received the message before it";
    HostDeclined = DECLINED, "declined by the financial system";
    HostUndecided = DECLINED, "the financial system neither approved nor declined it";
    HostTotalsRefused = DECLINED, "it does not compare totals";
    HostTotalsUnanswered = HOST_UNREACHABLE, "it did not answer";
    // Accounts.
    NoSuchSession = SECURITY_VIOLATION, "no such session";
    WrongPassword = SECURITY_VIOLATION, "wrong identification number or password";
    TooManyTries = ABOVE_COUNT_LIMIT, "too many tries";
    PasswordsBusy = FAULT, "too many passwords are being looked at";
    ClientTaken = DUPLICATE, "the identification number is taken";
    WalletExists = DUPLICATE, "the wallet exists";
    NoSuchSource = NOT_FOUND, "no such source";
    TooManySources = ABOVE_COUNT_LIMIT, "too many sources: remove one of them first";
    NothingToReload = INVALID_AMOUNT, "tag 02: no amount to reload";
    NothingToLoad = INVALID_AMOUNT, "nothing to load";
    WrongPasskey = SECURITY_VIOLATION, "no such passkey, or it has signed something else";
    PasskeyTooLate = SECURITY_VIOLATION, "the passkey's challenge is over, used or another's";
    PasskeyCounter = SECURITY_VIOLATION, "the passkey's counter does not rise: there is a copy of it";
    NoSuchPasskey = NOT_FOUND, "no such passkey";
    PasskeyExists = DUPLICATE, "the wallet has this passkey";
    TooManyPasskeys = ABOVE_COUNT_LIMIT, "too many passkeys: remove one of them first";
    BrowserExists = DUPLICATE, "this browser shows notifications already";
    TooManyBrowsers = ABOVE_COUNT_LIMIT, "too many browsers: remove one of them first";
    NoSuchBrowser = NOT_FOUND, "no such browser";
    PushNotConfigured = INVALID_TRANSACTION, "notifications in browsers are not configured";
    PushServiceUnknown = INVALID_TRANSACTION, "this push service is not in the configured list";
    PasskeysNotConfigured = INVALID_TRANSACTION, "passkeys are not configured";
    NoReloadDue = DUPLICATE, "no reload is due any more";
    OperatorsLimits = ABOVE_AMOUNT_LIMIT, "above the operator's limits";
    NoContactProposed = NOT_FOUND, "no address waits for its code";
    WrongCode = SECURITY_VIOLATION, "wrong code";
    UnderWay = DUPLICATE, "something is under way: wait until it is decided";
    MoneyOwed = NOT_ENOUGH_MONEY, "the payer owes money";
    MoneyLeft = INVALID_TRANSACTION, "there is money left: say which source it goes back to";
    PayoutTooLarge = ABOVE_AMOUNT_LIMIT, "more than one payout can carry: some of it has to be spent first";
    NoSuchEvent = NOT_FOUND, "no event of the wallet is at this position";
    // Operators.
    OnlyOperatorsBlocks = NOT_FOUND, "only the operator's wallet knows of those";
    OnlyOperatorsDates = NOT_FOUND, "only the operator's wallet has dates and keys";
    OnlyRepair = INVALID_TRANSACTION, "only `tessera journal repair` proves that";
    OnlyRecover = INVALID_TRANSACTION, "only `tessera recover` does that";
    TooMuchBlocked = ABOVE_COUNT_LIMIT, "too much is blocked";
    NotBlocked = NOT_FOUND, "it is not blocked";
    NoSuchAdvice = NOT_FOUND, "no such advice";
    // Parties and their connections.
    NotSignedOn = NOT_PERMITTED_TO_PARTY, "not signed on";
    OtherParty = SECURITY_VIOLATION, "field 32 is not the party of this connection";
    WrongMac = SECURITY_VIOLATION, "MAC missing or wrong";
    ClockWindow = INVALID_TRANSACTION, "field 7 is too far from the switch's clock";
    PartyFull = NOT_PERMITTED_TO_PARTY, "as many connections as the party may have";
    OtherDialect = NOT_PERMITTED_TO_PARTY, "the party's profile has another framing or packing";
    OtherAddress = NOT_PERMITTED_TO_PARTY, "the party's profile does not have this address";
    OtherTransport = NOT_PERMITTED_TO_PARTY, "the party's profile says otherwise whether with TLS";
    OtherCertificate = NOT_PERMITTED_TO_PARTY, "the party's profile has another certificate";
    PartyMessage = NOT_PERMITTED_TO_PARTY, "the party's profile has no such message";
    PartyProcessingCode = NOT_PERMITTED_TO_PARTY, "the party's profile has no such processing code";
    PartyEntryMode = NOT_PERMITTED_TO_PARTY, "the party's profile has no such entry mode";
    PartyAcceptor = SECURITY_VIOLATION, "field 42 is not a card acceptor of the party";
    PartyPayers = NOT_PERMITTED_TO_PARTY, "a mall names orders, an acquirer names cards";
    PartyLoads = NOT_PERMITTED_TO_PARTY, "the party's profile has no loads: they come over the leased line";
    PartyAdvices = NOT_PERMITTED_TO_PARTY, "the party does not decide in the switch's stead, and field 90 names no authorization";
    PartyRefunds = INVALID_TRANSACTION, "a refund of this party names its purchase in field 90";
    NotOffered = INVALID_TRANSACTION, "not offered on this line";
    DayNotBegun = INVALID_TRANSACTION, "the settlement date in field 15 has not begun";
    DayTooOld = INVALID_TRANSACTION, "the settlement date in field 15 does not exist, or is too old";
    KeySuperseded = SECURITY_VIOLATION, "a further change is sealed with the newest key";
    NoKeyEncryptingKey = INVALID_TRANSACTION, "the party's profile has no key-encrypting key";
    KeyDamaged = SECURITY_VIOLATION, "the key is damaged, or wrapped under another key-encrypting key";
    WrongCheckValue = SECURITY_VIOLATION, "the check value is not the new key's";
    // The financial system's settlement dates.
    NotADate = FORMAT_ERROR, "field 15: not a date";
    NotTheNextDay = INVALID_TRANSACTION, "field 15: not the next settlement date";
    DayCouldNotBegin = FAULT, "the date could not begin";
    // The wallet server's operations.
    OtherWalletServer = SECURITY_VIOLATION, "field 32 is not the wallet server's";
    LineFull = NOT_PERMITTED_TO_PARTY, "the maximum of connections is reached";
    NoSuchOperation = INVALID_TRANSACTION, "field 24: no such operation";
    NotOfAccount = INVALID_TRANSACTION, "not about an account";
    NoRetrieval = FORMAT_ERROR, "field 37: missing";
    NoKey = FORMAT_ERROR, "fields 11, 24, 32 and 37 are mandatory";
    OpenDataFormat = FORMAT_ERROR, "field 60: not a list of tag, length, value";
    SecretDataFormat = FORMAT_ERROR, "field 62: not a list of tag, length, value";
    NumberFormat = FORMAT_ERROR, "field 60: a number was expected";
    WalletOrSession = FORMAT_ERROR, "tags 01, 15: a wallet or a session is needed";
    AmountTooLong = INVALID_AMOUNT, "tag 02: more than 12 digits";
    CurrencyFormat = FORMAT_ERROR, "tag 03: three digits";
    AcceptorTooLong = FORMAT_ERROR, "tag 04: a card acceptor id has at most 15 characters";
    OrderNumberLength = FORMAT_ERROR, "tag 05: an order number has 1 to 32 characters";
    SourceLength = FORMAT_ERROR, "tag 07: a funding source has 1 to 28 characters";
    SourceCard = FORMAT_ERROR, "tag 07: no card number, or mistyped";
    SourceAccount = FORMAT_ERROR, "tag 07: letters and digits of an account";
    SessionFormat = FORMAT_ERROR, "tag 15: not a session handle";
    ClientFormat = FORMAT_ERROR, "tag 16: not an identification number";
    PasswordMissing = FORMAT_ERROR, "tag 17: the password is needed";
    NewPasswordMissing = FORMAT_ERROR, "tag 17: a password is needed";
    OtherPasswordMissing = FORMAT_ERROR, "tag 18: the password to be is missing";
    PasswordLength = FORMAT_ERROR, "tags 17, 18: a password has 10 to 128 bytes";
    SecretFormat = FORMAT_ERROR, "tag 19: 48 lower-case hexadecimal digits";
    NumberMissing = FORMAT_ERROR, "tag 22: missing";
    SourceMissing = FORMAT_ERROR, "tag 22: no source";
    NumberUseFormat = FORMAT_ERROR, "tag 24: `once` or `mall`";
    SessionKindFormat = FORMAT_ERROR, "tag 24: `web` or `extension`";
    SourceKindFormat = FORMAT_ERROR, "tag 24: `card` or `account`";
    ChannelFormat = FORMAT_ERROR, "tag 24: `email` or `mobile`";
    ChannelNotConfigured = INVALID_TRANSACTION, "the channel is not configured";
    EmailFormat = FORMAT_ERROR, "tag 26: no e-mail address";
    MobileFormat = FORMAT_ERROR, "tag 26: a mobile number is + and 8 to 15 digits";
    CodeMissing = FORMAT_ERROR, "tag 27: no code";
    PreferencesFormat = FORMAT_ERROR, "tag 28: letters of notification preferences";
    LimitsFormat = FORMAT_ERROR, "tag 29: five limits";
    ReferenceFormat = FORMAT_ERROR, "tag 41: no reference of a transaction";
    LanguageFormat = FORMAT_ERROR, "tag 47: two small letters of a language";
    PasskeyNameFormat = FORMAT_ERROR, "tag 20: a passkey's name has 1 to 40 characters";
    PasskeyFormat = FORMAT_ERROR, "tags 54 to 57: not what a passkey answers";
    BrowserNameFormat = FORMAT_ERROR, "tag 20: a browser's name has 1 to 60 characters";
    PushAddressFormat = FORMAT_ERROR, "tag 60: not the address of a push service, or too long";
    PushKeysFormat = FORMAT_ERROR, "tag 61: no public key and secret of a browser";
    // Faults of the switch: nothing was applied.
    NoRandomNumbers = FAULT, "the system has no random numbers";
    NotEncrypted = FAULT, "it could not be encrypted";
    StoreUnreadable = FAULT, "the store could not be read";
    JournalUnreadable = FAULT, "the journal could not be read";
    JournalUnreadableBack = FAULT, "the journal could not be read back";
    WalletNotLoaded = FAULT, "the wallet could not be loaded";
}

impl Rule {
    /// Every rule.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_requests = Flaw::ALL.iter().copied().map(Self::Request);
        Self::OF_THE_SWITCH.iter().copied().chain(of_requests)
    }

    /// The rule with this text.
    pub fn with_text(text: &str) -> Option<Self> {
        Self::all().find(|rule| rule.text() == text)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The answer to a message, without what else it may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Field 39.
    pub code: ResponseCode,
    /// The rule that declined; also beside an approval, where an advice names an original that is not found.
    pub rule: Option<Rule>,
}

impl Verdict {
    /// Approved, and nothing to explain.
    pub const APPROVED: Self = Self {
        code: ResponseCode::APPROVED,
        rule: None,
    };

    /// Tag 09.
    pub fn reason(self) -> Option<&'static str> {
        self.rule.map(Rule::text)
    }

    /// By this rule, but with the answer of somebody else, or with that of another message.
    pub const fn with_code(rule: Rule, code: ResponseCode) -> Self {
        Self {
            code,
            rule: Some(rule),
        }
    }
}

impl From<Rule> for Verdict {
    fn from(rule: Rule) -> Self {
        Self::with_code(rule, rule.code())
    }
}

/// The rule of a decline as the journal names it: by its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A rule of this build.
    Rule(Rule),
    /// Another build's rule: it is shown as it stands, and written again as it was read.
    Other(Box<str>),
}

impl Reason {
    /// The reason with this text.
    pub fn with_text(text: &str) -> Self {
        Rule::with_text(text).map_or_else(|| Self::Other(text.into()), Self::Rule)
    }

    /// For a developer's eyes.
    pub fn text(&self) -> &str {
        match self {
            Self::Rule(rule) => rule.text(),
            Self::Other(text) => text,
        }
    }
}

impl From<Rule> for Reason {
    fn from(rule: Rule) -> Self {
        Self::Rule(rule)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
