//! The values that labels may have: closed sets, so that nobody outside can make a new series.

use tessera_protocol::Request;

/// A closed set of values of one label.
pub trait Label: Copy + 'static {
    /// The label's name.
    const LABEL: &'static str;
    /// Every value, in order of [`Label::index`].
    const ALL: &'static [Self];
    /// The value as Prometheus sees it.
    fn name(self) -> &'static str;
    /// The value's place in [`Label::ALL`].
    fn index(self) -> usize;
}

macro_rules! label {
    ($(#[$meta:meta])* $type:ident, $label:literal { $($(#[$doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $type {
            $($(#[$doc])* $value,)*
        }

        impl Label for $type {
            const LABEL: &'static str = $label;
            const ALL: &'static [Self] = &[$(Self::$value,)*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

label!(
    /// What a request asks for.
    Kind, "kind" {
        /// 0800.
        Network = "network",
        /// 0200, processing code 00.
        Purchase = "purchase",
        /// 0100, processing code 00, and 0120.
        Authorization = "authorization",
        /// 0200, processing code 20.
        Refund = "refund",
        /// 0200, processing code 28 or 21.
        Load = "load",
        /// 0200, processing code 29.
        Payout = "payout",
        /// 0100, processing code 31.
        Inquiry = "inquiry",
        /// 0100, processing code 00 with amount 0, or 38.
        Verification = "verification",
        /// 0220.
        Completion = "completion",
        /// 0400 and 0420.
        Reversal = "reversal",
        /// 0500.
        Reconciliation = "reconciliation",
        /// 0600 of the wallet server.
        Administrative = "administrative",
        /// 0600 of a party.
        Status = "status",
        /// Refused before it was known what it asks for.
        Unknown = "unknown",
    }
);

impl From<&Request<'_>> for Kind {
    fn from(request: &Request<'_>) -> Self {
        match request {
            Request::Network(_) => Self::Network,
            Request::Purchase(_) => Self::Purchase,
            Request::Authorization(_) | Request::AuthorizationAdvice(_) => Self::Authorization,
            Request::Refund(_) => Self::Refund,
            Request::Load(_) => Self::Load,
            Request::Payout(_) => Self::Payout,
            Request::Inquiry(_) => Self::Inquiry,
            Request::Verification(_) => Self::Verification,
            Request::Completion(_) => Self::Completion,
            Request::Reversal(_) => Self::Reversal,
            Request::Reconciliation(_) => Self::Reconciliation,
            Request::Administrative(_) => Self::Administrative,
            Request::Status(_) => Self::Status,
        }
    }
}

label!(
    /// A stage of a purchase's path.
    Stage, "stage" {
        /// From the frame to the wallet's first event.
        Decide = "decide",
        /// From an event to its durability, both laps.
        Journal = "journal",
        /// From the hold to the financial system's answer, the hold's sync included.
        Host = "host",
    }
);

label!(
    /// Why a frame was not served. Those that end the connection are counted there too.
    FrameRefused, "reason" {
        /// Its length is above what a frame may have.
        TooLong = "too_long",
        /// Begun and not finished in time.
        Unfinished = "unfinished",
        /// In a framing or packing that no party speaks, or not the one of its connection.
        Dialect = "dialect",
        /// No MTI in front.
        NoMti = "no_mti",
        /// A format error, answered with 30.
        Format = "format",
        /// An MTI that nobody serves, answered with 12.
        UnknownMti = "unknown_mti",
        /// A value that no request has: an amount (13), a processing or network code (12).
        Invalid = "invalid",
        /// Its time is too far from the clock, answered with 12.
        Clock = "clock",
        /// What the party may not ask for, answered with 58 or 12.
        NotPermitted = "not_permitted",
        /// An answer to nothing that was asked.
        UnexpectedAnswer = "unexpected_answer",
        /// Anything but a sign-on before the sign-on, answered with 58.
        NotSignedOn = "not_signed_on",
        /// The code, card acceptor or MAC of somebody else, answered with 63.
        Violation = "violation",
    }
);

label!(
    /// Why a connection was refused.
    ConnectionRefused, "reason" {
        /// All parties together have as many as they may.
        Full = "full",
        /// The party has as many as it may.
        PartyFull = "party_full",
        /// The party's profile has another framing or packing.
        Dialect = "dialect",
        /// The party's profile does not have its address.
        Address = "address",
        /// The party's profile wants TLS, or wants none.
        Transport = "transport",
        /// The party's profile, or the wallet server's line, has another certificate.
        Certificate = "certificate",
        /// It came from a load balancer that has to say from where, and did not.
        ProxyHeader = "proxy_header",
        /// The switch is stopping.
        Stopping = "stopping",
        /// The operating system had none to give (file descriptors).
        Accept = "accept",
        /// The TLS handshake failed, or the certificate is nobody's.
        Handshake = "handshake",
        /// It had not finished its TLS handshake when too many others had not signed on either: the oldest goes.
        Crowded = "crowded",
    }
);

label!(
    /// Why a connection ended.
    ConnectionClosed, "reason" {
        /// The other side closed it.
        Peer = "peer",
        /// It was lost.
        Lost = "lost",
        /// It sent what cannot be followed any further: see the frames refused.
        Frame = "frame",
        /// It did not sign on in time.
        NoSignOn = "no_sign_on",
        /// It sent something else than a sign-on before it had signed on.
        FirstMessage = "first_message",
        /// It had not signed on when too many others had not either: the oldest goes.
        Crowded = "crowded",
        /// Nothing came for too long.
        Idle = "idle",
        /// It did not take its answers.
        WriteStall = "write_stall",
        /// Its sign-on was refused: see the connections refused.
        SignOnRefused = "sign_on_refused",
        /// Its party's profile was changed so that it does not fit any more, or is gone.
        Profile = "profile",
        /// The switch is stopping.
        Stopping = "stopping",
    }
);

label!(
    /// A certificate of ours.
    Certificate, "line" {
        /// Of the malls' port with TLS.
        Malls = "malls",
        /// Of the wallet server's leased line.
        WalletServer = "wallet_server",
        /// Of the lines to the financial system.
        Host = "host",
    }
);

label!(
    /// A folder whose disk is watched.
    Folder, "folder" {
        /// Journal, store, outbox and keys.
        Data = "data",
        /// The archive of the journal, which may be on a disk of its own.
        Archive = "archive",
    }
);

label!(
    /// What became of an order to read the parties again.
    Reloaded, "outcome" {
        /// They count.
        Done = "done",
        /// Something was wrong with them, and nothing has changed.
        Refused = "refused",
    }
);

label!(
    /// A queue between two components of one worker.
    Queue, "queue" {
        /// Effects that wait for their event to become durable.
        Gate = "gate",
        /// Commands from other workers.
        Inbox = "inbox",
        /// Purchases that wait for their order.
        Orders = "orders",
    }
);

label!(
    /// What became of a request to the financial system.
    LinkOutcome, "outcome" {
        /// Answered.
        Answered = "answered",
        /// Not answered in time, or its line was lost.
        Silent = "silent",
        /// Never left.
        Unsent = "unsent",
    }
);

label!(
    /// Outcomes of sending the switch's totals to the financial system.
    TotalsOutcome, "outcome" {
        /// It has the same.
        Agreed = "agreed",
        /// It has others.
        Differs = "differs",
        /// It did not say.
        Unanswered = "unanswered",
    }
);

label!(
    /// An answer of the financial system that nobody was waiting for.
    UnmatchedAnswer, "reason" {
        /// After its deadline.
        Late = "late",
        /// A second time.
        Duplicate = "duplicate",
        /// To nothing that was asked.
        Unknown = "unknown",
    }
);
