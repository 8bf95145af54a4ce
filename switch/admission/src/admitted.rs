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
    /// This door is full.
    Full(Arc<Admission>),
}

impl Admitted {
    /// Passes all doors of the connection, or says which one is full.
    pub fn take(connection: &Arc<Connection>) -> Result<Self, NotAdmitted> {
        let doors = &connection.bound().ok_or(NotAdmitted::NotSignedOn)?.doors;
        let [of_connection, of_party, of_all] = doors;
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
        // A connection is bound for good, so these are the doors that were passed.
        if let Some(bound) = self.0.bound() {
            bound.doors.iter().for_each(|door| door.give_back());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Arrival, Bound, Carrier};
    use super::*;

    fn connection(doors: [&Arc<Admission>; 3]) -> Arc<Connection> {
        let connection = Connection::sealed();
        connection.bind(Bound {
            listed: None,
            arrival: Arrival::from(None, Carrier::Plain),
            doors: doors.map(Arc::clone),
        });
        connection
    }

    #[test]
    fn a_full_door_gives_back_what_was_taken_before_it() {
        assert!(matches!(
            Admitted::take(&Connection::sealed()),
            Err(NotAdmitted::NotSignedOn)
        ));
        let doors = [Admission::new(2), Admission::new(1), Admission::new(9)];
        let connection = connection(doors.each_ref());
        let taken = || doors.each_ref().map(|door| door.taken());
        let first = Admitted::take(&connection).expect("room");
        let full = Admitted::take(&connection);
        assert!(matches!(full, Err(NotAdmitted::Full(door)) if Arc::ptr_eq(&door, &doors[1])));
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
        assert!(matches!(full, NotAdmitted::Full(door) if Arc::ptr_eq(&door, &of_all)));
        assert_eq!(taken.len(), 100);
        let others: Vec<_> = (0..ALWAYS).map(|_| Admitted::take(&few)).collect();
        assert!(others.iter().all(Result::is_ok));
        assert!(Admitted::take(&few).is_err());
        assert_eq!(parties.each_ref().map(|party| party.taken()), [100, ALWAYS]);
        drop((taken, others));
        assert_eq!(of_all.taken(), 0);
    }
}
