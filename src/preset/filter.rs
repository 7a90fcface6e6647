//! Hand-made weights.

use crate::conv::LayerSpec;

use super::error::{PresetError, Problem};
use super::reader::{Field, Section};

/// The weights of one output channel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Filter {
    /// A name for the screen.
    pub name: String,
    /// The weights: input channel, kernel row, kernel column, the last running fastest.
    pub weights: Vec<i64>,
}

const KEYS: [&str; 4] = ["name", "kernel", "channels", "weights"];

/// The largest weight of any layer, by its width.
const LARGEST: i128 = 127;

/// The filters of a layer, one per output channel.
pub(super) fn read(field: &Field<'_>, layer: &LayerSpec) -> Result<Vec<Filter>, PresetError> {
    let tables = field.list("a list of [[layer.filter]] tables")?;
    if tables.len() != layer.out_channels {
        let expected = format!("one per output channel (out_channels = {})", layer.out_channels);
        return Err(field.wrong_count(tables.len(), expected));
    }
    tables
        .iter()
        .map(|table| {
            let section = table.section(" in [[layer.filter]]", "a [[layer.filter]] table")?;
            section.only(&KEYS)?;
            let name = section.need("name")?.text()?.into();
            Ok(Filter { name, weights: weights(&section, layer)? })
        })
        .collect()
}

/// Weights in full, or as the product of a kernel and a gain for each channel.
fn weights(section: &Section<'_>, layer: &LayerSpec) -> Result<Vec<i64>, PresetError> {
    let [height, width] = layer.kernel;
    // `check` in layer.rs has made sure that groups divide channels.
    let in_channels = layer.in_channels / layer.groups;
    let words = if layer.groups == 1 { "in_channels" } else { "in_channels / groups" };
    let max = (1 << (layer.weight_bits - 1)) - 1;
    let Some(field) = section.get("weights") else {
        let kernel = section.get("kernel");
        let kernel = kernel.ok_or_else(|| section.missing("`kernel` or `weights`".into()))?;
        let taps = matrix(&kernel, [height, width])?;
        let gains = gains(section, in_channels, words)?;
        let products = gains.iter().flat_map(|gain| taps.iter().map(move |tap| tap * gain));
        let weights: Vec<i64> = products.collect();
        let Some(index) = weights.iter().position(|weight| weight.abs() > max) else {
            return Ok(weights);
        };
        let (channel, tap) = (index / taps.len(), index % taps.len());
        let (value, row, column) = (weights[index], tap / width, tap % width);
        return Err(kernel.error(Problem::Weight { value, channel, row, column, max }));
    };
    let other = ["kernel", "channels"].into_iter().find_map(|key| Some((key, section.get(key)?)));
    if let Some((key, other)) = other {
        return Err(other.error(Problem::BothForms { first: "weights", second: key }));
    }
    let max = i128::from(max);
    let weights = field.integers("a list of integers", &(-max..=max))?;
    let expected = in_channels * height * width;
    if weights.len() != expected {
        let expected = format!("{expected}: {words} x kernel height x kernel width");
        return Err(field.wrong_count(weights.len(), expected));
    }
    Ok(weights.into_iter().map(|weight| weight as i64).collect())
}

fn matrix(field: &Field<'_>, [height, width]: [usize; 2]) -> Result<Vec<i64>, PresetError> {
    let rows = field.list("a list of rows of integers")?;
    if rows.len() != height {
        return Err(field.wrong_count(rows.len(), format!("{height} rows, as the layer's kernel")));
    }
    let mut taps = Vec::with_capacity(height * width);
    for row in &rows {
        let entries = row.integers("a list of integers", &(-LARGEST..=LARGEST))?;
        if entries.len() != width {
            let expected = format!("{width} columns, as the layer's kernel");
            return Err(row.wrong_count(entries.len(), expected));
        }
        taps.extend(entries.into_iter().map(|entry| entry as i64));
    }
    Ok(taps)
}

/// `words` say what `in_channels` is.
fn gains(section: &Section<'_>, in_channels: usize, words: &str) -> Result<Vec<i64>, PresetError> {
    let Some(field) = section.get("channels") else { return Ok(vec![1; in_channels]) };
    let gains = field.integers("a list of integers", &(-LARGEST..=LARGEST))?;
    if gains.len() != in_channels {
        let expected = format!("one per input channel ({words} = {in_channels})");
        return Err(field.wrong_count(gains.len(), expected));
    }
    Ok(gains.into_iter().map(|gain| gain as i64).collect())
}
