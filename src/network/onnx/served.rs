//! A model whose linear nodes the server computes over integers.

use std::collections::BTreeMap;

use ndarray::Array3;
use rten::Value;
use rten_tensor::{AsView, Layout as _};

use super::coding::{Coding, range_of};
use super::error::ModelError;
use super::layer::{Bits, ServedLayer, layer};
use super::model::{Model, Node};
use super::run::Client;
use crate::network::run::check_sums;
use crate::network::{Convolution, LayerReport, RunError};

/// A linear node that the client computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLayer {
    /// The node's name.
    pub name: String,
    /// Its operator.
    pub operator: String,
    /// Why the server does not compute it.
    pub reason: String,
}

/// An input of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, the last side running fastest.
    pub values: Vec<f32>,
}

impl Given {
    fn value(&self, model: &str) -> Result<Value, ModelError> {
        let value = Value::from_shape(&self.shape, self.values.clone());
        value.map_err(|error| ModelError::Model {
            model: model.to_owned(),
            problem: format!("its input: {error}"),
        })
    }
}

/// An output of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedOutput {
    /// Its name in the file.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, the last side running fastest.
    pub values: Vec<f32>,
}

/// What the model in floats gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Its outputs.
    pub outputs: Vec<ServedOutput>,
    /// Of every layer of the server, what it gives.
    pub layers: Vec<Vec<f32>>,
    /// Of every layer of the server, the least and the largest of what it takes, and 0.
    pub ranges: Vec<[f32; 2]>,
}

/// A model for inputs of one shape.
#[derive(Debug)]
pub struct Served<'m> {
    model: &'m Model,
    client: Client,
    layers: Vec<ServedLayer>,
    client_layers: Vec<ClientLayer>,
    /// By node the layer.
    places: BTreeMap<usize, usize>,
}

/// How the layers of a model are served.
pub struct Options<'a> {
    /// Bits of the layer of this name.
    pub bits: &'a dyn Fn(&str) -> Bits,
    /// Whether the model's inputs have no values below 0.
    pub positive: bool,
    /// Whether the client computes what the server cannot.
    pub allow_client_layers: bool,
}

impl<'m> Served<'m> {
    /// The layers of `model` for inputs like `given`, whose shapes it runs the model in floats for.
    ///
    /// # Errors
    /// [`ModelError`] where the client cannot compute a node, or the server a linear one and the client may
    /// not.
    pub fn new(
        model: &'m Model,
        client: Client,
        given: &Given,
        options: &Options<'_>,
    ) -> Result<Self, ModelError> {
        let mut taken: BTreeMap<usize, (Vec<usize>, [f32; 2])> = BTreeMap::new();
        let seen = |index: usize, node: &Node, value: &Value| -> Result<_, ModelError> {
            if model.is_linear(node) {
                let range = floats(value).and_then(|values| range_of(&values));
                let shape = value.shape().iter().copied().collect();
                taken.insert(index, (shape, range.unwrap_or_default()));
            }
            Ok(None)
        };
        model.walk(&client, given.value(&model.name)?, seen, |_, _| Ok(()))?;
        let codings = model.codings(options.positive);
        let (mut layers, mut client_layers) = (Vec::new(), Vec::new());
        for (index, (shape, range)) in &taken {
            let node = &model.nodes[*index];
            let coding = node.inputs[0].map_or(Coding::Signed, |place| codings[place]);
            let coding = coding.for_range(*range);
            match layer(model, *index, shape, coding, (options.bits)(&node.name))? {
                Ok(layer) => layers.push(layer),
                Err(reason) => client_layers.push(ClientLayer {
                    name: node.name.clone(),
                    operator: node.operator.clone(),
                    reason,
                }),
            }
        }
        if !client_layers.is_empty() && !options.allow_client_layers {
            return Err(refused(model, &client_layers));
        }
        if layers.is_empty() {
            return Err(ModelError::Model {
                model: model.name.clone(),
                problem: "it has no convolution, nor a product with a constant matrix, that the \
                          server could compute"
                    .into(),
            });
        }
        let places = layers.iter().enumerate().map(|(place, layer)| (layer.node, place)).collect();
        Ok(Self { model, client, layers, client_layers, places })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        self.model.name()
    }

    /// The layers of the server, in order.
    pub fn layers(&self) -> &[ServedLayer] {
        &self.layers
    }

    /// The linear nodes of the client, in order.
    pub fn client_layers(&self) -> &[ClientLayer] {
        &self.client_layers
    }

    /// How often the client computes each operator, all but the server's nodes.
    pub fn client_operators(&self) -> BTreeMap<String, usize> {
        let mut operators = BTreeMap::new();
        let is_own = |index: &usize| !self.places.contains_key(index);
        for index in (0..self.model.nodes.len()).filter(is_own) {
            let operator = self.model.nodes[index].operator.clone();
            if operator != "Constant" {
                *operators.entry(operator).or_insert(0) += 1;
            }
        }
        operators
    }

    /// Sets the range of every layer's activations, that of all inputs to come.
    pub fn calibrate(&mut self, ranges: &[[f32; 2]]) {
        for (layer, range) in self.layers.iter_mut().zip(ranges) {
            layer.range = Some(*range);
        }
    }

