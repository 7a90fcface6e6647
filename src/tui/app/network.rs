//! The Network screen: a network chosen, predicted, run, and its layers opened.

use super::{App, Screen, Tone};
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::network::{NetworkEvent, NetworkPhase};
use crate::tune::network::BASELINE_PARAMS;

impl App {
    pub(super) fn show_network(&mut self) -> Vec<Effect> {
        self.screen = Screen::Network;
        self.plan_network(true)
    }

    /// Plans the chosen network under the form's parameters, and asks for predictions.
    pub(super) fn plan_network(&mut self, keeps_result: bool) -> Vec<Effect> {
        if !self.networks.plan(&self.form, keeps_result) {
            return Vec::new();
        }
        let rows = self.networks.rows.iter();
        let specs = rows.map(|row| row.form.spec(self.max_memory)).collect();
        vec![Effect::PredictNetwork { number: self.networks.plan, specs }]
    }

    /// Runs the chosen network, unless something else runs, or opens a layer of its run.
    pub(super) fn run_network(&mut self) -> Vec<Effect> {
        if matches!(self.networks.phase, NetworkPhase::Done(_)) {
            return self.open_network_layer();
        }
        if self.networks.is_going() {
            self.is_busy();
            return Vec::new();
        }
        if self.problem.is_some() {
            self.message = Some((Tone::Bad, "not run: the form is not valid".into()));
            return Vec::new();
        }
        if self.is_busy() {
            return Vec::new();
        }
        let mut effects = self.plan_network(true);
        let begun = self.networks.begin(self.now_ms, self.max_memory);
        let number = self.networks.number;
        effects.extend(begun.map(|job| Effect::RunNetwork { number, job }));
        effects
    }

    /// Runs the layers conventionally, to compare with the network's run.
    pub(super) fn compare_network(&mut self) -> Vec<Effect> {
        if self.is_busy() {
            return Vec::new();
        }
        let params = self.presets.iter().find(|params| params.name == BASELINE_PARAMS).cloned();
        let begun = params.zip(self.networks.begin_comparison(self.max_memory));
        let Some((params, (layers, totals))) = begun else {
            let key = self.key_name(Action::Run);
            let text = format!("{key} runs the network first; then it can be compared");
            self.message = Some((Tone::Info, text));
            return Vec::new();
        };
        let (params, totals) = (Box::new(params), Box::new(totals));
        vec![Effect::CompareNetwork { number: self.networks.number, layers, params, totals }]
    }

    /// Seeks the parameters and the algorithm that are best for each layer.
    pub(super) fn tune_network(&mut self) -> Vec<Effect> {
        if self.is_busy() {
            return Vec::new();
        }
        if self.networks.rows.iter().any(|row| row.finished.is_some()) {
            let key = self.key_name(Action::NewSweep);
            let text = format!("{key} puts this run away first; then parameters can be tuned");
            self.message = Some((Tone::Info, text));
            return Vec::new();
        }
        let Some((subject, layers)) = self.networks.begin_tuning(self.max_memory) else {
            return Vec::new();
        };
        let (number, objective) = (self.networks.number, self.wish.objective);
        let weights = self.networks.data.weights.clone();
        vec![Effect::TuneNetwork { number, subject, layers, weights, objective }]
    }

    /// Shows the chosen layer in Explore.
    pub(super) fn open_network_layer(&mut self) -> Vec<Effect> {
        let row = self.networks.rows.get(self.networks.cursor);
        let Some(row) = row.cloned() else { return Vec::new() };
        self.screen = Screen::Explore;
        self.layers.select(&row.form.layer.full_name());
        let mut effects = self.change_form(row.form.clone());
        // Its run in the network is a run of this form as any other.
        let record = row.finished.map(|finished| finished.layer.record);
        if let Some(record) = record {
            let known = self.compare.place_of(&record);
            let index = known.unwrap_or_else(|| {
                let run = self.done(Some(row.form), record, None);
                let index = self.compare.add(run);
                effects.extend(self.remember(index));
                index
            });
            self.shown = Some(index);
        }
        effects
    }

    pub(super) fn network_happened(&mut self, number: u64, event: NetworkEvent) -> Vec<Effect> {
        if number != self.networks.number {
            return Vec::new();
        }
        let is_tuned = matches!(event, NetworkEvent::Tuned(_));
        let key = self.key_name(Action::Network);
        let ended = |what: &str| Some((Tone::Info, format!("{what}; {key} shows it")));
        let is_elsewhere = self.screen != Screen::Network;
        match &event {
            NetworkEvent::Failed(problem) => self.message = Some((Tone::Bad, problem.clone())),
            NetworkEvent::Cancelled => self.message = Some((Tone::Info, "cancelled".into())),
            NetworkEvent::Done(record) if !record.verdict.is_exact() => {
                let text = format!("the network's output is {}", record.verdict.label());
                self.message = Some((Tone::Bad, text));
            }
            NetworkEvent::Done(record) if is_elsewhere => {
                let answer = record.answer.as_ref().and_then(|answer| answer.top.first());
                self.message = match answer {
                    Some(top) => {
                        ended(&format!("the answer of {} is {}", record.network, top.name()))
                    }
                    None => ended("the network has been run"),
                };
            }
            NetworkEvent::ComparisonsDone if is_elsewhere => {
                self.message = ended("the network has been compared");
            }
            _ => {}
        }
        self.networks.happened(event);
        if !is_tuned {
            return Vec::new();
        }
        self.networks.tuned_for = Some(self.wish.objective.name());
        let rows = self.networks.rows.iter();
        let specs = rows.map(|row| row.form.spec(self.max_memory)).collect();
        vec![Effect::PredictNetwork { number: self.networks.plan, specs }]
    }

    /// Does what a key stands for on the Network screen.
    pub(super) fn act_on_network(&mut self, action: Action) -> Vec<Effect> {
        match (action.rows(), action) {
            (Some(rows), _) => self.networks.move_by(rows),
            (None, Action::Left | Action::Right) if !self.is_busy() => {
                self.awaited.clear();
                self.networks.turn(action == Action::Right);
                return self.plan_network(true);
            }
            (None, Action::NewSweep) if !self.is_busy() => {
                self.networks.clear();
                return self.plan_network(false);
            }
            _ => {}
        }
        Vec::new()
    }
}
