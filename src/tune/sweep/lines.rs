//! Rows as lines of a file, written and read.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use csv::StringRecord;
use serde::Deserialize as _;
use serde_json::Value;

use super::PointKey;
use crate::report::{
    Outcome, Refusal, Request, SweepRow, csv_header, csv_line, json_line, value_text,
};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// A table under a line of column names.
    Csv,
}

impl Format {
    /// The format of a file, by its ending: `.jsonl` or `.csv`.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" => Some(Self::JsonLines),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    /// The first line of a file, without a line break, where there is one.
    ///
    /// # Errors
    /// None that the table's names come to.
    pub fn header(self) -> io::Result<Option<String>> {
        let line = (self == Self::Csv).then(csv_header).transpose().map_err(io::Error::other)?;
        Ok(line.map(without_break))
    }

    /// The line of a row, without a line break.
    ///
    /// # Errors
    /// That the row has no form in JSON, which none comes to.
    pub fn line(self, row: &SweepRow) -> io::Result<String> {
        let line = match self {
            Self::JsonLines => json_line(row),
            Self::Csv => csv_line(row),
        };
        line.map(without_break).map_err(io::Error::other)
    }
}

fn without_break(mut line: String) -> String {
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    line
}

/// How a point that is done stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has a record with nothing wrong in it.
    Right,
    /// Its run gave wrong values, or values beyond the plaintext modulus.
    Wrong,
    /// It was tried and failed.
    Failed,
    /// It is not permitted, and was not tried.
    Refused(Refusal),
}

impl Standing {
    /// How the point of `row` stands. A prediction has nothing wrong in it.
    pub fn of(row: &SweepRow) -> Self {
        match &row.outcome {
            Outcome::Failed(point) => point.refused.map_or(Self::Failed, Self::Refused),
            Outcome::Done(record) if record.verdict().is_bad() => Self::Wrong,
            Outcome::Done(_) => Self::Right,
        }
    }
}

/// Points that are done, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Points with a record, right or wrong.
    pub done: usize,
    /// Points with a wrong one.
    pub wrong: usize,
    /// Points that were tried and failed.
    pub failed: usize,
    /// Points that are not permitted, by the reasons of [`Refusal::ALL`].
    refused: [usize; Refusal::ALL.len()],
}

impl Tally {
    /// Counts a point.
    pub fn add(&mut self, standing: Standing) {
        match standing {
            Standing::Right => self.done += 1,
            Standing::Wrong => {
                self.done += 1;
                self.wrong += 1;
            }
            Standing::Failed => self.failed += 1,
            Standing::Refused(refusal) => self.refused[refusal as usize] += 1,
        }
    }

    /// How many points are not permitted for each reason that there is.
    pub fn refused(&self) -> impl Iterator<Item = (Refusal, usize)> {
        Refusal::ALL.into_iter().zip(self.refused).filter(|(_, count)| *count > 0)
    }

    /// All points that were counted.
    pub fn points(&self) -> usize {
        self.done + self.failed + self.refused.iter().sum::<usize>()
    }
}

impl fmt::Display for Tally {
    /// The counts in words: `8 done, 0 failed, 4 above the security cap`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} done, {} failed", self.done, self.failed)?;
        self.refused()
            .try_for_each(|(refusal, count)| write!(formatter, ", {count} {}", refusal.of_points()))
    }
}

/// Reads the lines of a file back.
#[derive(Debug)]
pub(super) enum Reader {
    JsonLines,
    Csv(Columns),
}

/// The columns of a table and where they are.
pub(super) type Columns = Arc<HashMap<String, usize>>;

impl Reader {
    /// A reader, or the reason why this program's own table cannot be read.
    pub(super) fn new(format: Format) -> Result<Self, String> {
        match format {
            Format::JsonLines => Ok(Self::JsonLines),
            Format::Csv => {
                let header = csv_header().map_err(|error| error.to_string())?;
                let names = split(header.as_bytes()).ok_or("internal error: no header")?;
                let names = names.iter().enumerate().map(|(at, name)| (name.to_owned(), at));
                Ok(Self::Csv(Arc::new(names.collect())))
            }
        }
    }

    /// The row of a line, or why it is none.
    pub(super) fn read(&self, line: &[u8]) -> Result<FileRow, String> {
        let row = match self {
            Self::JsonLines => {
                let value = serde_json::from_slice(line).map_err(|_| NO_ROW.to_owned())?;
                FileRow::Json(value)
            }
            Self::Csv(columns) => {
                let fields = split(line).ok_or("no line of a table")?;
                if fields.len() != columns.len() {
                    let (found, count) = (fields.len(), columns.len());
                    return Err(format!("{found} columns, the table has {count}"));
                }
                FileRow::Csv(Arc::clone(columns), fields)
            }
        };
        let PointKey { layer, params, algorithm, reduction } = row.key();
        if [layer, params, algorithm, reduction].iter().any(String::is_empty) {
            return Err(NO_ROW.to_owned());
        }
        Ok(row)
    }

    /// Whether `line` may be the beginning of a file's first row that was cut off.
    pub(super) fn is_start_of_row(line: &[u8]) -> bool {
        const START: &[u8] = b"{\"schema\":";
        let common = START.len().min(line.len());
        START[..common] == line[..common]
    }
}

const NO_ROW: &str = "no row of a sweep";

/// A row as a file has it. Rows of earlier versions are rows too.
#[derive(Debug)]
pub(super) enum FileRow {
    Json(Value),
    Csv(Columns, StringRecord),
}

