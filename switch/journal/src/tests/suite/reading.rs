//! What every engine promises to those who read: by position, after a mark, as the log grows, without opening it.

use super::*;

#[test]
fn reads_every_durable_record_by_its_position() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let written = append_batches(journal.as_ref(), 100);
        for record in &written {
            assert_eq!(journal.read(record.position).unwrap(), *record);
        }
        journal.close().unwrap();
        drop(journal);
        let (journal, _) = engine.open(None);
        for record in &written {
            assert_eq!(journal.read(record.position).unwrap(), *record);
        }
        let beside =
            |position: Position, bytes| Position::from_stored(position.to_stored() + bytes);
        assert!(
            journal
                .read(beside(written[3].position, 1).unwrap())
                .is_err()
        );
        let end = journal.append(0, b"later").position;
        for beyond in [beside(end, 1000).unwrap(), Position::MAX] {
            assert!(!journal.is_durable(beyond));
            let beyond = journal.read(beyond);
            assert!(matches!(beyond, Err(JournalError::NotDurable { .. })));
        }
    });
}

#[test]
fn replays_only_what_follows_the_mark() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let written = append_batches(journal.as_ref(), 60);
        journal.close().unwrap();
        drop(journal);
        for index in (0..written.len()).step_by(11) {
            let mark = written[index].mark();
            let (journal, replayed) = engine.open(Some(mark));
            assert_eq!(replayed, written[index + 1..]);
            assert!(journal.has(mark).unwrap());
            let sequence = mark.sequence.after(1);
            assert!(!journal.has(Mark { sequence, ..mark }).unwrap());
            let position = Position::MAX;
            assert!(!journal.has(Mark { position, ..mark }).unwrap());
        }
    });
}

#[test]
fn a_tail_shows_every_record_once_as_it_becomes_durable() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let mut tail = journal.tail(None);
        let mut shown = Vec::new();
        let mut look = |most: u64, shown: &mut Vec<Record>| {
            tail.show(most, &mut |record| {
                shown.push(record.to_owned());
                Ok(())
            })
            .unwrap()
        };
        assert_eq!(look(u64::MAX, &mut shown), 0);
        let mut written = Vec::new();
        for _ in 0..6 {
            written.extend(append_batches(journal.as_ref(), 40));
            journal.sync().unwrap();
            while look(3, &mut shown) > 0 {}
            assert_eq!(shown, written);
        }
        assert_eq!(look(u64::MAX, &mut shown), 0);
        // From a mark on.
        let mut later = Vec::new();
        let mut tail = journal.tail(Some(written[9].mark()));
        assert_eq!(journal.records_to(written[9].mark()), 10);
        tail.show(u64::MAX, &mut |record| {
            later.push(record.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(later, written[10..]);
        assert_eq!(tail.mark(), later.last().map(Record::mark));
    });
}

#[test]
fn a_reader_shows_what_was_written_and_knows_what_is_missing() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let written = append_batches(journal.as_ref(), 60);
        let reader = engine.reader();
        let scan = |known| {
            let mut seen = Vec::new();
            let scanned = reader.scan(known, &mut |record| {
                seen.push(record.to_owned());
                Ok(())
            })?;
            assert_eq!(scanned.last, seen.last().map(Record::mark));
            assert_eq!(scanned.records, seen.len() as u64);
            Ok::<_, JournalError>(seen)
        };
        let last = written.last().unwrap().mark();
        for known in [None, Some(written[7].mark()), Some(last)] {
            assert_eq!(scan(known).unwrap(), written);
        }
        for record in &written {
            assert_eq!(reader.read(record.position).unwrap(), *record);
        }
        let sequence = last.sequence.after(1);
        let ahead = Mark {
            sequence,
            position: Position::MAX,
        };
        assert!(matches!(
            scan(Some(ahead)),
            Err(JournalError::StoreAhead { .. })
        ));
        let foreign = Mark {
            sequence: last.sequence,
            position: written[7].position,
        };
        assert!(matches!(
            scan(Some(foreign)),
            Err(JournalError::StoreForeign { .. })
        ));
        let after = |mark| {
            let mut seen = Vec::new();
            let scanned = reader.scan_after(mark, &mut |record| {
                seen.push(record.to_owned());
                Ok(())
            })?;
            assert_eq!(scanned.last, Some(last));
            Ok::<_, JournalError>(seen)
        };
        for index in [0, 7, written.len() - 1] {
            let mark = written[index].mark();
            assert_eq!(after(mark).unwrap(), written[index + 1..], "{index}");
        }
        assert!(matches!(after(ahead), Err(JournalError::StoreAhead { .. })));
        assert!(matches!(
            after(foreign),
            Err(JournalError::StoreForeign { .. })
        ));
        let parts = reader.parts().unwrap();
        let mut seen = Vec::new();
        for part in &parts {
            reader
                .scan_part(part, &mut |record| {
                    let (begin, end) = part.span();
                    let position = record.position.to_stored();
                    assert!(position > begin && end.is_none_or(|end| position < end));
                    seen.push(record.to_owned());
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(seen, written);
        let open: Vec<_> = parts.iter().filter(|part| !part.is_closed()).collect();
        assert_eq!(open, [parts.last().unwrap()]);
        let refused = reader.scan(None, &mut |_| Err("no such event".into()));
        let Err(JournalError::Refused { sequence, .. }) = refused else {
            panic!("it was not refused")
        };
        assert_eq!(sequence, written[0].sequence);
    });
}
