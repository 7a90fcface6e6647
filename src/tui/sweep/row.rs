//! A point of a sweep, and what came of it.

use std::cmp::Ordering;

use crate::job::{Asked, Problem, RunSpec};
use crate::report::{Record, Refusal, SweepRow, Verdict};
use crate::tui::form::Form;
use crate::tui::metric::Metric;
use crate::tune::sweep;

/// How far a point is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Not run yet.
    Waiting,
    /// Being run.
    Running,
    /// Not to be run: its prediction is all, where that has come.
    Predicted,
    /// Run: the record is there.
    Done,
    /// It could not be run, and why.
    Failed(Problem),
}

/// What is known of a point in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It has a record, with this verdict on it.
    Judged(Verdict),
    /// It is not permitted.
    Refused(Refusal),
    /// It could not be run.
    Failed,
    /// Being run.
    Running,
    /// Not run yet.
    Waiting,
}

impl Standing {
    /// The word.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Judged(verdict) => verdict.label(),
            Self::Refused(refusal) => refusal.name(),
            Self::Failed => "failed",
            Self::Running => "running",
            Self::Waiting => "waiting",
        }
    }

    /// Whether something went wrong at the point.
    pub const fn is_bad(self) -> bool {
        match self {
            Self::Judged(verdict) => verdict.is_bad(),
            Self::Failed => true,
            // It is known before, and nothing went wrong.
            Self::Refused(_) | Self::Running | Self::Waiting => false,
        }
    }
}

/// A point of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What is run.
    pub form: Form,
    /// How far it is.
    pub state: State,
    /// Its figures: measured where the point is done; before, they may be predicted.
    pub record: Option<Record>,
    /// Why nothing can be predicted of it.
    pub warning: Option<Problem>,
    /// Milliseconds that the whole run took, with keys, weights and the check.
    pub ms: u64,
}

impl Row {
    /// A point to be run.
    pub const fn new(form: Form) -> Self {
        Self { form, state: State::Waiting, record: None, warning: None, ms: 0 }
    }

    /// Takes in what is predicted, which says nothing more once the point was run.
    pub fn predict(&mut self, prediction: Result<Record, Problem>) {
        if self.has_ended() {
            return;
        }
        match prediction {
            Ok(record) => self.record = Some(record),
            Err(problem) => self.warning = Some(problem),
        }
        if self.state == State::Predicted {
            self.keep_prediction();
        }
    }

    /// It is not to be run.
    pub fn keep_prediction(&mut self) {
        self.state = self.warning.clone().map_or(State::Predicted, State::Failed);
    }

    /// Whether it was run, or cannot be.
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Done | State::Failed(_))
    }

    /// The row as it is written to a file, of a sweep that is `predicted` or run, where a run may
    /// hold `max_memory` bytes; `None` where nothing is known of it yet.
    pub fn to_export(&self, predicted: bool, max_memory: u64, repeat: usize) -> Option<SweepRow> {
        let spec = RunSpec { repeat, ..self.form.spec(max_memory) };
        let asked = |predicted| Asked::new(&spec, predicted);
        match (&self.state, &self.record) {
            (State::Failed(problem), _) => Some(asked(predicted).failed(problem)),
            (_, Some(record)) => Some(asked(record.predicted).done(record.clone())),
            (_, None) => None,
        }
    }

    /// How it counts where it could not be run.
    pub fn failure(&self) -> Option<sweep::Standing> {
        match self.standing() {
            Standing::Failed => Some(sweep::Standing::Failed),
            Standing::Refused(refusal) => Some(sweep::Standing::Refused(refusal)),
            _ => None,
        }
    }

    /// What is known in a word.
    pub fn standing(&self) -> Standing {
        match (&self.state, &self.record) {
            (State::Failed(problem), _) => {
                problem.refusal.map_or(Standing::Failed, Standing::Refused)
            }
            (State::Running, _) => Standing::Running,
            (_, Some(record)) => Standing::Judged(record.verdict()),
            (_, None) => Standing::Waiting,
        }
    }

    /// The figure of a metric, where there is one.
    pub fn figure(&self, metric: Metric) -> Option<f64> {
        self.record.as_ref().map(|record| metric.figure(record))
    }

    /// Whether its figures are those of a convolution that is right, as far as is known.
    pub fn is_good(&self) -> bool {
        self.record.as_ref().is_some_and(|record| match record.verdict() {
            // Without a budget left nothing can be decrypted.
            Verdict::Predicted => record.noise_bits.last > 0.0,
            verdict => verdict.is_exact(),
        })
    }

    /// Whether its figures are predictions.
    pub fn is_predicted(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.predicted)
    }
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The place in the plan.
    Point,
    /// The parameter set.
    Params,
    /// The algorithm.
    Algorithm,
    /// The reduction mode.
    Reduction,
    /// A figure.
    Figure(Metric),
    /// What is known in a word.
    Verdict,
}

impl Column {
    /// Every column, from the left.
    pub const ALL: [Self; 11] = [
        Self::Point,
        Self::Params,
        Self::Algorithm,
        Self::Reduction,
        Self::Figure(Metric::Server),
        Self::Figure(Metric::Total),
        Self::Figure(Metric::Noise),
        Self::Figure(Metric::Weights),
        Self::Figure(Metric::Sent),
        Self::Figure(Metric::Peak),
        Self::Verdict,
    ];

    /// The heading.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Point => "#",
            Self::Params => "params",
            Self::Algorithm => "algorithm",
            Self::Reduction => "reduction",
            Self::Figure(metric) => metric.label(),
            Self::Verdict => "verdict",
        }
    }

    /// The column after this one, round and round.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// The text of the row at `index` of the plan; figures that are predicted say so.
    pub fn text(self, index: usize, row: &Row) -> String {
        match self {
            Self::Point => (index + 1).to_string(),
            Self::Params => row.form.params.name.clone(),
            Self::Algorithm => row.form.algorithm.name().to_owned(),
            Self::Reduction => row.form.reduction.name().to_owned(),
            Self::Figure(metric) => row.figure(metric).map_or_else(String::new, |figure| {
                let sign = if row.is_predicted() { "~" } else { "" };
                format!("{sign}{}", metric.text(figure))
            }),
            Self::Verdict => row.standing().label().to_owned(),
        }
    }

    /// Which of two rows comes first. Rows without a figure come last either way.
    pub fn compare(self, reversed: bool, a: &Row, b: &Row) -> Ordering {
        let turned = |order: Ordering| if reversed { order.reverse() } else { order };
        match self {
            // The sort is stable, so what is equal stays in the order of the plan.
            Self::Point => Ordering::Equal,
            Self::Figure(metric) => match (a.figure(metric), b.figure(metric)) {
                (Some(a), Some(b)) => turned(a.total_cmp(&b)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
            Self::Verdict => turned(a.standing().cmp(&b.standing())),
            _ => turned(self.text(0, a).cmp(&self.text(0, b))),
        }
    }
}
