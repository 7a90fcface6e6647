//! A layer of a network that runs: what it takes, and what follows it.

use std::ops::RangeInclusive;

use crate::network::{
    Activation, BatchNorm, GraphBuilder, GraphError, NodeSpec, Pool, PoolKind, Shortcut, Window,
};

use super::error::{PresetError, Problem};
use super::layer::{self, LayerPreset};
use super::not_yet;
use super::reader::{Field, Section};

/// What a layer of a network that runs may say beyond its shape.
pub(super) const KEYS: [&str; 8] =
    ["kind", "from", "add", "activation", "pool", "bias", "weights", "bn"];

/// Kinds of layers: convolutions, and those that multiply all values of what they take by a matrix.
const KINDS: [&str; 2] = ["conv", "dense"];

/// What is said of the shape of a convolution, and not of a dense layer.
const OF_CONVOLUTIONS: [&str; 7] =
    ["in_channels", "height", "width", "kernel", "stride", "padding", "groups"];

const POOL_KEYS: [&str; 6] =
    ["kind", "kernel", "stride", "padding", "ceil_mode", "count_include_pad"];
const LEAKY_KEYS: [&str; 2] = ["kind", "slope"];
const SHORTCUT_KEYS: [&str; 2] = ["name", "stride"];
const BN_KEYS: [&str; 3] = ["name", "epsilon", "eps"];
const WINDOW: RangeInclusive<i128> = 1..=1 << 14;

/// Reads a layer and adds it to the graph of its network. Its input's shape need not be given: it
/// is that of what the layer takes.
pub(super) fn read(
    section: &Section<'_>,
    network: &str,
    graph: &mut GraphBuilder,
) -> Result<LayerPreset, PresetError> {
    not_yet::check_layer(section)?;
    section.only(&[&layer::SHAPE_KEYS[..], &KEYS].concat())?;
    let error = |error: GraphError| section.error_at(&[error.field], Problem::Graph(error.problem));
    let name = section.need("name")?.name()?;
    let text = |key| section.get(key).map(|field| field.text().map(String::from)).transpose();
    let from = section.get("from").map_or(Ok(Vec::new()), |field| from(&field))?;
    let is_dense = is_dense(section)?;
    let input = graph.shape_of(&name, &from, is_dense).map_err(error)?;
    let preset = layer::read_shape(section, Some(network), Some(input), is_dense)?;
    let spec = NodeSpec {
        layer: preset.spec.clone(),
        from,
        is_dense,
        bias: section.get("bias").map_or(Ok(false), |field| field.boolean())?,
        add: section.get("add").map(|field| shortcut(&field)).transpose()?,
        activation: section
            .get("activation")
            .map_or(Ok(Activation::Relu), |field| activation(&field))?,
        pool: section.get("pool").map(|field| pool(&field)).transpose()?,
        weights: text("weights")?,
        bn: section.get("bn").map(|field| batch_norm(&field)).transpose()?,
    };
    graph.push(spec).map_err(error)?;
    Ok(preset)
}

/// Whether a layer is dense; then nothing else is said of its shape than its output channels.
fn is_dense(section: &Section<'_>) -> Result<bool, PresetError> {
    let Some(field) = section.get("kind") else { return Ok(false) };
    if field.one_of(&KINDS, |word| word)? != "dense" {
        return Ok(false);
    }
    match OF_CONVOLUTIONS.iter().find_map(|key| Some((*key, section.get(key)?))) {
        Some((key, field)) => Err(field.error(Problem::OfConvolutions { key })),
        None => Ok(true),
    }
}

/// The names of what a layer takes.
fn from(field: &Field<'_>) -> Result<Vec<String>, PresetError> {
    if field.is_text() {
        return Ok(vec![field.text()?.into()]);
    }
    let expected = "the name of a layer, or a list of several";
    field.filled_list(expected)?.iter().map(|entry| entry.text().map(String::from)).collect()
}

/// A word, or for a leaky one a table with that and a slope.
fn activation(field: &Field<'_>) -> Result<Activation, PresetError> {
    if field.is_text() {
        return field.one_of(&Activation::ALL, Activation::name);
    }
    let section = field.section(" in `activation`", "a word or { kind, slope }")?;
    section.only(&LEAKY_KEYS)?;
    section.need("kind")?.one_of(&["leaky"], |word| word)?;
    let field = section.need("slope")?;
    let slope = field.number()?;
    if slope > 0.0 {
        Ok(Activation::Leaky(slope))
    } else {
        Err(field.error(Problem::NotPositive { key: field.key() }))
    }
}

/// The name of an earlier layer, or a table with that and a stride.
fn shortcut(field: &Field<'_>) -> Result<Shortcut, PresetError> {
    if field.is_text() {
        return Ok(Shortcut { of: field.text()?.into(), stride: None });
    }
    let section = field.section(" in `add`", "the name of a layer or { name, stride }")?;
    section.only(&SHORTCUT_KEYS)?;
    let of = section.need("name")?.text()?.into();
    Ok(Shortcut { of, stride: Some(section.need("stride")?.integer(WINDOW)? as usize) })
}

/// What the names of its tensors begin with, or a table with that and an epsilon, which PyTorch calls
/// `eps`.
fn batch_norm(field: &Field<'_>) -> Result<BatchNorm, PresetError> {
    if field.is_text() {
        return Ok(BatchNorm::new(field.text()?));
    }
    let section = field.section(" in `bn`", "a name or { name, epsilon }")?;
    section.only(&BN_KEYS)?;
    let name = section.need("name")?.text()?.to_owned();
    let given = match (section.get("epsilon"), section.get("eps")) {
        (Some(_), Some(twin)) => {
            return Err(twin.error(Problem::BothForms { first: "epsilon", second: "eps" }));
        }
        (one, other) => one.or(other),
    };
    let Some(field) = given else { return Ok(BatchNorm::new(name)) };
    let epsilon = field.number()?;
    if epsilon > 0.0 {
        Ok(BatchNorm { name, epsilon })
    } else {
        Err(field.error(Problem::NotPositive { key: field.key() }))
    }
}

/// The side of a window of maxima, "global", or a table.
fn pool(field: &Field<'_>) -> Result<Pool, PresetError> {
    if field.is_integer() {
        let side = field.integer(WINDOW)? as usize;
        return Ok(Pool::Window(Window::new(PoolKind::Max, side, side, 0)));
    }
    if field.is_text() {
        return field.one_of(&["global"], |word| word).map(|_| Pool::Global);
    }
    let expected = "a number, \"global\" or { kind, kernel, stride, padding }";
    let section = field.section(" in `pool`", expected)?;
    not_yet::check_pool(&section)?;
    section.only(&POOL_KEYS)?;
    let kind = section.need("kind")?.one_of(&PoolKind::ALL, PoolKind::name)?;
    let kernel = section.need("kernel")?.integer(WINDOW)?;
    let stride = section.integer_or("stride", WINDOW, kernel)? as usize;
    let padding = section.integer_or("padding", 0..=*WINDOW.end(), 0)? as usize;
    let window = Window::new(kind, kernel as usize, stride, padding);
    let or = |key, otherwise| section.get(key).map_or(Ok(otherwise), |field| field.boolean());
    let ceil_mode = or("ceil_mode", window.ceil_mode)?;
    if let (PoolKind::Max, Some(field)) = (kind, section.get("count_include_pad")) {
        return Err(field.error(Problem::OfAverages { key: "count_include_pad" }));
    }
    let count_include_pad = or("count_include_pad", window.count_include_pad)?;
    Ok(Pool::Window(Window { ceil_mode, count_include_pad, ..window }))
}
