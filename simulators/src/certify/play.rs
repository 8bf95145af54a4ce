//! Plays one case: what has to be so before, the messages, and what came.

mod lines;
mod money;

use std::time::{Duration, Instant};

use super::agreed::Agreed;
use super::answer::{Answer, Sealed, approved};
use super::bed::Bed;
use super::case::{Case, Expect, Line, Step};
use super::connection::{Came, Connection};
use super::fill::Filler;
use super::judge::{Bench, Fault, judge};
use super::keys::Key;
use super::message::{Message, echo};
use super::packing::FilledMessage;
use super::payer::Payer;
use super::report::Entry;
use super::seen::Seen;

/// How long an answer that may come or not is waited for.
const PERHAPS: Duration = Duration::from_secs(1);

/// How long the switch may take to close a connection that it closes at once.
const CLOSING: Duration = Duration::from_secs(2);

/// What became of a case that was played.
pub struct Played {
    /// What is not as it has to be; empty, and it has passed.
    pub faults: Vec<Fault>,
    /// What was sent and what came.
    pub transcript: Vec<Entry>,
}

/// Plays it with this payer.
pub fn play(bed: &Bed<'_>, case: &Case, payer: &Payer) -> Played {
    let mut play = Play {
        bed,
        case,
        payer,
        lines: Vec::new(),
        filled: Vec::new(),
        keys: Vec::new(),
        seen: Vec::new(),
        late: Vec::new(),
        agreed: match bed.payers_agree {
            true => Agreed::in_case(case),
            false => Vec::new(),
        },
        announced_early: bed.clock.fresh(),
        before: None,
        transcript: Vec::new(),
    };
    let mut faults = play.run().err().unwrap_or_default();
    if case.changes_key() && !faults.is_empty() {
        faults.extend(play.restore_key());
    }
    Played {
        faults,
        transcript: play.transcript,
    }
}

struct Play<'a> {
    bed: &'a Bed<'a>,
    case: &'a Case,
    payer: &'a Payer,
    lines: Vec<Option<Connection>>,
    /// The messages of the case, what they were sealed with, and their answers.
    filled: Vec<FilledMessage>,
    keys: Vec<Key>,
    seen: Vec<Option<Seen>>,
    /// Trace numbers that may be answered although nobody waits.
    late: Vec<String>,
    /// The orders whose payers agree by themselves.
    agreed: Vec<Agreed>,
    announced_early: u32,
    /// Ledger and available balance at the beginning.
    before: Option<(i64, i64)>,
    transcript: Vec<Entry>,
}

type Judged = Result<(), Vec<Fault>>;

