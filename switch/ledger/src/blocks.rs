//! What an operator has blocked, found without looking at all of it: it is asked at every purchase.

use hashbrown::HashSet;
use tessera_kit::clock::Timestamp;
use tessera_protocol::CardNumber;

/// What can be blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The wallet that it is said to.
    Wallet,
    /// The cards of a range; said to the wallet of the operator.
    Cards(CardRange),
    /// A merchant, by its card acceptor (field 42), in requests of any party; a command to the operator wallet.
    Merchant([u8; 15]),
}

/// Cards by how their numbers begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardRange {
    /// The lowest number, as nineteen digits.
    first: u64,
    /// The highest.
    last: u64,
}

/// Something that is blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What.
    pub subject: Subject,
    /// Since when.
    pub since: Timestamp,
    /// Who decided it.
    pub by: Box<str>,
    /// Why.
    pub reason: Box<str>,
}

impl CardRange {
    /// From the first digits of the lowest and of the highest number, at most nineteen each.
    pub fn new(first: &str, last: &str) -> Option<Self> {
        let filled = |digits: &str, filler: &str| {
            let whole = (1..=LONGEST).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit());
            let missing = LONGEST.checked_sub(digits.len()).filter(|_| whole)?;
            format!("{digits}{}", filler.repeat(missing)).parse().ok()
        };
        let (first, last) = (filled(first, "0")?, filled(last, "9")?);
        (first <= last).then_some(Self { first, last })
    }

    /// Of the numbers in between, nineteen digits each.
    pub fn bounds(&self) -> (u64, u64) {
        (self.first, self.last)
    }

    pub(super) fn between(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }
}

/// Digits of the longest card number (ISO/IEC 7812).
const LONGEST: usize = 19;

/// All that is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocks {
    /// In the order in which it was decided.
    all: Vec<Block>,
    merchants: HashSet<[u8; 15]>,
    /// Where each range begins, in order, and how far it or one before it goes.
    ranges: Vec<(u64, u64)>,
}

impl Blocks {
    /// These, each subject once.
    pub fn new(all: Vec<Block>) -> Self {
        let mut blocks = Self {
            all,
            ..Self::default()
        };
        blocks.look_up_anew();
        blocks
    }

    /// From now on this is blocked, once.
    pub fn add(&mut self, block: Block) {
        self.all.retain(|other| other.subject != block.subject);
        self.all.push(block);
        self.look_up_anew();
    }

    /// It is not any more.
    pub fn remove(&mut self, subject: Subject) {
        self.all.retain(|block| block.subject != subject);
        self.look_up_anew();
    }

    /// All of it, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Block> {
        self.all.iter()
    }

    /// Whether nothing is blocked.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether just this is blocked.
    pub fn hold(&self, subject: Subject) -> bool {
        self.all.iter().any(|block| block.subject == subject)
    }

    /// Whether this merchant is blocked.
    pub fn hold_merchant(&self, acceptor: &[u8; 15]) -> bool {
        self.merchants.contains(acceptor)
    }

    /// Whether a card falls into a range that is blocked.
    pub fn hold_card(&self, card: &CardNumber) -> bool {
        if self.ranges.is_empty() {
            return false;
        }
        let missing = LONGEST.saturating_sub(card.length()) as u32;
        let digits = card.expose().saturating_mul(10_u64.pow(missing));
        let begun = self.ranges.partition_point(|(first, _)| *first <= digits);
        let last = begun.checked_sub(1).map(|place| self.ranges[place].1);
        last.is_some_and(|last| digits <= last)
    }

    fn look_up_anew(&mut self) {
        let subjects = || self.all.iter().map(|block| block.subject);
        let merchants = subjects().filter_map(|subject| match subject {
            Subject::Merchant(acceptor) => Some(acceptor),
            Subject::Wallet | Subject::Cards(_) => None,
        });
        let mut ranges: Vec<_> = subjects()
            .filter_map(|subject| match subject {
                Subject::Cards(range) => Some(range.bounds()),
                Subject::Wallet | Subject::Merchant(_) => None,
            })
            .collect();
        ranges.sort_unstable();
        let mut furthest = 0;
        for (_, last) in &mut ranges {
            furthest = furthest.max(*last);
            *last = furthest;
        }
        (self.merchants, self.ranges) = (merchants.collect(), ranges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(subject: Subject) -> Block {
        Block {
            subject,
            since: Timestamp::EPOCH,
            by: "Ada".into(),
            reason: "a test".into(),
        }
    }

    fn card(digits: &str) -> CardNumber {
        CardNumber::from_digits(digits).unwrap()
    }

    #[test]
    fn a_range_holds_the_cards_that_begin_so() {
        let of = |first, last| {
            let mut blocks = Blocks::default();
            let range = CardRange::new(first, last).unwrap();
            blocks.add(block(Subject::Cards(range)));
            blocks
        };
        let blocks = of("990000", "990002");
        for inside in ["9900000000000018", "9900029999999999", "99000012"] {
            assert!(blocks.hold_card(&card(inside)), "{inside}");
        }
        for outside in ["9900030000000000", "9899999999999999", "0990000000000018"] {
            assert!(!blocks.hold_card(&card(outside)), "{outside}");
        }
        let one = of("9900000000000018", "9900000000000018");
        assert!(one.hold_card(&card("9900000000000018")));
        assert!(!one.hold_card(&card("9900000000000026")));
        for (first, last) in [("2", "1"), ("", "1"), ("1", "x"), ("1", &"1".repeat(20))] {
            assert_eq!(CardRange::new(first, last), None);
        }
    }

    #[test]
    fn ranges_that_overlap_are_found_like_one_by_one() {
        let bounds = [
            ("10", "39"),
            ("20", "21"),
            ("25", "25"),
            ("60", "69"),
            ("65", "80"),
        ];
        let mut blocks = Blocks::default();
        let mut blocked = Vec::new();
        for (first, last) in bounds {
            let range = CardRange::new(first, last).unwrap();
            blocks.add(block(Subject::Cards(range)));
            blocked.push((first.parse::<u32>().unwrap(), last.parse::<u32>().unwrap()));
        }
        let (first, last) = bounds[0];
        blocks.remove(Subject::Cards(CardRange::new(first, last).unwrap()));
        blocked.remove(0);
        for head in 10..100_u32 {
            let expected = blocked
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&head));
            let found = blocks.hold_card(&card(&format!("{head}00000000000000")));
            assert_eq!(found, expected, "{head}");
        }
    }

    #[test]
    fn a_merchant_is_blocked_until_it_is_not() {
        let (one, other) = (*b"SHOP-1         ", *b"SHOP-2         ");
        let mut blocks = Blocks::default();
        assert!(!blocks.hold_merchant(&one));
        blocks.add(block(Subject::Merchant(one)));
        blocks.add(block(Subject::Merchant(one)));
        assert!(blocks.hold_merchant(&one) && !blocks.hold_merchant(&other));
        assert_eq!(blocks.iter().len(), 1);
        blocks.remove(Subject::Merchant(one));
        assert!(!blocks.hold_merchant(&one) && blocks.is_empty());
    }
}
