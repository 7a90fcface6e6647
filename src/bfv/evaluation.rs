//! The server's side: rotations by hoisted key switching.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Ciphertext, Context, GaloisKey, GaloisKeys, Params};
use crate::arith::kernels::TILE;
use crate::arith::{AlignedWords, zeroed};
use crate::ring::{GaloisElement, NttForm, Permutation, Poly};

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

/// Working space of rotations, so that none of them takes memory of its own. It holds the digits of
/// the polynomial that was decomposed last.
#[derive(Debug)]
pub struct Scratch {
    /// The RNS digits of a polynomial modulo every prime of Q P, laid out for the pair kernel: for
    /// each prime, each tile and each digit, [`TILE`] words. Digit i is the centred residue modulo
    /// limb i, as one integer whatever the prime.
    digits: AlignedWords,
    coefficients: AlignedWords,
    values: AlignedWords,
    /// A key switch, still modulo Q P and P times too large.
    products: [Poly<NttForm>; 2],
}

impl Scratch {
    /// Bytes of it under `params`.
    pub fn bytes(params: &Params) -> u64 {
        let (n, limbs) = (params.ring_degree(), params.limbs().len());
        let words = n * (limbs * (limbs + 1) + 2 + 2 * (limbs + 1));
        (words * size_of::<u64>()) as u64
    }
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

    /// Working space for rotations.
    pub fn scratch(&self) -> Scratch {
        let (n, extended) = (self.context.ring_degree(), self.context.extended_basis());
        let digits = self.context.ciphertext_basis().len();
        Scratch {
            digits: zeroed(digits * extended.words()),
            coefficients: zeroed(n),
            values: zeroed(n),
            products: [Poly::zero(extended), Poly::zero(extended)],
        }
    }

    /// Decomposes c1 once for any number of rotations: L inverse and L^2 forward transforms.
    pub fn decompose(&self, c1: &Poly<NttForm>, scratch: &mut Scratch) {
        let Scratch { digits: words, coefficients, values, .. } = scratch;
        let n = self.context.ring_degree();
        let extended = self.context.extended_basis();
        let digits = c1.basis().len();
        for (i, source) in c1.basis().limbs().iter().enumerate() {
            coefficients.copy_from_slice(c1.limb(i));
            source.ntt().inverse(coefficients);
            let by_prime = extended.limbs().iter().zip(words.chunks_exact_mut(n * digits));
            for (m, (limb, words)) in by_prime.enumerate() {
                // Modulo its own limb a digit is the polynomial itself.
                let values = if m == i {
                    c1.limb(i)
                } else {
                    limb.kernels().lift_centred(source.modulus(), coefficients, values);
                    limb.ntt().forward(values);
                    &**values
                };
                let tiles = words.chunks_exact_mut(digits * TILE);
                for (tile, values) in tiles.zip(values.chunks_exact(TILE)) {
                    tile[i * TILE..(i + 1) * TILE].copy_from_slice(values);
                }
            }
        }
        self.count_ntts(digits + digits * digits);
    }

    /// The key switch of what was decomposed, into `scratch.products`.
    fn inner_product(&self, key: &GaloisKey, scratch: &mut Scratch) {
        let Scratch { digits, products: [first, second], .. } = scratch;
        let n = self.context.ring_degree();
        let count = self.context.params().limbs().len();
        let keys = key.words().chunks_exact(2 * count * n);
        let factors = digits.chunks_exact(count * n);
        for (m, (keys, factors)) in keys.zip(factors).enumerate() {
            let kernels = self.context.extended_basis().limbs()[m].kernels();
            let out = [first.limb_mut(m), second.limb_mut(m)];
            kernels.pair_rows(self.context.reduction(), count, keys, factors, out);
        }
        self.work.rotations.fetch_add(1, Ordering::Relaxed);
    }

    /// Divides `poly` by P with rounding into `out`, and adds `addend` where given: subtracts the
    /// centred residue modulo P, then multiplies by P^-1. One inverse and L forward transforms.
    /// `residue` and `lifted` are working space of N words.
    fn divide_by_special(
        &self,
        poly: &Poly<NttForm>,
        addend: Option<&Poly<NttForm>>,
        [residue, lifted]: [&mut AlignedWords; 2],
        out: &mut Poly<NttForm>,
    ) {
        let count = self.context.params().limbs().len();
        let special = &self.context.extended_basis().limbs()[count];
        residue.copy_from_slice(poly.limb(count));
        special.ntt().inverse(residue);
        for (i, limb) in self.context.ciphertext_basis().limbs().iter().enumerate() {
            limb.kernels().lift_centred(special.modulus(), residue, lifted);
            limb.ntt().forward(lifted);
            let factor = self.context.special_inverses()[i];
            let addend = addend.map(|addend| addend.limb(i));
            let out = out.limb_mut(i);
            limb.kernels().subtract_scale(poly.limb(i), lifted, factor, addend, out);
        }
        self.count_ntts(1 + count);
    }

