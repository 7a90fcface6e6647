//! The server's side: rotations by hoisted key switching.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Ciphertext, Context, GaloisKey, GaloisKeyId, GaloisKeys, Params, Pool, RotationSum};
use crate::arith::kernels::{KeySwitch, PairsMut};
use crate::arith::{AlignedWords, zeroed};
use crate::ring::{GaloisElement, Limb, NttForm, Poly};

/// A rotation was asked for that the client sent no key for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no Galois key for X -> X^{} and {} limbs", .0.element.exponent(), .0.limbs)]
pub struct MissingKey(pub GaloisKeyId);

/// Work done, counted as it happens.
#[derive(Debug, Default)]
struct Work {
    rotations: AtomicU64,
    ntts: AtomicU64,
}

/// Working space of rotations of one ciphertext, so that none of them takes memory of its own. It
/// holds the digits of the polynomial that was decomposed last.
#[derive(Debug)]
pub struct Scratch {
    /// The RNS digits of a polynomial: for each prime of Q P and each digit, N words. Digit i is the
    /// centred residue modulo limb i, as one integer whatever the prime.
    digits: AlignedWords,
    /// The part modulo P of a key switch: the coefficients of both polynomials.
    residues: [AlignedWords; 2],
    /// N words each.
    lifted: [AlignedWords; 2],
}

impl Scratch {
    /// Bytes of it under `params`, for ciphertexts of `limbs` limbs.
    pub fn bytes(params: &Params, limbs: usize) -> u64 {
        let n = params.ring_degree();
        let words = n * (limbs * (limbs + 1) + 4);
        (words * size_of::<u64>()) as u64
    }
}

