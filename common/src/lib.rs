//! What all programs do alike on the machine that they run on. Knows no other crate of the workspace.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`addresses`] | several addresses of one service, tried in turn |
//! | [`bounded`] | reads files and streams up to a limit |
//! | [`csv`] | texts of others as cells of CSV |
//! | [`key_file`] | keys in files that only their owner can read |
//! | [`lock_file`] | lets one process at a time use a folder |
//! | [`pem`] | certificates and private keys out of PEM files |
//! | [`text`] | texts of fields, which are in ISO 8859-1 |
//! | [`private`] | keeps files from other users of the machine |
//! | [`local_http`] | refuses what browsers send to local HTTP ports on behalf of foreign pages |

pub mod addresses;
pub mod bounded;
pub mod certificates;
pub mod csv;
pub mod key_file;
pub mod local_http;
pub mod lock_file;
pub mod pem;
pub mod private;
pub mod text;
