//! What can be run as a network.

use std::sync::Arc;

use crate::job::{ModelSpec, NetworkSpec, OpenedModel};
use crate::preset::{LayerPreset, Network};

/// A network that runs.
#[derive(Clone, Debug)]
pub enum Subject {
    /// One of presets.
    Network(Arc<Network>),
    /// A model.
    Model(Arc<OpenedModel>),
}

/// A run of one.
#[derive(Debug)]
pub enum NetworkJob {
    /// Of a network of presets.
    Network(Box<NetworkSpec>),
    /// Of a model.
    Model(Arc<OpenedModel>, ModelSpec),
}

impl Subject {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Network(network) => &network.name,
            Self::Model(model) => model.name(),
        }
    }

    /// What it is, in a line.
    pub fn about(&self) -> &str {
        match self {
            Self::Network(network) => &network.about,
            Self::Model(model) => model.about(),
        }
    }

    /// Its layers.
    pub fn layers(&self) -> &[LayerPreset] {
        match self {
            Self::Network(network) => &network.layers,
            Self::Model(model) => model.layers(),
        }
    }

    /// The model, where it is one.
    pub const fn model(&self) -> Option<&Arc<OpenedModel>> {
        match self {
            Self::Network(_) => None,
            Self::Model(model) => Some(model),
        }
    }
}
