//! What an algorithm is.

use super::{Layer, Plan};

/// A way to convolve layers under encryption: there is one value of each, in a file of its own.
pub trait Algorithm: std::fmt::Debug + Sync {
    /// The name used on the command line, in files and in reports.
    fn name(&self) -> &'static str;

    /// One line for a list.
    fn summary(&self) -> &'static str;

    /// The built-in parameter set that suits it where nothing is said of parameters.
    fn preset(&self) -> &'static str;

    /// Whether it works on slots, rather than on coefficients.
    fn is_on_slots(&self) -> bool;

    /// Whether it may do best with moduli like these, so that a tuner should try them.
    fn suits(&self, moduli: Moduli) -> bool;

    /// Every plan of `layer` at a ring degree that is worth considering; none where the layer does not
    /// fit.
    fn plans(&self, layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Plan>>;
}

/// What ciphertext moduli are like, whatever their sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moduli {
    /// The number of limbs.
    pub limbs: usize,
    /// Whether the last limb is as narrow as makes products cheap, whatever the others are.
    pub has_narrow_limb: bool,
    /// Whether there is a special prime. Algorithms that switch no keys do better without: log2(QP) is
    /// what security is counted on.
    pub has_special: bool,
}
