//! The parts of the picture that the demo shows with one switch and with a cluster.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};

use super::view::{View, money};

/// Lines of the head: what to do, two others, and the border.
pub const HEAD: u16 = 9;

/// What a visitor can do, and other lines.
pub fn head(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    last: impl Iterator<Item = Line<'static>>,
) {
    let until = match view.duration {
        Some(duration) => format!("of {} s", duration.as_secs()),
        None => "until q or Ctrl-C".to_owned(),
    };
    let title = Line::from(vec![
        format!(" {}  ", view.title()).into(),
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
    let lines = steps.chain(last).collect::<Vec<_>>();
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(title)),
        area,
    );
}

/// Both customers.
pub fn rates(frame: &mut Frame<'_>, area: Rect, view: &View) {
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

/// What the switch says of itself.
pub fn gauges(frame: &mut Frame<'_>, area: Rect, view: &View) {
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

/// Answers of the last minutes.
pub fn throughput(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let width = usize::from(area.width.saturating_sub(2));
    let skipped = view.history.len().saturating_sub(width);
    let answers: Vec<u64> = view.history.iter().skip(skipped).copied().collect();
    let picture = Sparkline::default()
        .data(&answers)
        .style(Style::new().fg(Color::Cyan))
        .block(Block::bordered().title(" answers per second "));
    frame.render_widget(picture, area);
}

/// The newest transactions.
pub fn transactions(frame: &mut Frame<'_>, area: Rect, view: &View) {
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
