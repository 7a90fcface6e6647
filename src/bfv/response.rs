//! The response: a ciphertext switched down to a power of two, and its decryption.
//!
//! A result needs few bits: c' = round(2^k c / Q) with k just large enough keeps the message and
//! saves most of the download.

use std::sync::Arc;

use super::noise::{NoiseModel, Samples};
use super::{Ciphertext, Context, Params, Plaintext, SecretKey};
use crate::arith::kernels::Kernels;
use crate::arith::{AlignedWords, Modulus, Shoup, largest_ntt_primes, zeroed};
use crate::ring::{Coeff, Ntt};
use zeroize::{Zeroize, Zeroizing};

/// Which coefficients of the message a response carries. Those of c1 all meet the secret, but of c0
/// only those are needed that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coefficients {
    /// All N.
    All,
    /// These, rising, each below N.
    Only(Arc<[u32]>),
}

impl Coefficients {
    /// How many there are at a ring degree.
    pub fn count(&self, ring_degree: usize) -> usize {
        match self {
            Self::All => ring_degree,
            Self::Only(places) => places.len(),
        }
    }

    /// The words put back in their places among N, the others 0.
    fn spread(&self, words: Vec<u64>, ring_degree: usize) -> Vec<u64> {
        match self {
            Self::All => words,
            Self::Only(places) => {
                let mut all = vec![0; ring_degree];
                places.iter().zip(words).for_each(|(place, word)| all[*place as usize] = word);
                all
            }
        }
    }
}

/// A ciphertext modulo 2^k, by its coefficients in `[0, 2^k)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// k.
    pub bits: u32,
    /// The polynomial that carries the message, of it the [`Coefficients`] that are read.
    pub c0: Vec<u64>,
    /// The polynomial that meets the secret.
    pub c1: Vec<u64>,
}

/// The largest k at a ring degree: c1 s must stay below half of a 61-bit prime.
const fn max_bits(ring_degree: usize) -> u32 {
    60 - ring_degree.ilog2()
}

/// The least k for which noise of the predicted variances, switched to 2^k, stays below 2^k/(2t)
/// with failure probability 2^-40 over all coefficients of the response. Where the prediction
/// leaves no budget at all, the largest k that is of use.
pub fn response_bits(params: &Params, samples: &[Samples]) -> u32 {
    let model = NoiseModel::new(params);
    let max = max_bits(params.ring_degree());
    let plain = params.plain().value() as f64;
    let log2_q = params.log2_q();
    let fits = |bits: &u32| {
        let scale = (f64::from(*bits) - log2_q).exp2();
        let switched: Vec<Samples> = samples
            .iter()
            .map(|s| Samples { variance: scale * scale * s.variance + model.rounding(), ..*s })
            .collect();
        NoiseModel::keeps(&switched, f64::from(*bits).exp2() / (2.0 * plain))
    };
    (params.plain().bits()..max).find(fits).unwrap_or(max)
}

impl Response {
    /// Switches `ciphertext` down to 2^k, exactly: with r the centred residue of 2^k c modulo Q,
    /// round(2^k c / Q) = (2^k c - r) / Q, which is -r / Q modulo 2^k. Of c0 what is `read` stays.
    pub fn switch(
        context: &Context,
        ciphertext: Ciphertext,
        bits: u32,
        read: &Coefficients,
    ) -> Self {
        let places = context.radix().places_wrapping();
        let whole =
            context.params().limbs().iter().fold(1u64, |q, limb| q.wrapping_mul(limb.value()));
        let factor = inverse_wrapping(whole).wrapping_neg();
        let mask = (1u64 << bits) - 1;
        let switch = |poly: crate::ring::Poly<Coeff>, read: &Coefficients| {
            let mut words = Vec::with_capacity(read.count(context.ring_degree()));
            let visit = |_, digits: &[u64]| {
                let remainder = context.radix().centred_wrapping(digits, &places);
                words.push(remainder.wrapping_mul(factor) & mask);
            };
            let power = |q: &Modulus| q.reduce(1 << bits);
            match read {
                Coefficients::All => context.for_each_multiple(&poly, power, visit),
                Coefficients::Only(read) => {
                    let read = read.iter().map(|place| *place as usize);
                    context.for_multiples_at(read, &poly, power, visit);
                }
            }
            words
        };
        Self {
            bits,
            c0: switch(ciphertext.c0.into_coeff(), read),
            c1: switch(ciphertext.c1.into_coeff(), &Coefficients::All),
        }
    }
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the number
/// of correct bits, of which the number itself has three.
fn inverse_wrapping(odd: u64) -> u64 {
    (0..5).fold(odd, |x, _| x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x))))
}

