//! A network as a graph: what each convolution takes, and what the client does with its result.

use crate::conv::{Layer, LayerSpec};

use super::problem::{GraphError, GraphProblem};
use super::{Pool, Shortcut};

/// The name that stands for the network's input.
pub const INPUT: &str = "input";

/// What the client applies to the sums of a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Negative values become 0.
    #[default]
    Relu,
    /// As [`Activation::Relu`], and values that stand for more than 6 become 6.
    Relu6,
    /// Nothing: the result stays signed, and only a shortcut or the end of the network takes it.
    None,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Relu, Self::Relu6, Self::None];

    /// The word for it in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::None => "none",
        }
    }
}

/// A node as a user gives it, unchecked: a convolution and what follows it, in the order of the
/// fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// The convolution; its name is the node's.
    pub layer: LayerSpec,
    /// The node whose result it takes; the node before it where absent.
    pub from: Option<String>,
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
    /// The same for a batch normalisation that is folded into the weights and a bias.
    pub bn: Option<String>,
}

impl NodeSpec {
    /// A convolution that takes the node before it, and relu.
    pub fn new(layer: LayerSpec) -> Self {
        let (from, add, pool, weights, bn) = (None, None, None, None, None);
        Self { layer, from, bias: false, add, activation: Activation::Relu, pool, weights, bn }
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

/// A node of a checked graph. Shapes are (channels, height, width).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What the user gave.
    pub spec: NodeSpec,
    /// The convolution.
    pub layer: Layer,
    /// What the convolution takes.
    pub input: Source,
    /// What the shortcut takes.
    pub shortcut: Option<Source>,
    /// Shape of the node's result.
    pub shape: [usize; 3],
    /// Bits that the convolutions which take the result want; `None` where none takes it, and
    /// nothing needs to be requantised.
    pub bits: Option<u32>,
}

/// What a network was trained to see: each channel less `mean`, divided by `std`, of values from 0
/// to 1. Reading real weights folds it into the layers that take the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalise {
    /// One for each input channel.
    pub mean: Vec<f64>,
    /// One for each input channel, above 0.
    pub std: Vec<f64>,
}

/// A network that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    input: [usize; 3],
    input_bits: u32,
    normalise: Option<Normalise>,
    nodes: Vec<Node>,
}

impl Graph {
    /// A graph to be filled, for an input of (channels, height, width).
    pub const fn builder(input: [usize; 3]) -> GraphBuilder {
        GraphBuilder { input, input_bits: None, normalise: None, nodes: Vec::new() }
    }

    /// Shape of the input: channels, height, width.
    pub const fn input_shape(&self) -> [usize; 3] {
        self.input
    }

    /// Bits of the input's unsigned activations.
    pub const fn input_bits(&self) -> u32 {
        self.input_bits
    }

    /// What the network was trained to see.
    pub const fn normalise(&self) -> Option<&Normalise> {
        self.normalise.as_ref()
    }

    /// The nodes; each takes earlier ones alone, and the last one's result is the output.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
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

/// A graph to which nodes are added.
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    input: [usize; 3],
    input_bits: Option<u32>,
    normalise: Option<Normalise>,
    nodes: Vec<Node>,
}

impl GraphBuilder {
    /// Says what the network was trained to see.
    pub fn normalise(&mut self, normalise: Normalise) {
        self.normalise = Some(normalise);
    }

    /// Shape of what the next node takes when it says `from`.
    ///
    /// # Errors
    /// That no node is called this; `layer` is the name of the next node.
    pub fn shape_of(&self, layer: &str, from: Option<&str>) -> Result<[usize; 3], GraphError> {
        let source = self.source(from).map_err(|problem| problem.of(layer, "from"))?;
        Ok(self.shape(source))
    }

