use std::fs;

use tessera_protocol::CardNumber;

use super::section::{HEAD_BYTES, PLAIN_BYTES};
use super::*;

const APPROVED: ResponseCode = ResponseCode::APPROVED;
const DECLINED: ResponseCode = ResponseCode::DECLINED;

mod payers;

fn open(folder: &Path) -> Result<Ledger, LogError> {
    Ledger::open(folder, &DataKeys::for_tests(folder), 1000)
}

fn reference(number: u32) -> Reference {
    let text = format!("{number:012}");
    text.as_bytes().try_into().unwrap()
}

fn purchase(number: u32, amount: u64) -> Posting {
    Posting {
        kind: PostingKind::Purchase,
        reference: reference(number),
        card: CardNumber::development(1).expose(),
        amount,
        trace: number,
        transmission: 1_122_094_500,
        institution: 20_000_000_001,
        settlement_date: 1_122,
    }
}

fn reversal_of(posting: &Posting, down_to: u64) -> Reversal {
    Reversal {
        request_table: posting.kind.request_table(),
        reference: posting.reference,
        card: posting.card,
        trace: posting.trace,
        transmission: posting.transmission,
        institution: posting.institution,
        down_to,
        settlement_date: 1_123,
        advice: true,
    }
}

fn net(ledger: &Ledger) -> i64 {
    let by_card: i64 = ledger
        .accounts()
        .development()
        .iter()
        .map(|(_, account)| account.net)
        .sum();
    assert_eq!(by_card, ledger.tally().net);
    by_card
}

#[test]
fn applies_a_posting_once_and_answers_its_repeats_alike() {
    let mut ledger = Ledger::new(1000);
    let one = purchase(1, 500);
    assert_eq!(ledger.post(&one, &Concern::Card, || APPROVED), APPROVED);
    let under_another_trace = Posting { trace: 77, ..one };
    assert_eq!(
        ledger.post(&under_another_trace, &Concern::Card, || DECLINED),
        APPROVED
    );
    let two = purchase(2, 500);
    assert_eq!(ledger.post(&two, &Concern::Card, || DECLINED), DECLINED);
    assert_eq!(ledger.post(&two, &Concern::Card, || APPROVED), DECLINED);
    assert_eq!(net(&ledger), 500);
    assert_eq!(ledger.tally().repeats, 2);
}

#[test]
fn refuses_the_same_reference_with_other_contents() {
    let mut ledger = Ledger::new(1000);
    let one = purchase(1, 500);
    ledger.post(&one, &Concern::Card, || APPROVED);
    let dearer = Posting { amount: 501, ..one };
    assert_eq!(
        ledger.post(&dearer, &Concern::Card, || APPROVED),
        ResponseCode::DUPLICATE
    );
    let load = Posting {
        kind: PostingKind::Load,
        ..one
    };
    assert_eq!(
        ledger.post(&load, &Concern::Card, || APPROVED),
        ResponseCode::DUPLICATE
    );
    assert_eq!(net(&ledger), 500);
}

#[test]
fn refuses_cards_that_it_does_not_know() {
    let mut ledger = Ledger::new(1000);
    let foreign = Posting {
        card: 4_111_111_111_111_111,
        ..purchase(1, 500)
    };
    assert_eq!(
        ledger.post(&foreign, &Concern::Card, || APPROVED),
        ResponseCode::NO_SUCH_CARD
    );
    assert_eq!(net(&ledger), 0);
}

#[test]
fn undoes_wholly_once() {
    let mut ledger = Ledger::new(1000);
    let one = purchase(1, 500);
    ledger.post(&one, &Concern::Card, || APPROVED);
    for _ in 0..3 {
        assert_eq!(ledger.reverse(&reversal_of(&one, 0)), APPROVED);
        assert_eq!(net(&ledger), 0);
    }
    assert_eq!(ledger.tally().reversed.count, 1);
    // A repeat of the original is answered as before and moves nothing.
    assert_eq!(ledger.post(&one, &Concern::Card, || APPROVED), APPROVED);
    assert_eq!(net(&ledger), 0);
}

