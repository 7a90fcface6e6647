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

/// Says on stderr what a user should know before trusting the figures.
pub(super) fn warn(record: &Record) -> io::Result<()> {
    let mut stderr = io::stderr();
    if !record.security.ok {
        writeln!(stderr, "heconv: warning: parameters above the security cap, run for --insecure")?;
    }
    let floor = record.noise_bits.predicted_final_floor;
    if floor < 0.0 {
        writeln!(
            stderr,
            "heconv: warning: predicted noise budget may run out ({floor:.1} bits at 2^-40); \
             use a larger modulus or a smaller t"
        )?;
    }
    if record.predicted && record.plaintext_headroom_bits < 0.0 {
        writeln!(
            stderr,
            "heconv: warning: some inputs give results beyond t/2; use {:.0} more bits of t",
            -record.plaintext_headroom_bits.floor()
        )?;
    }
    Ok(())
}