/// Decrypts responses of one size.
pub struct Reader<'a> {
    context: &'a Context,
    bits: u32,
    /// 2^k.
    whole: Modulus,
    kernels: Kernels,
    ntt: Ntt,
    /// By its values.
    secret: Zeroizing<AlignedWords>,
    /// 1/N.
    share: Shoup,
}

impl<'a> Reader<'a> {
    /// A reader for responses of `bits` bits: it multiplies c1 and the secret as integers, modulo
    /// a prime above N 2^bits. `None` where `bits` is out of range.
    pub fn new(context: &'a Context, secret: &SecretKey, bits: u32) -> Option<Self> {
        let n = context.ring_degree();
        if !(1..=max_bits(n)).contains(&bits) {
            return None;
        }
        // Up to 50 bits the transform has its fastest path.
        let prime_bits = if bits + n.ilog2() < 50 { 50 } else { 61 };
        let prime = largest_ntt_primes(prime_bits, 2 * n as u64, 1, &[]).ok()?[0];
        let modulus = Modulus::new(prime)?;
        let basis = crate::ring::Basis::new(n, &[modulus], context.backend())?;
        let mut values = secret.values_over(&Arc::new(basis));
        let mut secret = Zeroizing::new(zeroed(n));
        secret.copy_from_slice(values.words());
        values.zeroize();
        let kernels = Kernels::new(context.backend(), modulus);
        Some(Self {
            context,
            bits,
            whole: Modulus::new(1 << bits)?,
            ntt: Ntt::new(n, &kernels)?,
            kernels,
            secret,
            share: modulus.shoup(modulus.inverse(n as u64)),
        })
    }

    /// Decrypts one response of this reader's size: x = c0 + c1 s modulo 2^k, m = round(t x / 2^k)
    /// modulo t, for the coefficients that it carries, which `read` names; the others are 0.
    pub fn decrypt(&self, response: &Response, read: &Coefficients) -> Plaintext {
        // c1 s tells the secret to whoever knows c1.
        let mut product = Zeroizing::new(zeroed(self.context.ring_degree()));
        self.kernels.lift_scaled(&self.whole, self.share, &response.c1, &mut product);
        self.ntt.forward(&mut product);
        self.kernels.multiply(&mut product, &self.secret);
        self.ntt.inverse_times_len(&mut product);
        let (modulus, mask) = (self.kernels.modulus(), self.whole.value() - 1);
        let sum = |product: u64, c0: u64| (modulus.centre(product) as u64).wrapping_add(c0) & mask;
        let (n, c0) = (self.context.ring_degree(), response.c0.iter());
        let words = match read {
            Coefficients::All => {
                self.rounded(product.iter().zip(c0).map(|(product, c0)| sum(*product, *c0)))
            }
            Coefficients::Only(places) => {
                let products = places.iter().map(|place| product[*place as usize]);
                self.rounded(products.zip(c0).map(|(product, c0)| sum(product, *c0)))
            }
        };
        Plaintext(read.spread(words, n))
    }

    /// round(t x / 2^k) modulo t of each x in `[0, 2^k)`: t itself stands for 0.
    fn rounded(&self, sums: impl Iterator<Item = u64>) -> Vec<u64> {
        let plain = self.context.params().plain();
        let reduced = |message: u64| if message == plain.value() { 0 } else { message };
        let half = 1u64 << (self.bits - 1);
        if self.bits + plain.bits() < 64 {
            return sums.map(|x| reduced((x * plain.value() + half) >> self.bits)).collect();
        }
        let product = |x| u128::from(x) * u128::from(plain.value()) + u128::from(half);
        sums.map(|x| reduced((product(x) >> self.bits) as u64)).collect()
    }
}
