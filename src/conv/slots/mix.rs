//! The mix stage: sums moved to their lanes and added up.

use std::ops::Range;

use rayon::prelude::*;

use super::{Output, Sums};
use crate::bfv::{Ciphertext, RotationSum};
use crate::conv::server::{ConvError, Server, Stage};

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
    let space = || (RotationSum::new(evaluator), Ciphertext::zero(evaluator.context()));
    let one = |(total, sum): &mut (RotationSum<'_>, Ciphertext), group: usize| {
        for (i, output) in outputs.iter().enumerate().filter(|(_, o)| o.group == group) {
            server.check_cancelled()?;
            sums.copy_to(i, sum);
            total.add(sum, output.offset.element)?;
            server.advance(1);
        }
        let mut result = Ciphertext::zero(evaluator.context());
        total.finish(&mut result);
        Ok(result)
    };
    server.stage(Stage::Mix, || groups.into_par_iter().map_init(space, one).collect())
}
