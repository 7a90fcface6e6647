//! The nearest valid form.

use super::{Field, Form};

impl Form {
    /// The nearest valid form, and what it changes; `None` where the form is valid or nothing
    /// near is.
    pub fn fix(&self) -> Option<(String, Self)> {
        if self.check().is_ok() {
            return None;
        }
        // Primes of other sizes first: a larger ring is slower, and a limb less leaves little of the
        // noise budget.
        let is_size = |field: &&Field| {
            matches!(field, Field::LimbBits | Field::SpecialBits | Field::PlainBits)
        };
        let fields = Field::FIXES.iter();
        self.fix_by(fields.clone().filter(is_size))
            .or_else(|| self.fix_by(fields.filter(|field| !is_size(field))))
    }

    /// The valid form fewest steps of one of `fields` away, and what it changes.
    fn fix_by<'a>(&self, fields: impl Iterator<Item = &'a Field>) -> Option<(String, Self)> {
        const STEPS: usize = 32;
        let both = |field: &Field| [(*field, false, self.clone()), (*field, true, self.clone())];
        let mut ways: Vec<(Field, bool, Self)> = fields.flat_map(both).collect();
        for _ in 0..STEPS {
            for (field, up, form) in &mut ways {
                let Some(next) = form.step(*field, *up, &[], 1) else { continue };
                *form = next;
                if form.check().is_ok() {
                    let (old, new) = (self.value(*field), form.value(*field));
                    return Some((format!("{} {old} -> {new}", field.label()), form.clone()));
                }
            }
        }
        None
    }
}
