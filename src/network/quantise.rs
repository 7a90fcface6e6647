//! From the real weights of a trained layer to integers.

use ndarray::{Array1, Array4, Axis};

use super::graph::Normalise;
use super::layer_weights::{Bias, LayerWeights};

/// Real weights (output channels, input channels per group, rows, columns), and biases.
#[derive(Clone, Debug)]
pub(super) struct RealWeights {
    pub(super) weights: Array4<f64>,
    pub(super) bias: Option<Array1<f64>>,
}

/// A batch normalisation as it is after training, for each output channel.
#[derive(Clone, Debug)]
pub(super) struct BatchNorm {
    pub(super) weight: Array1<f64>,
    pub(super) bias: Array1<f64>,
    pub(super) mean: Array1<f64>,
    pub(super) variance: Array1<f64>,
}

/// What is added to the variance, PyTorch's default.
const EPSILON: f64 = 1e-5;

impl RealWeights {
    /// The weights and biases that give what `bn` makes of the convolution.
    pub(super) fn fold_batch_norm(&mut self, bn: &BatchNorm) {
        let gain = &bn.weight / &(&bn.variance + EPSILON).mapv(f64::sqrt);
        for (mut filter, gain) in self.weights.axis_iter_mut(Axis(0)).zip(&gain) {
            filter *= *gain;
        }
        let bias = self.bias.take().unwrap_or_else(|| Array1::zeros(gain.len()));
        self.bias = Some((bias - &bn.mean) * gain + &bn.bias);
    }

    /// The weights and biases that give of values from 0 to 1 what these give of normalised ones.
    /// Padding is then of value 0, black, and no longer of the mean colour.
    pub(super) fn fold_normalise(&mut self, normalise: &Normalise) {
        let bias = self.bias.get_or_insert_with(|| Array1::zeros(self.weights.dim().0));
        for (mut filter, bias) in self.weights.axis_iter_mut(Axis(0)).zip(bias) {
            let statistics = normalise.mean.iter().zip(&normalise.std);
            for (mut channel, (mean, std)) in filter.axis_iter_mut(Axis(0)).zip(statistics) {
                channel /= *std;
                *bias -= channel.sum() * mean;
            }
        }
    }

    /// Whether every number is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.weights.iter().chain(self.bias.iter().flatten()).all(|value| value.is_finite())
    }

    /// Integers of `bits` bits: symmetric, one scale for the layer, the largest absolute weight
    /// becomes `2^(bits-1) - 1`, and halves are rounded away from 0. Weights that are all whole and
    /// fit are taken as they are, with scale 1.
    pub(super) fn quantise(self, bits: u32) -> LayerWeights {
        let max = f64::from((1i32 << (bits - 1)) - 1);
        let largest = self.weights.iter().fold(0f64, |largest, w| largest.max(w.abs()));
        let whole = self.weights.iter().all(|weight| weight.fract() == 0.0);
        // A quotient of tiny weights may be 0.
        let scale =
            if largest / max == 0.0 || (whole && largest <= max) { 1.0 } else { largest / max };
        let weights = self.weights.mapv(|w| (w / scale).round().clamp(-max, max) as i64);
        LayerWeights { weights, scale, bias: self.bias.map(Bias::Real) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn real(weights: &[f64], bias: Option<Array1<f64>>) -> RealWeights {
        let shape = (weights.len() / 2, 2, 1, 1);
        RealWeights {
            weights: Array4::from_shape_vec(shape, weights.to_vec()).expect("fits"),
            bias,
        }
    }

    fn flat(weights: &LayerWeights) -> Vec<i64> {
        weights.weights.iter().copied().collect()
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn the_largest_weight_takes_the_largest_integer() {
        let found = real(&[0.7, -1.4, 0.09, 0.3], None).quantise(4);
        assert_eq!((flat(&found), found.scale), (vec![4, -7, 0, 2], 1.4 / 7.0));
        assert_eq!(real(&[2.0, -14.0], None).quantise(4).scale, 2.0);
        let whole = real(&[1.0, -7.0], None).quantise(4);
        assert_eq!((flat(&whole), whole.scale), (vec![1, -7], 1.0));
        assert_eq!(real(&[0.0, 0.0], None).quantise(2).scale, 1.0);
        assert_eq!(flat(&real(&[5e-324, 0.0], None).quantise(8)), [0, 0]);
    }

    /// Folded weights give what the layers give one after the other.
    #[test]
    fn folding_keeps_the_function() {
        let weights = real(&[0.5, -0.25, 1.0, 2.0], Some(array![0.1, -0.2]));
        let bn = BatchNorm {
            weight: array![1.5, -0.5],
            bias: array![0.3, 0.4],
            mean: array![0.2, 0.1],
            variance: array![4.0, 0.25],
        };
        let normalise = Normalise { mean: vec![0.4, 0.5], std: vec![0.2, 0.25] };
        let pixel = [0.9, 0.1];
        let normalised = [(0.9 - 0.4) / 0.2, (0.1 - 0.5) / 0.25];
        let expected = [0, 1].map(|o| {
            let w = [weights.weights[[o, 0, 0, 0]], weights.weights[[o, 1, 0, 0]]];
            let bias = weights.bias.as_ref().expect("bias")[o];
            let sum = w[0] * normalised[0] + w[1] * normalised[1] + bias;
            (sum - bn.mean[o]) / (bn.variance[o] + 1e-5).sqrt() * bn.weight[o] + bn.bias[o]
        });
        let mut folded = weights;
        folded.fold_batch_norm(&bn);
        folded.fold_normalise(&normalise);
        for o in 0..2 {
            let w = [folded.weights[[o, 0, 0, 0]], folded.weights[[o, 1, 0, 0]]];
            let sum = w[0] * pixel[0] + w[1] * pixel[1] + folded.bias.as_ref().expect("bias")[o];
            assert!((sum - expected[o]).abs() < 1e-12, "{sum} {}", expected[o]);
        }
    }
}
