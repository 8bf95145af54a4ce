//! A case: what is there before, what is sent, and what has to come back. Plain data, made with the few words below, so that
//! it reads like the rule it stands for.

use std::time::Duration;

use super::answer::Answer;
use super::controls::Control;
use super::grant::Grant;
use super::message::Message;

/// One numbered case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Section and number within it, for good: `5.03`.
    pub number: &'static str,
    /// The rule in a sentence.
    pub title: &'static str,
    /// Where the rule stands, in the words of the wire protocol.
    pub rule: &'static str,
    /// What has to be so before.
    pub needs: Vec<Need>,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

/// What a case needs of the target and the party; where it is not given, the case is skipped, and says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Somebody who pays: a card with money or, for a mall, a payer who agrees to its orders.
    Payer,
    /// An acquirer: the case is about card numbers.
    Acquirer,
    /// A mall: the case is about orders.
    Mall,
    /// A party with a MAC key.
    MacKey,
    /// A party whose field 42 is checked.
    OwnAcceptors,
    /// A party without one.
    NoMacKey,
    /// A party that can change its MAC key. The case is played last, alone: the key is that of all its connections.
    KeyEncryptingKey,
    /// A party that cannot.
    NoKeyEncryptingKey,
    /// Its profile says how much a purchase may be.
    AmountMax,
    /// A party that may send this message type with this processing code.
    Sending(&'static str, &'static str),
    /// A target that plays the sandbox: amounts select outcomes.
    Sandbox,
    /// The party's profile grants this.
    Granted(Grant),
    /// The party's profile does not grant this.
    NotGranted(Grant),
    /// The party's profile forbids something so.
    Controlled(Control),
    /// Nothing else of the party under way: the case is played last, alone.
    Last,
    /// Time: it takes minutes.
    Long,
    /// A party that may have no more connections than this, and none open meanwhile: the case is played last, alone.
    Alone(u32),
}

impl Raw {
    /// What they are, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::KeepAlive => "a keep-alive: length 0",
            Self::Oversized => "a length of 4,097",
            Self::HalfAMessage => "a length, and half of the message",
            Self::NoMti => "a frame that begins with no MTI",
        }
    }
}

/// A connection of the case. The first is signed on before the case begins, unless it says otherwise.
pub type Line = usize;

/// What is done.
#[derive(Debug, Clone)]
pub enum Step {
    /// These messages leave in one piece; what each of them has to be answered.
    Send {
        /// Over which connection.
        line: Line,
        /// What is sent, and what has to come.
        messages: Vec<(Message, Expect)>,
        /// In single bytes, not in one write.
        in_pieces: bool,
    },
    /// Bytes that are no message.
    Raw {
        /// Over which connection.
        line: Line,
        /// Which bytes.
        raw: Raw,
        /// Whether the connection has to be closed, and within which time.
        closed_within: Option<Duration>,
    },
    /// The connection says nothing until it is closed, within these times.
    Silent {
        /// Which one.
        line: Line,
        /// Not before this.
        after: Duration,
        /// But before this.
        within: Duration,
    },
    /// Nothing is sent until the connection is closed.
    Idle {
        /// Which one.
        line: Line,
        /// Before this.
        within: Duration,
    },
    /// The answer to an earlier message, of which none had come.
    Await {
        /// On which connection.
        line: Line,
        /// The case's message of this number.
        message: usize,
        /// What it has to be.
        answer: Answer,
    },
    /// The payer agrees to an order of this mall.
    Agree {
        /// Which one, as the case counts its orders.
        order: u8,
        /// Minor units.
        amount: u64,
    },
    /// The wallet has so much more or less than when the case began.
    Balance {
        /// Of what the payer owns.
        ledger: i64,
        /// Of what can be spent.
        available: i64,
    },
    /// An echo is answered 00: the connection stays and serves.
    Serves {
        /// Which one.
        line: Line,
    },
    /// So many connections are opened and signed on; one more is answered 58 and closed.
    CrowdOut {
        /// How many the party may have; read from the profile when it runs.
        most: u32,
    },
}

/// Bytes that are no message, in the party's framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raw {
    /// A length of 0.
    KeepAlive,
    /// A length above 4,096, and as many bytes as fit.
    Oversized,
    /// A length, and only half of the message.
    HalfAMessage,
    /// A frame whose message has no readable MTI.
    NoMti,
}

