//! Many pictures through one model.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::pictures::{Accuracy, Answers, Picture, Row, list};
use super::{form, serve, settle_bits};
use crate::cli::network::progress::LayerProgress;
use crate::cli::network::result::verdict;
use crate::cli::network::{Args, failure};
use crate::cli::output::{Format, print_json};
use crate::cli::{Failure, presets};
use crate::conv::{Observer, Stage};
use crate::job::{
    Estimator, Finished, ModelSpec, NetworkObserver, PreparedModel, model_runs, quick,
};
use crate::network::onnx::{Bits, Given, Model, Served, digest};
use crate::report::{SCHEMA, bytes_text};

/// What is reported.
#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    heconv_version: &'static str,
    network: &'a str,
    /// The fewest and the most of any layer.
    weight_bits: [u32; 2],
    /// As [`Report::weight_bits`].
    activation_bits: [u32; 2],
    #[serde(flatten)]
    accuracy: &'a Accuracy,
}

/// Stops layers where the user does; pictures have the line of progress.
struct Quiet<'a>(&'a LayerProgress);

impl Observer for Quiet<'_> {
    fn enter(&self, _: Stage, _: u64) {}

    fn advance(&self, _: Stage, _: u64) {}

    fn measured(&self, _: Stage, _: f64) {}

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl NetworkObserver for Quiet<'_> {
    fn layer(&self, _: usize) {}

    fn finished(&self, _: usize, _: &Finished) {}
}

pub(super) fn run(
    args: &Args,
    model: &Model,
    labels: Option<Vec<String>>,
    folder: &Path,
) -> Result<(), Failure> {
    let truths = args.model.truth.as_deref();
    let pictures = list("--images", folder, labels.as_deref(), truths)?;
    let form = form(args, model)?;
    let progress = LayerProgress::start()?;
    let first = match pictures.first() {
        Some(picture) => picture.given(args, &form)?,
        None => return Ok(()),
    };
    let mut served = serve(args, model, &first, form.is_positive(), &progress)?;
    if args.model.bits_search.is_some() {
        // All are held at once, and what each gives in floats.
        let each = (first.values.len() * size_of::<f32>() * 2) as u64;
        let (needed, allowed) =
            (each.saturating_mul(pictures.len() as u64), args.common.max_memory() / 4);
        if needed > allowed {
            let [needed, allowed] = [needed, allowed].map(bytes_text);
            return Err(Failure::Input(format!(
                "--bits-search holds all of --images, {needed}; --max-memory leaves {allowed}: give fewer"
            )));
        }
        let inputs = pictures.iter().map(|picture| picture.given(args, &form));
        let inputs: Vec<Given> = inputs.collect::<Result<_, _>>()?;
        settle_bits(args, &mut served, &inputs, &progress)?;
    }
    // What is found over other bits are other answers.
    let run = told(args, model, &served);
    let mut answers = Answers::open(args.model.answers.as_deref(), &run)?;
    let wanted = args.model.encrypted.min(pictures.len());
    let is_missing = |picture: &Picture| answers.find(&picture.name, true).is_none();
    let spec = if pictures[..wanted].iter().any(is_missing) {
        let (catalogue, estimator) = (presets::load()?, Estimator::default());
        let runs = |params: &_| model_runs(&served, params);
        let layers = args.tuned_layers(&catalogue, &estimator, &progress, runs)?;
        Some(ModelSpec { layers, labels, finished: Vec::new() })
    } else {
        None
    };
    let prepared = spec.as_ref().map(|spec| PreparedModel::new(&served, spec)).transpose();
    let prepared = prepared.map_err(failure)?;
    let mut rows = Vec::new();
    for (place, picture) in pictures.iter().enumerate() {
        progress.show("pictures", place, pictures.len());
        if progress.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        let is_encrypted = place < wanted;
        let known = answers.find(&picture.name, is_encrypted).cloned();
        let row = if let Some(row) = known {
            Row { truth: picture.truth, ..row }
        } else {
            let given = picture.given(args, &form)?;
            let prepared = prepared.as_ref().filter(|_| is_encrypted);
            let row = answer(&served, prepared, picture, &given, &Quiet(&progress))?;
            let row = Row { run: run.clone(), ..row };
            answers.add(&row)?;
            row
        };
        rows.push(row);
    }
    progress.finish();
    print(args.format, &served, &Accuracy::of(&rows))
}

/// What is found of one picture.
fn answer(
    served: &Served<'_>,
    prepared: Option<&PreparedModel<'_>>,
    picture: &Picture,
    given: &Given,
    observer: &Quiet<'_>,
) -> Result<Row, Failure> {
    let of = |error| match failure(error) {
        Failure::Input(text) => Failure::Input(format!("{}: {text}", picture.name)),
        Failure::Failed(text) => Failure::Failed(format!("{}: {text}", picture.name)),
        other => other,
    };
    let found = quick(served, given).map_err(of)?;
    let encrypted = match prepared {
        Some(prepared) => {
            let record = prepared.run(given, observer).map_err(of)?.record;
            verdict(&record)?;
            record.answer.and_then(|answer| Some(answer.top.first()?.class))
        }
        None => None,
    };
    Ok(Row {
        run: String::new(),
        picture: picture.name.clone(),
        truth: picture.truth,
        float: found.float_class,
        integer: found.class,
        encrypted,
        cosine: found.fidelity.cosine,
    })
}

fn print(format: Format, served: &Served<'_>, accuracy: &Accuracy) -> Result<(), Failure> {
    let bits = |of: fn(Bits) -> u32| {
        let all = || served.layers().iter().map(|layer| of(layer.bits()));
        [all().min().unwrap_or(0), all().max().unwrap_or(0)]
    };
    let (weight_bits, activation_bits) = (bits(|bits| bits.weights), bits(|bits| bits.activations));
    let network = served.name();
    match format {
        Format::Json => print_json(&Report {
            schema: SCHEMA,
            heconv_version: env!("CARGO_PKG_VERSION"),
            network,
            weight_bits,
            activation_bits,
            accuracy,
        }),
        Format::Text => {
            let range = |[least, most]: [u32; 2]| {
                if least == most { least.to_string() } else { format!("{least} to {most}") }
            };
            let [weights, activations] = [weight_bits, activation_bits].map(range);
            let head =
                format!("{network}, weights of {weights} bits, activations of {activations}");
            writeln!(io::stdout(), "{head}\n{}", accuracy.text()).map_err(Failure::from)
        }
    }
}

/// What answers follow from besides a picture.
fn told(args: &Args, model: &Model, served: &Served<'_>) -> String {
    let super::ModelArgs { mean, std, layout, shape, calibration, .. } = &args.model;
    let layers = served.layers().iter().map(|layer| {
        let Bits { weights, activations } = layer.bits();
        format!("{} {weights}/{activations} {} ", layer.name, layer.coding.name())
    });
    let numbers =
        |numbers: &[f64]| numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    let shape = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let layout = layout.map(|layout| format!("{layout:?}")).unwrap_or_default();
    let calibration = calibration.as_ref().map(|path| path.display().to_string());
    let all = format!(
        "{} {} mean {} std {} shape {shape} {layout} resize {:?} calibration {}",
        model.digest(),
        layers.collect::<String>(),
        numbers(mean),
        numbers(std),
        args.resize,
        calibration.unwrap_or_default()
    );
    digest(all.as_bytes())
}
