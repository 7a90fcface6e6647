//! Files that the user opens: what they are, and what is in them.

use std::path::{Path, PathBuf};

use super::paths;
use crate::bfv::ParamsSpec;
use crate::preset::{Catalogue, Experiment, Network, Preset, SweepFile, read_preset};
use crate::tensor::TensorFile;

/// Endings of files that can be opened.
pub const OPENED: [&str; 7] = [".toml", ".npy", ".npz", ".safetensors", ".png", ".jpg", ".jpeg"];

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
             set or sweep, .npy .npz .safetensors for weights, .png .jpg .npy for an input",
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
