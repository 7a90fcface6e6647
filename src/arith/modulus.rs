//! One prime modulus and scalar arithmetic modulo it.

/// A prime modulus `q` in `[2, 2^62)` with its Barrett constant.
///
/// Unless a method says otherwise, operands and results lie in `[0, q)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modulus {
    value: u64,
    bits: u32,
    /// floor(2^(2*bits) / q), in [2^bits, 2^(bits+1)].
    barrett: u64,
    /// floor(2^(64+bits) / q) - 2^64, which fits since 1 < 2^bits / q <= 2; 2^64 - 1 at q = 2^(bits-1).
    reciprocal: u64,
    /// floor((2^128 - 1) / q), its lower and its upper half.
    wide: [u64; 2],
}

impl Modulus {
    /// The modulus `value`, or `None` outside `[2, 2^62)`.
    pub fn new(value: u64) -> Option<Self> {
        if !(2..1 << 62).contains(&value) {
            return None;
        }
        let bits = value.ilog2() + 1;
        let barrett = ((1u128 << (2 * bits)) / u128::from(value)) as u64;
        let q = u128::from(value);
        // floor(2^(64+bits) / q) - 2^64 = floor(2^64 * (2^bits - q) / q), and 2^bits - q <= q.
        let excess = (1u128 << bits) - q;
        let reciprocal = u64::try_from((excess << 64) / q).unwrap_or(u64::MAX);
        let wide = u128::MAX / q;
        let wide = [wide as u64, (wide >> 64) as u64];
        Some(Self { value, bits, barrett, reciprocal, wide })
    }

    /// `q` itself.
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// The bit length of `q`: `2^(bits-1) <= q < 2^bits`.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// `a + b`.
    pub const fn add(&self, a: u64, b: u64) -> u64 {
        let sum = a + b;
        if sum >= self.value { sum - self.value } else { sum }
    }

    /// `a - b`.
    pub const fn sub(&self, a: u64, b: u64) -> u64 {
        if a >= b { a - b } else { a + self.value - b }
    }

    /// `-a`.
    pub const fn neg(&self, a: u64) -> u64 {
        if a == 0 { 0 } else { self.value - a }
    }

    /// `a * b`, by Barrett's method (Handbook of Applied Cryptography, algorithm 14.42, radix 2).
    pub const fn mul(&self, a: u64, b: u64) -> u64 {
        let product = a as u128 * b as u128;
        let high = (product >> (self.bits - 1)) as u64;
        let quotient = ((high as u128 * self.barrett as u128) >> (self.bits + 1)) as u64;
        // The estimate is at most 2 too small, so the remainder is below 3q < 2^64.
        let mut r = (product as u64).wrapping_sub(quotient.wrapping_mul(self.value));
        if r >= self.value {
            r -= self.value;
        }
        if r >= self.value {
            r -= self.value;
        }
        r
    }

    /// `a` of any size, reduced.
    pub const fn reduce(&self, a: u64) -> u64 {
        a % self.value
    }

    /// `a` of any size, reduced, by Barrett's method: the quotient is the upper half of the product of
    /// `a` and floor((2^128 - 1) / q), at most 1 too small. A division would take ten times as long.
    pub const fn reduce_wide(&self, a: u128) -> u64 {
        let ([low, high], [a_low, a_high]) = (self.wide, [a as u64, (a >> 64) as u64]);
        let middle = a_low as u128 * high as u128 + ((a_low as u128 * low as u128) >> 64);
        let upper = a_high as u128 * low as u128 + (middle as u64) as u128;
        let carried = ((middle >> 64) as u64).wrapping_add((upper >> 64) as u64);
        let quotient = a_high.wrapping_mul(high).wrapping_add(carried);
        let r = a_low.wrapping_sub(quotient.wrapping_mul(self.value));
        if r >= self.value { r - self.value } else { r }
    }

    /// The residue of a signed integer of any size.
    pub const fn from_signed(&self, a: i64) -> u64 {
        let r = a.unsigned_abs() % self.value;
        if a < 0 { self.neg(r) } else { r }
    }

    /// The representative of `a` in `(-q/2, q/2]`.
    pub const fn centre(&self, a: u64) -> i64 {
        if a > self.value / 2 { a as i64 - self.value as i64 } else { a as i64 }
    }

