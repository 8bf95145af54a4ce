//! The right to one unanswered request.

use std::sync::Arc;

use super::{Admission, Connection};

/// A place among the unanswered requests of a connection, of its party, and of all. Given back when dropped, so
/// that no way of ending a request can forget it.
#[derive(Debug)]
pub struct Admitted(Arc<Connection>);

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
        for (index, door) in doors.iter().enumerate() {
            if !door.try_take() {
                doors[..index].iter().for_each(|passed| passed.give_back());
                return Err(NotAdmitted::Full(Arc::clone(door)));
            }
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

    #[test]
    fn a_full_door_gives_back_what_was_taken_before_it() {
        let connection = Connection::sealed();
        assert!(matches!(
            Admitted::take(&connection),
            Err(NotAdmitted::NotSignedOn)
        ));
        let bound = connection.bind(Bound {
            guest: None,
            arrival: Arrival::from(None, Carrier::Plain),
            doors: [Admission::new(2), Admission::new(1), Admission::new(9)],
        });
        let taken = || bound.doors.each_ref().map(|door| door.taken());
        let first = Admitted::take(&connection).expect("room");
        let full = Admitted::take(&connection);
        assert!(
            matches!(full, Err(NotAdmitted::Full(door)) if Arc::ptr_eq(&door, &bound.doors[1]))
        );
        assert_eq!(taken(), [1, 1, 1]);
        drop(first);
        assert_eq!(taken(), [0, 0, 0]);
    }
}
