//! A process that is started again whenever it has ended, with whatever exit code, as a supervisor does.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::events::Events;
use super::process::{BACK_AFTER_KILL, Process, State};
use crate::demo::children::{Program, Said};

/// How long a process that has ended by itself stays away.
const BACK_AFTER_END: Duration = Duration::from_secs(1);

/// One that ends by itself sooner than this after its start has not come up.
const COMES_UP_WITHIN: Duration = Duration::from_secs(10);

/// How often in turn that may be.
const TRIES_MAX: u32 = 5;

/// See the head of this file.
pub struct Supervised {
    process: Rc<Process>,
    events: Rc<Events>,
    launch: Box<dyn Fn() -> anyhow::Result<Program>>,
    program: Option<Program>,
    /// Whether it has not come up before it has said that it is ready.
    says_ready: bool,
    started: Instant,
    /// Starts in turn after which it ended by itself soon.
    in_vain: u32,
}

impl Supervised {
    /// Nothing runs yet.
    pub fn new(
        process: &Rc<Process>,
        events: &Rc<Events>,
        launch: impl Fn() -> anyhow::Result<Program> + 'static,
    ) -> Self {
        Self {
            process: Rc::clone(process),
            events: Rc::clone(events),
            launch: Box::new(launch),
            program: None,
            says_ready: false,
            started: Instant::now(),
            in_vain: 0,
        }
    }

    /// Starts it.
    pub fn start(&mut self) -> anyhow::Result<()> {
        self.program = Some((self.launch)()?);
        self.started = Instant::now();
        self.process.state.set(match self.says_ready {
            true => State::Starting,
            false => State::Running,
        });
        Ok(())
    }

    /// Starts a program that says when it is ready, now and whenever it is started again; its line of readiness.
    pub async fn start_ready(&mut self) -> anyhow::Result<String> {
        let mut program = (self.launch)()?;
        let line = program.ready().await?;
        self.program = Some(program);
        self.says_ready = true;
        self.process.state.set(State::Running);
        Ok(line)
    }

    /// Keeps it running, and kills it when that is asked for. Resolves when it can't be kept running. May be dropped and
    /// called again at any time.
    pub async fn keep(&mut self) -> anyhow::Error {
        loop {
            let ended = match (&mut self.program, self.process.state.get()) {
                (Some(program), _) => end(program, &self.process, &self.events).await,
                (None, State::Down(until)) => {
                    tokio::time::sleep_until(until.into()).await;
                    if let Err(error) = self.start() {
                        return error;
                    }
                    self.events
                        .add(format!("{} starts again", self.process.name));
                    continue;
                }
                (None, State::Absent | State::Starting | State::Running) => {
                    std::future::pending().await
                }
            };
            self.program = None;
            let name = self.process.name;
            let pause = match ended {
                Ended::Killed => BACK_AFTER_KILL,
                Ended::ByItself(why) => {
                    let soon = self.started.elapsed() < COMES_UP_WITHIN;
                    self.in_vain = if soon { self.in_vain + 1 } else { 0 };
                    if self.in_vain == TRIES_MAX {
                        return why.context(format!("{name} does not start"));
                    }
                    self.events
                        .add(format!("{name} ended by itself: it is started again"));
                    BACK_AFTER_END
                }
            };
            self.process.state.set(State::Down(Instant::now() + pause));
        }
    }

    /// Asks it to end, and waits; whether it succeeded. It does where it does not run.
    pub async fn stop(self) -> anyhow::Result<bool> {
        match self.program {
            Some(program) => Ok(program.stop().await?.success()),
            None => Ok(true),
        }
    }
}

enum Ended {
    Killed,
    ByItself(anyhow::Error),
}

async fn end(program: &mut Program, process: &Process, events: &Events) -> Ended {
    if !process.runs() {
        // It was killed, and nobody has waited for its end.
        let _ = program.exit().await;
        return Ended::Killed;
    }
    loop {
        tokio::select! {
            said = program.next() => match said {
                Said::Ready(_) if process.state.get() == State::Starting => {
                    process.state.set(State::Running);
                    events.add(format!("{} is ready again", process.name));
                }
                Said::Ready(_) => {}
                Said::Ended(status) => return Ended::ByItself(program.ended(status)),
            },
            () = process.kill.notified() => break,
        }
    }
    program.kill();
    // Not to be seen as running any more from this moment on.
    process
        .state
        .set(State::Down(Instant::now() + BACK_AFTER_KILL));
    let _ = program.exit().await;
    Ended::Killed
}
