//! Noise of a run, predicted and measured.

use super::Setting;
use crate::bfv::Params;
use crate::bfv::noise::{NoiseModel, Samples};

/// Predicted variances of v (see [`crate::bfv::noise`]).
#[derive(Clone, Debug, PartialEq)]
pub struct StageNoise {
    /// After a rotation of an input, where any is rotated.
    pub rotated: Option<f64>,
    /// The largest of the sums after multiplication.
    pub multiplied: f64,
    /// The outputs, by groups of equal variance.
    pub outputs: Vec<Samples>,
}

impl StageNoise {
    /// The same after outputs of so many limbs have come to share polynomials, as the setting says: each
    /// has the key switches of all that share with it, and one rounding more.
    pub fn shared(mut self, setting: Setting<'_>, limbs: usize) -> Self {
        let (params, lower) = (setting.params, setting.params.lower());
        let level = lower.as_ref().filter(|lower| lower.limbs().len() == limbs).unwrap_or(params);
        let model = NoiseModel::new(level);
        let switched = model.switches(setting.shared_by);
        let scale = 2.0 * (params.log2_q() - level.log2_q());
        let added = if setting.shared_by > 1 { scale.exp2() * switched } else { 0.0 };
        self.outputs.iter_mut().for_each(|output| output.variance += added);
        self
    }

    /// The budgets that these variances leave.
    pub fn budgets(&self, params: &Params) -> PredictedBudgets {
        let model = NoiseModel::new(params);
        let of_one = |variance| {
            model.expected_budget(&[Samples { variance, count: params.ring_degree() as u64 }])
        };
        PredictedBudgets {
            fresh: of_one(model.fresh()),
            rotated: self.rotated.map(of_one),
            multiplied: of_one(self.multiplied),
            last: model.expected_budget(&self.outputs),
            floor: model.floor_budget(&self.outputs),
        }
    }
}

/// Predicted noise budgets in bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictedBudgets {
    /// The expected budget of one upload.
    pub fresh: f64,
    /// The expected budget of one rotated input, where any is rotated.
    pub rotated: Option<f64>,
    /// The expected budget of the noisiest sum.
    pub multiplied: f64,
    /// The expected least budget of all outputs.
    pub last: f64,
    /// What all outputs keep with probability 1 - 2^-40.
    pub floor: f64,
}

/// Measured noise budgets in bits, each the least of its kind, beside what was predicted. Of what a
/// run never comes to there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseBudgets {
    /// The first upload.
    pub fresh: f64,
    /// At most four rotations of the first input that is rotated.
    pub rotated: Option<f64>,
    /// At most four sums of the first strip group after multiplication.
    pub multiplied: Option<f64>,
    /// All outputs, before they are switched down.
    pub last: f64,
    /// The prediction.
    pub predicted: PredictedBudgets,
}
