//! The parts of the picture that the demo shows with one switch and with a cluster.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Cell, Chart, Dataset, GraphType, Paragraph, Row, Table};

use super::supervision::process::Condition;
use super::view::{HISTORY_MAX, View};
use super::words::{amount, clock, count, size};

/// Columns of the customers' table; the widest amount that all wallets together can pay fits into the last one.
const RATES: [Constraint; 5] = [
    Constraint::Length(8),
    Constraint::Length(5),
    Constraint::Length(9),
    Constraint::Length(9),
    Constraint::Fill(1),
];

/// How many lines [`head`] has with so many others, and its border.
pub fn head_lines(view: &View, others: usize) -> u16 {
    // A handful each: no terminal has as many lines as would not fit.
    (view.steps.len() + others + 2) as u16
}

/// Keys, and what each of them does.
pub type Keys = [(&'static str, &'static str)];

/// What a visitor can do, other lines, and the keys in the border.
pub fn head(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    last: impl Iterator<Item = Line<'static>>,
    keys: &Keys,
) {
    let until = match view.duration {
        Some(duration) => format!("of {}", clock(duration)),
        None => "until q or Ctrl-C".to_owned(),
    };
    let title = Line::from(vec![
        format!(" {}  ", view.title()).into(),
        view.phase.bold(),
        format!("  {} {until} ", clock(view.elapsed)).into(),
    ]);
    let steps = view.steps.iter().enumerate().map(|(place, step)| {
        Line::from(vec![
            format!("{} {:5} ", place + 1, step.verb).dark_gray(),
            format!("{:22} ", step.what).cyan().bold(),
            step.words.into(),
        ])
    });
    let lines = steps.chain(last).collect::<Vec<_>>();
    let keys = keys
        .iter()
        .flat_map(|(key, does)| [" ".into(), key.bold().yellow(), format!(" {does} ").into()]);
    let block = Block::bordered()
        .title(title)
        .title_bottom(Line::from_iter(keys));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// Lines of [`rates`] and of [`gauges`], with their border.
pub const FIGURES: u16 = 8;

/// Both customers.
pub fn rates(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let right = |text: String| Cell::from(Line::from(text).right_aligned());
    let titles = ["/s", "approved", "declined", "net, USD"].map(|title| right(title.to_owned()));
    let header = Row::new([Cell::default()].into_iter().chain(titles));
    let rows = view.customers.iter().map(|rates| {
        Row::new([
            Cell::from(rates.name),
            right(count(rates.answers_per_second)),
            right(count(rates.approved)),
            right(count(rates.declined)),
            right(amount(rates.net_minor)),
        ])
    });
    let table = Table::new(rows, RATES).header(header.style(Style::new().fg(Color::DarkGray)));
    let block = Block::bordered().title(" malls and acquirers ");
    let [upper, lower] =
        Layout::vertical([Constraint::Length(4), Constraint::Fill(1)]).areas(block.inner(area));
    frame.render_widget(block, area);
    frame.render_widget(table, upper);
    frame.render_widget(Paragraph::new(latency(view)), lower);
}

/// How long answers took in the last second, in as many columns as the table above it has.
fn latency(view: &View) -> Vec<Line<'static>> {
    let latency = view.latency;
    let figures = match latency.max_us {
        0 => "no answer in the last second".to_owned(),
        _ => format!(
            "p50 {:.1}  p99 {:.1}  max {:.0} ms",
            latency.p50_us as f64 / 1_000.0,
            latency.p99_us as f64 / 1_000.0,
            latency.max_us as f64 / 1_000.0
        ),
    };
    vec![Line::from(vec!["latency  ".dark_gray(), figures.into()])]
}

/// What the switch says of itself.
pub fn gauges(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let lines = match view.gauges {
        None => vec![Line::from(match view.parts.of("switch") {
            Condition::Up => "the switch does not answer".to_owned().red(),
            condition => condition.words().red(),
        })],
        Some(gauges) => {
            let up = gauges.lines_up == gauges.lines && gauges.lines > 0;
            let state = format!("{} of {} up", gauges.lines_up, gauges.lines);
            let state = if up { state.green() } else { state.red() };
            vec![
                pair("link to the host", state),
                pair("journal at", count(gauges.journal_sequence as u64).into()),
                pair("active wallets", count(gauges.wallets as u64).into()),
                pair("advices waiting", count(gauges.advices as u64).into()),
                pair("memory", size(gauges.memory as u64).into()),
                pair("disk, whole demo", size(view.disk_bytes).into()),
            ]
        }
    };
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(" switch ")),
        area,
    );
}

