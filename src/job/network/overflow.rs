//! Whether t holds whatever a picture may give.

use crate::bfv::Params;
use crate::network::{Note, listed};

/// Says which layers have inputs whose sums exceed the plaintext modulus: a run on another picture may
/// fail there. Of each layer is given the largest sum that any input gives with its weights and the
/// biases that the server adds.
pub(super) fn beyond<'a>(layers: impl Iterator<Item = (&'a str, i64, &'a Params)>) -> Option<Note> {
    let beyond = |(name, largest, params): (&str, i64, &Params)| {
        let largest = largest.unsigned_abs();
        let modulus = params.plain().value();
        // Values of up to (t - 1) / 2 fit, so t exceeds twice the largest.
        let bits = (2 * largest).max(1).ilog2() + 1;
        (2 * largest >= modulus).then(|| format!("{name} (t of {bits} bits or more)"))
    };
    let layers: Vec<String> = layers.filter_map(beyond).collect();
    let said = || {
        let layers = listed(&layers);
        Note::warning(format!("a picture can give sums that t does not hold in {layers}"))
    };
    (!layers.is_empty()).then(said)
}
