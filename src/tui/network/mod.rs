//! A network that runs: its layers one after the other, a row each.

mod happened;
mod kept;
mod run;
mod subject;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::form::{DataFiles, Form};
use super::layers::LayerList;
use super::state::SavedNetwork;
use crate::conv::{Choice, Stage};
use crate::job::{ModelSpec, NetworkSpec, OpenedModel, RunSpec};
use crate::network::onnx::Builtin;
use crate::preset::Network;
use crate::report::{Comparison, NetworkTotals, noisiest};
use crate::tensor::Resize;

pub use run::{NetworkEvent, NetworkOutcome, NetworkPhase, NetworkRow, Seen};
pub use subject::{NetworkJob, Subject};

/// The network that is chosen first: it has an answer, in less than a second.
const FIRST: &str = Builtin::NAME;

/// A run of a network that is not shown.
#[derive(Clone, Debug)]
struct Kept {
    rows: Vec<NetworkRow>,
    phase: NetworkPhase,
    comparisons: Vec<Comparison>,
}

/// The networks that run, and the run of one of them.
#[derive(Clone, Debug)]
pub struct Networks {
    all: Vec<Subject>,
    chosen: usize,
    /// Runs of the others, by their names.
    kept: BTreeMap<String, Kept>,
    /// Runs of an earlier start of networks that are not there yet.
    unclaimed: Vec<SavedNetwork>,
    /// The layers of the chosen one.
    pub rows: Vec<NetworkRow>,
    /// How far it is.
    pub phase: NetworkPhase,
    /// The same layers in other ways.
    pub comparisons: Vec<Comparison>,
    /// Whether they are being run in another way.
    pub is_comparing: bool,
    /// Layers that have tuned parameters by now, of those that differ, while they are sought.
    pub tuning: Option<(usize, usize)>,
    /// What the parameters of the rows were tuned for; absent where they are the form's.
    pub tuned_for: Option<&'static str>,
    /// Files in place of the built-in picture and of seeded weights.
    pub data: DataFiles,
    /// What the server saw last.
    pub seen: Option<Seen>,
    /// The layer that is being run, and its stage.
    pub current: Option<(usize, Option<Stage>)>,
    /// The row of the cursor.
    pub cursor: usize,
    /// When the run began.
    pub since_ms: u64,
    /// Of the plan: predictions for older ones are not for this.
    pub plan: u64,
    /// Of the run: what happens to older ones is not for this.
    pub number: u64,
}

impl Networks {
    /// Of networks those that run.
    pub fn new(subjects: impl Iterator<Item = Subject>) -> Self {
        let runs = |subject: &Subject| match subject {
            Subject::Network(network) => network.graph.is_some(),
            Subject::Model(_) => true,
        };
        let all: Vec<Subject> = subjects.filter(runs).collect();
        let chosen = all.iter().position(|subject| subject.name() == FIRST).unwrap_or(0);
        Self {
            all,
            chosen,
            kept: BTreeMap::new(),
            unclaimed: Vec::new(),
            rows: Vec::new(),
            phase: NetworkPhase::Planned,
            comparisons: Vec::new(),
            is_comparing: false,
            tuning: None,
            tuned_for: None,
            data: DataFiles::default(),
            seen: None,
            current: None,
            cursor: 0,
            since_ms: 0,
            plan: 0,
            number: 0,
        }
    }

    /// The chosen one, if there is any.
    pub fn chosen(&self) -> Option<&Subject> {
        self.all.get(self.chosen)
    }

    /// The models among them.
    pub fn models(&self) -> impl Iterator<Item = &Arc<OpenedModel>> {
        self.all.iter().filter_map(Subject::model)
    }

    /// The row with the least signal to quantisation noise, once that is known.
    pub fn noisiest(&self) -> Option<usize> {
        let layers = self.rows.iter().map(|row| Some(&row.finished.as_ref()?.layer));
        noisiest(layers.collect::<Option<Vec<_>>>()?)
    }

    /// Whether it is being run, or compared.
    pub fn is_going(&self) -> bool {
        self.phase == NetworkPhase::Going || self.is_comparing || self.tuning.is_some()
    }

    /// Chooses the next network, or the one before. What was run of either stays.
    pub fn turn(&mut self, forward: bool) {
        let count = self.all.len().max(1);
        self.choose((self.chosen + if forward { 1 } else { count - 1 }) % count);
    }

    /// Adds a network that runs, in place of the one of its name, and chooses it.
    pub fn add(&mut self, subject: Subject, known: &LayerList) {
        let name = subject.name().to_owned();
        self.list(subject, known);
        self.select(&name);
    }

    /// Adds a network that runs, in place of the one of its name. What is known of its runs from an
    /// earlier start is taken in.
    pub fn list(&mut self, subject: Subject, known: &LayerList) {
        let name = subject.name().to_owned();
        self.kept.remove(&name);
        match self.all.iter().position(|other| other.name() == name) {
            Some(place) => {
                self.all[place] = subject;
                if place == self.chosen {
                    self.clear();
                }
            }
            None => self.all.push(subject),
        }
        if let Some(place) = self.unclaimed.iter().position(|saved| saved.name == name) {
            let saved = self.unclaimed.remove(place);
            self.restore(saved, known);
        }
    }

