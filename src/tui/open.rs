//! Files that the user opens: what they are, and what is in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::paths;
use crate::bfv::ParamsSpec;
use crate::job::{JobError, ModelAsked, OpenedModel};
use crate::memory;
use crate::network::onnx::Model;
use crate::preset::{Catalogue, Experiment, Network, Preset, SweepFile, read_preset};
use crate::tensor::TensorFile;

/// Endings of files that can be opened.
pub const OPENED: [&str; 9] =
    [".toml", ".onnx", ".npy", ".npz", ".safetensors", ".png", ".jpg", ".jpeg", ".txt"];

/// The sides of an array of weights, where it stands alone.
const SIDES_OF_WEIGHTS: usize = 4;

/// What was in a file.
#[derive(Debug)]
pub enum Opened {
    /// A run.
    Experiment(Box<Experiment>),
    /// Layers, and the file they are from.
    Network(Box<Network>, PathBuf),
    /// Encryption parameters.
    Params(ParamsSpec),
    /// Runs.
    Sweep(Box<SweepFile>),
    /// A model, and the file it is from. What its layers are is still to be found out.
    Model(Arc<Model>, PathBuf),
    /// Names of classes, in this file.
    Labels(PathBuf),
    /// Weights, in this file.
    Weights(PathBuf),
    /// An input, in this file.
    Input(PathBuf),
}

/// Opens a file; `weights` is the shape of the weights of the layer that an array may be for.
///
/// # Errors
/// What is wrong, in one line.
pub fn open(path: &Path, weights: Option<[usize; 4]>) -> Result<Opened, String> {
    if path.is_dir() {
        return Err(format!("{} is a directory; name a file in it", paths::shortened(path)));
    }
    if !paths::ends_in_any(path, &OPENED) {
        return Err(format!(
            "{}: what it is must be said by its ending: .toml for an experiment, network, parameter \
             set or sweep, .onnx for a model, .npy .npz .safetensors for weights, .png .jpg .npy for \
             an input, .txt for names of a model's classes",
            paths::shortened(path)
        ));
    }
    // Runs look for it from wherever they are made.
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if !path.exists() {
        return Err(missing(path));
    }
    if paths::is_picture(path) {
        return Ok(Opened::Input(absolute));
    }
    if paths::ends_in_any(path, &[".txt"]) {
        return Ok(Opened::Labels(absolute));
    }
    if paths::ends_in_any(path, &[".onnx"]) {
        let model = Model::open(path, memory::default_limit());
        let model = model.map_err(|error| named(Some(path), &error.to_string()))?;
        return Ok(Opened::Model(Arc::new(model), absolute));
    }
    if paths::ends_in_any(path, &paths::WEIGHTS) {
        return tensors(absolute, weights);
    }
    let catalogue = Catalogue::load().map_err(|error| error.to_string())?;
    let preset = read_preset(path, &catalogue).map_err(|error| error.to_string())?;
    Ok(match preset {
        Preset::Experiment(experiment) => Opened::Experiment(experiment),
        Preset::Network(network) => Opened::Network(network, absolute),
        Preset::Params(params) => Opened::Params(params),
        Preset::Sweep(sweep) => Opened::Sweep(sweep),
    })
}

/// Which model is meant.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// The one in this file.
    File(PathBuf),
    /// One that was read, from this file; the one in the binary where there is none.
    Read(Arc<Model>, Option<PathBuf>),
}

impl ModelSource {
    /// The file of the model; `None` of the one in the binary.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Read(_, path) => path.as_deref(),
        }
    }
}

/// What came of serving a model.
#[derive(Debug)]
pub struct Served {
    /// The file of the model; absent of the one in the binary.
    pub file: Option<PathBuf>,
    /// The model, or what is wrong.
    pub result: Result<Arc<OpenedModel>, String>,
    /// Its number, of those that are to be shown.
    pub number: Option<u64>,
}

/// Finds out what the layers of a model are, and what they take of its input.
pub fn serve(source: ModelSource, asked: ModelAsked, number: Option<u64>) -> Served {
    let max_memory = memory::default_limit();
    let file = source.file().map(Path::to_owned);
    let read = match source {
        ModelSource::Read(model, file) => Ok((model, file)),
        ModelSource::File(path) => {
            Model::open(&path, max_memory).map(|model| (Arc::new(model), Some(path)))
        }
    };
    let result = read
        .map_err(Into::into)
        .and_then(|(model, file)| OpenedModel::new(model, file, asked, max_memory).map(Arc::new));
    let result = result.map_err(|error: JobError| named(file.as_deref(), &error.to_string()));
    Served { file, result, number }
}

/// What is wrong with a model, with the file it is from.
fn named(file: Option<&Path>, problem: &str) -> String {
    let is_named = |file: &&Path| {
        file.file_name().is_some_and(|name| problem.contains(&*name.to_string_lossy()))
    };
    match file {
        Some(file) if !is_named(&file) => format!("{}: {problem}", paths::shortened(file)),
        _ => problem.to_owned(),
    }
}

/// Weights or an input. A lone array with four sides is weights, unless the first is one, as that of a
/// batch of one input, and the layer's weights are of another shape.
fn tensors(path: PathBuf, weights: Option<[usize; 4]>) -> Result<Opened, String> {
    let mut file = TensorFile::open(&path).map_err(|error| error.to_string())?;
    if !file.is_single() {
        return Ok(Opened::Weights(path));
    }
    let shape = file.shape("").unwrap_or_default();
    let is_batch = shape.first() == Some(&1) && weights.is_none_or(|weights| shape != weights);
    match shape.len() {
        SIDES_OF_WEIGHTS if !is_batch => Ok(Opened::Weights(path)),
        3 | SIDES_OF_WEIGHTS => Ok(Opened::Input(path)),
        _ => Err(format!(
            "{}: an array of shape {shape:?} is neither weights (output channels, input channels, \
             rows, columns) nor an input (channels, rows, columns)",
            paths::shortened(&path)
        )),
    }
}

/// What to say of a file that is not there, with the nearest that is.
fn missing(path: &Path) -> String {
    let shown = paths::shortened(path);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if !directory.is_dir() {
        let directory = paths::shortened(directory);
        return format!("cannot read {shown}: there is no directory {directory}");
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let all = paths::names(directory);
    let all = all.iter().filter(|name| paths::ends_in_any(Path::new(name), &OPENED));
    let nearest = crate::nearest::nearest(&name, all.map(String::as_str));
    let nearest = nearest.map_or_else(String::new, |name| format!("; the nearest is {name}"));
    format!("cannot read {shown}: there is no such file{nearest}")
}
