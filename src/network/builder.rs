//! A graph as it is built, node by node, each checked against those before it.

use crate::conv::Layer;
use crate::nearest::nearest;

use super::Shortcut;
use super::activations::Width;
use super::graph::{Graph, INPUT, Node, NodeSpec, Source};
use super::normalise::{InputForm, InputRange};
use super::problem::{GraphError, GraphProblem};

/// A graph to which nodes are added.
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    input: [usize; 3],
    width: Option<Width>,
    range: InputRange,
    nodes: Vec<Node>,
    outputs: Vec<usize>,
}

impl GraphBuilder {
    pub(super) const fn new(input: [usize; 3]) -> Self {
        Self { input, width: None, range: InputRange::UNIT, nodes: Vec::new(), outputs: Vec::new() }
    }

    /// Says what values the input has, before any node is added.
    pub fn range(&mut self, range: InputRange) {
        self.range = range;
    }

    /// Says that the result of a node is an output; where no node's is, that of the last one is.
    ///
    /// # Errors
    /// That no node is called this, or that it was said before.
    pub fn output(&mut self, name: &str) -> Result<(), GraphProblem> {
        let names = || self.nodes.iter().map(|node| node.spec.name());
        let place = names().position(|node| node == name);
        let place = place.ok_or_else(|| GraphProblem::NoOutput {
            name: name.into(),
            nearest: nearest(name, names()).unwrap_or_default().into(),
        })?;
        if self.outputs.contains(&place) {
            return Err(GraphProblem::Twice { name: name.into() });
        }
        self.outputs.push(place);
        Ok(())
    }

    /// Shape of what the next node takes when it says `from`: the channels of all one after the other, and
    /// where it is dense all values as channels of one pixel.
    ///
    /// # Errors
    /// That no node is called this, or planes differ; `layer` is the name of the next node.
    pub fn shape_of(
        &self,
        layer: &str,
        from: &[String],
        is_dense: bool,
    ) -> Result<[usize; 3], GraphError> {
        let sources = self.sources(from).map_err(|problem| problem.of(layer, "from"))?;
        self.taken(&sources, is_dense).map_err(|problem| problem.of(layer, "from"))
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
        let inputs = self.sources(&spec.from).map_err(error("from"))?;
        let given = self.taken(&inputs, spec.is_dense).map_err(error("from"))?;
        self.check_input(&spec, &inputs, given)
            .map_err(|(field, problem)| error(field)(problem))?;
        let signed = self.sign(&spec, &inputs).map_err(error("activation_signed"))?;
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
        if let [input] = inputs[..] {
            self.take(input, Width::of(&layer)).map_err(error("activation_bits"))?;
        }
        self.nodes.push(Node { spec, layer, inputs, shortcut, shape, width: None });
        Ok(())
    }

    /// The graph.
    ///
    /// # Errors
    /// That it has no node, or one whose result nothing takes.
    pub fn finish(self) -> Result<Graph, GraphError> {
        let Self { input, width, range, nodes, mut outputs } = self;
        let empty = || GraphProblem::Empty.of(INPUT, "layer");
        let last = nodes.len().checked_sub(1).ok_or_else(empty)?;
        if outputs.is_empty() {
            outputs.push(last);
        }
        let takes = |source| {
            nodes.iter().any(|node| node.inputs.contains(&source) || node.shortcut == Some(source))
        };
        let is_lost = |i: &usize| !outputs.contains(i) && !takes(Source::Node(*i));
        if let Some(lost) = (0..nodes.len()).find(is_lost) {
            return Err(GraphProblem::Unused.of(nodes[lost].spec.name(), "name"));
        }
        // The first node takes the input, and nothing beside it.
        let width = width.ok_or_else(empty)?;
        Ok(Graph::new(input, InputForm { width, range }, nodes, outputs))
    }

    /// What a node takes that says `from`.
    fn sources(&self, from: &[String]) -> Result<Vec<Source>, GraphProblem> {
        if from.is_empty() {
            return Ok(vec![self.source(None)?]);
        }
        let twin = |(i, name): &(usize, &String)| from[..*i].contains(*name);
        match from.iter().enumerate().find(twin) {
            Some((_, name)) => Err(GraphProblem::Twice { name: name.clone() }),
            None => from.iter().map(|name| self.source(Some(name))).collect(),
        }
    }

    /// The shape of what these give together.
    fn taken(&self, sources: &[Source], is_dense: bool) -> Result<[usize; 3], GraphProblem> {
        let Some((first, others)) = sources.split_first() else { return Err(GraphProblem::Empty) };
        let mut shape = self.shape(*first);
        for other in others {
            let [channels, height, width] = self.shape(*other);
            if [height, width] != shape[1..] {
                return Err(GraphProblem::Planes {
                    one: self.name(*first),
                    of_one: [shape[1], shape[2]],
                    other: self.name(*other),
                    of_other: [height, width],
                });
            }
            shape[0] = shape[0].saturating_add(channels);
        }
        let values = || shape.iter().fold(1usize, |values, side| values.saturating_mul(*side));
        Ok(if is_dense { [values(), 1, 1] } else { shape })
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

    /// The names of what a node takes.
    fn names(&self, sources: &[Source]) -> String {
        let names: Vec<String> = sources.iter().map(|source| self.name(*source)).collect();
        names.join(" and ")
    }

    /// A convolution takes values of its own shape.
    fn check_input(
        &self,
        spec: &NodeSpec,
        sources: &[Source],
        given: [usize; 3],
    ) -> Result<(), (&'static str, GraphProblem)> {
        let layer = &spec.layer;
        for (field, value, given) in [
            ("in_channels", layer.in_channels, given[0]),
            ("height", layer.height, given[1]),
            ("width", layer.width, given[2]),
        ] {
            if value != given {
                let from = self.names(sources);
                return Err((field, GraphProblem::Input { field, value, given, from }));
            }
        }
        Ok(())
    }

    /// Whether a convolution takes signed values: where they may be below 0, or where it says so.
    fn sign(&self, spec: &NodeSpec, sources: &[Source]) -> Result<bool, GraphProblem> {
        let is_signed = |source: &&Source| match source {
            Source::Input => self.range.is_signed(),
            Source::Node(i) => self.nodes[*i].spec.activation.is_signed(),
        };
        let negative = sources.iter().find(is_signed);
        match (spec.layer.activation_signed, negative) {
            (Some(false), Some(source)) => Err(GraphProblem::Unsigned { from: self.name(*source) }),
            (given, negative) => Ok(given.unwrap_or(negative.is_some())),
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
