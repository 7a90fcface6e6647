//! Runs side by side: sorted, with a pinned baseline and ratios to it.

use std::cmp::Ordering;

use super::action::Action;
use super::done::Done;
use super::form::Form;
use super::layers::LayerList;
use super::metric::Metric;
use super::state::SavedForm;
use super::when::when;
use crate::report::{Entry, Record, counted};

/// The most runs held; the oldest go first.
const MOST_RUNS: usize = 1000;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// In the order they were made.
    Time,
    /// The algorithm and reduction mode.
    Method,
    /// A figure.
    Figure(Metric),
    /// The layer.
    Layer,
    /// When the run ended.
    When,
    /// The parameters.
    Params,
    /// Threads.
    Threads,
    /// Lanes.
    Lanes,
    /// What the user says.
    Note,
    /// The machine.
    Machine,
}

impl Column {
    /// Every column, from the left: what fits a small screen first.
    pub const ALL: [Self; 15] = [
        Self::Time,
        Self::Method,
        Self::Figure(Metric::Server),
        Self::Figure(Metric::Total),
        Self::Figure(Metric::Noise),
        Self::Figure(Metric::Sent),
        Self::Layer,
        Self::When,
        Self::Params,
        Self::Figure(Metric::Weights),
        Self::Figure(Metric::Peak),
        Self::Threads,
        Self::Lanes,
        Self::Note,
        Self::Machine,
    ];

    /// The heading.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Time => "run",
            Self::Layer => "layer",
            Self::Method => "method",
            Self::When => "when",
            Self::Params => "params",
            Self::Threads => "threads",
            Self::Lanes => "lanes",
            Self::Note => "note",
            Self::Machine => "machine",
            Self::Figure(metric) => metric.label(),
        }
    }

    fn compare(self, a: &Done, b: &Done) -> Ordering {
        match self {
            Self::Figure(metric) => metric.figure(&a.record).total_cmp(&metric.figure(&b.record)),
            Self::When => a.at.cmp(&b.at),
            Self::Threads => a.record.threads.cmp(&b.record.threads),
            Self::Lanes => a.record.lanes.cmp(&b.record.lanes),
            _ => self.text(a, None).cmp(&self.text(b, None)),
        }
    }

    /// The text of a run, `now` in milliseconds since 1970.
    pub fn text(self, run: &Done, now: Option<u64>) -> String {
        let record = &run.record;
        match self {
            Self::Time => String::new(),
            Self::Layer => record.layer.name.clone(),
            Self::Method => format!("{} {}", record.algorithm, record.reduction),
            Self::When => when(run.at, now),
            Self::Params => record.params.name.clone(),
            Self::Threads => record.threads.to_string(),
            Self::Lanes => record.lanes.to_string(),
            Self::Note => run.note.clone().unwrap_or_default(),
            Self::Machine => {
                format!("{}, {}", record.machine.cpu, counted(record.machine.cores, "core"))
            }
            Self::Figure(metric) => metric.text(metric.figure(record)),
        }
    }

    /// Whether its texts stand to the right.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Figure(_) | Self::Threads | Self::Lanes)
    }
}

/// The names of the fields in which two runs differ.
pub fn differences(a: &Record, b: &Record) -> Vec<&'static str> {
    let fields = [
        ("layer", a.layer != b.layer),
        ("parameters", a.params != b.params),
        ("algorithm", a.algorithm != b.algorithm),
        ("reduction", a.reduction != b.reduction),
        ("lanes", a.lanes != b.lanes),
        ("baby steps", a.babies != b.babies),
        ("weight form", a.weight_form != b.weight_form),
        ("backend", a.backend != b.backend),
        ("threads", a.threads != b.threads),
        ("link", a.link != b.link),
        ("seed", a.seed != b.seed),
        ("machine", a.machine != b.machine),
    ];
    fields.into_iter().filter(|field| field.1).map(|field| field.0).collect()
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
    /// Only runs in whose texts this is are shown.
    pub filter: String,
    /// Columns behind the first that are scrolled out to the left.
    pub scrolled: usize,
    /// Whether a graph of the session stands below the table.
    pub graph: bool,
    /// The figure that a bar stands for in every row.
    pub bar: Option<Metric>,
}

impl Compare {
    /// Runs of earlier days, oldest first.
    pub fn new(history: Vec<Entry>) -> Self {
        let runs = history.into_iter().map(Done::of_history);
        let mut compare = Self {
            runs: runs.collect(),
            order: Vec::new(),
            cursor: 0,
            sorted_by: Column::Time,
            reversed: true,
            baseline: None,
            filter: String::new(),
            scrolled: 0,
            graph: false,
            bar: None,
        };
        compare.sort();
        compare
    }

