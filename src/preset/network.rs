//! A network file: a list of layers, or a graph of them that runs.

use crate::network::{Graph, GraphBuilder, Normalise};

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

pub(super) const KEYS: [&str; 6] = ["schema", "name", "about", "layer", "input", "normalise"];

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
    let Some(field) = root.get("input") else {
        let stray = normalise.map(|field| field.error(Problem::NeedsInput { key: "normalise" }));
        return stray.map_or(Ok(None), Err);
    };
    let expected = "a list [channels, height, width]";
    let sides = field.list(expected)?;
    let [channels, height, width] = &sides[..] else {
        return Err(field.wrong_count(sides.len(), "channels, height and width"));
    };
    let size = |field: &Field<'_>, range| field.integer(range).map(|size| size as usize);
    let channels = size(channels, layer::CHANNELS)?;
    let mut builder =
        Graph::builder([channels, size(height, layer::SIDE)?, size(width, layer::SIDE)?]);
    if let Some(field) = normalise {
        let section = field.section(" in `normalise`", "a table { mean, std }")?;
        section.only(&["mean", "std"])?;
        let mean = statistics(&section.need("mean")?, channels, f64::MIN)?;
        let std = statistics(&section.need("std")?, channels, f64::MIN_POSITIVE)?;
        builder.normalise(Normalise { mean, std });
    }
    Ok(Some(builder))
}

/// One number for each channel, none below `least`.
fn statistics(field: &Field<'_>, channels: usize, least: f64) -> Result<Vec<f64>, PresetError> {
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
