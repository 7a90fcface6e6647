//! An input through a network.

use std::convert::Infallible;

use ndarray::{Array1, Array3, Array4};
use serde::{Deserialize, Serialize};

use super::graph::{Activation, Graph, Node, Source};
use super::layer_weights::LayerWeights;
use super::requantise::{Requantised, requantise};
use super::weights::Weights;
use crate::conv::{Layer, add_bias, convolve};

/// Sums and shortcuts beyond this are refused, so that nothing overflows. No valid layer reaches
/// it.
const LIMIT: i64 = 1 << 56;

/// One convolution of a run.
#[derive(Debug)]
pub struct Convolution<'a> {
    /// Its node's index.
    pub index: usize,
    /// The layer.
    pub layer: &'a Layer,
    /// Unsigned activations (channels, height, width).
    pub input: &'a Array3<i64>,
    /// Weights of the layer's shape.
    pub weights: &'a Array4<i64>,
    /// What is added to every sum of an output channel.
    pub bias: Option<&'a Array1<i64>>,
}

/// What became of one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerReport {
    /// Its name.
    pub name: String,
    /// What a weight of 1 stands for.
    pub weight_scale: f64,
    /// The largest sum of the convolution in absolute value, bias included.
    pub largest_sum: i64,
    /// Bits by which the result was shifted to requantise it; absent where no convolution takes it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shift: Option<u32>,
    /// What a 1 in the result stands for.
    pub scale: f64,
    /// Shape of the result: channels, height, width.
    pub shape: [usize; 3],
}

/// What a network gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The last node's result: signed if it has no activation, and not requantised.
    pub output: Array3<i64>,
    /// What a 1 in it stands for.
    pub scale: f64,
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
    /// An input that is no activation.
    #[error("the input has {value} at {at:?}; activations are from 0 to {max}")]
    InputValue {
        /// The value.
        value: i64,
        /// Its channel, row and column.
        at: (usize, usize, usize),
        /// The largest activation.
        max: i64,
    },
    /// A bias too large for the scale of its sums.
    #[error("layer {layer}: bias {channel} is {value} in units of the sums; at most 2^40 fits")]
    Bias {
        /// Which layer.
        layer: String,
        /// The output channel.
        channel: usize,
        /// The bias in units of the sums, as text.
        value: String,
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
    /// A shortcut whose scale is beyond that of the sums.
    #[error("layer {layer}: the shortcut's scale is {ratio} of that of the sums, too large to add")]
    Shortcut {
        /// Which layer.
        layer: String,
        /// The ratio, as text.
        ratio: String,
    },
    /// A convolution that failed.
    #[error("layer {layer}: {source}")]
    Convolution {
        /// Which one.
        layer: String,
        /// Why.
        source: E,
    },
}

/// Integers and what a 1 stands for.
#[derive(Default)]
struct Tensor {
    values: Array3<i64>,
    scale: f64,
}

