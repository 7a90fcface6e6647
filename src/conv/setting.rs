//! What the figures of a plan follow from, besides the plan.

use crate::arith::kernels::{Reduction, Width};
use crate::bfv::{Context, Params};

/// Parameters and reduction mode, without the tables that a [`Context`] holds: enough to plan and
/// to predict.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The parameters.
    pub params: &'a Params,
    /// The reduction mode.
    pub reduction: Reduction,
    /// How many outputs share their second polynomial, one of [`crate::bfv::SHARED_BY`].
    pub shared_by: usize,
}

impl<'a> Setting<'a> {
    /// Of outputs that share nothing.
    pub const fn new(params: &'a Params, reduction: Reduction) -> Self {
        Self { params, reduction, shared_by: 1 }
    }

    /// The same of outputs of which so many share a polynomial.
    pub const fn shared(self, by: usize) -> Self {
        Self { shared_by: by, ..self }
    }

    /// The same as a choice has it: absent where nothing is shared.
    pub fn sharing(&self) -> Option<usize> {
        Some(self.shared_by).filter(|by| *by > 1)
    }

    /// Groups of outputs that share a polynomial, of so many outputs.
    pub const fn groups(&self, outputs: usize) -> usize {
        outputs.div_ceil(self.shared_by)
    }

    /// N.
    pub const fn ring_degree(&self) -> usize {
        self.params.ring_degree()
    }

    /// The number of limbs.
    pub fn limbs(&self) -> usize {
        self.params.limbs().len()
    }

    /// Words of a polynomial modulo Q.
    pub fn words(&self) -> usize {
        self.limbs() * self.ring_degree()
    }

    /// Words of a polynomial modulo the limbs that are *narrow*: products of their residues fit one half
    /// of a 104-bit product.
    pub fn narrow_words(&self) -> usize {
        let limbs = self.params.limbs().iter();
        limbs.filter(|limb| Width::of(limb.bits(), limb.bits()).is_narrow()).count()
            * self.ring_degree()
    }
}

impl<'a> From<&'a Context> for Setting<'a> {
    fn from(context: &'a Context) -> Self {
        Self::new(context.params(), context.reduction())
    }
}
