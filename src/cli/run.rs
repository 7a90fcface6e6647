//! `heconv run`: one layer under encryption.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::export::{self, Export};
use super::progress::Progress;
use super::{Failure, choices, files, units};
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::conv::AlgorithmKind;
use crate::job::{JobError, Prepared, RunSpec};
use crate::preset::{Catalogue, Experiment};
use crate::report::{Link, Record, count_text, text, total_memory};
use crate::tensor::OutputFormat;

const DEFAULT_LAYER: &str = "demo/photo";
const DEFAULT_PARAMS: &str = "n4096-t20";

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
    /// Lanes of a ciphertext; chosen by predicted server time where absent.
    #[arg(long, value_name = "C")]
    lanes: Option<usize>,
    /// Threads; all cores where absent.
    #[arg(long, value_name = "K")]
    threads: Option<usize>,
    /// Seed of data *and* secrets, for experiments alone; data come from seed 1 and secrets from
    /// the operating system where absent.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Instruction set: auto (the default), avx512ifma, or portable.
    #[arg(long, value_parser = choices::backend, value_name = "NAME")]
    backend: Option<Backend>,
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
    /// What a run may hold, server and plain data together, like 8GiB; 80 % of memory where absent.
    #[arg(long, value_parser = units::bytes, value_name = "BYTES")]
    max_memory: Option<u64>,
    /// Run parameters above the security cap, marked as such.
    #[arg(long)]
    insecure: bool,
    /// Security table: bossuat2024 (the default) or he2018.
    #[arg(long, value_parser = choices::table, value_name = "NAME")]
    table: Option<SecurityTable>,
    /// Security level: 128 (the default), 192 or 256 bits.
    #[arg(long, value_parser = choices::level, value_name = "BITS")]
    security: Option<SecurityLevel>,
    /// Bandwidth of the link; 100Mbit where absent.
    #[arg(long, value_parser = units::bandwidth, value_name = "RATE")]
    bandwidth: Option<f64>,
    /// Round trip of the link; 10ms where absent.
    #[arg(long, value_parser = units::milliseconds, value_name = "TIME")]
    rtt: Option<f64>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    export: export::Args,
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
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.or(file.and_then(|f| f.threads)).unwrap_or_else(cores);
        if !(1..=crate::preset::MAX_THREADS).contains(&threads) {
            let max = crate::preset::MAX_THREADS;
            return Err(Failure::Input(format!("--threads {threads} must be from 1 to {max}")));
        }
        let default = SecurityPolicy::default();
        Ok(RunSpec {
            layer,
            params,
            policy: SecurityPolicy {
                table: self.table.unwrap_or(default.table),
                level: self.security.unwrap_or(default.level),
                insecure: self.insecure,
                ..default
            },
            algorithm: self
                .algorithm
                .or(file.and_then(|f| f.algorithm))
                .unwrap_or(AlgorithmKind::HadamardFused),
            reduction: self.reduction.or(file.and_then(|f| f.reduction)).unwrap_or(Reduction::Lazy),
            backend: self.backend.unwrap_or_else(Backend::detect),
            threads,
            seed: self.seed.or(file.and_then(|f| f.seed)),
            repeat: self.repeat.unwrap_or(1) as usize,
            subset: self.subset.map(|k| k as usize),
            max_memory: self.max_memory.unwrap_or_else(|| total_memory() / 5 * 4),
            image: self.image,
            input: self.input,
            weights: self.weights,
            lanes: self.lanes.or(file.and_then(|f| f.lanes)),
            costs: None,
            link: Link {
                bandwidth_bits_per_second: self
                    .bandwidth
                    .unwrap_or(Link::default().bandwidth_bits_per_second),
                rtt_ms: self.rtt.unwrap_or(Link::default().rtt_ms),
            },
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
    export.write(&spec.experiment(), Some(record))
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
    files::check_directory("--output", path)?;
    Ok(format)
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
