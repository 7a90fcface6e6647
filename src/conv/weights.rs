//! Raw weights, bit-packed.

use ndarray::ArrayView4;

use super::Layer;
use crate::arith::{Packer, Unpacker};

/// Weights in as few bits as the layer states, with 2^(bits-1) added to each.
#[derive(Clone, Debug)]
pub struct PackedWeights {
    bytes: Vec<u8>,
    bits: u32,
    count: usize,
}

impl PackedWeights {
    /// Packs weights of the layer's shape and bit width.
    pub fn new(layer: &Layer, weights: ArrayView4<'_, i64>) -> Self {
        let bits = layer.weight_bits();
        let words: Vec<u64> =
            weights.iter().map(|w| (w + (1 << (bits - 1))).cast_unsigned()).collect();
        let mut bytes = Vec::with_capacity(Self::predicted_bytes(layer) as usize);
        let mut packer = Packer::default();
        packer.words(&words, bits, &mut bytes);
        packer.finish(&mut bytes);
        Self { bytes, bits, count: words.len() }
    }

    /// Bytes that the weights of `layer` take.
    pub fn predicted_bytes(layer: &Layer) -> u64 {
        (layer.weight_count() as u64 * u64::from(layer.weight_bits())).div_ceil(8)
    }

    /// Bytes stored.
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The weights, in the order of their array.
    pub fn unpack(&self) -> Vec<i8> {
        let mut words = vec![0; self.count];
        Unpacker::new(&self.bytes).words(&mut words, self.bits);
        words.into_iter().map(|w| (w as i64 - (1 << (self.bits - 1))) as i8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{data, testing::layer_with_bits};

    #[test]
    fn weights_of_every_width_survive() {
        for bits in 2..=8 {
            let layer = layer_with_bits(4, bits);
            let weights = data::weights(&layer, 3);
            let packed = PackedWeights::new(&layer, weights.view());
            assert_eq!(packed.bytes(), PackedWeights::predicted_bytes(&layer));
            let expected: Vec<i8> = weights.iter().map(|w| *w as i8).collect();
            assert_eq!(packed.unpack(), expected);
        }
    }
}
