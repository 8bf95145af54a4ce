//! What is asked, in which share: `purchases=90,repeats=3,reversals=4,inquiries=3`.

use std::fmt;

use rand::RngExt as _;
use rand::rngs::SmallRng;

/// A kind of request, as far as the generator plans and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0200/00, a new one.
    Purchase,
    /// 0201/00, of a purchase that was answered: must be answered the same.
    Repeat,
    /// 0420, of a purchase that was approved: must be answered 00.
    Reversal,
    /// 0100/31.
    Inquiry,
}

impl Kind {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Purchase, Self::Repeat, Self::Reversal, Self::Inquiry];

    /// Its plural, as in the option and the reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purchase => "purchases",
            Self::Repeat => "repeats",
            Self::Reversal => "reversals",
            Self::Inquiry => "inquiries",
        }
    }

    /// One of it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Repeat => "repeat",
            Self::Reversal => "reversal",
            Self::Inquiry => "inquiry",
        }
    }
}

/// Shares of the kinds of requests. They need not add up to a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    shares: [u32; 4],
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            shares: [90, 3, 4, 3],
        }
    }
}

impl Mix {
    /// Purchases and nothing else.
    pub const PURCHASES: Self = Self {
        shares: [1, 0, 0, 0],
    };

    /// Reads `purchases=90,repeats=3,...`; a kind that is not named has no share.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut shares = [0; 4];
        for part in text.split(',') {
            let (name, share) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}`: expected KIND=SHARE"))?;
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == name.trim())
                .ok_or_else(|| {
                    format!("`{name}` is none of purchases, repeats, reversals, inquiries")
                })?;
            shares[kind as usize] = share
                .trim()
                .parse::<u16>()
                .map_err(|_| format!("`{share}` is not a share of 0 to 65535"))?
                .into();
        }
        if shares[Kind::Purchase as usize] == 0 && shares[Kind::Inquiry as usize] == 0 {
            return Err(
                "a mix needs purchases or inquiries: the rest follows from them".to_owned(),
            );
        }
        Ok(Self { shares })
    }

    /// The same mix for a mall, which cannot inquire: purchases instead.
    pub fn without_inquiries(mut self) -> Self {
        self.shares[Kind::Purchase as usize] += self.shares[Kind::Inquiry as usize];
        self.shares[Kind::Inquiry as usize] = 0;
        self
    }

    /// What takes the place of a repeat or reversal when there is nothing to repeat or reverse.
    pub fn fallback(&self) -> Kind {
        if self.shares[Kind::Purchase as usize] > 0 {
            Kind::Purchase
        } else {
            Kind::Inquiry
        }
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
        assert!(Mix::parse("purchases").is_err());
        assert!(Mix::parse("gifts=3").is_err());
        assert!(Mix::parse("repeats=3").is_err());
    }

    #[test]
    fn draws_in_proportion() {
        let mut dice = SmallRng::seed_from_u64(7);
        let mix = Mix::parse("purchases=3,reversals=1").unwrap();
        let mut drawn = [0; 4];
        for _ in 0..40_000 {
            drawn[mix.draw(&mut dice) as usize] += 1;
        }
        assert!((29_000..31_000).contains(&drawn[0]), "{drawn:?}");
        assert_eq!(drawn[1] + drawn[3], 0);
    }

    #[test]
    fn a_mall_buys_where_it_cannot_inquire() {
        assert_eq!(
            Mix::default().without_inquiries().to_string(),
            "purchases=93,repeats=3,reversals=4"
        );
    }
}
