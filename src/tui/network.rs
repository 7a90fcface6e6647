//! A network that runs: its layers one after the other, a row each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form::{DataFiles, Form};
use super::layers::LayerList;
use super::state::SavedNetwork;
use crate::conv::{Choice, Stage};
use crate::job::{Finished, NetworkSpec, RunSpec};
use crate::preset::{LayerPreset, Network};
use crate::report::{Comparison, NetworkRecord, NetworkTotals, Record, Verdict};
use crate::tensor::Resize;

/// The network that is chosen first: its run takes a second.
const FIRST: &str = "resnet20";

/// What the run of a network came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkOutcome {
    /// The worst of its layers and of its output.
    pub verdict: Verdict,
    /// Values of its output.
    pub output_values: usize,
    /// How many of them differ from the plain network.
    pub output_mismatches: usize,
    /// All layers together.
    pub totals: NetworkTotals,
    /// Milliseconds that the run took.
    pub wall_ms: f64,
}

impl From<&NetworkRecord> for NetworkOutcome {
    fn from(record: &NetworkRecord) -> Self {
        let NetworkRecord { verdict, output_values, output_mismatches, totals, wall_ms, .. } =
            *record;
        Self { verdict, output_values, output_mismatches, totals, wall_ms }
    }
}

/// How far the run of a network is.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkPhase {
    /// Nothing was run yet.
    Planned,
    /// Layers are being run.
    Going,
    /// All layers are done.
    Done(Box<NetworkOutcome>),
    /// It could not be run to its end, and why.
    Failed(String),
}

/// One layer.
#[derive(Clone, Debug)]
pub struct NetworkRow {
    /// The form of its run.
    pub form: Form,
    /// What is predicted of it, or why nothing is.
    pub predicted: Option<Result<Record, String>>,
    /// What its run gave.
    pub finished: Option<Finished>,
}

impl NetworkRow {
    /// What was measured, else what is predicted; and whether it was measured.
    pub fn record(&self) -> Option<(&Record, bool)> {
        let measured = self.finished.as_ref().map(|finished| (&finished.layer.record, true));
        let predicted = || Some((self.predicted.as_ref()?.as_ref().ok()?, false));
        measured.or_else(predicted)
    }
}

