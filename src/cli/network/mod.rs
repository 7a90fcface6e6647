//! `heconv network`: a whole network, layer by layer, encrypted.

mod layers;
mod model;
mod progress;
mod result;
mod resume;
mod session;
mod text;

use std::path::PathBuf;

use self::model::ModelArgs;
use self::session::{Session, tell};
use super::common::Common;
use super::export;
use super::output::Format;
use super::{Failure, choices, complete};
use crate::arith::kernels::Reduction;
use crate::conv::AlgorithmChoice;
use crate::job::{JobError, NetworkSpec, PreparedNetwork};
use crate::tensor::Resize;
use crate::tune::Objective;

/// Arguments of `heconv network`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// The network, by name or file; `-` is standard input. A file that ends in .onnx is a model, of which
    /// convolutions and products with constant matrices run encrypted; `digits` is one that is built in.
    #[arg(add = complete::networks())]
    network: String,
    /// Parameters of all layers: a name, a file, or like '4096:35,35|36:20'; or `tuned` for those
    /// that are best for each layer, or `tuned-shared` for one set that is best for all, both with
    /// the best algorithm of each layer where none is named; n4096-t20 where absent.
    #[arg(long, value_name = "NAME|FILE|SET|tuned|tuned-shared", add = complete::tuned_params())]
    params: Option<String>,
    /// What tuned parameters minimise.
    #[arg(long, value_parser = choices::objective(), default_value = "total", value_name = "FIGURE")]
    objective: Objective,
    /// The algorithm of all layers, or `any` for the one of each that is predicted to be best; where
    /// absent, hadamard-fused, and with tuned parameters any.
    #[arg(long, value_parser = choices::algorithm(), value_name = "NAME|any")]
    algorithm: Option<AlgorithmChoice>,
    /// How sums are reduced; lazy where absent.
    #[arg(long, value_parser = choices::reduction(), default_value = "lazy", value_name = "MODE")]
    reduction: Reduction,
    /// Also run every layer conventionally, one ciphertext of output channels each, and report
    /// ratios.
    #[arg(long, value_name = "conventional", value_parser = ["conventional"])]
    compare: Option<String>,
    /// A PNG or JPEG picture for the network's input, as --resize brings it to its size; grey for one
    /// channel; the built-in photograph where absent.
    #[arg(long, value_name = "FILE.png|FILE.jpg", conflicts_with = "input")]
    image: Option<PathBuf>,
    /// How: crop scales the picture evenly until it covers the input and takes the centre; a number
    /// does so with its shorter side that long (256 for networks trained on crops of 224); stretch
    /// scales each side by its own factor.
    #[arg(
        long,
        value_name = "crop|SIDE|stretch",
        default_value = "crop",
        conflicts_with = "input"
    )]
    resize: Resize,
    /// The network's input, integers of shape (channels, height, width) in units of `input_scale`; of a
    /// model floats of its input's shape.
    #[arg(long, value_name = "FILE.npy")]
    input: Option<PathBuf>,
    /// Weights by the names of PyTorch's state_dict, floats or integers; seeded ones where absent.
    #[arg(long, value_name = "FILE.safetensors|FILE.npz")]
    weights: Option<PathBuf>,
    /// Go on with the file that the same run left when it was stopped, or begin it.
    #[arg(long, value_name = "FILE.jsonl")]
    resume: Option<PathBuf>,
    /// Write the network's output, its real values as float64 or a contact sheet; where it is not
    /// exact, under a name that says so, like y.wrong.npy. Of several outputs the first; the others go
    /// beside it, like y.NAME.npy.
    #[arg(long, value_name = "FILE.npy|FILE.png")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    export: export::Args,
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    if model::is_model(&args.network) {
        return model::run(&args);
    }
    args.model.check_absent(&args.network)?;
    let labels = args.model.labels()?;
    let mut session = Session::begin(&args)?;
    let network = session.catalogue.network(&args.network).map_err(Failure::input)?;
    if network.graph.is_none() {
        return Err(Failure::input(JobError::NotAGraph(network.name)));
    }
    let layers = args.layers(&network, &session)?;
    let spec = NetworkSpec {
        network,
        layers,
        image: args.image.clone(),
        resize: args.resize,
        input: args.input.clone(),
        weights: args.weights.clone(),
        finished: session.resume()?,
    };
    session.run(&spec.network.name, &spec.layers, |progress| {
        let prepared = PreparedNetwork::new(&spec).map_err(failure)?.with_labels(labels);
        tell(&prepared.notes())?;
        prepared.run(progress).map_err(failure)
    })
}

fn failure(error: JobError) -> Failure {
    match error {
        error if error.is_cancelled() => Failure::Interrupted,
        error if error.is_bad_input() => Failure::input(error),
        error => Failure::Failed(error.to_string()),
    }
}
