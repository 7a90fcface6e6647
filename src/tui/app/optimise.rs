//! The optimisation: asked for, searched, run from finalist to finalist, decided.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use super::{App, Overlay, Screen, Tone};
use crate::job::JobEvent;
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::optimise::{Decided, Optimisation, Question};
use crate::tune::Found;

impl App {
    /// Asks what to optimise for.
    pub(super) fn ask_for_wish(&mut self) -> Vec<Effect> {
        if !self.is_busy() {
            self.screen = Screen::Explore;
            self.overlay = Some(Overlay::Optimise(Question::new(self.wish)));
        }
        Vec::new()
    }

    /// Keys while it is asked what to optimise for.
    pub(super) fn question_key(
        &mut self,
        mut question: Question,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Vec<Effect> {
        match action {
            _ if event.code == KeyCode::Enter => return self.optimise(question),
            // On the screen below it shows the layers; here it is what vim makes of it.
            _ if event.code == KeyCode::Char('l') => question.act(Action::Right),
            Some(Action::Close | Action::Optimise | Action::Quit) => return Vec::new(),
            Some(action) => question.act(action),
            None => {}
        }
        self.overlay = Some(Overlay::Optimise(question));
        Vec::new()
    }

    /// Starts the search.
    fn optimise(&mut self, question: Question) -> Vec<Effect> {
        self.wish = question.wish;
        if self.is_busy() {
            return Vec::new();
        }
        self.search_number += 1;
        let number = self.search_number;
        let query = self.wish.query(&self.form, self.max_memory);
        let optimisation = Optimisation::new(number, query.clone(), self.form.clone(), self.now_ms);
        self.optimising = Some(optimisation);
        vec![Effect::Search { number, query: Box::new(query) }]
    }

    /// The search is stopped at once: its thread may take a moment, but what it tells is stale.
    pub(super) fn stop_search(&mut self) -> Vec<Effect> {
        let Some(optimisation) = self.optimising.take() else { return Vec::new() };
        self.message = Some((Tone::Info, "optimisation cancelled".into()));
        vec![Effect::StopSearch(optimisation.number)]
    }

    pub(super) fn searching(&mut self, number: u64, done: usize, of: usize) {
        if let Some(optimisation) = self.optimising.as_mut().filter(|one| one.number == number) {
            optimisation.searched = (done, of);
        }
    }

    /// The search has come to its end: the finalists are run.
    pub(super) fn found(&mut self, number: u64, found: Result<Box<Found>, String>) -> Vec<Effect> {
        let Some(optimisation) = self.optimising.as_mut().filter(|one| one.number == number) else {
            return Vec::new();
        };
        match found {
            Ok(found) => {
                optimisation.found(*found);
                self.next_finalist()
            }
            Err(problem) => {
                self.optimising = None;
                self.overlay = Some(Overlay::Error(problem));
                Vec::new()
            }
        }
    }

    fn next_finalist(&mut self) -> Vec<Effect> {
        let repeat = self.optimising.as_ref().map_or(1, Optimisation::repeat);
        match self.optimising.as_ref().and_then(Optimisation::current) {
            Some(form) => vec![self.start_repeated(form, repeat)],
            None => self.decide(),
        }
    }

    /// The run of a finalist has come to its end. Whatever became of it, the others are run too,
    /// unless it was cancelled.
    pub(super) fn finalist_ended(&mut self, event: JobEvent) -> Vec<Effect> {
        let is_cancelled = self.running.as_ref().is_some_and(|running| running.cancelling);
        let (ended, mut effects) = self.end_of_point(event);
        match (ended, &mut self.optimising) {
            (Some((result, _)), Some(optimisation)) if !is_cancelled => {
                optimisation.ran(result);
                effects.extend(self.next_finalist());
            }
            _ => {
                self.optimising = None;
                self.message = Some((Tone::Info, "optimisation cancelled".into()));
                self.shown = self.compare.newest_of(&self.form);
            }
        }
        effects
    }

    /// Decides. The best becomes the form, unless the form was changed meanwhile.
    fn decide(&mut self) -> Vec<Effect> {
        let Some(optimisation) = self.optimising.take() else { return Vec::new() };
        let is_same = optimisation.form == self.form;
        self.decided = Some(Arc::new(optimisation.decide()));
        let is_free = self.screen == Screen::Explore && self.overlay.is_none();
        if is_free && is_same {
            self.overlay = Some(Overlay::Decision(0));
            self.message = None;
            return self.take_best();
        }
        let key = self.key_name(Action::Decision);
        self.message = Some((Tone::Info, format!("the optimisation has ended; {key} shows it")));
        self.shown = self.compare.newest_of(&self.form);
        Vec::new()
    }

    /// The best of the last optimisation becomes the form, and its run is shown.
    fn take_best(&mut self) -> Vec<Effect> {
        let best = self.decided.as_deref().and_then(Decided::best_form);
        let Some(form) = best else { return Vec::new() };
        self.layers.select(&form.layer.full_name());
        let effects = self.change_form(form);
        self.shown = self.compare.newest_of(&self.form);
        effects
    }

    /// The form takes what a row of the report is of.
    fn take_row(&mut self, row: u16) -> Vec<Effect> {
        let Some(decided) = self.decided.clone() else { return Vec::new() };
        if row == 0 && decided.best().is_some() {
            return self.take_best();
        }
        match decided.form_at(usize::from(row), &self.presets) {
            Ok(form) => {
                self.layers.select(&form.layer.full_name());
                self.change_form(form)
            }
            Err(problem) => {
                self.message = Some((Tone::Bad, format!("not loaded: {problem}")));
                self.overlay = Some(Overlay::Decision(row));
                Vec::new()
            }
        }
    }

    /// Shows the decision of the last optimisation.
    pub(super) fn show_decision(&mut self) {
        if self.decided.is_none() {
            let key = self.key_name(Action::Optimise);
            let text = format!("nothing was optimised yet; {key} does");
            self.message = Some((Tone::Info, text));
            return;
        }
        self.screen = Screen::Explore;
        self.overlay = Some(Overlay::Decision(0));
    }

    /// Keys while a decision is shown; `None` where the screen takes them, without it.
    pub(super) fn decision_key(
        &mut self,
        scroll: u16,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Option<Vec<Effect>> {
        let scroll = match action {
            _ if event.code == KeyCode::Enter => return Some(self.take_row(scroll)),
            Some(Action::Close | Action::Decision | Action::Quit) => return Some(Vec::new()),
            Some(action) => super::input::scrolled(scroll, action)?,
            None => scroll,
        };
        let rows = self.decided.as_ref().map_or(0, |decided| decided.rows());
        let scroll = if rows == 0 { scroll } else { scroll.min(rows as u16 - 1) };
        self.overlay = Some(Overlay::Decision(scroll));
        Some(Vec::new())
    }
}
