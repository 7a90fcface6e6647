//! `heconv run`: one layer under encryption.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::common::Common;
use super::progress::Progress;
use super::{Failure, choices};
use crate::arith::kernels::Reduction;
use crate::conv::AlgorithmKind;
use crate::job::{JobError, Prepared, RunSpec};
use crate::preset::{Catalogue, Experiment};
use crate::report::{Record, count_text, text};
use crate::tensor::OutputFormat;

/// The layer where none is named.
pub(super) const DEFAULT_LAYER: &str = "demo/photo";
/// The parameters where none are named.
pub(super) const DEFAULT_PARAMS: &str = "n4096-t20";

/// Arguments of `heconv run`. Every flag overrides the experiment file.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// An experiment file.
    experiment: Option<PathBuf>,
    /// The layer, by name; the demo layer where absent.
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Parameters: a name, a file, or like '4096:35,35|36:20' (ring degree : limb bits | special
    /// bits : plain bits); n4096-t20 where absent.
    #[arg(long, value_name = "NAME|FILE|SET")]
    params: Option<String>,
    /// conventional, padded, hadamard, or hadamard-fused (the default).
    #[arg(long, value_parser = choices::algorithm, value_name = "NAME")]
    algorithm: Option<AlgorithmKind>,
    /// eager, or lazy (the default).
    #[arg(long, value_parser = choices::reduction, value_name = "MODE")]
    reduction: Option<Reduction>,
    #[command(flatten)]
    common: Common,
    /// A PNG picture as input, resized to the layer's plane.
    #[arg(long, value_name = "FILE.png", conflicts_with = "input")]
    image: Option<PathBuf>,
    /// The input, integers of shape (channels, height, width).
    #[arg(long, value_name = "FILE.npy")]
    input: Option<PathBuf>,
    /// The weights, integers of shape (output channels, input channels, rows, columns).
    #[arg(long, value_name = "FILE.npy")]
    weights: Option<PathBuf>,
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
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

impl Args {
    /// The run these arguments ask for.
    fn into_spec(self) -> Result<RunSpec, Failure> {
        let file = self.experiment.as_deref().map(Experiment::read).transpose();
        let file = file.map_err(Failure::input)?;
        let catalogue = Catalogue::load().map_err(Failure::input)?;
        let named = |name: &str| catalogue.layer(name).cloned().map_err(Failure::input);
        let layer = match (&self.layer, &file) {
            (Some(name), _) => named(name)?,
            (None, Some(file)) => file.layer.clone(),
            (None, None) => named(DEFAULT_LAYER)?,
        };
        let named = |name: &str| catalogue.params_set(name).map_err(Failure::input);
        let params = match (&self.params, &file) {
            (Some(name), _) => named(name)?,
            (None, Some(file)) => file.params.clone(),
            (None, None) => named(DEFAULT_PARAMS)?,
        };
        let file = file.as_ref();
        let common = &self.common;
        Ok(RunSpec {
            layer,
            params,
            policy: common.policy(),
            algorithm: self
                .algorithm
                .or(file.and_then(|f| f.algorithm))
                .unwrap_or(AlgorithmKind::HadamardFused),
            reduction: self.reduction.or(file.and_then(|f| f.reduction)).unwrap_or(Reduction::Lazy),
            backend: common.backend(),
            threads: common.threads(file.and_then(|f| f.threads))?,
            seed: common.seed(file.and_then(|f| f.seed)),
            repeat: self.repeat.unwrap_or(1) as usize,
            subset: self.subset.map(|k| k as usize),
            max_memory: common.max_memory(),
            link: common.link(),
            image: self.image,
            input: self.input,
            weights: self.weights,
        })
    }
}

pub(super) fn run(mut args: Args) -> Result<(), Failure> {
    let format = args.format;
    let output = match args.output.take() {
        Some(path) => Some((output_format(&path)?, path)),
        None => None,
    };
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
    // Whether anybody reads the report or not, the output is written and the verdict given.
    let printed = print(&result.record, format);
    if let Some((format, path)) = output {
        let written = format.write(&path, &result.output);
        written.map_err(|error| Failure::Failed(format!("cannot write --output {error}")))?;
    }
    verdict(&result.record)?;
    printed
}

fn print(record: &Record, format: Format) -> Result<(), Failure> {
    let report = match format {
        Format::Text => text(record),
        Format::Json => {
            let json = serde_json::to_string(record);
            json.map_err(|error| Failure::Failed(error.to_string()))?
        }
    };
    Ok(writeln!(io::stdout(), "{report}")?)
}

/// The format of an output file, once it is clear that it can be there.
fn output_format(path: &Path) -> Result<OutputFormat, Failure> {
    let format = OutputFormat::of(path).ok_or_else(|| {
        Failure::Input(format!("--output {}: must end in .npy or .png", path.display()))
    })?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match directory {
        Some(directory) if !directory.is_dir() => Err(Failure::Input(format!(
            "cannot write --output {}: there is no directory {}",
            path.display(),
            directory.display()
        ))),
        _ => Ok(format),
    }
}

/// Says on stderr what a user should know before trusting the figures.
fn warn(record: &Record) -> io::Result<()> {
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
    Ok(())
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
