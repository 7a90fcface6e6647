//! A parameter set as a file gives it.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::bfv::params::{MAX_LIMB_BITS, MAX_PLAIN_BITS, RING_DEGREES};
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsError, ParamsSpec, PrimeSpec};

use super::Strictness;
use super::error::{PresetError, Problem};
use super::reader::{Field, Section, Source};

const FILE_KEYS: [&str; 2] = ["schema", "params"];

const KEYS: [&str; 8] = [
    "name",
    "ring_degree",
    "limbs",
    "limb_bits",
    "special",
    "special_bits",
    "plain_modulus",
    "plain_bits",
];

/// Whether `name` is that of a TOML file.
pub(super) fn is_toml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Whether `text` names a file rather than a preset: one of TOML, or standard input.
pub(super) fn is_file(text: &str) -> bool {
    text == "-" || is_toml(text)
}

/// Reads a parameter file.
pub(super) fn parse(source: Source<'_>, strictness: Strictness) -> Result<ParamsSpec, PresetError> {
    let table = source.parse()?;
    read_file(&Section::root(source, &table)?, strictness)
}

pub(super) fn read_file(
    root: &Section<'_>,
    strictness: Strictness,
) -> Result<ParamsSpec, PresetError> {
    root.only(&FILE_KEYS)?;
    let section = section(root)?;
    section.only(&KEYS)?;
    let policy = strictness.policy(SecurityPolicy::default());
    read(&section, section.name_or_stem()?, &policy)
}

/// Reads the `[params]` of an experiment, which may have any name, and are held against its policy.
pub(super) fn read_within(
    root: &Section<'_>,
    strictness: Strictness,
    policy: SecurityPolicy,
) -> Result<ParamsSpec, PresetError> {
    let section = section(root)?;
    section.only(&KEYS)?;
    let name = section.get("name").map(|field| field.text()).transpose()?;
    read(&section, name.unwrap_or(root.source().stem()).into(), &strictness.policy(policy))
}

fn section<'a>(root: &Section<'a>) -> Result<Section<'a>, PresetError> {
    root.need("params")?.section(" in [params]", "a [params] table")
}

fn read(
    section: &Section<'_>,
    name: String,
    policy: &SecurityPolicy,
) -> Result<ParamsSpec, PresetError> {
    let degrees = *RING_DEGREES.start() as i128..=*RING_DEGREES.end() as i128;
    let spec = ParamsSpec {
        name,
        ring_degree: section.need("ring_degree")?.integer(degrees)? as usize,
        limbs: match either(section, "limbs", "limb_bits")? {
            Form::Value(field) => primes(&field, MAX_LIMB_BITS)?,
            Form::Bits(field) => sizes(&field, MAX_LIMB_BITS)?,
        },
        special: match (section.get("special"), section.get("special_bits")) {
            (None, None) => None,
            _ => Some(prime(section, "special", "special_bits", MAX_LIMB_BITS)?),
        },
        plain: prime(section, "plain_modulus", "plain_bits", MAX_PLAIN_BITS)?,
    };
    Params::new(&spec, policy).map_err(|error| section.error_at(keys_of(&error), error.into()))?;
    Ok(spec)
}

/// Whether the parameters are well formed and, when checking, secure.
pub(super) fn check(spec: &ParamsSpec, strictness: Strictness) -> Result<Params, ParamsError> {
    Params::new(spec, &strictness.policy(SecurityPolicy::default()))
}

/// The keys that may stand where the mistake is.
fn keys_of(error: &ParamsError) -> &'static [&'static str] {
    match error {
        ParamsError::RingDegree(_) => &["ring_degree"],
        ParamsError::LimbCount(_) => &["limbs", "limb_bits"],
        ParamsError::Insecure { .. } => &[],
        ParamsError::Size { role, .. }
        | ParamsError::Bits { role, .. }
        | ParamsError::NotPrime { role, .. }
        | ParamsError::NotNttFriendly { role, .. }
        | ParamsError::NoPrime { role, .. }
        | ParamsError::Repeated { role, .. }
        | ParamsError::BelowPlain { role, .. } => match *role {
            "limb" => &["limbs", "limb_bits"],
            "special prime" => &["special", "special_bits"],
            _ => &["plain_modulus", "plain_bits"],
        },
    }
}

/// A prime or primes: themselves, or their sizes.
enum Form<'a> {
    Value(Field<'a>),
    Bits(Field<'a>),
}

fn either<'a>(
    section: &Section<'a>,
    value: &'static str,
    bits: &'static str,
) -> Result<Form<'a>, PresetError> {
    match (section.get(value), section.get(bits)) {
        (Some(field), None) => Ok(Form::Value(field)),
        (None, Some(field)) => Ok(Form::Bits(field)),
        (None, None) => Err(section.missing(format!("`{value}` or `{bits}`"))),
        (Some(_), Some(field)) => {
            Err(field.error(Problem::BothForms { first: value, second: bits }))
        }
    }
}

fn prime(
    section: &Section<'_>,
    value: &'static str,
    bits: &'static str,
    max_bits: u32,
) -> Result<PrimeSpec, PresetError> {
    match either(section, value, bits)? {
        Form::Value(field) => Ok(PrimeSpec::Value(field.integer(values(max_bits))? as u64)),
        Form::Bits(field) => Ok(PrimeSpec::Bits(field.integer(2..=max_bits.into())? as u32)),
    }
}

fn primes(field: &Field<'_>, max_bits: u32) -> Result<Vec<PrimeSpec>, PresetError> {
    let values = field.integers("a list of primes", &values(max_bits))?;
    Ok(values.into_iter().map(|value| PrimeSpec::Value(value as u64)).collect())
}

fn sizes(field: &Field<'_>, max_bits: u32) -> Result<Vec<PrimeSpec>, PresetError> {
    let sizes = field.integers("a list of sizes in bits", &(2..=max_bits.into()))?;
    Ok(sizes.into_iter().map(|bits| PrimeSpec::Bits(bits as u32)).collect())
}

fn values(max_bits: u32) -> RangeInclusive<i128> {
    2..=(1 << max_bits) - 1
}
