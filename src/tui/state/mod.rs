//! What of the explorer survives a restart, as files of the state directory.
//!
//! What is needed for the first frame is in one small file; the rows of sweeps and of networks, which
//! may be many, are in files of their own and come in after it.

mod files;
mod form;
mod rows;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use files::{StateFile, read};
pub use form::SavedForm;
pub use rows::{SavedNetwork, SavedRows, SavedSweep};

use crate::bfv::ParamsSpec;
use crate::job::ModelAsked;
use crate::preset::LayerPreset;

/// What is needed for the first frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// The screen by its name.
    pub screen: String,
    /// The theme by its name, and that of the settings by then: where these name another since, that
    /// one is meant.
    pub theme: (String, String),
    /// The form.
    pub form: Option<SavedForm>,
    /// The field of the cursor, by its place.
    pub field: usize,
    /// Whether the form took keys, and not the list of layers.
    pub in_form: bool,
    /// The pinned baseline: when its run ended, and its layer, algorithm and reduction.
    pub pin: Option<Pin>,
    /// The column that runs are sorted by, and whether the order is turned around.
    pub sort: Option<(String, bool)>,
    /// Layers of the user's own making.
    pub layers: Vec<LayerFile>,
    /// Parameter sets that were opened.
    pub params: Vec<ParamsSpec>,
    /// Files of networks that were opened.
    pub networks: Vec<PathBuf>,
    /// Models that were opened, or what was said of the built-in one.
    pub models: Vec<SavedModel>,
    /// The network that was chosen.
    pub network: String,
    /// Named forms.
    pub bookmarks: Vec<(String, SavedForm)>,
    /// Columns of the lists of Explore.
    pub left: Option<u16>,
    /// What was opened or saved last, for the next prompt.
    pub directory: PathBuf,
}

/// A model and what was said of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedModel {
    /// Its file; absent of the built-in one.
    pub file: Option<PathBuf>,
    /// What was said.
    pub asked: ModelAsked,
}

/// What tells a run of the history from others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pin {
    /// When it ended, where that is known.
    pub at: Option<u64>,
    /// Its layer.
    pub layer: String,
    /// Its algorithm.
    pub algorithm: String,
    /// Its reduction mode.
    pub reduction: String,
    /// Its parameters.
    pub params: String,
}

/// A layer that is in no network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerFile {
    /// Its shape.
    pub spec: crate::conv::LayerSpec,
    /// The network it counts to.
    pub network: Option<String>,
    /// Its weights, where it has its own.
    #[serde(default)]
    pub filters: Option<Vec<crate::preset::Filter>>,
    /// Its picture, where it has one.
    #[serde(default)]
    pub image: Option<String>,
}

impl From<&LayerPreset> for LayerFile {
    fn from(layer: &LayerPreset) -> Self {
        let LayerPreset { spec, network, filters, image, origin: _, data: _ } = layer.clone();
        Self { spec, network, filters, image }
    }
}

impl From<LayerFile> for LayerPreset {
    fn from(LayerFile { spec, network, filters, image }: LayerFile) -> Self {
        Self { filters, image, ..Self::new(spec, network) }
    }
}