    /// Switches `ciphertext`, whose c1 was decomposed into `scratch`, by `key`. What `out` then holds
    /// becomes the rotated ciphertext once both polynomials are permuted by the key's permutation,
    /// which is left to the caller, who writes them somewhere anyway.
    pub fn switch_hoisted(
        &self,
        ciphertext: &Ciphertext,
        key: &GaloisKey,
        scratch: &mut Scratch,
        out: &mut Ciphertext,
    ) {
        self.inner_product(key, scratch);
        let Scratch { coefficients, values, products: [first, second], .. } = scratch;
        let space = [&mut *coefficients, &mut *values];
        self.divide_by_special(first, Some(&ciphertext.c0), space, &mut out.c0);
        self.divide_by_special(second, None, [coefficients, values], &mut out.c1);
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
        let (mut sum, mut scratch) = (RotationSum::new(self.context), self.scratch());
        sum.add(self, ciphertext, element, &mut scratch)?;
        Ok(sum.finish(self, &mut scratch))
    }

    fn count_ntts(&self, count: usize) {
        self.work.ntts.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// A sum of rotated ciphertexts that share one division by P. Several may share working space.
#[derive(Debug)]
pub struct RotationSum {
    /// What needs no key switch, modulo Q.
    plain: Ciphertext,
    /// What was switched, modulo Q P and P times too large; made with the first such term.
    switched: Option<[Poly<NttForm>; 2]>,
    /// How many terms were switched.
    terms: usize,
}

impl RotationSum {
    /// The empty sum.
    pub fn new(context: &Context) -> Self {
        Self { plain: Ciphertext::zero(context), switched: None, terms: 0 }
    }

    /// Bytes of it under `params`.
    pub fn bytes(params: &Params) -> u64 {
        let (n, limbs) = (params.ring_degree(), params.limbs().len());
        (2 * n * (limbs + limbs + 1) * size_of::<u64>()) as u64
    }

    /// Adds `ciphertext` under the automorphism `element`.
    ///
    /// # Errors
    /// [`MissingKey`] where there is no key for it.
    pub fn add(
        &mut self,
        evaluator: &Evaluator<'_>,
        ciphertext: &Ciphertext,
        element: GaloisElement,
        scratch: &mut Scratch,
    ) -> Result<(), MissingKey> {
        if element.is_identity() {
            self.plain.add_assign(ciphertext);
            return Ok(());
        }
        let key = evaluator.keys.get(element)?;
        evaluator.decompose(&ciphertext.c1, scratch);
        evaluator.inner_product(key, scratch);
        let extended = evaluator.context.extended_basis();
        let sums =
            self.switched.get_or_insert_with(|| [Poly::zero(extended), Poly::zero(extended)]);
        for (sum, product) in sums.iter_mut().zip(&scratch.products) {
            add_permuted(sum, product, key.permutation());
        }
        add_permuted(&mut self.plain.c0, &ciphertext.c0, key.permutation());
        self.terms += 1;
        Ok(())
    }

    /// The sum; after it this is the empty sum again.
    pub fn finish(&mut self, evaluator: &Evaluator<'_>, scratch: &mut Scratch) -> Ciphertext {
        let mut result = std::mem::replace(&mut self.plain, Ciphertext::zero(evaluator.context));
        let Some(switched) = self.switched.as_mut().filter(|_| self.terms > 0) else {
            return result;
        };
        let Scratch { coefficients, values, products: [quotient, _], .. } = scratch;
        for (switched, sum) in switched.iter_mut().zip([&mut result.c0, &mut result.c1]) {
            let space = [&mut *coefficients, &mut *values];
            evaluator.divide_by_special(switched, Some(sum), space, quotient);
            sum.copy_from(quotient);
            switched.clear();
        }
        self.terms = 0;
        result
    }
}

/// Adds `poly` under `permutation` to `sum`.
fn add_permuted(sum: &mut Poly<NttForm>, poly: &Poly<NttForm>, permutation: &Permutation) {
    for (i, limb) in poly.basis().limbs().iter().enumerate() {
        limb.kernels().add_permuted(sum.limb_mut(i), poly.limb(i), permutation.blocks());
    }
}
