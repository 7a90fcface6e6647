//! What the client does between convolutions, in real values.
//!
//! Every step is IEEE arithmetic in one order, so that it gives the same on every machine and with
//! any number of threads.

use std::borrow::Cow;

use ndarray::{Array3, Axis};

use super::Activation;
use super::graph::Node;
use super::layer_weights::LayerWeights;

/// What the sums of a convolution stand for: times the scales of its input and weights, and with the
/// bias that the client adds.
pub(super) fn reals(sums: &Array3<i64>, input_scale: f64, weights: &LayerWeights) -> Array3<f64> {
    let mut reals = sums.mapv(|sum| sum as f64);
    let bias = weights.real_bias();
    for (channel, (mut plane, scale)) in reals.outer_iter_mut().zip(&weights.scales).enumerate() {
        let scale = input_scale * scale;
        let bias = bias.map_or(0.0, |bias| bias[channel]);
        plane.par_mapv_inplace(|sum| sum * scale + bias);
    }
    reals
}

/// What the convolution of a node takes of these: the channels of all, one after the other.
pub(super) fn joined<'a, T: Clone + Default>(
    node: &Node,
    taken: &[&'a Array3<T>],
) -> Cow<'a, Array3<T>> {
    let joined = if let [one] = *taken {
        Cow::Borrowed(one)
    } else {
        let views: Vec<_> = taken.iter().map(|values| values.view()).collect();
        // Planes of one size, as the graph was checked to have.
        Cow::Owned(ndarray::concatenate(Axis(0), &views).unwrap_or_default())
    };
    if !node.spec.is_dense {
        return joined;
    }
    // All values, channel by channel and row by row.
    let values: Vec<T> = joined.iter().cloned().collect();
    Cow::Owned(Array3::from_shape_vec((values.len(), 1, 1), values).unwrap_or_default())
}

/// The result of a node from its sums: with the shortcut, the activation and pooling.
pub(super) fn finish(
    node: &Node,
    mut values: Array3<f64>,
    shortcut: Option<&Array3<f64>>,
) -> Array3<f64> {
    if let (Some(add), Some(shortcut)) = (&node.spec.add, shortcut) {
        add.add(&mut values, shortcut);
    }
    if node.spec.activation != Activation::None {
        values.par_mapv_inplace(|value| node.spec.activation.apply(value));
    }
    match &node.spec.pool {
        Some(pool) => pool.apply(&values, node.shape),
        None => values,
    }
}
