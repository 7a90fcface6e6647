//! A network as a graph: what each convolution takes, and what the client does with its result.

use crate::conv::{Layer, LayerSpec};

use super::activations::Width;
use super::normalise::{InputForm, Normalise};
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
    /// As [`Activation::Relu`], and values above 6 become 6.
    Relu6,
    /// Nothing: convolutions that take the result take it signed.
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
    /// Whether every output channel has a bias of its own.
    pub bias: bool,
    /// The batch normalisation that is folded into it.
    pub bn: Option<BatchNorm>,
    /// What is done to a picture before, where it takes the network's input.
    pub normalise: Option<Normalise>,
}

/// A node as a user gives it, unchecked: a convolution and what follows it, in the order of the
/// fields.
#[derive(Clone, Debug, PartialEq)]
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
    /// A batch normalisation that is folded into the weights and a bias.
    pub bn: Option<BatchNorm>,
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
    /// What the convolution takes.
    pub input: Source,
    /// What the shortcut takes.
    pub shortcut: Option<Source>,
    /// Shape of the node's result.
    pub shape: [usize; 3],
    /// The integers that the convolutions which take the result want; `None` where none takes it,
    /// and nothing needs to be quantised.
    pub width: Option<Width>,
}

/// A network that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    input: [usize; 3],
    form: InputForm,
    nodes: Vec<Node>,
}

impl Graph {
    /// A graph to be filled, for an input of (channels, height, width).
    pub const fn builder(input: [usize; 3]) -> GraphBuilder {
        GraphBuilder { input, width: None, normalise: None, nodes: Vec::new() }
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
        let takes_input = node.input == Source::Input;
        Origin {
            tensors: node.spec.tensors().to_owned(),
            bias: node.spec.bias,
            bn: node.spec.bn.clone(),
            normalise: self.form.normalise.clone().filter(|_| takes_input),
        }
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
    width: Option<Width>,
    normalise: Option<Normalise>,
    nodes: Vec<Node>,
}

impl GraphBuilder {
    /// Says what the network was trained to see, before any node is added: normalised inputs are
    /// signed.
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

    /// Adds a node. Whether its convolution takes signed values follows from what it takes, where it
    /// does not say.
    ///
    /// # Errors
    /// What is wrong with it, with its name and the field.
    pub fn push(&mut self, mut spec: NodeSpec) -> Result<(), GraphError> {
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
        let signed = self.sign(&spec, input).map_err(error("activation_signed"))?;
        spec.layer.activation_signed = Some(signed);
        let layer =
            Layer::new(&spec.layer).map_err(|problem| error(problem.field())(problem.into()))?;
        let sum_shape = layer.output_shape();
        let shortcut = spec.add.as_ref().map(|add| self.shortcut(add, sum_shape));
        let shortcut = shortcut.transpose().map_err(error("add"))?;
        let shape = match &spec.pool {
            Some(pool) => pool.shape(sum_shape).map_err(error("pool"))?,
            None => sum_shape,
        };
        self.take(input, Width::of(&layer)).map_err(error("activation_bits"))?;
        self.nodes.push(Node { spec, layer, input, shortcut, shape, width: None });
        Ok(())
    }

    /// The graph.
    ///
    /// # Errors
    /// That it has no node, or one whose result nothing takes.
    pub fn finish(self) -> Result<Graph, GraphError> {
        let Self { input, width, normalise, nodes } = self;
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
        let width = width.ok_or_else(empty)?;
        Ok(Graph { input, form: InputForm { width, normalise }, nodes })
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

    /// A convolution takes values of its own shape.
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
        Ok(())
    }

    /// Whether a convolution takes signed values: where they may be below 0, or where it says so.
    fn sign(&self, spec: &NodeSpec, input: Source) -> Result<bool, GraphProblem> {
        let may_be_negative = match input {
            Source::Input => self.normalise.is_some(),
            Source::Node(i) => self.nodes[i].spec.activation == Activation::None,
        };
        match spec.layer.activation_signed {
            Some(false) if may_be_negative => {
                Err(GraphProblem::Unsigned { from: self.name(input) })
            }
            given => Ok(given.unwrap_or(may_be_negative)),
        }
    }

    fn shortcut(&self, add: &Shortcut, to: [usize; 3]) -> Result<Source, GraphProblem> {
        let source = self.source(Some(&add.of))?;
        add.check(self.shape(source), to)?;
        Ok(source)
    }

    /// All convolutions that take the same values take the same integers.
    fn take(&mut self, input: Source, width: Width) -> Result<(), GraphProblem> {
        let taken = match input {
            Source::Input => &mut self.width,
            Source::Node(i) => &mut self.nodes[i].width,
        };
        match *taken.get_or_insert(width) {
            others if others == width => Ok(()),
            others => Err(GraphProblem::Width { width, others, from: self.name(input) }),
        }
    }
}
