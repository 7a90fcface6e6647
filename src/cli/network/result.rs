//! Where what a network gave goes.

use std::io::{self, Write};

use super::{Args, text};
use crate::cli::Failure;
use crate::cli::export::Directory;
use crate::cli::output::{Format, OutputFile, print_json};
use crate::job::{NetworkResult, RunSpec};
use crate::report::{NetworkRecord, count_text};

/// The files that a run is to write, of which it is clear that it can.
pub(super) struct Destinations {
    output: Option<OutputFile>,
    experiments: Option<Directory>,
}

impl Destinations {
    /// # Errors
    /// That one cannot be written.
    pub(super) fn of(args: &Args) -> Result<Self, Failure> {
        let experiments = args.export.clone().into_directory()?;
        Ok(Self { output: args.output.clone().map(OutputFile::new).transpose()?, experiments })
    }

    /// Tells and writes what the layers of `runs` gave.
    ///
    /// # Errors
    /// That the result is wrong, else why something is not written.
    pub(super) fn take(
        self,
        result: &NetworkResult,
        runs: &[RunSpec],
        format: Format,
    ) -> Result<(), Failure> {
        let record = &result.record;
        let printed = print(record, format);
        if let Some(output) = self.output {
            output.write_reals(&result.output(), record.verdict)?;
            for other in result.outputs.iter().skip(1) {
                output.of_output(&other.name).write_reals(&other.planes(), record.verdict)?;
            }
        }
        if let Some(directory) = self.experiments {
            for (run, layer) in runs.iter().zip(&record.layers) {
                let export = directory.experiment(&run.layer.spec.name)?;
                export.write(&run.experiment(), Some(&layer.record))?;
            }
        }
        verdict(record)?;
        printed
    }
}

fn print(record: &NetworkRecord, format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => writeln!(io::stdout(), "{}", text::text(record)).map_err(Failure::from),
        Format::Json => print_json(record),
    }
}

/// Refuses what is wrong.
///
/// # Errors
/// What is wrong.
pub(super) fn verdict(record: &NetworkRecord) -> Result<(), Failure> {
    if record.verdict.is_bad() {
        let (wrong, all) = (record.output_mismatches as u64, record.output_values as u64);
        let (wrong, all) = (count_text(wrong), count_text(all));
        return Err(Failure::Failed(format!(
            "wrong result: {wrong} of {all} values of the output differ from the plain network"
        )));
    }
    let wrong = record.comparisons.iter().find_map(|comparison| {
        let (layer, fault) =
            comparison.layers.iter().find_map(|layer| Some((&layer.layer.name, layer.fault()?)))?;
        Some(format!("{}, layer {layer}: {fault}", comparison.name))
    });
    wrong.map_or(Ok(()), |wrong| Err(Failure::Failed(wrong)))
}
