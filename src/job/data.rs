//! Inputs and weights of a run: from files, from the layer's preset, or from the seed.

use std::path::Path;

use ndarray::{Array1, Array3, Array4, Ix4, s};

use super::{JobError, RunSpec};
use crate::conv::{Layer, LayerSpec, convolve, data};
use crate::network::read_layer;
use crate::tensor::{
    TensorError, builtin_image, picture_input, read_activations, read_integers, read_picture,
};

/// What a run works on.
#[derive(Clone, Debug)]
pub struct RunData {
    /// The input of the layer's shape.
    pub input: Array3<i64>,
    /// The weights of the layer's shape, or those of its first output channels, as many as are run.
    pub weights: Array4<i64>,
    /// What a weight of 1 stands for, where weights were quantised.
    pub weight_scale: Option<f64>,
    /// One number per output channel, if any.
    pub bias: Option<Array1<i64>>,
    /// Tells runs from one seed apart: each must have a number of its own.
    pub stream: u64,
}

/// The input, and the weights of the output channels of `part`: the layer itself, or its first
/// channels.
pub(super) fn load(
    spec: &RunSpec,
    layer: &Layer,
    part: &Layer,
    seed: u64,
) -> Result<RunData, JobError> {
    let (input, (weights, weight_scale)) =
        (input(spec, layer, seed)?, weights(spec, layer, part, seed)?);
    Ok(RunData { input, weights, weight_scale, bias: None, stream: 0 })
}

/// Bytes of a run's data outside the server: input, weights, and the output twice, decrypted and
/// expected.
pub(super) fn bytes(layer: &Layer, part: &Layer) -> u64 {
    let input: usize = layer.input_shape().iter().product();
    let output: usize = part.output_shape().iter().product();
    ((input + part.weight_count() + 2 * output) * size_of::<i64>()) as u64
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

fn input(spec: &RunSpec, layer: &Layer, seed: u64) -> Result<Array3<i64>, TensorError> {
    if let Some(path) = &spec.input {
        return Ok(read_input(path, layer, Some(layer.activation_signed()))?.0);
    }
    match (&spec.image, &spec.layer.image) {
        (Some(path), _) => {
            picture_input(&read_picture(path, spec.max_memory)?.resized(spec.resize), layer)
        }
        (None, Some(name)) => picture_input(&builtin_image(name)?.resized(spec.resize), layer),
        (None, None) => Ok(data::input(layer, seed)),
    }
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

/// The weights of the output channels of `part`, and what a 1 stands for where they were quantised.
pub(super) fn weights(
    spec: &RunSpec,
    layer: &Layer,
    part: &Layer,
    seed: u64,
) -> Result<(Array4<i64>, Option<f64>), TensorError> {
    let first = |all: Array4<i64>| all.slice_move(s![..part.out_channels(), .., .., ..]);
    if let Some(path) = spec.weights.as_ref().filter(|path| !is_single(path)) {
        let read = read_layer(path, layer)?;
        return Ok((first(read.weights), Some(read.scale)));
    }
    if let Some(path) = &spec.weights {
        let range = -layer.max_weight()..=layer.max_weight();
        let array = read_integers(path, &layer.weight_shape(), range)?;
        // The shape was checked, so this is an array of four dimensions.
        return Ok((first(array.into_dimensionality::<Ix4>().unwrap_or_default()), None));
    }
    // Seeded weights come channel by channel, so the first ones are the same in part and whole.
    let Some(filters) = &spec.layer.filters else { return Ok((data::weights(part, seed), None)) };
    let flat: Vec<i64> = filters.iter().flat_map(|filter| &filter.weights).copied().collect();
    // Presets are checked against the layer's shape when they are read.
    Ok((first(Array4::from_shape_vec(layer.weight_shape(), flat).unwrap_or_default()), None))
}

/// Whether a file holds one array of integers and no names.
fn is_single(path: &Path) -> bool {
    path.extension().is_none_or(|ending| ending.eq_ignore_ascii_case("npy"))
}
