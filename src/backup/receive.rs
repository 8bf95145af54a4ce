//! `tessera backup --receive`: the other end of a line.

use std::io::{BufWriter, stdin, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tessera_console::note;

/// A sender that lives sends something every second. Without an end, one whose line broke would hold the folder.
const SILENCE_MAX: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Writes what comes from standard input into a folder of backups, until that ends.
#[expect(
    clippy::disallowed_methods,
    reason = "the sender reads it, and there is nothing else to do meanwhile"
)]
pub fn receive(folder: &Path) -> anyhow::Result<()> {
    let begun = Instant::now();
    let waiting = Arc::new(AtomicU64::new(0));
    let since = Arc::clone(&waiting);
    let watch = move || loop {
        thread::sleep(LOOK_EVERY);
        let now = begun.elapsed().as_millis() as u64;
        let silent = now.saturating_sub(since.load(Ordering::Relaxed));
        if Duration::from_millis(silent) > SILENCE_MAX {
            note("backup: the sender is silent");
            tessera_console::finish();
            // At any moment: what was not committed does not count.
            std::process::exit(1);
        }
    };
    thread::Builder::new()
        .name("watch".to_owned())
        .spawn(watch)?;
    let waits = |waits| {
        let since = match waits {
            true => begun.elapsed().as_millis() as u64,
            // While this process works, nobody is silent.
            false => u64::MAX,
        };
        waiting.store(since, Ordering::Relaxed);
    };
    let output = BufWriter::new(stdout().lock());
    tessera_backup::serve(folder, stdin().lock(), output, &waits)?;
    Ok(())
}
