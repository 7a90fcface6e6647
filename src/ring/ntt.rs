//! Negacyclic number-theoretic transforms: of ring degree by the NTT crate, and small batched ones.

use concrete_ntt::prime64::Plan;

use crate::arith::kernels::{BATCH, Backend, Kernels};
use crate::arith::{Modulus, Shoup, bit_reverse};

/// The transform of one prime at one length.
///
/// Entry i of the transform is the value at psi^(2 bitrev(i) + 1), where psi is a primitive
/// 2N-th root of unity chosen by the crate.
#[derive(Clone, Debug)]
pub struct Ntt {
    plan: Plan,
}

impl Ntt {
    /// The transform of length `len` modulo `modulus`, or `None` where there are no roots: `len`
    /// must be a power of two from 16 on and the modulus a prime = 1 mod `2 * len`.
    pub fn new(len: usize, modulus: &Modulus) -> Option<Self> {
        // Without this check the crate would search long for a root of unity before giving up.
        if !len.is_power_of_two() || modulus.value() % (2 * len as u64) != 1 {
            return None;
        }
        Plan::try_new(len, modulus.value()).map(|plan| Self { plan })
    }

    /// Coefficients to values, in place; both in `[0, q)`. `words.len()` must be the length.
    pub fn forward(&self, words: &mut [u64]) {
        self.plan.fwd(words);
    }

    /// Values to coefficients, in place; both in `[0, q)`. `words.len()` must be the length.
    pub fn inverse(&self, words: &mut [u64]) {
        self.inverse_times_len(words);
        self.plan.normalize(words);
    }

    /// Values to coefficients times the length, in place; both in `[0, q)`. `words.len()` must be the
    /// length. For values that were divided by the length where it cost nothing.
    pub fn inverse_times_len(&self, words: &mut [u64]) {
        self.plan.inv(words);
    }

    /// psi: the value of X at entry 0.
    pub fn root(&self) -> u64 {
        let mut x = vec![0; self.plan.ntt_size()];
        x[1] = 1;
        self.forward(&mut x);
        x[0]
    }
}

/// Batched transforms of a small length, which need no more than a root of unity.
#[derive(Clone, Debug)]
pub struct SmallNtt {
    kernels: Kernels,
    roots: Vec<Shoup>,
    inverse_roots: Vec<Shoup>,
    inverse_len: Shoup,
}

impl SmallNtt {
    /// The transform of length `len`, a power of two, for a primitive `2 * len`-th root `omega`.
    pub fn new(backend: Backend, modulus: Modulus, len: usize, omega: u64) -> Self {
        let bits = len.ilog2();
        let table = |root: u64| {
            (0..len)
                .map(|j| modulus.shoup(modulus.pow(root, bit_reverse(j, bits) as u64)))
                .collect()
        };
        Self {
            kernels: Kernels::new(backend, modulus),
            roots: table(omega),
            inverse_roots: table(modulus.inverse(omega)),
            inverse_len: modulus.shoup(modulus.inverse(modulus.reduce(len as u64))),
        }
    }

    /// The kernels of the modulus.
    pub const fn kernels(&self) -> &Kernels {
        &self.kernels
    }

    /// Coefficients to values; entry i is the value at omega^(2 bitrev(i) + 1).
    pub fn forward(&self, data: &mut [[u64; BATCH]]) {
        self.kernels.small_forward(&self.roots, data);
    }

    /// 1/len modulo q.
    pub const fn inverse_len(&self) -> u64 {
        self.inverse_len.factor
    }

    /// Values to coefficients times the length.
    pub fn inverse_times_len(&self, data: &mut [[u64; BATCH]]) {
        self.kernels.small_inverse(&self.inverse_roots, data);
    }

    /// Values to coefficients.
    pub fn inverse(&self, data: &mut [[u64; BATCH]]) {
        self.inverse_times_len(data);
        self.kernels.small_scale(self.inverse_len, data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::largest_ntt_primes;
    use proptest::prelude::*;

    fn transform(log_len: u32, bits: u32) -> (Ntt, Modulus) {
        let prime = largest_ntt_primes(bits, 2 << log_len, 1, &[]).expect("exists")[0];
        let modulus = Modulus::new(prime).expect("in range");
        (Ntt::new(1 << log_len, &modulus).expect("has roots"), modulus)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// The crate's values lie in range, come in the documented order and invert.
        #[test]
        fn values_are_evaluations_in_bit_reversed_order(
            log_len in 4u32..10, bits in prop::sample::select(vec![20u32, 30, 36, 49, 50, 51, 61]),
            seed in prop::collection::vec(any::<u64>(), 1..40), extreme: bool,
        ) {
            let (ntt, modulus) = transform(log_len, bits);
            let len = 1usize << log_len;
            let coefficients: Vec<u64> = (0..len)
                .map(|i| if extreme { modulus.value() - 1 } else { modulus.reduce(seed[i % seed.len()]) })
                .collect();
            let mut values = coefficients.clone();
            ntt.forward(&mut values);
            prop_assert!(values.iter().all(|v| *v < modulus.value()));
            let psi = ntt.root();
            prop_assert_eq!(modulus.pow(psi, len as u64), modulus.value() - 1);
            for i in [0, 1, len / 2, len - 1] {
                let point = modulus.pow(psi, 2 * bit_reverse(i, log_len) as u64 + 1);
                let expected =
                    coefficients.iter().rev().fold(0, |sum, c| modulus.add(modulus.mul(sum, point), *c));
                prop_assert_eq!(values[i], expected);
            }
            let mut multiples = values.clone();
            ntt.inverse_times_len(&mut multiples);
            let times_len = |c: &u64| modulus.mul(*c, modulus.reduce(len as u64));
            prop_assert_eq!(multiples, coefficients.iter().map(times_len).collect::<Vec<_>>());
            ntt.inverse(&mut values);
            prop_assert_eq!(values, coefficients);
        }
    }

    #[test]
    fn lengths_and_moduli_without_roots_are_refused() {
        let modulus = Modulus::new(1_032_193).expect("in range");
        assert!(Ntt::new(4096, &modulus).is_some());
        assert!(Ntt::new(8192 * 16, &modulus).is_none());
        assert!(Ntt::new(100, &modulus).is_none());
        assert!(Ntt::new(8, &modulus).is_none());
    }
}
