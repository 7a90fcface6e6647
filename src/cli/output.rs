//! Reports on standard output, and files of decrypted values.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use ndarray::Array3;
use serde::Serialize;

use super::{Failure, files};
use crate::report::{Record, Verdict, text};
use crate::tensor::{OutputFormat, TensorError};

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// The file of --output.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    format: OutputFormat,
}

impl OutputFile {
    /// The file at `path`, once it is clear that it can be there.
    pub(super) fn new(path: PathBuf) -> Result<Self, Failure> {
        let format = OutputFormat::of(&path).ok_or_else(|| {
            Failure::Input(format!("--output {}: must end in .npy or .png", path.display()))
        })?;
        files::check_directory("--output", &path)?;
        Ok(Self { path, format })
    }

    /// The file beside it of another output, which has a name.
    pub(super) fn of_output(&self, name: &str) -> Self {
        let ending = self.path.extension().unwrap_or_default().to_string_lossy();
        let name = name.replace(['/', '\\'], "-");
        Self { path: self.path.with_extension(format!("{name}.{ending}")), format: self.format }
    }

    /// Writes the integers of a layer.
    pub(super) fn write(&self, output: &Array3<i64>, verdict: Verdict) -> Result<(), Failure> {
        self.write_by(verdict, |path| self.format.write(path, output))
    }

    /// Writes the real values of a network.
    pub(super) fn write_reals(
        &self,
        output: &Array3<f64>,
        verdict: Verdict,
    ) -> Result<(), Failure> {
        self.write_by(verdict, |path| self.format.write_reals(path, output))
    }

    /// Under its own name what is exact, and under one with the verdict's word what is not, so that
    /// nobody takes it for a result.
    fn write_by(
        &self,
        verdict: Verdict,
        write: impl FnOnce(&Path) -> Result<(), TensorError>,
    ) -> Result<(), Failure> {
        let path = if verdict.is_exact() { self.path.clone() } else { named(&self.path, verdict) };
        let written = write(&path);
        written.map_err(|error| Failure::Failed(format!("cannot write --output {error}")))?;
        if verdict.is_bad() {
            let (asked, word, path) = (self.path.display(), verdict.word(), path.display());
            writeln!(
                io::stderr(),
                "heconv: warning: the output is {word}: it is in {path}, and {asked} is not written"
            )?;
        }
        Ok(())
    }
}

/// The path with the verdict's word before its ending.
fn named(path: &Path, verdict: Verdict) -> PathBuf {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    path.with_extension(format!("{}.{ending}", verdict.word()))
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
    for note in &record.notes {
        writeln!(stderr, "heconv: note: {note}")?;
    }
    if !record.security.ok {
        writeln!(
            stderr,
            "heconv: warning: parameters above the security cap, run as --insecure or the file allows"
        )?;
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
