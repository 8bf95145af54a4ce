//! What is to be said, before it is known in which language.

use std::fmt;

/// A message and its arguments.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(pub(crate) What);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A message of the files.
    Message(&'static str, Vec<(&'static str, Argument)>),
    /// A name, or anything else that is the same in all languages.
    AsWritten(String),
}

impl Text {
    pub(crate) const fn plain(id: &'static str) -> Self {
        Self(What::Message(id, Vec::new()))
    }

    pub(crate) fn with(id: &'static str, arguments: Vec<(&'static str, Argument)>) -> Self {
        Self(What::Message(id, arguments))
    }

    /// What is the same in all languages: a name, a number, a text that somebody else wrote.
    pub fn as_written(text: impl Into<String>) -> Self {
        Self(What::AsWritten(text.into()))
    }
}

impl Default for Text {
    /// Nothing.
    fn default() -> Self {
        Self::as_written("")
    }
}

impl fmt::Debug for Text {
    /// Without the arguments, which may be about a payer.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            What::Message(id, _) => formatter.write_str(id),
            What::AsWritten(_) => formatter.write_str("as written"),
        }
    }
}

/// What stands for a variable of a message.
#[derive(Clone, PartialEq, Eq)]
pub enum Argument {
    /// Another message, which is said in the same language.
    Text(Text),
    /// What is the same in all languages, or was written in this one before.
    Words(String),
    /// A number, which also chooses between plural forms.
    Number(u64),
}

impl From<Text> for Argument {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Argument {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl From<&String> for Argument {
    fn from(words: &String) -> Self {
        Self::Words(words.clone())
    }
}

impl From<String> for Argument {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}
