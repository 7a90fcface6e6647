//! Runs: started, cancelled, finished, opened and exported.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{App, Asking, Done, Overlay, Screen, Tensors, Tone};
use crate::job::{JobEvent, RunResult};
use crate::preset::{
    Experiment, ExportFormat, experiment_toml, export_text, unknown_export_ending,
};
use crate::report::{Record, SweepRow, TableFormat, table_text, unknown_table_ending};
use crate::tui::action::Action;
use crate::tui::event::{Effect, ExportError};
use crate::tui::form::Form;
use crate::tui::running::Running;
use crate::tui::sweep::Phase;

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
        vec![self.start(form)]
    }

    /// Whether a run or a sweep is in progress, which is then told.
    pub(super) fn is_busy(&mut self) -> bool {
        if self.running.is_some() {
            let what = if self.sweep.phase() == Phase::Going { "sweep" } else { "run" };
            let key = self.key_name(Action::Cancel);
            self.message = Some((Tone::Info, format!("a {what} is in progress; {key} cancels it")));
        }
        self.running.is_some()
    }

    /// The key of an action, or its command.
    pub fn key_name(&self, action: Action) -> String {
        let key = self.keymap.keys_for(self.screen_context(), action).first();
        key.map_or_else(|| format!(":{}", action.name()), ToString::to_string)
    }

    /// Starts the next job.
    pub(super) fn start(&mut self, form: Form) -> Effect {
        self.job_number += 1;
        let spec = Box::new(form.spec(self.max_memory));
        self.running = Some(Running::new(self.job_number, form, self.now_ms));
        Effect::Start { number: self.job_number, spec }
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
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
        let form = self.running.take().map(|running| running.form);
        self.shown = self.compare.newest_of(&self.form);
        match event {
            JobEvent::Finished(result) => return self.finished(form, *result),
            JobEvent::Cancelled => self.message = Some((Tone::Info, "cancelled".into())),
            JobEvent::Failed(problem) => self.overlay = Some(Overlay::Error(problem)),
            JobEvent::Panicked(problem) => {
                let text = format!("The run panicked, which is a defect of heconv: {problem}");
                self.overlay = Some(Overlay::Error(text));
            }
            _ => {}
        }
        Vec::new()
    }

    fn finished(&mut self, form: Option<Form>, result: RunResult) -> Vec<Effect> {
        let is_of_form = form.as_ref() == Some(&self.form);
        let (index, record) = self.keep(form, result);
        self.compare.select(self.shown.unwrap_or(index));
        if !is_of_form {
            let (algorithm, server) = (&record.algorithm, record.latency_ms.server);
            let verdict = if record.is_exact() { "exact" } else { "WRONG" };
            let text = format!("run {}: {algorithm} {verdict}, server {server:.1} ms", index + 1);
            self.message = Some((Tone::Info, text));
        }
        vec![Effect::Remember(Box::new(record))]
    }

    /// Adds a run to those of Compare, and gives its place and its record.
    pub(super) fn keep(&mut self, form: Option<Form>, result: RunResult) -> (usize, Record) {
        let RunResult { record, input, output, upload_sample } = result;
        let tensors = Tensors {
            input: Arc::new(input),
            output: Arc::new(output),
            ciphertext: Arc::new(upload_sample),
        };
        let index = self.compare.add(Done { form, record: record.clone(), tensors: Some(tensors) });
        self.shown = self.compare.newest_of(&self.form);
        (index, record)
    }

    /// Does what a key stands for on the Compare screen.
    pub(super) fn act_on_runs(&mut self, action: Action) {
        let chosen = self.compare.chosen().filter(|_| action == Action::Delete);
        self.compare.act(action);
        // Runs after a deleted one move up.
        self.shown = match (self.shown, chosen) {
            (Some(shown), Some(gone)) if shown == gone => None,
            (Some(shown), Some(gone)) if shown > gone => Some(shown - 1),
            (shown, _) => shown,
        };
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

    /// The form as an experiment file.
    pub(super) fn experiment(&self) -> String {
        let (experiment, record) = self.form_and_figures();
        experiment_toml(&experiment, record)
    }

    /// The form as an experiment, and the figures of the run shown where that is its run.
    fn form_and_figures(&self) -> (Experiment, Option<&Record>) {
        let shown = self.shown().filter(|run| run.form.as_ref() == Some(&self.form));
        (self.form.experiment(), shown.map(|run| &run.record))
    }

    /// Asks where to write the runs of Compare.
    pub(super) fn ask_for_runs(&mut self) -> Vec<Effect> {
        if self.compare.order().is_empty() {
            self.message = Some((Tone::Bad, "not exported: there are no runs yet".into()));
            return Vec::new();
        }
        self.ask(Asking::ExportRuns, "runs.csv".into())
    }

    /// Exports to the path that a prompt asked for. Where its ending says nothing, the prompt stays.
    pub(super) fn export_path(&mut self, asking: Asking, text: &str) -> Vec<Effect> {
        let path = Path::new(text.trim());
        let problem = match asking {
            Asking::ExportRuns if TableFormat::of(path).is_none() => unknown_table_ending(),
            Asking::ExportPath if ExportFormat::of(path).is_none() => unknown_export_ending(),
            _ => return self.export_to(path.into(), false),
        };
        self.message = Some((Tone::Bad, format!("the name {problem}")));
        self.ask(asking, text.into())
    }

    /// Writes what the ending of `path` asks for: the experiment, or a table of the runs.
    pub(super) fn export_to(&mut self, path: PathBuf, overwrite: bool) -> Vec<Effect> {
        self.message = None;
        match self.export_text(&path) {
            Ok(text) => vec![Effect::Export { path, text, overwrite }],
            Err(problem) => {
                self.message = Some((Tone::Bad, format!("not exported: {problem}")));
                Vec::new()
            }
        }
    }

    fn export_text(&self, path: &Path) -> Result<String, String> {
        if let Some(format) = TableFormat::of(path) {
            let runs = self.compare.order().iter().filter_map(|&index| self.compare.run(index));
            let rows: Vec<SweepRow> = runs.map(|run| run.record.clone().into()).collect();
            return table_text(format, &rows).map_err(|error| error.to_string());
        }
        let format = ExportFormat::of(path).ok_or_else(unknown_export_ending)?;
        let (experiment, record) = self.form_and_figures();
        export_text(format, &experiment, record).map_err(|error| error.to_string())
    }

    pub(super) fn exported(&mut self, result: Result<PathBuf, ExportError>) {
        match result {
            Ok(path) => {
                self.message = Some((Tone::Info, format!("exported to {}", path.display())));
            }
            Err(ExportError::Exists(path)) => self.overlay = Some(Overlay::Overwrite(path)),
            Err(ExportError::Failed(problem)) => {
                self.message = Some((Tone::Bad, format!("not exported: {problem}")));
            }
        }
    }
}
