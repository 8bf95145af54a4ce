//! The requests that a party may send, and the answers to others.

use super::BALANCE;
use crate::rig::Rig;
use crate::rig::wire::{
    ACQUIRER, PLAIN, Wire, card_purchase, inquiry, network, refund, reversal, started,
};

#[test]
fn what_a_profile_does_not_allow_gets_58_and_changes_nothing() {
    let rig = Rig::new(2, BALANCE);
    rig.add_to_party(
        "development-acquirer-2.toml",
        "amount_max = 5000\nmessages = [\"0200\", \"0420\", \"0100\"]\nprocessing_codes = [\"00\", \"31\"]\n\
         [quirks]\nentry_modes = [\"81\"]\n",
    );
    let rig = started(rig, &[]);
    let mut wire = Wire::signed_on(&rig, &PLAIN);
    let bought = card_purchase(&PLAIN, 1, 100);
    assert_eq!(wire.ask(&bought).code(), "00");
    for (what, request) in [
        ("no such message", reversal("0400", &bought)),
        ("no such processing code", refund(&bought, 10)),
        (
            "no such entry mode",
            card_purchase(&PLAIN, 1, 100).with(22, "0012"),
        ),
    ] {
        let answer = wire.ask(&request);
        assert_eq!(answer.code(), "58", "{what}");
        assert!(answer.reason().contains(what), "{}", answer.reason());
    }
    let too_much = wire.ask(&card_purchase(&PLAIN, 1, 5_001));
    assert_eq!(too_much.code(), "61", "{}", too_much.reason());
    wire.assert_serves(&PLAIN);
    let answer = wire.ask(&inquiry(&PLAIN, 1));
    assert_eq!(answer.balances(), (BALANCE - 100, BALANCE - 100));
    // A reversal of a request that is not allowed (any more) is accepted, because it reports a fact.
    let undone = reversal("0420", &bought).with(3, "200000");
    assert_eq!(wire.ask(&undone).code(), "00");

    // Another party's profile is its own.
    let mut other = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 2, 100).with(22, "0012");
    assert_eq!(other.ask(&bought).code(), "00");
    assert_eq!(other.ask(&reversal("0400", &bought)).code(), "00");
}

#[test]
fn an_unknown_0400_is_answered_as_the_profile_says_and_remembered_either_way() {
    let rig = Rig::new(2, BALANCE);
    let quirk = "[quirks]\nunknown_reversal = \"00\"\n";
    rig.add_to_party("development-acquirer-2.toml", quirk);
    let rig = started(rig, &[]);
    for (party, serial, code) in [(&ACQUIRER, 1, "25"), (&PLAIN, 2, "00")] {
        let mut wire = Wire::signed_on(&rig, party);
        let never_sent = card_purchase(party, serial, 100);
        for mti in ["0400", "0401"] {
            let answer = wire.ask(&reversal(mti, &never_sent));
            assert_eq!((answer.mti.as_str(), &*answer.code()), ("0410", code));
            assert_eq!(answer.reason(), "original not found");
        }
        assert_eq!(wire.ask(&never_sent).code(), "05", "declined when it comes");
        // A card that nobody has: nothing can be there to undo.
        let nobody = card_purchase(party, 99, 100);
        assert_eq!(wire.ask(&reversal("0400", &nobody)).code(), code);
        // The same code to anything else stays what it is.
        let answer = wire.ask(&refund(&card_purchase(party, serial, 100), 10));
        assert_eq!(answer.code(), "25");
        assert_eq!(wire.ask(&network(party, "301")).code(), "00");
    }
}
