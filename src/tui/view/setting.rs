//! Parameters and method in one line.

use crate::report::{Record, counted};
use crate::tui::form::{Field, Form};

/// The parameters and the method of a form, in `width` columns where that can be.
pub(super) fn setting_of_form(form: &Form, width: u16) -> String {
    let limbs = form.value(Field::LimbBits);
    let limbs: Vec<&str> = limbs.split(' ').collect();
    let special = form.params.special.map(|prime| format!(" | {}", prime.bits()));
    let special = special.unwrap_or_default();
    let mut parts = vec![
        format!("N {}", form.params.ring_degree),
        format!("t {} bits", form.value(Field::PlainBits)),
        format!("limbs {}{special}", grouped(&limbs)),
        form.algorithm.name().to_owned(),
        form.reduction.name().to_owned(),
        counted(form.threads, "thread"),
    ];
    parts.extend(form.pinned.lanes.map(|lanes| counted(lanes, "lane")));
    joined(&parts, width)
}

/// The setting of a run of earlier days, which the form need not agree with.
pub(super) fn setting_of_record(record: &Record, width: u16) -> String {
    let bits = |prime: &u64| prime.checked_ilog2().map_or(0, |log| log + 1).to_string();
    let limbs: Vec<String> = record.params.limbs.iter().map(bits).collect();
    let special = record.params.special.as_ref().map(|prime| format!(" | {}", bits(prime)));
    let special = special.unwrap_or_default();
    let parts = [
        format!("N {}", record.params.ring_degree),
        format!("t {} bits", bits(&record.params.plain_modulus)),
        format!("limbs {}{special}", grouped(&limbs)),
        record.algorithm.clone(),
        record.reduction.clone(),
        counted(record.threads, "thread"),
    ];
    joined(&parts, width)
}

/// Sizes of limbs: each, or how many there are of each where there are many.
fn grouped<T: AsRef<str>>(limbs: &[T]) -> String {
    const MANY: usize = 3;
    let limbs: Vec<&str> = limbs.iter().map(AsRef::as_ref).collect();
    if limbs.len() < MANY {
        return limbs.join(" ");
    }
    let groups = limbs.chunk_by(|a, b| a == b);
    let groups = groups.map(|same| match same {
        [one] => (*one).to_owned(),
        _ => format!("{}x{}", same.len(), same.first().copied().unwrap_or_default()),
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// The parts, with wide gaps where there is room.
fn joined(parts: &[String], width: u16) -> String {
    let wide = parts.join("   ");
    if wide.chars().count() <= usize::from(width) { wide } else { parts.join("  ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_limbs_are_counted() {
        assert_eq!(grouped(&["35", "36"]), "35 36");
        assert_eq!(grouped(&["48", "48", "47", "47", "46"]), "2x48 2x47 46");
        assert_eq!(grouped(&["50"; 6]), "6x50");
    }

    #[test]
    fn gaps_shrink_where_there_is_little_room() {
        let parts = ["a".to_owned(), "b".to_owned()];
        assert_eq!((joined(&parts, 5).as_str(), joined(&parts, 4).as_str()), ("a   b", "a  b"));
    }
}
