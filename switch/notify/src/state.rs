//! What the service works with: where it is on the disk, and what is in memory of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::follow::Follower;
use super::lane::Lane;
use super::outbox::{ChannelKind, Outbox, OutboxError};
use tessera_encryption::DataKeys;
use tessera_journal::{Journal, Mark};
use tessera_store::Store;

/// Messages of a channel that are in memory; beyond, they wait in the outbox alone.
const IN_MEMORY_MAX: usize = 20_000;

/// Where everything is on the disk.
pub(super) struct Place {
    pub directory: PathBuf,
    pub keys: DataKeys,
    pub journal: Arc<dyn Journal>,
    /// Asked for contacts where the journal no longer has the events.
    pub store: Arc<Store>,
    /// Events older than this cause no notification, in milliseconds.
    pub sent_within: u64,
    /// Payers were notified of everything up to here, by this node or by another one that was active.
    pub begin_after: Option<Mark>,
    /// No message waits longer until it is tried again, in milliseconds.
    pub pause_max: u64,
}

/// The outbox, and what is in memory of it.
pub(super) struct State {
    pub outbox: Arc<Outbox>,
    pub follower: Follower,
    pub lanes: [Lane; 3],
}

impl State {
    pub(super) fn open(place: &Place) -> Result<Self, OutboxError> {
        let outbox = Arc::new(Outbox::open(&place.directory, place.keys.clone())?);
        let lane = |channel| Lane::open(channel, IN_MEMORY_MAX, place.pause_max, &outbox);
        let journal = Arc::clone(&place.journal);
        Ok(Self {
            lanes: [
                lane(ChannelKind::Email)?,
                lane(ChannelKind::Mobile)?,
                lane(ChannelKind::Browser)?,
            ],
            follower: Follower::new(
                journal,
                &place.store,
                &outbox,
                place.sent_within,
                place.begin_after,
            )?,
            outbox,
        })
    }

    pub(super) fn lane(&mut self, channel: ChannelKind) -> &mut Lane {
        match channel {
            ChannelKind::Email => &mut self.lanes[0],
            ChannelKind::Mobile => &mut self.lanes[1],
            ChannelKind::Browser => &mut self.lanes[2],
        }
    }
}
