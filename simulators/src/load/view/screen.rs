//! The picture on a terminal.

use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{
    Axis, Block, Cell, Chart, Dataset, Gauge, GraphType, Paragraph, Row, Table,
};
use ratatui::{DefaultTerminal, Frame};
use tessera_protocol::ResponseCode;

use super::bars;
use super::picture::{HISTORY_MAX, Picture};
use crate::load::report::Latency;
use crate::load::report::reason::Reason;
use crate::load::shared::Phase;
use crate::load::words::{clock, count, latency, share};

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
    pub fn draw(&mut self, picture: &Picture) -> std::io::Result<()> {
        self.terminal.draw(|frame| draw(frame, picture)).map(|_| ())
    }

    /// Whether q, Escape or Ctrl-C (which is no signal while the screen has the keys) was pressed since the last look.
    pub fn is_stop_asked(&self) -> std::io::Result<bool> {
        let mut is_stop = false;
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                is_stop |= match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => true,
                    KeyCode::Char('c') => control,
                    _ => false,
                };
            }
        }
        Ok(is_stop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Lines of the figures, with their border.
const FIGURES: u16 = 7;

/// Lines of the throughput, where the terminal is high enough.
const CHART: (u16, u16) = (6, 10);

/// From this height on the throughput is shown, and from the second one larger.
const TALL: (u16, u16) = (24, 36);

/// Columns of the answers by code.
const OUTCOMES: u16 = 42;

fn draw(frame: &mut Frame<'_>, picture: &Picture) {
    let chart = match frame.area().height {
        height if height >= TALL.1 => CHART.1,
        height if height >= TALL.0 => CHART.0,
        _ => 0,
    };
    let [head, progress, figures, throughput, lower] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(FIGURES),
        Constraint::Length(chart),
        Constraint::Min(3),
    ])
    .areas(frame.area());
    draw_head(frame, head, picture);
    draw_progress(frame, progress, picture);
    let [counts, latencies] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(44)]).areas(figures);
    draw_counts(frame, counts, picture);
    draw_latencies(frame, latencies, picture);
    if chart > 0 {
        draw_throughput(frame, throughput, picture);
    }
    let [histogram, outcomes] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(OUTCOMES)]).areas(lower);
    draw_histogram(frame, histogram, picture);
    draw_outcomes(frame, outcomes, picture);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let keys = Line::from(vec![" q".yellow().bold(), " stops and verifies ".into()]);
    let [name, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(keys.width() as u16)])
            .areas(area);
    let phase = match picture.phase {
        Phase::Asking => picture.phase.word().green(),
        phase => phase.word().yellow(),
    };
    let line = Line::from(vec![
        Span::from(picture.name.clone()).bold(),
        "  ".into(),
        phase.bold(),
        format!("  {}", clock(picture.elapsed)).dark_gray(),
    ]);
    frame.render_widget(line, name);
    frame.render_widget(keys, right);
}

fn draw_progress(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let (asked, duration) = (picture.asked, picture.duration);
    let ratio = match duration.is_zero() {
        true => 0.0,
        false => (asked.as_secs_f64() / duration.as_secs_f64()).clamp(0.0, 1.0),
    };
    let mut label = format!("{} of {}", clock(asked), clock(duration));
    if let Some((place, all, name, pace)) = &picture.stage {
        label += &format!("  stage {place} of {all}: {name}, {pace}");
    }
    let style = Style::new().fg(Color::Cyan).bg(Color::DarkGray);
    let gauge = Gauge::default()
        .ratio(ratio)
        .label(label)
        .gauge_style(style);
    frame.render_widget(gauge, area);
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Line::from(text).right_aligned())
}

/// What is asked and answered: in the last second, and in all.
fn draw_counts(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let (last, all) = (&picture.last.counted, &picture.counted);
    let row = |name: &'static str, last: u64, all: u64| {
        Row::new([Cell::from(name), right(count(last)), right(count(all))])
    };
    let errors = row("errors", last.errors, all.errors);
    let rows = [
        row("answered", last.answered, all.answered),
        row("approved", last.approved, all.approved),
        row("declined", last.declined, all.declined),
        match all.errors {
            0 => errors,
            _ => errors.style(Style::new().fg(Color::Red)),
        },
    ];
    let header = Row::new([
        Cell::default(),
        right("last s".to_owned()),
        right("all".to_owned()),
    ]);
    let widths = [
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Fill(1),
    ];
    let table = Table::new(rows, widths).header(header.style(Style::new().fg(Color::DarkGray)));
    let connections = match picture.connected {
        1 => " 1 connection ".to_owned(),
        connected => format!(" {} connections ", count(connected.into())),
    };
    frame.render_widget(table.block(Block::bordered().title(connections)), area);
}

