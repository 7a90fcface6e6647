//! What of the plan the form pins, and what it may be.

use super::Form;
use crate::bfv::SHARED_BY;
use crate::conv::{Choice, Layer, WeightForm};

impl Form {
    /// Whether the plan is pinned, in what planners decide.
    pub fn has_plan(&self) -> bool {
        let Choice { lanes, babies, weight_form, shared_by: _ } = self.pinned;
        lanes.is_some() || babies.is_some() || weight_form.is_some()
    }

    /// The form with the plan `made`, or with none.
    pub fn with_plan(&self, made: Option<Choice>) -> Self {
        let shared_by = self.pinned.shared_by;
        Self { pinned: Choice { shared_by, ..made.unwrap_or_default() }, ..self.clone() }
    }

    /// What [`super::Field::Lanes`] may be, the planner's choice first.
    pub(super) fn possible_lanes(&self) -> Vec<Option<usize>> {
        let Ok(layer) = Layer::new(&self.layer.spec) else { return vec![None] };
        let plans = self.algorithm.candidates(&layer, self.params.ring_degree);
        let mut lanes: Vec<usize> = plans.iter().map(|plan| plan.lanes()).collect();
        lanes.dedup();
        std::iter::once(None).chain(lanes.into_iter().map(Some)).collect()
    }

    /// What [`super::Field::Babies`] may be, the planner's choice first.
    pub(super) fn possible_babies(&self) -> Vec<Option<usize>> {
        let Ok(layer) = Layer::new(&self.layer.spec) else { return vec![None] };
        let plans = self.algorithm.candidates(&layer, self.params.ring_degree);
        let mut babies: Vec<usize> = plans.iter().filter_map(|plan| plan.choice().babies).collect();
        babies.sort_unstable();
        babies.dedup();
        std::iter::once(None).chain(babies.into_iter().map(Some)).collect()
    }

    /// What [`super::Field::WeightForm`] may be, the planner's choice first: weights on slots have one form.
    pub(super) fn possible_forms(&self) -> Vec<Option<WeightForm>> {
        let forms = WeightForm::ALL.into_iter().map(Some);
        let forms = forms.filter(|_| !self.algorithm.is_on_slots());
        std::iter::once(None).chain(forms).collect()
    }

    /// What [`super::Field::SharedBy`] may be: without a special prime nothing is shared.
    pub(super) fn possible_sharing(&self) -> Vec<usize> {
        let has_special = self.params.special.is_some();
        SHARED_BY.into_iter().filter(|by| *by == 1 || has_special).collect()
    }

    /// Lanes are the planner's again where another layer, ring or algorithm may not have them.
    pub fn free_lanes(&mut self, before: &Self) {
        let stays = self.layer.full_name() == before.layer.full_name()
            && self.params.ring_degree == before.params.ring_degree
            && self.algorithm == before.algorithm;
        if !stays {
            self.pinned = Choice::default();
        }
    }
}
