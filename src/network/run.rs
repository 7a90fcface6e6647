//! An input through a network.

use std::borrow::Cow;
use std::convert::Infallible;

use ndarray::{Array1, Array3, Array4};
use serde::{Deserialize, Serialize};

use super::activations::Width;
use super::client;
use super::graph::{Graph, Node, Source};
use super::layer_weights::LayerWeights;
use super::onnx::ModelError;
use super::weights::Weights;
use crate::conv::{Layer, add_bias, convolve};

/// Sums beyond this are refused: no valid layer reaches it.
const LIMIT: i64 = 1 << 56;

/// One convolution of a run.
#[derive(Debug)]
pub struct Convolution<'a> {
    /// Its node's index.
    pub index: usize,
    /// The layer.
    pub layer: &'a Layer,
    /// Activations (channels, height, width) within the layer's range.
    pub input: &'a Array3<i64>,
    /// Weights of the layer's shape.
    pub weights: &'a Array4<i8>,
    /// What the server adds to every sum of an output channel.
    pub bias: Option<&'a Array1<i64>>,
}

/// What became of one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerReport {
    /// Its name.
    pub name: String,
    /// What a 1 in the input of the convolution stands for.
    pub input_scale: f64,
    /// Output channels all of whose weights are 0.
    pub zero_channels: usize,
    /// The largest sum of the convolution in absolute value, with a bias that the server adds.
    pub largest_sum: i64,
    /// What a 1 stands for in the integers that the next convolutions take of the result; absent
    /// where none takes it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scale: Option<f64>,
    /// Shape of the result: channels, height, width.
    pub shape: [usize; 3],
}

/// What a network gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The outputs, in real values.
    pub outputs: Vec<Array3<f64>>,
    /// One for each node, in order.
    pub layers: Vec<LayerReport>,
}

/// Why a network could not run to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError<E> {
    /// Weights of another graph.
    #[error("the weights are not of this network's layers")]
    Weights,
    /// An input of another shape.
    #[error("the input is {found:?}; the network takes {expected:?}")]
    InputShape {
        /// Its shape.
        found: Vec<usize>,
        /// The shape it must have.
        expected: [usize; 3],
    },
    /// A convolution that gave no sums of its layer.
    #[error("layer {layer}: the convolution gave {found}; expected {expected}")]
    Sums {
        /// Which layer.
        layer: String,
        /// What it gave.
        found: String,
        /// What it should give.
        expected: String,
    },
    /// A value that is no number.
    #[error("{of} has {value} at {at:?}, which is no value that can be quantised")]
    NotFinite {
        /// The input, or which layer's result.
        of: String,
        /// The value, as text.
        value: String,
        /// Its channel, row and column.
        at: (usize, usize, usize),
    },
    /// What the client of an ONNX model cannot do.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A convolution that failed.
    #[error("layer {layer}: {source}")]
    Convolution {
        /// Which one.
        layer: String,
        /// Why.
        source: E,
    },
}

/// What the client holds of a tensor.
#[derive(Default)]
struct Tensor {
    /// Its values, as long as a shortcut or the end of the network takes them.
    reals: Array3<f64>,
    /// The integers that convolutions take of it, as long as one does.
    integers: Array3<i64>,
    /// What a 1 in them stands for.
    scale: f64,
}

