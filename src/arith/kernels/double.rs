//! Integers as doubles.

/// Added to an integer in `[0, 2^52)`, this double leaves its bits in the lowest places.
pub(super) const UNSIGNED: f64 = (1u64 << 52) as f64;

/// An integer in `[0, 2^52)` as a double.
#[inline]
pub(super) fn double(word: u64) -> f64 {
    f64::from_bits(word | UNSIGNED.to_bits()) - UNSIGNED
}
