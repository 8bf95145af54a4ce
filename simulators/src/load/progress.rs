//! A line each second while a run goes on.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tessera_console::{errors_are_terminal, note, overwrite};

use super::report::Latency;
use super::shared::{Live, Phase};

/// Writes a line each second to the standard error, over the last one on a terminal, until the run is over.
pub async fn show_progress(live: Rc<Live>) {
    let terminal = errors_are_terminal();
    let started = Instant::now();
    let (mut answered, mut approved, mut declined) = (0, 0, 0);
    let mut latencies = live.statistics.borrow().all_latencies();
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
        let line = {
            let statistics = live.statistics.borrow();
            let all = statistics.all_latencies();
            let mut last = all.clone();
            // Cannot fail: the earlier one is part of the later one.
            let _ = last.subtract(&latencies);
            latencies = all;
            let latency = Latency::from(&last);
            let line = format!(
                "{:>4} s  {}  {:>8} answered/s  {:>8} approved/s  {:>6} declined/s  p50 {:.3} ms  p99 {:.3} ms  {} connections{}",
                started.elapsed().as_secs(),
                live.phase().word(),
                statistics.answered_total() - answered,
                statistics.approved - approved,
                statistics.declined - declined,
                latency.p50_us as f64 / 1_000.0,
                latency.p99_us as f64 / 1_000.0,
                statistics.connected,
                match statistics.violations.count {
                    0 => String::new(),
                    count => format!("  {count} WRONG"),
                },
            );
            answered = statistics.answered_total();
            approved = statistics.approved;
            declined = statistics.declined;
            line
        };
        match terminal {
            true => overwrite(format_args!("\r{line}\x1b[K")),
            false => note(line),
        }
    }
}
