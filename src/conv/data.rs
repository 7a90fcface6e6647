//! Seeded inputs and weights for layers that come without files.
//!
//! Data depend on the seed and the layer's shape and bit widths alone: not on parameters,
//! algorithms or threads, and integers throughout, so not on the machine either.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::Rng;
use ndarray::{Array3, Array4};

use super::Layer;
use crate::ring::sampling::generator;

/// Streams of the data seed.
pub(crate) const INPUT_STREAM: u64 = 1;
pub(crate) const WEIGHT_STREAM: u64 = 2;
pub(crate) const BIAS_STREAM: u64 = 3;

fn data_generator(seed: u64, stream: u64) -> ChaCha20Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    generator(&bytes, stream)
}

/// Activations uniform in [`Layer::activation_range`].
pub fn input(layer: &Layer, seed: u64) -> Array3<i64> {
    let mut rng = data_generator(seed, INPUT_STREAM);
    let (mask, least) = ((1u64 << layer.activation_bits()) - 1, *layer.activation_range().start());
    let mut activation = || (rng.next_u64() & mask).cast_signed() + least;
    Array3::from_shape_simple_fn(layer.input_shape(), &mut activation)
}

/// Weights as symmetric quantisation of a trained layer gives them: bell-shaped around 0, the
/// largest weight at three standard deviations, clipped there.
pub fn weights(layer: &Layer, seed: u64) -> Array4<i8> {
    weights_of_stream(layer, seed, WEIGHT_STREAM)
}

/// The same from another stream of the seed.
pub(crate) fn weights_of_stream(layer: &Layer, seed: u64, stream: u64) -> Array4<i8> {
    let mut bell = bell(seed, stream, layer.max_weight());
    // A weight has at most eight bits.
    Array4::from_shape_simple_fn(layer.weight_shape(), || bell() as i8)
}

/// Integers within `+-max` from a stream of the seed: bell-shaped, `max` at three standard
/// deviations, clipped there.
///
/// The bell is the sum of four uniform 16-bit integers, standard deviation 2^16 / sqrt 3.
pub(crate) fn bell(seed: u64, stream: u64, max: i64) -> impl FnMut() -> i64 {
    const SUM_MEAN: i64 = 2 * 65_535;
    const THREE_SIGMA: i64 = 113_512;
    let mut rng = data_generator(seed, stream);
    move || {
        let word = rng.next_u64();
        let sum: i64 = (0..4).map(|i| i64::from((word >> (16 * i)) as u16)).sum();
        let scaled = (sum - SUM_MEAN) * max;
        let rounded = (scaled.abs() + THREE_SIGMA / 2) / THREE_SIGMA;
        (scaled.signum() * rounded).clamp(-max, max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::LayerSpec;
    use crate::conv::testing::{LAYER, layer_of};

    /// The same words of the stream, from the least activation on; every activation comes up.
    #[test]
    fn activations_fill_their_range() {
        let of = |activation_signed| layer_of(&LayerSpec { activation_signed, ..LAYER });
        let (unsigned, signed) = (input(&of(None), 5), input(&of(Some(true)), 5));
        assert_eq!(unsigned.mapv(|value| value - 8), signed);
        for (input, layer) in [(unsigned, of(None)), (signed, of(Some(true)))] {
            let (least, most) = (input.iter().min(), input.iter().max());
            let range = layer.activation_range();
            assert_eq!((least, most), (Some(range.start()), Some(range.end())));
        }
    }

    /// Seeds give for ever what they gave.
    #[test]
    fn unsigned_inputs_stay_as_they_are() {
        let layer = layer_of(&LayerSpec { activation_bits: 8, ..LAYER });
        let first: Vec<i64> = input(&layer, 1).iter().take(8).copied().collect();
        assert_eq!(first, [230, 139, 205, 189, 77, 71, 134, 116]);
    }
}
