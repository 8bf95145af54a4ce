//! A bound session: segments leave, acknowledgements and receipts come.

use std::collections::HashMap;

use futures_util::{SinkExt as _, StreamExt as _};
use rusmpp::pdus::{DeliverSm, DeliverSmResp};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until, timeout};

use super::codec::{BIND_SEQUENCE, Received, Wire};
use super::pace::Pace;
use super::receipt::{self, Known, Receipt};
use super::status;
use super::submit::{Place, Submit};
use crate::channel::Failure;
use tessera_config::SmsSettings;

/// SMPP 3.4, 3.2: sequence numbers go from 1 to this.
const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// How a session ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody has anything to send any more.
    Closed,
    /// The line, or the centre: why.
    Lost(String),
}

/// A segment that waits for its acknowledgement.
struct Waiting {
    place: Place,
    answer: tokio::sync::oneshot::Sender<Result<(), Failure>>,
    deadline: Instant,
}

/// The session.
pub(super) struct Session<'a> {
    wire: Wire,
    settings: &'a SmsSettings,
    pace: &'a mut Pace,
    known: &'a mut Known,
    receipts: &'a mpsc::Sender<Receipt>,
    waiting: HashMap<u32, Waiting>,
    sequence: u32,
    /// When the centre last said anything.
    last_received: Instant,
    /// When it was asked whether it is there, if it has not answered.
    enquired: Option<Instant>,
    /// A line in the log has been written about a PDU that can't be read: a centre may send any number of them.
    warned: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        wire: Wire,
        settings: &'a SmsSettings,
        pace: &'a mut Pace,
        known: &'a mut Known,
        receipts: &'a mpsc::Sender<Receipt>,
    ) -> Self {
        Self {
            wire,
            settings,
            pace,
            known,
            receipts,
            waiting: HashMap::new(),
            sequence: BIND_SEQUENCE,
            last_received: Instant::now(),
            enquired: None,
            warned: false,
        }
    }

    /// Until it is lost, or closed. Waiting callers then get an unknown result.
    pub(super) async fn run(mut self, queued: &mut mpsc::Receiver<Submit>) -> End {
        let end = loop {
            if let Err(end) = self.turn(queued).await {
                break end;
            }
        };
        if let End::Lost(reason) = &end {
            for waiting in self.waiting.into_values() {
                let failure = format!("{reason}, before it was acknowledged");
                let _ = waiting.answer.send(Err(Failure::transient(failure)));
            }
        }
        end
    }

    async fn turn(&mut self, queued: &mut mpsc::Receiver<Submit>) -> Result<(), End> {
        let service = self.waiting.len() < self.settings.window;
        let turn = self.pace.next();
        let may_send = service && turn <= Instant::now();
        let alarm = match service && !may_send {
            true => self.alarm().min(turn),
            false => self.alarm(),
        };
        tokio::select! {
            command = self.wire.next() => match command {
                Some(Ok(received)) => self.take(&received).await,
                Some(Err(_)) => Err(lost("the message centre sent an invalid PDU")),
                None => Err(lost("the message centre closed the line")),
            },
            submit = queued.recv(), if may_send => match submit {
                Some(submit) => self.submit(submit).await,
                None => self.close().await,
            },
            () = sleep_until(alarm) => self.look_around().await,
        }
    }

    async fn submit(&mut self, submit: Submit) -> Result<(), End> {
        // The caller may have stopped waiting while it was queued.
        if submit.answer.is_closed() {
            return Ok(());
        }
        self.pace.leave(Instant::now());
        let sequence = self.next_sequence();
        let waiting = Waiting {
            place: submit.segment.place,
            answer: submit.answer,
            deadline: Instant::now() + self.settings.answer_within,
        };
        self.waiting.insert(sequence, waiting);
        let command = Command::new(CommandStatus::EsmeRok, sequence, submit.segment.pdu);
        self.send(&command).await
    }

    async fn take(&mut self, received: &Received) -> Result<(), End> {
        self.last_received = Instant::now();
        self.enquired = None;
        let (id, sequence) = (received.id, received.sequence);
        if received.is_unreadable() && !self.warned {
            self.warned = true;
            tracing::warn!(
                command = u32::from(id),
                "a PDU of the message centre cannot be read; further ones in this session are not logged"
            );
        }
        match (id, received.pdu()) {
            (CommandId::SubmitSmResp | CommandId::GenericNack, pdu) => {
                let centre_id = match pdu {
                    Some(Pdu::SubmitSmResp(answer)) => answer.message_id().as_str(),
                    _ => "",
                };
                self.settle(sequence, received.status, centre_id);
                Ok(())
            }
            (_, Some(Pdu::DeliverSm(deliver))) => {
                let status = self.deliver(deliver);
                self.answer(status, sequence, DeliverSmResp::default())
                    .await
            }
            // Refused, it would come again, and be no better.
            (CommandId::DeliverSm, _) => {
                self.answer(CommandStatus::EsmeRok, sequence, DeliverSmResp::default())
                    .await
            }
            (CommandId::EnquireLink, _) => {
                self.answer(CommandStatus::EsmeRok, sequence, Pdu::EnquireLinkResp)
                    .await
            }
            (CommandId::Unbind, _) => {
                self.answer(CommandStatus::EsmeRok, sequence, Pdu::UnbindResp)
                    .await?;
                Err(lost("the message centre ended the session"))
            }
            // These have no answer.
            (CommandId::AlertNotification | CommandId::Outbind, _) => Ok(()),
            _ if id.is_operation() => {
                self.answer(CommandStatus::EsmeRinvcmdid, sequence, Pdu::GenericNack)
                    .await
            }
            // Answers to nothing.
            _ => Ok(()),
        }
    }

    fn settle(&mut self, sequence: u32, status: CommandStatus, centre_id: &str) {
        if status::is_too_much(status) {
            self.pace.hold(Instant::now());
        }
        // One that comes too late: its message is tried again under the same references.
        let Some(waiting) = self.waiting.remove(&sequence) else {
            return;
        };
        let outcome = status::of_submit(status);
        if outcome.is_ok() {
            self.known.insert(centre_id, waiting.place);
        }
        // A caller that no longer waits needs no answer.
        let _ = waiting.answer.send(outcome);
    }

    /// The response to the centre's receipt.
    fn deliver(&mut self, deliver: &DeliverSm) -> CommandStatus {
        let receipt = receipt::read(deliver).and_then(|report| self.known.receipt(report));
        let Some(receipt) = receipt else {
            return CommandStatus::EsmeRok;
        };
        match self.receipts.try_send(receipt) {
            // Closed: nobody wants to know.
            Ok(()) | Err(TrySendError::Closed(_)) => CommandStatus::EsmeRok,
            Err(TrySendError::Full(_)) => CommandStatus::EsmeRmsgqful,
        }
    }

    /// When something must be done although nothing came.
    fn alarm(&self) -> Instant {
        let answers = self.waiting.values().map(|waiting| waiting.deadline).min();
        let life = match self.enquired {
            Some(enquired) => enquired + self.settings.answer_within,
            None => self.last_received + self.settings.enquire_after,
        };
        answers.map_or(life, |answers| answers.min(life))
    }

    async fn look_around(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let late = self
            .waiting
            .extract_if(|_, waiting| waiting.deadline <= now);
        for (_, waiting) in late {
            let failure = Failure::transient("the message centre did not answer in time");
            let _ = waiting.answer.send(Err(failure));
        }
        match self.enquired {
            Some(enquired) if enquired + self.settings.answer_within <= now => {
                Err(lost("the message centre does not answer"))
            }
            None if self.last_received + self.settings.enquire_after <= now => {
                self.enquired = Some(now);
                let sequence = self.next_sequence();
                let command = Command::new(CommandStatus::EsmeRok, sequence, Pdu::EnquireLink);
                self.send(&command).await
            }
            _ => Ok(()),
        }
    }

    async fn close(&mut self) -> Result<(), End> {
        let sequence = self.next_sequence();
        let unbind = Command::new(CommandStatus::EsmeRok, sequence, Pdu::Unbind);
        // It is the end either way.
        let _ = self.send(&unbind).await;
        Err(End::Closed)
    }

    async fn answer(
        &mut self,
        status: CommandStatus,
        sequence: u32,
        pdu: impl Into<Pdu>,
    ) -> Result<(), End> {
        self.send(&Command::new(status, sequence, pdu)).await
    }

    async fn send(&mut self, command: &Command) -> Result<(), End> {
        match timeout(self.settings.answer_within, self.wire.send(command)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(lost("the line to the message centre broke")),
            Err(_) => Err(lost("the message centre accepts no more messages")),
        }
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence % SEQUENCE_MAX + 1;
        self.sequence
    }
}

