//! A request's body, up to its bound.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_http::Payload;
use actix_http::error::PayloadError;
use actix_web::web::Bytes;
use futures_core::Stream;

use crate::line::InWork;

/// A body that ends with an error when it is longer than it may be.
pub(crate) struct Bounded {
    pub(crate) payload: Payload,
    pub(crate) left: u64,
    pub(crate) came: Came,
}

/// Whether all of a request has come.
#[derive(Clone)]
pub(crate) struct Came {
    all: Rc<Cell<bool>>,
    work: Rc<InWork>,
}

impl Came {
    /// Not yet: there is a body.
    pub(crate) fn not_yet(work: &Rc<InWork>) -> Self {
        work.waits_for_body();
        Self {
            all: Rc::default(),
            work: Rc::clone(work),
        }
    }

    /// Its head is all of it.
    pub(crate) fn all(work: &Rc<InWork>) -> Self {
        Self {
            all: Rc::new(Cell::new(true)),
            work: Rc::clone(work),
        }
    }

    pub(crate) fn is_all(&self) -> bool {
        self.all.get()
    }

    /// Nothing more is waited for.
    pub(crate) fn end(&self) {
        if !self.all.replace(true) {
            self.work.has_body();
        }
    }
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.payload).poll_next(context));
        Poll::Ready(match item {
            Some(Ok(bytes)) => match self.left.checked_sub(bytes.len() as u64) {
                Some(left) => {
                    self.left = left;
                    Some(Ok(bytes))
                }
                None => Some(Err(PayloadError::Overflow)),
            },
            None => {
                self.came.end();
                None
            }
            failed => failed,
        })
    }
}
