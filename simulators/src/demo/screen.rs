//! The view on a terminal.

use ratatui::DefaultTerminal;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::Stylize as _;
use ratatui::text::Line;
use std::time::Duration;

use super::cluster::picture;
use super::panels::{self, FIGURES, Keys};
use super::steps::OTHERS;
use super::supervision::parts::Failure;
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

    /// The next key that means something: q, Escape or Ctrl-C (which is no signal while the screen has the keys), and those
    /// that make something fail.
    pub fn asked(&self) -> std::io::Result<Option<Asked>> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control_c =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(Some(Asked::Stop)),
                    KeyCode::Char('k') => return Ok(Some(Asked::Fail(Failure::Switch))),
                    KeyCode::Char('h') => return Ok(Some(Asked::Fail(Failure::Host))),
                    KeyCode::Char('l') => return Ok(Some(Asked::Fail(Failure::Link))),
                    KeyCode::Char('e') => return Ok(Some(Asked::Fail(Failure::Leader))),
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
    /// That something fails.
    Fail(Failure),
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
const TALL: u16 = 36;

/// Lines of that chart.
const CHART: u16 = 9;

/// From this height on of the lower part, it shows what has happened and the transactions; below, one of them.
const LOWER: u16 = 10;

const KEYS: &Keys = &[
    ("k", "kills the switch"),
    ("h", "kills the host"),
    ("l", "cuts the link"),
    ("q", "ends and audits"),
];

fn draw(frame: &mut Frame<'_>, view: &View) {
    match &view.cluster {
        Some(cluster) => picture::draw(frame, view, cluster),
        None => draw_switch(frame, view),
    }
}

