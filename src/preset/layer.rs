//! A layer as a file gives it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::conv::{Layer, LayerSpec};
use crate::network::Origin;
use crate::tensor::BUILTIN_IMAGES;

use super::data::LayerData;
use super::error::{PresetError, Problem};
use super::filter::{self, Filter};
use super::not_yet;
use super::reader::{Field, Section};

/// A layer, with what its file says about weights and input.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPreset {
    /// The shape; its name is that within the network.
    pub spec: LayerSpec,
    /// The network it is part of.
    pub network: Option<String>,
    /// Weights, one filter per output channel; random ones where absent.
    pub filters: Option<Vec<Filter>>,
    /// The picture to convolve, by name; random activations where absent.
    pub image: Option<String>,
    /// What the layer takes over from its network, where that runs.
    pub origin: Option<Origin>,
    /// Weights and an input that come with it otherwise, as with a layer of a model.
    pub data: Option<Arc<LayerData>>,
}

impl LayerPreset {
    /// A layer with weights and an input from a seed.
    pub const fn new(spec: LayerSpec, network: Option<String>) -> Self {
        Self { spec, network, filters: None, image: None, origin: None, data: None }
    }

    /// The name that finds the layer among all: `bench/c64-56-k3`.
    pub fn full_name(&self) -> String {
        match &self.network {
            Some(network) => format!("{network}/{}", self.spec.name),
            None => self.spec.name.clone(),
        }
    }
}

/// The network that layers of the user's own making belong to.
pub const OWN_NETWORK: &str = "own";

/// The keys of a layer's shape.
pub(super) const SHAPE_KEYS: [&str; 12] = [
    "name",
    "in_channels",
    "out_channels",
    "height",
    "width",
    "kernel",
    "stride",
    "padding",
    "groups",
    "activation_bits",
    "activation_signed",
    "weight_bits",
];

/// The keys of data for a layer that runs alone.
const DATA_KEYS: [&str; 2] = ["image", "filter"];

// The ranges of `Layer::new`, known here too so that numbers no field can hold are told the same
// way; a test keeps them equal.
pub(super) const CHANNELS: RangeInclusive<i128> = 1..=1 << 16;
pub(super) const SIDE: RangeInclusive<i128> = 1..=1 << 14;
pub(super) const KERNEL: RangeInclusive<i128> = 1..=255;
pub(super) const ACTIVATION_BITS: RangeInclusive<i128> = 1..=16;
pub(super) const WEIGHT_BITS: RangeInclusive<i128> = 2..=8;
const PADDING: RangeInclusive<i128> = 0..=254;

const DEFAULT_BITS: i128 = 4;

/// Reads a layer. Within a network it must have a name; alone it is called like its file, and its
/// name may be that of a network, a slash and its name there.
pub(super) fn read(
    section: &Section<'_>,
    network: Option<&str>,
) -> Result<LayerPreset, PresetError> {
    not_yet::check_layer(section)?;
    section.only(&[&SHAPE_KEYS[..], &DATA_KEYS].concat())?;
    let mut layer = read_shape(section, network, None, false)?;
    let filters = section.get("filter").map(|field| filter::read(&field, &layer.spec));
    layer.filters = filters.transpose()?;
    let image = section.get("image").map(|field| field.one_of(&BUILTIN_IMAGES, |name| name));
    layer.image = image.transpose()?.map(String::from);
    Ok(layer)
}

/// Reads the name and shape of a layer. Channels, height and width of its input must be given
/// unless they are known; a dense one has no kernel to be given.
pub(super) fn read_shape(
    section: &Section<'_>,
    network: Option<&str>,
    input: Option<[usize; 3]>,
    is_dense: bool,
) -> Result<LayerPreset, PresetError> {
    let (network, name) = match (network, section.get("name")) {
        (Some(_), _) => (network, section.need("name")?.name()?),
        (None, Some(field)) => match field.text()?.split_once('/') {
            Some((network, name)) => (Some(network), name.into()),
            None => (None, field.text()?.into()),
        },
        (None, None) => (None, section.source().stem().into()),
    };
    let size = |key, range| section.need(key)?.integer(range).map(|size| size as usize);
    let input_size = |key, range, i: usize| match input {
        Some(input) if section.get(key).is_none() => Ok(input[i]),
        _ => size(key, range),
    };
    let or = |key, range, default| section.integer_or(key, range, default);
    let spec = LayerSpec {
        name,
        in_channels: input_size("in_channels", CHANNELS, 0)?,
        out_channels: size("out_channels", CHANNELS)?,
        height: input_size("height", SIDE, 1)?,
        width: input_size("width", SIDE, 2)?,
        kernel: if is_dense { [1, 1] } else { kernel(&section.need("kernel")?)? },
        stride: or("stride", KERNEL, 1)? as usize,
        padding: section.get("padding").map(|field| padding(&field)).transpose()?,
        groups: or("groups", CHANNELS, 1)? as usize,
        activation_bits: or("activation_bits", ACTIVATION_BITS, DEFAULT_BITS)? as u32,
        activation_signed: section.get("activation_signed").map(|f| f.boolean()).transpose()?,
        weight_bits: or("weight_bits", WEIGHT_BITS, DEFAULT_BITS)? as u32,
    };
    check(section, &spec)?;
    let network = network.map(String::from);
    Ok(LayerPreset::new(spec, network))
}

fn kernel(field: &Field<'_>) -> Result<[usize; 2], PresetError> {
    numbers(field, &KERNEL, "one number or [height, width]", |side| [side, side])
}

fn padding(field: &Field<'_>) -> Result<[usize; 4], PresetError> {
    numbers(field, &PADDING, "one number or [top, left, bottom, right]", |side| [side; 4])
}

/// A list of `K` numbers, or one number that stands for all.
fn numbers<const K: usize>(
    field: &Field<'_>,
    range: &RangeInclusive<i128>,
    expected: &'static str,
    spread: impl Fn(usize) -> [usize; K],
) -> Result<[usize; K], PresetError> {
    if field.is_integer() {
        return Ok(spread(field.integer(range.clone())? as usize));
    }
    let list = field.integers(expected, range)?;
    let list: Vec<usize> = list.into_iter().map(|number| number as usize).collect();
    list.try_into().map_err(|list: Vec<usize>| field.wrong_count(list.len(), expected))
}

fn check(section: &Section<'_>, spec: &LayerSpec) -> Result<(), PresetError> {
    Layer::new(spec)
        .map(drop)
        .map_err(|error| section.error_at(&[error.field()], Problem::Layer(error)))
}
