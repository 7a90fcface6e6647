//! Weights as integers: one channel per ciphertext.

use ndarray::ArrayView4;

use super::{Output, SlotPlan};
use crate::conv::gains::{Gain, WeightGains};

/// The gains of weights that multiply whole ciphertexts as integers.
pub fn integer_gains(plan: &SlotPlan, weights: ArrayView4<'_, i64>) -> WeightGains {
    let gain = |output: &Output| {
        let (mut all, mut fixed) = (Gain::default(), Gain::default());
        for channel in 0..plan.packing().layer().in_channels() {
            let (mut sum, mut rotated) = (0.0, 0.0);
            for shift in &plan.shifts()[..output.offset.shifts] {
                let Some(w) = plan.lane_weight(&output.offset, shift, 0, 0) else { continue };
                let weight = weights[[output.group, channel, w.tap[0], w.tap[1]]] as f64;
                sum += weight;
                all.add(!shift.is_identity(), weight * weight);
                rotated += if shift.is_identity() { 0.0 } else { weight * weight };
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
