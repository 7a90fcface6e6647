//! What a plan decides that a user may decide instead.

use std::fmt;

/// The form in which weights of an algorithm on coefficients are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WeightForm {
    /// The words of their polynomials in NTT form: read as they are.
    Transformed,
    /// Themselves, bit-packed: their polynomials are made and transformed at every inference.
    Raw,
}

impl WeightForm {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Transformed, Self::Raw];

    /// The name used on the command line, in files and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transformed => "transformed",
            Self::Raw => "raw",
        }
    }

    /// One line for a list.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Transformed => "their transforms: read as fast as memory gives them",
            Self::Raw => "themselves, bit-packed: transformed at every inference",
        }
    }

    /// The form called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// What a plan has decided, or what a request pins; what a plan does not decide, or a request leaves to
/// the planner, is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    /// Lanes of a ciphertext: on slots planes or strips of planes, in coefficients channels.
    pub lanes: Option<usize>,
    /// Baby steps: automorphisms of each input, the identity among them.
    pub babies: Option<usize>,
    /// How weights are stored.
    pub weight_form: Option<WeightForm>,
    /// How many outputs share their second polynomial (see [`crate::bfv::SharedCiphertext`]); it is not
    /// shared where absent. No plan decides it, and every plan admits it.
    pub shared_by: Option<usize>,
}

impl Choice {
    /// So many lanes, and all else left open.
    pub const fn of_lanes(lanes: Option<usize>) -> Self {
        Self { lanes, babies: None, weight_form: None, shared_by: None }
    }

    /// Whether a plan with the decisions `made` is one that this request, of which it is, admits.
    pub fn admits(&self, made: &Self) -> bool {
        fn agree<T: PartialEq>(wanted: Option<T>, made: Option<T>) -> bool {
            wanted.is_none() || wanted == made
        }
        agree(self.lanes, made.lanes)
            && agree(self.babies, made.babies)
            && agree(self.weight_form, made.weight_form)
    }

    /// How many outputs share their second polynomial.
    pub fn sharing(&self) -> usize {
        self.shared_by.unwrap_or(1)
    }

    /// What is decided, by name.
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let count = |count: Option<usize>| count.map(|count| count.to_string());
        let all = [
            ("lanes", count(self.lanes)),
            ("babies", count(self.babies)),
            ("weight-form", self.weight_form.map(|form| form.name().into())),
            ("shared-by", count(self.shared_by)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts().into_iter().map(|(name, value)| format!("{name} = {value}"));
        formatter.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_admit_what_agrees_with_them() {
        let weight_form = Some(WeightForm::Raw);
        let made = Choice { lanes: Some(16), babies: Some(4), weight_form, shared_by: None };
        let slots = Choice::of_lanes(Some(16));
        assert!(Choice::default().admits(&made) && slots.admits(&made) && made.admits(&made));
        // A plan on slots stores weights in no form that could be asked for.
        assert!(!made.admits(&slots));
        assert!(!Choice { babies: Some(2), ..made }.admits(&made));
        assert!(Choice { shared_by: Some(4), ..made }.admits(&made));
        assert_eq!(made.to_string(), "lanes = 16, babies = 4, weight-form = raw");
        assert_eq!(WeightForm::named("raw"), Some(WeightForm::Raw));
    }
}
