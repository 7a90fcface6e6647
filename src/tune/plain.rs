//! How large the plaintext modulus is to be.

use std::str::FromStr;

use crate::bfv::params::MAX_PLAIN_BITS;
use crate::job::RunSpec;
use crate::predict::LayerPredictor;

/// The least size of t that can be asked for, in bits.
const LEAST_BITS: u32 = 2;

/// What t must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainRule {
    /// Every result that any input gives with the weights at hand. t then tells a client who did not
    /// know it a little about the weights: the size of the largest sum.
    #[default]
    Weights,
    /// Every result of any weights and inputs of the layer's bit widths.
    Widths,
    /// Whatever so many bits hold.
    Bits(u32),
}

impl PlainRule {
    /// What it is, in words.
    pub fn text(self) -> String {
        match self {
            Self::Weights => "any input with these weights".into(),
            Self::Widths => "any weights and inputs of these widths".into(),
            Self::Bits(bits) => format!("results below t/2 of {bits} bits"),
        }
    }

    /// The largest absolute value that t must hold in a run; `None` where its size is given.
    pub fn largest(self, run: &RunSpec, layer: &LayerPredictor) -> Option<i64> {
        match self {
            Self::Weights => {
                let alone = || layer.largest() + run.largest_bias;
                Some(run.largest_output.unwrap_or_else(alone))
            }
            Self::Widths => Some(layer.layer().worst_output() + run.largest_bias),
            Self::Bits(_) => None,
        }
    }
}

impl std::fmt::Display for PlainRule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Weights => formatter.write_str("weights"),
            Self::Widths => formatter.write_str("widths"),
            Self::Bits(bits) => bits.fmt(formatter),
        }
    }
}

impl FromStr for PlainRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bits =
            |text: &str| text.parse().ok().filter(|b| (LEAST_BITS..=MAX_PLAIN_BITS).contains(b));
        match text {
            "weights" => Ok(Self::Weights),
            "widths" => Ok(Self::Widths),
            other => bits(other).map(Self::Bits).ok_or_else(|| {
                format!(
                    "expected weights, widths or a number of bits from {LEAST_BITS} to {MAX_PLAIN_BITS}"
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_written() {
        for rule in [PlainRule::Weights, PlainRule::Widths, PlainRule::Bits(2), PlainRule::Bits(32)]
        {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        for text in ["", "1", "33", "-2", "weight", "20.5"] {
            let error = text.parse::<PlainRule>().expect_err("nonsense");
            assert!(error.contains("weights, widths"), "{error}");
        }
    }
}
