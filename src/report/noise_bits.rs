//! Noise budgets of a run in its record.

use serde::{Deserialize, Serialize};

use super::rounded;
use crate::conv::noise::{NoiseBudgets, PredictedBudgets};

/// Noise budgets in bits; see [`NoiseBudgets`]. What was never measured is absent: there are no
/// rotated inputs where the plan rotates none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `NoiseBudgets`")]
pub struct NoiseBits {
    pub fresh: f64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rotated: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub multiplied: Option<f64>,
    #[serde(rename = "final")]
    pub last: f64,
    pub predicted_fresh: f64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predicted_rotated: Option<f64>,
    pub predicted_multiplied: f64,
    pub predicted_final: f64,
    pub predicted_final_floor: f64,
}

impl From<NoiseBudgets> for NoiseBits {
    fn from(budgets: NoiseBudgets) -> Self {
        Self {
            fresh: bits(budgets.fresh),
            rotated: budgets.rotated.map(bits),
            multiplied: budgets.multiplied.map(bits),
            last: bits(budgets.last),
            ..budgets.predicted.into()
        }
    }
}

/// Where nothing was measured, the predictions stand in its place too.
impl From<PredictedBudgets> for NoiseBits {
    fn from(predicted: PredictedBudgets) -> Self {
        let [fresh, multiplied, last, floor] =
            [predicted.fresh, predicted.multiplied, predicted.last, predicted.floor].map(bits);
        let rotated = predicted.rotated.map(bits);
        Self {
            fresh,
            rotated,
            multiplied: Some(multiplied),
            last,
            predicted_fresh: fresh,
            predicted_rotated: rotated,
            predicted_multiplied: multiplied,
            predicted_final: last,
            predicted_final_floor: floor,
        }
    }
}

/// Hundredths are enough.
fn bits(bits: f64) -> f64 {
    rounded(bits, 2)
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    #[test]
    fn what_was_never_measured_is_absent() {
        let noise = NoiseBits { rotated: None, predicted_rotated: None, ..record().noise_bits };
        let json = serde_json::to_string(&noise).expect("JSON");
        assert!(!json.contains("rotated") && !json.contains("null"), "{json}");
        assert_eq!(serde_json::from_str::<NoiseBits>(&json).expect("reads"), noise);
        // Earlier versions had an infinity there, which JSON does not know.
        let earlier = json.replacen('{', "{\"rotated\":null,", 1);
        assert_eq!(serde_json::from_str::<NoiseBits>(&earlier).expect("reads"), noise);
    }
}
