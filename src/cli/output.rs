//! Reports on standard output.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::Failure;
use crate::report::{Record, text};

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// Prints a record.
pub(super) fn print(record: &Record, format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => Ok(writeln!(io::stdout(), "{}", text(record))?),
        Format::Json => print_json(record),
    }
}

/// Prints one JSON object on a line.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(writeln!(io::stdout(), "{json}")?)
}
