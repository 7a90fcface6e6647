//! From the messages of a file to a model, checked on the way.

use std::collections::{HashMap, HashSet};

use rten::ModelOptions;
use rten_onnx::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

use super::attributes::{Attribute, Attributes};
use super::bound::Stored;
use super::error::ModelError;
use super::lower;
use super::model::{Model, Node, Slot};
use super::operators::is_known;
use super::panics::caught;
use super::run::stored;
use super::tensor::{self, External};

/// The versions of the operator set that can be read: those before it say shapes and axes in other ways.
const VERSIONS: std::ops::RangeInclusive<i64> = 7..=25;

/// The most nodes of a model, and the most tensors that one of them takes or gives.
const MOST_NODES: usize = 1 << 16;
const MOST_ENDS: usize = 1 << 12;

pub(super) fn check_version(proto: &ModelProto) -> Result<(), String> {
    let is_onnx =
        |domain: &Option<String>| matches!(domain.as_deref(), None | Some("" | "ai.onnx"));
    let set = proto.opset_import.iter().find(|set| is_onnx(&set.domain));
    let version = set.and_then(|set| set.version);
    let version = version.ok_or("no ONNX model: it does not say which operator set it is of")?;
    if VERSIONS.contains(&version) {
        return Ok(());
    }
    let (least, most) = VERSIONS.into_inner();
    Err(format!("operator set {version}; sets {least} to {most} are taken: convert the model"))
}

/// Takes a model apart.
pub(super) struct Reader<'a, 'b> {
    pub(super) model: &'a str,
    pub(super) external: &'a mut External<'b>,
}

/// Names of values, and what is known of them.
#[derive(Default)]
struct Names {
    places: HashMap<String, usize>,
    all: Vec<String>,
    constant: Vec<bool>,
    /// Names of nodes.
    nodes: HashSet<String>,
    /// How many sides tensors of the file have, by their places.
    sides: HashMap<usize, usize>,
}

impl Names {
    /// A new value; `None` where there is one of this name.
    fn add(&mut self, name: &str, is_constant: bool) -> Option<usize> {
        let place = self.all.len();
        let is_new = self.places.insert(name.to_owned(), place).is_none();
        self.all.push(name.to_owned());
        self.constant.push(is_constant);
        is_new.then_some(place)
    }
}

/// What RTen is told a value is called: names of values and nodes may be the same in files.
fn rten_name(place: usize) -> String {
    format!("v{place}")
}

impl Reader<'_, '_> {
    fn error(&self, problem: impl Into<String>) -> ModelError {
        ModelError::Model { model: self.model.to_owned(), problem: problem.into() }
    }

    /// The model, which a run may take so many bytes for.
    ///
    /// # Errors
    /// [`ModelError`] naming what is wrong.
    pub(super) fn model(mut self, proto: ModelProto, max_memory: u64) -> Result<Model, ModelError> {
        let ModelProto { graph, opset_import, ir_version, .. } = proto;
        let graph = graph.ok_or_else(|| self.error("no ONNX model: it has no graph"))?;
        let GraphProto { node, initializer, input, output, .. } = graph;
        if node.len() > MOST_NODES {
            return Err(self.error(format!("{} nodes; {MOST_NODES} are taken", node.len())));
        }
        let mut names = Names::default();
        let initializer = self.initializers(initializer, &mut names)?;
        let (place, sides) = self.input(&input, &mut names)?;
        let nodes = self.nodes(node, &mut names)?;
        let outputs = self.outputs(&output, &names)?;
        let (nodes, protos) = needed(nodes, &outputs, names.all.len());
        let value = |place: usize| ValueInfoProto { name: Some(rten_name(place)), r#type: None };
        let graph = GraphProto {
            node: protos,
            initializer,
            input: vec![value(place)],
            output: outputs.iter().map(|(place, _)| value(*place)).collect(),
            value_info: Vec::new(),
        };
        let proto =
            ModelProto { graph: Some(graph), opset_import, ir_version, ..ModelProto::default() };
        let rten = self.rten(&proto, &nodes)?;
        let values = slots(names, &nodes, &outputs, &rten);
        let name = self.model.to_owned();
        let (input, allowed) = (place, max_memory);
        let digest = String::new();
        Ok(Model { name, nodes, values, input, sides, outputs, rten, allowed, digest })
    }

    fn tensor(&mut self, name: &str, tensor: &mut TensorProto) -> Result<(), ModelError> {
        tensor::check(tensor, self.external).map_err(|problem| ModelError::Tensor {
            model: self.model.to_owned(),
            tensor: name.to_owned(),
            problem,
        })
    }

    fn initializers(
        &mut self,
        tensors: Vec<TensorProto>,
        names: &mut Names,
    ) -> Result<Vec<TensorProto>, ModelError> {
        let mut checked = Vec::new();
        for mut tensor in tensors {
            let name = tensor.name.clone().unwrap_or_default();
            self.tensor(&name, &mut tensor)?;
            let place = names.add(&name, true);
            let place = place.ok_or_else(|| self.error(format!("two tensors {name:?}")))?;
            tensor.name = Some(rten_name(place));
            names.sides.insert(place, tensor.dims.len());
            checked.push(tensor);
        }
        Ok(checked)
    }

    /// The one input that is no tensor of the file, and its sides.
    fn input(
        &self,
        inputs: &[ValueInfoProto],
        names: &mut Names,
    ) -> Result<(usize, Vec<Option<usize>>), ModelError> {
        let name = |input: &ValueInfoProto| input.name.clone().unwrap_or_default();
        let inputs: Vec<&ValueInfoProto> =
            inputs.iter().filter(|input| !names.places.contains_key(&name(input))).collect();
        let [input] = inputs[..] else {
            let all: Vec<String> = inputs.into_iter().map(name).collect();
            let found = if all.is_empty() { "none".into() } else { all.join(", ") };
            return Err(
                self.error(format!("its inputs are {found}; models of one input are taken"))
            );
        };
        let tensor = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let element = tensor.and_then(|tensor| tensor.elem_type);
        if element.is_some_and(|element| element != rten_onnx::onnx::DataType::FLOAT) {
            let element = element.map(|element| element.to_string()).unwrap_or_default();
            return Err(self.error(format!("its input is of type {element}; FLOAT is taken")));
        }
        let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| &shape.dim);
        let side = |value: i64| usize::try_from(value).ok().filter(|side| *side > 0);
        let sides = dims.into_iter().flatten().map(|dim| dim.dim_value.and_then(side)).collect();
        let place = names.add(&name(input), false);
        place.map(|place| (place, sides)).ok_or_else(|| self.error("its input has no name"))
    }

