//! What [`Memory`] does as an engine.

use std::sync::PoisonError;

use super::{GAP, Memory, show};
use crate::{
    Appended, ChangesBeside, Journal, JournalError, Mark, PAYLOAD_BYTES_MAX, Part, Position,
    Progress, Reader, Record, Scanned, Sequence, Tail, Visit,
};

impl Journal for Memory {
    fn append(&self, partition: u16, payload: &[u8]) -> Appended {
        assert!(
            payload.len() <= PAYLOAD_BYTES_MAX,
            "an event that is too long"
        );
        let mut state = self.lock();
        let end = state.records.last().map_or(0, |last| {
            last.position.to_stored() + last.payload.len() as u64
        });
        let position = Position::from_stored(end + GAP).expect("a number above 0");
        let sequence = match state.last(partition) {
            Some(last) => last.after(1),
            None => Sequence::FIRST,
        };
        state.records.push(Record {
            partition,
            sequence,
            position,
            payload: payload.to_vec().into(),
        });
        if !state.by_hand {
            state.durable.insert(partition, sequence);
            drop(state);
            self.call_subscribers();
        }
        Appended { sequence, position }
    }

    fn append_beside(&self, _: &[u8]) {
        let mut state = self.lock();
        let by_hand = state.by_hand;
        state.beside.appended += 1;
        state.beside.committed += u64::from(!by_hand);
    }

    fn changes_beside(&self) -> ChangesBeside {
        self.lock().beside
    }

    fn end_turn(&self) {}

    fn durable(&self, partition: u16) -> Option<Sequence> {
        self.lock().durable.get(&partition).copied()
    }

    fn last(&self, partition: u16) -> Option<Sequence> {
        self.lock().last(partition)
    }

    fn is_durable(&self, position: Position) -> bool {
        let state = self.lock();
        match state.at(position) {
            Some(record) => state.is_durable(record),
            None => state
                .records
                .last()
                .is_some_and(|last| position < last.position),
        }
    }

    fn mark(&self) -> Option<Mark> {
        self.lock().records.last().map(Record::mark)
    }

    fn progress(&self) -> Progress {
        let state = self.lock();
        Progress {
            appended: state.records.len() as u64,
            durable: state.durable_records().count() as u64,
        }
    }

    fn records_to(&self, mark: Mark) -> u64 {
        let state = self.lock();
        let after = |record: &Record| record.position <= mark.position;
        state.records.partition_point(after) as u64
    }

    fn read(&self, position: Position) -> Result<Record, JournalError> {
        if !self.is_durable(position) {
            return Err(JournalError::NotDurable { position });
        }
        let mut state = self.lock();
        if let Some(begins) = state.begins.filter(|begins| position < *begins) {
            return Err(JournalError::Beginning {
                directory: "memory".into(),
                begins: begins.to_stored(),
                wanted: position.to_stored(),
            });
        }
        if let Some(left) = state.reads_left.take() {
            state.reads_left = Some(left.checked_sub(1).ok_or(JournalError::Stopped)?);
        }
        let found = state.at(position).cloned();
        found.ok_or(JournalError::NoRecord { position })
    }

    fn begins(&self) -> Result<Option<Position>, JournalError> {
        Ok(self.lock().begins)
    }

    fn subscribe(&self, wake: Box<dyn Fn() + Send + Sync>) {
        let mut subscribers = self
            .subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        subscribers.push(wake);
    }

    fn tail(&self, from: Option<Mark>) -> Box<dyn Tail> {
        let journal = self.clone();
        Box::new(MemoryTail {
            journal,
            mark: from,
        })
    }

    fn gathered_bytes(&self) -> u64 {
        let state = self.lock();
        let gathered = state
            .records
            .iter()
            .filter(|record| !state.is_durable(record));
        gathered.map(|record| record.payload.len() as u64).sum()
    }

    fn sync(&self) -> Result<(), JournalError> {
        self.make_durable(|_| true);
        Ok(())
    }

    fn close(&self) -> Result<(), JournalError> {
        self.sync()
    }
}

impl Reader for Memory {
    fn read(&self, position: Position) -> Result<Record, JournalError> {
        Journal::read(self, position)
    }

    fn scan(&self, known: Option<Mark>, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        let state = self.lock();
        let records: Vec<Record> = state.durable_records().cloned().collect();
        state.expect(known)?;
        drop(state);
        Ok(Scanned {
            records: show(&records, None, visit)?,
            last: records.last().map(Record::mark),
        })
    }

    fn scan_after(&self, mark: Mark, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        let state = self.lock();
        let records: Vec<Record> = state.durable_records().cloned().collect();
        state.expect(Some(mark))?;
        drop(state);
        Ok(Scanned {
            records: show(&records, Some(mark), visit)?,
            last: records.last().map(Record::mark),
        })
    }

    fn parts(&self) -> Result<Vec<Part>, JournalError> {
        Ok(vec![Part {
            file: "memory".into(),
            begin: self.lock().begins.map_or(0, Position::to_stored),
            end: None,
        }])
    }

    fn scan_part(&self, _: &Part, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        self.scan(None, visit)
    }
}

struct MemoryTail {
    journal: Memory,
    mark: Option<Mark>,
}

impl MemoryTail {
    /// What is durable after the mark, without a gap: a mark names all before it.
    fn ready(&self) -> Vec<Record> {
        let after = self.mark.map(|mark| mark.position);
        let state = self.journal.lock();
        let later = state
            .records
            .iter()
            .filter(|record| Some(record.position) > after);
        later
            .take_while(|record| state.is_durable(record))
            .cloned()
            .collect()
    }
}

impl Tail for MemoryTail {
    fn show(&mut self, most: u64, visit: &mut Visit<'_>) -> Result<u64, JournalError> {
        let mut state = self.journal.lock();
        if state.failing_looks > 0 {
            state.failing_looks -= 1;
            return Err(JournalError::Stopped);
        }
        drop(state);
        let mut shown = 0;
        for record in self
            .ready()
            .iter()
            .take(usize::try_from(most).unwrap_or(usize::MAX))
        {
            let record = std::slice::from_ref(record);
            shown += show(record, None, visit)?;
            self.mark = record.first().map(Record::mark);
        }
        Ok(shown)
    }

    fn mark(&self) -> Option<Mark> {
        self.mark
    }
}
