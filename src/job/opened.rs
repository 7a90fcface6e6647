//! A model that is opened: on an input, with its layers as ones that run alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use super::memory::{Work, array_bytes, require};
use super::network::{ModelSpec, NetworkObserver, NetworkResult, PreparedModel};
use super::{DEFAULT_SEED, JobError, threads};
use crate::conv::data::{self, INPUT_STREAM};
use crate::network::onnx::{
    Bits, Builtin, Client, Given, Model, Options, PictureForm, Served, ServedLayer, read_labels,
};
use crate::network::{Convolution, RunError, plain};
use crate::preset::{LayerData, LayerPreset};
use crate::report::counted;
use crate::tensor::{builtin_image, picture_pixels, read_picture, read_reals};

/// The picture for models that take one, where the user gives none.
const DEFAULT_IMAGE: &str = "cat-224";

/// What a user says of a model beside its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelAsked {
    /// Bits of its layers, where they are not the usual ones.
    pub bits: Option<Bits>,
    /// What it was trained to have taken from a picture's values from 0 to 1; none, one number, or one
    /// for each channel.
    pub mean: Vec<f64>,
    /// What they are divided by then.
    pub std: Vec<f64>,
    /// The shape of its input, where it leaves sides open.
    pub shape: Vec<usize>,
    /// The input: a picture, or an array.
    pub input: Option<PathBuf>,
    /// Names of the classes, a line each.
    pub labels: Option<PathBuf>,
}

/// A model, the input that it is opened on, and its layers with their weights and what they take then.
pub struct OpenedModel {
    model: Arc<Model>,
    name: String,
    /// `None` of the model in the binary.
    file: Option<PathBuf>,
    asked: ModelAsked,
    labels: Option<Vec<String>>,
    input: Input,
    layers: Vec<LayerPreset>,
    about: String,
}

/// An input of a model.
struct Input {
    /// What it is called.
    name: String,
    given: Given,
    /// Whether no input like it has values below 0.
    positive: bool,
    /// It as a picture: channels, rows, columns, values to 255.
    picture: Option<Array3<i64>>,
}

impl std::fmt::Debug for OpenedModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} on {}", self.model, self.input.name)
    }
}

impl OpenedModel {
    /// The model in the binary, on its picture.
    ///
    /// # Errors
    /// [`JobError`] where it may not have the memory.
    pub fn builtin(max_memory: u64) -> Result<Self, JobError> {
        let model = Arc::new(Builtin.model(max_memory)?);
        Self::new(model, None, ModelAsked::default(), max_memory)
    }

    /// A model, that of `file` or the one in the binary.
    ///
    /// # Errors
    /// [`JobError`] naming the file, node, operator or tensor that is wrong.
    pub fn new(
        model: Arc<Model>,
        file: Option<PathBuf>,
        asked: ModelAsked,
        max_memory: u64,
    ) -> Result<Self, JobError> {
        // Networks of presets may be called as the file is, but for its ending.
        let name = file.as_deref().and_then(Path::file_name).map_or_else(
            || Builtin::NAME.to_owned(),
            |name| name.to_string_lossy().chars().filter(|c| !c.is_control()).collect(),
        );
        let is_builtin = file.is_none();
        let labels = match &asked.labels {
            Some(path) => Some(read_labels(path)?),
            None => is_builtin.then(|| Builtin.labels()),
        };
        let input = Input::read(&model, &asked, is_builtin, max_memory)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = threads(cores)?;
        let bits = asked.bits.unwrap_or(Bits::DEFAULT);
        let served = served(&model, &input, cores, &|_| bits)?;
        let layers = pool.install(|| layers(&served, &name, &input.given, max_memory))?;
        let about = about(&served, &input.given, asked.bits, is_builtin);
        drop(served);
        Ok(Self { model, name, file, asked, labels, input, layers, about })
    }

    /// Its name: that of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model itself.
    pub fn model(&self) -> Arc<Model> {
        Arc::clone(&self.model)
    }

    /// What its input is called.
    pub fn input_name(&self) -> &str {
        &self.input.name
    }

    /// What it is, in a line.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Its file; `None` of the one in the binary.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What was said of it.
    pub const fn asked(&self) -> &ModelAsked {
        &self.asked
    }

    /// The layers of the server, in order.
    pub fn layers(&self) -> &[LayerPreset] {
        &self.layers
    }

    /// Its input as a picture, values to 255, where it is one.
    pub const fn picture(&self) -> Option<&Array3<i64>> {
        self.input.picture.as_ref()
    }

    /// Names of its classes, where they are known.
    pub fn labels(&self) -> Option<Vec<String>> {
        self.labels.clone()
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`JobError`] where a layer fails, or the run is cancelled.
    pub fn run(
        &self,
        spec: &ModelSpec,
        observer: &dyn NetworkObserver,
    ) -> Result<NetworkResult, JobError> {
        let threads = spec.layers.first().map_or(1, |run| run.threads);
        let bits = |name: &str| {
            let run = spec.layers.iter().find(|run| run.layer.spec.name == name);
            run.map_or(Bits::DEFAULT, |run| Bits {
                weights: run.layer.spec.weight_bits,
                activations: run.layer.spec.activation_bits,
            })
        };
        let served = served(&self.model, &self.input, threads, &bits)?;
        PreparedModel::new(&served, spec)?.run(&self.input.given, observer)
    }
}

