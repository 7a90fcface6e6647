//! Rows of sweeps and of networks as files hold them.

use serde::{Deserialize, Serialize};

use super::SavedForm;
use crate::job::{Finished, Problem};
use crate::report::{Comparison, Record, Refusal};
use crate::tui::form::Form;
use crate::tui::layers::LayerList;
use crate::tui::network::{NetworkOutcome, NetworkRow};
use crate::tui::sweep::{Row, Runs, Scope, State};

/// What comes in after the first frame.
#[derive(Debug, Default)]
pub struct SavedRows {
    /// The sweep, where there was one.
    pub sweep: Option<SavedSweep>,
    /// Runs of networks.
    pub networks: Vec<SavedNetwork>,
    /// What is wrong with their files.
    pub problems: Vec<String>,
}

/// A sweep that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSweep {
    all_algorithms: bool,
    both_reductions: bool,
    neighbours: bool,
    runs: String,
    /// How often each point is run.
    #[serde(default = "once")]
    repeat: usize,
    rows: Vec<SavedRow>,
}

const fn once() -> usize {
    1
}

/// A point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedRow {
    form: SavedForm,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    record: Option<Record>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    refused: Option<Refusal>,
    #[serde(default)]
    ms: u64,
}

impl SavedSweep {
    /// A sweep over `scope` with these rows, each run so often.
    pub fn new(scope: Scope, rows: &[Row], repeat: usize, known: &LayerList) -> Self {
        let Scope { all_algorithms, both_reductions, neighbours, runs } = scope;
        let rows = rows.iter().map(|row| SavedRow::new(row, known)).collect();
        let runs = runs.name().to_owned();
        Self { all_algorithms, both_reductions, neighbours, runs, repeat, rows }
    }

    /// Its scope, its rows, and how often each is run; rows that this version does not know are left out.
    pub fn sweep(self, known: &LayerList) -> (Scope, Vec<Row>, usize) {
        let Self { all_algorithms, both_reductions, neighbours, runs, repeat, rows } = self;
        let is_predicted = runs == Runs::Predicted.name();
        let runs = if is_predicted { Runs::Predicted } else { Runs::Real };
        let rows = rows.into_iter().filter_map(|row| row.row(known)).collect();
        (Scope { all_algorithms, both_reductions, neighbours, runs }, rows, repeat)
    }
}

impl SavedRow {
    fn new(row: &Row, known: &LayerList) -> Self {
        let (state, problem) = match &row.state {
            State::Waiting | State::Running => ("waiting", None),
            State::Predicted => ("predicted", None),
            State::Done => ("done", None),
            State::Failed(problem) => ("failed", Some(problem.clone())),
        };
        let problem = problem.or_else(|| row.warning.clone());
        Self {
            form: SavedForm::new(&row.form, known),
            state: state.into(),
            record: row.record.clone(),
            refused: problem.as_ref().and_then(|problem| problem.refusal),
            problem: problem.map(|problem| problem.text),
            ms: row.ms,
        }
    }

    fn row(self, known: &LayerList) -> Option<Row> {
        let refusal = self.refused;
        let problem = self.problem.map(|text| Problem { text, refusal });
        let (state, warning) = match self.state.as_str() {
            "waiting" => (State::Waiting, problem),
            "predicted" => (State::Predicted, problem),
            "done" => (State::Done, None),
            _ => (State::Failed(problem?), None),
        };
        let form = self.form.form(known)?;
        Some(Row { form, state, record: self.record, warning, ms: self.ms })
    }
}

/// The run of a network, be it stopped half-way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedNetwork {
    /// Its name.
    pub name: String,
    rows: Vec<(SavedForm, Option<Finished>)>,
    /// What tells the data of its layers from others, where they have some.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    data: Vec<String>,
    /// What it came to, where it was run to its end.
    pub outcome: Option<NetworkOutcome>,
    /// The same layers in other ways.
    pub comparisons: Vec<Comparison>,
}

impl SavedNetwork {
    /// The run of the network `name`.
    pub fn new(
        name: &str,
        rows: &[NetworkRow],
        outcome: Option<&NetworkOutcome>,
        comparisons: &[Comparison],
        known: &LayerList,
    ) -> Self {
        let row = |row: &NetworkRow| (SavedForm::new(&row.form, known), row.finished.clone());
        Self {
            name: name.into(),
            rows: rows.iter().map(row).collect(),
            data: digests(rows),
            outcome: outcome.cloned(),
            comparisons: comparisons.to_vec(),
        }
    }

    /// Its rows; `None` where this version does not know all of them, or layers have other data by now.
    pub fn rows(&self, known: &LayerList) -> Option<Vec<NetworkRow>> {
        let row = |(form, finished): &(SavedForm, Option<Finished>)| {
            let form: Form = form.form(known)?;
            Some(NetworkRow { form, predicted: None, finished: finished.clone() })
        };
        let rows: Vec<NetworkRow> = self.rows.iter().map(row).collect::<Option<_>>()?;
        (digests(&rows) == self.data).then_some(rows)
    }
}

fn digests(rows: &[NetworkRow]) -> Vec<String> {
    let data = rows.iter().filter_map(|row| row.form.layer.data.as_deref());
    data.map(|data| data.digest().to_owned()).collect()
}