#[test]
fn undoes_partly_and_then_wholly() {
    let mut ledger = Ledger::new(1000);
    let one = purchase(1, 500);
    ledger.post(&one, &Concern::Card, || APPROVED);
    ledger.reverse(&reversal_of(&one, 200));
    assert_eq!(net(&ledger), 200);
    ledger.reverse(&reversal_of(&one, 300));
    assert_eq!(net(&ledger), 200);
    ledger.reverse(&reversal_of(&one, 0));
    assert_eq!(net(&ledger), 0);
    let asked = Reversal {
        advice: false,
        ..reversal_of(&one, 501)
    };
    assert_eq!(ledger.reverse(&asked), ResponseCode::INVALID_AMOUNT);
}

#[test]
fn remembers_a_reversal_that_comes_first() {
    let mut ledger = Ledger::new(1000);
    let one = purchase(1, 500);
    let asked = Reversal {
        advice: false,
        ..reversal_of(&one, 0)
    };
    assert_eq!(ledger.reverse(&asked), ResponseCode::NOT_FOUND);
    assert_eq!(ledger.reverse(&reversal_of(&one, 0)), APPROVED);
    assert_eq!(ledger.post(&one, &Concern::Card, || APPROVED), DECLINED);
    assert_eq!(ledger.post(&one, &Concern::Card, || APPROVED), DECLINED);
    assert_eq!(ledger.reverse(&reversal_of(&one, 0)), APPROVED);
    assert_eq!(net(&ledger), 0);
    assert_eq!(ledger.tally().reversals_unseen, 1);
}

#[test]
fn moves_nothing_when_the_original_data_contradict() {
    let mut ledger = Ledger::new(1000);
    let one = purchase(1, 500);
    ledger.post(&one, &Concern::Card, || APPROVED);
    for wrong in [
        Reversal {
            trace: 9,
            ..reversal_of(&one, 0)
        },
        Reversal {
            transmission: 9,
            ..reversal_of(&one, 0)
        },
        Reversal {
            institution: 9,
            ..reversal_of(&one, 0)
        },
        Reversal {
            card: 9,
            ..reversal_of(&one, 0)
        },
    ] {
        assert_eq!(ledger.reverse(&wrong), ResponseCode::NOT_FOUND);
    }
    assert_eq!(net(&ledger), 500);
    assert_eq!(ledger.tally().contradictions, 4);
    let without_time = Reversal {
        transmission: 0,
        institution: 0,
        ..reversal_of(&one, 0)
    };
    assert_eq!(ledger.reverse(&without_time), APPROVED);
    assert_eq!(net(&ledger), 0);
}

fn refund_of(number: u32, amount: u64, original: &Posting) -> (Posting, Concern) {
    let posting = Posting {
        kind: PostingKind::Refund,
        ..purchase(number, amount)
    };
    let named = Named {
        reference: None,
        request_table: original.kind.request_table(),
        trace: original.trace,
        transmission: original.transmission,
        institution: original.institution,
    };
    (posting, Concern::Original(named))
}

fn funded(kind: PostingKind, number: u32, amount: u64, balance: Option<u64>) -> (Posting, Concern) {
    let posting = Posting {
        kind,
        ..purchase(number, amount)
    };
    let source = source();
    (posting, Concern::Source { source, balance })
}

fn source() -> Source {
    Source::new(b"XT38TESS00000000000001").unwrap()
}