    /// `base^exponent`.
    pub const fn pow(&self, base: u64, mut exponent: u64) -> u64 {
        let mut power = base;
        let mut result = 1 % self.value;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.mul(result, power);
            }
            power = self.mul(power, power);
            exponent >>= 1;
        }
        result
    }

    /// `a^-1` by Fermat's little theorem; 0 has none and gives 0.
    pub const fn inverse(&self, a: u64) -> u64 {
        self.pow(a, self.value - 2)
    }

    /// `a^-1`, whether `q` is prime or not, by Euclid's algorithm; `None` where they share a factor.
    pub fn unit_inverse(&self, a: u64) -> Option<u64> {
        // What is congruent to `s * a` modulo q: remainders fall, and factors stay within +-q.
        let (mut old, mut new) = ((i128::from(self.value), 0i128), (i128::from(a), 1i128));
        while new.0 != 0 {
            let quotient = old.0 / new.0;
            (old, new) = (new, (old.0 - quotient * new.0, old.1 - quotient * new.1));
        }
        let inverse = old.1.rem_euclid(i128::from(self.value));
        if old.0 == 1 { u64::try_from(inverse).ok() } else { None }
    }

    /// `factor` in `[0, q)`, prepared for many multiplications.
    ///
    /// The quotient comes from the precomputed reciprocal of `q`: a wide division would cost more
    /// than the multiplications it is meant to speed up.
    pub const fn shoup(&self, factor: u64) -> Shoup {
        let wide = ((factor as u128) << 64) + factor as u128 * self.reciprocal as u128;
        let estimate = (wide >> self.bits) as u64;
        // The estimate is exact or one too small; factor * 2^64 vanishes modulo 2^64.
        let remainder = estimate.wrapping_mul(self.value).wrapping_neg();
        Shoup { factor, quotient: if remainder >= self.value { estimate + 1 } else { estimate } }
    }

    /// `a * b` with `b` prepared; `a` may be any 64-bit value.
    pub const fn mul_shoup(&self, a: u64, b: Shoup) -> u64 {
        let quotient = ((a as u128 * b.quotient as u128) >> 64) as u64;
        let r = a.wrapping_mul(b.factor).wrapping_sub(quotient.wrapping_mul(self.value));
        if r >= self.value { r - self.value } else { r }
    }
}

/// A constant factor with floor(factor * 2^64 / q) (Shoup; see Harvey, arXiv:1205.2926).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shoup {
    /// The factor, in `[0, q)`.
    pub factor: u64,
    /// floor(factor * 2^64 / q).
    pub quotient: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moduli() -> impl Strategy<Value = Modulus> {
        prop_oneof![
            Just(2u64),
            Just(3),
            Just((1 << 62) - 57),
            Just((1 << 50) - 27),
            (1u32..62).prop_flat_map(|bits| (1u64 << bits)..(1u64 << (bits + 1))),
        ]
        .prop_map(|q| Modulus::new(q).expect("in range"))
    }

    proptest! {
        #[test]
        fn operations_agree_with_wide_integers(q in moduli(), a: u64, b: u64, c: u64, s: i64) {
            let (x, y) = (q.reduce(a), q.reduce(b));
            let wide = |v: u128| (v % u128::from(q.value())) as u64;
            prop_assert_eq!(q.add(x, y), wide(u128::from(x) + u128::from(y)));
            prop_assert_eq!(q.sub(x, y), wide(u128::from(x) + u128::from(q.value()) - u128::from(y)));
            prop_assert_eq!(q.add(x, q.neg(x)), 0);
            prop_assert_eq!(q.mul(x, y), wide(u128::from(x) * u128::from(y)));
            let pair = (u128::from(a) << 64) + u128::from(b);
            for value in [pair, u128::MAX - u128::from(b), u128::from(a) * u128::from(q.value())] {
                prop_assert_eq!(q.reduce_wide(value), wide(value));
            }
            prop_assert_eq!(q.shoup(x).quotient, ((u128::from(x) << 64) / u128::from(q.value())) as u64);
            prop_assert_eq!(q.mul_shoup(c, q.shoup(y)), wide(u128::from(c) * u128::from(y)));
            prop_assert_eq!(q.from_signed(q.centre(x)), x);
            prop_assert_eq!(
                i128::from(q.from_signed(s)),
                i128::from(s).rem_euclid(i128::from(q.value()))
            );
            prop_assert!(2 * i128::from(q.centre(x)).abs() <= i128::from(q.value()));
        }

        #[test]
        fn inverse_undoes_multiplication(a in 1u64..1_032_193) {
            let q = Modulus::new(1_032_193).expect("in range");
            prop_assert_eq!(q.mul(a, q.inverse(a)), 1);
        }
    }

    #[test]
    fn extreme_residues_multiply_exactly() {
        for value in [(1u64 << 62) - 57, (1 << 61) + 1, (1 << 50) - 27, (1 << 35) + 1, 2, 3] {
            let q = Modulus::new(value).expect("in range");
            assert_eq!(q.mul(value - 1, value - 1), 1 % value);
        }
    }

    #[test]
    fn out_of_range_moduli_are_refused() {
        assert!(Modulus::new(0).is_none());
        assert!(Modulus::new(1).is_none());
        assert!(Modulus::new(1 << 62).is_none());
    }
}
