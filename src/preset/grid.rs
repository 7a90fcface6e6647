//! A `[[grid]]` of a sweep file: parameter sets as a cross product of sizes.

use std::ops::RangeInclusive;

use crate::bfv::params::{MAX_LIMB_BITS, MAX_LIMBS, MAX_PLAIN_BITS, RING_DEGREES};
use crate::bfv::{ParamsError, ParamsSpec, PrimeSpec};

use super::error::{PresetError, Problem};
use super::reader::{Field, Section};

/// The most parameter sets of one grid.
const MAX_SETS: usize = 100_000;

const KEYS: [&str; 4] = ["ring_degree", "limb_bits", "special_bits", "plain_bits"];

/// Reads a grid: its sets in the order of the lists, `plain_bits` changing fastest. They are named
/// as they read inline, and need not be valid together.
pub(super) fn read(section: &Section<'_>) -> Result<Vec<ParamsSpec>, PresetError> {
    section.only(&KEYS)?;
    let degrees = degrees(&section.need("ring_degree")?)?;
    let limb_sets = limb_sets(&section.need("limb_bits")?)?;
    // Without sizes of P the sets have none.
    let specials = match section.get("special_bits") {
        Some(field) => sizes(&field, MAX_LIMB_BITS)?.into_iter().map(Some).collect(),
        None => vec![None],
    };
    let plains = sizes(&section.need("plain_bits")?, MAX_PLAIN_BITS)?;
    let count = [specials.len(), plains.len(), limb_sets.len()]
        .into_iter()
        .fold(degrees.len(), usize::saturating_mul);
    if count > MAX_SETS {
        return Err(section.error(Problem::GridSize { sets: count, max: MAX_SETS }));
    }
    let mut sets = Vec::with_capacity(count);
    for &degree in &degrees {
        for limbs in &limb_sets {
            for &special in &specials {
                sets.extend(plains.iter().map(|&plain| set(degree, limbs, special, plain)));
            }
        }
    }
    Ok(sets)
}

/// A set by its sizes, named in the inline form.
fn set(ring_degree: usize, limbs: &[u32], special: Option<u32>, plain: u32) -> ParamsSpec {
    ParamsSpec {
        name: String::new(),
        ring_degree,
        limbs: limbs.iter().map(|bits| PrimeSpec::Bits(*bits)).collect(),
        special: special.map(PrimeSpec::Bits),
        plain: PrimeSpec::Bits(plain),
    }
    .named_by_sizes()
}

/// One ring degree or a list of them.
fn degrees(field: &Field<'_>) -> Result<Vec<usize>, PresetError> {
    let read = |field: &Field<'_>| {
        let range = *RING_DEGREES.start() as i128..=*RING_DEGREES.end() as i128;
        let degree = field.integer(range)? as usize;
        let problem = || field.error(ParamsError::RingDegree(degree).into());
        if degree.is_power_of_two() { Ok(degree) } else { Err(problem()) }
    };
    if field.is_integer() {
        return Ok(vec![read(field)?]);
    }
    field.filled_list("one ring degree or a list of them")?.iter().map(read).collect()
}

/// One list of limb sizes, or a list of such lists.
fn limb_sets(field: &Field<'_>) -> Result<Vec<Vec<u32>>, PresetError> {
    let range = 2..=i128::from(MAX_LIMB_BITS);
    let read = |field: &Field<'_>| {
        let sizes = field.integers("a list of sizes in bits", &range)?;
        if sizes.is_empty() || sizes.len() > MAX_LIMBS {
            return Err(field.wrong_count(sizes.len(), format!("1 to {MAX_LIMBS} sizes in bits")));
        }
        Ok(sizes.into_iter().map(|bits| bits as u32).collect())
    };
    let lists = field.filled_list("a list of sizes in bits, or of such lists")?;
    if lists.iter().any(Field::is_list) {
        lists.iter().map(read).collect()
    } else {
        Ok(vec![read(field)?])
    }
}

/// One size, a list of sizes, or a range in a string.
fn sizes(field: &Field<'_>, max_bits: u32) -> Result<Vec<u32>, PresetError> {
    let allowed = 2..=i128::from(max_bits);
    let read = |field: &Field<'_>| field.integer(allowed.clone()).map(|bits| bits as u32);
    if field.is_integer() {
        return Ok(vec![read(field)?]);
    }
    if field.is_text() {
        let text = field.text()?;
        let problem = Problem::SizeRange { key: field.key(), value: text.into(), max: max_bits };
        return Ok(range(text, max_bits).ok_or_else(|| field.error(problem))?.collect());
    }
    let expected = "one size in bits, a list of sizes, or a range like \"16..24\"";
    field.filled_list(expected)?.iter().map(read).collect()
}

/// The sizes of `16..24`, both ends included.
fn range(text: &str, max_bits: u32) -> Option<RangeInclusive<u32>> {
    let (first, last) = text.split_once("..")?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (2 <= first && first <= last && last <= max_bits).then_some(first..=last)
}
