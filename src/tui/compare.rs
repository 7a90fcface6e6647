//! Runs side by side: sorted, with a pinned baseline and ratios to it.

use std::cmp::Ordering;

use super::action::Action;
use super::done::Done;
use super::form::Form;
use super::metric::Metric;
use crate::report::Record;

/// The most runs held; the oldest go first.
const MOST_RUNS: usize = 1000;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// In the order they were made.
    Time,
    /// The layer.
    Layer,
    /// The algorithm and reduction mode.
    Method,
    /// The parameters.
    Params,
    /// A figure.
    Figure(Metric),
}

impl Column {
    /// Every column, from the left.
    pub const ALL: [Self; 10] = [
        Self::Time,
        Self::Layer,
        Self::Method,
        Self::Params,
        Self::Figure(Metric::Server),
        Self::Figure(Metric::Total),
        Self::Figure(Metric::Noise),
        Self::Figure(Metric::Weights),
        Self::Figure(Metric::Sent),
        Self::Figure(Metric::Peak),
    ];

    /// The heading.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Time => "run",
            Self::Layer => "layer",
            Self::Method => "method",
            Self::Params => "params",
            Self::Figure(metric) => metric.label(),
        }
    }

    fn compare(self, a: &Record, b: &Record) -> Ordering {
        match self {
            Self::Figure(metric) => metric.figure(a).total_cmp(&metric.figure(b)),
            _ => self.text(a).cmp(&self.text(b)),
        }
    }

    /// The text of a run.
    pub fn text(self, record: &Record) -> String {
        match self {
            Self::Time => String::new(),
            Self::Layer => record.layer.name.clone(),
            Self::Method => format!("{} {}", record.algorithm, record.reduction),
            Self::Params => record.params.name.clone(),
            Self::Figure(metric) => metric.text(metric.figure(record)),
        }
    }
}

/// The runs and how they are shown.
#[derive(Clone, Debug)]
pub struct Compare {
    runs: Vec<Done>,
    /// Places in `runs`, as sorted.
    order: Vec<usize>,
    cursor: usize,
    /// The column sorted by.
    pub sorted_by: Column,
    /// Whether the order is turned around.
    pub reversed: bool,
    /// The baseline, by its place in `runs`.
    pub baseline: Option<usize>,
}

impl Compare {
    /// Runs of earlier days, oldest first.
    pub fn new(history: Vec<Record>) -> Self {
        let runs = history.into_iter().map(|record| Done { form: None, record, tensors: None });
        let mut compare = Self {
            runs: runs.collect(),
            order: Vec::new(),
            cursor: 0,
            sorted_by: Column::Time,
            reversed: true,
            baseline: None,
        };
        compare.sort();
        compare
    }

    /// A run by its place.
    pub fn run(&self, index: usize) -> Option<&Done> {
        self.runs.get(index)
    }

    /// The place of the newest run of `form`.
    pub fn newest_of(&self, form: &Form) -> Option<usize> {
        self.runs.iter().rposition(|run| run.form.as_ref() == Some(form))
    }

    /// Places of runs in the order shown.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The row of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor.min(self.order.len().saturating_sub(1))
    }

    /// The place of the run under the cursor.
    pub fn chosen(&self) -> Option<usize> {
        self.order.get(self.cursor()).copied()
    }

    /// The record of the run under the cursor.
    pub fn chosen_record(&self) -> Option<&Record> {
        self.run(self.chosen()?).map(|run| &run.record)
    }

    /// Adds a run and gives its place. Large tensors of runs before the last few are let go.
    pub fn add(&mut self, run: Done) -> usize {
        const WITH_TENSORS: usize = 8;
        if self.runs.len() == MOST_RUNS {
            self.remove(0);
        }
        self.runs.push(run);
        let last = self.runs.len() - 1;
        if let Some(old) = last.checked_sub(WITH_TENSORS) {
            self.runs[old].tensors = None;
        }
        self.sort();
        last
    }

    /// Puts the cursor on a run, by its place.
    pub fn select(&mut self, index: usize) {
        self.cursor = self.order.iter().position(|i| *i == index).unwrap_or(0);
    }

    /// The newest run of the same layer and parameters with the conventional algorithm that is exact,
    /// or the pinned baseline: what `record` is held against.
    pub fn baseline_of(&self, record: &Record) -> Option<&Record> {
        let pinned = self.baseline.and_then(|i| self.runs.get(i)).map(|run| &run.record);
        pinned.filter(|other| *other != record).or_else(|| {
            let same = |other: &&Record| {
                other.layer == record.layer
                    && other.params == record.params
                    && other.algorithm == "conventional"
                    && other.is_exact()
                    && *other != record
            };
            self.runs.iter().rev().map(|run| &run.record).find(same)
        })
    }

    /// Does what a key stands for on this screen.
    pub fn act(&mut self, action: Action) {
        if let Some(rows) = action.rows() {
            return self.move_by(rows);
        }
        match action {
            Action::Pin => {
                let chosen = self.chosen();
                self.baseline = if self.baseline == chosen { None } else { chosen };
            }
            Action::Sort => {
                let at = Column::ALL.iter().position(|column| *column == self.sorted_by);
                let next = (at.unwrap_or(0) + 1) % Column::ALL.len();
                self.sorted_by = Column::ALL[next];
                self.reversed = self.sorted_by == Column::Time;
                self.sort();
            }
            Action::Reverse => {
                self.reversed = !self.reversed;
                self.sort();
            }
            Action::Delete => {
                if let Some(chosen) = self.chosen() {
                    self.remove(chosen);
                }
            }
            _ => {}
        }
    }

    fn move_by(&mut self, rows: isize) {
        let last = self.order.len().saturating_sub(1);
        self.cursor = self.cursor().saturating_add_signed(rows).min(last);
    }

    fn remove(&mut self, index: usize) {
        self.runs.remove(index);
        self.baseline = match self.baseline {
            Some(at) if at == index => None,
            Some(at) if at > index => Some(at - 1),
            other => other,
        };
        self.sort();
    }

    fn sort(&mut self) {
        let column = self.sorted_by;
        let mut order: Vec<usize> = (0..self.runs.len()).collect();
        order.sort_by(|a, b| column.compare(&self.runs[*a].record, &self.runs[*b].record));
        if self.reversed {
            order.reverse();
        }
        self.order = order;
    }
}
