//! The mix stage: sums moved to their lanes and added up.

use std::ops::Range;

use rayon::prelude::*;

use super::{Output, Sums};
use crate::bfv::{Ciphertext, Evaluator, MissingKey, RotationSum, Scratch};
use crate::conv::server::{ConvError, Server, Stage};

/// Output ciphertexts that are made side by side on one thread, so that a key is read once for all
/// of them.
const TOGETHER: usize = 2;

/// Working space of one thread.
struct Space {
    /// A sum and its working space for each output ciphertext.
    totals: Vec<(RotationSum, Scratch)>,
    sum: Ciphertext,
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
    let share = groups.len().div_ceil(rayon::current_num_threads()).clamp(1, TOGETHER);
    let parts: Vec<Range<usize>> =
        groups.clone().step_by(share).map(|first| first..groups.end.min(first + share)).collect();
    let space = || Space {
        totals: (0..share).map(|_| (RotationSum::new(context), evaluator.scratch())).collect(),
        sum: Ciphertext::zero(context),
    };
    let one = |space: &mut Space, part: Range<usize>| {
        let mine = outputs.iter().enumerate().filter(|(_, output)| part.contains(&output.group));
        let mine: Vec<(usize, &Output)> = mine.collect();
        // Outputs come offset by offset.
        for same in mine.chunk_by(|(_, a), (_, b)| a.offset.element == b.offset.element) {
            server.check_cancelled()?;
            add_together(evaluator, sums, same, part.start, space)?;
            server.advance(same.len() as u64);
        }
        let totals = space.totals.iter_mut().take(part.len());
        Ok(totals.map(|(total, scratch)| total.finish(evaluator, scratch)).collect())
    };
    server.stage(Stage::Mix, || {
        let parts: Vec<Vec<Ciphertext>> =
            parts.into_par_iter().map_init(space, one).collect::<Result<_, ConvError>>()?;
        Ok(parts.into_iter().flatten().collect())
    })
}

/// Adds sums with one offset to the totals of their output ciphertexts, of which `first` is the
/// first: prime by prime, so that the key is read once for all of them.
fn add_together(
    evaluator: &Evaluator<'_>,
    sums: &Sums,
    outputs: &[(usize, &Output)],
    first: usize,
    Space { totals, sum }: &mut Space,
) -> Result<(), MissingKey> {
    let Some((_, Output { offset, .. })) = outputs.first() else { return Ok(()) };
    if offset.element.is_identity() {
        for (i, output) in outputs {
            sums.copy_to(*i, sum);
            totals[output.group - first].0.add_plain(sum);
        }
        return Ok(());
    }
    let key = evaluator.keys().get(offset.element)?;
    for (i, output) in outputs {
        sums.copy_to(*i, sum);
        let (total, scratch) = &mut totals[output.group - first];
        total.begin(evaluator, sum, key, scratch);
    }
    for m in 0..evaluator.context().extended_basis().len() {
        for (_, output) in outputs {
            let (total, scratch) = &mut totals[output.group - first];
            total.add_switched(evaluator, key, m, scratch);
        }
    }
    Ok(())
}
