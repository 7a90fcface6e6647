//! From the real weights of a trained layer to integers.

use ndarray::{Array1, Array4, Axis};

use super::layer_weights::{Bias, LayerWeights};

/// Real weights (output channels, input channels per group, rows, columns), and biases.
#[derive(Clone, Debug)]
pub(super) struct RealWeights {
    pub(super) weights: Array4<f64>,
    pub(super) bias: Option<Array1<f64>>,
}

/// A batch normalisation as it is after training, for each output channel.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub(super) weight: Array1<f64>,
    pub(super) bias: Array1<f64>,
    pub(super) mean: Array1<f64>,
    pub(super) variance: Array1<f64>,
    /// What is added to the variance.
    pub(super) epsilon: f64,
}

impl RealWeights {
    /// The weights and biases that give what `bn` makes of the convolution.
    pub(super) fn fold_batch_norm(&mut self, bn: &Statistics) {
        let gain = &bn.weight / &(&bn.variance + bn.epsilon).mapv(f64::sqrt);
        for (mut filter, gain) in self.weights.axis_iter_mut(Axis(0)).zip(&gain) {
            filter *= *gain;
        }
        let bias = self.bias.take().unwrap_or_else(|| Array1::zeros(gain.len()));
        self.bias = Some((bias - &bn.mean) * gain + &bn.bias);
    }

    /// Whether every number is finite, and every weight also as a 32-bit float, as which it is kept.
    pub(super) fn is_finite(&self) -> bool {
        self.weights.iter().all(|weight| (*weight as f32).is_finite())
            && self.bias.iter().flatten().all(|bias| bias.is_finite())
    }

    /// Where all weights are whole, the largest of them in absolute value.
    pub(super) fn largest_whole(&self) -> Option<f64> {
        let is_whole = self.weights.iter().all(|weight| weight.fract() == 0.0);
        is_whole.then(|| largest(self.weights.iter()))
    }

    /// Integers of `bits` bits. Weights that are all whole and fit are taken as they are, with scales
    /// of 1. Others are quantised symmetrically, each output channel with its own scale: its largest
    /// absolute weight becomes `2^(bits-1) - 1`, and halves are rounded away from 0.
    pub(super) fn quantise(self, bits: u32) -> LayerWeights {
        let max = f64::from((1i32 << (bits - 1)) - 1);
        let bias = self.bias.clone().map(Bias::Real);
        if self.largest_whole().is_some_and(|largest| largest <= max) {
            let scales = Array1::ones(self.weights.dim().0);
            let weights = self.weights.mapv(|weight| weight as i8);
            return LayerWeights { weights, scales, bias, real: None };
        }
        let scale = |filter: ndarray::ArrayView3<'_, f64>| match largest(filter.iter()) / max {
            // Of a channel of zeros; a quotient of tiny weights may be 0 too.
            0.0 => 1.0,
            scale => scale,
        };
        let scales: Array1<f64> = self.weights.outer_iter().map(scale).collect();
        let mut quotients = self.weights.clone();
        for (mut filter, scale) in quotients.axis_iter_mut(Axis(0)).zip(&scales) {
            filter.mapv_inplace(|weight| (weight / scale).round().clamp(-max, max));
        }
        let weights = quotients.mapv(|weight| weight as i8);
        let real = Some(self.weights.mapv(|weight| weight as f32));
        LayerWeights { weights, scales, bias, real }
    }
}

fn largest<'a>(weights: impl Iterator<Item = &'a f64>) -> f64 {
    weights.fold(0f64, |largest, weight| largest.max(weight.abs()))
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

    fn flat(weights: &LayerWeights) -> Vec<i8> {
        weights.weights.iter().copied().collect()
    }

    #[test]
    fn the_largest_weight_of_each_channel_takes_the_largest_integer() {
        let found = real(&[0.7, -1.4, 0.09, 0.3, 0.0, 0.0], None).quantise(4);
        assert_eq!(flat(&found), [4, -7, 2, 7, 0, 0]);
        assert_eq!(found.scales, array![1.4 / 7.0, 0.3 / 7.0, 1.0]);
        assert_eq!((found.zero_channels(), found.reals()[[1, 0, 0, 0]]), (1, f64::from(0.09f32)));
        let far = real(&[2.0, -14.0, 0.5, 0.0], None).quantise(4);
        assert_eq!((flat(&far), far.scales), (vec![1, -7, 7, 0], array![2.0, 0.5 / 7.0]));
        assert_eq!(flat(&real(&[5e-324, 0.0], None).quantise(8)), [0, 0]);
    }

    #[test]
    fn whole_weights_are_taken_as_they_are() {
        let whole = real(&[1.0, -7.0, 0.0, 0.0], None).quantise(4);
        assert_eq!((flat(&whole), &whole.scales), (vec![1, -7, 0, 0], &array![1.0, 1.0]));
        assert_eq!(whole.reals()[[0, 1, 0, 0]].to_bits(), (-7f64).to_bits());
        assert_eq!(real(&[1.0, 8.0], None).largest_whole(), Some(8.0));
        assert_eq!(real(&[1.0, 0.5], None).largest_whole(), None);
    }

    /// Folded weights give what the layers give one after the other.
    #[test]
    fn folding_keeps_the_function() {
        let weights = real(&[0.5, -0.25, 1.0, 2.0], Some(array![0.1, -0.2]));
        let bn = Statistics {
            weight: array![1.5, -0.5],
            bias: array![0.3, 0.4],
            mean: array![0.2, 0.1],
            variance: array![4.0, 0.25],
            epsilon: 1e-3,
        };
        let pixel = [0.9, 0.1];
        let expected = [0, 1].map(|o| {
            let w = [weights.weights[[o, 0, 0, 0]], weights.weights[[o, 1, 0, 0]]];
            let bias = weights.bias.as_ref().expect("bias")[o];
            let sum = w[0] * pixel[0] + w[1] * pixel[1] + bias;
            (sum - bn.mean[o]) / (bn.variance[o] + 1e-3).sqrt() * bn.weight[o] + bn.bias[o]
        });
        let mut folded = weights;
        folded.fold_batch_norm(&bn);
        for o in 0..2 {
            let w = [folded.weights[[o, 0, 0, 0]], folded.weights[[o, 1, 0, 0]]];
            let sum = w[0] * pixel[0] + w[1] * pixel[1] + folded.bias.as_ref().expect("bias")[o];
            assert!((sum - expected[o]).abs() < 1e-12, "{sum} {}", expected[o]);
        }
    }
}
