//! The multiply stage: sums of rotated inputs times weights.

use std::ops::Range;

use rayon::prelude::*;

use super::sums::SumsChunk;
use super::{Output, Panels, SlotPlan, Sums, Wave};
use crate::arith::kernels::{Kernels, PAIR, Reduction, Row, TILE};
use crate::arith::{AlignedWords, Shoup, zeroed};
use crate::bfv::Context;
use crate::conv::server::{ConvError, Server};
use crate::conv::setting::Setting;

/// Scalar factors for every sum: for each sum, each limb and each block of the ciphertext, one
/// factor per term. Terms run over inputs, and within an input over the shifts the sum uses.
#[derive(Debug, Default)]
pub struct ScalarRows {
    factors: AlignedWords,
    /// Shoup's quotients, for eager reduction only.
    quotients: AlignedWords,
    blocks: usize,
    terms: usize,
    /// Words from one sum to the next.
    stride: usize,
}

/// Words from the factors of one sum to the next: those of all sums for one block are read together,
/// and at multiples of a page apart they would all fall into the same few places of a cache.
const fn stride(words: usize) -> usize {
    const PAGE: usize = 512;
    const APART: usize = 13 * 8;
    if words < PAGE {
        if words == 0 { 1 } else { words }
    } else {
        words.next_multiple_of(PAGE) + APART
    }
}

impl ScalarRows {
    /// Space for factors as [`ScalarRows::build`] makes them, with all memory taken.
    pub fn taken(context: &Context, sums: usize, [blocks, terms]: [usize; 2]) -> Self {
        let take = |is_needed: bool| {
            let words = sums * stride(context.ciphertext_basis().len() * blocks * terms);
            let mut words = zeroed(if is_needed { words } else { 0 });
            words.take();
            words
        };
        let quotients = take(context.reduction() == Reduction::Eager);
        Self { factors: take(true), quotients, ..Self::default() }
    }

    /// Makes it hold factors for `sums` sums of at most `terms` terms, made by `fill` for `together`
    /// sums at a time: it gets the index of such a group and the factors of its sums, for each limb
    /// and each block `terms` words, to be set to `[0, q)`; they hold anything before. `proceed` is
    /// asked before each group.
    ///
    /// # Errors
    /// That of `proceed`.
    pub fn build(
        &mut self,
        context: &Context,
        [sums, together]: [usize; 2],
        [blocks, terms]: [usize; 2],
        proceed: impl Fn() -> Result<(), ConvError> + Sync,
        fill: impl Fn(usize, Vec<&mut [u64]>) + Sync,
    ) -> Result<(), ConvError> {
        let limbs = context.ciphertext_basis().limbs();
        let words = limbs.len() * blocks * terms;
        let per_sum = stride(words);
        (self.blocks, self.terms, self.stride) = (blocks, terms, per_sum);
        let factors = space(&mut self.factors, sums * per_sum);
        let groups = factors.par_chunks_mut((together * per_sum).max(1)).enumerate();
        groups.try_for_each(|(i, group)| {
            proceed()?;
            fill(i, group.chunks_mut(per_sum).map(|sum| &mut sum[..words]).collect());
            Ok::<_, ConvError>(())
        })?;
        if context.reduction() == Reduction::Lazy {
            return Ok(());
        }
        let per_limb = (blocks * terms).max(1);
        let quotients = space(&mut self.quotients, factors.len()).par_chunks_mut(per_sum);
        quotients.zip(factors.par_chunks(per_sum)).for_each(|(quotients, factors)| {
            let pairs = quotients.chunks_exact_mut(per_limb).zip(factors.chunks_exact(per_limb));
            for (limb, (quotients, factors)) in limbs.iter().zip(pairs) {
                for (quotient, factor) in quotients.iter_mut().zip(factors) {
                    *quotient = limb.modulus().shoup(*factor).quotient;
                }
            }
        });
        Ok(())
    }

