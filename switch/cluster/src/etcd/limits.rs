//! How long things may take, and how long messages may be.

use std::time::Duration;

/// A connection with its TLS handshake and a first answer. Members are near, and the next one may do.
pub const CONNECT: Duration = Duration::from_millis(500);

/// An append, from when it is begun. A majority's disks take a few milliseconds, hundreds on a bad day. More than that is a
/// member that hangs or has lost its leader, and asking another one beats waiting for it.
pub const APPEND: Duration = Duration::from_millis(1500);

/// A request that may be repeated, with all its attempts.
pub const REQUEST: Duration = Duration::from_secs(2);

/// One attempt of it: then another member is asked.
pub const ATTEMPT: Duration = Duration::from_millis(700);

/// No attempt begins with less time than this: that it ended in vain would say nothing.
pub const ATTEMPT_MIN: Duration = Duration::from_millis(100);

/// Between two attempts.
pub const PAUSE: Duration = Duration::from_millis(20);

/// How long other members are preferred to one that has failed.
pub const SUSPECTED: Duration = Duration::from_secs(3);

/// A watch that shows nothing for so long is compared with a linearizable read. etcd closes connections that ping more often
/// than each five seconds, so reads have to find out whether a member still lives, and they say more.
pub const SILENCE: Duration = Duration::from_millis(500);

/// A follower that has had no answer for so long says so.
pub const BLIND: Duration = Duration::from_secs(3);

/// How much of its history etcd keeps: a watch that breaks goes on from where it was.
pub const HISTORY: Duration = Duration::from_secs(5);

/// The longest entry. etcd refuses requests above 1.5 MiB, and a transaction has keys, the head and conditions beside it.
pub const ENTRY_BYTES_MAX: usize = 1280 * 1024;

/// Entries in a page, to begin with. As many of the longest ones fit.
pub const PAGE_ENTRIES: i64 = 3;

/// Entries in a page where they are short.
pub const PAGE_ENTRIES_MAX: i64 = 64;

/// The longest message that may hold entries: a page, or a fragment of a watch, which etcd cuts at the limit of a request.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a follower has read ahead of its caller, in KiB.
pub const AHEAD_KIB: u32 = 4 * 1024;

/// The longest text that is taken over from a server, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 200;
