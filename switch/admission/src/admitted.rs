//! The right to one unanswered request.

use std::sync::Arc;

use super::{Admission, Connection};

/// A place among the unanswered requests of a connection, of its party, and of all. Given back when dropped, so
/// that no way of ending a request can forget it.
#[derive(Debug)]
pub struct Admitted(Arc<Connection>);

/// Unanswered requests that a party may have even where all parties together have as many as they may: what others have
/// under way leaves nobody without.
const ALWAYS: usize = 16;

/// Why there is no place.
#[derive(Debug)]
pub enum NotAdmitted {
    /// The connection is nobody's yet.
    NotSignedOn,
    /// This limit is reached.
    Full(Arc<Admission>),
}

impl Admitted {
    /// Takes a place below each limit of the connection; the error names the limit that is reached.
    pub fn take(connection: &Arc<Connection>) -> Result<Self, NotAdmitted> {
        let limits = &connection.bound().ok_or(NotAdmitted::NotSignedOn)?.limits;
        let [of_connection, of_party, of_all] = limits;
        if !of_connection.try_take() {
            return Err(NotAdmitted::Full(Arc::clone(of_connection)));
        }
        if !of_party.try_take() {
            of_connection.give_back();
            return Err(NotAdmitted::Full(Arc::clone(of_party)));
        }
        if !of_all.try_take() {
            if of_party.taken() > ALWAYS {
                of_connection.give_back();
                of_party.give_back();
                return Err(NotAdmitted::Full(Arc::clone(of_all)));
            }
            of_all.take();
        }
        Ok(Self(Arc::clone(connection)))
    }

    /// Whose place it is.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.0
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        // A connection is bound for good, so these are the limits below which places were taken.
        if let Some(bound) = self.0.bound() {
            bound.limits.iter().for_each(|limit| limit.give_back());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Arrival, Bound, Carrier};
    use super::*;

    fn connection(limits: [&Arc<Admission>; 3]) -> Arc<Connection> {
        let connection = Connection::sealed();
        connection.bind(Bound {
            listed: None,
            arrival: Arrival::from(None, Carrier::Plain),
            limits: limits.map(Arc::clone),
        });
        connection
    }

    #[test]
    fn a_reached_limit_gives_back_what_was_taken_before_it() {
        assert!(matches!(
            Admitted::take(&Connection::sealed()),
            Err(NotAdmitted::NotSignedOn)
        ));
        let limits = [Admission::new(2), Admission::new(1), Admission::new(9)];
        let connection = connection(limits.each_ref());
        let taken = || limits.each_ref().map(|limit| limit.taken());
        let first = Admitted::take(&connection).expect("a place");
        let full = Admitted::take(&connection);
        assert!(matches!(full, Err(NotAdmitted::Full(limit)) if Arc::ptr_eq(&limit, &limits[1])));
        assert_eq!(taken(), [1, 1, 1]);
        drop(first);
        assert_eq!(taken(), [0, 0, 0]);
    }

    #[test]
    fn a_party_that_has_all_places_leaves_some_to_the_others() {
        let of_all = Admission::new(100);
        let parties = [Admission::new(1_000), Admission::new(1_000)];
        let [many, few] = parties
            .each_ref()
            .map(|party| connection([&Admission::new(1_000), party, &of_all]));
        let mut taken = Vec::new();
        let full = loop {
            match Admitted::take(&many) {
                Ok(admitted) => taken.push(admitted),
                Err(full) => break full,
            }
        };
        assert!(matches!(full, NotAdmitted::Full(limit) if Arc::ptr_eq(&limit, &of_all)));
        assert_eq!(taken.len(), 100);
        let others: Vec<_> = (0..ALWAYS).map(|_| Admitted::take(&few)).collect();
        assert!(others.iter().all(Result::is_ok));
        assert!(Admitted::take(&few).is_err());
        assert_eq!(parties.each_ref().map(|party| party.taken()), [100, ALWAYS]);
        drop((taken, others));
        assert_eq!(of_all.taken(), 0);
    }
}
