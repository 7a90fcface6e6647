//! Sums with a scalar factor per term: which kernel makes how many of them together.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::space::Space;
use super::width::ESTIMATED_TERMS;
use super::{Engine, Kernels, PAIR, Reduction, Row, Width, portable};

/// Sums that are made together, at most.
pub const SUMS_TOGETHER: usize = 256;

/// How some sums are made.
enum Way {
    /// From whole products, of which no part is lost.
    Whole,
    /// From products of halves of words, which fit a word.
    Halves,
    /// From an estimate and a residue.
    Estimated {
        /// Of words and factors together.
        bits: u32,
        /// At a time, where words are not centred.
        terms: usize,
    },
}

impl Kernels {
    /// `out[o] = sum over terms k of row(o)[k] * panel[k]`, where the segments laid end to end
    /// are the panel, [`PAIR`] words a term. Rows are as long as the panel has terms. Up to
    /// [`SUMS_TOGETHER`] sums together take less than one after the other.
    pub fn scalar_tiles<'r>(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        row: impl Fn(usize) -> Row<'r>,
        out: &mut [[u64; PAIR]],
    ) {
        // For one there are no rows to be laid side by side.
        if let [_] = out {
            self.scalar_group(reduction, segments, &[row(0)], out);
        } else {
            self.scalar_groups(reduction, segments, row, out);
        }
    }

    /// By itself, for its space would be asked for with every sum that is alone.
    #[inline(never)]
    fn scalar_groups<'r>(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        row: impl Fn(usize) -> Row<'r>,
        out: &mut [[u64; PAIR]],
    ) {
        for (group, out) in out.chunks_mut(SUMS_TOGETHER).enumerate() {
            let first = group * SUMS_TOGETHER;
            let mut rows = Space::<Row<'_>, SUMS_TOGETHER>::new();
            for (place, i) in rows.places()[..out.len()].iter_mut().zip(first..) {
                place.write(row(i));
            }
            // SAFETY: so many have been written.
            let rows = unsafe { rows.written(out.len()) };
            self.scalar_group(reduction, segments, rows, out);
        }
    }

    fn scalar_group(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        rows: &[Row<'_>],
        out: &mut [[u64; PAIR]],
    ) {
        match (self.way(reduction, rows), &self.engine) {
            (Way::Whole, _) => self.whole_sums(reduction, segments, rows, out),
            #[cfg(target_arch = "x86_64")]
            (Way::Halves, Engine::Avx2(constants)) => {
                // SAFETY: `Kernels::new` makes this engine only where the processor has AVX2 and FMA.
                unsafe { avx2::half_tiles(constants, segments, rows, out) }
            }
            (Way::Halves, _) => portable::half_tiles(&self.modulus, segments, rows, out),
            #[cfg(target_arch = "x86_64")]
            (Way::Estimated { bits, .. }, Engine::Avx2(constants)) => {
                // SAFETY: as above.
                unsafe { avx2::estimated_tiles(constants, bits, segments, rows, out) }
            }
            (Way::Estimated { terms, .. }, _) => {
                portable::estimated_tiles(&self.modulus, terms, segments, rows, out);
            }
        }
    }

    /// The fastest way: estimates where no instruction gives the products, so also of narrow ones, and
    /// where there are enough of them.
    fn way(&self, reduction: Reduction, rows: &[Row<'_>]) -> Way {
        const FEWEST_SUMS: usize = 4;
        const FEWEST_TERMS: usize = 8;
        #[cfg(target_arch = "x86_64")]
        if matches!(self.engine, Engine::Ifma(_)) {
            return Way::Whole;
        }
        let is_worth_it = rows.len() >= FEWEST_SUMS && rows[0].factors.len() >= FEWEST_TERMS;
        let factor_bits = self.factor_bits(rows);
        let bits = self.modulus.bits() + factor_bits;
        match self.width(factor_bits) {
            _ if reduction == Reduction::Eager => Way::Whole,
            Width::Halves => Way::Halves,
            Width::Narrow if is_worth_it => Way::Estimated { bits, terms: ESTIMATED_TERMS },
            Width::Estimated { terms } if is_worth_it => Way::Estimated { bits, terms },
            _ => Way::Whole,
        }
    }

    /// Eight sums at a time, then four, then each by itself.
    fn whole_sums(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        rows: &[Row<'_>],
        out: &mut [[u64; PAIR]],
    ) {
        let ((eights, rows), (eights_out, out)) = (rows.as_chunks::<8>(), out.as_chunks_mut());
        for (rows, out) in eights.iter().zip(eights_out) {
            self.whole_tile(reduction, segments, *rows, out);
        }
        let ((fours, rows), (fours_out, out)) = (rows.as_chunks::<4>(), out.as_chunks_mut());
        for (rows, out) in fours.iter().zip(fours_out) {
            self.whole_tile(reduction, segments, *rows, out);
        }
        for (row, out) in rows.iter().zip(out) {
            self.whole_tile(reduction, segments, [*row], std::array::from_mut(out));
        }
    }
}
