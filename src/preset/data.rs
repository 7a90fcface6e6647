//! Data that come with a layer and are in no file of presets, such as those of a layer of a model.

use ndarray::{Array3, Array4};

use crate::conv::Layer;
use crate::conv::layer::activation_range;
use crate::network::onnx::digest;

/// Weights and an input, as integers of the bits of the layer that they came with.
#[derive(Clone, Debug)]
pub struct LayerData {
    layer: Layer,
    weights: Array4<i8>,
    scales: Vec<f64>,
    input: Array3<i64>,
    digest: String,
}

impl PartialEq for LayerData {
    /// By what tells data from others: forms are held against each other at every key.
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl LayerData {
    /// Data of the shape of `layer`; `scales` say what a weight of 1 stands for in each output channel.
    /// `None` where they are of another shape.
    pub fn new(
        layer: Layer,
        weights: Array4<i8>,
        scales: Vec<f64>,
        input: Array3<i64>,
    ) -> Option<Self> {
        let fits = weights.shape() == layer.weight_shape() && input.shape() == layer.input_shape();
        let words = weights.iter().map(|weight| i64::from(*weight)).chain(input.iter().copied());
        let bytes: Vec<u8> = words.flat_map(i64::to_le_bytes).collect();
        fits.then(|| Self { digest: digest(&bytes), layer, weights, scales, input })
    }

    /// What tells them from others.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether they are of the shape of `layer`.
    pub fn fits(&self, layer: &Layer) -> bool {
        self.layer.weight_shape() == layer.weight_shape()
            && self.layer.input_shape() == layer.input_shape()
    }

    /// Whether some activations are below 0.
    pub fn is_signed(&self) -> bool {
        self.layer.activation_signed()
    }

    /// The weights in the bits of `layer`, rounded where these are fewer, and what a 1 stands for.
    pub fn weights(&self, layer: &Layer) -> (Array4<i8>, Vec<f64>) {
        let [from, to] = [self.layer.max_weight(), layer.max_weight()];
        if to >= from {
            return (self.weights.clone(), self.scales.clone());
        }
        let ratio = to as f64 / from as f64;
        let weights = self.weights.mapv(|weight| (f64::from(weight) * ratio).round() as i8);
        (weights, self.scales.iter().map(|scale| scale / ratio).collect())
    }

    /// The input in the bits of `layer`, rounded where these are fewer.
    pub fn input(&self, layer: &Layer) -> Array3<i64> {
        let end = |layer: &Layer| {
            *activation_range(layer.activation_bits(), layer.activation_signed()).end()
        };
        let [from, to] = [&self.layer, layer].map(end);
        let ratio = (to as f64 / from as f64).min(1.0);
        let range = layer.activation_range();
        self.input.mapv(|value| {
            let value = if ratio < 1.0 { (value as f64 * ratio).round() as i64 } else { value };
            value.clamp(*range.start(), *range.end())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::testing::layer_with_bits;

    #[test]
    fn fewer_bits_round_what_came() {
        let layer = layer_with_bits(8, 8);
        let weights =
            Array4::from_shape_fn(layer.weight_shape(), |(o, i, ..)| [127, -64, 9][(o + i) % 3]);
        let input =
            Array3::from_shape_fn(layer.input_shape(), |(c, y, x)| ((c + y + x) % 256) as i64 * 17);
        let scales = vec![0.5; layer.out_channels()];
        let data = LayerData::new(layer.clone(), weights.clone(), scales.clone(), input.clone());
        let data = data.expect("fits");
        assert_eq!(data.weights(&layer), (weights.clone(), scales.clone()));
        assert_eq!(data.input(&layer), input.mapv(|value| value.min(255)));
        let narrow = layer_with_bits(4, 4);
        let (fewer, scales) = data.weights(&narrow);
        assert_eq!([fewer[[0, 0, 0, 0]], fewer[[1, 0, 0, 0]], fewer[[2, 0, 0, 0]]], [7, -4, 0]);
        // Scales follow, so that weights stand for the same.
        assert!((scales[0] * 7.0 - 0.5 * 127.0).abs() < 1e-9);
        assert!(data.input(&narrow).iter().all(|value| (0..16).contains(value)));
        let other = LayerData::new(layer_with_bits(8, 8), weights.clone(), Vec::new(), input + 1);
        assert_ne!(other.expect("fits"), data);
        assert!(LayerData::new(layer, weights, Vec::new(), Array3::zeros((1, 1, 1))).is_none());
    }
}