/// Percentiles of the last second and of the whole run.
fn draw_latencies(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let figures = |of: &Latency| {
        let Latency {
            p50_us,
            p90_us,
            p99_us,
            p999_us,
            max_us,
        } = *of;
        [p50_us, p90_us, p99_us, p999_us, max_us]
    };
    let [last, all] = [figures(&picture.last.latency), figures(&picture.latency)];
    let names = ["p50", "p90", "p99", "p99.9", "max"];
    let rows = [0, 1, 2, 3, 4].map(|at| {
        Row::new([
            Cell::from(names[at]),
            right(shown(last[at])),
            right(shown(all[at])),
        ])
    });
    let widths = [
        Constraint::Length(6),
        Constraint::Fill(1),
        Constraint::Fill(1),
    ];
    // The titles are in the border, so that five rows fit where there are five lines.
    let block = Block::bordered().title(" latency ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let titles = Rect {
        y: area.y,
        height: area.height.min(1),
        ..inner
    };
    let columns = Layout::horizontal(widths).spacing(1).split(titles);
    for (column, title) in columns.iter().skip(1).zip([" last s", " all"]) {
        let width = (title.len() as u16).min(column.width);
        let place = Rect {
            x: column.right() - width,
            width,
            ..*column
        };
        frame.render_widget(title.dark_gray(), place);
    }
    frame.render_widget(Table::new(rows, widths), inner);
}

fn shown(microseconds: u64) -> String {
    match microseconds {
        0 => "-".to_owned(),
        some => latency(some as f64),
    }
}

/// Answers of the last minutes.
fn draw_throughput(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let newest_first = picture.history.iter().rev().enumerate();
    let points: Vec<_> = newest_first
        .map(|(ago, answers)| (-(ago as f64), *answers as f64))
        .collect();
    let top = ceiling(picture.history.iter().copied().max().unwrap_or(0));
    let line = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(GraphType::Line)
        .style(Style::new().fg(Color::Cyan))
        .data(&points);
    let axis = || Axis::default().style(Style::new().fg(Color::DarkGray));
    let ago = |seconds: usize| format!("-{}", clock(Duration::from_secs(seconds as u64)));
    let chart = Chart::new(vec![line])
        .block(Block::bordered().title(" answers per second "))
        .x_axis(axis().bounds([-(HISTORY_MAX as f64), 0.0]).labels([
            ago(HISTORY_MAX),
            ago(HISTORY_MAX / 2),
            "now".to_owned(),
        ]))
        .y_axis(
            axis()
                .bounds([0.0, top as f64])
                .labels(["0".to_owned(), count(top)]),
        );
    frame.render_widget(chart, area);
}

/// The least of 1, 2, 5, 10, 20, 50 and so on that is not below the number: where an axis ends.
fn ceiling(number: u64) -> u64 {
    let units = std::iter::successors(Some(1_u64), |unit| unit.checked_mul(10));
    let mut ends = units.flat_map(|unit| [1, 2, 5].map(|times| unit.saturating_mul(times)));
    ends.find(|end| *end >= number).unwrap_or(u64::MAX)
}

