//! What one worker counts on its own before it is poured into the shared metrics.

use std::cell::{Cell, OnceCell, RefCell};

use hashbrown::HashMap;
use prometheus::{IntCounter, IntCounterVec, IntGauge};
use tessera_protocol::ResponseCode;

use super::labels::{Kind, Label};
use tessera_ledger::Rule;

/// A worker's share of a gauge.
pub(super) struct LocalGauge {
    shared: IntGauge,
    change: Cell<i64>,
}

impl LocalGauge {
    pub(super) fn new(shared: &IntGauge) -> Self {
        Self {
            shared: shared.clone(),
            change: Cell::new(0),
        }
    }

    pub(super) fn add(&self, change: i64) {
        self.change.set(self.change.get() + change);
    }

    pub(super) fn flush(&self) {
        let change = self.change.take();
        if change != 0 {
            self.shared.add(change);
        }
    }
}

/// Codes that the protocol does not name (the financial system may send any) are counted together.
const OTHER: &str = "other";

/// Two decimal digits have this many values.
const NUMBERS: usize = 100;

/// A worker's share of the answers, by kind and response code. A series begins with its first answer, so that
/// combinations that never occur are not exported; only those of 96 are there from the start.
pub(super) struct Answers {
    family: IntCounterVec,
    /// The column of each two-digit code.
    columns: [u8; NUMBERS],
    cells: Box<[Cell<u64>]>,
    children: Box<[OnceCell<IntCounter>]>,
}

impl Answers {
    /// The named codes, and the others.
    const COLUMNS: usize = ResponseCode::ALL.len() + 1;

    pub(super) fn new(family: &IntCounterVec) -> Self {
        let mut columns = [ResponseCode::ALL.len() as u8; NUMBERS];
        for (column, code) in ResponseCode::ALL.iter().enumerate() {
            if let Some(number) = number(*code) {
                columns[number] = column as u8;
            }
        }
        // An alert looks at the increase of these, which needs a value from before the first one.
        for kind in Kind::ALL {
            family.with_label_values(&[kind.name(), &ResponseCode::FAULT.to_string()]);
        }
        let cells = Kind::ALL.len() * Self::COLUMNS;
        Self {
            family: family.clone(),
            columns,
            cells: (0..cells).map(|_| Cell::new(0)).collect(),
            children: (0..cells).map(|_| OnceCell::new()).collect(),
        }
    }

    pub(super) fn count(&self, kind: Kind, code: ResponseCode) {
        let column = number(code).map_or(ResponseCode::ALL.len(), |number| {
            usize::from(self.columns[number])
        });
        let cell = &self.cells[kind.index() * Self::COLUMNS + column];
        cell.set(cell.get() + 1);
    }

    pub(super) fn flush(&self) {
        for (place, cell) in self.cells.iter().enumerate() {
            let count = cell.take();
            if count != 0 {
                self.children[place]
                    .get_or_init(|| self.child(place))
                    .inc_by(count);
            }
        }
    }

    fn child(&self, place: usize) -> IntCounter {
        let kind = Kind::ALL[place / Self::COLUMNS];
        let code = ResponseCode::ALL.get(place % Self::COLUMNS);
        let code = code.map_or_else(|| OTHER.to_string(), ResponseCode::to_string);
        self.family.with_label_values(&[kind.name(), &code])
    }
}

/// A worker's share of the declines, by code and rule.
pub(super) struct Declines {
    family: IntCounterVec,
    counts: RefCell<HashMap<(ResponseCode, Rule), u64>>,
}

impl Declines {
    pub(super) fn new(family: &IntCounterVec) -> Self {
        Self {
            family: family.clone(),
            counts: RefCell::default(),
        }
    }

    pub(super) fn count(&self, code: ResponseCode, rule: Rule) {
        // The financial system may send any code.
        let code = match code.meaning() {
            Some(_) => code,
            None => ResponseCode::DECLINED,
        };
        *self.counts.borrow_mut().entry((code, rule)).or_default() += 1;
    }

    pub(super) fn flush(&self) {
        for ((code, rule), count) in self.counts.borrow_mut().iter_mut() {
            if *count != 0 {
                let child = self
                    .family
                    .with_label_values(&[code.to_string().as_str(), rule.text()]);
                child.inc_by(std::mem::take(count));
            }
        }
    }
}

fn number(code: ResponseCode) -> Option<usize> {
    match code.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(usize::from((tens - b'0') * 10 + (ones - b'0')))
        }
        _ => None,
    }
}
