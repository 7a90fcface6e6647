//! The file of layers that are finished.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use crate::cli::Failure;
use crate::job::Finished;

/// A file of one layer a line, to which more are added.
pub(super) struct ResumeFile {
    file: File,
    finished: Vec<Finished>,
}

impl ResumeFile {
    /// Opens a file that an earlier run has left, or a new one. A last line that was cut off is
    /// dropped; anything else that is no layer is refused.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let problem = |error: &dyn std::fmt::Display| {
            Failure::Input(format!("--resume {}: {error}", path.display()))
        };
        let open = OpenOptions::new().create(true).append(true).read(true).open(path);
        let mut file = open.map_err(|error| problem(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(problem(&"another run is writing it")),
            Err(TryLockError::Error(error)) => return Err(problem(&error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| problem(&error))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut finished = Vec::new();
        for (number, line) in whole.lines().enumerate() {
            finished.push(serde_json::from_str(line).map_err(|_| {
                let expected = "not a layer of a network's run; give the file that --resume wrote, or a new one";
                problem(&format!("line {}: {expected}", number + 1))
            })?);
        }
        if whole.len() < text.len() {
            file.set_len(whole.len() as u64).map_err(|error| problem(&error))?;
        }
        Ok(Self { file, finished })
    }

    /// The layers that were there.
    pub(super) fn finished(&self) -> Vec<Finished> {
        self.finished.clone()
    }

    /// Adds a layer that was not there.
    pub(super) fn add(&mut self, layer: &Finished) -> std::io::Result<()> {
        if self.finished.contains(layer) {
            return Ok(());
        }
        // In one go, so that no other reader sees a line without its end.
        let line = serde_json::to_string(layer)? + "\n";
        self.file.write_all(line.as_bytes())
    }
}