    /// Gives one layer other bits.
    ///
    /// # Errors
    /// [`ModelError`] where its weights cannot be read any more.
    pub fn requantise(&mut self, place: usize, bits: Bits) -> Result<(), ModelError> {
        let Some(old) = self.layers.get(place) else { return Ok(()) };
        let shape = old.linear.input_shape();
        let (node, coding, range) = (old.node, old.coding, old.range);
        if let Ok(new) = layer(self.model, node, &shape, coding, bits)? {
            self.layers[place] = ServedLayer { range, ..new };
        }
        Ok(())
    }

    /// The model in floats.
    ///
    /// # Errors
    /// [`ModelError`] where the client cannot compute a node, or a value is not finite.
    pub fn reference(&self, given: &Given) -> Result<Reference, ModelError> {
        let mut ranges = vec![[0f32; 2]; self.layers.len()];
        let mut layers = vec![Vec::new(); self.layers.len()];
        let seen = |index: usize, node: &Node, value: &Value| -> Result<_, ModelError> {
            let Some(place) = self.places.get(&index) else { return Ok(None) };
            let range = floats(value).and_then(|values| range_of(&values));
            ranges[*place] = range.ok_or_else(|| {
                self.model.node_error(node, "takes values that are not finite floats")
            })?;
            Ok(None)
        };
        let done = |index: usize, value: &Value| {
            if let Some(place) = self.places.get(&index) {
                layers[*place] = floats(value).unwrap_or_default();
            }
            Ok(())
        };
        let outputs = self.model.walk(&self.client, given.value(self.name())?, seen, done)?;
        Ok(Reference { outputs: self.outputs(outputs), layers, ranges })
    }

    /// The model with the convolutions of `convolve`; `done` hears of every layer, and what it gives.
    ///
    /// # Errors
    /// [`RunError`]; those of `convolve` as [`RunError::Convolution`].
    pub fn run<E>(
        &self,
        given: &Given,
        mut convolve: impl FnMut(&Convolution<'_>) -> Result<Array3<i64>, E>,
        mut done: impl FnMut(usize, LayerReport, &[f32]),
    ) -> Result<Vec<ServedOutput>, RunError<E>> {
        let take = |index: usize, node: &Node, value: &Value| -> Result<_, RunError<E>> {
            let Some(place) = self.places.get(&index) else { return Ok(None) };
            let layer = &self.layers[*place];
            let (output, report) = self.step(*place, layer, node, value, &mut convolve)?;
            if let Some(values) = floats(&output) {
                done(*place, report, &values);
            }
            Ok(Some(output))
        };
        let outputs = self.model.walk(&self.client, given.value(self.name())?, take, |_, _| Ok(()));
        Ok(self.outputs(outputs?))
    }

    /// One layer.
    fn step<E>(
        &self,
        place: usize,
        layer: &ServedLayer,
        node: &Node,
        value: &Value,
        convolve: &mut impl FnMut(&Convolution<'_>) -> Result<Array3<i64>, E>,
    ) -> Result<(Value, LayerReport), RunError<E>> {
        let problem = |text: &str| RunError::Model(self.model.node_error(node, text));
        let planes = layer.linear.planes(value);
        let planes = planes.ok_or_else(|| problem("takes another shape than at first"))?;
        let range = range_of(&planes);
        let range = range.ok_or_else(|| problem("takes values that are not finite floats"))?;
        let integers = layer.integers(planes.view(), range);
        let input = layer.linear.prepare(integers.values.view(), integers.zero);
        let call = Convolution {
            index: place,
            layer: &layer.layer,
            input: &input,
            weights: &layer.weights,
            bias: None,
        };
        let sums = convolve(&call)
            .map_err(|source| RunError::Convolution { layer: layer.name.clone(), source })?;
        let largest_sum = check_sums(&layer.layer, &sums)?;
        let reals = layer.reals(&sums, &integers);
        let output = layer.linear.restore(&reals).ok_or_else(|| problem("gives another shape"))?;
        let report = LayerReport {
            name: layer.name.clone(),
            input_scale: integers.scale,
            zero_channels: layer.zero_channels(),
            largest_sum,
            scale: None,
            shape: layer.linear.output(),
        };
        Ok((output, report))
    }

    fn outputs(&self, values: Vec<Value>) -> Vec<ServedOutput> {
        let output = |(value, (_, name)): (Value, &(usize, String))| ServedOutput {
            name: name.clone(),
            shape: value.shape().iter().copied().collect(),
            values: floats(&value).unwrap_or_default(),
        };
        values.into_iter().zip(&self.model.outputs).map(output).collect()
    }
}

fn refused(model: &Model, layers: &[ClientLayer]) -> ModelError {
    let each =
        |layer: &ClientLayer| format!("node {} ({}): {}", layer.name, layer.operator, layer.reason);
    let layers: Vec<String> = layers.iter().map(each).collect();
    ModelError::Model {
        model: model.name.clone(),
        problem: format!(
            "the server cannot compute {}; with --allow-client-layers the client does",
            crate::network::listed(&layers)
        ),
    }
}

/// The values of a tensor, whole numbers as floats.
fn floats(value: &Value) -> Option<Vec<f32>> {
    match value {
        Value::FloatTensor(tensor) => Some(tensor.to_vec()),
        Value::Int32Tensor(tensor) => Some(tensor.to_vec().into_iter().map(|n| n as f32).collect()),
        _ => None,
    }
}
