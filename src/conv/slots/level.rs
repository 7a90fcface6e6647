//! How many limbs sums have when they are moved.
//!
//! After the multiplication a ciphertext carries far more noise than a rotation adds, and nothing
//! follows but the sum of a few of them. So sums are switched down by a limb first: rotations then
//! have fewer digits modulo fewer primes, and their keys are a fraction of the size.

use super::SlotPlan;
use crate::bfv::Params;
use crate::bfv::noise::{NoiseModel, Samples};

/// Bits of noise budget that must be left on the lower level if moving the sums were the only source
/// of noise.
///
/// Switching down divides a sum's own noise as it divides Q, so that costs no budget; what counts is
/// the noise that moves add to it. Where that alone leaves 2 bits, its standard deviation is at most a
/// quarter of the noise at which decryption fails. Variances add up, so a sum whose own noise nearly
/// fills the budget loses log2 sqrt(1 + 1/16), less than a 20th of a bit, by having been switched down.
const BUDGET: f64 = 2.0;

impl SlotPlan {
    /// Sums of an output that are rotated.
    pub fn moved(&self) -> usize {
        self.offsets().iter().filter(|offset| !offset.element.is_identity()).count()
    }

    /// The limbs of outputs, and of sums when they are moved.
    pub fn output_limbs(&self, params: &Params) -> usize {
        self.lowered(params).as_ref().unwrap_or(params).limbs().len()
    }

    /// The parameters that sums are moved under where they are not all of `params`: those without the
    /// last limb, if noise leaves room for it and there is anything to move.
    pub fn lowered(&self, params: &Params) -> Option<Params> {
        let lower = params.lower().filter(|_| self.moved() > 0);
        let fits = |lower: &Params| {
            let count = self.out_groups() * self.packing().strip_groups() * params.ring_degree();
            let variance = moving_variance(lower, self.moved());
            let samples = [Samples { variance, count: count as u64 }];
            NoiseModel::new(lower).leaves(&samples, BUDGET)
        };
        lower.filter(fits)
    }
}

/// What moving `moved` sums of one output and adding all of its sums up adds to the variance of v, on the
/// level of `lower`, to which they are switched down first: every moved sum is rounded and switched, and
/// what they share is rounded twice, by the last limb and by P.
pub(super) fn moving_variance(lower: &Params, moved: usize) -> f64 {
    let model = NoiseModel::new(lower);
    moved as f64 * (model.key_switch() + model.rounding()) + 2.0 * model.rounding()
}
