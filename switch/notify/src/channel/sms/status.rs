//! What the centre's codes mean for a segment.

use rusmpp::CommandStatus;

use crate::channel::Failure;

/// Whether the centre has asked for less at a time.
pub(super) fn is_too_much(status: CommandStatus) -> bool {
    matches!(
        status,
        CommandStatus::EsmeRthrottled | CommandStatus::EsmeRmsgqful
    )
}

/// `Ok` for ESME_ROK. Codes that speak of the receiver's address or of the text are permanent; whatever else is wrong, the
/// centre or an operator may put right.
pub(super) fn of_submit(status: CommandStatus) -> Result<(), Failure> {
    let reason = || format!("the message centre answered {:#010x}", u32::from(status));
    match status {
        CommandStatus::EsmeRok => Ok(()),
        CommandStatus::EsmeRinvdstadr
        | CommandStatus::EsmeRinvdstton
        | CommandStatus::EsmeRinvdstnpi
        | CommandStatus::EsmeRinvmsglen => Err(Failure::permanent(reason())),
        _ => Err(Failure::transient(reason())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_concerns_the_message_is_permanent() {
        assert_eq!(of_submit(CommandStatus::EsmeRok), Ok(()));
        for (status, transient) in [
            (CommandStatus::EsmeRthrottled, true),
            (CommandStatus::EsmeRmsgqful, true),
            (CommandStatus::EsmeRsyserr, true),
            (CommandStatus::EsmeRinvsrcadr, true),
            (CommandStatus::Other(0x0400), true),
            (CommandStatus::EsmeRinvdstadr, false),
            (CommandStatus::EsmeRinvmsglen, false),
        ] {
            assert_eq!(
                of_submit(status).unwrap_err().is_transient(),
                transient,
                "{status:?}"
            );
        }
        let failure = of_submit(CommandStatus::EsmeRinvdstadr).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "the message centre answered 0x0000000b"
        );
    }
}
