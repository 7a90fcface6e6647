//! A network file: a list of layers, or a graph of them that runs.

use crate::network::{Graph, GraphBuilder, InputRange, Normalise};

use super::error::{PresetError, Problem};
use super::layer::{self, LayerPreset};
use super::node;
use super::reader::{Field, Section, Source};

/// A network: the convolution layers of a CNN, or any list of layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The name; the part before the slash of its layers' full names.
    pub name: String,
    /// One line for a list; may be empty.
    pub about: String,
    /// The layers, in the order of the file.
    pub layers: Vec<LayerPreset>,
    /// How they are connected, if the file gives an `input`: then they run as a whole.
    pub graph: Option<Graph>,
}

pub(super) const KEYS: [&str; 7] =
    ["schema", "name", "about", "layer", "input", "normalise", "outputs"];

const INPUT_KEYS: [&str; 3] = ["shape", "signed", "largest"];

/// Reads a network file.
pub(super) fn parse(source: Source<'_>) -> Result<Network, PresetError> {
    let table = source.parse()?;
    read(&Section::root(source, &table)?)
}

pub(super) fn read(root: &Section<'_>) -> Result<Network, PresetError> {
    root.only(&KEYS)?;
    let name = root.name_or_stem()?;
    let about = root.get("about").map(|field| field.text()).transpose()?.unwrap_or_default().into();
    let mut graph = builder(root)?;
    let field = root.need("layer")?;
    let tables = field.list("a list of [[layer]] tables")?;
    if tables.is_empty() {
        return Err(field.wrong_count(0, "at least one [[layer]] table"));
    }
    let mut sections = Vec::with_capacity(tables.len());
    let mut layers: Vec<LayerPreset> = Vec::with_capacity(tables.len());
    for table in &tables {
        let section = table.section(" in [[layer]]", "a [[layer]] table")?;
        unused_name(&section, &sections)?;
        layers.push(match &mut graph {
            Some(graph) => node::read(&section, &name, graph)?,
            None => listed(&section, &name)?,
        });
        sections.push(section);
    }
    outputs(root, graph.as_mut())?;
    let graph = graph.map(GraphBuilder::finish).transpose().map_err(|error| {
        let at = layers.iter().position(|layer| layer.spec.name == error.layer).unwrap_or(0);
        sections[at].error_at(&[error.field], Problem::Graph(error.problem))
    })?;
    if let Some(graph) = &graph {
        for (layer, node) in layers.iter_mut().zip(graph.nodes()) {
            // With what follows from the layers before it.
            layer.spec.clone_from(&node.spec.layer);
            layer.origin = Some(graph.origin(node));
        }
    }
    Ok(Network { name, about, layers, graph })
}

/// A layer of a network that is a list and no more.
fn listed(section: &Section<'_>, network: &str) -> Result<LayerPreset, PresetError> {
    match node::KEYS.iter().find_map(|key| Some((*key, section.get(key)?))) {
        Some((key, field)) => Err(field.error(Problem::NeedsInput { key })),
        None => layer::read(section, Some(network)),
    }
}

/// Names in a network differ.
fn unused_name(section: &Section<'_>, before: &[Section<'_>]) -> Result<(), PresetError> {
    let name =
        |section: &Section<'_>| section.get("name").map(|field| field.text().map(String::from));
    let Some(Ok(own)) = name(section) else { return Ok(()) };
    match before.iter().find(|other| matches!(name(other), Some(Ok(name)) if name == own)) {
        None => Ok(()),
        Some(twin) => {
            let problem = Problem::RepeatedLayer { name: own, line: twin.line() };
            Err(section.error_at(&["name"], problem))
        }
    }
}