/// The model for this input. What the server cannot compute is the client's.
fn served<'m>(
    model: &'m Model,
    input: &Input,
    threads: usize,
    bits: &dyn Fn(&str) -> Bits,
) -> Result<Served<'m>, JobError> {
    let options = Options { bits, positive: input.positive, allow_client_layers: true };
    Ok(Served::new(model, Client::new(threads), &input.given, &options)?)
}

/// The layers, with what the client gives them while all convolutions are plain ones over integers: the
/// same as while they are encrypted.
fn layers(
    served: &Served<'_>,
    name: &str,
    given: &Given,
    max_memory: u64,
) -> Result<Vec<LayerPreset>, JobError> {
    let held = served.layers().iter().map(|layer| array_bytes::<i64>(&layer.layer.input_shape()));
    // Beside them others want memory too.
    require(Work::Network, held.sum::<u64>().saturating_mul(2), max_memory)?;
    let mut inputs: Vec<Option<Array3<i64>>> = vec![None; served.layers().len()];
    let convolve = |call: &Convolution<'_>| {
        inputs[call.index] = Some(call.input.clone());
        plain(call)
    };
    let run = served.run(given, convolve, |_, _, _| ());
    run.map_err(|error: RunError<_>| JobError::Network {
        network: served.name().to_owned(),
        problem: error.to_string(),
    })?;
    let preset = |(layer, input): (&ServedLayer, Option<Array3<i64>>)| {
        let data = input.and_then(|input| {
            let scales = layer.scales.to_vec();
            LayerData::new(layer.layer.clone(), layer.weights.clone(), scales, input)
        });
        LayerPreset {
            data: data.map(Arc::new),
            ..LayerPreset::new(layer.spec.clone(), Some(name.to_owned()))
        }
    };
    Ok(served.layers().iter().zip(inputs).map(preset).collect())
}

fn about(served: &Served<'_>, given: &Given, bits: Option<Bits>, is_builtin: bool) -> String {
    let sides: Vec<String> = given.shape.iter().skip(1).map(usize::to_string).collect();
    let mut text = if is_builtin {
        Builtin::ABOUT.into()
    } else {
        format!("a model of {} on {}", counted(served.layers().len(), "layer"), sides.join("x"))
    };
    if let Some(Bits { weights, activations }) = bits {
        text = format!("{text}, {weights}-bit weights, {activations}-bit activations");
    }
    if let Some(layer) = served.client_layers().first() {
        let more = served.client_layers().len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        text = format!("{text}, {} ({}){more} left to the client", layer.name, layer.operator);
    }
    text
}

impl Input {
    /// What is asked for; else the picture that is built in, or where a model takes none, numbers from a
    /// seed.
    fn read(
        model: &Model,
        asked: &ModelAsked,
        is_builtin: bool,
        max_memory: u64,
    ) -> Result<Self, JobError> {
        let photograph = builtin_image(DEFAULT_IMAGE)?;
        let [columns, rows] = photograph.size().map(|side| side as usize);
        let shape = match &asked.shape[..] {
            [] => model.shape_on([rows, columns])?,
            shape => model.input_shape(Some(shape))?,
        };
        let form = PictureForm::new(model.name(), &shape, None, [&asked.mean, &asked.std]);
        let name = asked.input.as_deref().and_then(Path::file_name);
        let name = name.map(|name| name.to_string_lossy().into_owned());
        let (name, picture) = match (&asked.input, name) {
            (Some(path), Some(name)) if crate::files::ends_in(path, ".npy") => {
                let values = read_reals(path, &shape)?;
                let values = values.iter().map(|value| *value as f32).collect();
                return Ok(Self::array(name, shape, values));
            }
            (Some(path), Some(name)) => (name, read_picture(path, max_memory)?),
            _ if is_builtin => ("a digit".into(), Builtin.picture()?),
            _ if asked.mean.is_empty() && asked.std.is_empty() && form.is_err() => {
                return Ok(Self::seeded(shape));
            }
            _ => ("the photograph".into(), photograph),
        };
        let form = form?;
        let pixels = picture_pixels(&picture, form.planes(), model.name())?;
        Ok(Self {
            name,
            given: form.given(&picture)?,
            positive: form.is_positive(),
            picture: Some(pixels.mapv(i64::from)),
        })
    }

    /// Values that are no picture.
    const fn array(name: String, shape: Vec<usize>, values: Vec<f32>) -> Self {
        Self { name, given: Given { shape, values }, positive: false, picture: None }
    }

    /// Values as of normalised features: bell-shaped, with a standard deviation of 1.
    fn seeded(shape: Vec<usize>) -> Self {
        const MAX: i64 = 3000;
        let mut bell = data::bell(DEFAULT_SEED, INPUT_STREAM, MAX);
        let count = shape.iter().product();
        let value = || bell() as f32 * 3.0 / MAX as f32;
        let values = std::iter::repeat_with(value).take(count).collect();
        Self::array("numbers from a seed".into(), shape, values)
    }
}
