//! Sums of products that are told by an estimate and a residue: see [`Width::Estimated`]. Compilers turn
//! both into vectors on machines that have no wider products than those of halves of words (SSE2, NEON).
//!
//! [`Width::Estimated`]: crate::arith::kernels::Width::Estimated

use super::sums::{KEPT, add_halves};
use crate::arith::Modulus;
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::double::{UNSIGNED, double};
use crate::arith::kernels::width::{ESTIMATED_PIECES, ESTIMATED_TERMS};
use crate::arith::kernels::{PAIR, Row};

/// A pair of words of a sum.
#[derive(Clone, Copy)]
struct Sum {
    /// Of the products of lower halves, all there were, modulo 2^64: of the sum that is modulo 2^32. They are
    /// kept whole: where no upper half is read the compiler makes whole products of words.
    residues: [u64; PAIR],
    /// Of the residues modulo 2^32 of pieces.
    low: [u64; PAIR],
    /// Multiples of 2^32 that they lack.
    high: [u64; PAIR],
}

impl Sum {
    const ZERO: Self = Self { residues: [0; PAIR], low: [0; PAIR], high: [0; PAIR] };

    /// Adds a piece, whose words are also there as doubles.
    #[inline]
    fn add(&mut self, terms: &[&[u64; PAIR]], doubles: &[[f64; PAIR]], factors: &[u64]) {
        let before = self.residues;
        add_halves(terms, factors, &mut self.residues);
        let mut factor_doubles = [0.0; ESTIMATED_TERMS];
        for (double_of, factor) in factor_doubles.iter_mut().zip(factors) {
            *double_of = double(*factor);
        }
        let estimates = estimates(doubles, &factor_doubles);
        for i in 0..PAIR {
            let residue = self.residues[i].wrapping_sub(before[i]) & u64::from(u32::MAX);
            let rest = (estimates[i] - double(residue)) * (1.0 / (1u64 << 32) as f64);
            self.low[i] += residue;
            // Rounded to an integer; the difference of the bits is that integer.
            self.high[i] += (rest + UNSIGNED).to_bits() - UNSIGNED.to_bits();
        }
    }

    /// Modulo q.
    fn reduced(&self, modulus: &Modulus) -> [u64; PAIR] {
        let word = |i| (u128::from(self.high[i]) << 32) + u128::from(self.low[i]);
        std::array::from_fn(|i| modulus.reduce_wide(word(i)))
    }
}

#[inline]
fn estimates(terms: &[[f64; PAIR]], factors: &[f64]) -> [f64; PAIR] {
    let mut sums = [0.0; PAIR];
    for (column, sums) in sums.as_chunks_mut::<KEPT>().0.iter_mut().enumerate() {
        let mut kept = *sums;
        for (term, &factor) in terms.iter().zip(factors) {
            let words = &term.as_chunks::<KEPT>().0[column];
            kept = std::array::from_fn(|i| and_product(kept[i], words[i], factor));
        }
        *sums = kept;
    }
    sums
}

/// With one rounding where the machine has it, and with two where that would be a call.
#[inline]
pub(in crate::arith::kernels) fn and_product(sum: f64, word: f64, factor: f64) -> f64 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        word.mul_add(factor, sum)
    } else {
        sum + word * factor
    }
}

/// Sums that are made with the same doubles.
const TOGETHER: usize = 16;

/// Sums of products of which `piece` together are estimated, as many of each as the rows are long.
pub(in crate::arith::kernels) fn estimated_tiles(
    modulus: &Modulus,
    piece: usize,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    for (rows, out) in rows.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
        sums_together(modulus, piece, segments, rows, out);
    }
}

/// At most [`TOGETHER`] sums.
fn sums_together(
    modulus: &Modulus,
    piece: usize,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    let mut sums = [Sum::ZERO; TOGETHER];
    let sums = &mut sums[..rows.len()];
    let mut doubles = [[0.0; PAIR]; ESTIMATED_TERMS];
    let (mut start, mut pieces) = (0, 0);
    let mut chunks = Chunks::<ESTIMATED_TERMS>::of(segments, piece);
    while let Some(terms) = chunks.next() {
        if pieces == ESTIMATED_PIECES {
            for sum in &mut *sums {
                (sum.low, sum.high) = (sum.reduced(modulus), [0; PAIR]);
            }
            pieces = 0;
        }
        for (doubles, term) in doubles.iter_mut().zip(terms) {
            *doubles = term.map(double);
        }
        let end = start + terms.len();
        for (sum, row) in sums.iter_mut().zip(rows) {
            sum.add(terms, &doubles[..terms.len()], &row.factors[start..end]);
        }
        (start, pieces) = (end, pieces + 1);
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = sum.reduced(modulus);
    }
}
