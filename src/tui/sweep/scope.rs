//! What a sweep goes over.

use crate::arith::kernels::Reduction;
use crate::bfv::ParamsSpec;
use crate::conv::AlgorithmKind;
use crate::tui::form::{Field, Form};

/// What is done at the points of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// They are run.
    Real,
    /// Nothing: predictions are all.
    Predicted,
}

impl Runs {
    /// The word for it in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Predicted => "predicted",
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Real => Self::Predicted,
            Self::Predicted => Self::Real,
        }
    }
}

/// What a sweep goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// All algorithms, or the form's alone.
    pub all_algorithms: bool,
    /// Eager reduction too, or lazy alone.
    pub both_reductions: bool,
    /// The form's parameter set and its neighbours, or the presets.
    pub neighbours: bool,
    /// What is done at its points.
    pub runs: Runs,
}

impl Default for Scope {
    fn default() -> Self {
        Self { all_algorithms: true, both_reductions: false, neighbours: false, runs: Runs::Real }
    }
}

impl Scope {
    /// The points on `form`'s layer in the order they are run: all of one parameter set together.
    ///
    /// # Errors
    /// Why no parameter set will do.
    pub fn points(self, form: &Form, presets: &[ParamsSpec]) -> Result<Vec<Form>, String> {
        let sets = if self.neighbours { neighbours(form) } else { with_sets(form, presets) };
        let (mut valid, mut problem) = (Vec::new(), None);
        for set in sets {
            match set.check() {
                Ok(_) => valid.push(set),
                Err(why) => problem = problem.or(Some(why)),
            }
        }
        if valid.is_empty() {
            return Err(problem.unwrap_or_else(|| "there is no parameter set".into()));
        }
        let algorithms =
            if self.all_algorithms { AlgorithmKind::ALL.to_vec() } else { vec![form.algorithm] };
        let reductions = if self.both_reductions {
            vec![Reduction::Lazy, Reduction::Eager]
        } else {
            vec![Reduction::Lazy]
        };
        let mut points = Vec::new();
        for set in &valid {
            // What works on slots rotates, and so needs a special prime.
            let can_run =
                |kind: &&AlgorithmKind| !kind.is_on_slots() || set.params.special.is_some();
            let own = self.neighbours;
            for &algorithm in algorithms.iter().filter(|kind| own || can_run(kind)) {
                let point = |&reduction| Form { algorithm, reduction, ..set.clone() };
                points.extend(reductions.iter().map(point));
            }
        }
        Ok(points)
    }
}

/// The form with every preset.
fn with_sets(form: &Form, presets: &[ParamsSpec]) -> Vec<Form> {
    presets.iter().map(|params| Form { params: params.clone(), ..form.clone() }).collect()
}

/// The form, and with t or the limbs at their next valid size down and up.
fn neighbours(form: &Form) -> Vec<Form> {
    let mut sets = vec![form.clone()];
    for field in [Field::PlainBits, Field::LimbBits] {
        // Threads alone ask for the number of cores.
        let steps = [false, true].map(|up| form.next_valid(field, up, &[], 1));
        sets.extend(steps.into_iter().flatten());
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Catalogue;

    fn form() -> (Form, Vec<ParamsSpec>) {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let presets = catalogue.params().cloned().collect();
        (Form::demo(&catalogue, 1).expect("valid presets"), presets)
    }

    #[test]
    fn every_valid_preset_with_every_algorithm() {
        let (form, mut presets) = form();
        let broken = form.parse(Field::LimbBits, "36 36", &presets).expect("parses").params;
        presets.push(broken);
        let points = Scope::default().points(&form, &presets).expect("points");
        // What works on slots rotates, and so needs a special prime.
        let without = presets.iter().filter(|preset| preset.special.is_none()).count();
        assert_eq!(points.len(), 6 * (presets.len() - 1) - 4 * without);
        assert!(points.iter().all(|point| point.check().is_ok() && point.layer == form.layer));
        assert!(points.iter().all(|point| point.reduction == Reduction::Lazy));
        let of_preset = |name: &str| {
            let points = points.iter().filter(|point| point.params.name == name);
            points.map(|point| point.algorithm).collect::<Vec<_>>()
        };
        assert_eq!(of_preset("n4096-t20"), AlgorithmKind::ALL);
        assert_eq!(
            of_preset("n2048-q50-t20"),
            [AlgorithmKind::Coefficient, AlgorithmKind::Interleaved]
        );
        let both = Scope { both_reductions: true, ..Scope::default() };
        assert_eq!(both.points(&form, &presets).expect("points").len(), 2 * points.len());
    }

    #[test]
    fn neighbours_are_one_step_away() {
        let (form, presets) = form();
        let scope = Scope { all_algorithms: false, neighbours: true, ..Scope::default() };
        let points = scope.points(&form, &presets).expect("points");
        let sizes: Vec<(String, String)> = points
            .iter()
            .map(|point| (point.value(Field::PlainBits), point.value(Field::LimbBits)))
            .collect();
        let expected =
            [("20", "36 26"), ("19", "36 26"), ("21", "36 26"), ("20", "35 25")].map(|(t, q)| {
                // Larger limbs are above the cap of N = 4096.
                (t.to_owned(), q.to_owned())
            });
        assert_eq!(sizes, expected);
        assert!(points.iter().all(|point| point.algorithm == form.algorithm));
    }

    #[test]
    fn without_a_valid_set_there_is_a_reason() {
        let (mut form, presets) = form();
        form.layer.spec.weight_bits = 99;
        let problem = Scope::default().points(&form, &presets).expect_err("no such weights");
        assert!(problem.contains("weight"), "{problem}");
        let (form, _) = self::form();
        let problem = Scope::default().points(&form, &[]).expect_err("nothing to run");
        assert_eq!(problem, "there is no parameter set");
    }
}
