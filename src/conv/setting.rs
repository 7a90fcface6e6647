//! What the figures of a plan follow from, besides the plan.

use crate::arith::kernels::{Reduction, are_narrow};
use crate::bfv::{Context, Params};

/// Parameters and reduction mode, without the tables that a [`Context`] holds: enough to plan and
/// to predict.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The parameters.
    pub params: &'a Params,
    /// The reduction mode.
    pub reduction: Reduction,
}

impl Setting<'_> {
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
        limbs.filter(|limb| are_narrow(limb.bits(), limb.bits())).count() * self.ring_degree()
    }
}

impl<'a> From<&'a Context> for Setting<'a> {
    fn from(context: &'a Context) -> Self {
        Self { params: context.params(), reduction: context.reduction() }
    }
}
