//! The run of a network: its rows, how far it is, and what it came to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::conv::Stage;
use crate::job::{Finished, RunSpec};
use crate::network::{Answer, Fidelity};
use crate::report::{Comparison, NetworkRecord, NetworkTotals, Record, Verdict};
use crate::tui::form::Form;

/// What the run of a network came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Its output beside that in floats, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fidelity: Option<Fidelity>,
    /// Which classes the output ranks first, where it is a list of scores.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answer: Option<Answer>,
}

impl From<&NetworkRecord> for NetworkOutcome {
    fn from(record: &NetworkRecord) -> Self {
        let NetworkRecord { verdict, output_values, output_mismatches, totals, wall_ms, .. } =
            *record;
        let (fidelity, answer) = (record.fidelity, record.answer.clone());
        Self { verdict, output_values, output_mismatches, totals, wall_ms, fidelity, answer }
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

/// What the server sees of an input.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Words of a ciphertext.
    pub words: Arc<[u64]>,
    /// Bits of the modulus of each.
    pub limb_bits: u32,
}

/// What happens to the run of a network.
#[derive(Debug)]
pub enum NetworkEvent {
    /// A layer begins.
    Layer(usize),
    /// A stage of it begins.
    Stage(Stage),
    /// The server was sent a ciphertext.
    Uploaded(Seen),
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
