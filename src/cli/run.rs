//! `heconv run`: one layer under encryption.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::export::{self, Export};
use super::one::One;
use super::output::{Format, print, warn};
use super::progress::Progress;
use super::{Failure, calibrate, files};
use crate::job::{JobError, Prepared, RunSpec};
use crate::report::{Record, count_text};
use crate::tensor::{OutputFormat, Resize};

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
    /// Write the decrypted output: an array, or a contact sheet of all channels.
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
        let spec = self.one.into_spec()?;
        Ok(RunSpec {
            repeat: self.repeat.unwrap_or(1) as usize,
            subset: self.subset.map(|k| k as usize),
            image: self.image,
            resize: self.resize,
            input: self.input,
            costs: calibrate::costs(spec.backend),
            ..spec
        })
    }
}

pub(super) fn run(mut args: Args) -> Result<(), Failure> {
    let format = args.format;
    let output = match args.output.take() {
        Some(path) => Some((output_format(&path)?, path)),
        None => None,
    };
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
    if let Some((format, path)) = output {
        let written = format.write(&path, &result.output);
        written.map_err(|error| Failure::Failed(format!("cannot write --output {error}")))?;
    }
    if let Some(export) = export {
        write_experiment(&export, &spec, &result.record)?;
    }
    verdict(&result.record)?;
    printed
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

/// The format of an output file, once it is clear that it can be there.
pub(super) fn output_format(path: &Path) -> Result<OutputFormat, Failure> {
    let format = OutputFormat::of(path).ok_or_else(|| {
        Failure::Input(format!("--output {}: must end in .npy or .png", path.display()))
    })?;
    files::check_directory("--output", path)?;
    Ok(format)
}

fn verdict(record: &Record) -> Result<(), Failure> {
    let checked = record.verification.unwrap_or_default();
    let values = count_text(checked.values);
    if checked.mismatches > 0 {
        let wrong = count_text(checked.mismatches);
        return Err(Failure::Failed(format!(
            "wrong result: {wrong} of {values} values differ from the plain convolution"
        )));
    }
    if checked.overflows > 0 {
        let beyond = count_text(checked.overflows);
        return Err(Failure::Failed(format!(
            "overflow: {beyond} of {values} values do not fit the plaintext modulus {}",
            record.params.plain_modulus
        )));
    }
    Ok(())
}
