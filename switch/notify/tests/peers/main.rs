//! The channels of notifications against servers that no one here wrote: aiosmtpd takes e-mail, node-smpp short messages.

mod email;
mod rig;
mod sms;
