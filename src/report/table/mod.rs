//! Records as tables: CSV and JSON lines with every figure, Markdown and LaTeX with those that
//! people compare.

mod cells;
mod csv;
mod latex;
mod markdown;
#[cfg(test)]
mod tests;

use std::path::Path;

use self::cells::Cells;
use super::SweepRow;
use crate::files;

pub use self::csv::{csv_header, csv_line, value_text};

/// The form of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values: a header line, then a line a row.
    Csv,
    /// A table for GitHub's Markdown.
    Markdown,
    /// A table for LaTeX with the package booktabs.
    Latex,
    /// A JSON object a line.
    JsonLines,
}

impl TableFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Markdown, Self::Latex, Self::JsonLines];

    /// How the names of such files end.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Markdown => ".md",
            Self::Latex => ".tex",
            Self::JsonLines => ".jsonl",
        }
    }

    /// The format that the name of a file asks for, if any.
    pub fn of(path: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|format| files::ends_in(path, format.ending()))
    }
}

/// What is wrong with the name of a file of which [`TableFormat::of`] knows no format.
pub fn unknown_table_ending() -> String {
    files::must_end_in(TableFormat::ALL.map(TableFormat::ending))
}

/// Why a row could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It has no form in JSON.
    #[error("cannot write a row as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It has no form in CSV.
    #[error("cannot write a row as CSV: {0}")]
    Csv(#[from] ::csv::Error),
}

/// The text of a table, with a newline at its end.
///
/// # Errors
/// That a row has no form in JSON, which no record comes to.
pub fn table_text(format: TableFormat, rows: &[SweepRow]) -> Result<String, TableError> {
    let cells = || rows.iter().map(Cells::new).collect::<Vec<_>>();
    match format {
        TableFormat::Csv => {
            let lines = rows.iter().map(csv_line);
            std::iter::once(csv_header()).chain(lines).collect()
        }
        TableFormat::JsonLines => rows.iter().map(json_line).collect(),
        TableFormat::Markdown => Ok(markdown::text(&cells())),
        TableFormat::Latex => Ok(latex::text(&cells())),
    }
}

/// The line of a row in JSON lines, with its newline.
///
/// # Errors
/// That the row has no form in JSON, which no record comes to.
pub fn json_line(row: &SweepRow) -> Result<String, TableError> {
    Ok(serde_json::to_string(row)? + "\n")
}
