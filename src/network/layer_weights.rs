//! Weights and biases of one convolution, as integers.

use ndarray::{Array1, Array4, Axis};

use crate::conv::{Layer, largest_output};

/// What a convolution multiplies with.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerWeights {
    /// Integers of the layer's width: output channels, input channels per group, kernel rows and
    /// columns.
    pub weights: Array4<i8>,
    /// What a weight of 1 stands for, one for each output channel.
    pub scales: Array1<f64>,
    /// One bias for each output channel.
    pub bias: Option<Bias>,
    /// The real weights that the integers were rounded from; absent where the integers times their
    /// scales are the weights.
    pub real: Option<Array4<f32>>,
}

/// Biases, one for each output channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Bias {
    /// In units of the convolution's sums: the server adds them.
    Integers(Array1<i64>),
    /// Real ones: the client adds them to what it decrypts, so that they take no room in t.
    Real(Array1<f64>),
}

impl LayerWeights {
    /// Integers that come without scales, and biases that the server adds. The scale of all channels
    /// is taken to be a power of two that about keeps the size of values through a convolution and
    /// relu, which takes half of their squares: `2^-k`, with the least `k >= 0` for which `4^k` is no
    /// less than half the sum of the squared weights of an output channel, on average.
    pub fn integers(weights: Array4<i8>, bias: Option<Array1<i64>>) -> Self {
        let channels = weights.dim().0;
        let squares: f64 = weights.iter().map(|w| f64::from(*w).powi(2)).sum();
        let gain = squares / (2 * channels.max(1)) as f64;
        let shift = (0..64).find(|k| 4f64.powi(*k) >= gain).unwrap_or(64);
        let scales = Array1::from_elem(channels, 2f64.powi(-shift));
        Self { weights, scales, bias: bias.map(Bias::Integers), real: None }
    }

    /// What the server adds to the sums.
    pub const fn integer_bias(&self) -> Option<&Array1<i64>> {
        match &self.bias {
            Some(Bias::Integers(bias)) => Some(bias),
            Some(Bias::Real(_)) | None => None,
        }
    }

    /// What the client adds to what it decrypts.
    pub(super) const fn real_bias(&self) -> Option<&Array1<f64>> {
        match &self.bias {
            Some(Bias::Real(bias)) => Some(bias),
            Some(Bias::Integers(_)) | None => None,
        }
    }

    /// The largest absolute sum, biases that the server adds included, that any input of `layer` gives.
    pub fn largest_sum(&self, layer: &Layer) -> i64 {
        let bias = self.integer_bias().into_iter().flatten().map(|bias| bias.abs()).max();
        largest_output(layer, self.weights.view()) + bias.unwrap_or(0)
    }

    /// Output channels all of whose weights are 0.
    pub fn zero_channels(&self) -> usize {
        self.weights.outer_iter().filter(|filter| filter.iter().all(|weight| *weight == 0)).count()
    }

    /// The weights before they were rounded.
    pub(super) fn reals(&self) -> Array4<f64> {
        if let Some(real) = &self.real {
            return real.mapv(f64::from);
        }
        let mut reals = self.weights.mapv(f64::from);
        for (mut filter, scale) in reals.axis_iter_mut(Axis(0)).zip(&self.scales) {
            filter *= *scale;
        }
        reals
    }

    /// Whether these have the shapes of `layer`.
    pub(super) fn is_of(&self, layer: &Layer) -> bool {
        let channels = layer.out_channels();
        let biases = match &self.bias {
            None => channels,
            Some(Bias::Integers(bias)) => bias.len(),
            Some(Bias::Real(bias)) => bias.len(),
        };
        let is_shape = |shape: &[usize]| shape == layer.weight_shape();
        is_shape(self.weights.shape())
            && self.real.as_ref().is_none_or(|real| is_shape(real.shape()))
            && self.scales.len() == channels
            && biases == channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn integers_take_the_scale_that_keeps_sizes() {
        let scales = |weight: i8, inputs| {
            LayerWeights::integers(Array4::from_elem((2, inputs, 1, 1), weight), None).scales
        };
        // Half the sums of squares: 0.5, 2, 2.5, 8, 0
        assert_eq!(scales(1, 1), array![1.0, 1.0]);
        assert_eq!(scales(-1, 4), array![0.5, 0.5]);
        assert_eq!(scales(1, 5), array![0.5, 0.5]);
        assert_eq!(scales(4, 1), array![0.25, 0.25]);
        assert_eq!(scales(0, 1), array![1.0, 1.0]);
    }

    #[test]
    fn channels_without_weights_are_counted() {
        let weights = Array4::from_shape_vec((3, 2, 1, 1), vec![0, 0, 0, -1, 0, 0]);
        let layer = LayerWeights::integers(weights.expect("fits"), None);
        assert_eq!(layer.zero_channels(), 2);
    }
}