    /// Understands what was asked for in runs of the history, where their layers are `known`.
    pub fn resolve(&mut self, known: &LayerList) {
        for run in self.runs.iter_mut().filter(|run| run.form.is_none()) {
            let asked = run.asked.clone();
            let saved = asked.and_then(|asked| serde_json::from_value::<SavedForm>(asked).ok());
            run.form = saved.and_then(|saved| saved.form(known));
        }
    }

    /// The forms of runs, where they are known.
    pub fn forms_mut(&mut self) -> impl Iterator<Item = &mut Form> {
        self.runs.iter_mut().filter_map(|run| run.form.as_mut())
    }

    /// Every run, in the order they were made.
    pub fn runs(&self) -> std::slice::Iter<'_, Done> {
        self.runs.iter()
    }

    /// Sorts by a column.
    pub fn sort_by(&mut self, column: Column, reversed: bool) {
        (self.sorted_by, self.reversed) = (column, reversed);
        self.sort();
    }

    /// A run by its place.
    pub fn run(&self, index: usize) -> Option<&Done> {
        self.runs.get(index)
    }

    /// The place of the newest run of `form`.
    pub fn newest_of(&self, form: &Form) -> Option<usize> {
        self.runs.iter().rposition(|run| run.form.as_ref() == Some(form))
    }

    /// The place of the newest run with this record.
    pub fn place_of(&self, record: &Record) -> Option<usize> {
        self.runs.iter().rposition(|run| run.record == *record)
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

    /// The pinned baseline, or the newest run of the same layer and parameters with the conventional
    /// algorithm that is exact: what `record` is held against, and its place. A run of which nobody knows
    /// when it was is not taken unless it is pinned.
    pub fn baseline_of(&self, record: &Record) -> Option<(usize, &Done)> {
        let pinned = self.baseline.and_then(|place| Some((place, self.runs.get(place)?)));
        pinned.filter(|(_, other)| other.record != *record).or_else(|| {
            let same = |(_, Done { record: other, at, .. }): &(usize, &Done)| {
                other.layer == record.layer
                    && other.params == record.params
                    && other.algorithm == "conventional"
                    && other.is_exact()
                    && at.is_some()
                    && *other != *record
            };
            self.runs.iter().enumerate().rev().find(same)
        })
    }

    /// Takes out the run at `index` and gives it.
    pub fn delete(&mut self, index: usize) -> Option<Done> {
        (index < self.runs.len()).then(|| self.remove(index))
    }

    /// Says something of the run at `index`, or nothing where `note` is empty; gives how it was before.
    pub fn annotate(&mut self, index: usize, note: &str) -> Option<Done> {
        let run = self.runs.get_mut(index)?;
        let before = run.clone();
        run.note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
        self.sort();
        Some(before)
    }

    /// Shows only runs in whose texts `filter` is.
    pub fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
        self.sort();
    }

    /// The largest of a figure among the runs shown.
    pub fn largest(&self, metric: Metric) -> f64 {
        let shown = self.order.iter().filter_map(|index| self.runs.get(*index));
        shown.map(|run| metric.figure(&run.record)).fold(0.0, f64::max)
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
            Action::Left => self.scrolled = self.scrolled.saturating_sub(1),
            Action::Right => self.scrolled = (self.scrolled + 1).min(Column::ALL.len() - 2),
            Action::Graph => self.graph = !self.graph,
            Action::Chart | Action::ChartBack => self.turn_bar(action == Action::Chart),
            _ => {}
        }
    }

    /// The bars of the next figure, or of the one before; between the last and the first there are none.
    fn turn_bar(&mut self, forward: bool) {
        let turns: Vec<Option<Metric>> =
            std::iter::once(None).chain(Metric::ALL.map(Some)).collect();
        let at = turns.iter().position(|bar| *bar == self.bar).unwrap_or(0);
        let step = if forward { 1 } else { turns.len() - 1 };
        self.bar = turns[(at + step) % turns.len()];
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, rows: isize) {
        let last = self.order.len().saturating_sub(1);
        self.cursor = self.cursor().saturating_add_signed(rows).min(last);
    }

    fn remove(&mut self, index: usize) -> Done {
        let gone = self.runs.remove(index);
        self.baseline = match self.baseline {
            Some(at) if at == index => None,
            Some(at) if at > index => Some(at - 1),
            other => other,
        };
        self.sort();
        gone
    }

    fn sort(&mut self) {
        let column = self.sorted_by;
        let filter = self.filter.to_lowercase();
        let fits = |place: &usize| {
            let texts = Column::ALL.map(|column| column.text(&self.runs[*place], None));
            filter.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&filter))
        };
        let mut order: Vec<usize> = (0..self.runs.len()).filter(fits).collect();
        order.sort_by(|a, b| column.compare(&self.runs[*a], &self.runs[*b]));
        if self.reversed {
            order.reverse();
        }
        self.order = order;
    }
}
