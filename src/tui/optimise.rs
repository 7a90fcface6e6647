//! An optimisation: what is asked for, how far it is, and what came of it.

use super::action::Action;
use super::form::Form;
use crate::bfv::ParamsSpec;
use crate::conv::{self, AlgorithmKind};
use crate::job::{Problem, RunSpec, predicted};
use crate::report::Record;
use crate::tune::{
    Answer, Candidate, Confirmation, Found, Objective, PlainRule, Query, REPEAT, finalists,
};

/// The most rows of the front that are shown.
pub const FRONT: usize = 6;

/// The most margin that can be asked for, in bits.
const MOST_MARGIN: u32 = 40;

/// What is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What to minimise.
    pub objective: Objective,
    /// Bits of noise budget that must be left.
    pub margin_bits: u32,
    /// Any algorithm, or the form's alone.
    pub any_algorithm: bool,
    /// What t must hold.
    pub plain: PlainRule,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            objective: Objective::ALL[0],
            margin_bits: 4,
            any_algorithm: true,
            plain: PlainRule::default(),
        }
    }
}

impl Wish {
    /// The search for it on `form`'s layer, with its reduction and threads.
    pub fn query(self, form: &Form, max_memory: u64) -> Query {
        let repeat = if self.objective.is_time() { REPEAT } else { 1 };
        let run = RunSpec { pinned: conv::Choice::default(), repeat, ..form.spec(max_memory) };
        let all = AlgorithmKind::ALL.to_vec();
        Query {
            runs: vec![run],
            objective: self.objective,
            algorithms: if self.any_algorithm { all } else { vec![form.algorithm] },
            margin_bits: f64::from(self.margin_bits),
            plain: self.plain,
        }
    }
}

/// A row of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The margin, changed sideways.
    Margin,
    /// The algorithms, changed sideways.
    Algorithm,
    /// What t holds, changed sideways.
    Plain,
    /// What to minimise.
    Objective(Objective),
}

/// What to optimise for, as it is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The answer so far.
    pub wish: Wish,
    /// The row of the cursor.
    pub at: Choice,
}

impl Question {
    /// The question with the last answer.
    pub const fn new(wish: Wish) -> Self {
        Self { wish, at: Choice::Objective(wish.objective) }
    }

    /// All rows. The settings come first, so that the way to them does not change the objective
    /// for good.
    pub fn rows() -> impl DoubleEndedIterator<Item = Choice> {
        let settings = [Choice::Plain, Choice::Margin, Choice::Algorithm].into_iter();
        settings.chain(Objective::ALL.map(Choice::Objective))
    }

    /// Does what a key stands for.
    pub fn act(&mut self, action: Action) {
        let rows: Vec<Choice> = Self::rows().collect();
        let at = rows.iter().position(|row| *row == self.at).unwrap_or(0);
        let to = match action {
            Action::Up | Action::PreviousPanel => at.saturating_sub(1),
            Action::Down | Action::NextPanel => at + 1,
            Action::First | Action::PageUp => 0,
            Action::Last | Action::PageDown => rows.len() - 1,
            Action::Left | Action::Decrease => return self.change(false),
            Action::Right | Action::Increase => return self.change(true),
            _ => return,
        };
        self.at = rows[to.min(rows.len() - 1)];
        if let Choice::Objective(objective) = self.at {
            self.wish.objective = objective;
        }
    }

    fn change(&mut self, up: bool) {
        let margin = &mut self.wish.margin_bits;
        match self.at {
            Choice::Margin if up => *margin = (*margin + 1).min(MOST_MARGIN),
            Choice::Margin => *margin = margin.saturating_sub(1),
            Choice::Algorithm => self.wish.any_algorithm = !self.wish.any_algorithm,
            Choice::Plain => {
                self.wish.plain = match self.wish.plain {
                    PlainRule::Weights => PlainRule::Widths,
                    _ => PlainRule::Weights,
                };
            }
            Choice::Objective(_) => {}
        }
    }
}

/// An optimisation that is going on: first a search by prediction, then runs of the finalists.
#[derive(Clone, Debug)]
pub struct Optimisation {
    /// Its number: what is told of another is passed over.
    pub number: u64,
    /// What is sought.
    pub query: Query,
    /// The form it began with.
    pub form: Form,
    /// When it began, in milliseconds of the explorer's clock.
    pub started_ms: u64,
    /// Parts of the search done, and in all.
    pub searched: (usize, usize),
    found: Option<Found>,
    finalists: Vec<usize>,
    runs: Vec<Confirmation>,
    /// What is predicted of the current finalist.
    prediction: Option<Box<Record>>,
}

impl Optimisation {
    /// An optimisation that has just begun.
    pub const fn new(number: u64, query: Query, form: Form, now_ms: u64) -> Self {
        Self {
            number,
            query,
            form,
            started_ms: now_ms,
            searched: (0, 1),
            found: None,
            finalists: Vec::new(),
            runs: Vec::new(),
            prediction: None,
        }
    }

