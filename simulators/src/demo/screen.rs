//! The view on a terminal.

use ratatui::DefaultTerminal;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};
use std::time::Duration;

use super::steps::OTHERS;
use super::view::{View, money};

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

    /// Whether somebody has pressed q, Escape or Ctrl-C (which is no signal while the screen has the keys).
    pub fn asked_to_stop(&self) -> std::io::Result<bool> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control_c =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                if control_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Lines of the head: what to do, the other sources, the switch, and the border.
const HEAD: u16 = 9;

/// Columns that the switch's figures take at least.
const SWITCH: u16 = 29;

/// From this width on, they have two fifths of it.
const WIDE: u16 = 100;

/// From this height on the throughput chart is shown.
const TALL: u16 = 32;

fn draw(frame: &mut Frame<'_>, view: &View) {
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
    head(frame, top, view);
    let switch = match figures.width {
        WIDE.. => figures.width * 2 / 5,
        _ => SWITCH,
    };
    let [customers, switch] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(switch)]).areas(figures);
    rates(frame, customers, view);
    gauges(frame, switch, view);
    throughput(frame, picture, view);
    transactions(frame, recent, view);
}

fn head(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let until = match view.duration {
        Some(duration) => format!("of {} s", duration.as_secs()),
        None => "until q or Ctrl-C".to_owned(),
    };
    let title = Line::from(vec![
        " Tessera  ".into(),
        view.phase.bold(),
        format!("  {} s {until} ", view.elapsed.as_secs()).into(),
    ]);
    let steps = view.steps.iter().enumerate().map(|(place, step)| {
        Line::from(vec![
            format!("{} {:5} ", place + 1, step.verb).dark_gray(),
            format!("{:22} ", step.what).cyan().bold(),
            step.words.into(),
        ])
    });
    let lines = steps
        .chain([
            OTHERS.dark_gray().into(),
            Line::from(vec![
                "switch  malls ".dark_gray(),
                view.mall_address.as_str().into(),
                "  figures ".dark_gray(),
                view.metrics_address.as_str().into(),
            ]),
        ])
        .collect::<Vec<_>>();
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(title)),
        area,
    );
}

fn rates(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let header = Row::new(["", "answers/s", "approved", "declined", "net money"]);
    let rows = view.customers.iter().map(|rates| {
        Row::new([
            rates.name.to_owned(),
            rates.answers_per_second.to_string(),
            rates.approved.to_string(),
            rates.declined.to_string(),
            money(rates.net_minor),
        ])
    });
    let latency = Row::new([
        "latency".to_owned(),
        format!("p50 {:.1}", view.latency.p50_us as f64 / 1_000.0),
        format!("p99 {:.1}", view.latency.p99_us as f64 / 1_000.0),
        format!("max {:.0} ms", view.latency.max_us as f64 / 1_000.0),
        String::new(),
    ]);
    let columns = [
        Constraint::Length(8),
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Fill(1),
    ];
    let table = Table::new(rows.chain([latency]), columns)
        .header(header.style(Style::new().fg(Color::DarkGray)))
        .block(Block::bordered().title(" malls and acquirers "));
    frame.render_widget(table, area);
}

fn gauges(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let lines = match view.gauges {
        None => vec![Line::from("the switch does not answer".red())],
        Some(gauges) => {
            let up = gauges.lines_up == gauges.lines && gauges.lines > 0;
            let state = format!("{} of {} up", gauges.lines_up, gauges.lines);
            vec![
                pair(
                    "link to the host",
                    if up { state.green() } else { state.red() },
                ),
                pair(
                    "journal at",
                    format!("{:.0}", gauges.journal_sequence).into(),
                ),
                pair("wallets in memory", format!("{:.0}", gauges.wallets).into()),
                pair("advices waiting", format!("{:.0}", gauges.advices).into()),
                pair(
                    "memory",
                    format!("{:.0} MiB", gauges.memory / 1_048_576.0).into(),
                ),
            ]
        }
    };
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(" switch ")),
        area,
    );
}

fn pair<'a>(name: &'a str, value: Span<'a>) -> Line<'a> {
    Line::from(vec![format!("{name:18}").dark_gray(), value])
}

fn throughput(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let width = usize::from(area.width.saturating_sub(2));
    let skipped = view.history.len().saturating_sub(width);
    let answers: Vec<u64> = view.history.iter().skip(skipped).copied().collect();
    let picture = Sparkline::default()
        .data(&answers)
        .style(Style::new().fg(Color::Cyan))
        .block(Block::bordered().title(" answers per second "));
    frame.render_widget(picture, area);
}

fn transactions(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let title = match view.violations {
        0 => Line::from(" last transactions "),
        count => Line::from(format!(" {count} ANSWERS WERE WRONG ").red().bold()),
    };
    let lines: Vec<Line<'_>> = view
        .recent
        .iter()
        .take(usize::from(area.height.saturating_sub(2)))
        .map(|violation| Line::from(violation.as_str()))
        .collect();
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(title)),
        area,
    );
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
