//! A payer as the wallet server speaks for them.

use tessera_protocol::ClientNumber;

use super::Rig;
use super::leased::{Line, operation};
use super::wire::{Hand, Seen, fresh};

/// Funding sources of the simulated financial system.
pub const GOOD_CARD: &str = "9902000000000018";
pub const DECLINED_CARD: &str = "9902000000000034";
pub const SILENT_CARD: &str = "9902000000000059";
pub const GOOD_ACCOUNT: &str = "XT38TESS00000000000001";

pub const PASSWORD: &str = "correct horse";

/// A payer with a session.
pub struct Payer {
    pub line: Line,
    pub client: String,
    pub session: String,
}

impl Payer {
    pub fn registers(rig: &Rig) -> Self {
        let mut line = Line::signed_on(rig);
        let number = ClientNumber::from_random(u64::from(fresh()) * 7_919 + 5);
        let client = String::from_utf8(number.expose().to_vec()).expect("digits");
        let secret = "5a".repeat(24);
        let opened = line.ask(&opens("200", &client, PASSWORD, &secret));
        assert_eq!(opened.code(), "00", "{}", opened.reason());
        let session = handle(&opened, &secret);
        Self {
            line,
            client,
            session,
        }
    }

    /// With a card, a source and money.
    pub fn with(rig: &Rig, amount: u64) -> Self {
        let mut payer = Self::registers(rig);
        payer.done("110", &[], &[]);
        let source = payer.source(GOOD_CARD, "card");
        let amount = amount.to_string();
        payer.proven("120", &[(22, &source), (2, &amount)], &[]);
        payer
    }

    pub fn message(&self, code: &str, data: &[(u8, &str)], secrets: &[(u8, &str)]) -> Hand {
        let mut all = vec![(15, self.session.as_str())];
        all.extend(secrets);
        operation(code, data).tags(62, &all)
    }

    pub fn ask(&mut self, code: &str, data: &[(u8, &str)], secrets: &[(u8, &str)]) -> Seen {
        let message = self.message(code, data, secrets);
        self.line.ask(&message)
    }

    pub fn done(&mut self, code: &str, data: &[(u8, &str)], secrets: &[(u8, &str)]) -> Seen {
        let answer = self.ask(code, data, secrets);
        assert_eq!(answer.code(), "00", "{code}: {}", answer.reason());
        answer
    }

    /// With the password.
    pub fn proven(&mut self, code: &str, data: &[(u8, &str)], secrets: &[(u8, &str)]) -> Seen {
        let mut all = vec![(17, PASSWORD)];
        all.extend(secrets);
        self.done(code, data, &all)
    }

    pub fn source(&mut self, number: &str, kind: &str) -> String {
        self.proven("121", &[(24, kind)], &[(7, number)])
            .tag(61, 22)
    }

    pub fn card(&mut self) -> (String, String) {
        let shown = self.proven("111", &[], &[]);
        (shown.tag(62, 8), shown.tag(62, 9))
    }

    /// Ledger and available.
    pub fn balance(&mut self) -> (u64, u64) {
        let answer = self.done("140", &[], &[]);
        let number = |tag| answer.tag(61, tag).parse().expect("an amount");
        (number(10), number(11))
    }

    pub fn history(&mut self) -> Vec<String> {
        let mut rows = Vec::new();
        let mut position = "0".to_owned();
        loop {
            let page = self.done("150", &[(13, &position)], &[]);
            rows.extend([page.tags(61, 14), page.tags(63, 14)].concat());
            let next = [page.tags(61, 13), page.tags(63, 13)].concat();
            match next.into_iter().next() {
                Some(next) => position = next,
                None => return rows,
            }
        }
    }
}

/// 0600 that opens a session.
pub fn opens(code: &str, client: &str, password: &str, secret: &str) -> Hand {
    operation(code, &[(24, "web"), (20, "a test")]).tags(
        62,
        &[
            (16, client),
            (17, password),
            (19, secret),
            (21, "192.0.2.1"),
        ],
    )
}

pub fn handle(opened: &Seen, secret: &str) -> String {
    let wallet: u64 = opened.tag(61, 1).parse().expect("a wallet");
    format!("{wallet:016x}{secret}")
}

pub fn with_card(message: Hand, (number, expiry): &(String, String)) -> Hand {
    message.with(2, &format!("16 {number}")).with(14, expiry)
}
