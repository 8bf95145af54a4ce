//! A line each second while a run goes on.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tessera_console::{errors_are_terminal, note, overwrite};

use crate::load::report::seconds::Second;
use crate::load::shared::{Live, Phase};

/// Writes a line each second to the standard error, over the last one on a terminal, until the run is over.
pub async fn show_progress(live: Rc<Live>) {
    let terminal = errors_are_terminal();
    let started = Instant::now();
    loop {
        // Checks more often than it prints, so that it ends soon after the run.
        for _ in 0..20 {
            if live.phase() == Phase::Done {
                if terminal {
                    note("");
                }
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let line = line(&live, started.elapsed());
        match terminal {
            true => overwrite(format_args!("\r{line}\x1b[K")),
            false => note(line),
        }
    }
}

/// The last whole second in one line.
fn line(live: &Live, elapsed: Duration) -> String {
    let statistics = live.statistics.borrow();
    let none = Second::default();
    let last = statistics.seconds().last().unwrap_or(&none);
    let milliseconds = |microseconds: u64| microseconds as f64 / 1_000.0;
    format!(
        "{:>4} s  {}  {:>8} answered/s  {:>8} approved/s  {:>6} declined/s  p50 {:.3} ms  p99 {:.3} ms  {} connections{}",
        elapsed.as_secs(),
        live.phase().word(),
        last.counted.answered,
        last.counted.approved,
        last.counted.declined,
        milliseconds(last.latency.p50_us),
        milliseconds(last.latency.p99_us),
        statistics.connected,
        match statistics.violations.count {
            0 => String::new(),
            count => format!("  {count} WRONG"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Kind;

    #[test]
    fn a_line_has_the_last_whole_second() {
        let live = Live::default();
        let elapsed = Duration::from_secs(12);
        assert!(line(&live, elapsed).contains("0 answered/s"));
        {
            let mut statistics = live.statistics.borrow_mut();
            statistics.begin(1);
            statistics.connected = 8;
            for at in 0..5 {
                statistics.answer(Kind::Inquiry, *b"00", 2_000_000, 10 + at);
            }
            statistics.tick(1_000_000_001);
            statistics.violations.add(String::new);
        }
        let line = line(&live, elapsed);
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(
            words[..6],
            ["12", "s", "reading", "balances", "5", "answered/s"]
        );
        assert!(
            line.ends_with("p50 2.000 ms  p99 2.000 ms  8 connections  1 WRONG"),
            "{line}"
        );
    }
}
