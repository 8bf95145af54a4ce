//! The steps of a standby that no other test shows.

use tessera_encryption::DataKeyId;

use super::*;
use crate::entry::{EntryHeader, EntryKind};
use crate::protocol::{Course, Following, Look, Met, Reached, Tip};

const LOOK: Look = Look {
    vacant: false,
    sync_due: false,
};
const PLACE: Place = Place {
    position: 0,
    sequence: 1,
    chain: 0,
};

fn header(number: u64) -> EntryHeader {
    let tip = Tip {
        log: [7; 16],
        key: DataKeyId(1),
        salt: [0; 32],
        head: Head {
            place: PLACE,
            ..head(number - 1)
        },
        revision: Revision(1),
        tag: [0; 16],
    };
    tip.header(EntryKind::Batch, PLACE, PLACE)
}

/// It reads again what its files have, and the log gives that up meanwhile.
#[test]
fn a_node_begins_anew_where_the_log_is_shorter_than_it_was() {
    let mut following = Following::new(Reached::at_start(PLACE, 0));
    assert_eq!(following.on(Met::GoOn, LOOK), Course::ReadHead);
    let there = || Met::Head(Some(head(9)));
    assert_eq!(following.on(there(), LOOK), Course::ReadFirst);
    assert_eq!(following.on(Met::First(Some(3)), LOOK), Course::Follow(3));
    assert_eq!(following.on(Met::Follows, LOOK), Course::Next);
    assert_eq!(following.on(Met::Behind(Some(6)), LOOK), Course::ReadHead);
    assert_eq!(following.on(there(), LOOK), Course::ReadFirst);
    assert_eq!(following.on(Met::First(Some(6)), LOOK), Course::Follow(6));
    assert_eq!(following.on(Met::Follows, LOOK), Course::Next);
    let take = Course::Take {
        batch: false,
        beside: false,
    };
    assert_eq!(following.on(Met::Entry(&header(6)), LOOK), take);
    // A log that is empty, though it was not, has nothing to begin with.
    assert_eq!(following.on(Met::Behind(None), LOOK), Course::Behind(None));
}

/// Silence while it looks whether it could take over changes nothing.
#[test]
fn a_standby_claims_only_what_it_has_looked_at() {
    let vacant = Look {
        vacant: true,
        ..LOOK
    };
    let mut following = Following::new(Reached::at_start(PLACE, 0));
    following.on(Met::Head(Some(head(5))), vacant);
    following.on(Met::First(Some(5)), vacant);
    assert_eq!(following.on(Met::Follows, vacant), Course::ReadHead);
    assert_eq!(following.on(Met::Silent, vacant), Course::Pause);
    assert_eq!(following.on(Met::GoOn, vacant), Course::Next);
    assert_eq!(following.on(Met::NoEntry, vacant), Course::ReadHead);
    following.on(Met::Head(Some(head(5))), vacant);
    assert_eq!(following.on(Met::First(Some(5)), vacant), Course::Next);
    assert_eq!(following.why_not(), Some("it has not seen an entry yet"));
    following.on(Met::Entry(&header(5)), vacant);
    let taken = following.on(Met::Taken(&header(5), [5; 16]), vacant);
    assert_eq!(taken, Course::ReadHead);
    following.on(Met::Head(Some(head(5))), vacant);
    assert_eq!(following.on(Met::First(Some(5)), vacant), Course::Claim);
    assert_eq!(following.why_not(), None);
}