#[test]
fn loads_and_refunds_and_completions_have_their_sums() {
    let mut ledger = Ledger::new(1000);
    for (number, kind) in [
        (1, PostingKind::Purchase),
        (2, PostingKind::Load),
        (4, PostingKind::Authorization),
        (5, PostingKind::Completion),
    ] {
        let posting = Posting {
            kind,
            ..purchase(number, 100 * u64::from(number))
        };
        ledger.post(&posting, &Concern::Card, || APPROVED);
    }
    let (refund, concern) = refund_of(
        3,
        300,
        &Posting {
            kind: PostingKind::Completion,
            ..purchase(5, 500)
        },
    );
    assert_eq!(ledger.post(&refund, &concern, || APPROVED), APPROVED);
    assert_eq!(net(&ledger), 100 - 300 + 500);
    assert_eq!(ledger.tally().loads.amount, 200);
    let load = Posting {
        kind: PostingKind::Load,
        ..purchase(2, 200)
    };
    ledger.reverse(&reversal_of(&load, 0));
    assert_eq!(ledger.accounts().development()[0].1.loaded, 0);
}

#[test]
fn issues_one_card_per_reference() {
    let mut ledger = Ledger::new(1000);
    let order = |number, operation, card| CardOrder {
        operation,
        reference: reference(number),
        card,
    };
    let issue = order(1, CardOperation::Issue, 0);
    let card = ledger.order_card(&issue).unwrap();
    assert_eq!(ledger.order_card(&issue), Ok(card));
    let second = ledger
        .order_card(&order(2, CardOperation::Issue, 0))
        .unwrap();
    assert_ne!(card, second);
    let replaced = ledger
        .order_card(&order(3, CardOperation::Replace, card))
        .unwrap();
    assert_ne!(replaced, card);
    let again = ledger.order_card(&order(4, CardOperation::Replace, card));
    assert_eq!(again, Err(ResponseCode::NO_SUCH_CARD));
    let cancel = order(5, CardOperation::Cancel, second);
    assert_eq!(ledger.order_card(&cancel), Ok(second));
    assert_eq!(ledger.order_card(&cancel), Ok(second));
    let paying = Posting {
        card: second,
        ..purchase(9, 1)
    };
    assert_eq!(
        ledger.post(&paying, &Concern::Card, || APPROVED),
        ResponseCode::NOT_PERMITTED_TO_CARD
    );
}

/// A little of everything; the sums after each step.
fn busy(ledger: &mut Ledger, mut after_each: impl FnMut(&Ledger)) {
    let issue = CardOrder {
        operation: CardOperation::Issue,
        reference: reference(4),
        card: 0,
    };
    let replace = CardOrder {
        operation: CardOperation::Replace,
        reference: reference(13),
        card: CardNumber::development(1).expose(),
    };
    let (load, from) = funded(PostingKind::Load, 10, 800, Some(1000));
    let (payout, to) = funded(PostingKind::Payout, 11, 40, Some(1000));
    let (refund, of) = refund_of(12, 150, &purchase(1, 500));
    let steps: [&dyn Fn(&mut Ledger) -> bool; 13] = [
        &|ledger| ledger.post(&purchase(1, 500), &Concern::Card, || APPROVED) == APPROVED,
        &|ledger| ledger.post(&purchase(2, 70), &Concern::Card, || DECLINED) == DECLINED,
        &|ledger| ledger.reverse(&reversal_of(&purchase(1, 500), 200)) == APPROVED,
        &|ledger| ledger.reverse(&reversal_of(&purchase(3, 30), 0)) == APPROVED,
        &|ledger| ledger.post(&purchase(3, 30), &Concern::Card, || APPROVED) == DECLINED,
        &|ledger| ledger.order_card(&issue).is_ok(),
        &|ledger| ledger.post(&purchase(5, 9), &Concern::Card, || APPROVED) == APPROVED,
        &|ledger| ledger.post(&load, &from, || APPROVED) == APPROVED,
        &|ledger| ledger.post(&payout, &to, || APPROVED) == APPROVED,
        &|ledger| ledger.reverse(&reversal_of(&load, 300)) == APPROVED,
        &|ledger| ledger.post(&refund, &of, || APPROVED) == APPROVED,
        &|ledger| ledger.order_card(&replace).is_ok(),
        &|ledger| ledger.reverse(&reversal_of(&refund, 100)) == APPROVED,
    ];
    for step in steps {
        assert!(step(ledger));
        ledger.write().unwrap();
        after_each(ledger);
    }
}

