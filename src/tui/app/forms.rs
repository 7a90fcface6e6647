//! Changes of the form.

use super::{App, Panel, Tone};
use crate::conv::Choice;
use crate::tui::event::Effect;
use crate::tui::form::{Field, Form};

impl App {
    /// The form's layer becomes the one under the cursor.
    pub(super) fn choose_layer(&mut self) -> Vec<Effect> {
        match self.layers.current().cloned() {
            Some(layer) if layer.full_name() != self.form.layer.full_name() => {
                self.map = 0;
                self.change_form(Form { layer, pinned: Choice::default(), ..self.form.clone() })
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn step(&mut self, up: bool) -> Vec<Effect> {
        self.panel = Panel::Parameters;
        match self.form.next_valid(Field::ALL[self.field], up, &self.presets, self.cores) {
            Ok(form) => self.change_form(form),
            Err(problem) => {
                self.message = Some((Tone::Bad, problem));
                Vec::new()
            }
        }
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