/// Sends `input`, of unsigned activations, through `graph`. `convolve` gives the sums of each
/// convolution with its bias; `done` is told of each node when it is finished.
///
/// # Errors
/// [`RunError`]; the callback's own as [`RunError::Convolution`].
pub fn run<E>(
    graph: &Graph,
    weights: &Weights,
    input: Array3<i64>,
    mut convolve: impl FnMut(&Convolution<'_>) -> Result<Array3<i64>, E>,
    mut done: impl FnMut(usize, &LayerReport),
) -> Result<Outcome, RunError<E>> {
    if !are_of(weights, graph) {
        return Err(RunError::Weights);
    }
    check_input(graph, &input)?;
    let max = (1i64 << graph.input_bits()) - 1;
    let mut tensors = vec![Tensor { values: input, scale: 1.0 / max as f64 }];
    let mut layers = Vec::with_capacity(graph.nodes().len());
    for (index, (node, weights)) in graph.nodes().iter().zip(weights.layers()).enumerate() {
        let (tensor, report) = step(node, index, weights, &tensors, &mut convolve)?;
        done(index, &report);
        layers.push(report);
        tensors.push(tensor);
        free(graph, index, &mut tensors);
    }
    let Tensor { values: output, scale } = tensors.pop().unwrap_or_default();
    Ok(Outcome { output, scale, layers })
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

/// One node: the convolution, and what the client does with its sums.
fn step<E>(
    node: &Node,
    index: usize,
    weights: &LayerWeights,
    tensors: &[Tensor],
    convolve: &mut impl FnMut(&Convolution<'_>) -> Result<Array3<i64>, E>,
) -> Result<(Tensor, LayerReport), RunError<E>> {
    let name = || node.spec.name().to_owned();
    let input = &tensors[slot(node.input)];
    let sum_scale = input.scale * weights.scale;
    let bias = weights.bias_at(sum_scale).map_err(|(channel, value)| RunError::Bias {
        layer: name(),
        channel,
        value: format!("{value:e}"),
    })?;
    let call = Convolution {
        index,
        layer: &node.layer,
        input: &input.values,
        weights: &weights.weights,
        bias: bias.as_ref(),
    };
    let sums = convolve(&call).map_err(|source| RunError::Convolution { layer: name(), source })?;
    let largest_sum = check_sums(node, &sums)?;
    let shortcut = node.shortcut.map(|source| &tensors[slot(source)]);
    let (tensor, shift) = finish(node, Tensor { values: sums, scale: sum_scale }, shortcut)?;
    let (weight_scale, scale, shape) = (weights.scale, tensor.scale, node.shape);
    let report = LayerReport { name: name(), weight_scale, largest_sum, shift, scale, shape };
    Ok((tensor, report))
}

/// What the client does with the sums of a convolution, and by how much it shifted them.
fn finish<E>(
    node: &Node,
    sums: Tensor,
    shortcut: Option<&Tensor>,
) -> Result<(Tensor, Option<u32>), RunError<E>> {
    let Tensor { mut values, mut scale } = sums;
    if let (Some(add), Some(shortcut)) = (&node.spec.add, shortcut) {
        let ratio = shortcut.scale / scale;
        let added = add.add(&mut values, &shortcut.values, ratio, LIMIT);
        let layer = || node.spec.name().to_owned();
        added.ok_or_else(|| RunError::Shortcut { layer: layer(), ratio: format!("{ratio:e}") })?;
    }
    match node.spec.activation {
        Activation::Relu => values.par_mapv_inplace(|value| value.max(0)),
        Activation::Relu6 => {
            let six = (6.0 / scale).round() as i64;
            values.par_mapv_inplace(|value| value.clamp(0, six));
        }
        Activation::None => {}
    }
    if let Some(pool) = &node.spec.pool {
        values = pool.apply(&values, node.shape);
    }
    let Some(bits) = node.bits else { return Ok((Tensor { values, scale }, None)) };
    let Requantised { values, shift } = requantise(values, bits);
    scale *= 2f64.powi(shift as i32);
    Ok((Tensor { values, scale }, Some(shift)))
}

/// Whether the weights have the shapes of the graph's layers.
fn are_of(weights: &Weights, graph: &Graph) -> bool {
    let mut pairs = weights.layers().iter().zip(graph.nodes());
    weights.layers().len() == graph.nodes().len()
        && pairs.all(|(weights, node)| weights.is_of(&node.layer))
}

fn check_input<E>(graph: &Graph, input: &Array3<i64>) -> Result<(), RunError<E>> {
    let expected = graph.input_shape();
    if input.shape() != expected {
        return Err(RunError::InputShape { found: input.shape().to_vec(), expected });
    }
    let max = (1 << graph.input_bits()) - 1;
    match input.indexed_iter().find(|(_, value)| !(0..=max).contains(*value)) {
        Some((at, &value)) => Err(RunError::InputValue { value, at, max }),
        None => Ok(()),
    }
}

/// The largest sum in absolute value.
fn check_sums<E>(node: &Node, sums: &Array3<i64>) -> Result<i64, RunError<E>> {
    let error = |found: String, expected: String| {
        Err(RunError::Sums { layer: node.spec.name().into(), found, expected })
    };
    if sums.shape() != node.layer.output_shape() {
        return error(
            format!("shape {:?}", sums.shape()),
            format!("{:?}", node.layer.output_shape()),
        );
    }
    let largest = sums.iter().map(|sum| sum.unsigned_abs()).max().unwrap_or(0);
    if largest > LIMIT.unsigned_abs() {
        return error(format!("a sum of {largest}"), "sums below 2^56".into());
    }
    Ok(largest.cast_signed())
}

/// Where a result stands: the input first, then the nodes.
const fn slot(source: Source) -> usize {
    match source {
        Source::Input => 0,
        Source::Node(i) => i + 1,
    }
}

/// Lets go of the results that no node after `index` takes.
fn free(graph: &Graph, index: usize, tensors: &mut [Tensor]) {
    let (done, later) = graph.nodes().split_at(index + 1);
    let Some(node) = done.last() else { return };
    let taken = |source| later.iter().any(|n| n.input == source || n.shortcut == Some(source));
    for source in [Some(node.input), node.shortcut].into_iter().flatten() {
        if !taken(source) {
            tensors[slot(source)].values = Array3::default([0; 3]);
        }
    }
}
