//! A network as a graph: what each convolution takes, and what the client does with its result.

use crate::conv::{Layer, LayerSpec};

use super::activations::Width;
use super::normalise::{InputForm, Normalise};
use super::{Activation, GraphBuilder, Pool, Shortcut};

/// The name that stands for the network's input.
pub const INPUT: &str = "input";

/// A batch normalisation that is folded into a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// What the names of its tensors begin with in a file of weights.
    pub name: String,
    /// What is added to its variances.
    pub epsilon: f64,
}

impl BatchNorm {
    /// PyTorch's epsilon; Keras has 1e-3.
    pub const EPSILON: f64 = 1e-5;

    /// One with PyTorch's epsilon.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), epsilon: Self::EPSILON }
    }
}

/// What a layer of a network takes over from it when it is run alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// What the names of its tensors begin with in a file of weights.
    pub tensors: String,
    /// Whether its weights are a matrix.
    pub is_dense: bool,
    /// Whether every output channel has a bias of its own.
    pub bias: bool,
    /// The batch normalisation that is folded into it.
    pub bn: Option<BatchNorm>,
    /// What is done to a picture before, where it takes the network's input.
    pub normalise: Option<Normalise>,
}

impl Origin {
    /// Of a layer that has nothing but a name.
    pub(super) fn of_name(name: &str) -> Self {
        Self { tensors: name.into(), is_dense: false, bias: false, bn: None, normalise: None }
    }
}

/// A node as a user gives it, unchecked: a convolution and what follows it, in the order of the
/// fields.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// The convolution; its name is the node's.
    pub layer: LayerSpec,
    /// The nodes whose results it takes, their channels one after the other; the node before it where
    /// there are none.
    pub from: Vec<String>,
    /// Whether it takes all values, channel by channel and row by row, as channels of one pixel each.
    pub is_dense: bool,
    /// Whether every output channel has a bias.
    pub bias: bool,
    /// What is added to the sums.
    pub add: Option<Shortcut>,
    /// What is applied to the sums.
    pub activation: Activation,
    /// Pooling, after the activation.
    pub pool: Option<Pool>,
    /// What the names of its tensors begin with in a file of weights; its own name where absent.
    pub weights: Option<String>,
    /// A batch normalisation that is folded into the weights and a bias.
    pub bn: Option<BatchNorm>,
}

impl NodeSpec {
    /// A convolution that takes the node before it, and relu.
    pub fn new(layer: LayerSpec) -> Self {
        Self {
            layer,
            from: Vec::new(),
            is_dense: false,
            bias: false,
            add: None,
            activation: Activation::Relu,
            pool: None,
            weights: None,
            bn: None,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.layer.name
    }

    /// What the names of its tensors begin with.
    pub fn tensors(&self) -> &str {
        self.weights.as_deref().unwrap_or(self.name())
    }

    /// Whether its sums have a bias, its own or that of a folded batch normalisation.
    pub const fn has_bias(&self) -> bool {
        self.bias || self.bn.is_some()
    }
}

/// Where a node's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The network's input.
    Input,
    /// The result of the node with this index.
    Node(usize),
}

impl Source {
    /// Where its values stand in a list of them: the input first, then the nodes.
    pub(super) const fn slot(self) -> usize {
        match self {
            Self::Input => 0,
            Self::Node(i) => i + 1,
        }
    }

    /// The source whose values stand there.
    pub(super) const fn of_slot(slot: usize) -> Self {
        match slot {
            0 => Self::Input,
            _ => Self::Node(slot - 1),
        }
    }
}

/// A node of a checked graph. Shapes are (channels, height, width).
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What the user gave.
    pub spec: NodeSpec,
    /// The convolution.
    pub layer: Layer,
    /// What the convolution takes: one result, or the channels of several.
    pub inputs: Vec<Source>,
    /// What the shortcut takes.
    pub shortcut: Option<Source>,
    /// Shape of the node's result.
    pub shape: [usize; 3],
    /// The integers that the convolutions which take the result alone want; `None` where none does, and
    /// nothing needs to be quantised.
    pub width: Option<Width>,
}

impl Node {
    /// Whether the convolution takes the result of `source`, and nothing else.
    pub(super) fn takes_alone(&self, source: Source) -> bool {
        self.inputs == [source]
    }

    /// Whether the client needs the real values of `source` for it: to add them, or to put them together
    /// with others before they are quantised.
    pub(super) fn takes_reals(&self, source: Source) -> bool {
        let is_part = self.inputs.len() > 1 && self.inputs.contains(&source);
        is_part || self.shortcut == Some(source)
    }
}

/// A network that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    input: [usize; 3],
    form: InputForm,
    nodes: Vec<Node>,
    outputs: Vec<usize>,
}

impl Graph {
    /// A graph to be filled, for an input of (channels, height, width).
    pub const fn builder(input: [usize; 3]) -> GraphBuilder {
        GraphBuilder::new(input)
    }

    /// A graph that was checked.
    pub(super) const fn new(
        input: [usize; 3],
        form: InputForm,
        nodes: Vec<Node>,
        outputs: Vec<usize>,
    ) -> Self {
        Self { input, form, nodes, outputs }
    }

    /// Shape of the input: channels, height, width.
    pub const fn input_shape(&self) -> [usize; 3] {
        self.input
    }

    /// How real inputs become the integers of the first convolutions.
    pub const fn input_form(&self) -> &InputForm {
        &self.form
    }

    /// What a node takes over when it is run alone.
    pub fn origin(&self, node: &Node) -> Origin {
        let takes_input = node.takes_alone(Source::Input);
        Origin {
            tensors: node.spec.tensors().to_owned(),
            is_dense: node.spec.is_dense,
            bias: node.spec.bias,
            bn: node.spec.bn.clone(),
            normalise: self.form.range.normalise().filter(|_| takes_input).cloned(),
        }
    }

    /// The nodes; each takes earlier ones alone.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The nodes whose results are the outputs, by their places; there is at least one.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Whether a result is an output.
    pub(super) fn gives(&self, source: Source) -> bool {
        matches!(source, Source::Node(place) if self.outputs.contains(&place))
    }

    /// Weights of all convolutions, without biases.
    pub fn weight_count(&self) -> u64 {
        self.nodes.iter().map(|node| node.layer.weight_count() as u64).sum()
    }

    /// Multiply-adds of all convolutions, those on padding included.
    pub fn multiply_adds(&self) -> u64 {
        self.nodes.iter().map(|node| node.layer.multiply_adds() as u64).sum()
    }
}
