//! A network file: a list of layers.

use super::error::{PresetError, Problem};
use super::layer::{self, LayerPreset};
use super::reader::{Section, Source};

/// A network: the convolution layers of a CNN, or any list of layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The name; the part before the slash of its layers' full names.
    pub name: String,
    /// One line for a list; may be empty.
    pub about: String,
    /// The layers, in the order of the file.
    pub layers: Vec<LayerPreset>,
}

pub(super) const KEYS: [&str; 4] = ["schema", "name", "about", "layer"];

/// Reads a network file.
pub(super) fn parse(source: Source<'_>) -> Result<Network, PresetError> {
    let table = source.parse()?;
    read(&Section::root(source, &table)?)
}

pub(super) fn read(root: &Section<'_>) -> Result<Network, PresetError> {
    root.only(&KEYS)?;
    let name = root.name_or_stem()?;
    let about = root.get("about").map(|field| field.text()).transpose()?.unwrap_or_default().into();
    let field = root.need("layer")?;
    let tables = field.list("a list of [[layer]] tables")?;
    if tables.is_empty() {
        return Err(field.wrong_count(0, "at least one [[layer]] table"));
    }
    let mut lines = Vec::with_capacity(tables.len());
    let mut layers: Vec<LayerPreset> = Vec::with_capacity(tables.len());
    for table in &tables {
        let section = table.section(" in [[layer]]", "a [[layer]] table")?;
        let layer = layer::read(&section, Some(&name))?;
        if let Some(twin) = layers.iter().position(|other| other.spec.name == layer.spec.name) {
            let problem = Problem::RepeatedLayer { name: layer.spec.name, line: lines[twin] };
            return Err(section.error_at(&["name"], problem));
        }
        lines.push(section.line());
        layers.push(layer);
    }
    Ok(Network { name, about, layers })
}
