//! A fresh ciphertext as it is sent.
//!
//! c1 follows from a seed. A coefficient of c0 is sent by its mixed-radix digits v_0 + v_1 q_0 + ..., of
//! which v_0 is rounded to a multiple of [`STEP`]: its lowest bits lie under the noise. That takes three
//! bits less and costs 0.35 bit of noise budget.

use super::{Ciphertext, Coefficients, Context};
use crate::arith::Modulus;
use crate::ring::sampling::{generator, uniform};
use crate::ring::{Coeff, Poly};

/// From one value of c0 to the next. It is odd, so that the error is symmetric: one with a mean would add
/// up over all weights of an output.
pub(super) const STEP: u64 = 9;

/// The variance of what rounding to a multiple of [`STEP`] adds.
pub(super) const ROUNDING_VARIANCE: f64 = (STEP * STEP - 1) as f64 / 12.0;

/// The largest value of each digit that is sent of a coefficient.
pub(super) fn largest_digits(limbs: &[Modulus]) -> impl Iterator<Item = u64> + Clone + use<'_> {
    let largest = |(i, limb): (usize, &Modulus)| rounded(i, limb.value() - 1);
    limbs.iter().enumerate().map(largest)
}

/// What is sent of digit `i`.
const fn rounded(i: usize, digit: u64) -> u64 {
    if i == 0 { (digit + STEP / 2) / STEP } else { digit }
}

/// A fresh ciphertext as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededCiphertext {
    /// Which coefficients of c0 are sent.
    pub(super) sent: Coefficients,
    /// Of each digit those of these coefficients.
    pub(super) digits: Vec<Vec<u64>>,
    /// The stream of c1.
    pub stream: u64,
}

impl SeededCiphertext {
    /// From c0, of which the coefficients in `sent` stay.
    pub(super) fn new(
        context: &Context,
        c0: &Poly<Coeff>,
        sent: Coefficients,
        stream: u64,
    ) -> Self {
        let limbs = context.params().limbs().len();
        let mut digits: Vec<Vec<u64>> = Vec::with_capacity(limbs);
        for i in 0..limbs {
            let mut words = sent.pick(c0.limb(i)).into_owned();
            for (j, lower) in digits.iter().enumerate() {
                context.radix().take_off((i, j), lower, &mut words);
            }
            digits.push(words);
        }
        for (i, words) in digits.iter_mut().enumerate() {
            for word in words {
                *word = rounded(i, *word);
            }
        }
        Self { sent, digits, stream }
    }

    /// The whole ciphertext; coefficients of c0 that were not sent are 0.
    pub fn expand(self, context: &Context, public_seed: &[u8; 32]) -> Ciphertext {
        let (limbs, basis) = (context.params().limbs(), context.ciphertext_basis());
        let mut c0 = Poly::<Coeff>::zero(basis);
        let mut words = vec![0; self.sent.count(context.ring_degree())];
        for (i, modulus) in limbs.iter().enumerate() {
            words.fill(0);
            let mut place = 1;
            // Those of higher digits vanish modulo q_i.
            for (j, (digits, limb)) in self.digits.iter().zip(limbs).take(i + 1).enumerate() {
                let unit = if j == 0 { modulus.reduce(STEP) } else { 1 };
                let factor = modulus.shoup(modulus.mul(place, unit));
                for (word, digit) in words.iter_mut().zip(digits) {
                    *word = modulus.add(*word, modulus.mul_shoup(*digit, factor));
                }
                place = modulus.mul(place, modulus.reduce(limb.value()));
            }
            self.sent.put(&words, c0.limb_mut(i));
        }
        let c1 = uniform(basis, &mut generator(public_seed, self.stream));
        Ciphertext { c0: c0.into_ntt(), c1 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{backend, params};
    use super::*;
    use crate::arith::kernels::Reduction;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What is sent comes back as it was, but for an error of at most half a step, and the rest as 0.
        #[test]
        fn coefficients_come_back_within_half_a_step(
            limbs in prop::sample::select(vec![vec![35u32], vec![20, 35], vec![35, 20], vec![50, 50, 50], vec![40, 30, 33, 50]]),
            words in prop::collection::vec(any::<u64>(), 64 * 4),
            are_used in prop::collection::vec(any::<bool>(), 64),
            largest: bool,
        ) {
            let context = Context::new(params(64, &limbs, 37, 17), backend(), Reduction::Lazy).expect("has roots");
            let mut c0 = Poly::<Coeff>::zero(context.ciphertext_basis());
            for (i, limb) in context.params().limbs().iter().enumerate() {
                for (word, random) in c0.limb_mut(i).iter_mut().zip(&words[64 * i..]) {
                    *word = if largest { limb.value() - 1 - random % 16 } else { limb.reduce(*random) };
                }
            }
            let sent = Coefficients::used(&are_used);
            let ciphertext = SeededCiphertext::new(&context, &c0, sent.clone(), 0);
            let largest: Vec<u64> = largest_digits(context.params().limbs()).collect();
            for (words, largest) in ciphertext.digits.iter().zip(largest) {
                prop_assert!(words.iter().all(|word| *word <= largest));
            }
            let found = ciphertext.expand(&context, &[1; 32]).c0.into_coeff();
            for (place, is_used) in are_used.into_iter().enumerate() {
                let mut errors = (0..limbs.len()).map(|i| {
                    let q = context.params().limbs()[i];
                    let expected = if is_used { c0.limb(i)[place] } else { 0 };
                    q.centre(q.sub(found.limb(i)[place], expected))
                });
                let error = errors.next().expect("a limb");
                let most = if is_used { STEP / 2 } else { 0 };
                prop_assert!(error.unsigned_abs() <= most);
                prop_assert!(errors.all(|other| other == error));
            }
        }
    }
}
