//! Runs: started, cancelled, finished and opened.

use std::sync::Arc;

use super::{App, Asking, Done, Overlay, Screen, Tensors, Tone};
use crate::job::{JobEvent, Problem, RunResult, RunSpec};
use crate::report::Record;
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::form::Form;
use crate::tui::keymap::Context;
use crate::tui::running::Running;
use crate::tui::state::SavedForm;
use crate::tui::sweep::Phase;

/// What the run of a point gave, and how many milliseconds it took.
pub(super) type EndedPoint = (Result<Record, Problem>, u64);

impl App {
    pub(super) fn run(&mut self, form: Form) -> Vec<Effect> {
        if self.is_busy() {
            return Vec::new();
        }
        if let Err(problem) = form.check() {
            self.message = Some((Tone::Bad, problem));
            return Vec::new();
        }
        self.screen = Screen::Explore;
        self.message = None;
        self.shown = None;
        self.keep_own_layer();
        vec![self.start(form)]
    }

    /// What is in progress, if anything is.
    pub(super) fn going_on(&self) -> Option<&'static str> {
        match &self.running {
            _ if self.optimising.is_some() => Some("an optimisation"),
            Some(_) if self.sweep.phase() == Phase::Going => Some("a sweep"),
            Some(_) => Some("a run"),
            None if self.networks.is_going() => Some("a network's run"),
            None => None,
        }
    }

    /// Leaves; where something is in progress, not before it was asked.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        match self.going_on() {
            Some(what) => {
                self.overlay = Some(Overlay::Leave(what));
                Vec::new()
            }
            None => vec![Effect::Quit],
        }
    }

    /// Whether a run, a sweep or an optimisation is in progress, which is then told.
    pub(super) fn is_busy(&mut self) -> bool {
        let Some(what) = self.going_on() else { return false };
        let key = self.key_name(Action::Cancel);
        self.message = Some((Tone::Info, format!("{what} is in progress; {key} cancels it")));
        true
    }

    /// The key of an action, or its command.
    pub fn key_name(&self, action: Action) -> String {
        self.key_name_in(self.screen_context(), action)
    }

    /// The key of an action in some context, or its command.
    pub fn key_name_in(&self, context: Context, action: Action) -> String {
        let key = self.keymap.keys_for(context, action).first();
        key.map_or_else(|| format!(":{}", action.name()), ToString::to_string)
    }

    /// Starts the next job.
    pub(super) fn start(&mut self, form: Form) -> Effect {
        self.start_repeated(form, 1)
    }

    /// Starts the next job, which runs so often.
    pub(super) fn start_repeated(&mut self, form: Form, repeat: usize) -> Effect {
        self.job_number += 1;
        let spec = Box::new(RunSpec { repeat, ..form.spec(self.max_memory) });
        self.running = Some(Running::new(self.job_number, form, self.now_ms));
        Effect::Start { number: self.job_number, spec }
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        if self.networks.is_going() {
            self.message = Some((Tone::Info, "cancelling".into()));
            return vec![Effect::StopNetwork(self.networks.number)];
        }
        if self.running.is_none() && self.optimising.is_some() {
            return self.stop_search();
        }
        let Some(running) = &mut self.running else {
            self.message = Some((Tone::Info, "nothing is running".into()));
            return Vec::new();
        };
        running.cancelling = true;
        vec![Effect::Cancel(running.number)]
    }

    pub(super) fn job(&mut self, number: u64, event: JobEvent) -> Vec<Effect> {
        let now = self.now_ms;
        let Some(running) = self.running.as_mut().filter(|running| running.number == number) else {
            return Vec::new();
        };
        running.tell(&event, now);
        if !event.is_last() {
            return Vec::new();
        }
        if self.sweep.phase() == Phase::Going {
            return self.point_ended(event);
        }
        if self.optimising.is_some() {
            return self.finalist_ended(event);
        }
        let form = self.running.take().map(|running| running.form);
        self.shown = self.compare.newest_of(&self.form);
        match event {
            JobEvent::Finished(result) => return self.finished(form, *result),
            JobEvent::Cancelled => self.message = Some((Tone::Info, "cancelled".into())),
            JobEvent::Failed(problem) => {
                let text = problem.text;
                self.overlay = Some(match problem.refusal {
                    Some(_) => Overlay::Refused(text),
                    None => Overlay::Error(text),
                });
            }
            JobEvent::Panicked(problem) => {
                let text = format!("The run panicked, which is a defect of heconv: {problem}");
                self.overlay = Some(Overlay::Error(text));
            }
            _ => {}
        }
        Vec::new()
    }

    /// The run of one of several points has come to its end: what it gave and how many milliseconds
    /// it took, or nothing where all of them are cancelled with it.
    pub(super) fn end_of_point(&mut self, event: JobEvent) -> (Option<EndedPoint>, Vec<Effect>) {
        let Some(running) = self.running.take() else { return (None, Vec::new()) };
        let ms = self.now_ms.saturating_sub(running.started_ms);
        match event {
            JobEvent::Finished(result) => {
                let (index, record) = self.keep(Some(running.form), *result);
                let remember = self.remember(index);
                (Some((Ok(record), ms)), remember)
            }
            JobEvent::Failed(problem) => (Some((Err(problem), ms)), Vec::new()),
            JobEvent::Panicked(problem) => {
                let problem = format!("the run panicked, which is a defect of heconv: {problem}");
                (Some((Err(problem.into()), ms)), Vec::new())
            }
            _ => (None, Vec::new()),
        }
    }

    fn finished(&mut self, form: Option<Form>, result: RunResult) -> Vec<Effect> {
        let is_of_form = form.as_ref() == Some(&self.form);
        let (index, record) = self.keep(form, result);
        self.compare.select(self.shown.unwrap_or(index));
        if !is_of_form {
            let (algorithm, server) = (&record.algorithm, record.latency_ms.server);
            let start = format!("run {}: {algorithm} {}", index + 1, record.verdict().label());
            self.message = Some(match record.fault() {
                Some(fault) => (Tone::Bad, format!("{start}, {}", fault.what)),
                None => (Tone::Info, format!("{start}, server {server:.1} ms")),
            });
        }
        self.remember(index)
    }

    /// The run at `index` is written to the history.
    pub(super) fn remember(&self, index: usize) -> Vec<Effect> {
        let entry = self.compare.run(index).map(Done::entry);
        entry.map(|entry| Effect::Remember(Box::new(entry))).into_iter().collect()
    }

    /// What time it is, in milliseconds since 1970, where that is known.
    pub fn at(&self) -> Option<u64> {
        Some(self.started_at? + self.now_ms)
    }

    /// A run that has just ended, or has just been taken in.
    pub(super) fn done(
        &self,
        form: Option<Form>,
        record: Record,
        tensors: Option<Tensors>,
    ) -> Done {
        let asked = form.as_ref().map(|form| SavedForm::new(form, &self.layers));
        let asked = asked.and_then(|asked| serde_json::to_value(asked).ok());
        Done { form, record, at: self.at(), note: None, asked, tensors }
    }

    /// Adds a run to those of Compare, and gives its place and its record.
    pub(super) fn keep(&mut self, form: Option<Form>, result: RunResult) -> (usize, Record) {
        let RunResult { record, input, output, upload_sample } = result;
        let tensors = Tensors {
            input: Arc::new(input),
            output: Arc::new(output),
            ciphertext: Arc::new(upload_sample),
        };
        let run = self.done(form, record.clone(), Some(tensors));
        let index = self.compare.add(run);
        self.shown = self.compare.newest_of(&self.form);
        (index, record)
    }

    /// Does what a key stands for on the Compare screen.
    pub(super) fn act_on_runs(&mut self, action: Action) -> Vec<Effect> {
        let bad = self.compare.chosen_record().and_then(Record::fault);
        if let (Action::Pin, Some(fault)) = (action, bad) {
            let text = format!("not pinned, as nothing is held against it: {}", fault.why());
            self.message = Some((Tone::Bad, text));
            return Vec::new();
        }
        match (action, self.compare.chosen()) {
            (Action::Delete, Some(index)) => self.overlay = Some(Overlay::Delete(index)),
            (Action::Note, Some(index)) => {
                let note = self.compare.run(index).and_then(|run| run.note.clone());
                return self.ask(Asking::Note(index), note.unwrap_or_default());
            }
            _ => self.compare.act(action),
        }
        Vec::new()
    }

    /// Deletes a run, from the history too.
    pub(super) fn delete_run(&mut self, index: usize) -> Vec<Effect> {
        let Some(gone) = self.compare.delete(index) else { return Vec::new() };
        // Runs after it move up.
        self.shown = match self.shown {
            Some(shown) if shown == index => None,
            Some(shown) if shown > index => Some(shown - 1),
            shown => shown,
        };
        self.message = Some((Tone::Info, format!("run {} is deleted", index + 1)));
        vec![Effect::Amend(Box::new(gone.entry()), None)]
    }

    /// Says something of a run, in the history too.
    pub(super) fn note_run(&mut self, index: usize, note: &str) -> Vec<Effect> {
        let Some(before) = self.compare.annotate(index, note) else { return Vec::new() };
        let Some(after) = self.compare.run(index).map(Done::entry) else { return Vec::new() };
        self.compare.select(index);
        vec![Effect::Amend(Box::new(before.entry()), Some(Box::new(after)))]
    }

    pub(super) fn turn_map(&mut self, forward: bool) {
        let count = self.form.layer.spec.out_channels.max(1);
        self.map = if forward { self.map + 1 } else { self.map + count - 1 } % count;
    }

    /// Shows the run chosen in Compare, and takes over its form where that is known.
    pub(super) fn open(&mut self) -> Vec<Effect> {
        let Some(index) = self.compare.chosen() else { return Vec::new() };
        let Some(run) = self.compare.run(index) else { return Vec::new() };
        let form = run.form.clone();
        let name = run.record.layer.name.clone();
        self.screen = Screen::Explore;
        self.layers.select(&name);
        let effects = match form {
            Some(form) => self.change_form(form),
            None => self.choose_layer(),
        };
        // A run of earlier days is shown as it is, whatever the form says now.
        self.shown = Some(index);
        effects
    }
}
