//! The list of layers: grouped by network, foldable, filtered by name.

use std::collections::BTreeSet;

use crate::preset::LayerPreset;

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A network.
    Network {
        /// Its name.
        name: String,
        /// Whether its layers are hidden.
        folded: bool,
        /// How many layers it has.
        count: usize,
    },
    /// A layer, by its index among all.
    Layer(usize),
}

/// The list and where the cursor is.
#[derive(Clone, Debug, Default)]
pub struct LayerList {
    layers: Vec<LayerPreset>,
    folded: BTreeSet<String>,
    /// Only layers whose full name contains this are shown.
    pub filter: String,
    cursor: usize,
}

impl LayerList {
    /// A list of `layers`, in order.
    pub fn new(layers: Vec<LayerPreset>) -> Self {
        Self { layers, ..Self::default() }
    }

    /// The rows to show. A filter unfolds everything.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut network = None;
        for (i, layer) in self.layers.iter().enumerate() {
            if !layer.full_name().to_lowercase().contains(&self.filter.to_lowercase()) {
                continue;
            }
            let name = layer.network.clone().unwrap_or_else(|| "files".into());
            let folded = self.filter.is_empty() && self.folded.contains(&name);
            if network.as_ref() != Some(&name) {
                let count = self.layers.iter().filter(|l| l.network == layer.network).count();
                rows.push(Row::Network { name: name.clone(), folded, count });
                network = Some(name);
            }
            if !folded {
                rows.push(Row::Layer(i));
            }
        }
        rows
    }

    /// Every layer.
    pub fn all(&self) -> &[LayerPreset] {
        &self.layers
    }

    /// The layer called `full_name`.
    pub fn find(&self, full_name: &str) -> Option<&LayerPreset> {
        let (network, name) = match full_name.split_once('/') {
            Some((network, name)) => (Some(network), name),
            None => (None, full_name),
        };
        let is_it =
            |layer: &&LayerPreset| layer.spec.name == name && layer.network.as_deref() == network;
        self.layers.iter().find(is_it)
    }

    /// Adds a layer behind those of its network, or in place of the one of its name.
    pub fn add(&mut self, layer: LayerPreset) {
        let name = layer.full_name();
        if let Some(other) = self.layers.iter_mut().find(|other| other.full_name() == name) {
            *other = layer;
            return;
        }
        let last = self.layers.iter().rposition(|other| other.network == layer.network);
        self.layers.insert(last.map_or(self.layers.len(), |last| last + 1), layer);
    }

    /// Puts `layers` in place of those of the network called `name`.
    pub fn replace_network(&mut self, name: &str, layers: &[LayerPreset]) {
        let is_of = |layer: &LayerPreset| layer.network.as_deref() == Some(name);
        let first = self.layers.iter().position(is_of);
        self.layers.retain(|layer| !is_of(layer));
        let at = first.unwrap_or(self.layers.len()).min(self.layers.len());
        self.layers.splice(at..at, layers.iter().cloned());
    }

    /// A layer by index.
    pub fn layer(&self, index: usize) -> Option<&LayerPreset> {
        self.layers.get(index)
    }

    /// The row of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor.min(self.rows().len().saturating_sub(1))
    }

    /// Moves the cursor by rows; the ends hold it.
    pub fn move_by(&mut self, rows: isize) {
        let last = self.rows().len().saturating_sub(1);
        self.cursor = self.cursor().saturating_add_signed(rows).min(last);
    }

    /// Puts the cursor on a row.
    pub fn move_to(&mut self, row: usize) {
        self.cursor = row.min(self.rows().len().saturating_sub(1));
    }

    /// Folds the network under the cursor, or unfolds it.
    pub fn turn_fold(&mut self) {
        let rows = self.rows();
        if let Some(Row::Network { folded, .. }) = rows.get(self.cursor()) {
            self.fold(!*folded);
        }
    }

    /// Puts the cursor on the layer called `full_name`, unfolding its network.
    pub fn select(&mut self, full_name: &str) {
        self.filter.clear();
        if let Some(layer) = self.layers.iter().find(|layer| layer.full_name() == full_name) {
            self.folded.remove(layer.network.as_deref().unwrap_or("files"));
        }
        let is_it =
            |row: &Row| matches!(row, Row::Layer(i) if self.layers[*i].full_name() == full_name);
        self.cursor = self.rows().iter().position(is_it).unwrap_or(self.cursor);
    }

    /// The layer under the cursor.
    pub fn current(&self) -> Option<&LayerPreset> {
        match self.rows().get(self.cursor()) {
            Some(Row::Layer(index)) => self.layers.get(*index),
            _ => None,
        }
    }

    /// Folds or unfolds the network under the cursor, or that of the layer there.
    pub fn fold(&mut self, fold: bool) {
        let name = match self.rows().get(self.cursor()) {
            Some(Row::Network { name, .. }) => name.clone(),
            Some(Row::Layer(index)) if fold => {
                self.layers[*index].network.clone().unwrap_or_else(|| "files".into())
            }
            _ => return,
        };
        if fold {
            self.folded.insert(name.clone());
        } else {
            self.folded.remove(&name);
        }
        let is_it = |row: &Row| matches!(row, Row::Network { name: at, .. } if *at == name);
        self.cursor = self.rows().iter().position(is_it).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Catalogue;

    fn list() -> LayerList {
        let catalogue = Catalogue::builtin().expect("valid");
        let networks = catalogue.networks().take(2);
        LayerList::new(networks.flat_map(|network| network.layers.clone()).collect())
    }

    #[test]
    fn networks_fold_and_layers_are_found() {
        let mut list = list();
        assert_eq!(list.rows().len(), 2 + 7);
        list.select("bench/c256-14-k3");
        assert_eq!(list.current().expect("a layer").full_name(), "bench/c256-14-k3");
        list.fold(true);
        assert_eq!(list.rows().len(), 3);
        assert!(list.current().is_none());
        list.fold(false);
        assert_eq!(list.rows().len(), 9);
        list.move_by(100);
        assert_eq!(list.current().expect("the last").full_name(), "bench/c16-32-k3");
        list.move_by(-100);
        assert_eq!(list.cursor(), 0);
    }

    #[test]
    fn filters_may_leave_nothing() {
        let mut list = list();
        list.filter = "K1".into();
        assert_eq!(list.rows().len(), 2);
        list.filter = "no such".into();
        assert!(list.rows().is_empty() && list.current().is_none());
        list.move_by(1);
        list.fold(true);
        assert_eq!(list.cursor(), 0);
    }
}