fn lost(reason: &str) -> End {
    End::Lost(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;
    use tokio::sync::oneshot;
    use tokio_util::codec::Framed;

    use super::super::codec::{Codec, Stream};
    use super::super::submit::{Sender, segments};
    use super::*;
    use crate::channel::{Address, Message, MessageId};
    use crate::texts::Texts;

    /// In the queue from the beginning.
    const SEGMENTS: usize = 3;
    const PATIENCE: Duration = Duration::from_secs(120);
    const HOLD: Duration = Duration::from_millis(50);

    /// Runs a session against `centre`, with segments to submit: how it ended, and the result for the first one's
    /// sender.
    fn ended<F: Future<Output = ()>>(
        settings: SmsSettings,
        centre: impl FnOnce(Wire) -> F,
    ) -> (End, Result<(), Failure>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (ours, theirs) = tokio::io::duplex(4096);
            let (ours, theirs) = [ours, theirs]
                .map(|end| Framed::new(Box::new(end) as Box<dyn Stream>, Codec::new()))
                .into();
            let (queue, mut queued) = mpsc::channel(SEGMENTS);
            let mut answers = Vec::new();
            for _ in 0..SEGMENTS {
                let (answer, answered) = oneshot::channel();
                let segment = segments(&Sender::of("T"), &message()).unwrap().remove(0);
                queue.send(Submit { segment, answer }).await.ok().unwrap();
                answers.push(answered);
            }
            let (mut pace, mut known) = (Pace::new(1_000_000, HOLD), Known::default());
            let (receipts, _received) = mpsc::channel(1);
            let session = Session::new(ours, &settings, &mut pace, &mut known, &receipts);
            let both = async { tokio::join!(session.run(&mut queued), centre(theirs)) };
            let (end, ()) = timeout(PATIENCE, both).await.expect("an end in time");
            (end, answers.remove(0).await.unwrap())
        })
    }

    fn message() -> Message {
        let texts = Texts {
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            sms: "x".to_owned(),
        };
        let id = MessageId::new("a.1").unwrap();
        Message::new(id, Address::new("+491701234500"), texts)
    }

    /// The next command.
    async fn next(wire: &mut Wire) -> Received {
        wire.next().await.expect("a command").expect("a whole one")
    }

    #[test]
    fn a_centre_that_says_nothing_any_more_is_left() {
        let settings = SmsSettings {
            enquire_after: Duration::from_millis(200),
            answer_within: Duration::from_millis(400),
            ..SmsSettings::default()
        };
        let (end, notice) = ended(settings, |mut wire| async move {
            for _ in 0..SEGMENTS {
                assert_eq!(next(&mut wire).await.id, CommandId::SubmitSm);
            }
            assert_eq!(next(&mut wire).await.id, CommandId::EnquireLink);
            // Until the other side has gone.
            while wire.next().await.is_some() {}
        });
        assert_eq!(end, lost("the message centre does not answer"));
        assert!(notice.unwrap_err().is_transient());
    }

    #[test]
    fn a_centre_that_unbinds_is_answered_and_waiting_callers_get_a_failure() {
        let (end, notice) = ended(SmsSettings::default(), |mut wire| async move {
            for _ in 0..SEGMENTS {
                assert_eq!(next(&mut wire).await.id, CommandId::SubmitSm);
            }
            let unbind = Command::new(CommandStatus::EsmeRok, 77, Pdu::Unbind);
            wire.send(&unbind).await.unwrap();
            let answer = next(&mut wire).await;
            assert_eq!((answer.id, answer.sequence), (CommandId::UnbindResp, 77));
        });
        assert_eq!(end, lost("the message centre ended the session"));
        assert!(notice.unwrap_err().is_transient());
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_session() {
        let (end, notice) = ended(SmsSettings::default(), |mut wire| async move {
            next(&mut wire).await;
            wire.get_mut().write_all(&[0xFF; 16]).await.unwrap();
            while wire.next().await.is_some() {}
        });
        assert_eq!(end, lost("the message centre sent an invalid PDU"));
        assert!(notice.unwrap_err().is_transient());
    }

    /// A request with nothing but this behind its head.
    fn request(id: CommandId, sequence: u32, body: &[u8]) -> Vec<u8> {
        let head = [16 + body.len() as u32, u32::from(id), 0, sequence];
        let head = head.into_iter().flat_map(u32::to_be_bytes);
        head.chain(body.iter().copied()).collect()
    }

    #[test]
    fn what_cannot_be_read_is_answered_and_the_session_goes_on() {
        // A receipt up to the short message, and then receipted_message_id without the zero at its end.
        let mut receipt = vec![0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        receipt.extend([0x00, 0x1E, 0, 2, b'7', b'7']);
        let settings = SmsSettings {
            window: 1,
            ..SmsSettings::default()
        };
        let (end, notice) = ended(settings, |mut wire| async move {
            let submit = next(&mut wire).await;
            let stream = wire.get_mut();
            let unread = request(CommandId::DeliverSm, 7, &receipt);
            stream.write_all(&unread).await.unwrap();
            let unknown = request(CommandId::DataSm, 8, &[1, 2, 3]);
            stream.write_all(&unknown).await.unwrap();
            let answer = next(&mut wire).await;
            assert_eq!(
                (answer.id, answer.status, answer.sequence),
                (CommandId::DeliverSmResp, CommandStatus::EsmeRok, 7)
            );
            let answer = next(&mut wire).await;
            assert_eq!(
                (answer.id, answer.status, answer.sequence),
                (CommandId::GenericNack, CommandStatus::EsmeRinvcmdid, 8)
            );
            let taken = request(CommandId::SubmitSmResp, submit.sequence, b"1\0");
            wire.get_mut().write_all(&taken).await.unwrap();
            assert_eq!(next(&mut wire).await.id, CommandId::SubmitSm);
        });
        assert_eq!(end, lost("the message centre closed the line"));
        assert_eq!(notice, Ok(()));
    }

    #[test]
    fn a_centre_that_has_too_much_is_left_alone_though_more_is_queued() {
        let settings = SmsSettings {
            window: 1,
            ..SmsSettings::default()
        };
        let (_, notice) = ended(settings, |mut wire| async move {
            let submit = next(&mut wire).await;
            let status = CommandStatus::EsmeRthrottled;
            let refused = Command::new(status, submit.sequence, Pdu::GenericNack);
            let refused_at = Instant::now();
            wire.send(&refused).await.unwrap();
            assert_eq!(next(&mut wire).await.id, CommandId::SubmitSm);
            assert!(refused_at.elapsed() >= HOLD);
        });
        assert!(notice.unwrap_err().is_transient());
    }
}