fn draw_switch(frame: &mut Frame<'_>, view: &View) {
    let is_tall = frame.area().height >= TALL;
    let mut more = vec![panels::conditions(view)];
    if is_tall {
        let switch = Line::from(vec![
            "switch  malls ".dark_gray(),
            view.mall_addresses.join(" ").into(),
            "  figures ".dark_gray(),
            view.metrics_address.clone().into(),
        ]);
        more.extend([OTHERS.dark_gray().into(), switch]);
    }
    let [top, figures, chart, lower] = Layout::vertical([
        Constraint::Length(panels::head_lines(view, more.len())),
        Constraint::Length(FIGURES),
        Constraint::Length(if is_tall { CHART } else { 0 }),
        Constraint::Min(4),
    ])
    .areas(frame.area());
    panels::head(frame, top, view, more.into_iter(), KEYS);
    let switch = match figures.width {
        WIDE.. => figures.width * 2 / 5,
        _ => SWITCH,
    };
    let [customers, switch] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(switch)]).areas(figures);
    panels::rates(frame, customers, view);
    panels::gauges(frame, switch, view);
    panels::throughput(frame, chart, view);
    if lower.height >= LOWER {
        let [events, recent] =
            Layout::vertical([Constraint::Ratio(1, 2), Constraint::Fill(1)]).areas(lower);
        panels::events(frame, events, view);
        panels::transactions(frame, recent, view);
    } else if view.is_eventful() {
        panels::events(frame, lower, view);
    } else {
        panels::transactions(frame, lower, view);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Instant;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::style::Color;

    use super::*;
    use crate::demo::gauges::Gauges;
    use crate::demo::own::Own;
    use crate::demo::ports::USUAL;
    use crate::demo::steps::steps;
    use crate::demo::supervision::parts::{Parts, PartsView};
    use crate::demo::supervision::process::{BACK_AFTER_KILL, State};
    use crate::demo::view::{Rates, Recent};
    use crate::load::Latency;

    fn shown(width: u16, height: u16, view: &View) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, view)).unwrap();
        terminal.backend().to_string()
    }

    fn of_a_customer() -> Recent {
        Recent {
            text: "by card purchase 990000******0010".to_owned(),
            is_own: false,
        }
    }

    fn own() -> Own {
        Own {
            at: Duration::from_secs(9),
            shop: "Teacup & Co".to_owned(),
            kind: "purchase",
            amount: 1_999,
            code: Some(*b"00"),
        }
    }

    /// With every figure as wide as it gets.
    fn busy() -> View {
        let rates = |name, net_minor| Rates {
            name,
            answers_per_second: 1_500,
            approved: 1_234_567,
            declined: 7_654_321,
            net_minor,
        };
        View {
            phase: "waiting for answers",
            elapsed: Duration::from_secs(45_165),
            duration: Some(Duration::from_secs(86_400)),
            steps: steps(&USUAL),
            mall_addresses: vec!["127.0.0.1:8583".to_owned()],
            metrics_address: "http://127.0.0.1:9583/metrics".to_owned(),
            // Everything that the demo's wallets have.
            customers: vec![rates("by card", 10_000_000_000), rates("by order", -499)],
            latency: Latency {
                p50_us: 999_900,
                p99_us: 10_999_900,
                max_us: 30_000_000,
                ..Latency::default()
            },
            history: (0..120).map(|second| second % 4).collect(),
            recent: vec![of_a_customer(); 40].into(),
            own: Some(own()),
            gauges: Some(Gauges {
                lines: 2,
                lines_up: 2,
                journal_sequence: 12_345_678.0,
                memory: 401.0 * 1_048_576.0,
                ..Gauges::default()
            }),
            disk_bytes: 3 << 29,
            ..View::default()
        }
    }

    const FIGURES_SHOWN: [&str; 14] = [
        "waiting for answers  12:32:45 of 24:00:00",
        "1,500",
        "1,234,567",
        "7,654,321",
        "100,000,000.00",
        "-4.99",
        "p50 999.9  p99 10999.9  max 30000 ms",
        "2 of 2 up",
        "12,345,678",
        "401 MiB",
        "1.5 GiB",
        "up  host link switch wallet shop mail console",
        "990000******0010",
        "k kills the switch  h kills the host  l cuts the link  q ends and audits",
    ];

    /// The parts as they are when all keys were pressed, or none.
    fn parts(failures: &[Failure]) -> PartsView {
        let parts = Parts::new(&Rc::default(), None);
        for process in [
            &parts.host,
            &parts.link,
            &parts.switch,
            &parts.wallet,
            &parts.shop,
            &parts.mail,
            &parts.console,
        ] {
            process.state.set(State::Running);
        }
        for failure in failures {
            parts.fail(*failure);
        }
        let until = Instant::now() + BACK_AFTER_KILL;
        for process in [&parts.switch, &parts.host, &parts.link] {
            if !failures.is_empty() {
                process.state.set(State::Down(until));
            }
        }
        parts.view()
    }

    #[test]
    fn nothing_is_cut_in_80_columns_and_24_lines() {
        let mut view = busy();
        view.parts = parts(&[]);
        let shown = shown(80, 24, &view);
        for expected in FIGURES_SHOWN {
            assert!(shown.contains(expected), "{expected} in\n{shown}");
        }
        for step in &view.steps {
            assert!(shown.contains(&step.line()), "{} in\n{shown}", step.line());
        }
        let right: Vec<_> = (shown.lines())
            .filter(|line| line.contains("100,000,000.00") || line.contains("-4.99"))
            .map(|line| line.split("\u{2502}").nth(1).unwrap_or_default().to_owned())
            .collect();
        let is_right = |line: &String| line.ends_with("100,000,000.00") || line.ends_with("-4.99");
        assert!(right.len() == 2 && right.iter().all(is_right), "{shown}");
    }

    #[test]
    fn what_fails_is_shown_whole_in_80_columns_and_24_lines() {
        let mut view = busy();
        view.parts = parts(&[Failure::Switch, Failure::Host, Failure::Link]);
        view.gauges = None;
        let shown = shown(80, 24, &view);
        for name in ["host", "link", "switch"] {
            let expected = format!("  {name} back in 6 s");
            assert!(shown.contains(&expected), "{expected} in\n{shown}");
        }
        assert!(shown.contains("up  wallet shop mail"), "{shown}");
        for event in &view.parts.events {
            assert!(shown.contains(&event.text), "{} in\n{shown}", event.text);
        }
        assert!(!shown.contains("does not answer"), "{shown}");
        view.parts = parts(&[]);
        let shown = self::shown(80, 24, &view);
        assert!(shown.contains("the switch does not answer"), "{shown}");
    }

    #[test]
    fn a_large_terminal_has_a_chart_with_axes_events_and_transactions() {
        let mut view = busy();
        view.parts = parts(&[Failure::Link]);
        let shown = shown(100, 44, &view);
        let expected = [
            "answers per second",
            "-2:00",
            "-1:00",
            "now",
            "link is cut",
            "990000******0010",
            "9583/metrics",
            OTHERS,
        ];
        for expected in expected {
            assert!(shown.contains(expected), "{expected} in\n{shown}");
        }
        // The axis ends at 5, above the largest value, 3.
        let axis = shown
            .lines()
            .any(|line| line.contains("\u{2502}5   \u{2502}"));
        assert!(axis, "{shown}");
    }

    #[test]
    fn the_visitors_own_purchase_stands_out() {
        let mut view = busy();
        view.own = None;
        view.add_own(&own());
        let mut terminal = Terminal::new(TestBackend::new(100, 44)).unwrap();
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        let shown = terminal.backend().to_string();
        let row = shown.lines().position(|line| line.contains(&own().line()));
        let row = row.unwrap_or_else(|| panic!("{shown}"));
        let buffer = terminal.backend().buffer();
        let (mark, below) = (&buffer[(1, row as u16)], &buffer[(1, row as u16 + 1)]);
        assert_eq!((mark.symbol(), mark.fg), ("y", Color::Cyan));
        assert_ne!(below.fg, Color::Cyan);
    }

    #[test]
    fn fits_into_a_small_terminal() {
        for (width, height) in [(20, 5), (1, 1), (80, 12)] {
            shown(width, height, &busy());
        }
    }
}
