//! The algorithms by name.

use super::coefficients::{coefficient, interleaved};
use super::conventional::DenseWeights;
use super::cost::CostTable;
use super::hadamard::HadamardWeights;
use super::hadamard_fused::FusedWeights;
use super::padded::PaddedWeights;
use super::planner::{DoesNotFit, candidates, plan};
use super::setting::Setting;
use super::{Algorithm, Choice, Layer};

/// A convolution algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlgorithmKind {
    /// Channels in contiguous blocks of slots, weights as dense plaintext polynomials (after
    /// Gazelle).
    Conventional,
    /// One zero-padded channel per ciphertext, weights as integers.
    Padded,
    /// Channels in lanes, weights through the Walsh-Hadamard matrix.
    Hadamard,
    /// Channels in lanes, weights as one scalar per block of a ciphertext.
    HadamardFused,
    /// Channels in blocks of coefficients, one output channel a ciphertext (after Cheetah).
    Coefficient,
    /// Channels interleaved in coefficients, outputs merged.
    Interleaved,
}

impl AlgorithmKind {
    /// Every algorithm, the baseline first.
    pub const ALL: [Self; 6] = [
        Self::Conventional,
        Self::Padded,
        Self::Hadamard,
        Self::HadamardFused,
        Self::Coefficient,
        Self::Interleaved,
    ];

    /// Whether it works on slots; the others work on coefficients.
    pub const fn is_on_slots(self) -> bool {
        !matches!(self, Self::Coefficient | Self::Interleaved)
    }

    /// The built-in parameter set that suits it where nothing is said of parameters.
    pub const fn preset(self) -> &'static str {
        match self {
            Self::Coefficient => "n2048-q50-t20",
            Self::Interleaved => "n4096-q44-t20",
            _ => "n4096-t20",
        }
    }

    /// The name used on the command line, in files and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conventional => "conventional",
            Self::Padded => "padded",
            Self::Hadamard => "hadamard",
            Self::HadamardFused => "hadamard-fused",
            Self::Coefficient => "coefficient",
            Self::Interleaved => "interleaved",
        }
    }

    /// The algorithm with the least predicted server time for a layer, among plans that `pinned` admits.
    ///
    /// # Errors
    /// [`DoesNotFit`] where the ring is too small for the layer, or what is pinned cannot be.
    pub fn plan<'a>(
        self,
        layer: &Layer,
        setting: impl Into<Setting<'a>>,
        costs: &CostTable,
        pinned: Choice,
    ) -> Result<Box<dyn Algorithm>, DoesNotFit> {
        plan(self, layer, setting.into(), costs, pinned)
    }

    /// Every plan of `layer` at a ring degree that is worth considering; none where the layer does
    /// not fit.
    pub fn candidates(self, layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Algorithm>> {
        match self {
            Self::Conventional => candidates::<DenseWeights>(layer, ring_degree),
            Self::Padded => candidates::<PaddedWeights>(layer, ring_degree),
            Self::Hadamard => candidates::<HadamardWeights>(layer, ring_degree),
            Self::HadamardFused => candidates::<FusedWeights>(layer, ring_degree),
            Self::Coefficient => coefficient(layer, ring_degree),
            Self::Interleaved => interleaved(layer, ring_degree),
        }
    }

    /// One line for a list.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Conventional => {
                "contiguous channel blocks, dense weight plaintexts: the usual baseline"
            }
            Self::Padded => "one zero-padded channel per ciphertext, integer weights",
            Self::Hadamard => {
                "channels in lanes, integer weights through the Walsh-Hadamard matrix"
            }
            Self::HadamardFused => "channels in lanes, one scalar per block made from raw weights",
            Self::Coefficient => {
                "channels in blocks of coefficients, one output channel per ciphertext, no keys"
            }
            Self::Interleaved => {
                "channels interleaved in coefficients, outputs merged by rotations"
            }
        }
    }
}
