//! Checks requests against the permissions of the party's profile.

use tessera_protocol::Message;

use tessera_config::Party;
use tessera_ledger::Rule;

/// Whether the party may send this request, which was read already; the answer where it may not.
#[inline]
pub(super) fn check(party: &Party, message: &Message<'_>) -> Result<(), Rule> {
    let mti = message.mti();
    if !party.messages.allow(mti) {
        return Err(Rule::PartyMessage);
    }
    // What undoes or completes something carries the code of its original, and is taken even where that
    // would not be allowed any more.
    let asks = mti.value() >> 4 & 0xF == 0 && mti.class() <= 2;
    let code = message.number(3).unwrap_or(0) / 10_000;
    if asks && !party.processing_codes.allow(code as u8) {
        return Err(Rule::PartyProcessingCode);
    }
    let entry_mode = message.number(22).map(|mode| (mode / 10) as u8);
    if entry_mode.is_some_and(|mode| !party.quirks.entry_modes.allow(mode)) {
        return Err(Rule::PartyEntryMode);
    }
    Ok(())
}