/// How the latencies are distributed, from the start to now.
fn draw_histogram(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let block = Block::bordered().title(" latencies, all ");
    let inner = block.inner(area);
    let rows = bars::rows(&picture.buckets, inner.height.into());
    let most = rows.iter().map(|row| row.count).max().unwrap_or(0);
    let total = rows.iter().map(|row| row.count).sum();
    // The limit and the share beside the bar.
    let columns = usize::from(inner.width).saturating_sub(11 + 8);
    let lines: Vec<_> = rows
        .iter()
        .map(|row| {
            let bar = bars::bar(row.count, most, columns);
            let padding = " ".repeat(columns.saturating_sub(bar.chars().count()));
            Line::from(vec![
                format!("<{:>8}  ", latency(row.to_us)).dark_gray(),
                bar.cyan(),
                padding.into(),
                format!("{:>8}", share(row.count, total)).into(),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// Answers by code, the most frequent first, and what went wrong.
fn draw_outcomes(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let title = match picture.violations {
        0 => Line::from(" answers "),
        wrong => Line::from(format!(" {} WRONG ", count(wrong)).red().bold()),
    };
    let mut codes: Vec<_> = picture.codes.iter().collect();
    codes.sort_by_key(|(_, answers)| std::cmp::Reverse(*answers));
    let mut lines: Vec<_> = codes
        .into_iter()
        .map(|(code, answers)| outcome(code, *answers, picture.counted.answered))
        .collect();
    let more = [
        (picture.counted.lost_connections, "connections lost"),
        (picture.counted.resent, "requests sent again"),
    ];
    for (number, what) in more {
        if number > 0 {
            lines.insert(0, Line::from(format!("{} {what}", count(number)).yellow()));
        }
    }
    if let Some(violation) = &picture.violation {
        lines.insert(0, Line::from(violation.clone().red()));
    }
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(title)),
        area,
    );
}

/// Columns of the words of a code.
const WORDS: usize = 16;

fn outcome(code: &str, answers: u64, all: u64) -> Line<'static> {
    let reason = match code.as_bytes() {
        &[tens, ones] => Reason::of([tens, ones]),
        _ => Reason::Other,
    };
    let line = format!(
        "{code} {:WORDS$}{:>14}{:>7}",
        short(code, reason),
        count(answers),
        share(answers, all)
    );
    Line::from(match reason {
        Reason::Approved => line.green(),
        Reason::Funds | Reason::Limits | Reason::Card | Reason::Declined => line.into(),
        Reason::Refused | Reason::Unavailable | Reason::Other => line.red(),
    })
}

/// What the protocol calls the code, if it is short, and its class otherwise.
fn short(code: &str, reason: Reason) -> &'static str {
    let meaning = match code.as_bytes() {
        &[tens, ones] => ResponseCode::new([tens, ones]).meaning(),
        _ => None,
    };
    match meaning {
        Some(meaning) if meaning.len() <= WORDS => meaning,
        _ => reason.words(),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::load::report::buckets::Bucket;
    use crate::load::report::seconds::{Counted, Second};

    fn drawn(width: u16, height: u16, picture: &Picture) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, picture)).unwrap();
        terminal.backend().to_string()
    }

    /// With every figure as wide as it gets in a day.
    fn busy() -> Picture {
        let latency = Latency {
            p50_us: 950,
            p90_us: 1_230,
            p99_us: 45_600,
            p999_us: 999_000,
            max_us: 30_000_000,
        };
        let counted = Counted {
            sent: 4_321_000_000,
            answered: 4_320_000_000,
            approved: 4_000_000_000,
            declined: 320_000_000,
            errors: 1_234_567,
            resent: 512,
            lost_connections: 64,
            ..Counted::default()
        };
        let bucket = |at: i32| Bucket {
            from_us: 10f64.powf(f64::from(at) / 20.0),
            to_us: 10f64.powf(f64::from(at + 1) / 20.0),
            count: 1_000_000 / (1 + (at - 70).unsigned_abs() as u64 * 20),
        };
        Picture {
            name: "load-20261130T165012Z".to_owned(),
            phase: Phase::Draining,
            elapsed: Duration::from_secs(45_170),
            asked: Duration::from_secs(45_165),
            duration: Duration::from_secs(86_400),
            stage: Some((3, 12, "evening".to_owned(), "1000 to 20000/s".to_owned())),
            connected: 46_000,
            last: Second {
                seconds: 1.0,
                counted: Counted {
                    answered: 123_456,
                    approved: 100_001,
                    declined: 23_455,
                    errors: 7,
                    ..Counted::default()
                },
                latency,
                ..Second::default()
            },
            counted,
            latency,
            buckets: (50..150).map(bucket).collect(),
            codes: [
                ("00", 4_000_000_000),
                ("51", 319_000_000),
                ("91", 1_234_560),
                ("05", 3),
            ]
            .map(|(code, answers)| (code.to_owned(), answers))
            .into(),
            history: (0..120).map(|second| second % 4).collect(),
            ..Picture::default()
        }
    }

    #[test]
    fn nothing_is_cut_in_80_columns_and_24_lines() {
        let shown = drawn(80, 24, &busy());
        let expected = [
            "load-20261130T165012Z  waiting for answers  12:32:50",
            "q stops and verifies",
            "12:32:45 of 24:00:00  stage 3 of 12: evening, 1000 to 20000/s",
            "46,000 connections",
            "123,456",
            "4,320,000,000",
            "1,234,567",
            "p99.9",
            "999 ms",
            "30.0 s",
            "00 approved         4,000,000,000  92.6%",
            "51 not enough money",
            "91 not available",
            "05 declined by host",
            "64 connections lost",
            "512 requests sent again",
            "answers per second",
            "-1:00",
            "<  31.6 s",
        ];
        for expected in expected {
            assert!(shown.contains(expected), "{expected} in\n{shown}");
        }
    }

    #[test]
    fn a_wrong_answer_is_seen() {
        let mut picture = busy();
        picture.violations = 2;
        picture.violation = Some("purchase trace 7 of 100: field 4 is not echoed".to_owned());
        let shown = drawn(80, 24, &picture);
        assert!(shown.contains("2 WRONG"), "{shown}");
        assert!(shown.contains("purchase trace 7 of 100"), "{shown}");
    }

    #[test]
    fn a_run_that_has_not_begun_has_no_latencies() {
        let shown = drawn(80, 24, &Picture::default());
        assert!(shown.contains("reading balances"), "{shown}");
        assert!(!shown.contains("0 \u{b5}s"), "{shown}");
    }

    #[test]
    fn fits_into_a_small_terminal() {
        for (width, height) in [(20, 5), (1, 1), (80, 12), (200, 60)] {
            drawn(width, height, &busy());
        }
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let ends = [0, 1, 2, 3, 6, 20, 51, 999, 1_000].map(ceiling);
        assert_eq!(ends, [1, 1, 2, 5, 10, 20, 100, 1_000, 1_000]);
        assert_eq!(ceiling(u64::MAX), u64::MAX);
    }
}
