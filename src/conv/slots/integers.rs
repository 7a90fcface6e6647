//! Weights as integers: one channel per ciphertext.

use ndarray::ArrayView4;

use super::{Output, SlotPlan};
use crate::conv::gains::{Gain, WeightGains};

/// The gains of weights that multiply whole ciphertexts as integers.
pub fn integer_gains(plan: &SlotPlan, weights: ArrayView4<'_, i64>) -> WeightGains {
    let gain = |output: &Output| {
        let (mut all, mut fixed) = (Gain::default(), Gain::default());
        for input in plan.inputs_of(output.group) {
            let (mut sum, mut rotated) = (0.0, 0.0);
            for term in plan.terms(output).filter(|term| term.input == input) {
                let Some(place) = plan.weight(output, &term, (0, 0)) else { continue };
                let weight = weights[place] as f64;
                sum += weight;
                all.add(!term.shift.is_identity(), weight * weight);
                rotated += if term.shift.is_identity() { 0.0 } else { weight * weight };
            }
            // The fresh error is the same under all shifts, what rotations add to it is not:
            // fresh sum^2 + (rotated - fresh) sum of rotated squares.
            fixed.fresh += sum * sum - rotated;
            fixed.rotated += rotated;
        }
        (all, fixed)
    };
    let (sums, fixed) = plan.outputs().iter().map(gain).unzip();
    WeightGains { fixed: Some(fixed), ..WeightGains::of_one_pattern(sums) }
}
