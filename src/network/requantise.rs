//! Back to the few bits that a convolution takes.

use ndarray::Array3;

/// Unsigned activations, and by how many bits they were shifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requantised {
    /// Activations below `2^bits`.
    pub values: Array3<i64>,
    /// The value `v` became `v / 2^shift`, rounded, halves up.
    pub shift: u32,
}

/// Divides non-negative values by the least power of two after which all of them, rounded, are
/// below `2^bits`. Values below 0 become 0.
pub fn requantise(mut values: Array3<i64>, bits: u32) -> Requantised {
    let largest = values.iter().copied().max().unwrap_or(0);
    let fits = |shift: &u32| halved(largest, *shift) < 1 << bits;
    // A shift by 63 leaves nothing of any value.
    let shift = (0..63).find(fits).unwrap_or(63);
    values.par_mapv_inplace(|value| halved(value.max(0), shift));
    Requantised { values, shift }
}

/// `value / 2^shift` of a value that is at least 0, rounded, halves up.
const fn halved(value: i64, shift: u32) -> i64 {
    match shift {
        0 => value,
        _ => (value >> shift) + ((value >> (shift - 1)) & 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn the_least_shift_is_taken() {
        let of = |largest| {
            let found = requantise(array![[[largest, 8, -1]]], 4);
            (found.shift, found.values.into_raw_vec_and_offset().0)
        };
        assert_eq!(of(15), (0, vec![15, 8, 0]));
        assert_eq!(of(16), (1, vec![8, 4, 0]));
        // 31 / 2 rounds to 16, which is too large.
        assert_eq!(of(30), (1, vec![15, 4, 0]));
        assert_eq!(of(31), (2, vec![8, 2, 0]));
        assert_eq!(of(1 << 40), (37, vec![8, 0, 0]));
        assert_eq!(requantise(array![[[0, -5]]], 1).shift, 0);
        assert_eq!(requantise(array![[[i64::MAX]]], 4).values[[0, 0, 0]], 8);
    }

    proptest! {
        #[test]
        fn values_are_the_nearest(
            values in proptest::collection::vec(0i64..1 << 50, 1..20), bits in 1u32..=16
        ) {
            let array = Array3::from_shape_vec((1, 1, values.len()), values.clone()).expect("fits");
            let found = requantise(array, bits);
            let unit = 2f64.powi(found.shift as i32);
            for (value, activation) in values.iter().zip(&found.values) {
                prop_assert!((0..1 << bits).contains(activation));
                prop_assert!((*value as f64 / unit - *activation as f64).abs() <= 0.5);
            }
            if found.shift > 0 {
                let largest = *values.iter().max().expect("some") as f64;
                prop_assert!((largest * 2.0 / unit + 0.5).floor() >= f64::from(1 << bits));
            }
        }
    }
}
