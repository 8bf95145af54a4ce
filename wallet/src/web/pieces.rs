//! Answers that are sent while they are made.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;

use super::Trouble;

/// A body that is sent piece by piece; it is broken off where a piece can't be made.
pub struct Pieces(pub mpsc::Receiver<Result<Bytes, Trouble>>);

impl Stream for Pieces {
    type Item = Result<Bytes, Trouble>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
