//! What a file of rows holds, up to where it is whole.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::lines::Reader;
use super::{FileError, Format, Point, PointKey, Standing};

/// What was found in a file.
#[derive(Debug)]
pub(super) struct Found {
    /// How many bytes hold whole lines; what follows was not written to its end.
    pub(super) valid_bytes: u64,
    /// How the points stand, `None` without a row.
    pub(super) standings: Vec<Option<Standing>>,
}

/// Reads `file` from its beginning: rows of `points`, each at most once.
pub(super) fn scan(
    file: &File,
    format: Format,
    path: &Path,
    points: &[Point<'_>],
) -> Result<Found, FileError> {
    let system = |source| FileError::System { path: path.into(), source };
    let mut scan = Scan::new(format, path, points)?;
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    while read_line(&mut lines, &mut line).map_err(system)? {
        let is_last = lines.fill_buf().map_err(system)?.is_empty();
        if !scan.take(&line, is_last)? {
            break;
        }
    }
    Ok(scan.found)
}

fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    Ok(lines.read_until(b'\n', line)? > 0)
}

/// A file read line by line.
struct Scan<'a> {
    path: &'a Path,
    reader: Reader,
    /// The first line, where it is not there yet.
    header: Option<String>,
    places: HashMap<PointKey, usize>,
    lines: usize,
    found: Found,
}

