//! The malls that may open the pay window, which SIGHUP replaces while pages are served.

use std::collections::HashMap;

use actix_web::http::header::{HeaderValue, InvalidHeaderValue};

use crate::policy;
use crate::settings::Mall;

/// All malls as they were last read.
#[derive(Debug)]
pub struct Malls {
    by_acceptor: HashMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    mall: Mall,
    /// What the pay window may do where this mall asks.
    policy: HeaderValue,
}

impl Malls {
    /// # Errors
    /// When an origin can't stand in a header; the settings' check has refused such.
    pub fn new(malls: &[Mall]) -> Result<Self, InvalidHeaderValue> {
        let known = malls.iter().map(|mall| {
            let (mall, policy) = (mall.clone(), policy::of_pay_window(mall)?);
            Ok((mall.acceptor.clone(), Known { mall, policy }))
        });
        Ok(Self {
            by_acceptor: known.collect::<Result<_, _>>()?,
        })
    }

    /// The mall of a card acceptor id.
    pub fn find(&self, acceptor: &str) -> Option<&Mall> {
        self.by_acceptor.get(acceptor).map(|known| &known.mall)
    }

    /// What the pay window may do where it asks.
    pub fn policy(&self, acceptor: &str) -> Option<&HeaderValue> {
        self.by_acceptor.get(acceptor).map(|known| &known.policy)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_acceptor.len()
    }
}
