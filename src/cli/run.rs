//! `heconv run`: one layer under encryption.

use std::io::{self, Write};
use std::path::PathBuf;

use super::Failure;
use super::export::{self, Export};
use super::one::{One, settled};
use super::output::{Format, OutputFile, print, warn};
use super::progress::Progress;
use crate::job::{Estimator, JobError, Prepared, RunSpec};
use crate::report::Record;
use crate::tensor::Resize;

/// Arguments of `heconv run`. Every flag overrides the experiment file.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    one: One,
    /// A PNG or JPEG picture as input, as --resize brings it to the layer's plane; grey for one
    /// channel.
    #[arg(long, value_name = "FILE.png|FILE.jpg", conflicts_with = "input")]
    image: Option<PathBuf>,
    /// How: crop scales it evenly until it covers the plane and takes the centre; a number does so
    /// with its shorter side that long (256 for networks trained on crops of 224); stretch scales
    /// each side by its own factor.
    #[arg(long, value_name = "crop|SIDE|stretch", default_value = "crop", requires = "image")]
    resize: Resize,
    /// The input, integers of shape (channels, height, width), or also (1, channels, height, width);
    /// negative ones make activations signed where the layer does not say.
    #[arg(long, value_name = "FILE.npy")]
    input: Option<PathBuf>,
    /// Write the decrypted output: an array, or a contact sheet of all channels. Where it is not
    /// exact, it is written under a name that says so, like y.overflowed.npy.
    #[arg(long, value_name = "FILE.npy|FILE.png")]
    output: Option<PathBuf>,
    /// Run K times and report the run with the median server time, and the spread.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: Option<u32>,
    /// Compute only the first output channels, as many as K ciphertexts of a strip hold, and
    /// extrapolate the rest; the fewer, the more times overstate.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    subset: Option<u32>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    export: export::Args,
}

impl Args {
    /// The run these arguments ask for.
    fn into_spec(self) -> Result<RunSpec, Failure> {
        let (spec, choice) = self.one.into_spec()?;
        let spec = RunSpec {
            repeat: self.repeat.unwrap_or(1) as usize,
            subset: self.subset.map(|k| k as usize),
            image: self.image,
            resize: self.resize,
            input: self.input,
            ..spec
        };
        settled(spec, choice, &Estimator::default())
    }
}

pub(super) fn run(mut args: Args) -> Result<(), Failure> {
    let format = args.format;
    let output = args.output.take().map(OutputFile::new).transpose()?;
    let export = std::mem::take(&mut args.export).into_export()?;
    let spec = args.into_spec()?;
    let progress = Progress::start()?;
    let result = Prepared::new(&spec).and_then(|prepared| prepared.run(&progress));
    progress.finish();
    let result = result.map_err(|error| match error {
        error if error.is_cancelled() => Failure::Interrupted,
        error if error.is_bad_input() => Failure::input(error),
        JobError::Run(error) => Failure::Failed(format!("the run failed: {error}")),
        error => Failure::Failed(error.to_string()),
    })?;
    warn(&result.record)?;
    // Whether anybody reads the report or not, the files are written and the verdict given.
    let printed = print(&result.record, format);
    if let Some(output) = output {
        output.write(&result.output, result.record.verdict())?;
    }
    if let Some(export) = export {
        write_experiment(&export, &spec, &result.record)?;
    }
    match result.record.fault() {
        Some(fault) => Err(Failure::Failed(fault.to_string())),
        None => printed,
    }
}

fn write_experiment(export: &Export, spec: &RunSpec, record: &Record) -> Result<(), Failure> {
    let has_own_data = [&spec.image, &spec.input, &spec.weights].into_iter().any(Option::is_some);
    if has_own_data && export.is_whole() {
        writeln!(
            io::stderr(),
            "heconv: warning: --export does not hold the data of --image, --input or --weights"
        )?;
    }
    let mut experiment = spec.experiment();
    if record.layer.activation_signed {
        // The layer may have left it to its input.
        experiment.layer.spec.activation_signed = Some(true);
    }
    export.write(&experiment, Some(record))
}
