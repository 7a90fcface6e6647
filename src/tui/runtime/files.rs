//! Files that effects read and write, beside the main thread: some are large.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::thread;

use super::Message;
use crate::job::run_weights;
use crate::preset::{network_text, save_new, save_over};
use crate::tensor::write_weights;
use crate::tui::beside::Beside;
use crate::tui::event::{Effect, Event, ExportError};
use crate::tui::open::{open, serve};
use crate::tui::paths;
use crate::tui::state::{SavedRows, StateFile, read};

/// Does what an effect asks of files, and tells what came of it.
pub(super) fn work(
    effect: Effect,
    state: Option<PathBuf>,
    events: &Sender<Message>,
) -> io::Result<()> {
    let events = events.clone();
    let work = move || {
        if let Some(event) = done(effect, state) {
            // The main thread may have left already.
            let _ = events.send(Message::Event(event));
        }
    };
    thread::Builder::new().name("files".into()).spawn(work).map(drop)
}

/// Does it, and gives what came of it.
pub(in crate::tui) fn done(effect: Effect, state: Option<PathBuf>) -> Option<Event> {
    Some(match effect {
        Effect::Open { path, weights } => {
            let opened = open(&path, weights);
            Event::Opened(path, Box::new(opened))
        }
        Effect::Serve { source, asked, number } => {
            Event::Served(Box::new(serve(source, asked, number)))
        }
        Effect::Complete { text, endings } => {
            let found = paths::completions(&text, &endings);
            Event::Completed { text, found }
        }
        Effect::RestoreRows => restored(state),
        Effect::Export { path, text, beside, overwrite } => {
            Event::Exported(export_with(path, &text, beside.as_ref(), overwrite))
        }
        Effect::ExportAll { directory, files } => Event::Exported(export_all(directory, &files)),
        Effect::SaveValues { path, format, values, overwrite } => {
            Event::Exported(unless_there(path, overwrite, |path| {
                format.write(path, &values).map_err(|error| error.to_string())
            }))
        }
        Effect::SaveWeights { path, spec, overwrite } => {
            Event::Exported(unless_there(path, overwrite, |path| {
                let weights = run_weights(&spec).map_err(|error| error.to_string())?;
                write_weights(path, &weights).map_err(|error| error.to_string())
            }))
        }
        Effect::SaveNetwork { path, name, files, overwrite } => {
            let result = match network_text(&name, &files) {
                Some(text) => export(path, &text, overwrite),
                None => Err(ExportError::Failed(format!("the file of network {name} is gone"))),
            };
            Event::Exported(result)
        }
        _ => return None,
    })
}

/// Writes a file that must not be there, unless it may be replaced.
fn unless_there(
    path: PathBuf,
    overwrite: bool,
    write: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, ExportError> {
    if !overwrite && path.exists() {
        return Err(ExportError::Exists(path));
    }
    write(&path).map_err(ExportError::Failed)?;
    Ok(path)
}

/// Writes a file, and others beside it, none of which must be there unless all may be replaced.
fn export_with(
    path: PathBuf,
    text: &str,
    beside: Option<&Beside>,
    overwrite: bool,
) -> Result<PathBuf, ExportError> {
    let Some(beside) = beside else { return export(path, text, overwrite) };
    if !overwrite && Beside::paths(&path).iter().any(|path| path.exists()) {
        return Err(ExportError::Exists(path));
    }
    let path = export(path, text, overwrite)?;
    beside.write(&path).map_err(|error| ExportError::Failed(error.to_string()))?;
    Ok(path)
}

/// Writes files to a directory that is not there yet.
fn export_all(
    directory: PathBuf,
    files: &[(String, String, Option<Beside>)],
) -> Result<PathBuf, ExportError> {
    let failed = |error: io::Error| {
        let hint =
            if error.kind() == io::ErrorKind::AlreadyExists { "; give a new one" } else { "" };
        ExportError::Failed(format!("{}: {error}{hint}", directory.display()))
    };
    std::fs::create_dir(&directory).map_err(failed)?;
    for (name, text, beside) in files {
        let path = directory.join(name);
        save_new(&path, text).map_err(failed)?;
        let written = beside.as_ref().map_or(Ok(()), |beside| beside.write(&path));
        written.map_err(|error| ExportError::Failed(error.to_string()))?;
    }
    Ok(directory)
}

fn export(path: PathBuf, text: &str, overwrite: bool) -> Result<PathBuf, ExportError> {
    let saved = if overwrite { save_over(&path, text) } else { save_new(&path, text) };
    match saved {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(ExportError::Exists(path))
        }
        Err(error) => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let missing = directory.filter(|directory| !directory.is_dir());
            let why = match missing {
                Some(directory) => format!("there is no directory {}", directory.display()),
                None => error.to_string(),
            };
            Err(ExportError::Failed(format!("{}: {why}", path.display())))
        }
    }
}

/// The rows of an earlier start. Files that are broken are told, and the rest is there.
fn restored(state: Option<PathBuf>) -> Event {
    let mut rows = SavedRows::default();
    let Some(directory) = state else { return Event::RowsRestored(Box::new(rows)) };
    match read(StateFile::Sweep, &directory) {
        Ok(sweep) => rows.sweep = sweep.flatten(),
        Err(problem) => rows.problems.push(problem),
    }
    match read(StateFile::Networks, &directory) {
        Ok(networks) => rows.networks = networks.unwrap_or_default(),
        Err(problem) => rows.problems.push(problem),
    }
    Event::RowsRestored(Box::new(rows))
}
