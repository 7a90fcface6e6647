//! Weights from a file, as PyTorch's `state_dict` names and orders them.

use std::path::Path;

use ndarray::{Array1, Array4, ArrayD, Ix1, Ix4};

use super::graph::{Graph, Node, Normalise, Source};
use super::layer_weights::{LayerWeights, MAX_BIAS};
use super::quantise::{BatchNorm, RealWeights};
use super::weights::Weights;
use crate::conv::Layer;
use crate::tensor::{TensorError, TensorFile, TypedArray};

const WEIGHT_FORM: &str = "output channels, input channels per group, rows, columns";
const CHANNEL_FORM: &str = "one for each output channel";

impl Weights {
    /// Reads the weights of every layer from a .npz or .safetensors file; a .npy file will do for a
    /// network of one layer without a bias. The tensors of a layer are called `PREFIX.weight`, and
    /// `PREFIX.bias` where it has one, with the prefix that the network gives for it.
    ///
    /// Integers are taken as they are ([`LayerWeights::integers`]), with biases in units of the
    /// sums. Floats are quantised: first the layer's batch normalisation and, at the input, the
    /// network's normalisation are folded in, then the weights are divided by one scale for the
    /// layer, the largest absolute weight over `2^(weight_bits-1) - 1`, and rounded.
    ///
    /// # Errors
    /// [`TensorError`] naming the file, the tensor, what it holds and what it should hold.
    pub fn read(path: &Path, graph: &Graph) -> Result<Self, TensorError> {
        let mut file = TensorFile::open(path)?;
        let layer = |node: &Node| {
            let normalise = graph.normalise().filter(|_| node.input == Source::Input);
            let one = graph.nodes().len() == 1 && !node.spec.has_bias();
            if file.is_single() && !one {
                let name = format!("{}.weight", node.spec.tensors());
                let problem = "cannot be found by name: a .npy file holds one array, and a network takes .npz or .safetensors";
                return Err(file.error(&name, problem, &node.layer.weight_shape(), WEIGHT_FORM));
            }
            Tensors::of_node(node).read(&mut file, normalise)
        };
        graph.nodes().iter().map(layer).collect::<Result<_, _>>().map(Self::new)
    }
}

/// Reads the weights of a layer alone from a .npy, .npz or .safetensors file, as [`Weights::read`]
/// does: of a file of several tensors the one called `NAME.weight` after the layer.
///
/// # Errors
/// As [`Weights::read`].
pub fn read_layer(path: &Path, layer: &Layer) -> Result<LayerWeights, TensorError> {
    let mut file = TensorFile::open(path)?;
    let names = file.names();
    let (weight, shape) = (format!("{}.weight", layer.name()), layer.weight_shape());
    // The only tensor of a file is meant, whatever it is called.
    let weight = if let [only] = &names[..] { only.clone() } else { weight };
    let bits = layer.weight_bits();
    Tensors { weight, bias: None, bn: None, shape, bits }.read(&mut file, None)
}

/// The tensors of a layer.
struct Tensors {
    weight: String,
    bias: Option<String>,
    bn: Option<String>,
    shape: [usize; 4],
    bits: u32,
}

impl Tensors {
    fn of_node(node: &Node) -> Self {
        let prefix = node.spec.tensors();
        Self {
            weight: format!("{prefix}.weight"),
            bias: node.spec.bias.then(|| format!("{prefix}.bias")),
            bn: node.spec.bn.clone(),
            shape: node.layer.weight_shape(),
            bits: node.layer.weight_bits(),
        }
    }

    fn read(
        &self,
        file: &mut TensorFile,
        normalise: Option<&Normalise>,
    ) -> Result<LayerWeights, TensorError> {
        let TypedArray { element, values } = file.tensor(&self.weight, &self.shape, WEIGHT_FORM)?;
        let weights = weights_of(values);
        if element.is_integer() {
            return self.integers(file, weights);
        }
        let bias = self.bias.as_ref().map(|name| self.channels(file, name)).transpose()?;
        let mut real = RealWeights { weights, bias };
        if let Some(bn) = &self.bn {
            real.fold_batch_norm(&self.batch_norm(file, bn)?);
        }
        if let Some(normalise) = normalise {
            real.fold_normalise(normalise);
        }
        if !real.is_finite() {
            let problem = "is too large: what is folded into it makes it infinite";
            return Err(file.error(&self.weight, problem, &self.shape, WEIGHT_FORM));
        }
        Ok(real.quantise(self.bits))
    }

    /// Weights that are integers already.
    fn integers(
        &self,
        file: &mut TensorFile,
        weights: Array4<f64>,
    ) -> Result<LayerWeights, TensorError> {
        if let Some(bn) = &self.bn {
            let problem =
                format!("holds integers, into which batch normalisation {bn} cannot be folded");
            return Err(file.error(&self.weight, problem, &self.shape, "floats"));
        }
        let max = f64::from((1i32 << (self.bits - 1)) - 1);
        if let Some((at, weight)) = weights.indexed_iter().find(|(_, weight)| weight.abs() > max) {
            let problem = format!("has {weight} at {at:?}");
            let form = format!("integers within +-{max}, {} bits", self.bits);
            return Err(file.error(&self.weight, problem, &self.shape, &form));
        }
        let bias = self.bias.as_ref().map(|name| self.whole_channels(file, name)).transpose()?;
        Ok(LayerWeights::integers(weights.mapv(|weight| weight as i64), bias))
    }

    /// One number for each output channel.
    fn channels(&self, file: &mut TensorFile, name: &str) -> Result<Array1<f64>, TensorError> {
        file.tensor(name, &self.shape[..1], CHANNEL_FORM).map(|array| channels_of(array.values))
    }

    /// One whole number for each output channel.
    fn whole_channels(
        &self,
        file: &mut TensorFile,
        name: &str,
    ) -> Result<Array1<i64>, TensorError> {
        let values = self.channels(file, name)?;
        let fits = |value: &f64| value.fract() == 0.0 && value.abs() <= MAX_BIAS as f64;
        match values.indexed_iter().find(|(_, value)| !fits(value)) {
            None => Ok(values.mapv(|value| value as i64)),
            Some((at, value)) => {
                let problem = format!("has {value} at [{at}]");
                let form = "whole numbers up to 2^40, as the weights are integers";
                Err(file.error(name, problem, &self.shape[..1], form))
            }
        }
    }

    fn batch_norm(&self, file: &mut TensorFile, prefix: &str) -> Result<BatchNorm, TensorError> {
        let mut read = |name| self.channels(file, &format!("{prefix}.{name}"));
        let bn = BatchNorm {
            weight: read("weight")?,
            bias: read("bias")?,
            mean: read("running_mean")?,
            variance: read("running_var")?,
        };
        match bn.variance.indexed_iter().find(|(_, variance)| **variance < 0.0) {
            None => Ok(bn),
            Some((at, variance)) => {
                let problem = format!("has {variance} at [{at}]");
                let form = "variances of at least 0";
                Err(file.error(&format!("{prefix}.running_var"), problem, &self.shape[..1], form))
            }
        }
    }
}

/// Four dimensions, which the shape was checked to have.
fn weights_of(values: ArrayD<f64>) -> Array4<f64> {
    values.into_dimensionality::<Ix4>().unwrap_or_default()
}

/// One dimension, which the shape was checked to have.
fn channels_of(values: ArrayD<f64>) -> Array1<f64> {
    values.into_dimensionality::<Ix1>().unwrap_or_default()
}
