//! Weights from a file, as PyTorch's `state_dict` names and orders them.

use std::path::Path;

use ndarray::{Array1, Array4, ArrayD, Axis, Ix1, Ix4};

use super::findings::{self, Findings, Note};
use super::graph::{BatchNorm, Graph, Node, Origin};
use super::layer_weights::LayerWeights;
use super::left_out;
use super::quantise::{RealWeights, Statistics};
use super::weights::Weights;
use crate::conv::Layer;
use crate::tensor::{TensorError, TensorFile};

const WEIGHT_FORM: &str = "output channels, input channels per group, rows, columns";
const MATRIX_FORM: &str = "output channels, input channels";
pub(super) const CHANNEL_FORM: &str = "one for each output channel";

/// The most bits of a weight.
const MOST_BITS: u32 = 8;

impl Weights {
    /// Reads the weights of every layer from a .npz or .safetensors file; a .npy file will do for a
    /// network of one layer without a bias. The tensors of a layer are called `PREFIX.weight`, and
    /// `PREFIX.bias` where it has one, with the prefix that the network gives for it.
    ///
    /// A number is a number, whatever its type. The layer's batch normalisation is folded in; then
    /// weights that are all whole and fit the layer's width are taken as they are, and others are
    /// quantised, each output channel with its own scale: its largest absolute weight becomes
    /// `2^(weight_bits-1) - 1`. Biases stay real.
    ///
    /// # Errors
    /// [`TensorError`] naming the file, the tensor, what it holds and what it should hold; also where
    /// a bias or a batch normalisation that belongs to a layer is not used by it.
    pub fn read(path: &Path, graph: &Graph) -> Result<(Self, Findings), TensorError> {
        let mut file = TensorFile::open(path)?;
        let layer = |node: &Node| {
            let one = graph.nodes().len() == 1 && !node.spec.has_bias();
            if file.is_single() && !one {
                let problem = "is one array without a name, which will do for a layer without bias and batch normalisation; a network takes .npz or .safetensors";
                return Err(file.error("", problem, &node.layer.weight_shape(), WEIGHT_FORM));
            }
            Tensors::of(&graph.origin(node), &node.layer).read(&mut file)
        };
        let layers = graph.nodes().iter().map(layer).collect::<Result<_, _>>()?;
        for node in graph.nodes() {
            left_out::check(&mut file, node)?;
        }
        Ok((Self::new(layers), Findings::of(&mut file)))
    }
}

/// Reads the weights of a layer alone from a .npy, .npz or .safetensors file, as [`Weights::read`]
/// does: of a file of several tensors the one that the layer's network calls its own, else the one
/// called `NAME.weight` after the layer. What there is to know is told beside.
///
/// # Errors
/// As [`Weights::read`]; a bias is left to the client, and that is said.
pub fn read_layer(
    path: &Path,
    layer: &Layer,
    origin: Option<&Origin>,
) -> Result<(LayerWeights, Vec<Note>), TensorError> {
    let mut file = TensorFile::open(path)?;
    let own = Origin::of_name(layer.name());
    let mut tensors = Tensors::of(origin.unwrap_or(&own), layer);
    let mut notes = Vec::new();
    // The only tensor of a file is meant, whatever it is called.
    if let [only] = file.names() {
        tensors.weight.clone_from(only);
    }
    if file.names().len() <= 1 {
        let left = [tensors.bn.take().map(|bn| bn.name), tensors.bias.take()];
        notes.extend(left.into_iter().flatten().map(|name| {
            let (path, layer) = (path.display(), layer.name());
            Note::warning(format!("{path} holds one array: {name} of layer {layer} is not in it"))
        }));
    }
    let weights = tensors.read(&mut file)?;
    let bias = left_out::bias(&mut file, tensors.prefix(), layer.out_channels());
    if weights.bias.is_some() || bias.is_some() {
        let (path, layer) = (path.display(), layer.name());
        notes.push(Note::new(format!(
            "{path}: the bias of layer {layer} is left to the client; outputs are sums without it"
        )));
    }
    notes.extend(findings::unwrapped(&path.display().to_string(), &file.unwrapped()));
    Ok((weights, notes))
}

/// The tensors of a layer.
struct Tensors {
    weight: String,
    bias: Option<String>,
    bn: Option<BatchNorm>,
    is_dense: bool,
    shape: [usize; 4],
    bits: u32,
}