impl FileRow {
    /// What it has in a column of the table, empty where that is nothing.
    pub(super) fn text(&self, column: &str) -> String {
        match self {
            Self::Json(value) => value_text(value, column),
            Self::Csv(columns, fields) => {
                columns.get(column).and_then(|at| fields.get(*at)).unwrap_or_default().to_owned()
            }
        }
    }

    /// The point it is of.
    pub(super) fn key(&self) -> PointKey {
        // Rows without figures once had names in place of layers and parameters.
        let name = |whole: &str| match (self, self.text(&format!("{whole}.name"))) {
            (Self::Json(value), name) if name.is_empty() => {
                value.get(whole).and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            (_, name) => name,
        };
        PointKey {
            layer: name("layer"),
            params: name("params"),
            algorithm: self.text("algorithm"),
            reduction: self.text("reduction"),
        }
    }

    /// What it was asked for, as far as it says; none of rows of earlier versions.
    pub(super) fn request(&self) -> Option<Request> {
        let digest = self.text("request.digest");
        let max_memory = self.text("request.max_memory").parse().ok();
        (!digest.is_empty()).then(|| Request { digest, max_memory, ..Request::default() })
    }

    /// How its point stands, or why it is no row of this version.
    pub(super) fn standing(&self) -> Result<Standing, String> {
        if let Self::Json(value) = self {
            let row = SweepRow::deserialize(value).map_err(|error| format!("{NO_ROW}: {error}"))?;
            return Ok(Standing::of(&row));
        }
        let refused = self.text("refused");
        let refused = Refusal::ALL.into_iter().find(|refusal| refusal.name() == refused);
        Ok(match (refused, self.text("error").as_str()) {
            (Some(refusal), _) => Standing::Refused(refusal),
            (None, "") if self.text("verified") == "false" => Standing::Wrong,
            (None, "") => Standing::Right,
            (None, _) => Standing::Failed,
        })
    }
}

/// The fields of a line of CSV.
fn split(line: &[u8]) -> Option<StringRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut fields = StringRecord::new();
    matches!(reader.read_record(&mut fields), Ok(true)).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{record_of, settings, sweep};
    use super::*;
    use crate::job::Problem;

    /// A right, a wrong, an overflowing, a failed and a refused row.
    fn rows() -> [(SweepRow, Standing); 5] {
        let sweep = sweep();
        let points = sweep.points();
        let done = |i: usize, mismatches, overflows| {
            let mut record = record_of(&points[i].spec(&settings()));
            let checked = record.verification.as_mut().expect("a run");
            (checked.mismatches, checked.overflows) = (mismatches, overflows);
            points[i].asked(&settings()).done(record)
        };
        let failed = |i: usize, refusal| {
            let problem = Problem { text: "it, \"so\" said".into(), refusal };
            points[i].asked(&settings()).failed(&problem)
        };
        [
            (done(4, 0, 0), Standing::Right),
            (done(5, 3, 0), Standing::Wrong),
            (done(6, 0, 1), Standing::Wrong),
            (failed(7, None), Standing::Failed),
            (failed(8, Some(Refusal::Memory)), Standing::Refused(Refusal::Memory)),
        ]
    }

    #[test]
    fn rows_are_read_as_written() {
        for format in [Format::JsonLines, Format::Csv] {
            let reader = Reader::new(format).expect("a reader");
            let mut tally = Tally::default();
            for (row, standing) in rows() {
                let line = format.line(&row).expect("a line");
                assert!(!line.contains('\n'));
                let read = reader.read(line.as_bytes()).expect("a row");
                assert_eq!((read.key(), read.standing()), (PointKey::of(&row), Ok(standing)));
                let (found, request) = (read.request(), row.request.as_ref());
                let found = found.map(|request| (request.digest, request.max_memory));
                assert_eq!(found, request.map(|r| (r.digest.clone(), r.max_memory)));
                assert_eq!(Standing::of(&row), standing);
                tally.add(standing);
            }
            assert_eq!((tally.done, tally.wrong, tally.failed, tally.points()), (3, 2, 1, 5));
            assert_eq!(tally.to_string(), "3 done, 1 failed, 1 beyond the memory limit");
        }
    }

    #[test]
    fn json_rows_are_whole_and_of_one_type() {
        for (row, _) in rows() {
            let line = Format::JsonLines.line(&row).expect("a line");
            assert_eq!(serde_json::from_str::<SweepRow>(&line).expect("a row"), row);
            assert!(Reader::is_start_of_row(line.as_bytes()));
            let value: Value = serde_json::from_str(&line).expect("JSON");
            for object in ["layer", "params", "security", "link", "request"] {
                assert!(value[object].is_object(), "{object}: {line}");
            }
        }
        assert!(Reader::is_start_of_row(b"{\"sch"));
        assert!(!Reader::is_start_of_row(b"# heconv"));
    }

    #[test]
    fn rows_of_earlier_versions_are_known() {
        let line = br#"{"schema":1,"layer":"a/b","params":"p","algorithm":"x","reduction":"lazy","error":"e"}"#;
        let row = Reader::JsonLines.read(line).expect("a row");
        assert_eq!(row.key().to_string(), "a/b p x lazy");
        assert!(row.request().is_none() && row.standing().is_err());
        assert!(Reader::JsonLines.read(b"{\"schema\":1}").is_err());
    }

    #[test]
    fn formats_go_by_endings() {
        let format = |name: &str| Format::of(Path::new(name));
        assert_eq!(format("a/b.jsonl"), Some(Format::JsonLines));
        assert_eq!(format("b.CSV"), Some(Format::Csv));
        assert_eq!((format("b.json"), format("csv"), format("")), (None, None, None));
    }
}
