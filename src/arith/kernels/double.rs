//! Integers as doubles.

/// Added to an integer in `[0, 2^52)`, this double leaves its bits in the lowest places.
pub(super) const UNSIGNED: f64 = (1u64 << 52) as f64;

/// An integer in `[0, 2^52)` as a double.
#[inline]
pub(super) fn double(word: u64) -> f64 {
    f64::from_bits(word | UNSIGNED.to_bits()) - UNSIGNED
}

/// The same for an integer in `[-2^51, 2^51)`, in two's complement. Added to any double of that
/// size, it rounds to an integer.
#[cfg(target_arch = "x86_64")]
pub(super) const SIGNED: f64 = 1.5 * UNSIGNED;

/// An integer in `[-2^51, 2^51)`, of which this is the remainder modulo 2^64, as a double.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) const fn signed_double(word: u64) -> f64 {
    f64::from_bits(SIGNED.to_bits().wrapping_add(word)) - SIGNED
}