/// Sends `input`, of real values after any normalisation, through `graph`. `convolve` gives the sums
/// of each convolution with the bias that the server adds; `done` is told of each node when it is
/// finished, with its result in real values.
///
/// # Errors
/// [`RunError`]; the callback's own as [`RunError::Convolution`].
pub fn run<E>(
    graph: &Graph,
    weights: &Weights,
    input: Array3<f64>,
    mut convolve: impl FnMut(&Convolution<'_>) -> Result<Array3<i64>, E>,
    mut done: impl FnMut(usize, &LayerReport, &Array3<f64>),
) -> Result<Outcome, RunError<E>> {
    if !weights.are_of(graph) {
        return Err(RunError::Weights);
    }
    if input.shape() != graph.input_shape() {
        let (found, expected) = (input.shape().to_vec(), graph.input_shape());
        return Err(RunError::InputShape { found, expected });
    }
    check_values(&input, || "the input".into())?;
    let form = graph.input_form();
    let integers = form.quantise(&input);
    let mut tensors = vec![Tensor { reals: input, integers, scale: form.scale() }];
    let mut layers = Vec::with_capacity(graph.nodes().len());
    for (index, (node, weights)) in graph.nodes().iter().zip(weights.layers()).enumerate() {
        let (reals, mut report) = step(node, index, weights, &tensors, &mut convolve)?;
        let (mut integers, mut scale) = (Array3::default([0; 3]), 1.0);
        if let Some(width) = node.width {
            scale = width.scale_of(&reals);
            integers = width.quantise(&reals, scale);
            report.scale = Some(scale);
        }
        done(index, &report, &reals);
        layers.push(report);
        tensors.push(Tensor { reals, integers, scale });
        free(graph, index, &mut tensors);
    }
    let output = |place: &usize| std::mem::take(&mut tensors[place + 1].reals);
    Ok(Outcome { outputs: graph.outputs().iter().map(output).collect(), layers })
}

/// The sums of a convolution over the integers.
///
/// # Errors
/// None.
pub fn plain(call: &Convolution<'_>) -> Result<Array3<i64>, Infallible> {
    let Convolution { layer, input, weights, bias, .. } = call;
    let mut sums = convolve(layer, input.view(), weights.view(), || Ok::<_, Infallible>(()))?;
    if let Some(bias) = bias {
        add_bias(&mut sums, bias.view());
    }
    Ok(sums)
}

/// One node: the convolution, and what the client makes of its sums.
fn step<E>(
    node: &Node,
    index: usize,
    weights: &LayerWeights,
    tensors: &[Tensor],
    convolve: &mut impl FnMut(&Convolution<'_>) -> Result<Array3<i64>, E>,
) -> Result<(Array3<f64>, LayerReport), RunError<E>> {
    let name = || node.spec.name().to_owned();
    let (input, scale) = taken(node, tensors);
    let call = Convolution {
        index,
        layer: &node.layer,
        input: &input,
        weights: &weights.weights,
        bias: weights.integer_bias(),
    };
    let sums = convolve(&call).map_err(|source| RunError::Convolution { layer: name(), source })?;
    let largest_sum = check_sums(&node.layer, &sums)?;
    let reals = client::reals(&sums, scale, weights);
    let shortcut = node.shortcut.map(|source| &tensors[source.slot()].reals);
    let reals = client::finish(node, reals, shortcut);
    check_values(&reals, || format!("layer {}: its result", node.spec.name()))?;
    let report = LayerReport {
        name: name(),
        input_scale: scale,
        zero_channels: weights.zero_channels(),
        largest_sum,
        scale: None,
        shape: node.shape,
    };
    Ok((reals, report))
}

/// The integers that a convolution takes, and what a 1 in them stands for. What is put together is
/// quantised as a whole.
fn taken<'a>(node: &Node, tensors: &'a [Tensor]) -> (Cow<'a, Array3<i64>>, f64) {
    if let [input] = node.inputs[..] {
        let tensor = &tensors[input.slot()];
        return (client::joined(node, &[&tensor.integers]), tensor.scale);
    }
    let parts: Vec<_> = node.inputs.iter().map(|input| &tensors[input.slot()].reals).collect();
    let (reals, width) = (client::joined(node, &parts), Width::of(&node.layer));
    let scale = width.scale_of(&reals);
    (Cow::Owned(width.quantise(&reals, scale)), scale)
}

fn check_values<E>(values: &Array3<f64>, of: impl Fn() -> String) -> Result<(), RunError<E>> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some((at, value)) => Err(RunError::NotFinite { of: of(), value: value.to_string(), at }),
        None => Ok(()),
    }
}

/// The largest sum in absolute value.
pub(super) fn check_sums<E>(layer: &Layer, sums: &Array3<i64>) -> Result<i64, RunError<E>> {
    let error = |found: String, expected: String| {
        Err(RunError::Sums { layer: layer.name().into(), found, expected })
    };
    if sums.shape() != layer.output_shape() {
        return error(format!("shape {:?}", sums.shape()), format!("{:?}", layer.output_shape()));
    }
    let largest = sums.iter().map(|sum| sum.unsigned_abs()).max().unwrap_or(0);
    if largest > LIMIT.unsigned_abs() {
        return error(format!("a sum of {largest}"), "sums below 2^56".into());
    }
    Ok(largest.cast_signed())
}

/// Lets go of what no node after `index` takes and is no output.
fn free(graph: &Graph, index: usize, tensors: &mut [Tensor]) {
    for (place, tensor) in tensors.iter_mut().enumerate() {
        let source = Source::of_slot(place);
        let mut later = graph.nodes().iter().skip(index + 1);
        if !later.clone().any(|node| node.takes_alone(source)) {
            tensor.integers = Array3::default([0; 3]);
        }
        if !graph.gives(source) && !later.any(|node| node.takes_reals(source)) {
            tensor.reals = Array3::default([0; 3]);
        }
    }
}
