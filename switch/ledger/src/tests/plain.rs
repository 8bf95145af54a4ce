//! Commands, and what they come to, are values.

use std::fmt::Debug;

use super::bench::by_card;
use crate::{Action, Ask, Claims, Command, Decision, Effect, Event, Outcome, Rules, Secret};

/// Data that can be compared, kept, and sent to another thread; with an encoding, to another machine.
fn plain<T: Clone + Eq + Debug + Send + Sync + 'static>() {}

#[test]
fn commands_and_what_they_come_to_are_plain_data() {
    plain::<Command>();
    plain::<Ask>();
    plain::<Action>();
    plain::<Claims>();
    plain::<Rules>();
    plain::<Event>();
    plain::<Effect>();
    plain::<Outcome>();
    plain::<Decision>();
}

#[test]
fn commands_differ_where_their_requests_do() {
    let ask = |minor, password: &[u8]| {
        Command::Ask(Box::new(Ask {
            opening: by_card(2, 1, minor),
            action: Action::Purchase { barred: None },
            claims: Some(Box::new(Claims {
                password: Some(Secret::new(password)),
                ..Claims::default()
            })),
        }))
    };
    assert_eq!(ask(100, b"one"), ask(100, b"one").clone());
    assert_ne!(ask(100, b"one"), ask(101, b"one"));
    assert_ne!(ask(100, b"one"), ask(100, b"two"));
}
