//! What the client does between convolutions, in real values.
//!
//! Every step is IEEE arithmetic in one order, so that it gives the same on every machine and with
//! any number of threads.

use ndarray::Array3;

use super::graph::{Activation, Node};
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

/// The result of a node from its sums: with the shortcut, the activation and pooling.
pub(super) fn finish(
    node: &Node,
    mut values: Array3<f64>,
    shortcut: Option<&Array3<f64>>,
) -> Array3<f64> {
    if let (Some(add), Some(shortcut)) = (&node.spec.add, shortcut) {
        add.add(&mut values, shortcut);
    }
    match node.spec.activation {
        // Which zero `f64::max` gives of 0 and -0 is left open.
        Activation::Relu => values.par_mapv_inplace(|value| if value > 0.0 { value } else { 0.0 }),
        Activation::Relu6 => {
            values.par_mapv_inplace(|value| if value > 0.0 { value.min(6.0) } else { 0.0 });
        }
        Activation::None => {}
    }
    match &node.spec.pool {
        Some(pool) => pool.apply(&values, node.shape),
        None => values,
    }
}