#[test]
fn a_log_cut_anywhere_gives_the_ledger_of_that_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host.log");
    let mut states = vec![Ledger::new(1000).tally().money()];
    let mut sizes = vec![0];
    let mut ledger = open(folder.path()).unwrap();
    busy(&mut ledger, |ledger| {
        states.push(ledger.tally().money());
        sizes.push(fs::metadata(&file).unwrap().len());
    });
    drop(ledger);
    let whole = fs::read(&file).unwrap();
    for length in 0..=whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let state = sizes
            .iter()
            .rposition(|&size| size <= length as u64)
            .unwrap();
        let mut ledger = open(folder.path()).unwrap();
        assert_eq!(ledger.tally().money(), states[state], "cut at {length}");
        // And it goes on from there.
        let card = ledger.accounts().current(purchase(6, 1000).card);
        let after = Posting {
            card,
            ..purchase(6, 1000)
        };
        assert_eq!(ledger.post(&after, &Concern::Card, || APPROVED), APPROVED);
        ledger.write().unwrap();
        let after = ledger.tally().money();
        drop(ledger);
        let ledger = open(folder.path()).unwrap();
        assert_eq!(ledger.tally().money(), after, "cut at {length}");
    }
}

#[test]
fn a_replayed_ledger_answers_repeats_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(folder.path()).unwrap();
    busy(&mut ledger, |_| ());
    let card = ledger.accounts().next_card();
    let given = ledger.given(&source());
    let moved = ledger.accounts().of(CardNumber::development(1).expose());
    assert_eq!((given, moved.net, moved.loaded), (260, 200 + 9 - 100, 260));
    drop(ledger);
    let mut ledger = open(folder.path()).unwrap();
    assert_eq!(
        ledger.post(&purchase(1, 500), &Concern::Card, || DECLINED),
        APPROVED
    );
    assert_eq!(
        ledger.post(&purchase(2, 70), &Concern::Card, || APPROVED),
        DECLINED
    );
    assert_eq!(
        ledger.post(&purchase(3, 30), &Concern::Card, || APPROVED),
        DECLINED
    );
    assert_eq!(ledger.accounts().next_card(), card);
    assert_eq!(ledger.given(&source()), given);
    assert_eq!(
        ledger.accounts().of(CardNumber::development(1).expose()),
        moved
    );
    // 100 of its 500 are left: 300 were undone, and 100 refunded in the end.
    for (number, amount, code) in [(20, 101, ResponseCode::INVALID_AMOUNT), (21, 100, APPROVED)] {
        let (refund, concern) = refund_of(number, amount, &purchase(1, 500));
        assert_eq!(ledger.post(&refund, &concern, || APPROVED), code);
    }
}

#[test]
fn refuses_a_damaged_middle_and_a_foreign_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host.log");
    let mut ledger = open(folder.path()).unwrap();
    busy(&mut ledger, |_| ());
    drop(ledger);
    let whole = fs::read(&file).unwrap();
    for at in 15..whole.len() - HEAD_BYTES {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&file, damaged).unwrap();
        assert!(matches!(
            open(folder.path()),
            Err(LogError::Damaged { offset, .. }) if offset as usize == (at - 15) / HEAD_BYTES * HEAD_BYTES + 15
        ));
    }
    fs::write(&file, "something else altogether").unwrap();
    assert!(matches!(open(folder.path()), Err(LogError::Foreign { .. })));
}

