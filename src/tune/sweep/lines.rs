//! Rows as lines of a file, written and read.

use std::io;
use std::path::Path;

use csv::StringRecord;

use super::PointKey;
use crate::report::{FailedPoint, SCHEMA, SweepRow, csv_header, csv_line, json_line};

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
    /// It could not be run.
    Failed,
}

impl Standing {
    /// How the point of `row` stands. A prediction has nothing wrong in it.
    pub fn of(row: &SweepRow) -> Self {
        match row {
            SweepRow::Failed(_) => Self::Failed,
            SweepRow::Done(record) if record.verdict().is_bad() => Self::Wrong,
            SweepRow::Done(_) => Self::Right,
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
    /// Points that could not be run.
    pub failed: usize,
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
        }
    }
}

/// Reads the lines of a file back.
#[derive(Debug)]
pub(super) enum Reader {
    JsonLines,
    Csv(Columns),
}

impl Reader {
    /// A reader, or the reason why this program's own table cannot be read.
    pub(super) fn new(format: Format) -> Result<Self, String> {
        match format {
            Format::JsonLines => Ok(Self::JsonLines),
            Format::Csv => Columns::of_table()
                .map(Self::Csv)
                .ok_or_else(|| "internal error: the table does not name its points".into()),
        }
    }

    /// The point of a line and how it stands, or why it is no row.
    pub(super) fn read(&self, line: &[u8]) -> Result<(PointKey, Standing), String> {
        match self {
            Self::JsonLines => {
                let row: SweepRow = serde_json::from_slice(line)
                    .map_err(|_| "no JSON object of a sweep's row".to_owned())?;
                Ok((PointKey::of(&row), Standing::of(&row)))
            }
            Self::Csv(columns) => columns.read(line),
        }
    }

    /// Whether `line` may be the beginning of a file's first row that was cut off.
    pub(super) fn is_start_of_row(line: &[u8]) -> bool {
        const START: &[u8] = b"{\"schema\":";
        let common = START.len().min(line.len());
        START[..common] == line[..common]
    }
}

/// Where the table has what identifies a point and how it stands.
#[derive(Debug)]
pub(super) struct Columns {
    count: usize,
    key: [usize; 4],
    error: usize,
    /// Where the table has the verdict.
    verified: usize,
}

impl Columns {
    /// The columns of the table as it is written: those that a row with known fields has them in.
    fn of_table() -> Option<Self> {
        let marks = ["layer", "params", "algorithm", "reduction", "error"].map(|name| {
            // No column name and no figure is like this.
            format!("<{name}>")
        });
        let [layer, params, algorithm, reduction, error] = marks.clone();
        let schema = SCHEMA;
        let point = FailedPoint { schema, layer, params, algorithm, reduction, error };
        let fields = split(csv_line(&SweepRow::Failed(point)).ok()?.as_bytes())?;
        let names = split(csv_header().ok()?.as_bytes())?;
        let at = |mark: &str| fields.iter().position(|field| field == mark);
        let named = |name: &str| names.iter().position(|column| column == name);
        let [layer, params, algorithm, reduction, error] = &marks;
        Some(Self {
            count: names.len(),
            key: [at(layer)?, at(params)?, at(algorithm)?, at(reduction)?],
            error: at(error)?,
            verified: named("verified")?,
        })
    }

    fn read(&self, line: &[u8]) -> Result<(PointKey, Standing), String> {
        let fields = split(line).ok_or("no line of a table")?;
        if fields.len() != self.count {
            let (found, count) = (fields.len(), self.count);
            return Err(format!("{found} columns, the table has {count}"));
        }
        let get = |at: usize| fields.get(at).unwrap_or_default();
        let [layer, params, algorithm, reduction] = self.key.map(|at| get(at).to_owned());
        let key = PointKey { layer, params, algorithm, reduction };
        let standing = match (get(self.error), get(self.verified)) {
            ("", "false") => Standing::Wrong,
            ("", _) => Standing::Right,
            _ => Standing::Failed,
        };
        Ok((key, standing))
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

    /// A right, a wrong, an overflowing and a failed row.
    fn rows() -> [(SweepRow, Standing); 4] {
        let sweep = sweep();
        let points = sweep.points();
        let done = |i: usize, mismatches, overflows| {
            let mut record = record_of(&points[i].spec(&settings()));
            let checked = record.verification.as_mut().expect("a run");
            (checked.mismatches, checked.overflows) = (mismatches, overflows);
            SweepRow::Done(Box::new(record))
        };
        [
            (done(4, 0, 0), Standing::Right),
            (done(5, 3, 0), Standing::Wrong),
            (done(6, 0, 1), Standing::Wrong),
            (SweepRow::Failed(points[7].failed("it, \"so\" said")), Standing::Failed),
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
                assert_eq!(reader.read(line.as_bytes()), Ok((PointKey::of(&row), standing)));
                assert_eq!(Standing::of(&row), standing);
                tally.add(standing);
            }
            assert_eq!(tally, Tally { done: 3, wrong: 2, failed: 1 });
        }
    }

    #[test]
    fn json_rows_are_whole() {
        for (row, _) in rows() {
            let line = Format::JsonLines.line(&row).expect("a line");
            assert_eq!(serde_json::from_str::<SweepRow>(&line).expect("a row"), row);
            assert!(Reader::is_start_of_row(line.as_bytes()));
        }
        assert!(Reader::is_start_of_row(b"{\"sch"));
        assert!(!Reader::is_start_of_row(b"# heconv"));
    }

    #[test]
    fn formats_go_by_endings() {
        let format = |name: &str| Format::of(Path::new(name));
        assert_eq!(format("a/b.jsonl"), Some(Format::JsonLines));
        assert_eq!(format("b.CSV"), Some(Format::Csv));
        assert_eq!((format("b.json"), format("csv"), format("")), (None, None, None));
    }
}
