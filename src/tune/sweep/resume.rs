//! What a file of rows holds, up to where it is whole.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::difference::Part;
use super::lines::{FileRow, Reader};
use super::{Differences, FileError, Format, Point, PointKey, Settings, Standing};

/// What was found in a file.
#[derive(Debug)]
pub(super) struct Found {
    /// Where its lines are.
    pub(super) held: Held,
    /// How the points stand, `None` without a row of this request.
    pub(super) standings: Vec<Option<Standing>>,
    /// Rows of another request, whose points have none of this one.
    pub(super) others: Differences,
}

/// Where a line is.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u64,
    bytes: u64,
}

/// The rows of a point.
#[derive(Clone, Debug, Default)]
struct Rows {
    /// The one of this request.
    own: Option<Span>,
    /// Those of other requests.
    others: Vec<Span>,
}

/// Where the whole lines of a file are. What follows them was not written to its end.
#[derive(Debug)]
pub(super) struct Held {
    header: u64,
    end: u64,
    places: HashMap<PointKey, usize>,
    /// By the place of the point.
    rows: Vec<Rows>,
}

impl Held {
    fn new(points: &[Point<'_>]) -> Self {
        let places = points.iter().enumerate().map(|(i, point)| (point.key(), i)).collect();
        Self { header: 0, end: 0, places, rows: vec![Rows::default(); points.len()] }
    }

    /// How many bytes hold whole lines.
    pub(super) const fn bytes(&self) -> u64 {
        self.end
    }

    /// The file begins with a header of so many bytes.
    pub(super) const fn header(&mut self, bytes: u64) {
        (self.header, self.end) = (bytes, bytes);
    }

    /// A row of this request was appended.
    pub(super) fn appended(&mut self, point: &PointKey, bytes: u64) {
        let span = self.next(bytes);
        let rows = self.places.get(point).and_then(|place| self.rows.get_mut(*place));
        if let Some(rows) = rows {
            rows.own = Some(span);
        }
    }

    fn next(&mut self, bytes: u64) -> Span {
        let span = Span { start: self.end, bytes };
        self.end += bytes;
        span
    }

    /// Whether a row of another request stands beside one of this.
    pub(super) fn is_superseded(&self) -> bool {
        self.rows.iter().any(|rows| rows.own.is_some() && !rows.others.is_empty())
    }

    /// How many rows of another request are of points that have none of this.
    pub(super) fn others(&self) -> usize {
        self.rows.iter().filter(|rows| rows.own.is_none()).map(|rows| rows.others.len()).sum()
    }

    /// Copies header and rows from `file`, in the order of the points, without those of another
    /// request that are superseded.
    pub(super) fn copy(&self, mut file: &File, out: &mut impl Write) -> io::Result<()> {
        let mut copy = |span: Span| -> io::Result<()> {
            file.seek(SeekFrom::Start(span.start))?;
            let copied = io::copy(&mut file.take(span.bytes), out)?;
            // Somebody cut the file meanwhile.
            if copied == span.bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        };
        copy(Span { start: 0, bytes: self.header })?;
        for rows in &self.rows {
            match rows.own {
                Some(own) => copy(own)?,
                None => rows.others.iter().try_for_each(|other| copy(*other))?,
            }
        }
        Ok(())
    }
}

/// Reads `file` from its beginning: rows of `points`, of one request each at most once.
pub(super) fn scan(
    file: &File,
    format: Format,
    path: &Path,
    points: &[Point<'_>],
    settings: &Settings,
) -> Result<Found, FileError> {
    let system = |source| FileError::System { path: path.into(), source };
    let mut scan = Scan::new(format, path, points, settings)?;
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    while read_line(&mut lines, &mut line).map_err(system)? {
        let is_last = lines.fill_buf().map_err(system)?.is_empty();
        if !scan.take(&line, is_last)? {
            break;
        }
    }
    Ok(scan.found())
}

fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    Ok(lines.read_until(b'\n', line)? > 0)
}

/// A file read line by line.
struct Scan<'a> {
    path: &'a Path,
    points: &'a [Point<'a>],
    settings: &'a Settings,
    reader: Reader,
    /// The first line, where it is not there yet.
    header: Option<String>,
    lines: usize,
    held: Held,
    standings: Vec<Option<Standing>>,
    /// In what the last row of another request differs, by the place of its point.
    others: BTreeMap<usize, Vec<Part>>,
}

