//! Files beside an experiment: the weights and the input of its layer, where they come with that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::conv::Layer;
use crate::preset::{LayerData, LayerPreset};
use crate::tensor::{OutputFormat, TensorError, write_weights};

/// What is written beside an experiment.
#[derive(Clone, Debug)]
pub struct Beside {
    layer: Layer,
    data: Arc<LayerData>,
}

impl Beside {
    /// Of a layer that has data with it.
    pub fn of(preset: &LayerPreset) -> Option<Self> {
        let layer = Layer::new(&preset.spec).ok()?;
        let data = preset.data.clone().filter(|data| data.fits(&layer))?;
        Some(Self { layer, data })
    }

    /// The files, of weights and of the input, beside the experiment at `path`.
    pub fn paths(path: &Path) -> [PathBuf; 2] {
        ["weights.npy", "input.npy"].map(|ending| path.with_extension(ending))
    }

    /// The first lines of the experiment at `path`, which say how it runs with its data.
    pub fn told(path: &Path) -> String {
        let name =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let [weights, input] = Self::paths(path);
        format!(
            "# The weights and the input of this layer are in files beside this one:\n\
             # heconv run {} --weights {} --input {}\n",
            name(path),
            name(&weights),
            name(&input)
        )
    }

    /// Writes both files.
    ///
    /// # Errors
    /// [`TensorError::File`].
    pub fn write(&self, path: &Path) -> Result<(), TensorError> {
        let [weights, input] = Self::paths(path);
        write_weights(&weights, &self.data.weights(&self.layer).0)?;
        OutputFormat::Npy.write(&input, &self.data.input(&self.layer))
    }
}
