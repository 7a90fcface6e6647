//! Sums with a scalar factor per term: which kernel makes how many of them together.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::width::ESTIMATED_TERMS;
use super::{Engine, Kernels, PAIR, Reduction, Row, Width, portable};

/// Sums that are made together where terms stay where they lie, at most.
const TOGETHER: usize = 16;

/// The most terms whose words stay close to the core while all sums meet them: 256 KiB of them.
pub(super) const NEAR_TERMS: usize = (256 << 10) / (PAIR * size_of::<u64>());

/// How some sums are made.
#[derive(Clone, Copy, Debug)]
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

/// Sums that share their terms, with a scalar factor per term and sum. What these factors need so that
/// they can be met is done once, for any number of tiles.
#[derive(Debug)]
pub struct ScalarSums<'a> {
    kernels: &'a Kernels,
    reduction: Reduction,
    way: Way,
    rows: Vec<Row<'a>>,
    bias: Option<Row<'a>>,
    #[cfg(target_arch = "x86_64")]
    laid: avx2::Laid,
}

impl<'a> ScalarSums<'a> {
    /// No sums.
    pub fn new(kernels: &'a Kernels, reduction: Reduction) -> Self {
        Self {
            kernels,
            reduction,
            way: Way::Whole,
            rows: Vec::new(),
            bias: None,
            #[cfg(target_arch = "x86_64")]
            laid: avx2::Laid::default(),
        }
    }

    /// Bytes that so many sums of so many terms each take, at most.
    pub const fn bytes(sums: usize, terms: usize) -> u64 {
        #[cfg(target_arch = "x86_64")]
        let laid = avx2::Laid::bytes(sums, terms);
        #[cfg(not(target_arch = "x86_64"))]
        let laid = {
            let _ = terms;
            0
        };
        (sums * size_of::<Row<'_>>() + laid) as u64
    }

    /// Takes the factors of sums, all of as many terms. All words times `bias` are to be taken off each.
    pub fn lay(&mut self, rows: impl Iterator<Item = Row<'a>>, bias: Option<Row<'a>>) {
        self.rows.clear();
        self.rows.extend(rows);
        self.bias = bias;
        self.way = self.kernels.way(self.reduction, &self.rows);
        #[cfg(target_arch = "x86_64")]
        if let (Way::Estimated { bits, .. }, Engine::Avx2(_)) = (self.way, &self.kernels.engine) {
            let bias = self.bias.take().map(|bias| bias.factors);
            // SAFETY: `Kernels::new` makes this engine only where the processor has AVX2 and FMA.
            unsafe { self.laid.lay(bits, &self.rows, bias) };
        }
    }

    /// `out[o] = sum over terms k of rows[o][k] * panel[k]`, where the segments laid end to end are the
    /// panel, [`PAIR`] words a term: as many terms as rows are long, and as many sums as there are rows.
    pub fn tile(&self, segments: &[&[u64]], out: &mut [[u64; PAIR]]) {
        debug_assert_eq!(self.rows.len(), out.len());
        match (self.way, &self.kernels.engine) {
            #[cfg(target_arch = "x86_64")]
            (Way::Estimated { bits, .. }, Engine::Avx2(constants)) => {
                // SAFETY: `Kernels::new` makes this engine only where the processor has AVX2 and FMA.
                unsafe { avx2::estimated_tiles(constants, bits, segments, &self.laid, out) }
            }
            #[cfg(target_arch = "x86_64")]
            (Way::Halves, Engine::Avx2(constants)) => {
                // SAFETY: as above.
                unsafe { avx2::half_tiles(constants, segments, &self.rows, out) }
            }
            _ => self.by_parts(segments, out),
        }
        if let Some(bias) = self.bias {
            let mut taken_off = [0; PAIR];
            self.kernels.scalar_tile(self.reduction, segments, bias, &mut taken_off);
            for out in out {
                self.kernels.subtract(out, &taken_off);
            }
        }
    }

    /// All sums of as many terms as stay near, part after part.
    fn by_parts(&self, segments: &[&[u64]], out: &mut [[u64; PAIR]]) {
        let terms = |segments: &[&[u64]]| segments.iter().map(|s| s.len() / PAIR).sum::<usize>();
        let each = terms(segments).div_ceil(segments.len().max(1)).max(1);
        let mut start = 0;
        for segments in segments.chunks((NEAR_TERMS / each).max(1)) {
            let end = start + terms(segments);
            for (rows, out) in self.rows.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
                let mut parts = [rows[0]; TOGETHER];
                for (part, row) in parts.iter_mut().zip(rows) {
                    *part = row.part(start..end);
                }
                let parts = &parts[..rows.len()];
                if start == 0 {
                    self.kernels.sums(self.reduction, self.way, segments, parts, out);
                } else {
                    let mut more = [[0; PAIR]; TOGETHER];
                    let more = &mut more[..out.len()];
                    self.kernels.sums(self.reduction, self.way, segments, parts, more);
                    self.kernels.add(out.as_flattened_mut(), more.as_flattened());
                }
            }
            start = end;
        }
        if segments.is_empty() {
            out.as_flattened_mut().fill(0);
        }
    }
}

impl Kernels {
    /// One sum by itself: see [`ScalarSums::tile`].
    pub fn scalar_tile(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        row: Row<'_>,
        out: &mut [u64; PAIR],
    ) {
        let (rows, out) = (std::slice::from_ref(&row), std::slice::from_mut(out));
        self.sums(reduction, self.way(reduction, rows), segments, rows, out);
    }

    /// Sums of terms where they lie.
    fn sums(
        &self,
        reduction: Reduction,
        way: Way,
        segments: &[&[u64]],
        rows: &[Row<'_>],
        out: &mut [[u64; PAIR]],
    ) {
        match (way, &self.engine) {
            #[cfg(target_arch = "x86_64")]
            (Way::Halves, Engine::Avx2(constants)) => {
                // SAFETY: `Kernels::new` makes this engine only where the processor has AVX2 and FMA.
                unsafe { avx2::half_tiles(constants, segments, rows, out) }
            }
            (Way::Halves, _) => portable::half_tiles(&self.modulus, segments, rows, out),
            (Way::Estimated { terms, .. }, _) => {
                portable::estimated_tiles(&self.modulus, terms, segments, rows, out);
            }
            (Way::Whole, _) => self.whole_sums(reduction, segments, rows, out),
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
