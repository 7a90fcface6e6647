//! Runs of networks that survive a restart.

use super::{Kept, NetworkPhase, NetworkRow, Networks};
use crate::preset::LayerPreset;
use crate::tui::layers::LayerList;
use crate::tui::state::SavedNetwork;

impl Networks {
    /// The runs of all networks, to be kept.
    pub fn saved(&self, known: &LayerList) -> Vec<SavedNetwork> {
        let outcome = |phase: &NetworkPhase| match phase {
            NetworkPhase::Done(outcome) => Some((**outcome).clone()),
            _ => None,
        };
        let others = self.kept.iter().map(|(name, Kept { rows, phase, comparisons })| {
            SavedNetwork::new(name, rows, outcome(phase).as_ref(), comparisons, known)
        });
        let mut all: Vec<SavedNetwork> = others.chain(self.unclaimed.iter().cloned()).collect();
        if let Some(chosen) = self.chosen()
            && self.rows.iter().any(|row| row.finished.is_some())
        {
            let outcome = outcome(&self.phase);
            let (name, rows) = (chosen.name(), &self.rows);
            all.push(SavedNetwork::new(name, rows, outcome.as_ref(), &self.comparisons, known));
        }
        all
    }

    /// Takes in a run of an earlier start, unless the network is of another shape by now, or was run
    /// meanwhile. That of one that is not there is kept until it is.
    pub fn restore(&mut self, saved: SavedNetwork, known: &LayerList) {
        let Some(network) = self.all.iter().find(|network| network.name() == saved.name) else {
            self.unclaimed.push(saved);
            return;
        };
        let Some(rows) = saved.rows(known) else { return };
        let is_same = |(row, layer): (&NetworkRow, &LayerPreset)| {
            row.form.layer.full_name() == layer.full_name()
        };
        let fits =
            rows.len() == network.layers().len() && rows.iter().zip(network.layers()).all(is_same);
        if !fits {
            return;
        }
        let phase = saved
            .outcome
            .clone()
            .map_or(NetworkPhase::Planned, |outcome| NetworkPhase::Done(Box::new(outcome)));
        let kept = Kept { rows, phase, comparisons: saved.comparisons.clone() };
        let is_chosen = self.chosen().is_some_and(|chosen| chosen.name() == saved.name);
        if !is_chosen {
            self.kept.insert(saved.name, kept);
        } else if !self.is_going() && self.rows.iter().all(|row| row.finished.is_none()) {
            self.plan += 1;
            (self.rows, self.phase, self.comparisons) = (kept.rows, kept.phase, kept.comparisons);
        }
    }
}
