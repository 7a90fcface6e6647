//! A table of all rows, written when they are there.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::FileError;
use crate::files::replace;
use crate::report::{SweepRow, TableFormat, table_text};

/// A file that becomes a table at the end. Until then it is the table without rows, so that nobody
/// else takes its name and what cannot be written is known before anything is run.
#[derive(Debug)]
pub struct TableFile {
    path: PathBuf,
    format: TableFormat,
    rows: Vec<SweepRow>,
}

impl TableFile {
    /// A new file, its format by its ending.
    ///
    /// # Errors
    /// [`FileError`] where there is one already, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let format = TableFormat::of(path).ok_or_else(|| FileError::Ending(path.into()))?;
        let table = Self { path: path.into(), format, rows: Vec::new() };
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let written = file.and_then(|mut file| file.write_all(table.text()?.as_bytes()));
        written.map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => FileError::Taken(path.into()),
            _ => FileError::System { path: path.into(), source },
        })?;
        Ok(table)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row.
    pub fn add(&mut self, row: SweepRow) {
        self.rows.push(row);
    }

    /// Writes the rows.
    ///
    /// # Errors
    /// That the file cannot be written; the table without rows is then there still.
    pub fn finish(self) -> io::Result<()> {
        replace(&self.path, self.text()?.as_bytes())
    }

    fn text(&self) -> io::Result<String> {
        table_text(self.format, &self.rows).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{record_of, settings, sweep};
    use super::*;

    #[test]
    fn a_table_is_whole_at_its_beginning_and_at_its_end() {
        let place = tempfile::tempdir().expect("a directory");
        let (sweep, settings) = (sweep(), settings());
        for (name, lines) in [("rows.md", 2), ("rows.tex", 7)] {
            let path = place.path().join(name);
            let mut table = TableFile::create(&path).expect("made");
            let read = || std::fs::read_to_string(&path).expect("read");
            assert_eq!(read().lines().count(), lines, "{name}");
            for point in &sweep.points()[..3] {
                table.add(point.asked(&settings).done(record_of(&point.spec(&settings))));
            }
            let again = TableFile::create(&path).expect_err("taken").to_string();
            assert!(again.ends_with("already exists; choose another file"), "{again}");
            table.finish().expect("written");
            assert_eq!(read().lines().count(), lines + 3, "{name}");
            assert!(read().contains("net/b"), "{name}");
        }
        let nowhere = TableFile::create(&place.path().join("none/rows.md"));
        assert!(matches!(nowhere, Err(FileError::System { .. })));
    }
}
