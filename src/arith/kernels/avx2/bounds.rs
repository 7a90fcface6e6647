//! How far the doubles of long transforms are from zero, and when they must be reduced.
//!
//! Bounds are multiples of q; the limit is 2^52, which is above 4 q. Up to there the steps are exact:
//! sums and differences are integers that a double holds, and of a product of a value x and a centred
//! root w, |w| < q / 2, only the multiple of q that is taken off depends on rounding (see
//! [`super::butterfly`]). Its quotient is the integer nearest to x z, for z near w / q, and is off by at
//! most 1/2, by |x| / 2^54 for the rounding of x z, which is less than |x| / 2, and by |x| times the
//! error of z.

use super::{Constants, UNSIGNED};

/// Of words as they come, in `[0, q)`.
pub(super) const WORD: f64 = 1.0;

/// The bounds of one modulus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// 2^52 / q.
    limit: f64,
}

impl Bounds {
    pub(super) const fn new(constants: &Constants) -> Self {
        Self { limit: UNSIGNED / constants.q }
    }

    /// Of products by a z that is w / q rounded, off by 2^-55: 7/8 for values at the limit.
    fn product(self, bound: f64) -> f64 {
        0.5 + 0.375 * bound / self.limit
    }

    /// Of products by any z, w times the rounded 1 / q, off by 2^-54 and 2^-55: 9/8 at the limit.
    fn rough_product(self, bound: f64) -> f64 {
        0.5 + 0.625 * bound / self.limit
    }

    /// After a level forwards, `a + w b` and `a - w b`.
    pub(super) fn apart(self, bound: f64) -> f64 {
        bound + self.rough_product(bound)
    }

    /// Whether to reduce the `a` of the first of two levels forwards to 1/2, and the bound after both.
    /// They are kept 1/2 below the limit. From there, at a limit of 4, they come to at most 1/2 + 9/8
    /// after the first, and 3/4 more.
    pub(super) fn apart_twice(self, bound: f64) -> (bool, f64) {
        let after = self.apart(self.apart(bound));
        if after + 0.5 <= self.limit {
            return (false, after);
        }
        (true, self.apart(0.5 + self.rough_product(bound)))
    }

    /// Whether to reduce the sums of the first two levels backwards, of words, and the bound after both.
    /// Words are not negative, so differences of sums of two are within 2.
    pub(super) fn joined_words(self) -> (bool, f64) {
        self.joined(4.0 * WORD, self.rough_product(2.0 * WORD))
    }

    /// The same of two later levels, of values within `bound`.
    pub(super) fn joined_twice(self, bound: f64) -> (bool, f64) {
        self.joined(4.0 * bound, self.product(4.0 * bound))
    }

    /// Of the sums of four values and the products of two levels. The levels after these multiply
    /// differences of two sums of two, so a fourth of the limit must be left: at a limit of 4 products are
    /// within 7/8 of it. What is neither, a sum of two products of the first level, is reduced as well.
    fn joined(self, sum: f64, product: f64) -> (bool, f64) {
        let after = sum.max(2.0 * product);
        if 4.0 * after <= self.limit { (false, after) } else { (true, product) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::Modulus;

    fn of(modulus: u64) -> Bounds {
        Bounds::new(&Constants::new(&Modulus::new(modulus).expect("in range")))
    }

    /// Whatever comes before them, two levels end where the next ones, or the last, can begin.
    #[test]
    fn bounds_stay_below_the_limit() {
        for bits in 20..=50 {
            let bounds = of((1 << bits) - 1);
            let (mut forwards, (_, mut backwards)) = (bounds.apart(WORD), bounds.joined_words());
            for _ in 0..12 {
                let reduced = 0.5 + bounds.rough_product(forwards);
                forwards = bounds.apart_twice(forwards).1;
                assert!(reduced <= bounds.limit && forwards + 0.5 <= bounds.limit, "{bits}");
                assert!(4.0 * backwards <= bounds.limit, "{bits}: {backwards}");
                assert!(bounds.product(4.0 * backwards) < 1.0, "words come from within q");
                backwards = bounds.joined_twice(backwards).1;
            }
        }
    }

    /// Narrow moduli leave room for all levels.
    #[test]
    fn reductions_are_for_wide_moduli() {
        let bounds = of((1 << 36) - 5);
        let (mut forwards, mut backwards) = (bounds.apart(WORD), bounds.joined_words());
        for _ in 0..7 {
            let (reduces, bound) = bounds.apart_twice(forwards);
            assert!(!reduces);
            forwards = bound;
        }
        for _ in 0..6 {
            assert!(!backwards.0);
            backwards = bounds.joined_twice(backwards.1);
        }
        assert!(of((1 << 50) - 27).apart_twice(3.0).0);
        assert!(of((1 << 50) - 27).joined_words().0);
    }
}
