//! `tessera backup --follow`.

use std::path::Path;
use std::thread;
use std::time::Duration;

use tessera_backup::{Asked, Backup, BackupError, Folder, Target};
use tessera_config::Settings;
use tessera_console::{say, service, start_logging};
use tessera_journal::Sequence;

use super::line::{Line, Programs};
use super::stop::Stop;
use super::to::To;
use crate::operations;

/// After an error, at first and at most.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Copies until a signal comes, over new lines where one is lost.
pub fn follow(
    settings: &Settings,
    mut backup: Backup,
    to: &To,
    programs: &Programs,
) -> anyhow::Result<()> {
    start_logging(&settings.log)?;
    let stop = Stop::listen()?;
    let socket = settings.operations_socket();
    let mut is_ready = false;
    let mut pause = PAUSE_MIN;
    while !stop.is_asked() {
        let mut has_copied = false;
        let mut copied = || {
            if !is_ready {
                say("ready");
                service::ready();
            }
            if !has_copied {
                tracing::info!("following");
            }
            (is_ready, has_copied) = (true, true);
        };
        let Err(error) = follow_once(&mut backup, &socket, (to, programs), &stop, &mut copied)
        else {
            break;
        };
        if stop.is_asked() {
            break;
        }
        let backup_error = error.downcast_ref::<BackupError>();
        if backup_error.is_some_and(|error| !error.may_pass()) {
            return Err(error);
        }
        if has_copied {
            pause = PAUSE_MIN;
        }
        let error = format!("{error:#}");
        tracing::warn!(
            error,
            retry_ms = pause.as_millis() as u64,
            "the copy is interrupted"
        );
        thread::park_timeout(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
    service::stopping();
    tracing::info!("stopped");
    Ok(())
}

fn follow_once(
    backup: &mut Backup,
    socket: &Path,
    (to, programs): (&To, &Programs),
    stop: &Stop,
    copied: &mut dyn FnMut(),
) -> anyhow::Result<()> {
    let mut run = |target: &mut dyn Target| {
        tessera_backup::follow(backup, target, &|| ask(socket), stop.asked(), copied)
    };
    match to {
        To::Folder(folder) => run(&mut Folder::open(folder)?)?,
        To::Remote(machine) => {
            let mut line = Line::start(machine, programs)?;
            stop.watch(line.process());
            let followed = line.greet().and_then(|mut remote| Ok(run(&mut remote)?));
            stop.watch(0);
            followed?;
        }
    }
    Ok(())
}

fn ask(socket: &Path) -> Asked {
    match operations::durable(socket) {
        Ok(Some(durable)) => Asked::Durable(durable.and_then(Sequence::from_stored)),
        Ok(None) => Asked::Nobody,
        Err(error) => Asked::Unclear(format!("{error:#}")),
    }
}
