//! The algorithms by name.

use super::algorithm::{Algorithm, Moduli};
use super::coefficients::algorithms::coefficient::Coefficient;
use super::coefficients::algorithms::interleaved::Interleaved;
use super::cost::CostTable;
use super::planner::{DoesNotFit, plan};
use super::setting::Setting;
use super::slots::OnSlots;
use super::slots::algorithms::conventional::DenseWeights;
use super::slots::algorithms::hadamard::HadamardWeights;
use super::slots::algorithms::hadamard_fused::FusedWeights;
use super::slots::algorithms::padded::PaddedWeights;
use super::{Choice, Layer, Plan};

/// The list of all algorithms, each with what it is.
macro_rules! algorithms {
    ($($(#[$doc:meta])* $kind:ident = $algorithm:expr,)*) => {
        /// A convolution algorithm.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AlgorithmKind {
            $($(#[$doc])* $kind,)*
        }

        impl AlgorithmKind {
            /// Every algorithm, the baseline first.
            pub const ALL: [Self; [$(stringify!($kind)),*].len()] = [$(Self::$kind),*];

            /// What it is.
            fn algorithm(self) -> &'static dyn Algorithm {
                match self {
                    $(Self::$kind => &$algorithm,)*
                }
            }
        }
    };
}

algorithms! {
    /// Channels in contiguous blocks of slots, weights as dense plaintext polynomials (after
    /// Gazelle).
    Conventional = OnSlots::<DenseWeights>::IT,
    /// One zero-padded channel per ciphertext, weights as integers.
    Padded = OnSlots::<PaddedWeights>::IT,
    /// Channels in lanes, weights through the Walsh-Hadamard matrix.
    Hadamard = OnSlots::<HadamardWeights>::IT,
    /// Channels in lanes, weights as one scalar per block of a ciphertext.
    HadamardFused = OnSlots::<FusedWeights>::IT,
    /// Channels in blocks of coefficients, one output channel a ciphertext (after Cheetah).
    Coefficient = Coefficient,
    /// Channels interleaved in coefficients, outputs merged.
    Interleaved = Interleaved,
}

impl AlgorithmKind {
    /// The name used on the command line, in files and in reports.
    pub fn name(self) -> &'static str {
        self.algorithm().name()
    }

    /// One line for a list.
    pub fn summary(self) -> &'static str {
        self.algorithm().summary()
    }

    /// The built-in parameter set that suits it where nothing is said of parameters.
    pub fn preset(self) -> &'static str {
        self.algorithm().preset()
    }

    /// Whether it works on slots; the others work on coefficients.
    pub fn is_on_slots(self) -> bool {
        self.algorithm().is_on_slots()
    }

    /// Whether it may do best with moduli like these.
    pub fn suits(self, moduli: Moduli) -> bool {
        self.algorithm().suits(moduli)
    }

    /// The plan with the least predicted server time for a layer, among plans that `pinned` admits.
    ///
    /// # Errors
    /// [`DoesNotFit`] where the ring is too small for the layer, or what is pinned cannot be.
    pub fn plan<'a>(
        self,
        layer: &Layer,
        setting: impl Into<Setting<'a>>,
        costs: &CostTable,
        pinned: Choice,
    ) -> Result<Box<dyn Plan>, DoesNotFit> {
        plan(self, layer, setting.into(), costs, pinned)
    }

    /// Every plan of `layer` at a ring degree that is worth considering; none where the layer does
    /// not fit.
    pub fn candidates(self, layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Plan>> {
        self.algorithm().plans(layer, ring_degree)
    }
}
