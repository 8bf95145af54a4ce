//! The connections of a case: opened, signed on, closed by the switch, and as many as a party may have.

use std::time::{Duration, Instant};

use super::super::answer::answered;
use super::super::case::{Line, Raw};
use super::super::connection::{Came, Connection, raw_bytes};
use super::super::judge::Fault;
use super::super::keys::Key;
use super::super::message::{echo, sign_on};
use super::super::report::Entry;
use super::{CLOSING, Judged, Play, broken};

/// How long connections that were closed may still be counted.
const COUNTED: Duration = Duration::from_secs(5);

impl Play<'_> {
    pub(super) fn raw(&mut self, line: Line, raw: Raw, closed_within: Option<Duration>) -> Judged {
        let packing = self.bed.party.dialect.packing;
        let whole = self.filler().fill(&echo());
        let whole = whole.pack(packing, self.bed.keys.find(Key::Profile), echo().seal, None);
        let bytes = raw_bytes(self.bed.party.dialect, raw, &whole);
        self.transcript
            .push(Entry::sent(line, raw.words(), &bytes, None));
        self.connection(line)?.send(&bytes, false).map_err(broken)?;
        match closed_within {
            Some(within) => self.closed(line, within),
            None => self.serves(line),
        }
    }

    pub(super) fn silent(&mut self, line: Line, after: Duration, within: Duration) -> Judged {
        let began = Instant::now();
        self.bare_line(line)?;
        self.closed(line, within)?;
        if began.elapsed() < after {
            let found = format!("{} ms", began.elapsed().as_millis());
            let expected = format!("closed after {} s at the earliest", after.as_secs());
            return Err(vec![Fault::new("time", expected, found)]);
        }
        Ok(())
    }

    pub(super) fn closed(&mut self, line: Line, within: Duration) -> Judged {
        let came = self.connection(line)?.next(within).map_err(broken)?;
        match came {
            Came::Closed => {
                self.transcript.push(Entry::note(line, "closed"));
                self.lines[line] = None;
                Ok(())
            }
            other => {
                let found = match other {
                    Came::Message(_) => "a message".to_owned(),
                    Came::Nothing => format!("still open after {} ms", within.as_millis()),
                    Came::Nonsense(what) => what,
                    Came::Closed => String::new(),
                };
                Err(vec![Fault::new("connection", "closed", found)])
            }
        }
    }

    /// Opens connections until one is refused: the party has then as many as it may.
    pub(super) fn crowd_out(&mut self, most: u32) -> Judged {
        let deadline = Instant::now() + COUNTED;
        loop {
            let mut open = Vec::new();
            let refusal = loop {
                let mut connection = self
                    .bed
                    .target
                    .connect(self.bed.party.dialect)
                    .map_err(broken)?;
                let filled = self.filler().fill(&sign_on());
                let seen = self
                    .bed
                    .exchange(&mut connection, &filled, Some(Key::Profile))
                    .map_err(|why| vec![Fault::new("sign-on", "an answer", why)])?;
                match seen.text(39) {
                    Some("00") => open.push(connection),
                    _ => break (connection, filled, seen),
                }
                if open.len() as u32 > most {
                    let found = format!("{} were signed on", open.len());
                    let expected = format!("at most {most} connections");
                    return Err(vec![Fault::new("connections", expected, found)]);
                }
            };
            let (mut connection, filled, seen) = refusal;
            // Connections of a moment ago may still be counted.
            if (open.len() as u32) < most && Instant::now() < deadline {
                drop(open);
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            if (open.len() as u32) < most {
                let found = format!("refused after {}", open.len());
                return Err(vec![Fault::new("connections", format!("{most}"), found)]);
            }
            self.transcript
                .push(Entry::note(0, format!("{most} connections are signed on")));
            let at = self.add(filled, Key::Profile);
            let faults = self.compare(at, &answered("58"), &seen);
            if !faults.is_empty() {
                return Err(faults);
            }
            return match connection.next(CLOSING).map_err(broken)? {
                Came::Closed => Ok(()),
                came => Err(vec![Fault::new(
                    "connection",
                    "closed",
                    format!("{came:?}"),
                )]),
            };
        }
    }

    /// An open connection, signed on where it was not there yet.
    pub(super) fn connection(&mut self, line: Line) -> Result<&mut Connection, Vec<Fault>> {
        if self.lines.get(line).is_none_or(Option::is_none) {
            self.line(line)?;
        }
        match self.lines.get_mut(line) {
            Some(Some(connection)) => Ok(connection),
            _ => Err(vec![Fault::new("connection", "open", "closed")]),
        }
    }

    pub(super) fn line(&mut self, line: Line) -> Judged {
        self.bare_line(line)?;
        let filled = self.filler().fill(&sign_on());
        let Some(Some(connection)) = self.lines.get_mut(line) else {
            return Ok(());
        };
        let failed = |why: String| vec![Fault::new("precondition", "a sign-on", why)];
        let seen = self.bed.exchange(connection, &filled, Some(Key::Profile));
        let seen = seen.map_err(failed)?;
        match seen.text(39) {
            Some("00") => Ok(()),
            code => Err(failed(format!(
                "answered {}",
                code.unwrap_or("without a code")
            ))),
        }
    }

    /// An open connection, not signed on.
    pub(super) fn bare_line(&mut self, line: Line) -> Judged {
        if self.lines.len() <= line {
            self.lines.resize_with(line + 1, || None);
        }
        if self.lines[line].is_none() {
            let open = self.bed.target.connect(self.bed.party.dialect);
            self.lines[line] = Some(open.map_err(broken)?);
        }
        Ok(())
    }
}
