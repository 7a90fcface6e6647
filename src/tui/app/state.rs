//! What survives a restart: given to be kept, and taken in again.

use super::{App, Panel, Screen};
use crate::preset::OWN_NETWORK;
use crate::tui::compare::Column;
use crate::tui::event::Effect;
use crate::tui::form::{Field, Form};
use crate::tui::state::{LayerFile, Pin, Saved, SavedForm, SavedRows, SavedSweep, StateFile};
use crate::tui::sweep::Phase;

impl App {
    /// The text of a file of the state; `None` while what was kept has not come in yet.
    pub fn state(&self, file: StateFile) -> Option<String> {
        match file {
            StateFile::Explorer => file.text(&self.saved()),
            _ if self.rows_to_come => None,
            StateFile::Sweep => {
                let begun = self.sweep.phase() != Phase::Planned;
                let sweep = SavedSweep::new(
                    self.sweep.scope,
                    self.sweep.rows(),
                    self.sweep.repeat(),
                    &self.layers,
                );
                file.text(&begun.then_some(sweep))
            }
            StateFile::Networks => file.text(&self.networks.saved(&self.layers)),
        }
    }

    /// What changes with a file of rows, which are many: while it stays, so does the file's text.
    pub fn state_mark(&self, file: StateFile) -> Option<String> {
        match file {
            StateFile::Explorer => None,
            StateFile::Sweep => {
                let sweep = &self.sweep;
                let known = sweep.rows().iter().filter(|row| row.record.is_some()).count();
                Some(format!("{:?} {} {} {known}", sweep.phase(), sweep.number(), sweep.ended()))
            }
            StateFile::Networks => Some(self.networks.mark()),
        }
    }

    fn saved(&self) -> Saved {
        let own = self.layers.all().iter();
        let own = own.filter(|layer| layer.network.as_deref().is_none_or(|at| at == OWN_NETWORK));
        let column = self.compare.sorted_by.label().to_owned();
        let named =
            |(name, form): &(String, Form)| (name.clone(), SavedForm::new(form, &self.layers));
        Saved {
            screen: self.screen.name().into(),
            theme: (self.style.theme_name().into(), self.configured_theme.clone()),
            form: Some(SavedForm::new(&self.form, &self.layers)),
            field: self.field,
            in_form: self.panel == Panel::Parameters,
            pin: self.compare.baseline.and_then(|index| self.pin(index)),
            sort: Some((column, self.compare.reversed)),
            layers: own.map(LayerFile::from).collect(),
            params: self.opened_params.clone(),
            networks: self.opened_networks.clone(),
            models: self.saved_models(),
            network: self.shown_network(),
            bookmarks: self.bookmarks.iter().map(named).collect(),
            left: Some(self.left),
            directory: self.directory.clone(),
        }
    }

    fn pin(&self, index: usize) -> Option<Pin> {
        let run = self.compare.run(index)?;
        Some(Pin {
            at: run.at,
            layer: run.record.layer.name.clone(),
            algorithm: run.record.algorithm.clone(),
            reduction: run.record.reduction.clone(),
            params: run.record.params.name.clone(),
        })
    }

    /// Takes in what was kept. What this version does not know is as at the first start.
    pub fn restore(&mut self, saved: Saved) -> Vec<Effect> {
        for layer in saved.layers {
            self.layers.add(layer.into());
        }
        for params in saved.params {
            self.add_params(params);
        }
        self.opened_networks = saved.networks;
        self.directory = saved.directory;
        self.set_left(saved.left.unwrap_or(self.left));
        self.networks.select(&saved.network);
        let mut effects = self.restore_models(saved.models, saved.network);
        let (theme, configured) = saved.theme;
        if configured == self.configured_theme {
            self.style.select_theme(&theme);
        }
        let known = &self.layers;
        let named = saved.bookmarks.into_iter();
        self.bookmarks = named.filter_map(|(name, form)| Some((name, form.form(known)?))).collect();
        self.compare.resolve(known);
        let mut places = 0..self.compare.runs().len();
        self.compare.baseline =
            places.rfind(|place| saved.pin.is_some() && self.pin(*place) == saved.pin);
        if let Some((label, reversed)) = &saved.sort
            && let Some(column) = Column::ALL.into_iter().find(|one| one.label() == label)
        {
            self.compare.sort_by(column, *reversed);
        }
        self.field = saved.field.min(Field::ALL.len() - 1);
        self.panel = if saved.in_form { Panel::Parameters } else { Panel::Layers };
        self.rows_to_come = true;
        effects.push(Effect::RestoreRows);
        if let Some(form) = saved.form.and_then(|form| form.form(&self.layers)) {
            self.form = form;
            self.layers.select(&self.form.layer.full_name());
            effects.extend(self.form_changed());
        }
        if let Some(screen) = Screen::ALL.into_iter().find(|one| one.name() == saved.screen) {
            effects.extend(self.show_screen(screen));
        }
        effects
    }

    /// Takes in the rows that were kept, unless something was begun meanwhile.
    pub(super) fn rows_restored(&mut self, rows: SavedRows) -> Vec<Effect> {
        self.rows_to_come = false;
        let SavedRows { sweep, networks, problems } = rows;
        self.warn(&problems);
        if let Some(sweep) = sweep.filter(|_| self.sweep.phase() == Phase::Planned) {
            let (scope, rows, repeat) = sweep.sweep(&self.layers);
            self.sweep.restore(scope, rows, repeat);
        }
        for network in networks {
            self.networks.restore(network, &self.layers);
        }
        if self.screen == Screen::Network { self.plan_network(true) } else { Vec::new() }
    }
}
