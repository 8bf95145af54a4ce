//! A financial system that sends anything between its answers: each request has one outcome, and the line stays.

use tessera_protocol::{FRAME_BYTES_MAX, Mti};

use super::peer::{answer_to, card_answer_to, mti};
use super::rig::{MALL_REQUEST, Rig, on_worker, unhex};
use crate::mutation::Mutation;

const ROUNDS: usize = 500;

fn frame(mut body: Vec<u8>) -> Vec<u8> {
    body.truncate(FRAME_BYTES_MAX);
    let length = body.len() as u16;
    [&length.to_be_bytes()[..], &body].concat()
}

#[test]
fn each_request_has_one_outcome_whatever_is_sent() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        let request = unhex(MALL_REQUEST);
        let whole = |frame: Vec<u8>| frame[2..].to_vec();
        let mut mutation = Mutation::of(vec![
            whole(answer_to(&request, "51")),
            whole(card_answer_to(&request)),
            request,
        ]);
        for _ in 0..ROUNDS {
            rig.purchase();
            rig.link.flush();
            let request = loop {
                let message = peer.next().await.expect("the line is open");
                match mti(&message) {
                    Mti::PURCHASE => break message,
                    Mti::NETWORK => peer.answer(&message, "00").await,
                    _ => {}
                }
            };
            let right = answer_to(&request, "00");
            let nearly = mutation.changed(right[2..].to_vec());
            let sent = [frame(mutation.input()), frame(nearly), right].concat();
            peer.send(&sent).await;
            rig.answers(1).await;
        }
        assert!(rig.link.up());
        assert!(rig.stats.garbage.read() > 0);
        assert!(rig.stats.unknown.read() > 0);
    });
}
