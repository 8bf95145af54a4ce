//! What is left when the demo is over.

use std::fmt;

use super::cluster::system::Outcome;
use super::words::{count, money, size};
use crate::load::Report;

/// The outcome of a demo.
pub struct Summary {
    /// Of each customer, by name.
    pub reports: Vec<(&'static str, Report)>,
    /// Whether the financial system's tally moved by what was approved; what is wrong otherwise.
    pub tally: Result<(), String>,
    /// What came of the cluster, where there was one.
    pub cluster: Option<Outcome>,
    /// The output of the audit, and whether the totals agree.
    pub audit: (String, bool),
    /// The folder, for the next time.
    pub folder: String,
    /// What it takes on the disk.
    pub disk_bytes: u64,
}

impl Summary {
    /// Whether everything was right.
    pub fn clean(&self) -> bool {
        let journals = self.cluster.as_ref();
        self.reports.iter().all(|(_, report)| report.clean())
            && self.tally.is_ok()
            && journals.is_none_or(|cluster| cluster.journals.is_ok())
            && self.audit.1
    }

    fn cluster(&self, cluster: &Outcome, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gaps = self.reports.iter().map(|(_, report)| report.longest_gap_ms);
        let Outcome {
            active,
            epoch,
            take_overs,
            journals,
            configuration: _,
        } = cluster;
        let count = match take_overs {
            1 => "1 take-over".to_owned(),
            count => format!("{count} take-overs"),
        };
        writeln!(
            f,
            "cluster   {count}; {active} was active last, in epoch {epoch}; longest time without answers {:.1} s",
            gaps.fold(0.0, f64::max) / 1_000.0
        )?;
        match journals {
            Ok(same) => writeln!(f, "journals  n1, n2 and n3 have {same}"),
            Err(wrong) => writeln!(f, "journals  WRONG: {wrong}"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, report) in &self.reports {
            writeln!(
                f,
                "{name:9} {} requests, {} answered: {} approved, {} declined, {} net\n{:9} answers after {:.1} ms (median), {:.1} ms (99 of 100)",
                count(report.sent),
                count(report.answered),
                count(report.approved),
                count(report.declined),
                money(report.net_approved),
                "",
                report.latency.p50_us as f64 / 1_000.0,
                report.latency.p99_us as f64 / 1_000.0,
            )?;
            let balances = report.accounts_compared;
            match report.accounts_differing {
                0 => writeln!(
                    f,
                    "{:9} {balances} balances read back: every cent is where it should be",
                    ""
                )?,
                count => writeln!(f, "{:9} {balances} balances read back: {count} DIFFER", "")?,
            }
            for violation in &report.violations_shown {
                writeln!(f, "{:9} WRONG: {violation}", "")?;
            }
        }
        match &self.tally {
            Ok(()) => writeln!(f, "host      the financial system counts the same money")?,
            Err(wrong) => writeln!(f, "host      WRONG: {wrong}")?,
        }
        if let Some(cluster) = &self.cluster {
            self.cluster(cluster, f)?;
        }
        let (text, content) = &self.audit;
        writeln!(
            f,
            "audit     {}",
            if *content {
                "the totals agree"
            } else {
                "WRONG: the totals do not agree"
            }
        )?;
        for line in text.lines() {
            writeln!(f, "          {line}")?;
        }
        let with = self.cluster.as_ref().map_or("", |_| " --cluster");
        write!(
            f,
            "The next `tessera demo{with}` goes on in {}, which takes {}.\nDelete the folder when you have seen enough.",
            self.folder,
            size(self.disk_bytes)
        )
    }
}
