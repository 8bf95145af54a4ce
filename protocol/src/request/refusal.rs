//! Why a well-formed message is no request.

use std::fmt;

use crate::response_code::ResponseCode;

/// How to answer, and the text for the other side's developer in tag 09.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// 12, 13 or 30.
    pub code: ResponseCode,
    /// The field at fault, where it is one.
    pub field: Option<u8>,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Refusal {
    pub(crate) const fn of(code: ResponseCode, reason: &'static str) -> Self {
        Self {
            code,
            field: None,
            reason,
        }
    }

    /// 30 for a field.
    pub(crate) const fn format(field: u8, reason: &'static str) -> Self {
        Self {
            code: ResponseCode::FORMAT_ERROR,
            field: Some(field),
            reason,
        }
    }

    /// 12 or 13 for a field.
    pub(crate) const fn because(code: ResponseCode, field: u8, reason: &'static str) -> Self {
        Self {
            code,
            field: Some(field),
            reason,
        }
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "field {field}: {}", self.reason),
            None => f.write_str(self.reason),
        }
    }
}