impl Play<'_> {
    fn run(&mut self) -> Judged {
        if self.case.has_payer() {
            self.before = self.balances()?;
        }
        if !self.case.signs_on_itself() {
            self.line(0)?;
        }
        for step in &self.case.steps {
            self.step(step)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Judged {
        match step {
            Step::Send {
                line,
                messages,
                in_pieces,
            } => self.send(*line, messages, *in_pieces),
            Step::Raw {
                line,
                raw,
                closed_within,
            } => self.raw(*line, *raw, *closed_within),
            Step::Silent {
                line,
                after,
                within,
            } => self.silent(*line, *after, *within),
            Step::Idle { line, within } => self.closed(*line, *within),
            Step::Await {
                line,
                message,
                answer,
            } => self.await_answer(*line, *message, answer),
            Step::Agree { order, amount } => self.agree(*order, *amount),
            Step::Balance { ledger, available } => self.compare_balance(*ledger, *available),
            Step::Serves { line } => self.serves(*line),
            Step::CrowdOut { most } => self.crowd_out((*most).min(self.bed.party.connections_max)),
        }
    }

    /// Sends messages together, and judges what comes until each of them has what it has to have.
    fn send(&mut self, line: Line, messages: &[(Message, Expect)], in_pieces: bool) -> Judged {
        let early = messages.iter().any(|(message, _)| message.before_sign_on);
        if early {
            self.bare_line(line)?;
        }
        let first = self.filled.len();
        let mut bytes = Vec::new();
        for (message, _) in messages {
            let filled = self.filler().fill(message);
            bytes.extend(self.pack(line, message, &filled)?);
            self.add(filled, message.key);
        }
        self.connection(line)?
            .send(&bytes, in_pieces)
            .map_err(broken)?;
        let mut faults = Vec::new();
        let wanted =
            |expect: &Expect| matches!(expect, Expect::Answer(_) | Expect::AnswerAndClosed(_));
        let missing = |seen: &[Option<Seen>]| {
            messages
                .iter()
                .zip(&seen[first..])
                .any(|((_, expect), seen)| wanted(expect) && seen.is_none())
        };
        while missing(&self.seen) {
            if let Some(ended) = self.take(line, self.bed.answer_within)? {
                faults.push(Fault::new("answer", "an answer", ended));
                break;
            }
        }
        let perhaps = |expect: &Expect| matches!(expect, Expect::AnswerOrNothing(_));
        if faults.is_empty() && messages.iter().any(|(_, expect)| perhaps(expect)) {
            let deadline = Instant::now() + PERHAPS;
            while self.seen[first..].iter().any(Option::is_none) && Instant::now() < deadline {
                self.take(line, deadline.saturating_duration_since(Instant::now()))?;
            }
        }
        for (at, (message, expect)) in messages.iter().enumerate() {
            faults.extend(self.judge(first + at, message, expect, messages.len() > 1));
        }
        let closes =
            |expect: &Expect| matches!(expect, Expect::Closed | Expect::AnswerAndClosed(_));
        if !faults.is_empty() {
            return Err(faults);
        }
        if messages.iter().any(|(_, expect)| closes(expect)) {
            return self.closed(line, CLOSING);
        }
        let unanswered: Vec<usize> = messages
            .iter()
            .zip(first..)
            .filter(|((_, expect), _)| matches!(expect, Expect::Nothing))
            .map(|(_, at)| at)
            .collect();
        if !unanswered.is_empty() {
            // What is answered at all is answered before what came later.
            self.serves(line)?;
        }
        match unanswered.iter().any(|&at| self.seen[at].is_some()) {
            true => Err(vec![Fault::new("answer", "none", "one came")]),
            false => Ok(()),
        }
    }

    /// Waits for the answer to an earlier message.
    fn await_answer(&mut self, line: Line, message: usize, answer: &Answer) -> Judged {
        let at = message.saturating_sub(1);
        while self.seen.get(at).is_some_and(Option::is_none) {
            if let Some(ended) = self.take(line, self.bed.answer_within)? {
                return Err(vec![Fault::new("answer", "an answer", ended)]);
            }
        }
        let faults = match self.seen.get(at) {
            Some(Some(seen)) => self.compare(at, answer, seen),
            _ => Vec::new(),
        };
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    fn judge(
        &mut self,
        at: usize,
        message: &Message,
        expect: &Expect,
        several: bool,
    ) -> Vec<Fault> {
        let faults = match (expect, &self.seen[at]) {
            (
                Expect::Answer(answer)
                | Expect::AnswerAndClosed(answer)
                | Expect::AnswerOrNothing(answer),
                Some(seen),
            ) => self.compare(at, answer, seen),
            (Expect::AnswerOrNothing(_), None) => {
                self.late
                    .extend(self.filled[at].text(11).map(str::to_owned));
                Vec::new()
            }
            (Expect::Nothing | Expect::Closed, Some(_)) => {
                vec![Fault::new("answer", "none", "one came")]
            }
            _ => Vec::new(),
        };
        let whose = |fault: Fault| match several {
            true => Fault {
                place: format!("{}: {}", message.name, fault.place),
                ..fault
            },
            false => fault,
        };
        faults.into_iter().map(whose).collect()
    }

    fn compare(&self, at: usize, answer: &Answer, seen: &Seen) -> Vec<Fault> {
        let filler = self.filler();
        let key = match answer.sealed {
            Sealed::AsAsked => Some(self.keys[at]),
            Sealed::Under(key) => Some(key),
            Sealed::Not => None,
        };
        let bench = Bench {
            asked: &self.filled[at],
            earlier: &self.seen,
            key: key.and_then(|key| Some((key, self.bed.keys.find(key)?))),
            available: self.before.map(|(_, available)| available),
            value: &|field, value| filler.expected(field, value),
        };
        judge(&bench, answer, seen)
    }

    /// Takes the next answer; `Some` says why none comes any more.
    fn take(&mut self, line: Line, patience: Duration) -> Result<Option<String>, Vec<Fault>> {
        let came = self.connection(line)?.next(patience).map_err(broken)?;
        let wire = match came {
            Came::Message(wire) => wire,
            Came::Nothing => return Ok(Some(format!("none within {} ms", patience.as_millis()))),
            Came::Closed => return Ok(Some("the end of the connection".to_owned())),
            Came::Nonsense(what) => return Err(vec![Fault::new("frame", "a frame", what)]),
        };
        let seen = Seen::read(self.bed.party.dialect, &wire);
        self.transcript
            .push(Entry::came(line, &wire, &seen.message));
        let trace = seen.text(11);
        let open = |at: &usize| self.seen[*at].is_none();
        let own = (0..self.filled.len())
            .rev()
            .filter(open)
            .find(|&at| trace.is_some() && self.filled[at].text(11) == trace);
        // An answer without a trace number can only be matched where one thing was asked.
        let own = own.or_else(|| {
            let mut unanswered = (0..self.filled.len()).rev().filter(open);
            trace.is_none().then(|| unanswered.next()).flatten()
        });
        match own {
            Some(at) => self.seen[at] = Some(seen),
            None if trace.is_some_and(|trace| self.late.iter().any(|late| late == trace)) => {}
            None => {
                let found = format!("one with trace number {}", trace.unwrap_or("(none)"));
                return Err(vec![Fault::new("answer", "to what was asked", found)]);
            }
        }
        Ok(None)
    }

    fn serves(&mut self, line: Line) -> Judged {
        self.send(line, &[(echo(), approved().into())], false)
    }

    fn pack(
        &mut self,
        line: Line,
        message: &Message,
        filled: &FilledMessage,
    ) -> Result<Vec<u8>, Vec<Fault>> {
        let party = self.bed.party;
        let bytes = filled.pack(
            party.dialect.packing,
            self.bed.keys.find(message.key),
            message.seal,
            message.spoiled,
        );
        let frame = self.connection(line)?.frame(&bytes);
        let canonical = party.dialect.unpack(&bytes.into()).message;
        let name = format!("{} {}", message.mti, message.name);
        self.transcript
            .push(Entry::sent(line, name, &frame, Some(&canonical)));
        Ok(frame)
    }

    /// What a case has left half done must not stay the party's key.
    fn restore_key(&mut self) -> Option<Fault> {
        match self.bed.restore_key() {
            Ok(_) => {
                let words = "the party's key is that of its profile";
                self.transcript.push(Entry::note(0, words));
                None
            }
            Err(which) => Some(Fault::new("the party's key", "that of its profile", which)),
        }
    }

    /// A message is on its way; where it stands among those of the case.
    fn add(&mut self, filled: FilledMessage, key: Key) -> usize {
        self.filled.push(filled);
        self.keys.push(key);
        self.seen.push(None);
        self.filled.len() - 1
    }

    fn filler(&self) -> Filler<'_> {
        Filler {
            party: self.bed.party,
            keys: &self.bed.keys,
            terminal: self.bed.terminal,
            clock: self.bed.clock,
            payer: self.payer,
            case: self.case.number,
            agreed: &self.agreed,
            announced_early: self.announced_early,
            filled: &self.filled,
            seen: &self.seen,
        }
    }
}

fn broken(error: std::io::Error) -> Vec<Fault> {
    vec![Fault::new("connection", "open", error.to_string())]
}
