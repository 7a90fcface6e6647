//! How far quantisation takes a network from the one that was trained.

use std::convert::Infallible;

use ndarray::{Array3, ArrayView, Dimension, Zip};
use serde::{Deserialize, Serialize};

use super::client;
use super::graph::{Graph, Node, Source};
use super::weights::Weights;
use crate::conv::convolve_reals;

/// The output of a network beside that of the same network in real values: real weights, and
/// activations that are not quantised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// The cosine of the angle between both outputs; 1 where both are zero throughout, 0 where one
    /// is.
    pub cosine: f64,
    /// The largest difference of two values.
    pub largest_error: f64,
    /// The largest absolute value of the real output.
    pub largest_value: f64,
}

impl Fidelity {
    /// Of `found` beside `real`, of the same shape.
    pub fn of<D: Dimension>(found: ArrayView<'_, f64, D>, real: ArrayView<'_, f64, D>) -> Self {
        let [mut product, mut squares, mut real_squares] = [0f64; 3];
        let [mut largest_error, mut largest_value] = [0f64; 2];
        Zip::from(found).and(real).for_each(|found, real| {
            product += found * real;
            squares += found * found;
            real_squares += real * real;
            largest_error = largest_error.max((found - real).abs());
            largest_value = largest_value.max(real.abs());
        });
        let norms = squares.sqrt() * real_squares.sqrt();
        let cosine = if norms > 0.0 {
            (product / norms).clamp(-1.0, 1.0)
        } else {
            f64::from(squares.max(real_squares) <= 0.0)
        };
        Self { cosine, largest_error, largest_value }
    }
}

/// Ten times the decimal logarithm of the real values' squares over those of what `found` differs by;
/// `None` where there is no difference, or no value.
pub fn signal_to_noise_db<D: Dimension>(
    found: ArrayView<'_, f64, D>,
    real: ArrayView<'_, f64, D>,
) -> Option<f64> {
    let [mut signal, mut noise] = [0f64; 2];
    Zip::from(found).and(real).for_each(|found, real| {
        signal += real * real;
        noise += (found - real).powi(2);
    });
    let ratio = 10.0 * (signal / noise).log10();
    ratio.is_finite().then_some(ratio)
}

/// A network in real values, node by node.
#[derive(Debug)]
pub struct RealNetwork<'a> {
    graph: &'a Graph,
    weights: &'a Weights,
    /// The input, then what each node gave.
    tensors: Vec<Array3<f64>>,
}

impl<'a> RealNetwork<'a> {
    /// Of an input as [`super::run`] takes it; `None` where the weights are of another graph, or have
    /// biases in units of the sums, which real values lack.
    pub fn new(graph: &'a Graph, weights: &'a Weights, input: Array3<f64>) -> Option<Self> {
        let is_real = weights.layers().iter().all(|layer| layer.integer_bias().is_none());
        let fits = weights.are_of(graph) && input.shape() == graph.input_shape();
        (is_real && fits).then(|| Self { graph, weights, tensors: vec![input] })
    }

    /// The outputs, once every node is done.
    pub fn outputs(&self) -> impl Iterator<Item = &Array3<f64>> {
        self.graph.outputs().iter().filter_map(|place| self.tensors.get(place + 1))
    }

    /// The result of the next node; `None` after the last one.
    pub fn step(&mut self) -> Option<&Array3<f64>> {
        let index = self.tensors.len() - 1;
        let node = self.graph.nodes().get(index)?;
        let weights = self.weights.layers().get(index)?;
        let parts: Vec<_> = node.inputs.iter().map(|input| &self.tensors[input.slot()]).collect();
        let input = client::joined(node, &parts);
        let never = || Ok::<_, Infallible>(());
        let Ok(mut sums) = convolve_reals(&node.layer, input.view(), weights.reals().view(), never);
        if let Some(bias) = weights.real_bias() {
            sums.outer_iter_mut().zip(bias).for_each(|(mut plane, bias)| plane += *bias);
        }
        let shortcut = node.shortcut.map(|source| &self.tensors[source.slot()]);
        let result = client::finish(node, sums, shortcut);
        self.tensors.push(result);
        self.free(index);
        self.tensors.last()
    }

    /// Lets go of what no node after `index` takes and is no output.
    fn free(&mut self, index: usize) {
        for (place, tensor) in self.tensors.iter_mut().enumerate().take(index + 1) {
            let source = Source::of_slot(place);
            let mut later = self.graph.nodes().iter().skip(index + 1);
            let takes = |node: &Node| node.takes_alone(source) || node.takes_reals(source);
            if !self.graph.gives(source) && !later.any(takes) {
                *tensor = Array3::default([0; 3]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn outputs_are_held_against_real_ones() {
        let real = array![[[3.0, -4.0]]];
        let same = Fidelity::of(real.view(), real.view());
        assert_eq!((same.cosine, same.largest_error, same.largest_value), (1.0, 0.0, 4.0));
        let across = Fidelity::of(array![[[4.0, 3.0]]].view(), real.view());
        assert_eq!((across.cosine, across.largest_error), (0.0, 7.0));
        let zero = array![[[0.0, 0.0]]];
        assert_eq!(Fidelity::of(zero.view(), real.view()).cosine, 0.0);
        assert_eq!(Fidelity::of(zero.view(), zero.view()).cosine, 1.0);
    }

    #[test]
    fn noise_is_told_in_decibels() {
        let real = array![[[3.0, -4.0]]];
        let ratio = signal_to_noise_db(array![[[3.0, -3.5]]].view(), real.view()).expect("noise");
        assert!((ratio - 20.0).abs() < 1e-9, "{ratio}");
        assert_eq!(signal_to_noise_db(real.view(), real.view()), None);
        assert_eq!(signal_to_noise_db(real.view(), array![[[0.0, 0.0]]].view()), None);
    }
}
