//! A parameter set in one word: `4096:35,35|36:20`, or `2048:50:20` without a special prime.

use crate::bfv::{ParamsSpec, PrimeSpec};

use super::Strictness;
use super::error::{PresetError, Problem};
use super::params;

/// An example of the syntax, for messages.
pub(super) const EXAMPLE: &str = "4096:35,35|36:20";

/// Reads `RING_DEGREE:LIMB_BITS|SPECIAL_BITS:PLAIN_BITS`, or the same without `|SPECIAL_BITS`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(text: &str) -> Result<ParamsSpec, PresetError> {
    let spec = read(text).and_then(|spec| {
        params::check(&spec, Strictness::Load)?;
        Ok(spec)
    });
    spec.map_err(|problem| PresetError::Inline { text: text.into(), problem: problem.into() })
}

fn read(text: &str) -> Result<ParamsSpec, Problem> {
    let parts: Vec<&str> = text.split(':').collect();
    let [degree, primes, plain] = parts[..] else { return Err(Problem::InlineForm) };
    let (limbs, special) = match primes.split_once('|') {
        Some((limbs, special)) => (limbs, Some(special)),
        None => (primes, None),
    };
    let special = special.map(|bits| number("special bits", bits).map(PrimeSpec::Bits));
    let limbs = limbs.split(',').map(|bits| number("limb bits", bits).map(PrimeSpec::Bits));
    Ok(ParamsSpec {
        name: text.into(),
        ring_degree: number("ring degree", degree)? as usize,
        limbs: limbs.collect::<Result<_, _>>()?,
        special: special.transpose()?,
        plain: PrimeSpec::Bits(number("plain bits", plain)?),
    })
}

fn number(part: &'static str, text: &str) -> Result<u32, Problem> {
    text.trim().parse().map_err(|_| Problem::InlineNumber { part, value: text.into() })
}
