//! A sweep: one layer over many parameter sets, algorithms and reductions, one run after the other.

pub mod ranges;
mod row;
mod scope;

pub use row::{Column, Row, Standing, State};
pub use scope::{Runs, Scope};

use super::action::Action;
use super::form::Form;
use super::metric::Metric;
use crate::bfv::ParamsSpec;
use crate::job::{Estimate, Problem};
use crate::report::Record;
use crate::tune::pareto;

/// How far a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It can be set up and started.
    Planned,
    /// Its points are being run.
    Going,
    /// It was cancelled: what is done stays, and it can go on.
    Stopped,
    /// Nothing more is run.
    Ended,
}

/// A sweep and how it is shown.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// What it goes over.
    pub scope: Scope,
    /// Why there are no points.
    pub problem: Option<String>,
    /// The column sorted by.
    pub sorted_by: Column,
    /// Whether the order is turned around.
    pub reversed: bool,
    /// The metrics of the chart, along x and along y.
    pub axes: [Metric; 2],
    /// Columns behind the first that are scrolled out to the left.
    pub scrolled: usize,
    /// Whether the chart is not as it is at first: shown where it has room beside the table, and
    /// hidden where it has none.
    pub chart_turned: bool,
    phase: Phase,
    /// Whether the points are from a file, or typed, and do not follow the form.
    is_fixed: bool,
    /// How often each point is run.
    repeat: usize,
    /// The ranges that were typed last.
    pub ranges: String,
    /// The number of the plan: predictions for another are stale.
    number: u64,
    rows: Vec<Row>,
    /// Places in `rows`, as sorted.
    order: Vec<usize>,
    /// The row of the cursor, by its place in `rows`: the cursor stays on its row.
    chosen: usize,
}

impl Default for Sweep {
    fn default() -> Self {
        Self {
            scope: Scope::default(),
            problem: None,
            sorted_by: Column::Point,
            reversed: false,
            axes: [Metric::Server, Metric::Noise],
            scrolled: 0,
            chart_turned: false,
            phase: Phase::Planned,
            is_fixed: false,
            repeat: 1,
            ranges: String::new(),
            number: 0,
            rows: Vec::new(),
            order: Vec::new(),
            chosen: 0,
        }
    }
}

impl Sweep {
    /// How far it is.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The number of its plan.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Its points in the order they are run.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The forms of its points.
    pub fn forms_mut(&mut self) -> impl Iterator<Item = &mut Form> {
        self.rows.iter_mut().map(|row| &mut row.form)
    }

    /// Places of rows in the order shown.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The row of the cursor in the order shown.
    pub fn cursor(&self) -> usize {
        self.order.iter().position(|index| *index == self.chosen).unwrap_or(0)
    }

    /// The place of the row under the cursor.
    pub fn chosen(&self) -> Option<usize> {
        self.order.get(self.cursor()).copied()
    }

    /// The place of the point being run.
    pub fn current(&self) -> Option<usize> {
        self.rows.iter().position(|row| row.state == State::Running)
    }

    /// How many points have come to an end.
    pub fn ended(&self) -> usize {
        self.rows.iter().filter(|row| row.has_ended()).count()
    }

    /// Milliseconds spent on points that have come to an end.
    pub fn spent_ms(&self) -> u64 {
        self.rows.iter().map(|row| row.ms).sum()
    }

    /// Milliseconds that the sweep will still take, where the present point has taken `elapsed_ms`
    /// so far and points take as long as those done; `None` before one is done.
    pub fn remaining_ms(&self, elapsed_ms: u64) -> Option<u64> {
        // Points that cannot be run are known at once and say nothing of those that can.
        let done = self.rows.iter().filter(|row| row.state == State::Done);
        let (count, spent) = done.fold((0, 0), |(count, ms), row| (count + 1, ms + row.ms));
        let mean = spent.checked_div(count)?;
        let left = self.rows.len().saturating_sub(self.ended()) as u64;
        // The present point takes no less than it has taken.
        Some(mean.saturating_sub(elapsed_ms) + mean * left.saturating_sub(1))
    }

    /// Which rows are on the Pareto front of the two axes.
    pub fn front(&self) -> Vec<bool> {
        let cost = |row: &Row, metric: Metric| match row.figure(metric) {
            Some(figure) if row.is_good() => {
                if metric.more_is_better() {
                    -figure
                } else {
                    figure
                }
            }
            _ => f64::NAN,
        };
        let points: Vec<[f64; 2]> =
            self.rows.iter().map(|row| self.axes.map(|metric| cost(row, metric))).collect();
        pareto::front(&points)
    }

    /// The place of the best row by one metric.
    pub fn best(&self, metric: Metric) -> Option<usize> {
        let rows = self.rows.iter().enumerate().filter(|(_, row)| row.is_good());
        let figures = rows.filter_map(|(index, row)| Some((index, row.figure(metric)?)));
        let best = if metric.more_is_better() {
            figures.max_by(|a, b| a.1.total_cmp(&b.1))
        } else {
            figures.min_by(|a, b| a.1.total_cmp(&b.1))
        };
        best.map(|(index, _)| index)
    }

    /// Plans the points on `form`'s layer anew, unless the sweep has begun or they are what is
    /// planned; whether it did.
    pub fn plan(&mut self, form: &Form, presets: &[ParamsSpec]) -> bool {
        if self.phase != Phase::Planned || self.is_fixed {
            return false;
        }
        let points = self.scope.points(form, presets);
        self.problem = points.as_ref().err().cloned();
        let points = points.unwrap_or_default();
        if points.iter().eq(self.rows.iter().map(|row| &row.form)) {
            return false;
        }
        self.rows = points.into_iter().map(Row::new).collect();
        self.number += 1;
        self.chosen = 0;
        self.sort();
        true
    }