/// The server's evaluator, of ciphertexts of one context.
///
/// It keeps working space that was given back to it: memory new from the system costs more than
/// what is done in it.
#[derive(Debug)]
pub struct Evaluator<'a> {
    context: &'a Context,
    /// The context of what its sums are made of: the same, or that of one limb more.
    above: &'a Context,
    keys: &'a GaloisKeys,
    work: Work,
    scratches: Pool<Scratch>,
    sums: Pool<RotationSum>,
    lower: Option<Box<Self>>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator with the client's keys.
    pub fn new(context: &'a Context, keys: &'a GaloisKeys) -> Self {
        let lower =
            context.lower().map(|lower| Self::from_above(context, lower, keys)).map(Box::new);
        Self { lower, ..Self::from_above(context, context, keys) }
    }

    fn from_above(above: &'a Context, context: &'a Context, keys: &'a GaloisKeys) -> Self {
        Self {
            context,
            above,
            keys,
            work: Work::default(),
            scratches: Pool::default(),
            sums: Pool::default(),
            lower: None,
        }
    }

    /// The evaluator of ciphertexts with so many limbs: all, or one less. That one's sums are made of
    /// ciphertexts with all limbs.
    pub fn of(&self, limbs: usize) -> &Self {
        let is_lower = limbs < self.context.ciphertext_basis().len();
        self.lower.as_deref().filter(|_| is_lower).unwrap_or(self)
    }

    /// The context.
    pub const fn context(&self) -> &'a Context {
        self.context
    }

    /// The key of an automorphism.
    ///
    /// # Errors
    /// [`MissingKey`] where the client sent none, and where there is no P to switch by.
    pub fn key(&self, element: GaloisElement) -> Result<&'a GaloisKey, MissingKey> {
        let id = GaloisKeyId { limbs: self.context.ciphertext_basis().len(), element };
        let missing = || MissingKey(id);
        self.context.params().special().ok_or_else(missing).and_then(|_| self.keys.get(id))
    }

    /// The last prime of Q P, which is P wherever there is a key.
    fn special(&self) -> &'a Limb {
        &self.context.extended_basis().limbs()[self.context.extended_basis().len() - 1]
    }

    /// Key switches so far.
    pub fn rotations(&self) -> u64 {
        self.done(|work| &work.rotations)
    }

    /// Transforms of ring degree so far, of one limb each.
    pub fn ntts(&self) -> u64 {
        self.done(|work| &work.ntts)
    }

    fn done(&self, counter: impl Fn(&Work) -> &AtomicU64) -> u64 {
        let works = [Some(&self.work), self.lower.as_ref().map(|lower| &lower.work)];
        works.into_iter().flatten().map(|work| counter(work).load(Ordering::Relaxed)).sum()
    }

    /// Working space for rotations.
    pub fn scratch(&self) -> Scratch {
        self.scratches.take(|| {
            let (n, extended) = (self.context.ring_degree(), self.context.extended_basis());
            let digits = self.context.ciphertext_basis().len();
            Scratch {
                digits: zeroed(digits * extended.words()),
                residues: [zeroed(n), zeroed(n)],
                lifted: [zeroed(n), zeroed(n)],
            }
        })
    }

    /// Takes working space back.
    pub fn keep_scratch(&self, scratch: Scratch) {
        self.scratches.give([scratch]);
    }

    /// An empty sum of rotations.
    pub fn rotation_sum(&self) -> RotationSum {
        self.sums.take(|| RotationSum::new(self.above, self.context))
    }

    /// Takes a sum back that is empty again.
    pub fn keep_sum(&self, sum: RotationSum) {
        self.sums.give([sum]);
    }

    /// Decomposes c1 once for any number of rotations: L inverse and L^2 forward transforms. One of
    /// one limb more than this evaluator's is switched down first, which takes an inverse and L
    /// forward ones.
    pub fn decompose(&self, c1: &Poly<NttForm>, scratch: &mut Scratch) {
        let Scratch { digits, lifted: [coefficients, lifted], .. } = scratch;
        let n = self.context.ring_degree();
        let count = self.context.ciphertext_basis().len();
        // Modulo its own limb a digit is the polynomial itself.
        let own = digits.chunks_exact_mut(n).step_by(count + 1).take(count);
        if c1.basis().len() > count {
            let space = [&mut coefficients[..], &mut lifted[..]];
            self.above.divide_by_last(c1, space, own, |_, _, _| ());
            self.count_ntts(1 + count);
        } else {
            own.enumerate().for_each(|(i, own)| own.copy_from_slice(c1.limb(i)));
        }
        for (i, source) in self.context.ciphertext_basis().limbs().iter().enumerate() {
            coefficients.copy_from_slice(&digits[i * (count + 1) * n..][..n]);
            source.ntt().inverse(coefficients);
            let rows = digits.chunks_exact_mut(n).skip(i).step_by(count);
            let limbs = self.context.extended_basis().limbs();
            for (_, (limb, row)) in limbs.iter().zip(rows).enumerate().filter(|(m, _)| *m != i) {
                limb.kernels().lift_centred(source.modulus(), coefficients, row);
                limb.ntt().forward(row);
            }
        }
        self.count_ntts(count + count * count);
    }

    /// The key switch of `digits` by `key` modulo prime `m` of Q P, for the kernels.
    fn key_switch<'b>(
        &self,
        key: &'b GaloisKey,
        digits: &'b AlignedWords,
        m: usize,
    ) -> KeySwitch<'b> {
        let size = self.context.ciphertext_basis().words();
        KeySwitch {
            digits: &digits[m * size..(m + 1) * size],
            key: key.factors(m),
            permutation: key.permutation().blocks(),
        }
    }

    /// The first half of a rotation of what was decomposed into `scratch`: the key switch modulo P.
    /// Two inverse transforms.
    pub fn switch_special(&self, key: &GaloisKey, scratch: &mut Scratch) {
        let count = self.context.ciphertext_basis().len();
        let special = self.special();
        let Scratch { digits, residues: [first, second], .. } = scratch;
        let switch = self.key_switch(key, digits, count);
        let out = [first.as_mut(), second.as_mut()];
        special.kernels().switch_key(self.context.reduction(), switch, false, out);
        special.ntt().inverse_times_len(first);
        special.ntt().inverse_times_len(second);
        self.count_rotations(1);
        self.count_ntts(2);
    }

    /// The second half, for each limb: writes limb `i` of the rotated ciphertext, whose first
    /// polynomial is `c0` before the rotation. Two forward transforms.
    pub fn switch_limb(
        &self,
        key: &GaloisKey,
        i: usize,
        c0: &Poly<NttForm>,
        scratch: &mut Scratch,
        out: PairsMut<'_>,
    ) {
        let Scratch { digits, residues, lifted } = scratch;
        for (residue, lifted) in residues.iter().zip(lifted.iter_mut()) {
            self.lift_special(i, residue, lifted);
        }
        let limb = &self.context.ciphertext_basis().limbs()[i];
        let (switch, reduction) = (self.key_switch(key, digits, i), self.context.reduction());
        let lifted = lifted.each_ref().map(|words| &words[..]);
        limb.kernels().switch_key_to_pairs(reduction, switch, lifted, c0.limb(i), out);
    }

    /// What a division by P subtracts modulo limb `i`: the centred residue modulo P, times P^-1, by
    /// its values. One forward transform.
    fn lift_special(&self, i: usize, residue: &[u64], lifted: &mut [u64]) {
        let limb = &self.context.ciphertext_basis().limbs()[i];
        let factor = self.context.special_inverses()[i];
        limb.kernels().lift_scaled(self.special().modulus(), factor, residue, lifted);
        limb.ntt().forward(lifted);
        self.count_ntts(1);
    }

    /// Adds the key switch modulo prime `m` of Q P of what was decomposed into `scratch` to `sums`
    /// where `adds`, and writes it over them otherwise. Who switches counts it, once for all primes.
    pub(super) fn switch_modulo(
        &self,
        key: &GaloisKey,
        m: usize,
        adds: bool,
        scratch: &Scratch,
        sums: [&mut [u64]; 2],
    ) {
        let kernels = self.context.extended_basis().limbs()[m].kernels();
        let switch = self.key_switch(key, &scratch.digits, m);
        kernels.switch_key(self.context.reduction(), switch, adds, sums);
    }

    /// Counts key switches.
    pub(super) fn count_rotations(&self, count: u64) {
        self.work.rotations.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds a sum of key switches to `sum`: divides by P with rounding, where keys have done what
    /// they could. The part modulo P is lost. One inverse and L forward transforms.
    pub(super) fn add_divided(
        &self,
        switched: &mut Poly<NttForm>,
        scratch: &mut Scratch,
        sum: &mut Poly<NttForm>,
    ) {
        let count = self.context.ciphertext_basis().len();
        self.special().ntt().inverse_times_len(switched.limb_mut(count));
        self.count_ntts(1);
        let [lifted, _] = &mut scratch.lifted;
        for (i, limb) in self.context.ciphertext_basis().limbs().iter().enumerate() {
            self.lift_special(i, switched.limb(count), lifted);
            limb.kernels().add_difference(sum.limb_mut(i), switched.limb(i), lifted);
        }
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
        let (mut sum, mut scratch) = (self.rotation_sum(), self.scratch());
        sum.add(self, ciphertext, element, &mut scratch)?;
        Ok(sum.finish(self, &mut scratch, Ciphertext::zero(self.context)))
    }

    /// Switches a polynomial of a context of one limb more to this evaluator's. One inverse and L
    /// forward transforms.
    pub(super) fn switch_down(
        &self,
        poly: &Poly<NttForm>,
        scratch: &mut Scratch,
        out: &mut Poly<NttForm>,
    ) {
        let space = scratch.lifted.each_mut().map(|words| &mut words[..]);
        self.above.divide_by_last(poly, space, out.limbs_mut(), |_, _, _| ());
        self.count_ntts(self.above.ciphertext_basis().len());
    }

    /// [`Evaluator::switch_down`] of `poly`, plus a sum of key switches divided by P, whose part modulo
    /// P is lost: both roundings go through one transform a limb. Two inverse and L forward ones.
    pub(super) fn switch_down_divided(
        &self,
        poly: &Poly<NttForm>,
        switched: &mut Poly<NttForm>,
        scratch: &mut Scratch,
        out: &mut Poly<NttForm>,
    ) {
        let count = self.context.ciphertext_basis().len();
        self.special().ntt().inverse_times_len(switched.limb_mut(count));
        let space = scratch.lifted.each_mut().map(|words| &mut words[..]);
        let [rounded, _] = &mut scratch.residues;
        let (modulus, inverses) = (self.special().modulus(), self.context.special_inverses());
        let residue = switched.limb(count);
        self.above.divide_by_last(poly, space, out.limbs_mut(), |i, limb, words| {
            limb.kernels().lift_scaled(modulus, inverses[i], residue, rounded);
            limb.kernels().add(words, rounded);
        });
        for (i, limb) in self.context.ciphertext_basis().limbs().iter().enumerate() {
            limb.kernels().add(out.limb_mut(i), switched.limb(i));
        }
        self.count_ntts(2 + count);
    }

    /// Counts transforms of ring degree that the caller has done, of one limb each.
    pub fn count_ntts(&self, count: usize) {
        self.work.ntts.fetch_add(count as u64, Ordering::Relaxed);
    }
}