    fn outputs(
        &self,
        outputs: &[ValueInfoProto],
        names: &Names,
    ) -> Result<Vec<(usize, String)>, ModelError> {
        let output = |output: &ValueInfoProto| {
            let name = output.name.clone().unwrap_or_default();
            let place = names.places.get(&name).copied();
            let place =
                place.ok_or_else(|| self.error(format!("nothing gives its output {name:?}")))?;
            if names.constant[place] {
                return Err(self.error(format!("its output {name:?} does not depend on its input")));
            }
            Ok((place, name))
        };
        let outputs: Vec<(usize, String)> = outputs.iter().map(output).collect::<Result<_, _>>()?;
        let is_distinct = |i: usize| outputs[..i].iter().all(|other| other.0 != outputs[i].0);
        if outputs.is_empty() || !(0..outputs.len()).all(is_distinct) {
            return Err(self.error("it has no output, or one twice"));
        }
        Ok(outputs)
    }

    /// Nodes in order, and what RTen is told of them.
    fn nodes(
        &mut self,
        protos: Vec<NodeProto>,
        names: &mut Names,
    ) -> Result<Vec<(Node, NodeProto)>, ModelError> {
        let node = |(index, proto)| self.node(index, proto, names);
        protos.into_iter().enumerate().map(node).collect()
    }

    fn node(
        &mut self,
        index: usize,
        mut proto: NodeProto,
        names: &mut Names,
    ) -> Result<(Node, NodeProto), ModelError> {
        // As messages say it.
        let operator = proto.op_type.as_deref().unwrap_or_default().chars();
        let operator: String = operator.filter(|c| !c.is_control()).take(40).collect();
        let mut name = node_name(&proto, index, &operator);
        if !names.nodes.insert(name.clone()) {
            name = format!("{name}_{index}");
            names.nodes.insert(name.clone());
        }
        let error = |problem: String| ModelError::Node {
            model: self.model.to_owned(),
            node: name.clone(),
            operator: operator.clone(),
            problem,
        };
        check_operator(&proto, &operator).map_err(error)?;
        if proto.input.len() > MOST_ENDS || proto.output.len() > MOST_ENDS {
            return Err(error(format!("takes or gives more than {MOST_ENDS} tensors")));
        }
        let mut inputs = Vec::new();
        for input in &mut proto.input {
            if input.is_empty() {
                inputs.push(None);
                continue;
            }
            let Some(place) = names.places.get(input.as_str()).copied() else {
                return Err(error(format!(
                    "takes {input:?}, which neither an input, a tensor of the file nor a node before it gives"
                )));
            };
            *input = rten_name(place);
            inputs.push(Some(place));
        }
        let weights = inputs.get(1).copied().flatten();
        let sides = weights.and_then(|place| names.sides.get(&place)).copied();
        // Weights that nodes make are of convolutions of pictures.
        say_defaults(&mut proto, &operator, sides.unwrap_or(4).saturating_sub(2));
        let is_constant = inputs.iter().flatten().all(|place| names.constant[*place]);
        let mut outputs = Vec::new();
        for output in &mut proto.output {
            if output.is_empty() {
                outputs.push(None);
                continue;
            }
            let place = names.add(output, is_constant);
            let Some(place) = place else {
                return Err(error(format!("gives {output:?}, which there is already")));
            };
            *output = rten_name(place);
            outputs.push(Some(place));
        }
        if outputs.iter().flatten().next().is_none() {
            return Err(error("gives nothing".into()));
        }
        for attribute in &mut proto.attribute {
            if let Some(tensor) = &mut attribute.t {
                let what = attribute.name.clone().unwrap_or_default();
                self.tensor(&format!("{what} of node {name}"), tensor)?;
            }
        }
        let attributes: Vec<Attribute> = proto.attribute.iter().map(Attribute::from).collect();
        if lower::check(&operator, Attributes(&attributes)).map_err(error)? {
            proto.attribute.retain(|attribute| attribute.name.as_deref() != Some("auto_pad"));
        }
        proto.name = None;
        Ok((Node { name, operator, attributes, inputs, outputs }, proto))
    }

