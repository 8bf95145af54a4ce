//! `tessera demo`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tessera_common::private;
use tessera_simulators::{demo, load};

/// Run everything on this machine, without preparation
///
/// Financial system, switch, wallet server, shops, mail viewer and malls under load, with a start page in the browser.
#[derive(clap::Args)]
pub struct Demo {
    /// How long it runs: 20s, 5m [default: until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = load::parse_duration)]
    duration: Option<Duration>,
    /// The folder of its data, made if it does not exist; that of an earlier demo is used again [default: data/demo, with --cluster
    /// data/demo-cluster]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Open the start page in a browser
    #[arg(long)]
    open: bool,
    /// Run three switches and three members of etcd in place of one switch
    #[arg(long)]
    cluster: bool,
    /// Kill the switch (in a cluster: the active node) this long after the purchases began, as the key k does
    #[arg(long, value_name = "TIME", value_parser = load::parse_duration)]
    kill_after: Option<Duration>,
    /// Kill the financial system, as the key h does
    #[arg(long, value_name = "TIME", value_parser = load::parse_duration)]
    kill_host_after: Option<Duration>,
    /// Cut the link between the two, as the key l does
    #[arg(long, value_name = "TIME", value_parser = load::parse_duration)]
    cut_link_after: Option<Duration>,
}

impl Demo {
    /// Runs to its summary; the exit code is 0 if all checks passed.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let etcd = self.cluster.then(etcd).transpose()?;
        let folder = match etcd {
            Some(_) => "data/demo-cluster",
            None => "data/demo",
        };
        let failures = [
            (demo::Failure::Switch, self.kill_after),
            (demo::Failure::Host, self.kill_host_after),
            (demo::Failure::Link, self.cut_link_after),
        ];
        let failures = failures
            .into_iter()
            .filter_map(|(failure, after)| Some((failure, after?)));
        let data = self.data.unwrap_or_else(|| folder.into());
        private::check(&data)?;
        let options = demo::Options {
            duration: self.duration,
            data,
            etcd,
            opens_browser: self.open,
            failures: failures.collect(),
        };
        Ok(if demo::run(&options)? {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// The program, which Cargo has beside the sources of the crate that carries it.
#[cfg(feature = "demo-cluster")]
fn etcd() -> anyhow::Result<PathBuf> {
    let path = etcd_bin_vendored::etcd_bin_path()
        .map_err(|_| anyhow::anyhow!("there is no etcd for this machine in etcd-bin-vendored"))?;
    anyhow::ensure!(
        path.exists(),
        "{} is not there any more: build again with --features demo-cluster",
        path.display()
    );
    Ok(path.to_owned())
}

#[cfg(not(feature = "demo-cluster"))]
fn etcd() -> anyhow::Result<PathBuf> {
    anyhow::bail!(
        "this build has no etcd, which a cluster needs: cargo run --release --features demo-cluster -- demo --cluster"
    )
}