    /// Takes in what the search gave.
    pub fn found(&mut self, found: Found) {
        self.finalists = finalists(&self.query, &found);
        self.found = Some(found);
        self.predict();
    }

    /// The finalist that is to be run, or is being run; `None` before the search is done and after
    /// the last run.
    pub fn current(&self) -> Option<Form> {
        form_of(&self.form, &self.query, self.candidate()?)
    }

    /// How often each finalist is run.
    pub fn repeat(&self) -> usize {
        self.query.runs.first().map_or(1, |run| run.repeat)
    }

    /// The record that is predicted of it.
    pub fn prediction(&self) -> Option<&Record> {
        self.prediction.as_deref()
    }

    fn candidate(&self) -> Option<&Candidate> {
        let place = self.finalists.get(self.runs.len())?;
        self.found.as_ref()?.candidates.get(*place)
    }

    /// Works out what is predicted of the current finalist, once: frames draw from it.
    fn predict(&mut self) {
        self.prediction = self.predicted().map(Box::new);
    }

    fn predicted(&self) -> Option<Record> {
        let (params, layer) = self.current()?.check().ok()?;
        let candidate = self.candidate()?;
        let run = candidate.runs(&self.query).into_iter().next()?;
        let (_, prediction) = candidate.layers.first()?;
        Some(predicted(&run, &layer, &params, prediction))
    }

    /// The run of the current finalist has come to its end.
    pub fn ran(&mut self, result: Result<Record, Problem>) {
        if let Some(place) = self.finalists.get(self.runs.len()) {
            self.runs.push((*place, result.map(|record| vec![record])));
            self.predict();
        }
    }

    /// How far it is, in a few words.
    pub fn progress(&self) -> String {
        let (done, of) = self.searched;
        match self.found {
            None => format!("search {} of {of}", (done + 1).min(of)),
            Some(_) => format!("run {} of {}", self.runs.len() + 1, self.finalists.len()),
        }
    }

    /// Decides by the runs that were made.
    pub fn decide(self) -> Decided {
        let Self { query, form, found, runs, .. } = self;
        Decided { form, answer: Answer::new(query, found.unwrap_or_default(), &runs) }
    }
}

/// What an optimisation came to.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The form it began with.
    pub form: Form,
    /// The answer.
    pub answer: Answer,
}

impl Decided {
    /// The best, and the record of its run.
    pub fn best(&self) -> Option<(&Candidate, &Record)> {
        let (candidate, records) = self.answer.best()?;
        Some((candidate, records.first()?))
    }

    /// The form that is best.
    pub fn best_form(&self) -> Option<Form> {
        form_of(&self.form, &self.answer.query, self.best()?.0)
    }

    /// How many rows of the report can be loaded.
    pub fn rows(&self) -> usize {
        let (first, rest) = self.answer.losers();
        let best = usize::from(self.best().is_some());
        best + self.answer.front().take(FRONT).count() + first.len() + rest.len()
    }

    /// The form of a row of the report: the best, those of the front, those that lost.
    ///
    /// # Errors
    /// Why it has none.
    pub fn form_at(&self, row: usize, presets: &[ParamsSpec]) -> Result<Form, String> {
        let best = self.best().map(|(candidate, _)| candidate);
        let candidates: Vec<&Candidate> =
            best.into_iter().chain(self.answer.front().take(FRONT)).collect();
        if let Some(candidate) = candidates.get(row) {
            let form = form_of(&self.form, &self.answer.query, candidate);
            return form.ok_or_else(|| "this row has no run".into());
        }
        let (first, rest) = self.answer.losers();
        let lost = first.into_iter().chain(rest).nth(row.saturating_sub(candidates.len()));
        let lost = lost.ok_or("there is no such row")?;
        let of_found = self.answer.found.candidates.iter().find(|candidate| {
            candidate.params.name == lost.params && candidate.algorithm() == lost.algorithm
        });
        if let Some(form) =
            of_found.and_then(|candidate| form_of(&self.form, &self.answer.query, candidate))
        {
            return Ok(form);
        }
        let algorithm = AlgorithmKind::ALL.into_iter().find(|kind| kind.name() == lost.algorithm);
        let preset = presets.iter().find(|preset| preset.name == lost.params).cloned();
        let params = preset.or_else(|| crate::preset::inline_params(&lost.params).ok());
        let (algorithm, params) = algorithm.zip(params).ok_or_else(|| {
            format!("{} stands for no one parameter set: {}", lost.params, lost.reason)
        })?;
        let form = Form { params, algorithm, ..self.form.clone() };
        Ok(form.with_plan(None))
    }
}

/// The form of a candidate for the one layer of a query.
fn form_of(form: &Form, query: &Query, candidate: &Candidate) -> Option<Form> {
    let run = candidate.runs(query).into_iter().next()?;
    let RunSpec { params, algorithm, pinned, .. } = run;
    Some(Form { params, algorithm, pinned, ..form.clone() })
}
