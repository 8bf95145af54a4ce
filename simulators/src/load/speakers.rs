//! Who speaks: the development parties of the wire protocol's section 9, whose keys everybody knows,
//! and which connection speaks for which of them.

use super::options::Options;

/// The wallet server's institution code on its leased line.
pub const WALLET_SERVER: u64 = 90_000_000_001;

/// The mall that buys by order when the party of the load is an acquirer.
const MALL_BESIDE_AN_ACQUIRER: u64 = 10_000_000_001;

/// A party of section 9.
struct Known {
    code: u64,
    acceptor: &'static str,
    key: Option<&'static str>,
    mall: bool,
}

const KNOWN: [Known; 4] = [
    Known {
        code: 10_000_000_001,
        acceptor: "MALL-0001",
        key: Some("000102030405060708090a0b0c0d0e0f"),
        mall: true,
    },
    Known {
        code: 10_000_000_002,
        acceptor: "MALL-0002",
        key: Some("101112131415161718191a1b1c1d1e1f"),
        mall: true,
    },
    Known {
        code: 20_000_000_001,
        acceptor: "SHOP-77",
        key: Some("202122232425262728292a2b2c2d2e2f"),
        mall: false,
    },
    Known {
        code: 20_000_000_002,
        acceptor: "SHOP-77",
        key: None,
        mall: false,
    },
];

/// How a connection says who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As an acquirer, by card number.
    Card,
    /// As an affiliated mall, by order number.
    Order,
}

/// What a connection needs in order to speak for a party.
#[derive(Clone, PartialEq, Eq)]
pub struct Speaker {
    /// Institution code, field 32.
    pub party: u64,
    /// Card acceptor, field 42.
    pub acceptor: String,
    /// MAC key in hexadecimal; none, no MAC.
    pub key: Option<String>,
    /// How it says who pays.
    pub way: Way,
}

impl Speaker {
    /// The party of the options, by default with its development key and card acceptor.
    pub fn from_options(options: &Options) -> Self {
        if let Some(profile) = &options.profile {
            return Self {
                party: profile.code,
                acceptor: options
                    .acceptor
                    .clone()
                    .unwrap_or_else(|| profile.acceptor.clone()),
                // The line has it.
                key: None,
                way: if profile.is_mall {
                    Way::Order
                } else {
                    Way::Card
                },
            };
        }
        let known = KNOWN.iter().find(|known| known.code == options.party);
        let mall = known.is_some_and(|known| known.mall) || options.orders == Some(1.0);
        let acceptor = known.map_or("SHOP-77", |known| known.acceptor);
        Self {
            party: options.party,
            acceptor: options
                .acceptor
                .clone()
                .unwrap_or_else(|| acceptor.to_owned()),
            key: options
                .key
                .clone()
                .or_else(|| known.and_then(|known| known.key).map(str::to_owned)),
            way: if mall { Way::Order } else { Way::Card },
        }
    }

    /// A development party, by its code.
    pub fn development(code: u64) -> Option<Self> {
        KNOWN
            .iter()
            .find(|known| known.code == code)
            .map(Self::known)
    }

    fn known(known: &Known) -> Self {
        Self {
            party: known.code,
            acceptor: known.acceptor.to_owned(),
            key: known.key.map(str::to_owned),
            way: if known.mall { Way::Order } else { Way::Card },
        }
    }
}

/// Who speaks on each connection: the party of the options, and beside an acquirer a development mall
/// for the share of the connections that buys by order.
pub fn cast(options: &Options) -> Vec<Speaker> {
    let main = Speaker::from_options(options);
    let connections = options.connections as usize;
    let mut speakers = vec![main; connections];
    if let (Some(share), Some(Way::Card)) =
        (options.orders, speakers.first().map(|first| first.way))
    {
        let malls = (share.clamp(0.0, 1.0) * connections as f64).round() as usize;
        let mall = KNOWN
            .iter()
            .find(|known| known.code == MALL_BESIDE_AN_ACQUIRER);
        if let Some(mall) = mall {
            speakers[connections - malls..].fill(Speaker::known(mall));
        }
    }
    speakers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_development_parties() {
        let mall = Speaker::from_options(&Options {
            party: 10_000_000_002,
            ..Options::default()
        });
        assert_eq!(mall.acceptor, "MALL-0002");
        assert_eq!(mall.way, Way::Order);
        let bare = Speaker::from_options(&Options {
            party: 20_000_000_002,
            ..Options::default()
        });
        assert!(bare.key.is_none());
        let speaker = Speaker::from_options(&Options {
            acceptor: Some("CORNER-SHOP".to_owned()),
            key: Some("00".repeat(16)),
            ..Options::default()
        });
        assert_eq!(speaker.acceptor, "CORNER-SHOP");
        assert_eq!(speaker.key, Some("00".repeat(16)));
    }

    #[test]
    fn a_mall_stands_beside_an_acquirer() {
        let speakers = cast(&Options {
            orders: Some(0.25),
            connections: 8,
            ..Options::default()
        });
        let malls = speakers
            .iter()
            .filter(|speaker| speaker.way == Way::Order)
            .count();
        assert_eq!((speakers.len(), malls), (8, 2));
    }
}
