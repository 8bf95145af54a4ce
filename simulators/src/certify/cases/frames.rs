//! Section 1: frames.

use super::words::*;

const RULE: &str = "1, Frame";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "1.01",
            RULE,
            "a message in one frame is answered in one frame",
        )
        .send(echo(), approved()),
        Case::new(
            "1.02",
            RULE,
            "a length of 0 is a keep-alive, which is read and ignored at any time",
        )
        .raw(Raw::KeepAlive)
        .raw(Raw::KeepAlive)
        .serves(),
        Case::new("1.03", RULE, "a frame may arrive in any number of segments").step(Step::Send {
            line: 0,
            messages: vec![(echo(), approved().into())],
            in_pieces: true,
        }),
        Case::new(
            "1.04",
            RULE,
            "a segment may hold many frames, and each is answered",
        )
        .together((0..20).map(|_| (echo(), approved().into())).collect()),
        Case::new(
            "1.05",
            RULE,
            "requests are pipelined, and answers are matched by fields 7 and 11",
        )
        .needs(Need::Payer)
        .agreed(1, 700)
        .agreed(2, 800)
        .together(vec![
            (purchase(700).order(1), approved().into()),
            (echo(), approved().into()),
            (purchase(800).order(2), approved().into()),
        ])
        .balance(-1_500, -1_500),
        Case::new(
            "1.06",
            RULE,
            "a frame above 4,096 bytes ends the connection",
        )
        .raw_closes(Raw::Oversized, Duration::from_secs(5)),
    ]
}
