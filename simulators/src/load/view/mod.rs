//! What a person sees while a run goes on: a picture on a terminal, lines elsewhere. In come the run's counters, looked at
//! between two batches of answers; out goes, where somebody presses a key, the request to stop.
//!
//! The picture is drawn by a thread of its own: a millisecond of drawing on the thread of the run would be a millisecond
//! of every latency.

mod bars;
mod picture;
mod plain;
mod screen;

use std::io::IsTerminal as _;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tessera_console::output_is_terminal;
use tokio::sync::Notify;

use self::picture::Picture;
use self::screen::Screen;
use super::shared::{Live, Phase};

/// Between two pictures.
const FRAME: Duration = Duration::from_millis(250);

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Display {
    /// As a picture, where standard input and output are a terminal; otherwise as lines.
    #[default]
    Picture,
    /// As lines on standard error.
    Lines,
}

/// Shows a run until it is over. `stop` is notified when somebody asks for the end.
pub async fn show(live: Rc<Live>, display: Display, stop: &Notify) {
    let is_terminal = output_is_terminal() && std::io::stdin().is_terminal();
    if display == Display::Lines || !is_terminal {
        return plain::show_progress(live).await;
    }
    let drawing = match Drawing::start() {
        Ok(drawing) => drawing,
        Err(_) => return plain::show_progress(live).await,
    };
    let started = Instant::now();
    while live.phase() != Phase::Done {
        drawing.show(Picture::of(&live, started.elapsed()));
        for _ in drawing.stops.try_iter() {
            stop.notify_one();
        }
        // Looks at the phase more often than it draws, so that it ends soon after the run.
        for _ in 0..5 {
            if live.phase() != Phase::Done {
                tokio::time::sleep(FRAME / 5).await;
            }
        }
    }
}

/// The thread that draws. When dropped, the terminal is given back before anything else is printed.
struct Drawing {
    pictures: Option<SyncSender<Picture>>,
    /// An entry for each request to stop.
    stops: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    fn start() -> std::io::Result<Self> {
        // The lines so far are on the terminal before the picture is.
        tessera_console::finish();
        let mut screen = Screen::take()?;
        let (pictures, to_draw) = sync_channel::<Picture>(1);
        // Nobody presses keys faster than this.
        let (stop, stops) = sync_channel(16);
        let thread = std::thread::Builder::new()
            .name("load-view".to_owned())
            .spawn(move || {
                while let Ok(picture) = to_draw.recv() {
                    let is_stop = match screen.draw(&picture).and_then(|()| screen.is_stop_asked())
                    {
                        Ok(is_stop) => is_stop,
                        // The terminal is gone: the run goes on without a picture.
                        Err(_) => return,
                    };
                    if is_stop {
                        let _ = stop.try_send(());
                    }
                }
            })?;
        Ok(Self {
            pictures: Some(pictures),
            stops,
            thread: Some(thread),
        })
    }
}

impl Drawing {
    /// Where the last picture is not drawn yet, this one is left out.
    fn show(&self, picture: Picture) {
        if let Some(pictures) = &self.pictures {
            let _ = pictures.try_send(picture);
        }
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.pictures = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
