//! The few figures of the switch that the demo shows, from its `/metrics`.

use crate::load::http;

/// What the switch says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gauges {
    /// Lines to the financial system that are signed on.
    pub lines_up: u32,
    /// Lines that there should be.
    pub lines: u32,
    /// The journal's newest durable record.
    pub journal_sequence: f64,
    /// Wallets in memory.
    pub wallets: f64,
    /// Reversals that the financial system has not acknowledged.
    pub advices: f64,
    /// Bytes of memory.
    pub memory: f64,
}

/// Asks the switch; `None` where it does not answer.
pub async fn read(address: &str) -> Option<Gauges> {
    http::fetch(address, "/metrics")
        .await
        .ok()
        .map(|page| parse(&page))
}

fn parse(page: &str) -> Gauges {
    let mut gauges = Gauges::default();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let value: f64 = value.parse().unwrap_or(0.0);
        match series.split('{').next().unwrap_or(series) {
            "tessera_host_line_up" => {
                gauges.lines += 1;
                gauges.lines_up += u32::from(value > 0.0);
            }
            "tessera_journal_durable_sequence" => gauges.journal_sequence = value,
            "tessera_wallet_actors_active" => gauges.wallets += value,
            "tessera_store_and_forward_depth" => gauges.advices += value,
            "process_resident_memory_bytes" => gauges.memory = value,
            _ => {}
        }
    }
    gauges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_the_workers() {
        let page = "# HELP tessera_host_line_up x.\n\
            tessera_host_line_up{line=\"1\",worker=\"0\"} 1\n\
            tessera_host_line_up{line=\"1\",worker=\"1\"} 0\n\
            tessera_wallet_actors_active{worker=\"0\"} 7\n\
            tessera_wallet_actors_active{worker=\"1\"} 8\n\
            process_resident_memory_bytes 1000\n";
        let gauges = parse(page);
        assert_eq!((gauges.lines_up, gauges.lines), (1, 2));
        assert_eq!((gauges.wallets, gauges.memory), (15.0, 1000.0));
    }
}
