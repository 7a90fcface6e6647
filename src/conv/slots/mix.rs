//! The mix stage: sums moved to their lanes and added up.

use std::ops::Range;

use rayon::prelude::*;

use super::{Output, Panels, SlotPlan, Sums};
use crate::bfv::{Ciphertext, Evaluator, MissingKey, RotationSum, Scratch};
use crate::conv::setting::Setting;
use crate::conv::{ConvError, Server, Stage};

/// Output ciphertexts that are made side by side on one thread, so that a key is read once for all
/// of them.
const TOGETHER: usize = 4;

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

/// Bytes that [`mix`] takes on `threads` threads for the time it runs, outputs aside.
pub fn mix_scratch_bytes(plan: &SlotPlan, setting: Setting<'_>, threads: usize) -> u64 {
    if plan.moved() == 0 {
        return 0;
    }
    let groups = plan.waves().first().map_or(0, ExactSizeIterator::len);
    let share = together(groups, threads);
    let limbs = plan.output_limbs(setting.params);
    let each = RotationSum::bytes(setting.params, limbs) + Scratch::bytes(setting.params, limbs);
    let space = share as u64 * each + Panels::bytes(setting, 1);
    groups.div_ceil(share).min(threads) as u64 * space
}

/// The output ciphertexts `groups` of one strip group from the sums of `outputs`, which are all of
/// theirs; they have the limbs that the plan gives them.
///
/// # Errors
/// [`ConvError::MissingKey`], or [`ConvError::Cancelled`].
pub fn mix(
    server: &Server<'_>,
    plan: &SlotPlan,
    groups: Range<usize>,
    outputs: &[Output],
    sums: &Sums,
) -> Result<Vec<Ciphertext>, ConvError> {
    let context = server.evaluator().context();
    if plan.moved() == 0 {
        let one = |i| {
            server.check_cancelled()?;
            server.advance(1);
            Ok(sums.ciphertext(context, i))
        };
        return server.stage(Stage::Mix, || (0..outputs.len()).into_par_iter().map(one).collect());
    }
    let evaluator = server.evaluator().of(plan.output_limbs(context.params()));
    let share = together(groups.len(), rayon::current_num_threads());
    let parts: Vec<Range<usize>> =
        groups.clone().step_by(share).map(|first| first..groups.end.min(first + share)).collect();
    let one = |part: Range<usize>| {
        let mine = outputs.iter().enumerate().filter(|(_, output)| part.contains(&output.group));
        let mine: Vec<(usize, &Output)> = mine.collect();
        let totals = part.clone().map(|_| (evaluator.rotation_sum(), evaluator.scratch()));
        let (totals, sum) = (totals.collect(), Ciphertext::zero(context));
        let mut made = Part { first_group: part.start, each: totals, sum };
        // Outputs come offset by offset. Different ones may have the same automorphism, but each output
        // has one sum of each, and one working space.
        for same in mine.chunk_by(|(_, a), (_, b)| a.offset.place == b.offset.place) {
            server.check_cancelled()?;
            made.add(evaluator, sums, same)?;
            server.advance(same.len() as u64);
        }
        Ok(made.finish(evaluator))
    };
    server.stage(Stage::Mix, || {
        let parts: Vec<Vec<Ciphertext>> =
            parts.into_par_iter().map(one).collect::<Result<_, ConvError>>()?;
        Ok(parts.into_iter().flatten().collect())
    })
}

impl Part {
    /// Adds sums with one offset to the totals of their output ciphertexts: prime by prime, so that
    /// the key is read once for all of them.
    fn add(
        &mut self,
        evaluator: &Evaluator<'_>,
        sums: &Sums,
        outputs: &[(usize, &Output)],
    ) -> Result<(), MissingKey> {
        let Some((_, Output { offset, .. })) = outputs.first() else { return Ok(()) };
        let Self { first_group, each: totals, sum } = self;
        if offset.element.is_identity() {
            for (i, output) in outputs {
                let (total, _) = &mut totals[output.group - *first_group];
                if let Some(first) = total.first_plain() {
                    sums.copy_to(*i, first);
                } else {
                    sums.copy_to(*i, sum);
                    total.add_plain(sum);
                }
            }
            return Ok(());
        }
        let key = evaluator.key(offset.element)?;
        for (i, output) in outputs {
            sums.copy_to(*i, sum);
            let (total, scratch) = &mut totals[output.group - *first_group];
            total.begin(evaluator, sum, key, scratch);
        }
        for m in 0..evaluator.context().extended_basis().len() {
            for (_, output) in outputs {
                let (total, scratch) = &mut totals[output.group - *first_group];
                total.add_switched(evaluator, key, m, scratch);
            }
        }
        Ok(())
    }

    /// The output ciphertexts.
    fn finish(self, evaluator: &Evaluator<'_>) -> Vec<Ciphertext> {
        let finish = |(mut total, mut scratch): (RotationSum, Scratch)| {
            let result = total.finish(evaluator, &mut scratch);
            evaluator.keep_sum(total);
            evaluator.keep_scratch(scratch);
            result
        };
        self.each.into_iter().map(finish).collect()
    }
}
