//! Why a well-formed message is no request.

use std::fmt;

use crate::response_code::ResponseCode;

macro_rules! flaws {
    ($($flaw:ident = $code:ident, $text:literal;)*) => {
        /// What can be wrong with a request: a closed list, each with its answer (field 39) and its text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Flaw {
            $(#[doc = $text] $flaw,)*
        }

        impl Flaw {
            /// Every flaw.
            pub const ALL: &'static [Self] = &[$(Self::$flaw),*];

            /// For the other side's developer, without the field.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$flaw => $text,)*
                }
            }

            /// 12, 13 or 30.
            pub const fn code(self) -> ResponseCode {
                match self {
                    $(Self::$flaw => ResponseCode::$code,)*
                }
            }
        }
    };
}

flaws! {
    Missing = FORMAT_ERROR, "missing";
    Empty = FORMAT_ERROR, "empty";
    OtherLength = FORMAT_ERROR, "of another length";
    NoSuchDateAndTime = FORMAT_ERROR, "no such date and time";
    NoSuchTime = FORMAT_ERROR, "no such time";
    NoSuchDate = FORMAT_ERROR, "no such date";
    NoSuchMonth = FORMAT_ERROR, "no such year and month";
    NoSignedAmount = FORMAT_ERROR, "no signed amount";
    NoTagList = FORMAT_ERROR, "not a list of tag, length, value";
    NoCurrency = FORMAT_ERROR, "not three digits";
    NoCardNumber = FORMAT_ERROR, "not 8 to 19 digits";
    OrderNumberLength = FORMAT_ERROR, "order number not of 1 to 32 characters";
    NoPayer = FORMAT_ERROR, "missing, and no order number in field 48";
    NoOriginalData = FORMAT_ERROR, "no original data elements";
    NoReplacementAmounts = FORMAT_ERROR, "not 42 digits";
    NoKeyMaterial = FORMAT_ERROR, "tag 03: the wrapped key (48 digits) and its check value (6) are missing";
    Zero = INVALID_AMOUNT, "zero";
    InquiryNotZero = INVALID_AMOUNT, "not zero on an inquiry";
    VerificationNotZero = INVALID_AMOUNT, "not zero on an account verification";
    UnknownMti = INVALID_TRANSACTION, "MTI of no message of this protocol";
    UnknownNetworkCode = INVALID_TRANSACTION, "unknown network management code";
    UnknownProcessingCode = INVALID_TRANSACTION, "unknown processing code";
}

/// What is wrong with a request, and where: the text for the other side's developer in tag 09.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub flaw: Flaw,
    /// The field at fault, where it is one.
    pub field: Option<u8>,
}

impl Refusal {
    /// In this field.
    pub const fn of(field: u8, flaw: Flaw) -> Self {
        Self {
            flaw,
            field: Some(field),
        }
    }

    /// 12, 13 or 30.
    pub const fn code(&self) -> ResponseCode {
        self.flaw.code()
    }
}

impl From<Flaw> for Refusal {
    /// In no field of its own.
    fn from(flaw: Flaw) -> Self {
        Self { flaw, field: None }
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "field {field}: {}", self.flaw.text()),
            None => f.write_str(self.flaw.text()),
        }
    }
}