/// Neither is taken for damage, and nothing is cut off: not even a record at the end, where a kill may have been.
#[test]
fn refuses_what_a_newer_build_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host.log");
    let mut ledger = open(folder.path()).unwrap();
    busy(&mut ledger, |_| ());
    drop(ledger);
    let whole = fs::read(&file).unwrap();
    let refusal = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let refused = open(folder.path()).map(drop).unwrap_err();
        assert_eq!(fs::read(&file).unwrap(), bytes);
        refused.to_string()
    };
    let mut newer = whole.clone();
    newer[13] = b'4';
    let said = refusal(&newer);
    assert!(said.contains("has format 4, this build ("), "{said}");
    assert!(
        said.contains("reads format 3: start the build that wrote it"),
        "{said}"
    );
    // In the format before, a record can be made by hand.
    let mut newer = plain(&[reversal_record()]);
    let last = newer.len() - PLAIN_BYTES;
    newer[last] = 8;
    let sum = crc32c::crc32c(&newer[last..last + PLAIN_BYTES - 4]);
    newer[last + PLAIN_BYTES - 4..].copy_from_slice(&sum.to_le_bytes());
    let said = refusal(&newer);
    assert!(said.contains(&format!("kind 8 at offset {last}")), "{said}");
    assert!(
        said.contains("knows kinds up to 7: start the newer build"),
        "{said}"
    );
}

#[test]
fn two_hosts_do_not_share_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(LogError::InUse { .. })));
}

fn reversal_record() -> Record {
    Record::Forestalled {
        request_table: TableName::Financial,
        reference: reference(9),
        card: CardNumber::development(1).expose(),
    }
}

/// A log as the build before wrote it.
fn plain(records: &[Record]) -> Vec<u8> {
    let mut bytes = b"tessera host 2\n".to_vec();
    for record in records {
        let start = bytes.len();
        record.write(&mut bytes);
        let sum = crc32c::crc32c(&bytes[start..]);
        bytes.extend_from_slice(&sum.to_le_bytes());
    }
    bytes
}

#[test]
fn a_log_that_was_not_encrypted_is_written_anew_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host.log");
    let records: Vec<Record> = (1..=3)
        .map(|number| Record::Posted {
            posting: purchase(number, 100),
            code: *b"00",
        })
        .collect();
    let whole = plain(&records);
    // With a record that a kill cut off, and with what a killed conversion left beside it.
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    fs::write(file.with_extension("new"), "tessera host 3\nsect").unwrap();
    let card = purchase(1, 100).card.to_le_bytes();
    let has_card = |bytes: &[u8]| bytes.windows(card.len()).any(|window| window == card);
    assert!(has_card(&fs::read(&file).unwrap()));
    for _ in 0..2 {
        let ledger = open(folder.path()).unwrap();
        assert_eq!(net(&ledger), 200);
    }
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"tessera host 3\n") && !has_card(&bytes));
    assert!(!file.with_extension("new").exists());
    // Damage in the middle is refused, and the log stays as it is.
    let mut damaged = whole;
    damaged[20] ^= 1;
    fs::write(&file, &damaged).unwrap();
    assert!(matches!(
        open(folder.path()),
        Err(LogError::Damaged { offset: 15, .. })
    ));
    assert_eq!(fs::read(&file).unwrap(), damaged);
}

/// A record in the place of another, or from another section, is none.
#[test]
fn records_are_bound_to_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host.log");
    for life in 0..2 {
        let mut ledger = open(folder.path()).unwrap();
        for number in 0..2 {
            ledger.post(&purchase(2 * life + number, 100), &Concern::Card, || {
                APPROVED
            });
        }
        ledger.write().unwrap();
    }
    let whole = fs::read(&file).unwrap();
    let slots = (whole.len() - 15) / HEAD_BYTES;
    assert_eq!(slots, 6, "two heads, and two records each");
    let slot = |number: usize| 15 + number * HEAD_BYTES..15 + (number + 1) * HEAD_BYTES;
    for (to, from) in [(1, 2), (1, 4), (4, 1)] {
        let mut moved = whole.clone();
        moved[slot(to)].copy_from_slice(&whole[slot(from)]);
        fs::write(&file, moved).unwrap();
        let refused = open(folder.path()).map(drop).unwrap_err();
        let at = slot(to).start as u64;
        assert!(matches!(refused, LogError::Damaged { offset, .. } if offset == at));
    }
    // Each life has a key of its own: nothing is encrypted twice under one.
    assert_ne!(whole[slot(0)], whole[slot(3)]);
}
