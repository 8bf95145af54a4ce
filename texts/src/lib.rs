//! All texts that payers read, in their languages, and how amounts, numbers and dates are written in them.
//!
//! In: a [`Text`], which says what is to be said and with which arguments, and a [`Locale`], which says in which language. Out: a
//! string. The files `i18n/LANGUAGE/SUBJECT.ftl` hold the texts (Project Fluent); they are embedded, and the English ones make the
//! constants and functions of the modules here (`build.rs`). A text that a language lacks is said in English. Nothing is global: who
//! shows a text says in which language.
//!
//! | module | purpose |
//! | --- | --- |
//! | [`Text`], [`Argument`] | what is to be said |
//! | [`Language`] | the languages, and which of them a browser asks for |
//! | [`Locale`] | says texts, amounts, numbers and dates in a language |
//! | [`Money`] | an amount, as payers write and read it |
//! | `bundles` | the parsed files |
//! | `symbols` | the signs of currencies |
//! | [`rules`] | the texts about the rules by which the switch declines |
//! | the others | the texts, a module for each English file |

mod bundles;
pub mod currency;
mod language;
pub mod locale;
pub mod rules;
mod symbols;
mod text;

pub use currency::Money;
pub use language::Language;
pub use locale::Locale;
pub use text::{Argument, Text};

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

#[cfg(test)]
mod tests;
