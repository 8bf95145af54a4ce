//! The view of a cluster on a terminal.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Table};

use super::board::{ClusterView, Role};
use super::etcd::MEMBERS;
use super::layout::NODES;
use crate::demo::panels::{self, Keys};
use crate::demo::steps::OTHERS;
use crate::demo::view::{Rates, View};
use crate::demo::words::{count, money};

/// The nodes with their header, etcd, and the border.
const CLUSTER: u16 = 7;

/// Answers, the gap, and the border.
const ANSWERS: u16 = 4;

/// From this height on there are the chart and the last transactions.
const TALL: u16 = 38;

/// From this silence on it is shown as one: at the demo's rate an answer comes every few hundredths of a second.
const SILENT_SECONDS: f64 = 0.8;

const KEYS: &Keys = &[
    ("k", "kills the active node"),
    ("e", "etcd's leader"),
    ("h", "the host"),
    ("l", "the link"),
    ("q", "ends"),
];

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, view: &View, cluster: &ClusterView) {
    let is_tall = frame.area().height >= TALL;
    let (chart, transactions) = if is_tall { (8, 6) } else { (0, 0) };
    // A small terminal rather shows one more of what has happened than the sources that do not pay.
    let others = is_tall.then(|| OTHERS.dark_gray().into());
    let head = panels::head_lines(view, others.iter().len());
    let [top, nodes, answers, chart, events, transactions] = Layout::vertical([
        Constraint::Length(head),
        Constraint::Length(CLUSTER),
        Constraint::Length(ANSWERS),
        Constraint::Length(chart),
        Constraint::Min(4),
        Constraint::Length(transactions),
    ])
    .areas(frame.area());
    panels::head(frame, top, view, others.into_iter(), KEYS);
    draw_nodes(frame, nodes, view, cluster);
    draw_answers(frame, answers, view);
    panels::throughput(frame, chart, view);
    panels::events(frame, events, view);
    panels::transactions(frame, transactions, view);
}