    /// Chooses the network called `name`, where there is one.
    pub fn select(&mut self, name: &str) {
        let place = self.all.iter().position(|subject| subject.name() == name);
        if let Some(place) = place.filter(|place| *place != self.chosen) {
            self.choose(place);
        }
    }

    /// What changes with any of them.
    pub fn mark(&self) -> String {
        let finished = self.rows.iter().filter(|row| row.finished.is_some()).count();
        let is_done = matches!(self.phase, NetworkPhase::Done(_));
        let (compared, kept) = (self.comparisons.len(), self.kept.len());
        format!("{} {} {finished} {is_done} {compared} {kept}", self.chosen, self.number)
    }

    /// Chooses a network by its place.
    fn choose(&mut self, place: usize) {
        let has_run = self.rows.iter().any(|row| row.finished.is_some());
        if let Some(name) = self.chosen().map(|one| one.name().to_owned()).filter(|_| has_run) {
            let (rows, phase) = (std::mem::take(&mut self.rows), self.phase.clone());
            let comparisons = std::mem::take(&mut self.comparisons);
            self.kept.insert(name, Kept { rows, phase, comparisons });
        }
        self.chosen = place;
        let name = self.chosen().map(|one| one.name().to_owned());
        let found = name.and_then(|name| self.kept.remove(&name));
        (self.tuned_for, self.seen) = (None, None);
        self.data = DataFiles::default();
        let Some(Kept { rows, phase, comparisons }) = found else {
            return self.clear();
        };
        // Predictions that are still to come are of another.
        self.plan += 1;
        (self.rows, self.phase, self.comparisons, self.cursor) = (rows, phase, comparisons, 0);
    }

    /// Plans the chosen network with what `form` says of parameters and algorithm: `false` where that
    /// is planned already, or where a result is shown and is to be kept.
    pub fn plan(&mut self, form: &Form, keeps_result: bool) -> bool {
        let has_result = matches!(self.phase, NetworkPhase::Done(_))
            || self.rows.iter().any(|row| row.finished.is_some());
        if (keeps_result && has_result) || self.tuned_for.is_some() {
            return false;
        }
        let Some(subject) = self.chosen() else { return false };
        let of_layer = |layer: &_| Form {
            layer: Clone::clone(layer),
            pinned: Choice::default(),
            data: DataFiles::default(),
            ..form.clone()
        };
        let forms: Vec<Form> = subject.layers().iter().map(of_layer).collect();
        let is_planned = forms.iter().eq(self.rows.iter().map(|row| &row.form));
        if self.is_going() || (is_planned && !self.rows.is_empty()) {
            return false;
        }
        let row = |form| NetworkRow { form, predicted: None, finished: None };
        self.rows = forms.into_iter().map(row).collect();
        self.phase = NetworkPhase::Planned;
        self.comparisons.clear();
        self.cursor = 0;
        self.plan += 1;
        true
    }

    /// Forgets the run.
    pub fn clear(&mut self) {
        (self.tuned_for, self.seen) = (None, None);
        self.rows.clear();
        self.comparisons.clear();
        self.phase = NetworkPhase::Planned;
    }

    /// What is to be run, on the built-in picture and seeded weights where there are no others. Layers
    /// that a cancelled run has finished are not run again.
    pub fn begin(&mut self, now_ms: u64, max_memory: u64) -> Option<NetworkJob> {
        let subject = self.chosen()?.clone();
        let finished = self.rows.iter().filter_map(|row| row.finished.clone()).collect();
        self.phase = NetworkPhase::Going;
        self.comparisons.clear();
        self.since_ms = now_ms;
        self.number += 1;
        let layers = self.rows.iter().map(|row| row.form.spec(max_memory)).collect();
        Some(match subject {
            Subject::Network(network) => NetworkJob::Network(Box::new(NetworkSpec {
                network: Network::clone(&network),
                layers,
                image: self.data.image().map(Into::into),
                resize: Resize::default(),
                input: self.data.array().map(Into::into),
                weights: self.data.weights.clone(),
                finished,
            })),
            Subject::Model(model) => {
                let labels = model.labels();
                NetworkJob::Model(model, ModelSpec { layers, labels, finished })
            }
        })
    }

    /// Begins to run the layers in other ways: how they were run, and what that came to. `None` where
    /// there is no run to compare with.
    pub fn begin_comparison(&mut self, max_memory: u64) -> Option<(Vec<RunSpec>, NetworkTotals)> {
        let NetworkPhase::Done(record) = &self.phase else { return None };
        let totals = record.totals;
        self.comparisons.clear();
        self.is_comparing = true;
        self.number += 1;
        Some((self.rows.iter().map(|row| row.form.spec(max_memory)).collect(), totals))
    }

    /// Begins to seek the parameters that are best for each layer: how they are run now, of which
    /// network. `None` where there is none.
    pub fn begin_tuning(&mut self, max_memory: u64) -> Option<(Subject, Vec<RunSpec>)> {
        let subject = self.chosen()?.clone();
        self.number += 1;
        self.tuning = Some((0, 1));
        Some((subject, self.rows.iter().map(|row| row.form.spec(max_memory)).collect()))
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, rows: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }
}
