//! Keeps what survives a restart: written by a thread of its own, so that no frame waits for a disk.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::preset::save_over;
use crate::tui::app::App;
use crate::tui::state::StateFile;

/// The least time between two writes of what changes with every key.
const OFTEN: Duration = Duration::from_secs(2);

/// The least time between two writes of rows, which are many.
const SELDOM: Duration = Duration::from_secs(20);

/// What keeps the state; without a directory nothing is kept.
pub(super) struct Keeper {
    directory: Option<PathBuf>,
    texts: Option<Sender<(PathBuf, String)>>,
    thread: Option<JoinHandle<()>>,
    /// When each file was written last, its mark and its text by then.
    last: BTreeMap<StateFile, (Instant, Option<String>, String)>,
}

impl Keeper {
    /// Keeps the state in `directory`, of which what is there now is known.
    pub(super) fn start(directory: Option<PathBuf>) -> io::Result<Self> {
        let (texts, queue) = channel::<(PathBuf, String)>();
        let write = move || {
            for (path, text) in queue {
                // A state that cannot be written is no reason to stop.
                let _ = save_over(&path, &text);
            }
        };
        let thread = Builder::new().name("keeper".into()).spawn(write)?;
        Ok(Self { directory, texts: Some(texts), thread: Some(thread), last: BTreeMap::new() })
    }

    /// Keeps what has changed, of what was not kept a moment ago.
    pub(super) fn keep(&mut self, app: &App) {
        self.write(app, false);
    }

    /// Keeps all, and waits until it is written.
    pub(super) fn finish(&mut self, app: &App) {
        self.write(app, true);
        drop(self.texts.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn write(&mut self, app: &App, is_last: bool) {
        for (file, pause) in [
            (StateFile::Explorer, OFTEN),
            (StateFile::Sweep, SELDOM),
            (StateFile::Networks, SELDOM),
        ] {
            let is_new = self.last.get(&file).is_some_and(|(at, _, _)| at.elapsed() < pause);
            if is_last || !is_new {
                self.write_file(app, file);
            }
        }
    }

    fn write_file(&mut self, app: &App, file: StateFile) {
        let (Some(directory), Some(texts)) = (&self.directory, &self.texts) else { return };
        let mark = app.state_mark(file);
        if mark.is_some() && self.last.get(&file).is_some_and(|(_, last, _)| *last == mark) {
            return;
        }
        let Some(text) = app.state(file) else { return };
        let is_same = self.last.get(&file).is_some_and(|(_, _, last)| *last == text);
        if !is_same {
            let _ = texts.send((file.path(directory), text.clone()));
        }
        self.last.insert(file, (Instant::now(), mark, text));
    }
}
