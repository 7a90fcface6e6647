//! Everything that follows from a parameter set and is computed once.

use std::sync::{Arc, OnceLock};

use super::{Coefficients, Params, Slots};
use crate::arith::kernels::{Backend, Kernels, Reduction};
use crate::arith::{Modulus, Shoup, zeroed};
use crate::ring::{Basis, Coeff, Limb, MixedRadix, NttForm, Places, Poly};

/// A plaintext polynomial: N coefficients in `[0, t)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plaintext(pub Vec<u64>);

/// Plaintexts have no slots under these parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plaintexts have no slots: the plaintext modulus is no prime = 1 mod 2N")]
pub struct NoSlots;

/// Parameters with their bases and constants, for one backend and reduction mode.
#[derive(Debug)]
pub struct Context {
    params: Params,
    backend: Backend,
    reduction: Reduction,
    ciphertext: Arc<Basis>,
    extended: Arc<Basis>,
    slots: Option<Slots>,
    radix: MixedRadix,
    plain_places: Places,
    whole_mod_plain: u64,
    /// -t^-1 modulo each limb.
    negated_plain_inverses: Vec<Shoup>,
    plain_kernels: Kernels,
    special_inverses: Vec<Shoup>,
    /// The inverse of the last limb modulo each other limb.
    last_inverses: Vec<Shoup>,
    lower: OnceLock<Option<Box<Self>>>,
}

impl Context {
    /// The context of `params`, or `None` where a prime has no transform (which checked
    /// parameters rule out).
    pub fn new(params: Params, backend: Backend, reduction: Reduction) -> Option<Self> {
        let n = params.ring_degree();
        let limbs = params.limbs().to_vec();
        let special = params.special().copied();
        let with_special = [limbs.as_slice(), special.as_slice()].concat();
        let plain = *params.plain();
        let radix = MixedRadix::new(&limbs);
        let inverse_of = |value: u64| move |q: &Modulus| q.shoup(q.inverse(q.reduce(value)));
        Some(Self {
            backend,
            reduction,
            ciphertext: Arc::new(Basis::new(n, &limbs, backend)?),
            extended: Arc::new(Basis::new(n, &with_special, backend)?),
            slots: if params.has_slots() {
                Some(Slots::new(n, &Kernels::new(backend, plain))?)
            } else {
                None
            },
            plain_places: radix.places_modulo(&plain),
            radix,
            whole_mod_plain: limbs
                .iter()
                .fold(1, |product, q| plain.mul(product, plain.reduce(q.value()))),
            negated_plain_inverses: limbs
                .iter()
                .map(|q| q.shoup(q.neg(inverse_of(plain.value())(q).factor)))
                .collect(),
            plain_kernels: Kernels::new(backend, plain),
            special_inverses: special.map_or_else(Vec::new, |special| {
                limbs.iter().map(inverse_of(special.value())).collect()
            }),
            last_inverses: limbs.split_last().map_or_else(Vec::new, |(last, others)| {
                others.iter().map(inverse_of(last.value())).collect()
            }),
            lower: OnceLock::new(),
            params,
        })
    }

    /// The parameters.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The instruction set in use.
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// The reduction mode in use.
    pub const fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// N.
    pub const fn ring_degree(&self) -> usize {
        self.params.ring_degree()
    }

    /// The basis of Q.
    pub const fn ciphertext_basis(&self) -> &Arc<Basis> {
        &self.ciphertext
    }

    /// The basis of Q P, with P last; that of Q where there is no P.
    pub const fn extended_basis(&self) -> &Arc<Basis> {
        &self.extended
    }

    /// Slots of a plaintext.
    ///
    /// # Errors
    /// [`NoSlots`] where t is no prime = 1 mod 2N.
    pub fn slots(&self) -> Result<&Slots, NoSlots> {
        self.slots.as_ref().ok_or(NoSlots)
    }

    /// Reads residues modulo Q as integers.
    pub const fn radix(&self) -> &MixedRadix {
        &self.radix
    }

    /// P^-1 modulo each limb; none where there is no P.
    pub fn special_inverses(&self) -> &[Shoup] {
        &self.special_inverses
    }

    /// The context of one limb less, if another is left.
    pub fn lower(&self) -> Option<&Self> {
        let make = || Self::new(self.params.lower()?, self.backend, self.reduction).map(Box::new);
        self.lower.get_or_init(make).as_deref()
    }

