//! The lists and rows of the wallet server's leased line, in both directions: what is read is written and read alike.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use tessera_protocol::leased::{
    EventKind, HistoryRow, Limits, NotificationPreferences, NumberRow, ReloadRow, RequestRow,
    SessionRow, SourceRow, Spent,
};
use tessera_protocol::tlv;

pub fn run(bytes: &[u8]) {
    for element in tlv::iterate(bytes) {
        let Ok((tag, value)) = element else { break };
        assert!(tlv::find(bytes, tag).is_ok_and(|found| found.is_some()));
        if let Ok(text) = std::str::from_utf8(value) {
            read(text);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        read(text);
    }
}

fn read(text: &str) {
    read_as::<EventKind>(text);
    read_as::<HistoryRow>(text);
    read_as::<RequestRow>(text);
    read_as::<Limits>(text);
    read_as::<NotificationPreferences>(text);
    read_as::<NumberRow>(text);
    read_as::<ReloadRow>(text);
    read_as::<SessionRow>(text);
    read_as::<SourceRow>(text);
    read_as::<Spent>(text);
}

fn read_as<T: FromStr<Err: Debug> + Display + Debug + PartialEq>(text: &str) {
    if let Ok(row) = text.parse::<T>() {
        assert_eq!(row.to_string().parse::<T>().expect("our own"), row);
    }
}
