//! A network that runs: its layers one after the other, a row each.

use std::sync::Arc;

use super::form::Form;
use crate::conv::{Choice, Stage};
use crate::job::{Finished, NetworkSpec, RunSpec};
use crate::preset::Network;
use crate::report::{Comparison, NetworkRecord, NetworkTotals, Record};
use crate::tensor::Resize;

/// The network that is chosen first: its run takes a second.
const FIRST: &str = "resnet20";

/// How far the run of a network is.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkPhase {
    /// Nothing was run yet.
    Planned,
    /// Layers are being run.
    Going,
    /// All layers are done.
    Done(Arc<NetworkRecord>),
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
    /// It was stopped.
    Cancelled,
    /// It failed.
    Failed(String),
}

/// The networks that run, and the run of one of them.
#[derive(Clone, Debug)]
pub struct Networks {
    all: Vec<Network>,
    chosen: usize,
    /// The layers of the chosen one.
    pub rows: Vec<NetworkRow>,
    /// How far it is.
    pub phase: NetworkPhase,
    /// The same layers in other ways.
    pub comparisons: Vec<Comparison>,
    /// Whether they are being run in another way.
    pub is_comparing: bool,
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
            rows: Vec::new(),
            phase: NetworkPhase::Planned,
            comparisons: Vec::new(),
            is_comparing: false,
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
        self.phase == NetworkPhase::Going || self.is_comparing
    }

    /// Chooses the next network, or the one before.
    pub fn turn(&mut self, forward: bool) {
        let count = self.all.len().max(1);
        self.chosen = (self.chosen + if forward { 1 } else { count - 1 }) % count;
    }

    /// Plans the chosen network with what `form` says of parameters and algorithm: `false` where that
    /// is planned already, or where a result is shown and is to be kept.
    pub fn plan(&mut self, form: &Form, keeps_result: bool) -> bool {
        if keeps_result && matches!(self.phase, NetworkPhase::Done(_)) {
            return false;
        }
        let Some(network) = self.chosen() else { return false };
        let of_layer = |layer: &_| Form {
            layer: Clone::clone(layer),
            pinned: Choice::default(),
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
        self.rows.clear();
        self.comparisons.clear();
        self.phase = NetworkPhase::Planned;
    }

    /// What is to be run, on the built-in picture and seeded weights.
    pub fn begin(&mut self, now_ms: u64, max_memory: u64) -> Option<NetworkSpec> {
        let network = self.chosen()?.clone();
        self.rows.iter_mut().for_each(|row| row.finished = None);
        self.phase = NetworkPhase::Going;
        self.comparisons.clear();
        self.since_ms = now_ms;
        self.number += 1;
        let layers = self.rows.iter().map(|row| row.form.spec(max_memory)).collect();
        let (image, input, weights) = (None, None, None);
        Some(NetworkSpec {
            network,
            layers,
            image,
            resize: Resize::default(),
            input,
            weights,
            finished: Vec::new(),
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
            NetworkEvent::Done(record) => self.end(NetworkPhase::Done(Arc::new(*record))),
            NetworkEvent::Compared(comparison) => self.comparisons.push(*comparison),
            NetworkEvent::ComparisonsDone => {
                self.is_comparing = false;
                self.current = None;
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
