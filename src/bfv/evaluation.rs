//! The server's side: rotations by hoisted key switching.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Ciphertext, Context, GaloisKey, GaloisKeys};
use crate::arith::kernels::{PAIR, TILE};
use crate::arith::{AlignedWords, zeroed};
use crate::ring::{GaloisElement, NttForm, Poly};

/// A rotation was asked for that the client sent no key for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no Galois key for X -> X^{}", .0.exponent())]
pub struct MissingKey(pub GaloisElement);

/// Work done, counted as it happens.
#[derive(Debug, Default)]
pub struct Work {
    rotations: AtomicU64,
    ntts: AtomicU64,
}

impl Work {
    /// Key switches.
    pub fn rotations(&self) -> u64 {
        self.rotations.load(Ordering::Relaxed)
    }

    /// Transforms of ring degree, of one limb each.
    pub fn ntts(&self) -> u64 {
        self.ntts.load(Ordering::Relaxed)
    }
}

/// The RNS digits of a polynomial modulo every prime of Q P, laid out for the pair kernel: for each
/// prime, each tile and each digit, [`TILE`] words.
///
/// Digit i is the centred residue modulo limb i, as one integer whatever the prime.
#[derive(Debug)]
pub struct Digits {
    words: AlignedWords,
}

/// The server's evaluator.
#[derive(Debug)]
pub struct Evaluator<'a> {
    context: &'a Context,
    keys: &'a GaloisKeys,
    work: Work,
}

impl<'a> Evaluator<'a> {
    /// An evaluator with the client's keys.
    pub fn new(context: &'a Context, keys: &'a GaloisKeys) -> Self {
        Self { context, keys, work: Work::default() }
    }

