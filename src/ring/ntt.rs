//! Negacyclic number-theoretic transforms: of ring degree, and small batched ones.
//!
//! Those of ring degree are the NTT crate's, except on backends whose kernels are faster; these take the
//! same root and give the same values in the same order.

use concrete_ntt::prime64::Plan;

use crate::arith::kernels::{
    BATCH, Backend, InverseRoots, Kernels, LongTransform, Root, SmallRoots,
};
use crate::arith::{Modulus, bit_reverse};

/// The transform of one prime at one length.
///
/// Entry i of the transform is the value at psi^(2 bitrev(i) + 1), where psi is a primitive
/// 2N-th root of unity chosen by the crate.
#[derive(Clone, Debug)]
pub struct Ntt {
    plan: Plan,
    own: Option<LongTransform>,
}

impl Ntt {
    /// The transform of length `len` modulo the kernels' modulus, or `None` where there are no roots:
    /// `len` must be a power of two from 16 on and the modulus a prime = 1 mod `2 * len`.
    pub fn new(len: usize, kernels: &Kernels) -> Option<Self> {
        let modulus = kernels.modulus();
        // Without this check the crate would search long for a root of unity before giving up.
        if !len.is_power_of_two() || modulus.value() % (2 * len as u64) != 1 {
            return None;
        }
        let mut ntt = Self { plan: Plan::try_new(len, modulus.value())?, own: None };
        let root = ntt.root();
        ntt.own = kernels.long_transform(|| {
            let inverse = InverseRoots::new(modulus, roots(modulus, modulus.inverse(root), len));
            (roots(modulus, root, len), inverse)
        });
        Some(ntt)
    }

    /// Coefficients to values, in place; both in `[0, q)`. `words.len()` must be the length.
    pub fn forward(&self, words: &mut [u64]) {
        match &self.own {
            Some(own) => own.forward(words),
            None => self.plan.fwd(words),
        }
    }

    /// Values to coefficients, in place; both in `[0, q)`. `words.len()` must be the length.
    pub fn inverse(&self, words: &mut [u64]) {
        if let Some(own) = &self.own {
            own.inverse(words, false);
        } else {
            self.plan.inv(words);
            self.plan.normalize(words);
        }
    }

    /// Values to coefficients times the length, in place; both in `[0, q)`. `words.len()` must be the
    /// length. For values that were divided by the length where it cost nothing.
    pub fn inverse_times_len(&self, words: &mut [u64]) {
        match &self.own {
            Some(own) => own.inverse(words, true),
            None => self.plan.inv(words),
        }
    }

    /// psi: the value of X at entry 0.
    pub fn root(&self) -> u64 {
        let mut x = vec![0; self.plan.ntt_size()];
        x[1] = 1;
        self.forward(&mut x);
        x[0]
    }
}

/// omega^bitrev(j) for all j below `len`.
fn roots(modulus: &Modulus, omega: u64, len: usize) -> Vec<Root> {
    let powers = std::iter::successors(Some(1), |power| Some(modulus.mul(*power, omega)));
    let powers: Vec<u64> = powers.take(len).collect();
    let at = |j| Root::new(modulus.shoup(powers[bit_reverse(j, len.ilog2())]));
    (0..len).map(at).collect()
}

/// Batched transforms of a small length, which need no more than a root of unity.
#[derive(Clone, Debug)]
pub struct SmallNtt {
    kernels: Kernels,
    roots: SmallRoots,
}

impl SmallNtt {
    /// The transform of length `len`, a power of two, for a primitive `2 * len`-th root `omega`.
    pub fn new(backend: Backend, modulus: Modulus, len: usize, omega: u64) -> Self {
        let inverse = roots(&modulus, modulus.inverse(omega), len);
        Self {
            kernels: Kernels::new(backend, modulus),
            roots: SmallRoots::new(&modulus, roots(&modulus, omega, len), inverse),
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

    /// Values to coefficients.
    pub fn inverse(&self, data: &mut [[u64; BATCH]]) {
        self.kernels.small_inverse(&self.roots, data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::largest_ntt_primes;
    use proptest::prelude::*;

    /// The transform of a backend, and the modulus.
    fn transform(backend: Backend, log_len: u32, bits: u32) -> (Ntt, Modulus) {
        let prime = largest_ntt_primes(bits, 2 << log_len, 1, &[]).expect("exists")[0];
        let modulus = Modulus::new(prime).expect("in range");
        let kernels = Kernels::new(backend, modulus);
        (Ntt::new(1 << log_len, &kernels).expect("has roots"), modulus)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Values lie in range, come in the documented order and invert, whatever computes them.
        #[test]
        fn values_are_evaluations_in_bit_reversed_order(
            log_len in 4u32..13, bits in prop::sample::select(vec![20u32, 26, 30, 36, 43, 46, 47, 49, 50, 51, 61]),
            seed in prop::collection::vec(any::<u64>(), 1..40), extreme: bool,
        ) {
            let all = Backend::available().map(|backend| transform(backend, log_len, bits));
            let mut seen: Option<[Vec<u64>; 2]> = None;
            for (ntt, modulus) in all {
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
                let mut inverse = values.clone();
                ntt.inverse(&mut inverse);
                prop_assert_eq!(&inverse, &coefficients);
                // Largest values are as hard backwards as largest coefficients are forwards.
                let mut back = coefficients;
                if extreme {
                    ntt.inverse_times_len(&mut back);
                }
                let this = [values, back];
                prop_assert_eq!(seen.get_or_insert_with(|| this.clone()), &this);
            }
        }
    }

    /// Words that take transforms to the ends of their ranges, or none of the way.
    fn extremes(modulus: Modulus, len: usize) -> [Vec<u64>; 5] {
        let most = modulus.value() - 1;
        let of = |word: &dyn Fn(u64) -> u64| (0..len as u64).map(word).collect();
        [
            of(&|_| most),
            of(&|_| 0),
            of(&|i| most * (i % 2)),
            of(&|i| modulus.value() / 2 + i % 2),
            of(&|i| modulus.reduce((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        ]
    }

    /// At every ring degree and width, all backends give what the portable one does.
    #[test]
    fn backends_agree_at_extremes() {
        for log_len in 5..=15 {
            for bits in (20..=50).filter(|bits| bits % 4 == 0 || *bits > 46) {
                let (portable, modulus) = transform(Backend::Portable, log_len, bits);
                for backend in Backend::available() {
                    let (ntt, _) = transform(backend, log_len, bits);
                    for words in extremes(modulus, 1 << log_len) {
                        let run = |ntt: &Ntt| {
                            let mut all = [words.clone(), words.clone(), words.clone()];
                            ntt.forward(&mut all[0]);
                            ntt.inverse(&mut all[1]);
                            ntt.inverse_times_len(&mut all[2]);
                            all
                        };
                        assert!(
                            run(&ntt) == run(&portable),
                            "{backend:?}, 2^{log_len}, {bits} bits"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_and_moduli_without_roots_are_refused() {
        let kernels = Kernels::new(Backend::detect(), Modulus::new(1_032_193).expect("in range"));
        assert!(Ntt::new(4096, &kernels).is_some());
        assert!(Ntt::new(8192 * 16, &kernels).is_none());
        assert!(Ntt::new(100, &kernels).is_none());
        assert!(Ntt::new(8, &kernels).is_none());
    }
}
