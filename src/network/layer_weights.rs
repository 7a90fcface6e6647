//! Weights and biases of one convolution, as integers.

use ndarray::{Array1, Array4};

use crate::conv::Layer;

/// What a convolution multiplies with.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerWeights {
    /// Integers of the layer's width: output channels, input channels per group, kernel rows and
    /// columns.
    pub weights: Array4<i64>,
    /// What a weight of 1 stands for.
    pub scale: f64,
    /// One bias for each output channel.
    pub bias: Option<Bias>,
}

/// Biases, one for each output channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Bias {
    /// In units of the convolution's sums.
    Integers(Array1<i64>),
    /// Real ones, which are rounded to the scale of the sums once that is known.
    Real(Array1<f64>),
}

/// The largest bias in units of the sums, which leaves room in 64 bits for all that comes after.
pub(super) const MAX_BIAS: i64 = 1 << 40;

impl LayerWeights {
    /// Integers that come without a scale. Theirs is taken to be a power of two that about keeps
    /// the size of values through a convolution and relu, which takes half of their squares:
    /// `2^-k`, with the least `k >= 0` for which `4^k` is no less than half the sum of the squared
    /// weights of an output channel, on average.
    pub fn integers(weights: Array4<i64>, bias: Option<Array1<i64>>) -> Self {
        let squares: f64 = weights.iter().map(|w| (*w as f64).powi(2)).sum();
        let gain = squares / (2 * weights.dim().0.max(1)) as f64;
        let shift = (0..64).find(|k| 4f64.powi(*k) >= gain).unwrap_or(64);
        Self { weights, scale: 2f64.powi(-shift), bias: bias.map(Bias::Integers) }
    }

    /// Whether these have the shapes of `layer`.
    pub(super) fn is_of(&self, layer: &Layer) -> bool {
        let biases = match &self.bias {
            None => layer.out_channels(),
            Some(Bias::Integers(bias)) => bias.len(),
            Some(Bias::Real(bias)) => bias.len(),
        };
        self.weights.shape() == layer.weight_shape() && biases == layer.out_channels()
    }

    /// The biases in units of sums of this scale, or the channel and value of one beyond
    /// [`MAX_BIAS`].
    pub(super) fn bias_at(&self, sum_scale: f64) -> Result<Option<Array1<i64>>, (usize, f64)> {
        let real = match &self.bias {
            None => return Ok(None),
            Some(Bias::Integers(bias)) => return Ok(Some(bias.clone())),
            Some(Bias::Real(bias)) => bias / sum_scale,
        };
        let rounded = real.mapv(f64::round);
        // Of NaN this is false.
        let fits = |bias: &f64| bias.abs() <= MAX_BIAS as f64;
        match rounded.iter().position(|bias| !fits(bias)) {
            Some(channel) => Err((channel, real[channel])),
            None => Ok(Some(rounded.mapv(|bias| bias as i64))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn integers_take_the_scale_that_keeps_sizes() {
        let scale = |weight: i64, inputs| {
            LayerWeights::integers(Array4::from_elem((2, inputs, 1, 1), weight), None).scale
        };
        // Half the sums of squares: 0.5, 2, 2.5, 8, 0
        assert_eq!(scale(1, 1), 1.0);
        assert_eq!(scale(-1, 4), 0.5);
        assert_eq!(scale(1, 5), 0.5);
        assert_eq!(scale(4, 1), 0.25);
        assert_eq!(scale(0, 1), 1.0);
    }

    #[test]
    fn real_biases_are_rounded_to_the_sums() {
        let weights = Array4::from_elem((3, 1, 1, 1), 1);
        let real = Array1::from(vec![0.25, -0.26, 1e4]);
        let layer = LayerWeights { weights, scale: 0.5, bias: Some(Bias::Real(real)) };
        let expected = Array1::from(vec![3, -3, 100_000]);
        assert_eq!(layer.bias_at(0.1), Ok(Some(expected)));
        assert_eq!(layer.bias_at(1e-9), Err((2, 1e4 / 1e-9)));
        assert_eq!(layer.bias_at(0.0), Err((0, f64::INFINITY)));
    }
}