/// What has to come back to a message.
#[derive(Debug, Clone)]
pub enum Expect {
    /// This answer.
    Answer(Answer),
    /// This answer, or none: the connection stays.
    AnswerOrNothing(Answer),
    /// No answer; the connection stays.
    Nothing,
    /// No answer, and the end of the connection.
    Closed,
    /// This answer, and then the end of the connection.
    AnswerAndClosed(Answer),
}

impl Case {
    /// A case of a rule.
    pub fn new(number: &'static str, rule: &'static str, title: &'static str) -> Self {
        Self {
            number,
            title,
            rule,
            needs: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// It needs this.
    pub fn needs(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }

    /// A payer; for a mall, one who has agreed to its first order of this amount.
    pub fn paying(self, amount: u64) -> Self {
        self.needs(Need::Payer).agreed(1, amount)
    }

    /// For a mall: its payer agrees to an order of this amount.
    pub fn agreed(mut self, order: u8, amount: u64) -> Self {
        self.steps.push(Step::Agree { order, amount });
        self
    }

    /// A message over the first connection, and its answer.
    pub fn send(self, message: Message, expect: impl Into<Expect>) -> Self {
        self.send_over(0, message, expect)
    }

    /// A message over another connection, and its answer.
    pub fn send_over(self, line: Line, message: Message, expect: impl Into<Expect>) -> Self {
        self.step(Step::Send {
            line,
            messages: vec![(message, expect.into())],
            in_pieces: false,
        })
    }

    /// Messages that leave together, before any of them is answered.
    pub fn together(self, messages: Vec<(Message, Expect)>) -> Self {
        self.step(Step::Send {
            line: 0,
            messages,
            in_pieces: false,
        })
    }

    /// The answer to an earlier message comes now, on this connection.
    pub fn awaits(self, line: Line, message: usize, answer: Answer) -> Self {
        self.step(Step::Await {
            line,
            message,
            answer,
        })
    }

    /// A further step.
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Bytes that are no message, after which the connection stays.
    pub fn raw(self, raw: Raw) -> Self {
        self.step(Step::Raw {
            line: 0,
            raw,
            closed_within: None,
        })
    }

    /// Bytes after which the connection is closed.
    pub fn raw_closes(self, raw: Raw, within: Duration) -> Self {
        self.step(Step::Raw {
            line: 0,
            raw,
            closed_within: Some(within),
        })
    }

    /// How the wallet differs from what it was, in minor units.
    pub fn balance(self, ledger: i64, available: i64) -> Self {
        self.step(Step::Balance { ledger, available })
    }

    /// The wallet is what it was.
    pub fn nothing_moved(self) -> Self {
        self.balance(0, 0)
    }

    /// The first connection still serves.
    pub fn serves(self) -> Self {
        self.step(Step::Serves { line: 0 })
    }

    /// Its section of the wire protocol.
    pub fn section(&self) -> &'static str {
        self.number.split('.').next().unwrap_or_default()
    }

    /// Whether it needs this.
    pub fn has(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }

    /// Whether money is looked at, or moves.
    pub fn has_payer(&self) -> bool {
        self.has(Need::Payer)
    }

    /// Whether nothing else of the party may be under way.
    pub fn is_alone(&self) -> bool {
        let alone =
            |need: &Need| matches!(need, Need::Alone(_) | Need::Last | Need::KeyEncryptingKey);
        self.needs.iter().any(alone)
    }

    /// Whether it changes the party's MAC key.
    pub fn changes_key(&self) -> bool {
        self.has(Need::KeyEncryptingKey)
    }

    /// Whether it waits for the end of a time, so that it is begun first.
    pub fn is_slow(&self) -> bool {
        let waits = |step: &Step| match step {
            Step::Silent { .. } | Step::Idle { .. } => true,
            Step::Raw { closed_within, .. } => {
                closed_within.is_some_and(|within| within > Duration::from_secs(5))
            }
            _ => false,
        };
        self.has(Need::Sandbox) || self.has(Need::Long) || self.steps.iter().any(waits)
    }

    /// Whether the first connection is signed on before: where a case signs on itself, it says so with its first message.
    pub fn signs_on_itself(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Send {
                line: 0, messages, ..
            } => messages.iter().any(|(message, _)| message.before_sign_on),
            Step::Silent { line: 0, .. } | Step::CrowdOut { .. } => true,
            _ => false,
        })
    }
}

impl From<Answer> for Expect {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}
