//! Parties whose profile has another packing, another framing or a header.

use std::time::Duration;

use tessera_protocol::{Dialect, Framing, MacKey, MessagePacking};

use super::fake_switch::Manners;
use super::{FULL, load};
use crate::load::{Mix, PartyLine, Profile};

const KEY: &str = "00112233445566778899aabbccddeeff";

const fn dialect(framing: Framing, header_bytes: u8, packing: MessagePacking) -> Dialect {
    Dialect {
        framing,
        header_bytes,
        packing,
    }
}

const DIALECTS: [Dialect; 5] = [
    dialect(Framing::Ascii4, 0, MessagePacking::Ascii),
    dialect(Framing::Binary2, 12, MessagePacking::AsciiBitmap),
    dialect(Framing::Tpdu, 0, MessagePacking::Ebcdic),
    dialect(Framing::Tpdu, 0, MessagePacking::Binary),
    dialect(Framing::Bcd2, 0, MessagePacking::Binary),
];

#[test]
fn every_cent_is_right_in_any_dialect() {
    for dialect in DIALECTS {
        for key in [None, Some(KEY)] {
            let manners = Manners {
                dialect,
                key,
                cut_every: Some(500),
                ..Manners::default()
            };
            let (report, switch) = load(manners, |options| {
                options.duration = Duration::from_millis(400);
                options.mix = Mix::parse(FULL).unwrap();
                options.profile = Some(Profile {
                    code: 20_000_000_077,
                    acceptor: "SHOP-77".to_owned(),
                    is_mall: false,
                    line: PartyLine {
                        dialect,
                        tls: None,
                        key: key.map(|key| MacKey::from_hex(key).unwrap()),
                    },
                });
            });
            assert!(
                report.clean() && report.answered > 100,
                "{dialect}: {report}"
            );
            assert_eq!(report.net_approved, switch.spent(), "{dialect}: {report}");
            assert_eq!(report.about.settings["dialect"], dialect.to_string());
            assert_eq!(
                report.about.settings["mac"],
                if key.is_some() { "yes" } else { "no" }
            );
        }
    }
}

#[test]
fn an_answer_with_a_wrong_mac_is_noticed() {
    let dialect = DIALECTS[0];
    let manners = Manners {
        dialect,
        // It answers without one.
        key: None,
        ..Manners::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = tokio::task::LocalSet::new().block_on(&runtime, async {
        let switch = super::FakeSwitch::start(manners).await;
        let mut options = super::options(&switch);
        options.profile = Some(Profile {
            code: 20_000_000_077,
            acceptor: "SHOP-77".to_owned(),
            is_mall: false,
            line: PartyLine {
                dialect,
                tls: None,
                key: Some(MacKey::from_hex(KEY).unwrap()),
            },
        });
        super::run(options, std::rc::Rc::default())
            .await
            .unwrap_err()
    });
    assert!(error.to_string().contains("could not be read"), "{error}");
}
