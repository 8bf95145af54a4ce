//! What a connection is, whatever is beneath it.

use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of any kind.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}