    /// Bytes of such factors.
    pub fn bytes(setting: Setting<'_>, sums: usize, blocks: usize, terms: usize) -> u64 {
        let words = sums * stride(setting.limbs() * blocks * terms);
        let each = if setting.reduction == Reduction::Eager {
            size_of::<Shoup>()
        } else {
            size_of::<u64>()
        };
        (words * each) as u64
    }

    /// The factors of one block of one sum, `terms` of them.
    pub fn row(&self, sum: usize, limb: usize, block: usize, terms: usize) -> Row<'_> {
        let start = sum * self.stride + (limb * self.blocks + block) * self.terms;
        let range = start..start + terms;
        Row {
            factors: &self.factors[range.clone()],
            quotients: self.quotients.get(range).unwrap_or_default(),
        }
    }
}

/// `len` words of `words`, which are enlarged where they are too few.
fn space(words: &mut AlignedWords, len: usize) -> &mut [u64] {
    if words.len() < len {
        *words = zeroed(len);
    }
    &mut words[..len]
}

/// A run of sums with the same terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The places of the sums.
    pub sums: Range<usize>,
    /// The panels whose words they are made of, and which of their terms.
    segments: Vec<(usize, Range<usize>)>,
    /// How many terms each has.
    pub terms: usize,
}

impl Alike {
    /// The runs of `outputs`.
    pub fn runs(plan: &SlotPlan, outputs: &[Output]) -> Vec<Self> {
        let alike = |a: &Output, b: &Output| {
            plan.are_alike(&a.offset, &b.offset) && plan.window(a.group) == plan.window(b.group)
        };
        let mut start = 0;
        let run = |outputs: &[Output]| {
            let first = &outputs[0];
            let segment = |input| (input, plan.used(&first.offset, input));
            let sums = start..start + outputs.len();
            start = sums.end;
            let segments = plan.inputs_of(first.group).map(segment).collect();
            Self { sums, segments, terms: plan.term_count(first) }
        };
        outputs.chunk_by(alike).map(run).collect()
    }

    /// Whether the words of a tile are worth being laid end to end first: they come in pieces of few
    /// terms, each of which costs every sum some time, and there are many sums.
    const fn gathers(&self) -> bool {
        const FEW_TERMS: usize = 4;
        const MANY_SUMS: usize = 16;
        self.terms < FEW_TERMS * self.segments.len() && self.sums.end - self.sums.start >= MANY_SUMS
    }

    /// The words of all terms of one tile.
    pub fn words<'a>(
        &self,
        panels: &'a Panels,
        limb: usize,
        tile: usize,
    ) -> impl Iterator<Item = &'a [u64]> {
        self.segments.iter().map(move |(panel, range)| {
            &panels.tile(*panel, limb, tile)[range.start * PAIR..range.end * PAIR]
        })
    }
}

/// The sums of a wave, with one scalar per block of each term.
///
/// # Errors
/// [`ConvError::Cancelled`].
pub fn multiply_scalars(
    server: &Server<'_>,
    wave: &Wave<'_>,
    rows: &ScalarRows,
    sums: &mut Sums,
) -> Result<(), ConvError> {
    let context = server.evaluator().context();
    let tiles_per_block = context.ring_degree() / TILE / rows.blocks;
    let runs = Alike::runs(wave.plan, wave.outputs);
    let multiply = |mut chunk: SumsChunk<'_>| {
        let limb = chunk.limb;
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let mut segments = Vec::with_capacity(wave.plan.inputs());
        let mut near = Vec::new();
        for tile in chunk.tiles() {
            server.check_cancelled()?;
            for run in &runs {
                let row = |sum| rows.row(sum, limb, tile / tiles_per_block, run.terms);
                let (reduction, range) = (context.reduction(), run.sums.clone());
                let mut write = |part, sum, out: &_| chunk.put(kernels, part, sum, tile, out);
                let words = run.words(wave.panels, limb, tile);
                if run.gathers() {
                    near.clear();
                    words.for_each(|words| near.extend_from_slice(words));
                    scalar_tiles(kernels, reduction, &[&near], range, row, &mut write);
                } else {
                    segments.clear();
                    segments.extend(words);
                    scalar_tiles(kernels, reduction, &segments, range, row, &mut write);
                }
            }
        }
        server.advance(1);
        Ok::<_, ConvError>(())
    };
    sums.chunks_mut().into_par_iter().try_for_each(multiply)?;
    server.count_scalar_multiplications(runs.iter().map(|run| run.sums.len() * run.terms).sum());
    Ok(())
}

