//! The multiply stage: sums of rotated inputs times weights.

use rayon::prelude::*;

use super::{Output, ScalarRows, SlotPlan, Wave};
use crate::arith::kernels::{Kernels, PAIR, Reduction, Row, SUMS_TOGETHER, TILE};
use crate::conv::dense::Alike;
use crate::conv::near::Near;
use crate::conv::sums::{Sums, SumsChunk};
use crate::conv::{ConvError, Server};

/// The runs of `outputs`.
pub fn runs(plan: &SlotPlan, outputs: &[Output]) -> Vec<Alike> {
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
        Alike { sums, segments, terms: plan.term_count(first) }
    };
    outputs.chunk_by(alike).map(run).collect()
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
    let tiles_per_block = context.ring_degree() / TILE / rows.blocks();
    let alike = runs(wave.plan, wave.outputs);
    let multiply = |mut chunk: SumsChunk<'_>| {
        let limb = chunk.limb;
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let mut segments = Vec::with_capacity(wave.plan.inputs());
        let mut near = Near::default();
        for tile in chunk.tiles() {
            server.check_cancelled()?;
            for (i, run) in alike.iter().enumerate() {
                // While one tile is worked on, a part of the next one at a time is on its way.
                let panels = wave.panels.count();
                let share = i * panels / alike.len()..(i + 1) * panels / alike.len();
                wave.panels.ask_for(share, limb, tile + 1);
                let first = run.sums.start;
                let row = |sum| rows.row(first + sum, limb, tile / tiles_per_block, run.terms);
                let (reduction, sums) =
                    (context.reduction(), chunk.tile_mut(tile, run.sums.clone()));
                let words = run.words(wave.panels, 0, [limb, tile]);
                let bias = rows.bias(run.terms);
                if run.gathers() {
                    let near = [near.lay(run.terms * PAIR, words)];
                    scalar_tiles(kernels, reduction, &near, row, bias, sums);
                } else {
                    segments.clear();
                    segments.extend(words);
                    scalar_tiles(kernels, reduction, &segments, row, bias, sums);
                }
            }
        }
        server.advance(1);
        Ok::<_, ConvError>(())
    };
    sums.chunks_mut().into_par_iter().with_max_len(1).try_for_each(multiply)?;
    let terms = alike.iter().map(|run| run.sums.len() * run.terms).sum();
    server.count_scalar_multiplications(terms);
    if wave.plan.multiplies_by_integers() {
        server.count_integer_multiplications(terms);
    }
    Ok(())
}

/// The most terms whose words stay close to the core while all sums meet them: 256 KiB of them.
const NEAR_TERMS: usize = (256 << 10) / (PAIR * size_of::<u64>());

/// One tile of several sums, into `sums`: `row` gives the factors of each by its place there. All words
/// times `bias` are taken off. Long sums are made one part after the other.
pub fn scalar_tiles<'a>(
    kernels: &Kernels,
    reduction: Reduction,
    segments: &[&[u64]],
    row: impl Fn(usize) -> Row<'a>,
    bias: Option<Row<'a>>,
    sums: &mut [[u64; PAIR]],
) {
    let terms = |segments: &[&[u64]]| segments.iter().map(|s| s.len() / PAIR).sum::<usize>();
    let each = terms(segments).div_ceil(segments.len().max(1)).max(1);
    let mut start = 0;
    for segments in segments.chunks((NEAR_TERMS / each).max(1)) {
        let end = start + terms(segments);
        let row = |sum| row(sum).part(start..end);
        let bias = bias.map(|bias| bias.part(start..end));
        let part = Part { kernels, reduction, segments, adds: start > 0 };
        part.sums(row, bias, sums);
        start = end;
    }
    if segments.is_empty() {
        sums.as_flattened_mut().fill(0);
    }
}

/// Some terms of one tile.
#[derive(Clone, Copy)]
struct Part<'a> {
    kernels: &'a Kernels,
    reduction: Reduction,
    segments: &'a [&'a [u64]],
    /// Whether there are terms before these.
    adds: bool,
}

impl Part<'_> {
    fn sums<'a>(
        self,
        row: impl Fn(usize) -> Row<'a>,
        bias: Option<Row<'a>>,
        sums: &mut [[u64; PAIR]],
    ) {
        let Self { kernels, reduction, segments, adds } = self;
        let taken_off = bias.map(|bias| {
            let mut sum = [[0; PAIR]];
            kernels.scalar_tiles(reduction, segments, |_| bias, &mut sum);
            sum[0]
        });
        let make = |first, out: &mut [[u64; PAIR]]| {
            kernels.scalar_tiles(reduction, segments, |sum| row(first + sum), out);
            if let Some(taken_off) = taken_off {
                for out in out {
                    kernels.subtract(out, &taken_off);
                }
            }
        };
        if adds { add_sums(kernels, make, sums) } else { make(0, sums) }
    }
}

/// Adds sums that `make` makes, from some place on.
fn add_sums(kernels: &Kernels, make: impl Fn(usize, &mut [[u64; PAIR]]), sums: &mut [[u64; PAIR]]) {
    let mut new = vec![[0; PAIR]; sums.len().min(SUMS_TOGETHER)];
    for (group, sums) in sums.chunks_mut(SUMS_TOGETHER).enumerate() {
        let new = &mut new[..sums.len()];
        make(group * SUMS_TOGETHER, new);
        kernels.add(sums.as_flattened_mut(), new.as_flattened());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::kernels::Backend;
    use crate::arith::{Modulus, largest_ntt_primes};

    /// Parts are added to those before them, whatever the number of sums, and what was added to integers is
    /// taken off.
    #[test]
    fn long_sums_are_those_of_their_parts() {
        const SUMS: usize = SUMS_TOGETHER + 7;
        let prime = largest_ntt_primes(36, 64, 1, &[]).expect("exists")[0];
        let modulus = Modulus::new(prime).expect("in range");
        let terms = 2 * NEAR_TERMS + 100;
        let word = |i: usize| modulus.reduce((i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let panel: Vec<u64> = (0..terms * PAIR).map(word).collect();
        let segments: Vec<&[u64]> = panel.chunks(NEAR_TERMS / 2 * PAIR).collect();
        let rows: Vec<Vec<u64>> =
            (0..SUMS).map(|sum| (0..terms).map(|i| word(sum + 3 * i) >> 21).collect()).collect();
        let bias = vec![9; terms];
        let row = |factors| Row { factors, quotients: &[], bits: 15 };
        for backend in Backend::available() {
            let kernels = Kernels::new(backend, modulus);
            let mut sums = vec![[u64::MAX; PAIR]; SUMS];
            let of_sum = |sum: usize| row(&rows[sum]);
            scalar_tiles(&kernels, Reduction::Lazy, &segments, of_sum, Some(row(&bias)), &mut sums);
            for (factors, sum) in rows.iter().zip(&sums) {
                for (place, made) in sum.iter().enumerate().step_by(5) {
                    let terms = factors.iter().zip(panel.iter().skip(place).step_by(PAIR));
                    let expected = terms.fold(0, |all, (factor, word)| {
                        let product = |factor| modulus.mul(modulus.reduce(factor), *word);
                        modulus.add(all, modulus.sub(product(*factor), product(9)))
                    });
                    assert_eq!(*made, expected, "{backend:?}");
                }
            }
        }
    }
}
