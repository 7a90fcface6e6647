//! A layer of the server: a linear node over integers.

use ndarray::{Array1, Array3, Array4, ArrayView3, Zip};
use serde::{Deserialize, Serialize};

use super::candidate::Candidate;
use super::coding::{Coding, Integers, quantise_weights};
use super::error::ModelError;
use super::linear::Linear;
use super::model::Model;
use crate::conv::{Layer, LayerSpec, MAX_ACTIVATION_BITS, largest_output};

/// Bits of the integers of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bits {
    /// Of a weight, from 2 to 8.
    pub weights: u32,
    /// Of an activation, from 2 to 16.
    pub activations: u32,
}

impl Bits {
    /// What keeps nearly all of a trained network.
    pub const DEFAULT: Self = Self { weights: 8, activations: 8 };

    /// Whether layers can have so many.
    pub fn is_valid(self) -> bool {
        (2..=8).contains(&self.weights) && (2..=MAX_ACTIVATION_BITS).contains(&self.activations)
    }
}

/// A layer of the server.
#[derive(Clone, Debug)]
pub struct ServedLayer {
    /// The node's name.
    pub name: String,
    /// The node's operator.
    pub operator: String,
    /// The convolution that the server computes, unchecked and checked.
    pub spec: LayerSpec,
    /// As [`ServedLayer::spec`].
    pub layer: Layer,
    /// Its weights.
    pub weights: Array4<i8>,
    /// What a weight of 1 stands for, one for each output channel of the server's.
    pub scales: Array1<f64>,
    /// How activations become integers.
    pub coding: Coding,
    /// Activations beyond these are brought to them; those of the input at hand where absent.
    pub range: Option<[f32; 2]>,
    pub(super) node: usize,
    pub(super) linear: Linear,
}

impl ServedLayer {
    /// The largest absolute sum that any input gives with these weights.
    pub fn largest_sum(&self) -> i64 {
        largest_output(&self.layer, self.weights.view())
    }

    /// Bits of its integers.
    pub fn bits(&self) -> Bits {
        Bits { weights: self.layer.weight_bits(), activations: self.layer.activation_bits() }
    }

    /// Output channels all of whose weights are 0.
    pub fn zero_channels(&self) -> usize {
        self.weights.outer_iter().filter(|filter| filter.iter().all(|weight| *weight == 0)).count()
    }

    pub(super) fn integers(&self, planes: ArrayView3<'_, f32>, found: [f32; 2]) -> Integers {
        self.coding.quantise(planes, self.range.unwrap_or(found), self.layer.activation_bits())
    }

    /// What sums stand for, with the bias of the node.
    pub(super) fn reals(&self, sums: &Array3<i64>, input: &Integers) -> Array3<f64> {
        let phases = self.linear.phases();
        let mut reals = Array3::zeros(sums.dim());
        let channels = reals.outer_iter_mut().zip(sums.outer_iter());
        for (channel, (mut plane, sums)) in channels.enumerate() {
            let scale = input.scale * self.scales[channel];
            let filter = self.weights.index_axis(ndarray::Axis(0), channel);
            let shift = input.zero * filter.iter().map(|weight| i64::from(*weight)).sum::<i64>();
            let bias = self.linear.bias.as_ref().map_or(0.0, |bias| bias[channel / phases]);
            Zip::from(&mut plane).and(&sums).for_each(|real, sum| {
                *real = (sum - shift) as f64 * scale + bias;
            });
        }
        reals
    }
}

/// The layer of a node, or why the server cannot compute it.
pub(super) fn layer(
    model: &Model,
    index: usize,
    input: &[usize],
    coding: Coding,
    bits: Bits,
) -> Result<Result<ServedLayer, String>, ModelError> {
    let node = &model.nodes[index];
    let constant = |input: usize| {
        let place = node.inputs.get(input).copied().flatten();
        place.map(|place| model.constant(place)).transpose()
    };
    let candidate = Candidate {
        operator: &node.operator,
        attributes: node.attributes(),
        weights: constant(1)?.flatten(),
        has_bias: node.inputs.get(2).is_some_and(Option::is_some),
        bias: constant(2)?.flatten(),
        input,
        explicit: coding == Coding::ZeroPoint,
        allowed: model.allowed / 4,
    };
    let mut linear = match candidate.linear() {
        Ok(linear) => linear,
        Err(reason) => return Ok(Err(reason)),
    };
    let spec = LayerSpec {
        name: node.name.clone(),
        activation_bits: bits.activations,
        activation_signed: Some(coding.is_signed()),
        weight_bits: bits.weights,
        ..linear.layer.clone()
    };
    let layer = Layer::new(&spec).map_err(|error| model.node_error(node, error.to_string()))?;
    let (weights, scales) = quantise_weights(&linear.weights, bits.weights);
    // The real weights are in the model.
    linear.weights = Array4::zeros((0, 0, 0, 0));
    let (name, operator) = (node.name.clone(), node.operator.clone());
    Ok(Ok(ServedLayer {
        name,
        operator,
        spec,
        layer,
        weights,
        scales,
        coding,
        range: None,
        node: index,
        linear,
    }))
}
