//! Ranges of a sweep as they are typed: `t bits 18..22; ring degree 4096 8192`.

use crate::bfv::ParamsSpec;
use crate::tui::form::{Field, Form};

/// The most points that ranges may make.
const MOST: usize = 10_000;

/// Short names of fields, as in formulas.
const SHORT: [(&str, Field); 4] = [
    ("N", Field::RingDegree),
    ("t", Field::PlainBits),
    ("q", Field::LimbBits),
    ("P", Field::SpecialBits),
];

/// An example, for prompts and errors.
pub const EXAMPLE: &str = "t bits 18..22; limb bits 30..36; N 4096 8192";

/// The points that `text` makes of `form`: every field that it names takes each of its values, all
/// with all, the last one fastest.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn points(form: &Form, text: &str, presets: &[ParamsSpec]) -> Result<Vec<Form>, String> {
    let axes = text.split(';').map(str::trim).filter(|axis| !axis.is_empty());
    let axes: Vec<(Field, Vec<String>)> = axes.map(axis).collect::<Result<_, _>>()?;
    let count = axes.iter().map(|axis| axis.1.len()).fold(1, usize::saturating_mul);
    match (axes.is_empty(), count) {
        (true, _) => return Err(format!("name a field and its values, like {EXAMPLE}")),
        (false, MOST..) => return Err(format!("{count} points are too many; at most {MOST}")),
        _ => {}
    }
    let mut points = vec![form.clone()];
    for (field, values) in axes {
        let mut more = Vec::with_capacity(points.len() * values.len());
        for point in &points {
            for value in &values {
                more.push(point.parse(field, &spelt(point, field, value), presets)?);
            }
        }
        points = more;
    }
    Ok(points)
}

/// A field and its values.
fn axis(text: &str) -> Result<(Field, Vec<String>), String> {
    let labels = Field::ALL.into_iter().map(|field| (field.label(), field));
    let mut names: Vec<(&str, Field)> = labels.chain(SHORT).collect();
    // The longest first: limbs is the start of no other, but t is.
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let found = names.iter().find_map(|(name, field)| {
        let rest = text.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some((*field, rest.trim()))
    });
    let Some((field, values)) = found else {
        let start: String = text.chars().take_while(|c| c.is_alphabetic() || *c == ' ').collect();
        let nearest = crate::nearest::nearest(start.trim(), names.iter().map(|(name, _)| *name));
        return Err(format!(
            "{text:?} begins with no field; the nearest is {}; like {EXAMPLE}",
            nearest.unwrap_or_default()
        ));
    };
    let values: Vec<String> = values
        .split([' ', ','])
        .filter(|value| !value.is_empty())
        .map(expanded)
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    if values.is_empty() {
        return Err(format!("{}: no value; like {EXAMPLE}", field.label()));
    }
    Ok((field, values))
}

/// The values of `18..22`, of `16..32/4`, or the one of anything else.
fn expanded(value: &str) -> Result<Vec<String>, String> {
    let Some((first, rest)) = value.split_once("..") else { return Ok(vec![value.into()]) };
    let (last, step) = rest.split_once('/').unwrap_or((rest, "1"));
    let wrong = || format!("{value:?} is no range like 18..22, or 16..32/4 in steps of 4");
    let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let (first, last, step) = (number(first)?, number(last)?, number(step)?);
    if first > last || step == 0 || (last - first) / step >= MOST {
        return Err(wrong());
    }
    Ok((first..=last).step_by(step).map(|number| number.to_string()).collect())
}

/// A value as the field takes it: one size is that of every limb there is, and sizes that differ stand
/// with a plus between them.
fn spelt(form: &Form, field: Field, value: &str) -> String {
    match field {
        Field::LimbBits if value.contains('+') => value.replace('+', " "),
        Field::LimbBits => vec![value; form.params.limbs.len().max(1)].join(" "),
        _ => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Catalogue;

    fn made(text: &str) -> Result<Vec<Form>, String> {
        points(&Form::demo(&Catalogue::builtin().expect("valid"), 1).expect("valid"), text, &[])
    }

    #[test]
    fn every_field_has_ranges_all_with_all() {
        let points = made("t bits 18..20; q 30 36+26; reduction lazy eager").expect("points");
        assert_eq!(points.len(), 12);
        let values = |form: &Form| {
            [Field::PlainBits, Field::LimbBits, Field::Reduction].map(|field| form.value(field))
        };
        assert_eq!(values(&points[0]), ["18", "30 30", "lazy"]);
        assert_eq!(values(&points[3]), ["18", "36 26", "eager"]);
        assert_eq!(values(&points[11]), ["20", "36 26", "eager"]);
        let channels = made("channels in 16..64/16").expect("points");
        assert_eq!(channels.len(), 4);
        assert_eq!(channels[1].layer.spec.in_channels, 32);
        assert_eq!(made("t 14..24; q 20..49; threads 1 2 3").map(|all| all.len()), Ok(990));
        assert!(made(EXAMPLE).is_ok());
    }

    #[test]
    fn what_is_wrong_is_taught() {
        for (text, parts) in [
            ("", ["name a field", "t bits 18..22"]),
            ("limb btis 18", ["begins with no field", "nearest is limb bits"]),
            ("t bits", ["t bits: no value", "like t bits 18..22"]),
            ("t bits 22..18", ["no range", "16..32/4"]),
            ("t bits 1..9/0", ["no range", "16..32/4"]),
            ("algorithm fused", ["none of", "hadamard-fused"]),
            ("t 2..60; q 2..60; P 2..60", ["too many", "10000"]),
        ] {
            let error = made(text).expect_err("no points");
            assert!(parts.iter().all(|part| error.contains(part)), "{text:?}: {error}");
        }
    }
}
