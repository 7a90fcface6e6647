//! The mix stage: sums moved to their places and added up.

use std::ops::Range;

use rayon::prelude::*;

use super::panel::Panels;
use super::setting::Setting;
use super::sums::Sums;
use super::{ConvError, Server, Stage};
use crate::bfv::{Ciphertext, Context, Evaluator, MissingKey, Pool, RotationSum, Scratch};
use crate::ring::GaloisElement;

/// Output ciphertexts that are made side by side on one thread, so that a key is read once for all
/// of them.
const TOGETHER: usize = 4;

/// A sum, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Its place among the sums of its wave.
    pub sum: usize,
    /// The output ciphertext that it is part of.
    pub group: usize,
    /// The automorphism that takes it there.
    pub element: GaloisElement,
}

/// Ciphertexts to become outputs, whose memory is taken already: a server takes it once, not for every
/// inference.
#[derive(Debug)]
pub struct Outputs {
    limbs: usize,
    spare: Pool<Ciphertext>,
}

impl Outputs {
    /// `count` ciphertexts of `limbs` limbs.
    pub fn taken(context: &Context, limbs: usize, count: usize) -> Self {
        let context = context.of(limbs);
        let spare = Pool::default();
        spare.give((0..count).map(|_| Ciphertext::zero(context).taken()));
        Self { limbs, spare }
    }

    /// One of them, whatever it holds, or a new one where there are none.
    fn next(&self, context: &Context) -> Ciphertext {
        self.spare.take(|| Ciphertext::zero(context))
    }

    /// Takes outputs back.
    pub fn keep(&self, outputs: Vec<Ciphertext>) {
        self.spare.give(outputs);
    }
}

/// The output ciphertexts that are made side by side.
struct Part {
    first_group: usize,
    /// A sum and its working space for each output ciphertext.
    each: Vec<(RotationSum, Scratch)>,
    sum: Ciphertext,
}

/// Output ciphertexts of a wave of `groups` that each of `threads` threads makes side by side.
fn together(groups: usize, threads: usize) -> usize {
    groups.div_ceil(threads).clamp(1, TOGETHER)
}

/// Bytes that [`mix`] takes on `threads` threads for the time it runs, outputs aside, where sums are
/// moved: for at most `groups` output ciphertexts at a time, of `limbs` limbs.
pub fn mix_scratch_bytes(groups: usize, limbs: usize, setting: Setting<'_>, threads: usize) -> u64 {
    let share = together(groups, threads);
    let each = RotationSum::bytes(setting.params, limbs) + Scratch::bytes(setting.params, limbs);
    let space = share as u64 * each + Panels::bytes(setting, 1);
    groups.div_ceil(share).min(threads) as u64 * space
}

/// The output ciphertexts `groups`, of those that `outputs` holds, from all sums of theirs. Those that one
/// automorphism moves stand together, and an output has at most one of each stretch.
///
/// # Errors
/// [`ConvError::MissingKey`], or [`ConvError::Cancelled`].
pub fn mix(
    server: &Server<'_>,
    groups: Range<usize>,
    moved: &[Moved],
    sums: &Sums,
    outputs: &Outputs,
) -> Result<Vec<Ciphertext>, ConvError> {
    let context = server.evaluator().context();
    if moved.iter().all(|moved| moved.element.is_identity()) && moved.len() == groups.len() {
        let one = |moved: &Moved| {
            server.check_cancelled()?;
            server.advance(1);
            let mut output = outputs.next(context);
            sums.copy_to(moved.sum, &mut output);
            Ok(output)
        };
        return server.stage(Stage::Mix, || moved.par_iter().map(one).collect());
    }
    let evaluator = server.evaluator().of(outputs.limbs);
    let share = together(groups.len(), rayon::current_num_threads());
    let parts: Vec<Range<usize>> =
        groups.clone().step_by(share).map(|first| first..groups.end.min(first + share)).collect();
    let one = |part: Range<usize>| {
        let mine = moved.iter().filter(|moved| part.contains(&moved.group));
        let mine: Vec<Moved> = mine.copied().collect();
        let totals = part.clone().map(|_| (evaluator.rotation_sum(), evaluator.scratch()));
        let (totals, sum) = (totals.collect(), Ciphertext::zero(context));
        let mut made = Part { first_group: part.start, each: totals, sum };
        // An output has one working space. A stretch ends where the next sum of an output begins.
        for same in mine.chunk_by(|a, b| a.element == b.element && a.group < b.group) {
            server.check_cancelled()?;
            made.add(evaluator, sums, same)?;
            server.advance(same.len() as u64);
        }
        Ok(made.finish(evaluator, outputs))
    };
    server.stage(Stage::Mix, || {
        let parts: Vec<Vec<Ciphertext>> =
            parts.into_par_iter().map(one).collect::<Result<_, ConvError>>()?;
        Ok(parts.into_iter().flatten().collect())
    })
}

impl Part {
    /// Adds sums of one automorphism to the totals of their output ciphertexts: prime by prime, so that
    /// the key is read once for all of them.
    fn add(
        &mut self,
        evaluator: &Evaluator<'_>,
        sums: &Sums,
        same: &[Moved],
    ) -> Result<(), MissingKey> {
        let Some(Moved { element, .. }) = same.first() else { return Ok(()) };
        let Self { first_group, each: totals, sum } = self;
        if element.is_identity() {
            for moved in same {
                let (total, _) = &mut totals[moved.group - *first_group];
                if let Some(first) = total.first_plain() {
                    sums.copy_to(moved.sum, first);
                } else {
                    sums.copy_to(moved.sum, sum);
                    total.add_plain(sum);
                }
            }
            return Ok(());
        }
        let key = evaluator.key(*element)?;
        for moved in same {
            sums.copy_to(moved.sum, sum);
            let (total, scratch) = &mut totals[moved.group - *first_group];
            total.begin(evaluator, sum, key, scratch);
        }
        for m in 0..evaluator.context().extended_basis().len() {
            for moved in same {
                let (total, scratch) = &mut totals[moved.group - *first_group];
                total.add_switched(evaluator, key, m, scratch);
            }
        }
        Ok(())
    }

    /// The output ciphertexts.
    fn finish(self, evaluator: &Evaluator<'_>, outputs: &Outputs) -> Vec<Ciphertext> {
        let finish = |(mut total, mut scratch): (RotationSum, Scratch)| {
            let output = outputs.next(evaluator.context());
            let result = total.finish(evaluator, &mut scratch, output);
            evaluator.keep_sum(total);
            evaluator.keep_scratch(scratch);
            result
        };
        self.each.into_iter().map(finish).collect()
    }
}
