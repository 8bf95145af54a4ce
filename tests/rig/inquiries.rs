//! Status inquiries by hand, 0600/310: what has become of an order or of a request.

use super::wire::{Hand, Party, Seen, fresh, reversal, time_of};

/// About an order.
pub fn about_order(party: &Party, order: &str) -> Hand {
    Hand::new("0600", party)
        .with(7, &time_of(0))
        .with(11, &format!("{:06}", fresh()))
        .with(24, "0310")
        .with(32, &format!("11 {}0", party.code))
        .text(41, "TERM0001")
        .text(42, &format!("{:15}", party.acceptor))
        .tags(48, &[(1, order)])
}

/// About a request.
pub fn about(request: &Hand) -> Hand {
    reversal("0600", request).with(24, "0310")
}

/// State, code, and the amounts approved, reversed and refunded.
pub fn said(seen: &Seen) -> (String, String, Vec<u64>) {
    let amounts = [13, 14, 15].map(|tag| seen.tags(48, tag));
    let amounts = amounts.concat();
    let amounts = amounts.iter().map(|amount| amount.parse().expect("digits"));
    (
        seen.tags(48, 10).concat(),
        seen.tags(48, 11).concat(),
        amounts.collect(),
    )
}

/// The state, where there is one.
pub fn state(seen: &Seen) -> String {
    assert_eq!(
        (seen.mti.as_str(), seen.code().as_str()),
        ("0610", "00"),
        "{}",
        seen.reason()
    );
    said(seen).0
}
