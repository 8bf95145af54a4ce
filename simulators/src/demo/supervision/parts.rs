//! All parts of the demo that may fail, for the view, and what a visitor's keys and options make fail.

use std::rc::Rc;

use super::events::{Event, Events};
use super::process::{BACK_AFTER_KILL, Condition, Process};
use crate::demo::cluster::board::Board;

/// See the head of this file.
pub struct Parts {
    /// What has happened to them.
    pub events: Rc<Events>,
    /// The financial system.
    pub host: Rc<Process>,
    /// The link between it and the switch.
    pub link: Rc<Process>,
    /// The mail catcher.
    pub mail: Rc<Process>,
    /// The switch, which is not there where there is a cluster.
    pub switch: Rc<Process>,
    /// The wallet server.
    pub wallet: Rc<Process>,
    /// The shops.
    pub shop: Rc<Process>,
    /// The operators' console.
    pub console: Rc<Process>,
    /// The nodes in place of the switch.
    pub cluster: Option<Rc<Board>>,
}

/// What can be made fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// SIGKILL for the switch, or for the active node.
    Switch,
    /// The same for the financial system.
    Host,
    /// The link between the two is cut.
    Link,
    /// SIGKILL for the member of etcd that leads.
    Leader,
}

impl Parts {
    /// Nothing runs yet.
    pub fn new(events: &Rc<Events>, cluster: Option<&Rc<Board>>) -> Self {
        Self {
            events: Rc::clone(events),
            host: Process::new("host"),
            link: Process::new("link"),
            mail: Process::new("mail"),
            switch: Process::new("switch"),
            wallet: Process::new("wallet"),
            shop: Process::new("shop"),
            console: Process::new("console"),
            cluster: cluster.map(Rc::clone),
        }
    }

    /// Those that there are with and without a cluster; the switch has its place among them.
    fn all(&self) -> impl Iterator<Item = &Process> {
        let switch = self.cluster.is_none().then_some(&*self.switch);
        let behind = [&*self.host, &*self.link].into_iter();
        behind
            .chain(switch)
            .chain([&*self.wallet, &*self.shop, &*self.mail, &*self.console])
    }

    /// Whether it can fail now. What is down can't.
    pub fn can_fail(&self, failure: Failure) -> bool {
        match (failure, &self.cluster) {
            (Failure::Switch, None) => self.switch.runs(),
            (Failure::Switch, Some(board)) => board.active().is_some(),
            (Failure::Host, _) => self.host.runs(),
            (Failure::Link, _) => self.link.runs(),
            (Failure::Leader, None) => false,
            (Failure::Leader, Some(board)) => board.leader().is_some(),
        }
    }

    /// Makes it fail; says so where it can't.
    pub fn fail(&self, failure: Failure) {
        let back = BACK_AFTER_KILL.as_secs();
        match (failure, &self.cluster) {
            (Failure::Switch, Some(board)) => return board.kill_active(),
            (Failure::Leader, Some(board)) => return board.kill_leader(),
            // A key that has no meaning here.
            (Failure::Leader, None) => return,
            (Failure::Switch, None) | (Failure::Host | Failure::Link, _) => {}
        }
        let (process, text) = match failure {
            Failure::Switch | Failure::Leader => (
                &self.switch,
                format!("switch is killed (SIGKILL): malls wait and repeat; back in {back} s"),
            ),
            Failure::Host => (
                &self.host,
                format!("host is killed (SIGKILL): malls get code 91; back in {back} s"),
            ),
            Failure::Link => (
                &self.link,
                format!("link is cut, answers on it are lost: code 91; back in {back} s"),
            ),
        };
        if !self.can_fail(failure) {
            return self.events.add(format!("{} is down already", process.name));
        }
        process.kill.notify_one();
        self.events.add(text);
    }

    /// Whether all of them run and are ready. The nodes of a cluster have their own condition.
    pub fn are_up(&self) -> bool {
        self.all().all(Process::is_up)
    }

    /// Everything for one picture.
    pub fn view(&self) -> PartsView {
        PartsView {
            conditions: self
                .all()
                .map(|process| (process.name, process.condition()))
                .collect(),
            events: self.events.all(),
        }
    }
}

/// A moment of them.
#[derive(Debug, Clone, Default)]
pub struct PartsView {
    /// Each with its name.
    pub conditions: Vec<(&'static str, Condition)>,
    /// What happened, the newest last.
    pub events: Vec<Event>,
}

impl PartsView {
    /// Those that are not up.
    pub fn missing(&self) -> impl Iterator<Item = (&'static str, Condition)> + '_ {
        let conditions = self.conditions.iter().copied();
        conditions.filter(|(_, condition)| *condition != Condition::Up)
    }

    /// One of them; up where it is not there.
    pub fn of(&self, name: &str) -> Condition {
        let mut missing = self.missing();
        let found = missing.find(|(other, _)| *other == name);
        found.map_or(Condition::Up, |(_, condition)| condition)
    }
}

#[cfg(test)]
mod tests {
    use super::super::process::State;
    use super::*;

    #[test]
    fn what_is_down_does_not_fail_again() {
        let parts = Parts::new(&Rc::default(), None);
        assert!(!parts.are_up() && !parts.can_fail(Failure::Host));
        for process in parts.all() {
            process.state.set(State::Running);
        }
        assert!(parts.are_up());
        let failures = [Failure::Switch, Failure::Host, Failure::Link];
        for failure in failures {
            assert!(parts.can_fail(failure));
            parts.fail(failure);
        }
        parts.fail(Failure::Leader);
        assert!(!parts.can_fail(Failure::Leader));
        parts
            .host
            .state
            .set(State::Down(std::time::Instant::now() + BACK_AFTER_KILL));
        parts.fail(Failure::Host);
        let view = parts.view();
        let texts: Vec<_> = view.events.iter().map(|event| &*event.text).collect();
        assert_eq!(texts.len(), 4, "{texts:?}");
        assert!(texts[0].starts_with("switch is killed (SIGKILL)"));
        assert_eq!(texts[3], "host is down already");
        assert_eq!(view.missing().count(), 1);
        assert_eq!(view.of("switch"), Condition::Up);
        assert_eq!(view.of("host").words(), "back in 6 s");
    }
}