    /// The context.
    pub const fn context(&self) -> &'a Context {
        self.context
    }

    /// The keys.
    pub const fn keys(&self) -> &'a GaloisKeys {
        self.keys
    }

    /// Work done so far.
    pub const fn work(&self) -> &Work {
        &self.work
    }

    /// Decomposes c1 once for any number of rotations: L inverse and L^2 forward transforms.
    pub fn decompose(&self, c1: &Poly<NttForm>) -> Digits {
        let n = self.context.ring_degree();
        let extended = self.context.extended_basis();
        let digits = c1.basis().len();
        let coefficients = c1.clone().into_coeff();
        let mut words = zeroed(digits * extended.words());
        let mut values = zeroed(n);
        for (i, source) in c1.basis().limbs().iter().enumerate() {
            for (m, (limb, words)) in
                extended.limbs().iter().zip(words.chunks_exact_mut(n * digits)).enumerate()
            {
                // Modulo its own limb a digit is the polynomial itself.
                let values = if m == i {
                    c1.limb(i)
                } else {
                    let from = source.modulus();
                    limb.kernels().lift_centred(from, coefficients.limb(i), &mut values);
                    limb.ntt().forward(&mut values);
                    &values
                };
                for (tile, values) in
                    words.chunks_exact_mut(digits * TILE).zip(values.chunks_exact(TILE))
                {
                    tile[i * TILE..(i + 1) * TILE].copy_from_slice(values);
                }
            }
        }
        self.count_ntts(digits + digits * digits);
        Digits { words }
    }

    /// The key switch of a decomposed c1, still modulo Q P and P times too large.
    fn inner_product(&self, digits: &Digits, key: &GaloisKey) -> [Poly<NttForm>; 2] {
        let n = self.context.ring_degree();
        let basis = self.context.extended_basis();
        let count = self.context.params().limbs().len();
        let reduction = self.context.reduction();
        let mut result = [Poly::zero(basis), Poly::zero(basis)];
        let keys = key.words().chunks_exact(2 * count * n);
        let factors = digits.words.chunks_exact(count * n);
        for (m, (limb, (keys, factors))) in basis.limbs().iter().zip(keys.zip(factors)).enumerate()
        {
            let [first, second] = &mut result;
            let outputs = first.limb_mut(m).chunks_exact_mut(TILE);
            let outputs = outputs.zip(second.limb_mut(m).chunks_exact_mut(TILE));
            let inputs = keys.chunks_exact(count * PAIR).zip(factors.chunks_exact(count * TILE));
            for ((first, second), (keys, factors)) in outputs.zip(inputs) {
                let mut out = [0; PAIR];
                limb.kernels().pair_tile(reduction, &[keys], factors, &mut out);
                first.copy_from_slice(&out[..TILE]);
                second.copy_from_slice(&out[TILE..]);
            }
        }
        self.work.rotations.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Divides by P with rounding: subtracts the centred residue modulo P, then multiplies by
    /// P^-1. One inverse and L forward transforms.
    fn divide_by_special(&self, poly: &Poly<NttForm>) -> Poly<NttForm> {
        let n = self.context.ring_degree();
        let count = self.context.params().limbs().len();
        let special = &self.context.extended_basis().limbs()[count];
        let mut residue = zeroed(n);
        residue.copy_from_slice(poly.limb(count));
        special.ntt().inverse(&mut residue);
        let mut lifted = zeroed(n);
        let mut result = Poly::zero(self.context.ciphertext_basis());
        for (i, limb) in self.context.ciphertext_basis().limbs().iter().enumerate() {
            limb.kernels().lift_centred(special.modulus(), &residue, &mut lifted);
            limb.ntt().forward(&mut lifted);
            let words = result.limb_mut(i);
            words.copy_from_slice(poly.limb(i));
            limb.kernels().subtract_scale(words, &lifted, self.context.special_inverses()[i]);
        }
        self.count_ntts(1 + count);
        result
    }

    /// Switches `ciphertext`, whose c1 was decomposed into `digits`, by `key`. What comes out
    /// becomes the rotated ciphertext once both polynomials are permuted by the key's
    /// permutation, which is left to the caller, who writes them somewhere anyway.
    pub fn switch_hoisted(
        &self,
        ciphertext: &Ciphertext,
        digits: &Digits,
        key: &GaloisKey,
    ) -> Ciphertext {
        let [first, second] = self.inner_product(digits, key);
        let mut c0 = self.divide_by_special(&first);
        c0.add_assign(&ciphertext.c0);
        Ciphertext { c0, c1: self.divide_by_special(&second) }
    }

    /// The automorphism `element` applied to `ciphertext`.
    ///
    /// # Errors
    /// [`MissingKey`] where there is no key for it.
    pub fn rotate(
        &self,
        ciphertext: &Ciphertext,
        element: GaloisElement,
    ) -> Result<Ciphertext, MissingKey> {
        let mut sum = RotationSum::new(self);
        sum.add(ciphertext, element)?;
        Ok(sum.finish())
    }

    fn count_ntts(&self, count: usize) {
        self.work.ntts.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// A sum of rotated ciphertexts that share one division by P.
#[derive(Debug)]
pub struct RotationSum<'a> {
    evaluator: &'a Evaluator<'a>,
    /// What needs no key switch, modulo Q.
    plain: Ciphertext,
    /// What was switched, modulo Q P and P times too large.
    switched: Option<[Poly<NttForm>; 2]>,
}

impl<'a> RotationSum<'a> {
    /// The empty sum.
    pub fn new(evaluator: &'a Evaluator<'a>) -> Self {
        Self { evaluator, plain: Ciphertext::zero(evaluator.context), switched: None }
    }

    /// Adds `ciphertext` under the automorphism `element`.
    ///
    /// # Errors
    /// [`MissingKey`] where there is no key for it.
    pub fn add(
        &mut self,
        ciphertext: &Ciphertext,
        element: GaloisElement,
    ) -> Result<(), MissingKey> {
        if element.is_identity() {
            self.plain.add_assign(ciphertext);
            return Ok(());
        }
        let key = self.evaluator.keys.get(element)?;
        let digits = self.evaluator.decompose(&ciphertext.c1);
        let product = self.evaluator.inner_product(&digits, key);
        let basis = self.evaluator.context.extended_basis();
        let sums = self.switched.get_or_insert_with(|| [Poly::zero(basis), Poly::zero(basis)]);
        for (sum, product) in sums.iter_mut().zip(&product) {
            add_permuted(sum, product, key.permutation().source());
        }
        add_permuted(&mut self.plain.c0, &ciphertext.c0, key.permutation().source());
        Ok(())
    }

    /// The sum.
    pub fn finish(self) -> Ciphertext {
        let mut result = self.plain;
        if let Some([first, second]) = self.switched {
            result.c0.add_assign(&self.evaluator.divide_by_special(&first));
            result.c1.add_assign(&self.evaluator.divide_by_special(&second));
        }
        result
    }
}

/// `sum[i] += poly[source[i]]` in every limb.
fn add_permuted(sum: &mut Poly<NttForm>, poly: &Poly<NttForm>, source: &[u32]) {
    for i in 0..poly.basis().len() {
        let modulus = *poly.basis().limbs()[i].modulus();
        let from = poly.limb(i);
        for (word, &source) in sum.limb_mut(i).iter_mut().zip(source) {
            *word = modulus.add(*word, from[source as usize]);
        }
    }
}
