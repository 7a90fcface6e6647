//! Quantities with units.

/// The number at the start of `text`, and the unit after it.
fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

fn quantity(text: &str, units: &[(&str, f64)], example: &str) -> Result<f64, String> {
    let wrong = || format!("expected a number with a unit, like {example}");
    let (number, unit) = split(text.trim()).ok_or_else(wrong)?;
    let factor = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let value = factor.map(|(_, factor)| number * factor).ok_or_else(wrong)?;
    if value.is_finite() { Ok(value) } else { Err("too large".into()) }
}

/// Bits a second: `100Mbit`, `1Gbit`, `500kbit`.
pub(crate) fn bandwidth(text: &str) -> Result<f64, String> {
    let units = [("bit", 1.0), ("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9)];
    let value = quantity(text, &units, "100Mbit or 1Gbit")?;
    if value >= 1.0 { Ok(value) } else { Err("must be at least 1bit a second".into()) }
}

/// Milliseconds: `10ms`, `500us`, `1s`.
pub(crate) fn milliseconds(text: &str) -> Result<f64, String> {
    quantity(text, &[("us", 1e-3), ("ms", 1.0), ("s", 1e3)], "10ms or 0.5s")
}

/// Bits of noise budget: a number from 0 on.
pub(crate) fn bits(text: &str) -> Result<f64, String> {
    let bits = text.parse::<f64>().ok().filter(|bits| (0.0..=1000.0).contains(bits));
    bits.ok_or_else(|| "must be a number of bits from 0 to 1000".into())
}

/// Bytes: `8GiB`, `500MB`, or a bare number.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let units = [
        ("", 1.0),
        ("B", 1.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
    ];
    quantity(text, &units, "8GiB or 500MB").map(|bytes| bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_scale() {
        assert_eq!(bandwidth("100Mbit"), Ok(1e8));
        assert_eq!(bandwidth("1.5gbit"), Ok(1.5e9));
        assert_eq!(milliseconds("10ms"), Ok(10.0));
        assert_eq!(milliseconds("0.5 s"), Ok(500.0));
        assert_eq!(bytes("8GiB"), Ok(8 << 30));
        assert_eq!(bytes("1000"), Ok(1000));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "ms", "-1ms", "10", "1e3ms", "1.2.3ms", "10 parsec", "inf"] {
            assert!(milliseconds(text).is_err(), "{text}");
        }
        assert!(bandwidth("0Mbit").is_err());
        assert!(bandwidth("100").is_err());
        assert!(bytes("-5").is_err());
    }
}
