//! Why a request failed, and what follows from it.

use std::error::Error as _;
use std::fmt;

use tonic::{Code, Status};

use super::limits::TEXT_CHARACTERS_MAX;
use crate::LogError;

/// A request that was not answered, or not with success. Unless it is known otherwise, it may have been carried out.
#[derive(Debug)]
pub struct Fault {
    pub kind: Kind,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The connection broke, or nothing came in time.
    Broken,
    /// The member can't help at the moment; the connection is fine.
    Busy,
    /// The database is as large as it may be.
    Full,
    /// A lease that isn't there (any more).
    Missing,
    /// A revision of which nothing is kept any more.
    Compacted,
    /// More than may be read at once.
    TooLong,
    /// Nothing that another attempt could change.
    Refused,
}

impl Fault {
    pub fn new(kind: Kind, text: impl fmt::Display) -> Self {
        Self {
            kind,
            text: shortened(&text.to_string()),
        }
    }

    pub fn broken(text: impl fmt::Display) -> Self {
        Self::new(Kind::Broken, text)
    }

    /// Another attempt, or another member, may help.
    pub fn passes(&self) -> bool {
        matches!(self.kind, Kind::Broken | Kind::Busy)
    }

    /// The same fault, and whose.
    pub fn of(self, member: &str) -> Self {
        Self {
            kind: self.kind,
            text: format!("{member}: {}", self.text),
        }
    }
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        let text = status.message();
        if status.source().is_some() {
            return Self::broken(format_args!("{text}{}", causes(&status)));
        }
        let kind = match status.code() {
            Code::ResourceExhausted if text.contains("space exceeded") => Kind::Full,
            Code::OutOfRange if text.contains("compacted") => Kind::Compacted,
            Code::OutOfRange => Kind::TooLong,
            Code::NotFound => Kind::Missing,
            // What our own decoder says.
            Code::Internal if text.starts_with("failed to decode") => Kind::Refused,
            Code::Ok | Code::Cancelled | Code::DeadlineExceeded | Code::Internal => Kind::Broken,
            Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::Unknown => {
                Kind::Busy
            }
            Code::InvalidArgument
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Unimplemented
            | Code::DataLoss
            | Code::Unauthenticated => Kind::Refused,
        };
        Self::new(kind, format_args!("{text} ({})", status.code()))
    }
}

impl From<Fault> for LogError {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            Kind::Full => Self::Full(fault.text),
            Kind::Refused | Kind::TooLong => Self::Unusable(fault.text),
            Kind::Broken | Kind::Busy | Kind::Missing | Kind::Compacted => {
                Self::Unavailable(fault.text)
            }
        }
    }
}

/// What led to it, innermost last.
fn causes(status: &Status) -> String {
    let mut text = String::new();
    let mut cause = status.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) && !status.message().ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

/// A text of a server's, as long as a line in a log may be, and without what would break that line.
pub fn shortened(text: &str) -> String {
    let clean = |letter: char| match letter.is_control() {
        true => ' ',
        false => letter,
    };
    text.chars().take(TEXT_CHARACTERS_MAX).map(clean).collect()
}
