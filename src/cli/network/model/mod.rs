//! `heconv network MODEL.onnx`: a trained model, to its answer.

mod args;
mod bits;
mod many;
mod pictures;

use std::path::Path;

use super::progress::LayerProgress;
use super::session::{Session, tell};
use super::{Args, failure};
use crate::cli::Failure;
use crate::job::{ModelSpec, PreparedModel, model_runs};
use crate::network::onnx::{
    Builtin, Client, Given, Model, Options, PictureForm, Served, fewest_bits,
};
use crate::tensor::{builtin_image, read_picture, read_reals};

use self::bits::BitsFile;

pub(super) use args::ModelArgs;

/// The picture for models that take three channels, where the user gives none.
const DEFAULT_IMAGE: &str = "cat-224";

/// Whether this is a model, and no network of presets.
pub(super) fn is_model(network: &str) -> bool {
    let ending = Path::new(network).extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
        || Builtin::of(network).is_some()
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    refuse(args)?;
    let max_memory = args.common.max_memory();
    let model = match Builtin::of(&args.network) {
        Some(builtin) => builtin.model(max_memory),
        None => Model::open(Path::new(&args.network), max_memory),
    };
    let model = model.map_err(Failure::input)?;
    let labels = labels(args)?;
    match &args.model.images {
        Some(folder) => many::run(args, &model, labels, folder),
        None => one(args, &model, labels),
    }
}

/// One input, encrypted.
fn one(args: &Args, model: &Model, labels: Option<Vec<String>>) -> Result<(), Failure> {
    let mut session = Session::begin(args)?;
    let (given, positive) = given(args, model)?;
    let mut served = serve(args, model, &given, positive, &session.progress)?;
    settle_bits(args, &mut served, std::slice::from_ref(&given), &session.progress)?;
    let Session { catalogue, estimator, progress, .. } = &session;
    let runs = |params: &_| model_runs(&served, params);
    let layers = args.tuned_layers(catalogue, estimator, progress, runs)?;
    let spec = ModelSpec { layers, labels, finished: session.resume()? };
    session.run(served.name(), &spec.layers, |progress| {
        let prepared = PreparedModel::new(&served, &spec).map_err(failure)?;
        tell(&prepared.notes())?;
        prepared.run(&given, progress).map_err(failure)
    })
}

/// The layers of the model, calibrated where that is asked for.
fn serve<'m>(
    args: &Args,
    model: &'m Model,
    given: &Given,
    positive: bool,
    progress: &LayerProgress,
) -> Result<Served<'m>, Failure> {
    let file = BitsFile::of(args.model.bits.as_ref())?;
    let bits = |name: &str| file.bits(name);
    let allow_client_layers = args.model.allow_client_layers;
    let options = Options { bits: &bits, positive, allow_client_layers };
    let client = Client::new(args.common.threads(None)?);
    let mut served = Served::new(model, client, given, &options).map_err(Failure::input)?;
    file.check(&served)?;
    let Some(folder) = &args.model.calibration else { return Ok(served) };
    let form = form(args, model)?;
    let pictures = pictures::list("--calibration", folder, None, None)?;
    let mut ranges = vec![[0f32; 2]; served.layers().len()];
    for (done, picture) in pictures.iter().enumerate() {
        progress.show("calibration", done, pictures.len());
        if progress.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        let given = picture.given(args, &form)?;
        let reference = served.reference(&given).map_err(Failure::input)?;
        for ([least, most], [low, high]) in ranges.iter_mut().zip(reference.ranges) {
            (*least, *most) = (least.min(low), most.max(high));
        }
    }
    served.calibrate(&ranges);
    Ok(served)
}

/// Gives the layers the fewest bits that keep what the model says of all inputs, where that is asked for,
/// and writes what they have.
fn settle_bits(
    args: &Args,
    served: &mut Served<'_>,
    inputs: &[Given],
    progress: &LayerProgress,
) -> Result<(), Failure> {
    if let Some(kept) = args.model.bits_search {
        let mut each = Vec::new();
        for (done, given) in inputs.iter().enumerate() {
            progress.show("in floats", done, inputs.len());
            let mut reference = served.reference(given).map_err(Failure::input)?;
            // What layers give is not looked at, and takes the most.
            reference.layers.clear();
            each.push((given.clone(), reference));
        }
        let proceed = |done, of| {
            progress.show("bits", done, of);
            !progress.is_cancelled()
        };
        let found = fewest_bits(served, &each, kept, proceed).map_err(Failure::input)?;
        if progress.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        if !found {
            let text =
                "the bits to begin with do not keep it either; give --bits more, or ask for less";
            return Err(Failure::Failed(format!("--bits-search: {text}")));
        }
    }
    match &args.model.write_bits {
        Some(path) => BitsFile::of_layers(served).write(path),
        None => Ok(()),
    }
}

/// What is of networks of presets alone.
fn refuse(args: &Args) -> Result<(), Failure> {
    if args.weights.is_some() {
        let text = "a model has its weights in its file; --weights is for networks of presets";
        return Err(Failure::Input(format!("--weights: {text}")));
    }
    if args.compare.is_some() && args.model.images.is_some() {
        let text = "tells of many pictures what they show; compare on one, with --image";
        return Err(Failure::Input(format!("--compare: --images {text}")));
    }
    Ok(())
}

/// The names of the classes: those given, or those of a model that is built in.
fn labels(args: &Args) -> Result<Option<Vec<String>>, Failure> {
    let builtin = Builtin::of(&args.network).map(Builtin::labels);
    Ok(args.model.labels()?.or(builtin))
}

/// How pictures become inputs.
fn form(args: &Args, model: &Model) -> Result<PictureForm, Failure> {
    let ModelArgs { mean, std, layout, .. } = &args.model;
    let shape = shape(args, model)?;
    let form = PictureForm::new(model.name(), &shape, layout.map(Into::into), [mean, std]);
    form.map_err(Failure::input)
}

fn shape(args: &Args, model: &Model) -> Result<Vec<usize>, Failure> {
    let pinned = Some(args.model.shape.as_slice()).filter(|shape| !shape.is_empty());
    model.input_shape(pinned).map_err(Failure::input)
}

/// The input, and whether no input like it has values below 0.
fn given(args: &Args, model: &Model) -> Result<(Given, bool), Failure> {
    if let Some(path) = &args.input {
        let shape = shape(args, model)?;
        let values = read_reals(path, &shape).map_err(Failure::input)?;
        let values = values.iter().map(|value| *value as f32).collect();
        return Ok((Given { shape, values }, false));
    }
    let form = form(args, model)?;
    let picture = match (&args.image, Builtin::of(&args.network)) {
        (Some(path), _) => read_picture(path, args.common.max_memory()),
        (None, Some(builtin)) => builtin.picture(),
        (None, None) => builtin_image(DEFAULT_IMAGE),
    };
    let picture = picture.map_err(Failure::input)?.resized(args.resize);
    Ok((form.given(&picture).map_err(Failure::input)?, form.is_positive()))
}