impl<'a> Scan<'a> {
    fn new(format: Format, path: &'a Path, points: &[Point<'_>]) -> Result<Self, FileError> {
        let reader = Reader::new(format).map_err(|reason| FileError::Corrupt {
            path: path.into(),
            line: 1,
            reason,
        })?;
        Ok(Self {
            path,
            reader,
            header: format
                .header()
                .map_err(|source| FileError::System { path: path.into(), source })?,
            places: points.iter().enumerate().map(|(i, point)| (point.key(), i)).collect(),
            lines: 0,
            found: Found { valid_bytes: 0, standings: vec![None; points.len()] },
        })
    }

    /// Takes the next line with its line break; `false` where the file ends with a line that was
    /// not written to its end.
    fn take(&mut self, line: &[u8], is_last: bool) -> Result<bool, FileError> {
        self.lines += 1;
        let text = line.strip_suffix(b"\n");
        let is_whole = match self.header.take() {
            Some(header) => self.is_header(&header, line)?,
            None => match self.reader.read(text.unwrap_or(line)) {
                Ok((point, standing)) => {
                    let place = self.place(point)?;
                    if text.is_some() {
                        self.found.standings[place] = Some(standing);
                    }
                    text.is_some()
                }
                Err(_) if is_last && self.is_ours(line) => false,
                Err(reason) => {
                    let (path, line) = (self.path.into(), self.lines);
                    return Err(FileError::Corrupt { path, line, reason });
                }
            },
        };
        if is_whole {
            self.found.valid_bytes += line.len() as u64;
        }
        Ok(is_whole)
    }

    /// Whether the first line is `header` to its end; it must at least be its beginning.
    fn is_header(&self, header: &str, line: &[u8]) -> Result<bool, FileError> {
        match line.strip_suffix(b"\n") {
            Some(text) if text == header.as_bytes() => Ok(true),
            None if header.as_bytes().starts_with(line) => Ok(false),
            _ => Err(FileError::Header(self.path.into())),
        }
    }

    /// The place of a row's point, which must be new.
    fn place(&self, point: PointKey) -> Result<usize, FileError> {
        let (path, line) = (self.path.into(), self.lines);
        match self.places.get(&point) {
            None => Err(FileError::OtherSweep { path, line, point: point.into() }),
            Some(&place) if self.found.standings[place].is_some() => {
                Err(FileError::Repeated { path, line, point: point.into() })
            }
            Some(&place) => Ok(place),
        }
    }

    /// Whether a last line that is no row was to become one: a file of something else is not to be
    /// cut.
    fn is_ours(&self, line: &[u8]) -> bool {
        self.found.valid_bytes > 0 || Reader::is_start_of_row(line)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::super::testing::{record_of, settings, sweep};
    use super::super::{RowFile, Sweep};
    use super::*;
    use crate::report::SweepRow;

    const FORMATS: [(Format, &str); 2] =
        [(Format::JsonLines, "rows.jsonl"), (Format::Csv, "rows.csv")];

    fn place(name: &str) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(name);
        (directory, path)
    }

    /// The row of point `i`; every third one failed.
    fn row(sweep: &Sweep, i: usize) -> SweepRow {
        let point = sweep.points()[i];
        if i % 3 == 2 {
            SweepRow::Failed(point.failed("no, \"never\""))
        } else {
            SweepRow::Done(Box::new(record_of(&point.spec(&settings()))))
        }
    }

    /// The bytes of a file with the first `count` rows.
    fn content(format: Format, sweep: &Sweep, count: usize) -> Vec<u8> {
        let rows = (0..count).map(|i| format.line(&row(sweep, i)).expect("a line"));
        format
            .header()
            .expect("a header")
            .into_iter()
            .chain(rows)
            .flat_map(|line| (line + "\n").into_bytes())
            .collect()
    }

    /// Resumes a file and writes what is missing; the points that were there.
    fn finish(path: &Path, sweep: &Sweep) -> Vec<usize> {
        let (mut file, standings) = RowFile::resume(path, &sweep.points()).expect("resumed");
        for i in (0..standings.len()).filter(|i| standings[*i].is_none()) {
            file.append(&row(sweep, i)).expect("written");
        }
        (0..standings.len()).filter(|i| standings[*i].is_some()).collect()
    }

    fn error(path: &Path, bytes: &[u8]) -> String {
        std::fs::write(path, bytes).expect("written");
        let sweep = sweep();
        let error = RowFile::resume(path, &sweep.points()).expect_err("refused").to_string();
        assert_eq!(std::fs::read(path).expect("read"), bytes, "a refused file stays as it was");
        error.replace(&format!("{}/", path.parent().expect("a parent").display()), "")
    }

    #[test]
    fn a_file_torn_anywhere_is_completed() {
        let sweep = sweep();
        for (format, name) in FORMATS {
            let (_directory, path) = place(name);
            let ends: Vec<_> = (0..=16).map(|rows| content(format, &sweep, rows).len()).collect();
            let whole = content(format, &sweep, 16);
            let points = sweep.points();
            // Within the header or first row, and within a row that has others before it.
            for cut in (0..=ends[1]).chain(ends[3]..=ends[4]) {
                std::fs::write(&path, &whole[..cut]).expect("written");
                let (_, standings) = RowFile::resume(&path, &points).expect("resumed");
                let there = standings.iter().take_while(|standing| standing.is_some()).count();
                let kept = (1..=16).filter(|&rows| ends[rows] <= cut).count();
                assert_eq!(there, kept, "{name} cut at {cut}");
                assert!(standings[there..].iter().all(Option::is_none), "{name} cut at {cut}");
                let left = std::fs::read(&path).expect("read");
                assert_eq!(left, whole[..ends[kept]], "{name} cut at {cut}");
            }
            assert_eq!(finish(&path, &sweep), [0, 1, 2, 3]);
            assert_eq!(std::fs::read(&path).expect("read"), whole);
        }
    }

    #[test]
    fn missing_rows_may_be_anywhere() {
        let sweep = sweep();
        let (_directory, path) = place("rows.jsonl");
        let line = |i| Format::JsonLines.line(&row(&sweep, i)).expect("a line") + "\n";
        std::fs::write(&path, line(7) + &line(2)).expect("written");
        assert_eq!(finish(&path, &sweep), [2, 7]);
        assert_eq!(finish(&path, &sweep).len(), 16);
    }

    #[test]
    fn a_file_that_is_not_there_is_started() {
        for (format, name) in FORMATS {
            let (_directory, path) = place(name);
            assert!(finish(&path, &sweep()).is_empty());
            assert_eq!(std::fs::read(&path).expect("read"), content(format, &sweep(), 16));
        }
    }

    #[test]
    fn a_last_line_that_is_no_row_is_cut() {
        for (format, name) in FORMATS {
            let (_directory, path) = place(name);
            let whole = content(format, &sweep(), 16);
            let mut torn = content(format, &sweep(), 3);
            torn.extend(b"\0\0\0\n");
            std::fs::write(&path, torn).expect("written");
            assert_eq!(finish(&path, &sweep()), [0, 1, 2]);
            assert_eq!(std::fs::read(&path).expect("read"), whole);
        }
    }

    #[test]
    fn a_corrupt_line_in_the_middle_is_named() {
        for (format, name) in FORMATS {
            let (_directory, path) = place(name);
            let (first, last) = (content(format, &sweep(), 2), content(format, &sweep(), 3));
            let bytes = [&first, &b"{\"schema\":1}\n"[..], &last[first.len()..]].concat();
            let line = if format == Format::Csv { 4 } else { 3 };
            let error = error(&path, &bytes);
            assert!(error.starts_with(&format!("{name}:{line}: ")), "{error}");
            assert!(error.ends_with("; remove that line, or choose another file"), "{error}");
        }
    }

    #[test]
    fn files_of_something_else_are_left_alone() {
        let (_directory, path) = place("rows.jsonl");
        for text in ["# Notes\n", "# Notes", "[]\n", "\n", "{\"a\": 1}\n"] {
            assert!(error(&path, text.as_bytes()).starts_with("rows.jsonl:1: no JSON"), "{text}");
        }
        let (_directory, path) = place("rows.csv");
        for text in ["a,b\n1,2\n", "# Notes", "\n"] {
            let columns = "rows.csv:1: other columns than this version writes; choose another file";
            assert_eq!(error(&path, text.as_bytes()), columns);
        }
        let (_directory, path) = place("notes.txt");
        let sweep = sweep();
        let error = RowFile::resume(&path, &sweep.points()).expect_err("refused").to_string();
        assert!(error.ends_with("notes.txt: must end in .jsonl or .csv"), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn rows_of_another_sweep_and_doubles_are_named() {
        let (_directory, path) = place("rows.jsonl");
        let sweep = sweep();
        let two = content(Format::JsonLines, &sweep, 2);
        let other = String::from_utf8(two.clone()).expect("UTF-8").replace("net/b", "net/c");
        let expected = "rows.jsonl:1: net/c n4096 padded lazy is of another sweep or shard; choose another file";
        assert_eq!(error(&path, other.as_bytes()), expected);
        let expected =
            "rows.jsonl:3: net/b n4096 padded lazy is there already; remove one of the rows";
        assert_eq!(error(&path, &[two.clone(), two].concat()), expected);
    }

    #[test]
    fn a_new_file_must_be_new_and_has_one_writer() {
        let (_directory, path) = place("rows.csv");
        let file = RowFile::create(&path).expect("created");
        let error = RowFile::create(&path).expect_err("exists").to_string();
        assert!(error.contains("already exists; `--resume "), "{error}");
        let sweep = sweep();
        let error = RowFile::resume(&path, &sweep.points()).expect_err("locked").to_string();
        assert!(error.ends_with("another sweep is writing it"), "{error}");
        drop(file);
        assert!(RowFile::resume(&path, &sweep.points()).is_ok());
    }
}