    /// The context of ciphertexts with so many limbs: all, or one less.
    pub fn of(&self, limbs: usize) -> &Self {
        let lower = (limbs < self.ciphertext.len()).then(|| self.lower());
        lower.flatten().unwrap_or(self)
    }

    /// Divides `poly`, modulo Q, by the last limb with rounding, less what `subtract` adds to N
    /// coefficients: `out` gets the result modulo each of the others. Needs N words of `coefficients`
    /// and of `lifted`. One inverse transform, and a forward one for each other limb.
    pub fn divide_by_last<'a>(
        &self,
        poly: &Poly<NttForm>,
        [coefficients, lifted]: [&mut [u64]; 2],
        out: impl Iterator<Item = &'a mut [u64]>,
        mut subtract: impl FnMut(usize, &Limb, &mut [u64]),
    ) {
        let Some((last, others)) = self.ciphertext.limbs().split_last() else { return };
        coefficients.copy_from_slice(poly.limb(others.len()));
        last.ntt().inverse(coefficients);
        for ((i, limb), out) in others.iter().enumerate().zip(out) {
            let (kernels, inverse) = (limb.kernels(), self.last_inverses[i]);
            // The centred residue modulo the last limb is what rounding takes off.
            kernels.lift_scaled(last.modulus(), inverse, coefficients, lifted);
            subtract(i, limb, lifted);
            limb.ntt().forward(lifted);
            kernels.scaled_difference(inverse, poly.limb(i), lifted, out);
        }
    }

    /// round(Q m / t) modulo Q: with r the centred residue of Q m modulo t it is (Q m - r) / t,
    /// which is -r / t modulo every limb.
    pub fn scale_up(&self, plaintext: &Plaintext) -> Poly<Coeff> {
        let plain = self.params.plain();
        let mut remainders = zeroed(self.ring_degree());
        remainders.copy_from_slice(&plaintext.0);
        self.plain_kernels.scale(plain.shoup(self.whole_mod_plain), &mut remainders);
        let mut poly = Poly::zero(&self.ciphertext);
        for (i, limb) in self.ciphertext.limbs().iter().enumerate() {
            let factor = self.negated_plain_inverses[i];
            limb.kernels().lift_scaled(plain, factor, &remainders, poly.limb_mut(i));
        }
        poly
    }

    /// round(t x / Q) modulo t: with r the centred residue of t x modulo Q it is (t x - r) / Q,
    /// which is -r / Q modulo t.
    pub fn scale_down(&self, poly: &Poly<Coeff>) -> Plaintext {
        let plain = self.params.plain();
        // Limbs are primes above t, so Q has an inverse.
        let factor = plain.neg(plain.unit_inverse(self.whole_mod_plain).unwrap_or_default());
        let mut coefficients = vec![0; self.ring_degree()];
        self.for_each_multiple(
            poly,
            |_| plain.value(),
            |i, digits| {
                let remainder = self.radix.centred_modulo(digits, &self.plain_places, plain);
                coefficients[i] = plain.mul(remainder, factor);
            },
        );
        Plaintext(coefficients)
    }

    /// Calls `visit` with every index and the mixed-radix digits of `factor` times the coefficient
    /// there, modulo Q; `factor` gives the factor modulo each limb or any number congruent to it.
    pub fn for_each_multiple(
        &self,
        poly: &Poly<Coeff>,
        factor: impl Fn(&Modulus) -> u64,
        visit: impl FnMut(usize, &[u64]),
    ) {
        self.for_multiples_at(&Coefficients::All, poly, factor, visit);
    }

    /// [`Context::for_each_multiple`] of some coefficients alone, counted as they come.
    pub fn for_multiples_at(
        &self,
        coefficients: &Coefficients,
        poly: &Poly<Coeff>,
        factor: impl Fn(&Modulus) -> u64,
        mut visit: impl FnMut(usize, &[u64]),
    ) {
        let limbs = self.params.limbs();
        let factors: Vec<Shoup> = limbs.iter().map(|q| q.shoup(q.reduce(factor(q)))).collect();
        let words: Vec<_> = (0..limbs.len()).map(|i| coefficients.pick(poly.limb(i))).collect();
        let mut digits = vec![0; limbs.len()];
        for index in 0..coefficients.count(self.ring_degree()) {
            for (i, (digit, modulus)) in digits.iter_mut().zip(limbs).enumerate() {
                *digit = modulus.mul_shoup(words[i][index], factors[i]);
            }
            self.radix.to_digits(&mut digits);
            visit(index, &digits);
        }
    }
}