    /// Whether the points are from a file, or typed.
    pub const fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    /// How often each point is run.
    pub const fn repeat(&self) -> usize {
        self.repeat
    }

    /// Puts `points` in place of what is planned, whatever the scope says, each to be run so often.
    pub fn take_points(&mut self, points: Vec<Form>, repeat: usize) {
        self.repeat = repeat;
        self.phase = Phase::Planned;
        self.problem = points.is_empty().then(|| "there is nothing to run".to_owned());
        self.rows = points.into_iter().map(Row::new).collect();
        self.is_fixed = true;
        self.number += 1;
        self.chosen = 0;
        self.sort();
    }

    /// Takes in a sweep of an earlier start: what was not run can be, each point so often.
    pub fn restore(&mut self, scope: Scope, rows: Vec<Row>, repeat: usize) {
        if rows.is_empty() {
            return;
        }
        (self.scope, self.rows, self.repeat) = (scope, rows, repeat);
        self.number += 1;
        self.chosen = 0;
        let is_over = self.rows.iter().all(|row| row.state != State::Waiting);
        self.phase = if is_over { Phase::Ended } else { Phase::Stopped };
        self.sort();
    }

    /// Takes in what is predicted of the point at `index` of plan `number`.
    pub fn predicted(
        &mut self,
        number: u64,
        index: usize,
        estimate: Result<Box<Estimate>, Problem>,
    ) {
        if let Some(row) = self.rows.get_mut(index).filter(|_| number == self.number) {
            row.predict(estimate.map(|estimate| estimate.record));
            // Names do not change by it.
            if matches!(self.sorted_by, Column::Figure(_) | Column::Verdict) {
                self.sort();
            }
        }
    }

    /// Ends a sweep that is not to be run: what is predicted, or still will be, is what there is.
    pub fn keep_predictions(&mut self) {
        self.rows.iter_mut().for_each(Row::keep_prediction);
        self.phase = Phase::Ended;
        self.sort();
    }

    /// Begins the next point and gives what is to be run; `None` where that was the last, and the
    /// sweep has ended.
    pub fn begin_next(&mut self) -> Option<Form> {
        let next = self.rows.iter_mut().find(|row| row.state == State::Waiting);
        self.phase = if next.is_some() { Phase::Going } else { Phase::Ended };
        let form = next.map(|row| {
            row.state = State::Running;
            row.form.clone()
        });
        self.sort();
        form
    }

    /// The point being run has come to its end, after `ms` in all.
    pub fn end_current(&mut self, result: Result<Record, Problem>, ms: u64) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.state == State::Running) {
            row.ms = ms;
            (row.state, row.record) = match result {
                Ok(record) => (State::Done, Some(record)),
                Err(problem) => (State::Failed(problem), None),
            };
        }
        self.sort();
    }

    /// Stops: the point that is being run waits again. Without any that has come to its end it can be
    /// set up again; where all have, it has ended.
    pub fn stop(&mut self) {
        for row in self.rows.iter_mut().filter(|row| row.state == State::Running) {
            row.state = State::Waiting;
        }
        self.phase = match self.ended() {
            0 => Phase::Planned,
            ended if ended == self.rows.len() => Phase::Ended,
            _ => Phase::Stopped,
        };
        self.sort();
    }

    /// Forgets the rows of a sweep that is not going on, so that another can be set up.
    pub fn clear(&mut self) {
        if matches!(self.phase, Phase::Ended | Phase::Stopped) || self.is_fixed {
            self.phase = Phase::Planned;
            (self.is_fixed, self.repeat) = (false, 1);
            self.rows.clear();
            self.number += 1;
            self.sort();
        }
    }

    /// Does what a key that changes only what is shown stands for.
    pub fn act(&mut self, action: Action) {
        if let Some(rows) = action.rows() {
            return self.move_by(rows);
        }
        match action {
            Action::Sort => {
                self.sorted_by = self.sorted_by.next();
                // The best first.
                self.reversed =
                    matches!(self.sorted_by, Column::Figure(metric) if metric.more_is_better());
                self.sort();
            }
            Action::Reverse => {
                self.reversed = !self.reversed;
                self.sort();
            }
            Action::XAxis => self.turn_axis(0),
            Action::YAxis => self.turn_axis(1),
            Action::Left => self.scrolled = self.scrolled.saturating_sub(1),
            Action::Right => self.scrolled = (self.scrolled + 1).min(Column::ALL.len() - 2),
            Action::Chart => self.chart_turned = !self.chart_turned,
            _ => {}
        }
    }

    /// Takes the next metric for an axis that the other axis does not have.
    fn turn_axis(&mut self, axis: usize) {
        let other = self.axes[1 - axis];
        let next = self.axes[axis].next();
        self.axes[axis] = if next == other { next.next() } else { next };
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, rows: isize) {
        let last = self.order.len().saturating_sub(1);
        let at = self.cursor().saturating_add_signed(rows).min(last);
        self.chosen = self.order.get(at).copied().unwrap_or(0);
    }

    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        if self.sorted_by == Column::Point && self.reversed {
            order.reverse();
        }
        let (column, reversed) = (self.sorted_by, self.reversed);
        order.sort_by(|a, b| column.compare(reversed, &self.rows[*a], &self.rows[*b]));
        self.order = order;
    }
}