    /// Adds a node.
    ///
    /// # Errors
    /// What is wrong with it, with its name and the field.
    pub fn push(&mut self, spec: NodeSpec) -> Result<(), GraphError> {
        let name = spec.name().to_owned();
        let error = |field| {
            let name = name.clone();
            move |problem: GraphProblem| problem.of(&name, field)
        };
        if name == INPUT || self.nodes.iter().any(|node| node.spec.name() == name) {
            return Err(error("name")(GraphProblem::Name));
        }
        let input = self.source(spec.from.as_deref()).map_err(error("from"))?;
        self.check_input(&spec, input).map_err(|(field, problem)| error(field)(problem))?;
        let layer =
            Layer::new(&spec.layer).map_err(|problem| error(problem.field())(problem.into()))?;
        let sum_shape = layer.output_shape();
        let shortcut = spec.add.as_ref().map(|add| self.shortcut(add, sum_shape));
        let shortcut = shortcut.transpose().map_err(error("add"))?;
        let shape = match &spec.pool {
            Some(pool) => pool.shape(sum_shape).map_err(error("pool"))?,
            None => sum_shape,
        };
        self.take_bits(input, &spec).map_err(error("activation_bits"))?;
        self.nodes.push(Node { spec, layer, input, shortcut, shape, bits: None });
        Ok(())
    }

    /// The graph.
    ///
    /// # Errors
    /// That it has no node, or one whose result nothing takes.
    pub fn finish(self) -> Result<Graph, GraphError> {
        let Self { input, input_bits, normalise, nodes } = self;
        let empty = || GraphProblem::Empty.of(INPUT, "layer");
        let (_, all_but_last) = nodes.split_last().ok_or_else(empty)?;
        let takes = |i| {
            nodes
                .iter()
                .any(|node| node.input == Source::Node(i) || node.shortcut == Some(Source::Node(i)))
        };
        if let Some(lost) = (0..all_but_last.len()).find(|i| !takes(*i)) {
            return Err(GraphProblem::Unused.of(nodes[lost].spec.name(), "name"));
        }
        let input_bits = input_bits.ok_or_else(empty)?;
        Ok(Graph { input, input_bits, normalise, nodes })
    }

    fn source(&self, from: Option<&str>) -> Result<Source, GraphProblem> {
        match (from, self.nodes.len()) {
            (None, 0) | (Some(INPUT), _) => Ok(Source::Input),
            (None, count) => Ok(Source::Node(count - 1)),
            (Some(name), _) => {
                let found = self.nodes.iter().position(|node| node.spec.name() == name);
                found.map(Source::Node).ok_or_else(|| {
                    let names = self.nodes.iter().map(|node| node.spec.name());
                    GraphProblem::no_such_layer(name, names.chain([INPUT]))
                })
            }
        }
    }

    fn shape(&self, source: Source) -> [usize; 3] {
        match source {
            Source::Input => self.input,
            Source::Node(i) => self.nodes[i].shape,
        }
    }

    fn name(&self, source: Source) -> String {
        match source {
            Source::Input => INPUT.into(),
            Source::Node(i) => self.nodes[i].spec.name().into(),
        }
    }

    /// A convolution takes unsigned values of its own shape.
    fn check_input(
        &self,
        spec: &NodeSpec,
        input: Source,
    ) -> Result<(), (&'static str, GraphProblem)> {
        let given = self.shape(input);
        let layer = &spec.layer;
        for (field, value, given) in [
            ("in_channels", layer.in_channels, given[0]),
            ("height", layer.height, given[1]),
            ("width", layer.width, given[2]),
        ] {
            if value != given {
                let from = self.name(input);
                return Err((field, GraphProblem::Input { field, value, given, from }));
            }
        }
        match input {
            Source::Node(i) if self.nodes[i].spec.activation == Activation::None => {
                Err(("from", GraphProblem::Signed { from: self.name(input) }))
            }
            _ => Ok(()),
        }
    }

    fn shortcut(&self, add: &Shortcut, to: [usize; 3]) -> Result<Source, GraphProblem> {
        let source = self.source(Some(&add.of))?;
        add.check(self.shape(source), to)?;
        Ok(source)
    }

    /// All convolutions that take the same values take them with as many bits.
    fn take_bits(&mut self, input: Source, spec: &NodeSpec) -> Result<(), GraphProblem> {
        let value = spec.layer.activation_bits;
        let bits = match input {
            Source::Input => &mut self.input_bits,
            Source::Node(i) => &mut self.nodes[i].bits,
        };
        match *bits.get_or_insert(value) {
            others if others == value => Ok(()),
            others => Err(GraphProblem::Bits { value, others, from: self.name(input) }),
        }
    }
}
