//! A file of rows that survives whatever stops the sweep.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::resume::{self, Found, Held};
use super::{Differences, Format, Point, PointKey, Settings, Standing};
use crate::files::replace_by;
use crate::report::{SweepRow, TableFormat, unknown_table_ending};

/// Why a file of rows cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its name does not say what it holds.
    #[error("{}: {}", .0.display(), unknown_table_ending())]
    Ending(PathBuf),
    /// Its rows cannot be read back.
    #[error("{}: only .jsonl and .csv hold rows to go on with; --output writes this table at its end", .0.display())]
    NotResumed(PathBuf),
    /// It is there already.
    #[error("{} already exists; `--resume {}` goes on with it", .0.display(), .0.display())]
    Exists(PathBuf),
    /// It is there already, and is no file of rows.
    #[error("{} already exists; choose another file", .0.display())]
    Taken(PathBuf),
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
    /// A prediction would take the place of a run.
    #[error(
        "{}:{line}: {point} is a run, which a prediction is not to replace; choose another file", path.display()
    )]
    Measured {
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
    path: PathBuf,
    /// What it held when it was opened and since then; none of a new file.
    held: Option<Held>,
}

/// A file to go on with.
#[derive(Debug)]
pub struct Resumed {
    /// The file.
    pub file: RowFile,
    /// How the points stand, in their order; `None` without a row of this request.
    pub standings: Vec<Option<Standing>>,
    /// Rows of another request, whose points have none of this one. They stay until there is one.
    pub others: Differences,
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
        Self { file, format, path: path.into(), held: None }.started()
    }

    /// The file to go on with, which need not exist. A row counts as done where its request is that
    /// of the point under `settings`. A last line that was not written to its end is cut off.
    ///
    /// # Errors
    /// [`FileError`] where the file cannot be read or is not one of these points.
    pub fn resume(
        path: &Path,
        points: &[Point<'_>],
        settings: &Settings,
    ) -> Result<Resumed, FileError> {
        let format = match format(path) {
            Err(FileError::Ending(path)) if TableFormat::of(&path).is_some() => {
                return Err(FileError::NotResumed(path));
            }
            format => format?,
        };
        let system = |source| FileError::System { path: path.into(), source };
        let options = OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = options.map_err(system)?;
        lock(&file, path)?;
        let Found { held, standings, others } =
            resume::scan(&file, format, path, points, settings)?;
        let whole = held.bytes();
        if whole < file.metadata().map_err(system)?.len() {
            file.set_len(whole).map_err(system)?;
        }
        let mut file = Self { file, format, path: path.into(), held: Some(held) };
        if whole == 0 {
            file = file.started()?;
        }
        Ok(Resumed { file, standings, others })
    }

    /// Appends a row, to the operating system at once, in a single piece.
    ///
    /// # Errors
    /// That it cannot be written.
    pub fn append(&mut self, row: &SweepRow) -> io::Result<()> {
        let mut line = self.format.line(row)?;
        line.push('\n');
        self.file.write_all(line.as_bytes())?;
        if let Some(held) = &mut self.held {
            held.appended(&PointKey::of(row), line.len() as u64);
        }
        Ok(())
    }

    /// Ends the writing. Rows of another request go whose points have one of this request by now,
    /// by replacing the file as a whole, its rows in the order of their points; those of the other
    /// points stay, and it gives how many.
    ///
    /// # Errors
    /// That the file cannot be replaced; all rows are then in it still.
    pub fn finish(self) -> io::Result<usize> {
        let Some(held) = self.held else { return Ok(0) };
        if held.is_superseded() {
            replace_by(&self.path, |out| held.copy(&self.file, out))?;
        }
        Ok(held.others())
    }

    /// An empty file with its header.
    fn started(mut self) -> Result<Self, FileError> {
        let written = self.format.header().and_then(|header| {
            let header = header.map_or_else(String::new, |header| header + "\n");
            self.file.write_all(header.as_bytes())?;
            Ok(header.len() as u64)
        });
        match (written, &mut self.held) {
            (Err(source), _) => return Err(FileError::System { path: self.path, source }),
            (Ok(bytes), Some(held)) => held.header(bytes),
            (Ok(_), None) => {}
        }
        Ok(self)
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
