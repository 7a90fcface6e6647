//! From real values to the few bits that a convolution takes.

use std::ops::RangeInclusive;

use ndarray::Array3;

use crate::conv::Layer;

/// The integers that the convolutions of a tensor take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// Bits of an integer, its sign included.
    pub bits: u32,
    /// Whether there is a sign.
    pub signed: bool,
}

impl Width {
    /// The integers that `layer` takes.
    pub const fn of(layer: &Layer) -> Self {
        Self { bits: layer.activation_bits(), signed: layer.activation_signed() }
    }

    /// The largest integer: `2^bits - 1`, or `2^(bits-1) - 1` where there is a sign.
    pub const fn max(self) -> i64 {
        (1 << (self.bits - self.signed as u32)) - 1
    }

    /// The integers that there are: from 0, or in two's complement, whose least one quantisation has
    /// no use for.
    pub const fn range(self) -> RangeInclusive<i64> {
        let least = if self.signed { -self.max() - 1 } else { 0 };
        least..=self.max()
    }

    /// What a 1 stands for so that the largest value in absolute value is the largest integer.
    pub(super) fn scale_of(self, values: &Array3<f64>) -> f64 {
        let largest = values.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        match largest / self.max() as f64 {
            // Of a tensor of zeros; a quotient of tiny values may be 0 too.
            0.0 => 1.0,
            scale => scale,
        }
    }

    /// `values` over `scale`, to the nearest integers of this width; halves are rounded away from 0.
    pub(super) fn quantise(self, values: &Array3<f64>, scale: f64) -> Array3<i64> {
        let (least, largest) = self.range().into_inner();
        let (least, largest) = (least as f64, largest as f64);
        let mut quotients = values.clone();
        quotients.par_mapv_inplace(|value| (value / scale).round().clamp(least, largest));
        quotients.mapv(|value| value as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    const UNSIGNED: Width = Width { bits: 4, signed: false };
    const SIGNED: Width = Width { bits: 4, signed: true };

    fn quantised(width: Width, values: &Array3<f64>) -> (f64, Vec<i64>) {
        let scale = width.scale_of(values);
        (scale, width.quantise(values, scale).into_raw_vec_and_offset().0)
    }

    #[test]
    fn the_largest_value_takes_the_largest_integer() {
        let values = array![[[0.0, 1.5, 3.0, 0.29]]];
        assert_eq!(quantised(UNSIGNED, &values), (0.2, vec![0, 8, 15, 1]));
        assert_eq!(quantised(SIGNED, &array![[[0.35, -0.7, 0.1]]]), (0.7 / 7.0, vec![4, -7, 1]));
        for width in [UNSIGNED, SIGNED] {
            assert_eq!(quantised(width, &array![[[0.0, -0.0]]]), (1.0, vec![0, 0]));
            assert_eq!(quantised(width, &array![[[5e-324]]]), (1.0, vec![0]));
        }
        assert_eq!((UNSIGNED.range(), SIGNED.range()), (0..=15, -8..=7));
    }

    proptest! {
        #[test]
        fn integers_are_the_nearest(
            values in proptest::collection::vec(-1e6f64..1e6, 1..20), bits in 2u32..=16
        ) {
            let array = Array3::from_shape_vec((1, 1, values.len()), values.clone()).expect("fits");
            let width = Width { bits, signed: true };
            let scale = width.scale_of(&array);
            for (value, integer) in values.iter().zip(&width.quantise(&array, scale)) {
                prop_assert!(width.range().contains(integer));
                prop_assert!((value / scale - *integer as f64).abs() <= 0.5 + 1e-9);
            }
        }
    }
}