fn pair<'a>(name: &'a str, value: Span<'a>) -> Line<'a> {
    Line::from(vec![format!("{name:17}").dark_gray(), value])
}

/// Answers of the last minutes.
pub fn throughput(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let newest_first = view.history.iter().rev().enumerate();
    let points: Vec<_> = newest_first
        .map(|(ago, answers)| (-(ago as f64), *answers as f64))
        .collect();
    let top = ceiling(view.history.iter().copied().max().unwrap_or(0));
    let line = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(GraphType::Line)
        .style(Style::new().fg(Color::Cyan))
        .data(&points);
    let axis = || Axis::default().style(Style::new().fg(Color::DarkGray));
    let ago = [HISTORY_MAX, HISTORY_MAX / 2].map(|ago| format!("-{}", clock_of(ago)));
    let [first, second] = ago;
    let chart = Chart::new(vec![line])
        .block(Block::bordered().title(" answers per second "))
        .x_axis(axis().bounds([-(HISTORY_MAX as f64), 0.0]).labels([
            first,
            second,
            "now".to_owned(),
        ]))
        .y_axis(
            axis()
                .bounds([0.0, top as f64])
                .labels(["0".to_owned(), count(top)]),
        );
    frame.render_widget(chart, area);
}

fn clock_of(seconds: usize) -> String {
    clock(std::time::Duration::from_secs(seconds as u64))
}

/// The least of 1, 2, 5, 10, 20, 50 and so on that is not below the number: where an axis ends.
fn ceiling(number: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        let fits = [1, 2, 5].map(|times| unit.saturating_mul(times));
        if let Some(fits) = fits.into_iter().find(|fits| *fits >= number) {
            return fits;
        }
        unit = unit.saturating_mul(10);
    }
}

/// The parts that are up, and when the others will be.
pub fn conditions(view: &View) -> Line<'static> {
    let parts = view.parts.conditions.iter();
    let up = parts.filter(|(_, condition)| *condition == Condition::Up);
    // Three that are down take its place on a small terminal.
    let has_place = view.parts.missing().count() < 3;
    let up = up.filter(|(name, _)| has_place || *name != "console");
    let up = up.flat_map(|(name, _)| [" ".into(), Span::from(*name).green()]);
    Line::from_iter(
        ["up ".dark_gray()]
            .into_iter()
            .chain(up)
            .chain(missing(view)),
    )
}

/// The parts that are not up, and when they will be.
pub fn missing(view: &View) -> impl Iterator<Item = Span<'static>> + '_ {
    view.parts.missing().map(|(name, condition)| {
        let words = format!("  {name} {}", condition.words());
        match condition {
            Condition::Up | Condition::Starting => words.yellow(),
            Condition::Down(_) => words.red().bold(),
        }
    })
}

/// What has happened, the newest first.
pub fn events(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let newest = view.parts.events.iter().rev();
    let lines = newest.map(|event| {
        let at = format!("{:>7}  ", event.when(view.started));
        Line::from(vec![at.dark_gray(), event.text.clone().into()])
    });
    let lines: Vec<_> = lines.take(usize::from(area.height)).collect();
    let block = Block::bordered().title(titled(view, " what has happened "));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// A title, unless there is something worse to say.
fn titled(view: &View, title: &'static str) -> Line<'static> {
    match view.violations {
        0 => Line::from(title),
        count => Line::from(format!(" {count} ANSWERS WERE WRONG ").red().bold()),
    }
}

/// The newest transactions; the visitor's own stand out.
pub fn transactions(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let title = titled(view, " last transactions ");
    let newest = view.newest(usize::from(area.height.saturating_sub(2)));
    let lines: Vec<Line<'_>> = newest
        .into_iter()
        .map(|recent| match recent.is_own {
            true => Line::from(recent.text).cyan().bold(),
            false => Line::from(recent.text),
        })
        .collect();
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(title)),
        area,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let ends = [0, 1, 2, 3, 6, 20, 51, 999, 1_000].map(ceiling);
        assert_eq!(ends, [1, 1, 2, 5, 10, 20, 100, 1_000, 1_000]);
        assert!(ceiling(u64::MAX) == u64::MAX);
    }
}
