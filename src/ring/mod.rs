//! The ring `Z_Q[X]/(X^N + 1)` in residue-number form: bases, polynomials, automorphisms, sampling.

mod automorphism;
mod basis;
mod mixed_radix;
mod ntt;
mod poly;
pub mod sampling;

pub use automorphism::{GaloisElement, Permutation};
pub use basis::{Basis, Limb};
pub use mixed_radix::{MixedRadix, Places};
pub use ntt::{Ntt, SmallNtt};
pub use poly::{Coeff, Ntt as NttForm, Poly, Representation};
