//! Raw weights, bit-packed.

use ndarray::ArrayView4;

use super::Layer;
use crate::arith::Packer;

/// Weights in as few bits as the layer states, with 2^(bits-1) added to each.
#[derive(Clone, Debug)]
pub struct PackedWeights {
    bytes: Vec<u8>,
    bits: u32,
    count: usize,
}

impl PackedWeights {
    /// Packs weights of the layer's shape and bit width.
    pub fn new(layer: &Layer, weights: ArrayView4<'_, i8>) -> Self {
        let bits = layer.weight_bits();
        let words: Vec<u64> =
            weights.iter().map(|w| (i64::from(*w) + (1 << (bits - 1))).cast_unsigned()).collect();
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
        let mut weights = Vec::with_capacity(self.count.next_multiple_of(8));
        match self.bits {
            2 => self.unpack_bytes::<4>(&mut weights),
            4 => self.unpack_bytes::<2>(&mut weights),
            8 => self.unpack_bytes::<1>(&mut weights),
            _ => self.unpack_words(&mut weights),
        }
        weights.truncate(self.count);
        weights
    }

    /// Where each byte holds `EACH` whole weights: they follow from a table.
    fn unpack_bytes<const EACH: usize>(&self, weights: &mut Vec<i8>) {
        let weight = |byte: usize, i| self.weight(byte as u64, i);
        let table: [[i8; EACH]; 256] =
            std::array::from_fn(|byte| std::array::from_fn(|i| weight(byte, i as u32)));
        weights.extend(self.bytes.iter().flat_map(|byte| table[usize::from(*byte)]));
    }

    /// Eight weights fill as many bytes as one has bits.
    fn unpack_words(&self, weights: &mut Vec<i8>) {
        for eight in self.bytes.chunks(self.bits as usize) {
            let mut bytes = [0; 8];
            bytes[..eight.len()].copy_from_slice(eight);
            let word = u64::from_le_bytes(bytes);
            weights.extend([0, 1, 2, 3, 4, 5, 6, 7].map(|i| self.weight(word, i)));
        }
    }

    /// Weight `i` of those in `word`.
    const fn weight(&self, word: u64, i: u32) -> i8 {
        let (mask, half) = ((1u64 << self.bits) - 1, 1i64 << (self.bits - 1));
        (((word >> (i * self.bits)) & mask) as i64 - half) as i8
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
            assert_eq!(packed.unpack(), weights.into_raw_vec_and_offset().0);
        }
    }
}
