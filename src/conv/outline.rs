//! What a run sends and holds, told once.

use super::Setting;
use crate::bfv::{Coefficients, GaloisKeyId, Scratch, pairs_of};

/// What a run under a plan sends and holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The keys the server needs, rising.
    pub keys: Vec<GaloisKeyId>,
    /// Of each ciphertext sent to the server, the coefficients of c0 that outputs depend on.
    pub uploads: Vec<Coefficients>,
    /// Of each ciphertext sent back, the coefficients that are read.
    pub downloads: Vec<Coefficients>,
    /// How many of these share their second polynomial.
    pub shared_by: usize,
    /// Limbs of the output ciphertexts: all of Q, or one less.
    pub output_limbs: usize,
    /// Bytes of the prepared weights.
    pub weight_bytes: u64,
    /// Bytes of everything else the server holds.
    pub working: WorkingBytes,
    /// Bytes of what noise is predicted from, which is held where it is predicted.
    pub gains_bytes: u64,
}

impl Outline {
    /// Coefficients of c0 that the response carries.
    pub fn read_count(&self, ring_degree: usize) -> usize {
        self.downloads.iter().map(|read| read.count(ring_degree)).sum()
    }
}

/// Bytes that it takes on `threads` threads to make `outputs` outputs of `limbs` limbs share polynomials,
/// which are those of the results among them.
pub fn share_bytes(setting: Setting<'_>, limbs: usize, outputs: usize, threads: usize) -> u64 {
    if setting.shared_by == 1 {
        return 0;
    }
    let groups = setting.groups(outputs);
    let poly = |limbs: usize| (limbs * setting.ring_degree() * size_of::<u64>()) as u64;
    let switched = 2 * pairs_of(setting.shared_by) as u64 * poly(limbs + 1);
    let space = Scratch::bytes(setting.params, limbs) + switched;
    groups.min(threads) as u64 * space + groups as u64 * poly(limbs)
}

/// Bytes that the server holds besides keys, weights, ciphertexts in and out, and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkingBytes {
    /// While it prepares the weights.
    pub prepare: u64,
    /// From then on, for one inference after the other.
    pub space: u64,
    /// On top of that, while it convolves: what each thread needs for itself.
    pub scratch: u64,
}