/// The graph to be filled, where the file gives an input.
fn builder(root: &Section<'_>) -> Result<Option<GraphBuilder>, PresetError> {
    let normalise = root.get("normalise");
    let Some(input) = root.get("input") else {
        let stray = normalise.map(|field| field.error(Problem::NeedsInput { key: "normalise" }));
        return stray.map_or(Ok(None), Err);
    };
    let (shape, range) = read_input(&input)?;
    let mut builder = Graph::builder(shape);
    match (normalise, range) {
        (Some(field), Some((key, _))) => {
            return Err(field.error(Problem::BothForms { first: key, second: "normalise" }));
        }
        (Some(field), None) => builder.range(InputRange::Normalised(statistics(&field, shape[0])?)),
        (None, Some((_, range))) => builder.range(range),
        (None, None) => {}
    }
    Ok(Some(builder))
}

/// What is said of the input's values, with the first key that says it.
type Said = (&'static str, InputRange);

/// The shape of the input, and what is said of its values.
fn read_input(field: &Field<'_>) -> Result<([usize; 3], Option<Said>), PresetError> {
    let expected = "a list [channels, height, width]";
    if !field.is_table() {
        return Ok((input_shape(field, expected)?, None));
    }
    let section = field.section(" in `input`", expected)?;
    section.only(&INPUT_KEYS)?;
    let shape = input_shape(&section.need("shape")?, expected)?;
    let [signed, largest] = ["signed", "largest"].map(|key| section.get(key));
    let key = match (&signed, &largest) {
        (Some(_), _) => "signed",
        (None, Some(_)) => "largest",
        (None, None) => return Ok((shape, None)),
    };
    let signed = signed.map_or(Ok(false), |field| field.boolean())?;
    let largest = match largest {
        None => 1.0,
        Some(field) => positive(&field)?,
    };
    Ok((shape, Some((key, InputRange::Plain { largest, signed }))))
}

fn input_shape(field: &Field<'_>, expected: &'static str) -> Result<[usize; 3], PresetError> {
    let sides = field.list(expected)?;
    let [channels, height, width] = &sides[..] else {
        return Err(field.wrong_count(sides.len(), "channels, height and width"));
    };
    let size = |field: &Field<'_>, range| field.integer(range).map(|size| size as usize);
    let [height, width] = [height, width].map(|side| size(side, layer::SIDE));
    Ok([size(channels, layer::CHANNELS)?, height?, width?])
}

fn positive(field: &Field<'_>) -> Result<f64, PresetError> {
    let number = field.number()?;
    if number > 0.0 {
        Ok(number)
    } else {
        Err(field.error(Problem::NotPositive { key: field.key() }))
    }
}

/// Tells the graph the layers whose results are outputs.
fn outputs(root: &Section<'_>, graph: Option<&mut GraphBuilder>) -> Result<(), PresetError> {
    let Some(field) = root.get("outputs") else { return Ok(()) };
    let graph = graph.ok_or_else(|| field.error(Problem::NeedsInput { key: "outputs" }))?;
    for entry in field.filled_list("a list of names of layers")? {
        let named = graph.output(entry.text()?);
        named.map_err(|problem| entry.error(Problem::Graph(problem)))?;
    }
    Ok(())
}

/// What a network of so many input channels was trained to see.
fn statistics(field: &Field<'_>, channels: usize) -> Result<Normalise, PresetError> {
    let section = field.section(" in `normalise`", "a table { mean, std }")?;
    section.only(&["mean", "std"])?;
    let mean = numbers(&section.need("mean")?, channels, f64::MIN)?;
    let std = numbers(&section.need("std")?, channels, f64::MIN_POSITIVE)?;
    Ok(Normalise { mean, std })
}

/// One number for each channel, none below `least`.
fn numbers(field: &Field<'_>, channels: usize, least: f64) -> Result<Vec<f64>, PresetError> {
    let entries = field.list("a list of numbers")?;
    if entries.len() != channels {
        let expected = format!("one for each of the input's {channels} channels");
        return Err(field.wrong_count(entries.len(), expected));
    }
    let number = |entry: &Field<'_>| {
        let number = entry.number()?;
        if number < least {
            Err(entry.error(Problem::NotPositive { key: entry.key() }))
        } else {
            Ok(number)
        }
    };
    entries.iter().map(number).collect()
}
