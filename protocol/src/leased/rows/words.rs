//! What is one of a few: a word each.

use std::fmt;
use std::str::FromStr;

use super::RowError;

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
        /// A payout was sent to the financial system.
        PayoutRequested = "payout_requested",
        /// A purchase holds money and is with the financial system.
        Held = "held",
        /// An authorization sets money aside; with the code 00 where nobody is asked any more.
        Authorized = "authorized",
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
        /// A purchase was decided elsewhere.
        Advised = "advised",
        /// An authorization was completed, and nothing of it is set aside any more.
        Completed = "completed",
        /// An authorization was completed, and what is left of it stays set aside.
        CompletedInPart = "completed_in_part",
        /// What an authorization had set aside is free: its time is over.
        Expired = "expired",
        /// A mall wanted something undone of which nothing stood.
        ReversalNoted = "reversal_noted",
        /// The financial system has acknowledged a reversal.
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
        /// The notification preferences were changed.
        PreferencesSet = "wishes_set",
        /// The wallet was ended.
        Closed = "closed",
        /// Something that is no business of the payer's.
        Other = "other",
    }
}

words! {
    /// What a party asks for.
    Purpose: "purpose" {
        /// The payer's money: a purchase, an authorization or a completion.
        Payment = "payment",
        /// To give money of a purchase back.
        Refund = "refund",
        /// To load money that was paid to the party.
        Load = "load",
        /// To undo something.
        Reversal = "reversal",
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