/// What happens to the run of a network.
#[derive(Debug)]
pub enum NetworkEvent {
    /// A layer begins.
    Layer(usize),
    /// A stage of it begins.
    Stage(Stage),
    /// It is done.
    Finished(usize, Box<Finished>),
    /// All are done.
    Done(Box<NetworkRecord>),
    /// The layers were run in another way.
    Compared(Box<Comparison>),
    /// In every way that was asked for.
    ComparisonsDone,
    /// So many layers have tuned parameters, of so many that differ.
    Tuning(usize, usize),
    /// How each layer is run best.
    Tuned(Vec<RunSpec>),
    /// It was stopped.
    Cancelled,
    /// It failed.
    Failed(String),
}

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
    all: Vec<Network>,
    chosen: usize,
    /// Runs of the others, by their names.
    kept: BTreeMap<String, Kept>,
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
    pub fn new(networks: impl Iterator<Item = Network>) -> Self {
        let all: Vec<Network> = networks.filter(|network| network.graph.is_some()).collect();
        let chosen = all.iter().position(|network| network.name == FIRST).unwrap_or(0);
        Self {
            all,
            chosen,
            kept: BTreeMap::new(),
            rows: Vec::new(),
            phase: NetworkPhase::Planned,
            comparisons: Vec::new(),
            is_comparing: false,
            tuning: None,
            tuned_for: None,
            data: DataFiles::default(),
            current: None,
            cursor: 0,
            since_ms: 0,
            plan: 0,
            number: 0,
        }
    }

    /// The chosen one, if there is any.
    pub fn chosen(&self) -> Option<&Network> {
        self.all.get(self.chosen)
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
    pub fn add(&mut self, network: Network) {
        let name = network.name.clone();
        self.list(network);
        self.select(&name);
    }

    /// Adds a network that runs, in place of the one of its name.
    pub fn list(&mut self, network: Network) {
        let name = network.name.clone();
        self.kept.remove(&name);
        match self.all.iter().position(|other| other.name == name) {
            Some(place) => {
                self.all[place] = network;
                if place == self.chosen {
                    self.clear();
                }
            }
            None => self.all.push(network),
        }
    }

    /// Chooses the network called `name`, where there is one.
    pub fn select(&mut self, name: &str) {
        let place = self.all.iter().position(|network| network.name == name);
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

    /// The runs of all networks, to be kept.
    pub fn saved(&self, known: &LayerList) -> Vec<SavedNetwork> {
        let outcome = |phase: &NetworkPhase| match phase {
            NetworkPhase::Done(outcome) => Some(**outcome),
            _ => None,
        };
        let others = self.kept.iter().map(|(name, Kept { rows, phase, comparisons })| {
            SavedNetwork::new(name, rows, outcome(phase).as_ref(), comparisons, known)
        });
        let mut all: Vec<SavedNetwork> = others.collect();
        if let Some(chosen) = self.chosen()
            && self.rows.iter().any(|row| row.finished.is_some())
        {
            let outcome = outcome(&self.phase);
            let (name, rows) = (&chosen.name, &self.rows);
            all.push(SavedNetwork::new(name, rows, outcome.as_ref(), &self.comparisons, known));
        }
        all
    }

    /// Takes in a run of an earlier start, unless the network is of another shape by now, or was run
    /// meanwhile.
    pub fn restore(&mut self, saved: &SavedNetwork, known: &LayerList) {
        let Some(network) = self.all.iter().find(|network| network.name == saved.name) else {
            return;
        };
        let Some(rows) = saved.rows(known) else { return };
        let is_same = |(row, layer): (&NetworkRow, &LayerPreset)| {
            row.form.layer.full_name() == layer.full_name()
        };
        let fits =
            rows.len() == network.layers.len() && rows.iter().zip(&network.layers).all(is_same);
        if !fits {
            return;
        }
        let phase = saved
            .outcome
            .map_or(NetworkPhase::Planned, |outcome| NetworkPhase::Done(Box::new(outcome)));
        let kept = Kept { rows, phase, comparisons: saved.comparisons.clone() };
        let is_chosen = self.chosen().is_some_and(|chosen| chosen.name == saved.name);
        if !is_chosen {
            self.kept.insert(saved.name.clone(), kept);
        } else if !self.is_going() && self.rows.iter().all(|row| row.finished.is_none()) {
            self.plan += 1;
            (self.rows, self.phase, self.comparisons) = (kept.rows, kept.phase, kept.comparisons);
        }
    }

    /// Chooses a network by its place.
    fn choose(&mut self, place: usize) {
        let has_run = self.rows.iter().any(|row| row.finished.is_some());
        if let Some(name) = self.chosen().map(|network| network.name.clone()).filter(|_| has_run) {
            let (rows, phase) = (std::mem::take(&mut self.rows), self.phase.clone());
            let comparisons = std::mem::take(&mut self.comparisons);
            self.kept.insert(name, Kept { rows, phase, comparisons });
        }
        self.chosen = place;
        let name = self.chosen().map(|network| network.name.clone());
        let found = name.and_then(|name| self.kept.remove(&name));
        self.tuned_for = None;
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
        let Some(network) = self.chosen() else { return false };
        let of_layer = |layer: &_| Form {
            layer: Clone::clone(layer),
            pinned: Choice::default(),
            data: DataFiles::default(),
            ..form.clone()
        };
        let forms: Vec<Form> = network.layers.iter().map(of_layer).collect();
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
        self.tuned_for = None;
        self.rows.clear();
        self.comparisons.clear();
        self.phase = NetworkPhase::Planned;
    }

    /// What is to be run, on the built-in picture and seeded weights where there are no others. Layers that a cancelled run has
    /// finished are not run again.
    pub fn begin(&mut self, now_ms: u64, max_memory: u64) -> Option<NetworkSpec> {
        let network = self.chosen()?.clone();
        let finished = self.rows.iter().filter_map(|row| row.finished.clone()).collect();
        self.phase = NetworkPhase::Going;
        self.comparisons.clear();
        self.since_ms = now_ms;
        self.number += 1;
        let layers = self.rows.iter().map(|row| row.form.spec(max_memory)).collect();
        let (image, input) = (self.data.image(), self.data.array());
        let (image, input) = (image.map(Into::into), input.map(Into::into));
        let weights = self.data.weights.clone();
        Some(NetworkSpec {
            network,
            layers,
            image,
            resize: Resize::default(),
            input,
            weights,
            finished,
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
    pub fn begin_tuning(&mut self, max_memory: u64) -> Option<(Network, Vec<RunSpec>)> {
        let network = self.chosen()?.clone();
        self.number += 1;
        self.tuning = Some((0, 1));
        Some((network, self.rows.iter().map(|row| row.form.spec(max_memory)).collect()))
    }

    /// The layers are run as was found best for each, once they are.
    fn take_tuned(&mut self, runs: Vec<RunSpec>) {
        for (row, run) in self.rows.iter_mut().zip(runs) {
            let RunSpec { params, algorithm, pinned, .. } = run;
            row.form = Form { params, algorithm, pinned, ..row.form.clone() };
            (row.predicted, row.finished) = (None, None);
        }
        self.plan += 1;
    }

    /// Takes in what happened.
    pub fn happened(&mut self, event: NetworkEvent) {
        match event {
            NetworkEvent::Layer(index) => self.current = Some((index, None)),
            NetworkEvent::Stage(stage) => {
                if let Some((_, now)) = &mut self.current {
                    *now = Some(stage);
                }
            }
            NetworkEvent::Finished(index, finished) => {
                if let Some(row) = self.rows.get_mut(index) {
                    row.finished = Some(*finished);
                }
            }
            NetworkEvent::Done(record) => self.end(NetworkPhase::Done(Box::new((&*record).into()))),
            NetworkEvent::Compared(comparison) => self.comparisons.push(*comparison),
            NetworkEvent::ComparisonsDone => {
                self.is_comparing = false;
                self.current = None;
            }
            NetworkEvent::Tuning(done, of) => self.tuning = Some((done, of)),
            NetworkEvent::Tuned(runs) => {
                self.tuning = None;
                self.take_tuned(runs);
            }
            NetworkEvent::Cancelled | NetworkEvent::Failed(_) if self.tuning.is_some() => {
                self.tuning = None;
            }
            // The run that was to be compared with stays.
            NetworkEvent::Cancelled | NetworkEvent::Failed(_) if self.is_comparing => {
                self.is_comparing = false;
                self.current = None;
            }
            NetworkEvent::Cancelled => self.end(NetworkPhase::Planned),
            NetworkEvent::Failed(problem) => self.end(NetworkPhase::Failed(problem)),
        }
    }

    fn end(&mut self, phase: NetworkPhase) {
        self.phase = phase;
        self.current = None;
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, rows: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }
}
