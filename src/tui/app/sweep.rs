//! The sweep: set up, started, driven from point to point, and opened.

use super::{App, Asking, Screen, Tone};
use crate::job::JobEvent;
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::keymap::Context;
use crate::tui::sweep::ranges::{EXAMPLE, points};
use crate::tui::sweep::{Phase, Runs, Scope};

impl App {
    pub(super) fn show_sweep(&mut self) -> Vec<Effect> {
        self.screen = Screen::Sweep;
        self.plan_sweep()
    }

    /// Plans the sweep of the form where it is seen, for checking its points searches for primes,
    /// and asks for their predictions.
    pub(super) fn plan_sweep(&mut self) -> Vec<Effect> {
        if self.screen != Screen::Sweep || !self.sweep.plan(&self.form, &self.presets) {
            return Vec::new();
        }
        self.predict_sweep()
    }

    /// Asks for the predictions of what is planned.
    pub(super) fn predict_sweep(&mut self) -> Vec<Effect> {
        let specs = self.sweep.rows().iter().map(|row| row.form.spec(self.max_memory)).collect();
        vec![Effect::Predict { number: self.sweep.number(), specs }]
    }

    /// Starts the sweep, or opens a point of the one that is there.
    pub(super) fn run_sweep(&mut self) -> Vec<Effect> {
        if matches!(self.sweep.phase(), Phase::Going | Phase::Ended) {
            return self.open_point();
        }
        if let Some(problem) = self.sweep.problem.clone() {
            self.message = Some((Tone::Bad, problem));
            return Vec::new();
        }
        if self.sweep.scope.runs == Runs::Predicted {
            self.sweep.keep_predictions();
            return Vec::new();
        }
        if self.is_busy() { Vec::new() } else { self.next_point() }
    }

    /// Starts the next point, if there is one.
    fn next_point(&mut self) -> Vec<Effect> {
        if let Some(form) = self.sweep.begin_next() {
            return vec![self.start_repeated(form, self.sweep.repeat())];
        }
        // Where the sweep is seen, so is its end; what was told of it before holds no longer.
        self.message = (self.screen != Screen::Sweep).then(|| {
            let key = self.key_name(Action::Sweep);
            (Tone::Info, format!("the sweep has ended; {key} shows it"))
        });
        Vec::new()
    }

    /// The run of a point has come to its end. Whatever became of it, the sweep goes on unless it
    /// was cancelled.
    pub(super) fn point_ended(&mut self, event: JobEvent) -> Vec<Effect> {
        let is_cancelled = self.running.as_ref().is_some_and(|running| running.cancelling);
        let (ended, mut effects) = self.end_of_point(event);
        let goes_on = ended.is_some() && !is_cancelled;
        if let Some((result, ms)) = ended {
            self.sweep.end_current(result, ms);
        }
        effects.extend(if goes_on { self.next_point() } else { self.stop_sweep() });
        effects
    }

    fn stop_sweep(&mut self) -> Vec<Effect> {
        self.sweep.stop();
        let text = match self.sweep.phase() {
            Phase::Stopped => {
                let (done, all) = (self.sweep.ended(), self.sweep.rows().len());
                let key = self.key_name_in(Context::Sweep, Action::Run);
                format!("sweep cancelled at {done} of {all} points; {key} goes on")
            }
            _ => "sweep cancelled".into(),
        };
        self.message = Some((Tone::Info, text));
        self.shown = self.compare.newest_of(&self.form);
        self.plan_sweep()
    }

    /// Shows the chosen point in Explore: its form becomes the form, and its run is shown where it
    /// has one.
    pub(super) fn open_point(&mut self) -> Vec<Effect> {
        let chosen = self.sweep.chosen().and_then(|index| self.sweep.rows().get(index));
        let Some(form) = chosen.map(|row| row.form.clone()) else { return Vec::new() };
        self.screen = Screen::Explore;
        self.layers.select(&form.layer.full_name());
        let effects = self.change_form(form);
        self.shown = self.compare.newest_of(&self.form);
        effects
    }

    /// Asks for ranges of the form's fields.
    pub(super) fn ask_for_ranges(&mut self) -> Vec<Effect> {
        if self.sweep.phase() == Phase::Going {
            self.is_busy();
            return Vec::new();
        }
        if self.sweep.phase() != Phase::Planned {
            let key = self.key_name(Action::NewSweep);
            let text = format!("{key} clears these rows; then a new sweep can be set up");
            self.message = Some((Tone::Info, text));
            return Vec::new();
        }
        let text = match self.sweep.ranges.as_str() {
            "" => EXAMPLE.to_owned(),
            ranges => ranges.to_owned(),
        };
        self.ask(Asking::Ranges, text)
    }

    /// Sweeps over ranges as typed. Where they are none, they are asked for again.
    pub(super) fn sweep_ranges(&mut self, text: &str) -> Vec<Effect> {
        match points(&self.form, text, &self.presets) {
            Ok(points) => {
                text.trim().clone_into(&mut self.sweep.ranges);
                self.sweep.take_points(points, 1);
                self.predict_sweep()
            }
            Err(problem) => {
                let effects = self.ask(Asking::Ranges, text.into());
                self.message = Some((Tone::Bad, problem));
                effects
            }
        }
    }

    /// Does what a key stands for on the Sweep screen.
    pub(super) fn act_on_sweep(&mut self, action: Action) -> Vec<Effect> {
        let scope = self.sweep.scope;
        let scope = match action {
            Action::SweepAlgorithms => Scope { all_algorithms: !scope.all_algorithms, ..scope },
            Action::SweepReductions => Scope { both_reductions: !scope.both_reductions, ..scope },
            Action::SweepSets => Scope { neighbours: !scope.neighbours, ..scope },
            Action::SweepRuns => Scope { runs: scope.runs.other(), ..scope },
            Action::NewSweep => scope,
            _ => {
                self.sweep.act(action);
                return Vec::new();
            }
        };
        if action == Action::SweepRuns
            && self.sweep.is_fixed()
            && self.sweep.phase() == Phase::Planned
        {
            self.sweep.scope = scope;
            return Vec::new();
        }
        match self.sweep.phase() {
            // One sweep at a time.
            Phase::Going => {
                self.is_busy();
                return Vec::new();
            }
            Phase::Ended | Phase::Stopped if action != Action::NewSweep => {
                let key = self.key_name(Action::NewSweep);
                let text = format!("{key} clears these rows; then a new sweep can be set up");
                self.message = Some((Tone::Info, text));
                return Vec::new();
            }
            _ => self.sweep.clear(),
        }
        self.sweep.scope = scope;
        self.plan_sweep()
    }
}