    /// RTen's form of the model.
    fn rten(&self, proto: &ModelProto, nodes: &[Node]) -> Result<rten::Model, ModelError> {
        let bytes = proto.write_buf().map_err(|error| self.error(error.to_string()))?;
        let mut options = ModelOptions::with_all_ops();
        options.enable_optimization(false);
        let loaded = caught(|| options.load(bytes).map_err(|error| error.to_string()));
        loaded.map_err(|problem| self.blamed(&problem, nodes))
    }

    /// What RTen says when it reads a model, which names no node: the first that it alone will not
    /// have either.
    fn blamed(&self, problem: &str, nodes: &[Node]) -> ModelError {
        let named = |node: &&Node| problem.contains(&format!("\"{}\"", node.operator));
        match nodes.iter().find(named) {
            Some(node) => ModelError::Node {
                model: self.model.to_owned(),
                node: node.name.clone(),
                operator: node.operator.clone(),
                problem: problem.to_owned(),
            },
            None => self.error(problem),
        }
    }
}

/// What is known of every value.
fn slots(
    names: Names,
    nodes: &[Node],
    outputs: &[(usize, String)],
    rten: &rten::Model,
) -> Vec<Slot> {
    let mut last = vec![0; names.all.len()];
    for (index, node) in nodes.iter().enumerate() {
        node.inputs.iter().flatten().for_each(|place| last[*place] = index + 1);
    }
    for (place, _) in outputs {
        last[*place] = usize::MAX;
    }
    let mut is_made = vec![false; last.len()];
    for node in nodes.iter().filter(|node| node.operator != "Constant") {
        node.outputs.iter().flatten().for_each(|place| is_made[*place] = true);
    }
    let all = names.all.into_iter().zip(names.constant).zip(last).enumerate();
    let slot = |(place, ((name, is_constant), last)): (usize, ((String, bool), usize))| {
        let id = rten.find_node(&rten_name(place));
        let held = id.filter(|_| is_constant && last > 0 && !is_made[place]);
        let known = held.and_then(|id| stored(rten, id)).map(Stored::of);
        Slot { id, name, is_constant, last, known }
    };
    all.map(slot).collect()
}

/// Says what a convolution over so many sides leaves to be known from its weights, which RTen does not look
/// at.
fn say_defaults(proto: &mut NodeProto, operator: &str, sides: usize) {
    if !operator.starts_with("Conv") || sides > 3 {
        return;
    }
    for (name, values) in
        [("strides", vec![1; sides]), ("dilations", vec![1; sides]), ("pads", vec![0; 2 * sides])]
    {
        let is_said = |one: &AttributeProto| one.name.as_deref() == Some(name);
        if !proto.attribute.iter().any(is_said) {
            let name = Some(name.to_owned());
            proto.attribute.push(AttributeProto { name, ints: values, ..Default::default() });
        }
    }
}

/// The nodes that an output depends on, of a model of so many values.
fn needed(
    nodes: Vec<(Node, NodeProto)>,
    outputs: &[(usize, String)],
    values: usize,
) -> (Vec<Node>, Vec<NodeProto>) {
    let mut is_needed = vec![false; values];
    for (place, _) in outputs {
        is_needed[*place] = true;
    }
    let mut kept = Vec::new();
    for (node, proto) in nodes.into_iter().rev() {
        if node.outputs.iter().flatten().any(|place| is_needed[*place]) {
            node.inputs.iter().flatten().for_each(|place| is_needed[*place] = true);
            kept.push((node, proto));
        }
    }
    kept.into_iter().rev().unzip()
}

/// The name of a node as reports say it: its own, or one made of its operator and place. Slashes part a
/// network from its layers elsewhere.
fn node_name(proto: &NodeProto, index: usize, operator: &str) -> String {
    let name = proto.name.as_deref().unwrap_or_default().trim_matches('/').replace('/', ".");
    let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    if name.is_empty() { format!("{operator}_{index}") } else { name }
}

fn check_operator(proto: &NodeProto, operator: &str) -> Result<(), String> {
    let domain = proto.domain.as_deref().unwrap_or_default();
    if !matches!(domain, "" | "ai.onnx") {
        return Err(format!("is of the operator set {domain:?}; only that of ONNX is taken"));
    }
    if !is_known(operator) {
        return Err("is no operator that the client can compute".into());
    }
    if proto.attribute.iter().any(|attribute| attribute.g.is_some()) {
        return Err("has a graph of its own".into());
    }
    Ok(())
}
