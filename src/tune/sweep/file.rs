//! A file of rows that survives whatever stops the sweep.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Format, Point, PointKey, Standing, resume};
use crate::report::SweepRow;

/// Why a file of rows cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its name does not say what it holds.
    #[error("{}: must end in .jsonl or .csv", .0.display())]
    Ending(PathBuf),
    /// It is there already.
    #[error("{} already exists; `--resume {}` goes on with it", .0.display(), .0.display())]
    Exists(PathBuf),
    /// Another process writes it.
    #[error("{}: another sweep is writing it", .0.display())]
    Locked(PathBuf),
    /// The system refuses.
    #[error("cannot write {}: {source}", path.display())]
    System {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is no row.
    #[error("{}:{line}: {reason}; remove that line, or choose another file", path.display())]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The first line does not name the columns of this version.
    #[error("{}:1: other columns than this version writes; choose another file", .0.display())]
    Header(PathBuf),
    /// A row is of a point that this sweep does not have.
    #[error(
        "{}:{line}: {point} is of another sweep or shard; choose another file", path.display()
    )]
    OtherSweep {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The point.
        point: Box<PointKey>,
    },
    /// Two rows are of the same point.
    #[error("{}:{line}: {point} is there already; remove one of the rows", path.display())]
    Repeated {
        /// Which file.
        path: PathBuf,
        /// The line of the second one, from 1.
        line: usize,
        /// The point.
        point: Box<PointKey>,
    },
}

/// A file that takes rows, one line each.
#[derive(Debug)]
pub struct RowFile {
    file: File,
    format: Format,
}

impl RowFile {
    /// A new file.
    ///
    /// # Errors
    /// [`FileError`] where there is one already, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let format = format(path)?;
        let file = OpenOptions::new().append(true).create_new(true).open(path);
        let file = file.map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => FileError::Exists(path.into()),
            _ => FileError::System { path: path.into(), source },
        })?;
        lock(&file, path)?;
        Self::started(file, format, path)
    }

    /// The file to go on with, which need not exist, and how the points in it stand: in the order
    /// of `points`, `None` where a row is missing. A last line that was not written to its end is
    /// cut off.
    ///
    /// # Errors
    /// [`FileError`] where the file cannot be read or is not one of these points.
    pub fn resume(
        path: &Path,
        points: &[Point<'_>],
    ) -> Result<(Self, Vec<Option<Standing>>), FileError> {
        let format = format(path)?;
        let system = |source| FileError::System { path: path.into(), source };
        let options = OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = options.map_err(system)?;
        lock(&file, path)?;
        let found = resume::scan(&file, format, path, points)?;
        if found.valid_bytes < file.metadata().map_err(system)?.len() {
            file.set_len(found.valid_bytes).map_err(system)?;
        }
        let file = if found.valid_bytes == 0 {
            Self::started(file, format, path)?
        } else {
            Self { file, format }
        };
        Ok((file, found.standings))
    }

    /// Appends a row, to the operating system at once, in a single piece.
    ///
    /// # Errors
    /// That it cannot be written.
    pub fn append(&mut self, row: &SweepRow) -> io::Result<()> {
        let mut line = self.format.line(row)?;
        line.push('\n');
        self.file.write_all(line.as_bytes())
    }

    /// An empty file with its header.
    fn started(mut file: File, format: Format, path: &Path) -> Result<Self, FileError> {
        let header = format.header().and_then(|header| match header {
            Some(header) => file.write_all(format!("{header}\n").as_bytes()),
            None => Ok(()),
        });
        header.map_err(|source| FileError::System { path: path.into(), source })?;
        Ok(Self { file, format })
    }
}

fn format(path: &Path) -> Result<Format, FileError> {
    Format::of(path).ok_or_else(|| FileError::Ending(path.into()))
}

/// Two sweeps must not append to one file.
fn lock(file: &File, path: &Path) -> Result<(), FileError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(FileError::Locked(path.into())),
        // Some file systems have no locks; there the user must know.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}
