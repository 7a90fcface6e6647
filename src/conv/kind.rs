//! The algorithms by name.

use super::conventional::DenseWeights;
use super::hadamard::HadamardWeights;
use super::hadamard_fused::FusedWeights;
use super::padded::PaddedWeights;
use super::planner::{CostTable, DoesNotFit, plan};
use super::slots::SlotAlgorithm;
use super::{Algorithm, Layer};
use crate::bfv::Context;

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
}

impl AlgorithmKind {
    /// Every algorithm, the baseline first.
    pub const ALL: [Self; 4] =
        [Self::Conventional, Self::Padded, Self::Hadamard, Self::HadamardFused];

    /// The name used on the command line, in files and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conventional => "conventional",
            Self::Padded => "padded",
            Self::Hadamard => "hadamard",
            Self::HadamardFused => "hadamard-fused",
        }
    }

    /// The algorithm planned for a layer and a context.
    ///
    /// # Errors
    /// [`DoesNotFit`] where the ring is too small for the layer.
    pub fn plan(
        self,
        layer: &Layer,
        context: &Context,
        costs: &CostTable,
    ) -> Result<Box<dyn Algorithm>, DoesNotFit> {
        let plan = plan(self, layer, context, costs)?;
        Ok(match self {
            Self::Conventional => Box::new(SlotAlgorithm::<DenseWeights>::new(plan)),
            Self::Padded => Box::new(SlotAlgorithm::<PaddedWeights>::new(plan)),
            Self::Hadamard => Box::new(SlotAlgorithm::<HadamardWeights>::new(plan)),
            Self::HadamardFused => Box::new(SlotAlgorithm::<FusedWeights>::new(plan)),
        })
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
        }
    }
}
