//! Changes of the form.

use super::{App, Panel, Tone};
use crate::conv::{Choice, WeightForm};
use crate::preset::OWN_NETWORK;
use crate::tui::event::Effect;
use crate::tui::form::{DataFiles, FREE, Field, Form, PINNED};

impl App {
    /// The form's layer becomes the one under the cursor.
    pub(super) fn choose_layer(&mut self) -> Vec<Effect> {
        match self.layers.current().cloned() {
            Some(layer) if layer.full_name() != self.form.layer.full_name() => {
                self.map = 0;
                let own = self.form.layer.clone();
                if own.network.as_deref() == Some(OWN_NETWORK) {
                    self.keep_layer(&own);
                }
                // Files are for the layer they were given for.
                let data = DataFiles::default();
                let pinned = Choice::default();
                self.change_form(Form { layer, pinned, data, ..self.form.clone() })
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn step(&mut self, up: bool) -> Vec<Effect> {
        self.panel = Panel::Parameters;
        if Field::ALL[self.field] == Field::Plan {
            return self.plan_as(if self.form.has_plan() { FREE } else { PINNED });
        }
        match self.form.next_valid(Field::ALL[self.field], up, &self.presets, self.cores) {
            Ok(form) => self.change_form(form),
            Err(problem) => {
                self.message = Some((Tone::Bad, problem));
                Vec::new()
            }
        }
    }

    /// Pins the plan of the run shown, or else the one that is predicted, or leaves it to the planner: so
    /// runs can be compared that differ in one thing alone.
    pub(super) fn plan_as(&mut self, text: &str) -> Vec<Effect> {
        if text.trim() != PINNED {
            return match self.form.parse(Field::Plan, text, &self.presets) {
                Ok(form) => self.change_form(form),
                Err(problem) => {
                    self.message = Some((Tone::Bad, problem));
                    Vec::new()
                }
            };
        }
        let shown = self.shown().filter(|run| run.form.as_ref() == Some(&self.form));
        let record = shown.map(|run| &run.record).or_else(|| self.predicted());
        let Some(record) = record else {
            let text = "plan: not pinned, as none is known yet; it is once a prediction is there";
            self.message = Some((Tone::Bad, text.into()));
            return Vec::new();
        };
        let form = record.weight_form.as_deref();
        let made = Choice {
            lanes: Some(record.lanes),
            babies: record.babies,
            weight_form: WeightForm::ALL.into_iter().find(|one| Some(one.name()) == form),
            shared_by: None,
        };
        let form = self.form.with_plan(Some(made));
        self.change_form(form)
    }

    pub(super) fn change_form(&mut self, form: Form) -> Vec<Effect> {
        const UNDO: usize = 200;
        if form == self.form {
            return Vec::new();
        }
        if self.undo.len() == UNDO {
            self.undo.remove(0);
        }
        self.undo.push(std::mem::replace(&mut self.form, form));
        self.form_changed()
    }

    /// As [`Self::change_form`], for tests of the whole.
    #[cfg(test)]
    pub(in crate::tui) fn change_form_for_test(&mut self, form: Form) {
        self.change_form(form);
    }

    pub(super) fn undo(&mut self) -> Vec<Effect> {
        let Some(form) = self.undo.pop() else {
            self.message = Some((Tone::Info, "nothing to undo".into()));
            return Vec::new();
        };
        self.form = form;
        self.layers.select(&self.form.layer.full_name());
        self.form_changed()
    }

    /// Checks the form anew and asks for its plan.
    pub(super) fn form_changed(&mut self) -> Vec<Effect> {
        // What is shown is always a run of this very form.
        self.shown = self.compare.newest_of(&self.form);
        (self.checked, self.problem) = match self.form.check() {
            Ok(checked) => (Some(checked), None),
            Err(problem) => (None, Some(problem)),
        };
        self.fix = self.form.fix();
        self.form_number += 1;
        let mut effects = self.plan_sweep();
        if self.problem.is_some() {
            (self.estimate, self.outdated_ms) = (None, None);
            return effects;
        }
        if self.estimate.is_some() {
            self.outdated_ms.get_or_insert(self.now_ms);
        }
        let spec = Box::new(self.form.spec(self.max_memory));
        effects.push(Effect::Plan { number: self.form_number, spec });
        effects
    }
}
