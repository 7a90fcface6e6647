//! The mix stage: sums moved to their lanes and added up.

use std::ops::Range;

use rayon::prelude::*;

use super::{Output, Panels, SlotPlan, Sums};
use crate::bfv::{Ciphertext, RotationSum, Scratch};
use crate::conv::server::{ConvError, Server, Stage};
use crate::conv::setting::Setting;

/// Output ciphertexts that are made side by side on one thread, so that a key is read once for all
/// of them.
const TOGETHER: usize = 4;

/// Working space of one thread.
struct Space {
    totals: Vec<RotationSum>,
    sum: Ciphertext,
    scratch: Scratch,
}

/// Output ciphertexts of a wave of `groups` that each of `threads` threads makes side by side.
fn together(groups: usize, threads: usize) -> usize {
    groups.div_ceil(threads).clamp(1, TOGETHER)
}

/// Bytes that [`mix`] takes on `threads` threads for the time it runs, outputs aside.
pub fn mix_scratch_bytes(plan: &SlotPlan, setting: Setting<'_>, threads: usize) -> u64 {
    if plan.offsets().iter().all(|offset| offset.element.is_identity()) {
        return 0;
    }
    let groups = plan.waves().first().map_or(0, ExactSizeIterator::len);
    let share = together(groups, threads);
    let space = share as u64 * RotationSum::bytes(setting.params)
        + Panels::bytes(setting, 1)
        + Scratch::bytes(setting.params);
    groups.div_ceil(share).min(threads) as u64 * space
}

/// The output ciphertexts `groups` of one strip group from the sums of `outputs`, which are all of
/// theirs.
///
/// # Errors
/// [`ConvError::MissingKey`], or [`ConvError::Cancelled`].
pub fn mix(
    server: &Server<'_>,
    groups: Range<usize>,
    outputs: &[Output],
    sums: &Sums,
) -> Result<Vec<Ciphertext>, ConvError> {
    let evaluator = server.evaluator();
    let context = evaluator.context();
    let stays = |output: &Output| output.offset.element.is_identity();
    if outputs.len() == groups.len() && outputs.iter().all(stays) {
        let one = |i| {
            server.check_cancelled()?;
            server.advance(1);
            Ok(sums.ciphertext(context, i))
        };
        return server.stage(Stage::Mix, || (0..outputs.len()).into_par_iter().map(one).collect());
    }
    let share = together(groups.len(), rayon::current_num_threads());
    let parts: Vec<Range<usize>> =
        groups.clone().step_by(share).map(|first| first..groups.end.min(first + share)).collect();
    let space = || Space {
        totals: (0..share).map(|_| RotationSum::new(context)).collect(),
        sum: Ciphertext::zero(context),
        scratch: evaluator.scratch(),
    };
    let one = |space: &mut Space, part: Range<usize>| {
        let Space { totals, sum, scratch } = space;
        // Outputs come offset by offset.
        for (i, output) in outputs.iter().enumerate().filter(|(_, o)| part.contains(&o.group)) {
            server.check_cancelled()?;
            sums.copy_to(i, sum);
            let total = &mut totals[output.group - part.start];
            total.add(evaluator, sum, output.offset.element, scratch)?;
            server.advance(1);
        }
        let totals = totals.iter_mut().take(part.len());
        Ok(totals.map(|total| total.finish(evaluator, scratch)).collect())
    };
    server.stage(Stage::Mix, || {
        let parts: Vec<Vec<Ciphertext>> =
            parts.into_par_iter().map_init(space, one).collect::<Result<_, ConvError>>()?;
        Ok(parts.into_iter().flatten().collect())
    })
}
