//! What field 39 of the financial system's answer means for the request that it answers: the one table of it.
//!
//! Nothing but 00 is an approval of all that was asked for. A code that may stand for money that was moved, in part, under a condition, or
//! unknown to the party that answered, is no decline: the request is undone at the financial system, and its asker is answered that
//! nothing came of it.

use crate::ResponseCode;

/// A request or an advice to the financial system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostRequestKind {
    /// 0200/00.
    Purchase,
    /// 0100/00.
    Authorization,
    /// 0200/20.
    Refund,
    /// 0200/28.
    Load,
    /// 0200/29.
    Payout,
    /// 0302 with 1 or 2 in field 91: a card number is wanted.
    CardIssue,
    /// 0302 with 3 in field 91.
    CardCancellation,
    /// 0220 or 0120: a completion, or what was decided without the financial system.
    Posting,
    /// 0420 of what the financial system has approved.
    Reversal,
    /// 0420 of what it may have never received.
    ReversalInDoubt,
}

/// What an answer means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostVerdict {
    /// Done, for the whole amount.
    Approved,
    /// Nothing was done; the asker is answered with this code.
    Declined(ResponseCode),
    /// It may have been done: it is undone at the financial system, and the asker is answered with this code.
    Undo(ResponseCode),
    /// The request is sent again until it is done, or an operator decides.
    Again,
}

/// What a code says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Approved,
    Declined(ResponseCode),
    InDoubt(ResponseCode),
}

impl HostRequestKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Purchase,
        Self::Authorization,
        Self::Refund,
        Self::Load,
        Self::Payout,
        Self::CardIssue,
        Self::CardCancellation,
        Self::Posting,
        Self::Reversal,
        Self::ReversalInDoubt,
    ];

    /// What this code, in an answer to a request of this kind, means.
    pub const fn verdict(self, code: ResponseCode) -> HostVerdict {
        match self {
            Self::Purchase | Self::Authorization | Self::Refund | Self::Load | Self::Payout => {
                match meaning(code) {
                    Meaning::Approved => HostVerdict::Approved,
                    Meaning::Declined(code) => HostVerdict::Declined(code),
                    Meaning::InDoubt(code) => HostVerdict::Undo(code),
                }
            }
            // There is no undoing a card whose number nobody knows.
            Self::CardIssue => match meaning(code) {
                Meaning::Approved => HostVerdict::Approved,
                Meaning::Declined(code) => HostVerdict::Declined(code),
                Meaning::InDoubt(_) => HostVerdict::Again,
            },
            // A card that it does not know is dead there.
            Self::CardCancellation => match code.as_bytes() {
                b"00" | b"14" | b"25" => HostVerdict::Approved,
                _ => HostVerdict::Again,
            },
            // Where it never received the original, there is nothing to undo.
            Self::ReversalInDoubt => match code.as_bytes() {
                b"00" | b"25" => HostVerdict::Approved,
                _ => HostVerdict::Again,
            },
            Self::Posting | Self::Reversal => match code.as_bytes() {
                b"00" => HostVerdict::Approved,
                _ => HostVerdict::Again,
            },
        }
    }
}

const fn meaning(code: ResponseCode) -> Meaning {
    match code.as_bytes() {
        b"00" => Meaning::Approved,
        // Decisions against it that our own table has too.
        b"03" | b"05" | b"12" | b"13" | b"14" | b"25" | b"30" | b"51" | b"54" | b"57" | b"58"
        | b"61" | b"62" | b"63" | b"65" | b"94" => Meaning::Declined(code),
        // Others of ISO 8583:1987: refer to the issuer, pick up, no such service, wrong PIN, stolen, not allowed.
        b"01" | b"02" | b"04" | b"07" | b"15" | b"17" | b"19" | b"23" | b"31" | b"33" | b"34"
        | b"35" | b"36" | b"37" | b"38" | b"39" | b"40" | b"41" | b"42" | b"43" | b"44" | b"52"
        | b"53" | b"55" | b"56" | b"59" | b"60" | b"64" | b"66" | b"67" | b"75" | b"90" | b"92"
        | b"93" => Meaning::Declined(ResponseCode::DECLINED),
        // Late, out of reach, out of order: the party that answered does not know the outcome.
        b"68" | b"91" | b"96" => Meaning::InDoubt(code),
        b"06" | b"09" | b"20" | b"22" => Meaning::InDoubt(ResponseCode::HOST_UNREACHABLE),
        // Approved in part (10, 32, 87), under a condition (08), for the terminal to act on (11, 16, 85), and all codes
        // that are not listed.
        _ => Meaning::InDoubt(ResponseCode::DECLINED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_00_is_an_approval_of_money() {
        let codes = (0..=u16::MAX).map(|code| ResponseCode::new(code.to_be_bytes()));
        for code in codes.filter(|code| !code.is_approved()) {
            for kind in HostRequestKind::ALL {
                match (kind, kind.verdict(code)) {
                    (HostRequestKind::CardCancellation, HostVerdict::Approved) => {
                        assert!(matches!(code.as_bytes(), b"14" | b"25"));
                    }
                    (HostRequestKind::ReversalInDoubt, HostVerdict::Approved) => {
                        assert_eq!(code.as_bytes(), b"25");
                    }
                    (_, HostVerdict::Approved) => panic!("{kind:?} {code}"),
                    // The asker never gets an approval, or a code that is not in our table.
                    (_, HostVerdict::Declined(answered) | HostVerdict::Undo(answered)) => {
                        assert!(answered.meaning().is_some(), "{kind:?} {code}: {answered}");
                        assert!(
                            !matches!(answered.as_bytes(), b"00" | b"10"),
                            "{kind:?} {code}"
                        );
                    }
                    (_, HostVerdict::Again) => {}
                }
            }
        }
    }

    #[test]
    fn an_approval_in_part_that_nobody_asked_for_is_undone() {
        let undone = HostVerdict::Undo(ResponseCode::DECLINED);
        for code in ["08", "10", "11", "16", "32", "85", "87", "Z9", "Y1"] {
            let code = ResponseCode::new(code.as_bytes().try_into().unwrap());
            assert_eq!(HostRequestKind::Purchase.verdict(code), undone);
            assert_eq!(HostRequestKind::CardIssue.verdict(code), HostVerdict::Again);
        }
    }
}