/// The most terms whose words stay close to the core while all sums meet them: 256 KiB of them.
const NEAR_TERMS: usize = (256 << 10) / (PAIR * size_of::<u64>());

/// One tile of the sums in `range`. `write` gets every sum, and of long sums one part after the
/// other, with the place of the part: what comes after the first is to be added.
pub fn scalar_tiles<'a>(
    kernels: &Kernels,
    reduction: Reduction,
    segments: &[&[u64]],
    range: Range<usize>,
    row: impl Fn(usize) -> Row<'a>,
    mut write: impl FnMut(usize, usize, &[u64; PAIR]),
) {
    let terms = |segments: &[&[u64]]| segments.iter().map(|s| s.len() / PAIR).sum::<usize>();
    let each = terms(segments).div_ceil(segments.len().max(1)).max(1);
    let mut start = 0;
    for (part, segments) in segments.chunks((NEAR_TERMS / each).max(1)).enumerate() {
        let end = start + terms(segments);
        let row = |sum| row(sum).part(start..end);
        sums_of_part(kernels, reduction, segments, range.clone(), row, |sum, out| {
            write(part, sum, out);
        });
        start = end;
    }
}

/// Several sums at a time.
fn sums_of_part<'a>(
    kernels: &Kernels,
    reduction: Reduction,
    segments: &[&[u64]],
    range: Range<usize>,
    row: impl Fn(usize) -> Row<'a>,
    mut write: impl FnMut(usize, &[u64; PAIR]),
) {
    let mut out = [[0; PAIR]; 4];
    let mut sum = range.start;
    while sum + 4 <= range.end {
        let rows = std::array::from_fn(|i| row(sum + i));
        kernels.scalar_quad(reduction, segments, rows, &mut out);
        for (i, out) in out.iter().enumerate() {
            write(sum + i, out);
        }
        sum += 4;
    }
    for sum in sum..range.end {
        let mut single = [[0; PAIR]];
        kernels.scalar_tile(reduction, segments, [row(sum)], &mut single);
        write(sum, &single[0]);
    }
}

/// The sums of a wave, with a dense plaintext per term: `weights` holds, for each limb, each tile,
/// each sum and each of its terms, [`TILE`] words.
///
/// # Errors
/// [`ConvError::Cancelled`].
pub fn multiply_dense(
    server: &Server<'_>,
    wave: &Wave<'_>,
    weights: &[u64],
    sums: &mut Sums,
) -> Result<(), ConvError> {
    let context = server.evaluator().context();
    let tiles = context.ring_degree() / TILE;
    let runs = Alike::runs(wave.plan, wave.outputs);
    let terms: usize = runs.iter().map(|run| run.sums.len() * run.terms).sum();
    let multiply = |mut chunk: SumsChunk<'_>| {
        let limb = chunk.limb;
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let mut segments = Vec::with_capacity(wave.plan.inputs());
        for tile in chunk.tiles() {
            server.check_cancelled()?;
            let size = terms * TILE;
            let mut weights = &weights[(limb * tiles + tile) * size..][..size];
            for run in &runs {
                segments.clear();
                segments.extend(run.words(wave.panels, limb, tile));
                for sum in run.sums.clone() {
                    let (factors, rest) = weights.split_at(run.terms * TILE);
                    weights = rest;
                    let mut out = [0; PAIR];
                    kernels.pair_tile(context.reduction(), &segments, factors, &mut out);
                    chunk.put(kernels, 0, sum, tile, &out);
                }
            }
        }
        server.advance(1);
        Ok::<_, ConvError>(())
    };
    sums.chunks_mut().into_par_iter().try_for_each(multiply)?;
    server.count_plaintext_multiplications(terms);
    Ok(())
}
