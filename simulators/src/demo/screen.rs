//! The view on a terminal.

use ratatui::DefaultTerminal;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::Stylize as _;
use ratatui::text::Line;
use std::time::Duration;

use super::cluster::picture;
use super::panels::{self, HEAD};
use super::steps::OTHERS;
use super::view::View;

/// The terminal, given back when dropped.
pub struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    /// Takes the terminal; a panic gives it back too.
    pub fn take() -> std::io::Result<Self> {
        Ok(Self {
            terminal: ratatui::try_init()?,
        })
    }

    /// Draws.
    pub fn draw(&mut self, view: &View) -> std::io::Result<()> {
        self.terminal.draw(|frame| draw(frame, view)).map(|_| ())
    }

    /// The next key that means something: q, Escape or Ctrl-C (which is no signal while the screen has the keys), k and e.
    pub fn asked(&self) -> std::io::Result<Option<Asked>> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control_c =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(Some(Asked::Stop)),
                    KeyCode::Char('k') => return Ok(Some(Asked::KillActive)),
                    KeyCode::Char('e') => return Ok(Some(Asked::KillLeader)),
                    _ if control_c => return Ok(Some(Asked::Stop)),
                    _ => {}
                }
            }
        }
        Ok(None)
    }
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The end.
    Stop,
    /// SIGKILL for the active node of the cluster.
    KillActive,
    /// The same for the member of etcd that leads.
    KillLeader,
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Columns that the switch's figures take at least.
const SWITCH: u16 = 29;

/// From this width on, they have two fifths of it.
const WIDE: u16 = 100;

/// From this height on the throughput chart is shown.
const TALL: u16 = 32;

fn draw(frame: &mut Frame<'_>, view: &View) {
    match &view.cluster {
        Some(cluster) => picture::draw(frame, view, cluster),
        None => draw_switch(frame, view),
    }
}

fn draw_switch(frame: &mut Frame<'_>, view: &View) {
    let picture = match frame.area().height {
        TALL.. => 7,
        _ => 0,
    };
    let [top, figures, picture, recent] = Layout::vertical([
        Constraint::Length(HEAD),
        Constraint::Length(7),
        Constraint::Length(picture),
        Constraint::Min(4),
    ])
    .areas(frame.area());
    let switch = Line::from(vec![
        "switch  malls ".dark_gray(),
        view.mall_addresses.join(" ").into(),
        "  figures ".dark_gray(),
        view.metrics_address.clone().into(),
    ]);
    panels::head(
        frame,
        top,
        view,
        [OTHERS.dark_gray().into(), switch].into_iter(),
    );
    let switch = match figures.width {
        WIDE.. => figures.width * 2 / 5,
        _ => SWITCH,
    };
    let [customers, switch] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(switch)]).areas(figures);
    panels::rates(frame, customers, view);
    panels::gauges(frame, switch, view);
    panels::throughput(frame, picture, view);
    panels::transactions(frame, recent, view);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::demo::gauges::Gauges;
    use crate::demo::ports::USUAL;
    use crate::demo::steps::steps;
    use crate::demo::view::Rates;

    #[test]
    fn shows_rates_link_and_transactions() {
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
        let view = View {
            phase: "running",
            metrics_address: "http://127.0.0.1:9583/metrics".to_owned(),
            customers: vec![Rates {
                name: "by card",
                approved: 4_711,
                ..Rates::default()
            }],
            gauges: Some(Gauges {
                lines: 2,
                lines_up: 2,
                ..Gauges::default()
            }),
            recent: ["by card purchase 990000******0010".to_owned()].into(),
            ..View::default()
        };
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        let shown = terminal.backend().to_string();
        for expected in ["4711", "2 of 2 up", "990000******0010", "9583/metrics"] {
            assert!(shown.contains(expected), "{expected} in\n{shown}");
        }
    }

    #[test]
    fn shows_every_address_whole_in_80_columns_and_24_lines() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let steps = steps(&USUAL);
        let view = View {
            steps: steps.clone(),
            recent: ["the newest".to_owned()].into(),
            ..View::default()
        };
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        let shown = terminal.backend().to_string();
        for step in steps {
            assert!(shown.contains(&step.line()), "{} in\n{shown}", step.line());
        }
        assert!(
            shown.contains(OTHERS) && shown.contains("the newest"),
            "{shown}"
        );
    }

    #[test]
    fn fits_into_a_small_terminal() {
        let mut terminal = Terminal::new(TestBackend::new(20, 5)).unwrap();
        terminal
            .draw(|frame| draw(frame, &View::default()))
            .unwrap();
    }
}