impl Tensors {
    fn of(origin: &Origin, layer: &Layer) -> Self {
        let prefix = &origin.tensors;
        Self {
            weight: format!("{prefix}.weight"),
            bias: origin.bias.then(|| format!("{prefix}.bias")),
            bn: origin.bn.clone(),
            is_dense: origin.is_dense,
            shape: layer.weight_shape(),
            bits: layer.weight_bits(),
        }
    }

    fn prefix(&self) -> &str {
        self.weight.strip_suffix(".weight").unwrap_or(&self.weight)
    }

    fn read(&self, file: &mut TensorFile) -> Result<LayerWeights, TensorError> {
        let weights = self.weights(file)?;
        let bias = self.bias.as_ref().map(|name| self.channels(file, name)).transpose()?;
        let mut real = RealWeights { weights, bias };
        match &self.bn {
            Some(bn) => real.fold_batch_norm(&self.statistics(file, bn)?),
            None => self.check_whole(file, &real)?,
        }
        if !real.is_finite() {
            let problem = "is too large: what is folded into it makes it infinite";
            return Err(file.error(&self.weight, problem, &self.shape, WEIGHT_FORM));
        }
        Ok(real.quantise(self.bits))
    }

    /// Those of a dense layer are a matrix, or one with a kernel of 1x1.
    fn weights(&self, file: &mut TensorFile) -> Result<Array4<f64>, TensorError> {
        let stored = file.stored_name(&self.weight).ok().flatten();
        let is_whole = |file: &mut TensorFile| {
            stored.and_then(|name| file.shape(&name)).is_some_and(|shape| shape == self.shape)
        };
        if !self.is_dense || is_whole(file) {
            return Ok(weights_of(file.tensor(&self.weight, &self.shape, WEIGHT_FORM)?.values));
        }
        let values = file.tensor(&self.weight, &self.shape[..2], MATRIX_FORM)?.values;
        Ok(weights_of(values.insert_axis(Axis(2)).insert_axis(Axis(3))))
    }

    /// Whole weights are meant as they are, so they must fit: rounding them would lose what was
    /// quantised once already.
    fn check_whole(&self, file: &TensorFile, real: &RealWeights) -> Result<(), TensorError> {
        let max = |bits: u32| f64::from((1i32 << (bits - 1)) - 1);
        let Some(largest) = real.largest_whole().filter(|largest| *largest > max(self.bits)) else {
            return Ok(());
        };
        let mut values = real.weights.indexed_iter();
        let found = values.find(|(_, weight)| weight.abs() > max(self.bits));
        let Some(((o, i, y, x), weight)) = found else { return Ok(()) };
        let (bits, max_here) = (self.bits, max(self.bits));
        let hint = match (bits..=MOST_BITS).find(|bits| largest <= max(*bits)) {
            Some(fitting) => format!("`weight_bits = {fitting}` takes these"),
            None => "others are quantised where they are not all whole".into(),
        };
        let form = format!("whole numbers within +-{max_here} at weight_bits = {bits}; {hint}");
        let problem = format!("has {weight} at [{o}, {i}, {y}, {x}]");
        Err(file.error(&self.weight, problem, &self.shape, &form))
    }

    /// One number for each output channel.
    fn channels(&self, file: &mut TensorFile, name: &str) -> Result<Array1<f64>, TensorError> {
        file.tensor(name, &self.shape[..1], CHANNEL_FORM).map(|array| channels_of(array.values))
    }

    fn statistics(&self, file: &mut TensorFile, bn: &BatchNorm) -> Result<Statistics, TensorError> {
        let mut read = |name| self.channels(file, &format!("{}.{name}", bn.name));
        let statistics = Statistics {
            weight: read("weight")?,
            bias: read("bias")?,
            mean: read("running_mean")?,
            variance: read("running_var")?,
            epsilon: bn.epsilon,
        };
        match statistics.variance.indexed_iter().find(|(_, variance)| **variance < 0.0) {
            None => Ok(statistics),
            Some((at, variance)) => {
                let problem = format!("has {variance} at [{at}]");
                let (name, form) = (format!("{}.running_var", bn.name), "variances of at least 0");
                Err(file.error(&name, problem, &self.shape[..1], form))
            }
        }
    }
}

/// Four dimensions, which the shape was checked to have.
fn weights_of(values: ArrayD<f64>) -> Array4<f64> {
    values.into_dimensionality::<Ix4>().unwrap_or_default()
}

/// One dimension, which the shape was checked to have.
pub(super) fn channels_of(values: ArrayD<f64>) -> Array1<f64> {
    values.into_dimensionality::<Ix1>().unwrap_or_default()
}
