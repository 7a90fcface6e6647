//! A parameter set in one word: `4096:35,35|36:20`.

use crate::bfv::{ParamsSpec, PrimeSpec};

use super::Strictness;
use super::error::{PresetError, Problem};
use super::params;

/// An example of the syntax, for messages.
pub(super) const EXAMPLE: &str = "4096:35,35|36:20";

/// Reads `RING_DEGREE:LIMB_BITS|SPECIAL_BITS:PLAIN_BITS`.
pub(super) fn parse(text: &str) -> Result<ParamsSpec, PresetError> {
    let spec = read(text).and_then(|spec| {
        params::check(&spec, Strictness::Load)?;
        Ok(spec)
    });
    spec.map_err(|problem| PresetError::Inline { text: text.into(), problem: problem.into() })
}

fn read(text: &str) -> Result<ParamsSpec, Problem> {
    let (left, right) = text.split_once('|').ok_or(Problem::InlineForm)?;
    let (degree, limbs) = left.split_once(':').ok_or(Problem::InlineForm)?;
    let (special, plain) = right.split_once(':').ok_or(Problem::InlineForm)?;
    let limbs = limbs.split(',').map(|bits| number("limb bits", bits).map(PrimeSpec::Bits));
    Ok(ParamsSpec {
        name: text.into(),
        ring_degree: number("ring degree", degree)? as usize,
        limbs: limbs.collect::<Result<_, _>>()?,
        special: PrimeSpec::Bits(number("special bits", special)?),
        plain: PrimeSpec::Bits(number("plain bits", plain)?),
    })
}

fn number(part: &'static str, text: &str) -> Result<u32, Problem> {
    text.trim().parse().map_err(|_| Problem::InlineNumber { part, value: text.into() })
}