impl<'a> Scan<'a> {
    fn new(
        format: Format,
        path: &'a Path,
        points: &'a [Point<'a>],
        settings: &'a Settings,
    ) -> Result<Self, FileError> {
        let reader = Reader::new(format).map_err(|reason| FileError::Corrupt {
            path: path.into(),
            line: 1,
            reason,
        })?;
        Ok(Self {
            path,
            points,
            settings,
            reader,
            header: format
                .header()
                .map_err(|source| FileError::System { path: path.into(), source })?,
            lines: 0,
            held: Held::new(points),
            standings: vec![None; points.len()],
            others: BTreeMap::new(),
        })
    }

    fn found(self) -> Found {
        let mut others = Differences::default();
        for (place, parts) in self.others {
            // Where a sweep was killed, a row of this request may stand beside the other.
            if self.standings.get(place).is_some_and(Option::is_none) {
                others.add(parts);
            }
        }
        Found { held: self.held, standings: self.standings, others }
    }

    /// Takes the next line with its line break; `false` where the file ends with a line that was
    /// not written to its end.
    fn take(&mut self, line: &[u8], is_last: bool) -> Result<bool, FileError> {
        self.lines += 1;
        let text = line.strip_suffix(b"\n");
        if let Some(header) = self.header.take() {
            let is_whole = self.is_header(&header, line)?;
            if is_whole {
                self.held.header(line.len() as u64);
            }
            return Ok(is_whole);
        }
        let row = match self.reader.read(text.unwrap_or(line)) {
            Ok(row) => row,
            Err(_) if is_last && self.is_ours(line) => return Ok(false),
            Err(reason) => return Err(self.corrupt(reason)),
        };
        let place = self.place(&row)?;
        if text.is_some() {
            self.keep(place, row, line.len() as u64)?;
        }
        Ok(text.is_some())
    }

    /// Whether the first line is `header` to its end; it must at least be its beginning.
    fn is_header(&self, header: &str, line: &[u8]) -> Result<bool, FileError> {
        match line.strip_suffix(b"\n") {
            Some(text) if text == header.as_bytes() => Ok(true),
            None if header.as_bytes().starts_with(line) => Ok(false),
            _ => Err(FileError::Header(self.path.into())),
        }
    }

    /// The place of a row's point.
    fn place(&self, row: &FileRow) -> Result<usize, FileError> {
        let point = row.key();
        let (path, line) = (self.path.into(), self.lines);
        let place = self.held.places.get(&point).copied();
        place.ok_or_else(|| FileError::OtherSweep { path, line, point: point.into() })
    }

    /// Takes a row of the point at `place`.
    fn keep(&mut self, place: usize, row: FileRow, bytes: u64) -> Result<(), FileError> {
        let asked = self.points[place].asked(self.settings);
        let is_own = row.request().is_some_and(|request| asked.is_of(&request));
        if self.settings.predicted && !row.text("verified").is_empty() {
            let (path, line, point) = (self.path.into(), self.lines, row.key().into());
            return Err(FileError::Measured { path, line, point });
        }
        let span = self.held.next(bytes);
        let rows = &mut self.held.rows[place];
        if !is_own {
            rows.others.push(span);
            self.others.insert(place, Part::of(&row, &asked));
            return Ok(());
        }
        if rows.own.is_some() {
            let (path, line, point) = (self.path.into(), self.lines, row.key().into());
            return Err(FileError::Repeated { path, line, point });
        }
        rows.own = Some(span);
        self.standings[place] = Some(row.standing().map_err(|reason| self.corrupt(reason))?);
        Ok(())
    }

    fn corrupt(&self, reason: String) -> FileError {
        FileError::Corrupt { path: self.path.into(), line: self.lines, reason }
    }

    /// Whether a last line that is no row was to become one: a file of something else is not to be
    /// cut.
    fn is_ours(&self, line: &[u8]) -> bool {
        self.held.end > 0 || Reader::is_start_of_row(line)
    }
}

#[cfg(test)]
mod tests;
