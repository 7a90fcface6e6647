//! Sums of rotated ciphertexts.
//!
//! A sum may lie one limb below its terms. Then each term's c1 is switched down before it is
//! decomposed, which leaves fewer digits modulo fewer primes, and all c0 together at the end. What
//! rounding adds is small against the noise that the terms have, if the last limb is: it is for the
//! caller to know.

use super::evaluation::{Evaluator, MissingKey, Scratch};
use super::{Ciphertext, Context, GaloisKey, Params};
use crate::ring::{GaloisElement, NttForm, Poly};

/// A sum of rotated ciphertexts that share one division by P. Several may share working space.
#[derive(Debug)]
pub struct RotationSum {
    /// What needs no key switch, with all limbs of the terms; of an empty sum it is anything.
    plain: Ciphertext,
    /// Whether there is any term.
    is_begun: bool,
    /// What was switched, modulo Q P, as keys make it: divided by P modulo Q, and by N modulo P.
    switched: [Poly<NttForm>; 2],
    /// How many terms were switched.
    terms: usize,
}

impl RotationSum {
    /// The empty sum of ciphertexts of `above`, as a ciphertext of `context`: the same, or
    /// [`Context::lower`].
    pub(super) fn new(above: &Context, context: &Context) -> Self {
        let extended = context.extended_basis();
        Self {
            plain: Ciphertext::zero(above),
            is_begun: false,
            switched: [Poly::zero(extended), Poly::zero(extended)],
            terms: 0,
        }
    }

    /// Bytes of it for terms under `params`, with `limbs` limbs itself.
    pub fn bytes(params: &Params, limbs: usize) -> u64 {
        let (n, above) = (params.ring_degree(), params.limbs().len());
        (2 * n * (above + limbs + 1) * size_of::<u64>()) as u64
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
            self.add_plain(ciphertext);
            return Ok(());
        }
        let key = evaluator.key(element)?;
        self.begin(evaluator, ciphertext, key, scratch);
        for m in 0..evaluator.context().extended_basis().len() {
            self.add_switched(evaluator, key, m, scratch);
        }
        Ok(())
    }

    /// Adds `ciphertext` as it is.
    pub fn add_plain(&mut self, ciphertext: &Ciphertext) {
        self.begun().add_assign(ciphertext);
    }

    /// Where to write a first term that is added as it is; `None` where there are terms.
    pub const fn first_plain(&mut self) -> Option<&mut Ciphertext> {
        if std::mem::replace(&mut self.is_begun, true) { None } else { Some(&mut self.plain) }
    }

    /// What needs no key switch, zero where there is no term yet.
    fn begun(&mut self) -> &mut Ciphertext {
        if let Some(plain) = self.first_plain() {
            plain.polys_mut().into_iter().for_each(Poly::clear);
        }
        &mut self.plain
    }

    /// Begins to add `ciphertext` under the automorphism of `key`: decomposes it into `scratch`.
    pub fn begin(
        &mut self,
        evaluator: &Evaluator<'_>,
        ciphertext: &Ciphertext,
        key: &GaloisKey,
        scratch: &mut Scratch,
    ) {
        evaluator.decompose(&ciphertext.c1, scratch);
        evaluator.count_rotations(1);
        for (i, limb) in ciphertext.c0.basis().limbs().iter().enumerate() {
            let sum = self.begun().c0.limb_mut(i);
            limb.kernels().add_permuted(sum, ciphertext.c0.limb(i), key.permutation().blocks());
        }
        self.terms += 1;
    }

    /// Goes on with adding what was decomposed into `scratch`, for each prime `m` of Q P.
    pub fn add_switched(
        &mut self,
        evaluator: &Evaluator<'_>,
        key: &GaloisKey,
        m: usize,
        scratch: &Scratch,
    ) {
        let [first, second] = &mut self.switched;
        let sums = [first.limb_mut(m), second.limb_mut(m)];
        evaluator.switch_modulo(key, m, self.terms > 1, scratch, sums);
    }

    /// The sum, written over `result`, which is a ciphertext of the evaluator's; after it this is the empty
    /// sum again.
    pub fn finish(
        &mut self,
        evaluator: &Evaluator<'_>,
        scratch: &mut Scratch,
        mut result: Ciphertext,
    ) -> Ciphertext {
        self.begun();
        let Self { plain, is_begun, switched, terms } = self;
        let is_lower = result.limbs() < plain.limbs();
        if !is_lower {
            std::mem::swap(plain, &mut result);
        }
        let polys = plain.polys_mut().into_iter().zip(result.polys_mut()).zip(switched);
        for ((plain, sum), switched) in polys {
            match (is_lower, *terms) {
                (true, 0) => evaluator.switch_down(plain, scratch, sum),
                (true, _) => evaluator.switch_down_divided(plain, switched, scratch, sum),
                (false, 0) => {}
                (false, _) => evaluator.add_divided(switched, scratch, sum),
            }
        }
        (*is_begun, *terms) = (false, 0);
        result
    }
}
