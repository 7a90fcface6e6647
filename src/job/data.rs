//! Inputs and weights of a run: from files, from the layer's preset, or from the seed.

use std::path::Path;

use ndarray::{Array1, Array3, Array4, s};

use super::{JobError, RunSpec};
use crate::conv::{Layer, LayerSpec, convolve, data};
use crate::network::{InputForm, InputRange, Width, read_layer};
use crate::preset::LayerData;
use crate::report::Record;
use crate::tensor::{
    Picture, TensorError, builtin_image, picture_input, picture_values, read_activations,
    read_picture,
};

/// What a run works on.
#[derive(Clone, Debug)]
pub struct RunData {
    /// The input of the layer's shape.
    pub input: Array3<i64>,
    /// The weights of the layer's shape, or those of its first output channels, as many as are run.
    pub weights: Array4<i8>,
    /// What the weights' file says beside them.
    pub from_file: FromFile,
    /// One number per output channel, if any.
    pub bias: Option<Array1<i64>>,
    /// Tells runs from one seed apart: each must have a number of its own.
    pub stream: u64,
}

/// What a file of weights says beside the integers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FromFile {
    /// What a weight of 1 stands for, one for each output channel of the layer; absent where there is
    /// no file.
    pub weight_scales: Option<Vec<f64>>,
    /// What there is to know.
    pub notes: Vec<String>,
}

impl FromFile {
    /// `record` with this.
    pub(super) fn record(&self, record: Record) -> Record {
        let Self { weight_scales, notes } = self.clone();
        Record { weight_scales, notes, ..record }
    }
}

/// The input, and the weights of the output channels of `part`: the layer itself, or its first
/// channels.
pub(super) fn load(
    spec: &RunSpec,
    layer: &Layer,
    part: &Layer,
    seed: u64,
) -> Result<RunData, JobError> {
    let (input, (weights, from_file)) =
        (input(spec, layer, seed)?, weights(spec, layer, part, seed)?);
    Ok(RunData { input, weights, from_file, bias: None, stream: 0 })
}

/// The input that a run of `spec` will take, for a look at it beforehand.
///
/// # Errors
/// [`JobError`] where the layer or its input is not valid.
pub fn input_preview(spec: &RunSpec) -> Result<Array3<i64>, JobError> {
    let layer = layer(spec)?;
    Ok(input(spec, &layer, spec.seed.unwrap_or(super::DEFAULT_SEED))?)
}

/// The input of a run of `spec` and its plain convolution, which the run's output is held against.
///
/// # Errors
/// [`JobError`] where the layer or its data are not valid.
pub fn plain(spec: &RunSpec) -> Result<(Array3<i64>, Array3<i64>), JobError> {
    let layer = layer(spec)?;
    let seed = spec.seed.unwrap_or(super::DEFAULT_SEED);
    let RunData { input, weights, .. } = load(spec, &layer, &layer, seed)?;
    let output = convolve(&layer, input.view(), weights.view(), || Ok::<_, JobError>(()))?;
    Ok((input, output))
}

/// The weights that a run of `spec` takes, of the layer's shape.
///
/// # Errors
/// [`JobError`] where the layer or its weights are not valid.
pub fn run_weights(spec: &RunSpec) -> Result<Array4<i8>, JobError> {
    let layer = layer(spec)?;
    Ok(weights(spec, &layer, &layer, spec.data_seed())?.0)
}

fn input(spec: &RunSpec, layer: &Layer, seed: u64) -> Result<Array3<i64>, TensorError> {
    if let Some(path) = &spec.input {
        return Ok(read_input(path, layer, Some(layer.activation_signed()))?.0);
    }
    match (&spec.image, &spec.layer.image) {
        (Some(path), _) => {
            let picture = read_picture(path, spec.max_memory)?;
            of_picture(spec, layer, &picture.resized(spec.resize))
        }
        (None, Some(name)) => of_picture(spec, layer, &builtin_image(name)?.resized(spec.resize)),
        (None, None) => Ok(match own_data(spec, layer) {
            Some(own) => own.input(layer),
            None => data::input(layer, seed),
        }),
    }
}

/// What comes with the layer, where that is of its shape.
fn own_data<'a>(spec: &'a RunSpec, layer: &Layer) -> Option<&'a LayerData> {
    spec.layer.data.as_deref().filter(|data| data.fits(layer))
}

/// A picture as the layer takes it: normalised where it takes the input of a network that says so.
fn of_picture(
    spec: &RunSpec,
    layer: &Layer,
    picture: &Picture,
) -> Result<Array3<i64>, TensorError> {
    let normalise = spec.layer.origin.as_ref().and_then(|origin| origin.normalise.clone());
    let Some(normalise) = normalise else { return picture_input(picture, layer) };
    let form = InputForm { width: Width::of(layer), range: InputRange::Normalised(normalise) };
    let taker = format!("layer {}", layer.name());
    let values = picture_values(picture, layer.input_shape(), &taker)?;
    Ok(form.quantise(&form.reals(values)))
}

/// The layer that a run of `spec` is of. Where it does not say whether its activations are signed,
/// they are if its input is a file with negative values.
pub(super) fn layer(spec: &RunSpec) -> Result<Layer, JobError> {
    let check = |given: &LayerSpec| {
        Layer::new(given)
            .map_err(|source| JobError::Layer { layer: spec.layer.full_name(), source })
    };
    let given = &spec.layer.spec;
    let layer = check(given)?;
    let (None, Some(path)) = (given.activation_signed, &spec.input) else { return Ok(layer) };
    let (_, signed) = read_input(path, &layer, None)?;
    if !signed {
        return Ok(layer);
    }
    check(&LayerSpec { activation_signed: Some(true), ..given.clone() })
}

fn read_input(
    path: &Path,
    layer: &Layer,
    signed: Option<bool>,
) -> Result<(Array3<i64>, bool), TensorError> {
    read_activations(path, layer.input_shape(), layer.activation_bits(), signed)
}

/// The weights of the output channels of `part`, and what their file says beside them.
pub(super) fn weights(
    spec: &RunSpec,
    layer: &Layer,
    part: &Layer,
    seed: u64,
) -> Result<(Array4<i8>, FromFile), TensorError> {
    let first = |all: Array4<i8>| all.slice_move(s![..part.out_channels(), .., .., ..]);
    if let Some(path) = &spec.weights {
        let (read, notes) = read_layer(path, layer, spec.layer.origin.as_ref())?;
        let notes = notes.into_iter().map(|note| note.text).collect();
        let from_file = FromFile { weight_scales: Some(read.scales.to_vec()), notes };
        return Ok((first(read.weights), from_file));
    }
    if let Some(own) = own_data(spec, layer) {
        let (weights, scales) = own.weights(layer);
        let from_file = FromFile { weight_scales: Some(scales), notes: Vec::new() };
        return Ok((first(weights), from_file));
    }
    let none = FromFile::default();
    // Seeded weights come channel by channel, so the first ones are the same in part and whole.
    let Some(filters) = &spec.layer.filters else { return Ok((data::weights(part, seed), none)) };
    let flat = filters.iter().flat_map(|filter| &filter.weights);
    let flat = flat.map(|weight| *weight as i8).collect();
    // Presets are checked against the layer's shape when they are read.
    Ok((first(Array4::from_shape_vec(layer.weight_shape(), flat).unwrap_or_default()), none))
}