fn draw_nodes(frame: &mut Frame<'_>, area: Rect, view: &View, cluster: &ClusterView) {
    let titles = ["epoch", "behind", "answers/s"].map(|title| format!("{title:>9}"));
    let [epoch, behind, rate] = titles;
    let header = ["node".to_owned(), "state".to_owned(), epoch, behind, rate];
    let header = Row::new(header.into_iter().chain(["   malls connect to".to_owned()]));
    let node = |(number, name): (usize, &&'static str)| {
        let seen = &cluster.seen.nodes[number];
        let is_down = cluster.nodes_down[number].is_some();
        let knows = !is_down && seen.epoch > 0;
        let figure = |value: f64| match knows {
            true => format!("{value:>9.0}"),
            false => format!("{:>9}", "-"),
        };
        let address = view.mall_addresses.get(number).cloned();
        let cells = [
            (*name).to_owned(),
            cluster.role(number),
            figure(seen.epoch as f64),
            figure(seen.behind as f64),
            figure(seen.answers_per_second),
            format!("   {}", address.unwrap_or_default()),
        ];
        let style = match seen.role {
            _ if is_down => Style::new().red(),
            Role::Active => Style::new().green().bold(),
            Role::TakingOver => Style::new().yellow().bold(),
            Role::Starting | Role::Joining => Style::new().yellow(),
            Role::Standby => Style::new(),
        };
        Row::new(cells).style(style)
    };
    let rows = NODES.iter().enumerate().map(node);
    let columns = [
        Constraint::Length(4),
        Constraint::Length(20),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Min(19),
    ];
    let block = Block::bordered().title(" nodes ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [table, etcd] =
        Layout::vertical([Constraint::Length(4), Constraint::Length(1)]).areas(inner);
    let header = header.style(Style::new().fg(Color::DarkGray));
    frame.render_widget(Table::new(rows, columns).header(header), table);
    let member = |(number, name): (usize, &&'static str)| -> [Span<'static>; 2] {
        let state = cluster.member(number);
        let state = match cluster.members_down[number] {
            Some(_) => state.red(),
            None if cluster.seen.leader == Some(number) => state.green(),
            None if cluster.seen.healthy[number] => state.into(),
            None => state.yellow(),
        };
        [format!("{name} ").dark_gray(), state]
    };
    let members = MEMBERS.iter().enumerate().map(member);
    let mut spans = Vec::new();
    for [name, state] in members {
        if !spans.is_empty() {
            spans.push("   ".into());
        }
        spans.extend([name, state]);
    }
    frame.render_widget(Line::from(spans), etcd);
}

fn draw_answers(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let sum = |of: fn(&Rates) -> u64| view.customers.iter().map(of).sum::<u64>();
    let net = view.customers.iter().map(|rates| rates.net_minor).sum();
    let name = |text: &'static str| text.dark_gray();
    let silence = view.silence.as_secs_f64();
    let now = match silence > SILENT_SECONDS && view.phase == "running" {
        true => format!("none for {silence:.1} s").red().bold(),
        false => format!("{} a second", count(sum(|rates| rates.answers_per_second))).green(),
    };
    let lines = vec![
        Line::from(vec![
            name("answers "),
            now,
            name("   approved "),
            count(sum(|rates| rates.approved)).into(),
            name("   declined "),
            count(sum(|rates| rates.declined)).into(),
            name("   net "),
            money(net).into(),
        ]),
        Line::from(vec![
            name("longest gap without answers "),
            format!("{:.1} s", view.longest_gap.as_secs_f64()).bold(),
            name("   latency "),
            match view.latency.max_us {
                0 => "-".into(),
                _ => format!(
                    "p50 {:.1}  p99 {:.1} ms",
                    view.latency.p50_us as f64 / 1_000.0,
                    view.latency.p99_us as f64 / 1_000.0
                )
                .into(),
            },
        ]),
    ];
    let missing = panels::missing(view).chain([" ".into()]);
    let block = Block::bordered()
        .title(" malls and acquirers ")
        .title(Line::from_iter(missing).right_aligned());
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::board::{Node, Seen};
    use super::*;
    use crate::demo::ports::USUAL;
    use crate::demo::steps::steps;
    use crate::demo::supervision::events::Event;
    use crate::demo::supervision::parts::PartsView;
    use crate::demo::supervision::process::Condition;

    fn shown(width: u16, height: u16, view: &View) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let cluster = view.cluster.clone().unwrap();
        terminal.draw(|frame| draw(frame, view, &cluster)).unwrap();
        terminal.backend().to_string()
    }

    fn after_a_kill() -> View {
        let node = |role, epoch| Node {
            role,
            epoch,
            ..Node::default()
        };
        let (active, standby) = (node(Role::Active, 3), node(Role::Standby, 2));
        let cluster = ClusterView {
            nodes_down: [Some(Duration::from_millis(2_500)), None, None],
            seen: Seen {
                nodes: [Node::default(), active, standby],
                leader: Some(2),
                healthy: [true; 3],
                ..Seen::default()
            },
            ..ClusterView::default()
        };
        let parts = PartsView {
            conditions: vec![("host", Condition::Down(Duration::from_millis(3_900)))],
            events: vec![Event {
                at: Instant::now(),
                text: "n2 takes over".to_owned(),
            }],
        };
        View {
            phase: "running",
            steps: steps(&USUAL),
            mall_addresses: ["8583", "8683", "8783"].map(str::to_owned).into(),
            longest_gap: Duration::from_millis(3_440),
            parts,
            cluster: Some(cluster),
            ..View::default()
        }
    }

    #[test]
    fn shows_nodes_keys_and_events_in_80_columns_and_24_lines() {
        let mut view = after_a_kill();
        for (width, height) in [(80, 24), (120, 40)] {
            let shown = shown(width, height, &view);
            let expected = [
                "n1   dead, back in 3 s",
                "n2   ACTIVE",
                "n3   standby",
                "8783",
                "etcd3 leads",
                "k kills the active node  e etcd's leader  h the host  l the link  q ends",
                "host back in 4 s",
                "longest gap without answers 3.4 s",
                "n2 takes over",
            ];
            for text in expected {
                assert!(shown.contains(text), "{text} in\n{shown}");
            }
            for step in &view.steps {
                assert!(shown.contains(step.what.as_str()), "{shown}");
            }
            assert!(!shown.contains("none for"), "{shown}");
        }
        view.silence = Duration::from_millis(2_200);
        assert!(shown(80, 24, &view).contains("none for 2.2 s"));
    }

    #[test]
    fn fits_into_a_small_terminal() {
        shown(20, 5, &after_a_kill());
    }
}
