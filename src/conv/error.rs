//! Why a convolution under encryption does not finish.

use crate::bfv::wire::WireError;
use crate::bfv::{MissingKey, NoSlots, Widths};

/// Why a convolution under encryption did not finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvError {
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The client sent too few keys.
    #[error(transparent)]
    MissingKey(#[from] MissingKey),
    /// The client sent no keys for outputs that share polynomials in this way.
    #[error("no keys for outputs of {limbs} limbs of which {by} share a polynomial")]
    MissingSharingKeys {
        /// Limbs of the outputs.
        limbs: usize,
        /// How many of them share one.
        by: usize,
    },
    /// A message could not be read.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The algorithm works on slots, and plaintexts have none.
    #[error(transparent)]
    NoSlots(#[from] NoSlots),
    /// The response is of a size that cannot be decrypted.
    #[error("a response of {} and {} bits cannot be decrypted at this ring degree", .0.c0, .0.c1)]
    Response(Widths),
}
