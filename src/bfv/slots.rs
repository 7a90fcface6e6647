//! Slots: the plaintext ring as N integers modulo t in two rows.

use super::Plaintext;
use crate::arith::bit_reverse;
use crate::arith::kernels::Kernels;
use crate::ring::Ntt;

/// The slots of a plaintext.
///
/// Slot (r, j), r in {0, 1} and j in `[0, N/2)`, is the value at zeta^((-1)^r 5^j), with zeta the
/// primitive 2N-th root of unity modulo t that the transform uses. Rotation by d moves slot
/// (r, j + d) to (r, j); X -> X^-1 exchanges the rows. A slot vector lists row 0, then row 1.
#[derive(Debug)]
pub struct Slots {
    ntt: Ntt,
    /// The transform entry of each slot.
    entries: Vec<u32>,
}

impl Slots {
    pub(super) fn new(ring_degree: usize, plain: &Kernels) -> Option<Self> {
        let two_n = 2 * ring_degree;
        let bits = ring_degree.ilog2();
        let row: Vec<usize> =
            std::iter::successors(Some(1), |e| Some(e * 5 % two_n)).take(ring_degree / 2).collect();
        let exponents = row.iter().copied().chain(row.iter().map(|e| two_n - e));
        let entries = exponents.map(|e| bit_reverse(e / 2, bits) as u32).collect();
        Some(Self { ntt: Ntt::new(ring_degree, plain)?, entries })
    }

    /// zeta.
    pub fn root(&self) -> u64 {
        self.ntt.root()
    }

    /// The plaintext with these slots, N of them in `[0, t)`.
    pub fn encode(&self, values: &[u64]) -> Plaintext {
        let mut coefficients = vec![0; self.entries.len()];
        for (&entry, &value) in self.entries.iter().zip(values) {
            coefficients[entry as usize] = value;
        }
        self.ntt.inverse(&mut coefficients);
        Plaintext(coefficients)
    }

    /// The slots of a plaintext.
    pub fn decode(&self, plaintext: &Plaintext) -> Vec<u64> {
        let mut values = plaintext.0.clone();
        self.ntt.forward(&mut values);
        self.entries.iter().map(|&entry| values[entry as usize]).collect()
    }
}
