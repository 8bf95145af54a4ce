//! The versions of what other builds may have written.

/// Of the manifest, and with it of the folder.
pub const MANIFEST_VERSION: u32 = 1;

/// Of what two processes say to each other.
pub(crate) const PROTOCOL_VERSION: u32 = 1;
