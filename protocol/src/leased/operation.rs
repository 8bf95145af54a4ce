//! Field 24: the operations.

macro_rules! operations {
    ($($name:ident = $number:literal, $meaning:literal;)*) => {
        /// Field 24 of 0600. The tags of each stand in the protocol guide.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = $meaning] $name,)*
        }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The operation of a number.
            pub const fn of(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its number.
            pub const fn number(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// What it does.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

operations! {
    CreateWallet = 100, "create a wallet without an account";
    IssueCard = 110, "request the wallet's first card from the financial system";
    RevealCard = 111, "show a card number in full";
    ReissueCard = 112, "replace the card number; the old one ends, the money stays";
    IssueNumber = 113, "a further number, for one purchase or for one mall";
    RetireNumber = 114, "end a further number";
    ListNumbers = 115, "list the further numbers";
    Load = 120, "load the wallet from a funding source";
    AddSource = 121, "store a funding source";
    RemoveSource = 122, "delete a funding source";
    SetReload = 123, "load automatically below a threshold, or stop doing so";
    AnnounceOrder = 130, "the payer agrees to pay an order";
    CancelOrder = 131, "the payer cancels an order";
    ReadOrder = 132, "read the state of an order";
    ReadBalance = 140, "read the balance";
    ReadHistory = 150, "read the last events";
    Freeze = 160, "refuse purchases until further notice";
    Unfreeze = 161, "allow purchases again";
    SetLimits = 162, "the payer's own limits";
    ProposeContact = 170, "send a confirmation code to an address";
    ConfirmContact = 171, "confirm an address by its code";
    RemoveContact = 172, "delete the address; no more notifications are sent";
    SetPreferences = 173, "set the notification preferences";
    Close = 180, "pay the money back to a funding source and end the wallet";
    Watch = 190, "watch the wallet's events";
    Unwatch = 191, "stop watching";
    Register = 200, "open an account, its wallet and a session";
    SignIn = 201, "open a session";
    SignOut = 202, "end the session";
    SignOutEverywhere = 203, "end all sessions";
    ListSessions = 204, "list the open sessions";
    ChangePassword = 205, "change the password; all other sessions end";
    EndSession = 206, "end one session";
    Recover = 207, "set another password by the recovery code, and open a session; all others end";
    SetRecovery = 208, "set the recovery code, in place of the one before";
    Overview = 210, "overview: the data of the payer's pages except lists";
    SetLanguage = 220, "set the language of the payer's messages";
    PasskeyChallenge = 221, "a challenge for a passkey: to sign in, or of a session to confirm an operation";
    PasskeySignIn = 222, "open a session by a passkey";
    BeginPasskey = 223, "a challenge to add a passkey";
    AddPasskey = 224, "add a passkey";
    RenamePasskey = 225, "rename a passkey";
    RemovePasskey = 226, "remove a passkey";
    ListPasskeys = 227, "list the passkeys";
    AddBrowser = 230, "have a browser show notifications (Web Push)";
    RemoveBrowser = 231, "show no more notifications in a browser";
    ListBrowsers = 232, "list the browsers that show notifications, and the key that they subscribe with";
}

impl Operation {
    /// Whether it changes nothing, so that it may be asked again whatever became of it.
    pub const fn reads(self) -> bool {
        matches!(
            self,
            Self::ListNumbers
                | Self::ReadOrder
                | Self::ReadBalance
                | Self::ReadHistory
                | Self::ListSessions
                | Self::Overview
                | Self::PasskeyChallenge
                | Self::ListPasskeys
                | Self::ListBrowsers
        )
    }
}

/// Field 24 of 0620: something happened to a wallet that is being watched.
pub const WATCHED: u16 = 190;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_number() {
        for operation in Operation::ALL {
            assert_eq!(Operation::of(operation.number()), Some(*operation));
        }
        assert_eq!(Operation::of(0), None);
    }
}
