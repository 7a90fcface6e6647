//! The response: a ciphertext switched down to powers of two, and its decryption.
//!
//! A result needs few bits: c' = round(2^k c / Q) with k just large enough keeps the message and
//! saves most of the download. Either polynomial has its own k (see [`Widths`]).

use std::sync::Arc;

use super::{Coefficients, Context, Plaintext, SecretKey, SharedCiphertext, Widths};
use crate::arith::kernels::Kernels;
use crate::arith::{AlignedWords, Modulus, Shoup, largest_ntt_primes, zeroed};
use crate::ring::{Coeff, Ntt};
use zeroize::{Zeroize, Zeroizing};

/// Ciphertexts with one second polynomial switched down, by their coefficients: those of either kind of
/// polynomial in `[0, 2^bits)` for its bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Bits of the coefficients.
    pub widths: Widths,
    /// The polynomials that carry messages, of each the [`Coefficients`] that are read.
    pub c0: Vec<Vec<u64>>,
    /// The polynomial that they share, which meets the secrets.
    pub c1: Vec<u64>,
}

impl Response {
    /// Switches all polynomials of `ciphertext` down to their 2^k, exactly: with r the centred residue of
    /// 2^k c modulo Q, round(2^k c / Q) = (2^k c - r) / Q, which is -r / Q modulo 2^k. Of each c0 what is
    /// `read` stays.
    pub fn switch(
        context: &Context,
        ciphertext: SharedCiphertext,
        widths: Widths,
        read: &[Coefficients],
    ) -> Self {
        let places = context.radix().places_wrapping();
        let whole =
            context.params().limbs().iter().fold(1u64, |q, limb| q.wrapping_mul(limb.value()));
        let factor = inverse_wrapping(whole).wrapping_neg();
        let switch = |poly: crate::ring::Poly<Coeff>, bits: u32, read: &Coefficients| {
            let mask = (1u64 << bits) - 1;
            let mut words = Vec::with_capacity(read.count(context.ring_degree()));
            let visit = |_, digits: &[u64]| {
                let remainder = context.radix().centred_wrapping(digits, &places);
                words.push(remainder.wrapping_mul(factor) & mask);
            };
            context.for_multiples_at(read, &poly, |q: &Modulus| q.reduce(1 << bits), visit);
            words
        };
        Self {
            widths,
            c0: ciphertext
                .c0
                .into_iter()
                .zip(read)
                .map(|(c0, read)| switch(c0.into_coeff(), widths.c0, read))
                .collect(),
            c1: switch(ciphertext.c1.into_coeff(), widths.c1, &Coefficients::All),
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
    widths: Widths,
    /// 2^k, k the bits of c1.
    whole: Modulus,
    kernels: Kernels,
    ntt: Ntt,
    /// By its values.
    secret: Zeroizing<AlignedWords>,
    /// 1/N.
    share: Shoup,
}

impl<'a> Reader<'a> {
    /// A reader for responses of these widths: it multiplies c1 and the secret as integers, modulo
    /// a prime above N 2^k. `None` where the widths are out of range.
    pub fn new(context: &'a Context, secret: &SecretKey, widths: Widths) -> Option<Self> {
        let (n, bits) = (context.ring_degree(), widths.c1);
        if !widths.is_valid(n) {
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
            widths,
            whole: Modulus::new(1 << bits)?,
            ntt: Ntt::new(n, &kernels)?,
            kernels,
            secret,
            share: modulus.shoup(modulus.inverse(n as u64)),
        })
    }

    /// Decrypts message `index` of a response of this reader's size: x = 2^(k-k0) c0 + c1 s modulo 2^k and
    /// m = round(t x / 2^k) modulo t, for the coefficients that it carries, which `read` names; the others are 0.
    pub fn decrypt(&self, response: &Response, index: usize, read: &Coefficients) -> Plaintext {
        // c1 s tells the secret to whoever knows c1.
        let mut product = Zeroizing::new(zeroed(self.context.ring_degree()));
        self.kernels.lift_scaled(&self.whole, self.share, &response.c1, &mut product);
        self.ntt.forward(&mut product);
        self.kernels.multiply(&mut product, &self.secret);
        self.ntt.inverse_times_len(&mut product);
        let (modulus, mask) = (self.kernels.modulus(), self.whole.value() - 1);
        let dropped = self.widths.c1 - self.widths.c0;
        let sum = |product: u64, c0: u64| {
            (modulus.centre(product) as u64).wrapping_add(c0 << dropped) & mask
        };
        let c0 = response.c0.get(index).into_iter().flatten();
        let sums = |(product, c0): (&u64, &u64)| sum(*product, *c0);
        let words = match read {
            Coefficients::All => self.rounded(product.iter().zip(c0).map(sums)),
            Coefficients::Only(places) => {
                let products = places.iter().map(|place| &product[*place as usize]);
                self.rounded(products.zip(c0).map(sums))
            }
        };
        let mut all = vec![0; product.len()];
        read.put(&words, &mut all);
        Plaintext(all)
    }

    /// round(t x / 2^k) modulo t of each x in `[0, 2^k)`: t itself stands for 0.
    fn rounded(&self, sums: impl Iterator<Item = u64>) -> Vec<u64> {
        let plain = self.context.params().plain();
        let reduced = |message: u64| if message == plain.value() { 0 } else { message };
        let bits = self.widths.c1;
        let half = 1u64 << (bits - 1);
        if bits + plain.bits() < 64 {
            return sums.map(|x| reduced((x * plain.value() + half) >> bits)).collect();
        }
        let product = |x| u128::from(x) * u128::from(plain.value()) + u128::from(half);
        sums.map(|x| reduced((product(x) >> bits) as u64)).collect()
    }
}
