//! The mix stage: sums moved to their lanes and added up.

use rayon::prelude::*;

use super::{Output, SlotPlan, Sums};
use crate::bfv::{Ciphertext, RotationSum};
use crate::conv::server::{ConvError, Server, Stage};

/// The output ciphertexts of one strip group from the sums of `outputs`.
///
/// # Errors
/// [`ConvError::MissingKey`], or [`ConvError::Cancelled`].
pub fn mix(
    server: &Server<'_>,
    plan: &SlotPlan,
    outputs: &[Output],
    sums: &Sums,
) -> Result<Vec<Ciphertext>, ConvError> {
    let evaluator = server.evaluator();
    let one = |group: usize| {
        let mut total = RotationSum::new(evaluator);
        for (i, output) in outputs.iter().enumerate().filter(|(_, o)| o.group == group) {
            server.check_cancelled()?;
            total.add(&sums.ciphertext(evaluator.context(), i), output.offset.element)?;
            server.advance(1);
        }
        Ok(total.finish())
    };
    server.stage(Stage::Mix, || (0..plan.out_groups()).into_par_iter().map(one).collect())
}
