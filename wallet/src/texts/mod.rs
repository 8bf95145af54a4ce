//! Every English word that a payer reads, one file for each subject. No page is built here. A text needs no
//! further documentation.
#![allow(missing_docs)]

pub mod card;
pub mod done;
pub mod entry;
pub mod extension;
pub mod forms;
pub mod help;
pub mod home;
pub mod layout;
pub mod limits;
pub mod money;
pub mod notifications;
pub mod passkeys;
pub mod pay;
pub mod recovery;
pub mod refusals;
pub mod sessions;
pub mod transaction;
pub mod transactions;
pub mod trouble;
