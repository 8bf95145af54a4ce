//! What is asked, in which share: `purchases=90,repeats=3,reversals=4,inquiries=3`.

use std::fmt;

use rand::RngExt as _;
use rand::rngs::SmallRng;

/// A kind of request, as far as the generator plans and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0200/00, a new one.
    Purchase,
    /// 0201/00, of a purchase that was answered: must be answered the same. Likewise of authorizations.
    Repeat,
    /// 0420, of a purchase that was approved: must be answered 00. Likewise of whatever else was approved.
    Reversal,
    /// 0100/31.
    Inquiry,
    /// 0100/00. What it holds is completed or reversed before the run ends.
    Authorization,
    /// 0220 of an authorization: must be answered 00.
    Completion,
    /// 0200/20, of a purchase or completion that stands.
    Refund,
    /// 0220 or 0120 of what the party has decided itself: must be answered 00.
    Advice,
    /// 0200/00 that takes a part.
    Partial,
}

impl Kind {
    /// How many there are.
    pub const COUNT: usize = 9;

    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Purchase,
        Self::Repeat,
        Self::Reversal,
        Self::Inquiry,
        Self::Authorization,
        Self::Completion,
        Self::Refund,
        Self::Advice,
        Self::Partial,
    ];

    /// Whether the answer to a request of this kind can be compared with the one to its repeat.
    pub(super) fn is_remembered(self) -> bool {
        matches!(self, Self::Purchase | Self::Authorization | Self::Partial)
    }

    /// Its plural, as in the option and the reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purchase => "purchases",
            Self::Repeat => "repeats",
            Self::Reversal => "reversals",
            Self::Inquiry => "inquiries",
            Self::Authorization => "authorizations",
            Self::Completion => "completions",
            Self::Refund => "refunds",
            Self::Advice => "advices",
            Self::Partial => "partials",
        }
    }

    /// One of it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Repeat => "repeat",
            Self::Reversal => "reversal",
            Self::Inquiry => "inquiry",
            Self::Authorization => "authorization",
            Self::Completion => "completion",
            Self::Refund => "refund",
            Self::Advice => "advice",
            Self::Partial => "partial",
        }
    }

    /// Whether it needs nothing that was asked before.
    const fn begins(self) -> bool {
        matches!(
            self,
            Self::Purchase | Self::Inquiry | Self::Authorization | Self::Advice | Self::Partial
        )
    }
}

/// Shares of the kinds of requests. They need not add up to a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    shares: [u32; Kind::COUNT],
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            shares: [90, 3, 4, 3, 0, 0, 0, 0, 0],
        }
    }
}

impl Mix {
    /// Purchases and nothing else.
    pub const PURCHASES: Self = Self {
        shares: [1, 0, 0, 0, 0, 0, 0, 0, 0],
    };

    /// Reads `purchases=90,repeats=3,...`, or `purchase=90,...`; a kind that is not named has no share.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut shares = [0; Kind::COUNT];
        for part in text.split(',') {
            let (name, share) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}`: expected KIND=SHARE"))?;
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| [kind.name(), kind.noun()].contains(&name.trim()))
                .ok_or_else(|| {
                    let names = Kind::ALL.map(Kind::name).join(", ");
                    format!("`{name}` is none of {names}")
                })?;
            shares[kind as usize] = share
                .trim()
                .parse::<u16>()
                .map_err(|_| format!("`{share}` is not a share of 0 to 65535"))?
                .into();
        }
        Self { shares }.checked()
    }

    /// A mix of these shares.
    pub fn of(share: impl Fn(Kind) -> u16) -> Result<Self, String> {
        let mix = Self {
            shares: Kind::ALL.map(|kind| share(kind).into()),
        };
        mix.checked()
    }

    fn checked(self) -> Result<Self, String> {
        let begins = |kind: Kind| kind.begins() && self.has(kind);
        match Kind::ALL.into_iter().any(begins) {
            true => Ok(self),
            false => Err(
                "a mix needs purchases, inquiries or authorizations: the rest follows from them"
                    .to_owned(),
            ),
        }
    }

    /// Whether a kind has a share.
    pub fn has(&self, kind: Kind) -> bool {
        self.shares[kind as usize] > 0
    }

    /// Whether there is more than purchases, what undoes them wholly, and inquiries.
    pub fn is_full(&self) -> bool {
        self.shares[Kind::Authorization as usize..]
            .iter()
            .any(|share| *share > 0)
    }

    /// The same mix for a mall, which cannot inquire, decide itself or take a part: purchases instead.
    pub fn for_a_mall(mut self) -> Self {
        for kind in [Kind::Inquiry, Kind::Advice, Kind::Partial] {
            self.shares[Kind::Purchase as usize] += self.shares[kind as usize];
            self.shares[kind as usize] = 0;
        }
        self
    }

    /// What takes the place of a request for which there is nothing that it could follow.
    pub fn fallback(&self) -> Kind {
        let begins = |kind: &Kind| kind.begins() && self.has(*kind);
        let mut kinds = Kind::ALL.into_iter();
        kinds.find(begins).unwrap_or(Kind::Purchase)
    }

    /// The next kind.
    pub fn draw(&self, dice: &mut SmallRng) -> Kind {
        let total: u32 = self.shares.iter().sum();
        let mut point = dice.random_range(0..total.max(1));
        for kind in Kind::ALL {
            let share = self.shares[kind as usize];
            if point < share {
                return kind;
            }
            point -= share;
        }
        Kind::Purchase
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for kind in Kind::ALL {
            let share = self.shares[kind as usize];
            if share > 0 {
                write!(formatter, "{comma}{}={share}", kind.name())?;
                comma = ",";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn reads_what_it_prints() {
        let mix = Mix::default();
        assert_eq!(Mix::parse(&mix.to_string()), Ok(mix));
        let full = Mix::parse("purchase=70,authorization=10,completion=8,refunds=2").unwrap();
        assert_eq!(Mix::parse(&full.to_string()), Ok(full));
        assert!(full.is_full() && !mix.is_full());
        assert!(Mix::parse("completions=3").is_err());
        assert!(Mix::parse("purchases").is_err());
        assert!(Mix::parse("gifts=3").is_err());
        assert!(Mix::parse("repeats=3").is_err());
    }

    #[test]
    fn draws_in_proportion() {
        let mut dice = SmallRng::seed_from_u64(7);
        let mix = Mix::parse("purchases=3,reversals=1").unwrap();
        let mut drawn = [0; Kind::COUNT];
        for _ in 0..40_000 {
            drawn[mix.draw(&mut dice) as usize] += 1;
        }
        assert!((29_000..31_000).contains(&drawn[0]), "{drawn:?}");
        assert_eq!(drawn[1] + drawn[3], 0);
    }

    #[test]
    fn a_mall_buys_where_it_cannot_do_otherwise() {
        assert_eq!(
            Mix::default().for_a_mall().to_string(),
            "purchases=93,repeats=3,reversals=4"
        );
    }
}
