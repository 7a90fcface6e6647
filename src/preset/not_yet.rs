//! What other tools know and heconv does not take yet: refused in words of its own, for the nearest
//! key or word would only mislead.

use super::error::{PresetError, Problem};
use super::reader::{Field, Section};

/// Keys of a layer, and what to write today.
const LAYER_KEYS: [(&str, &str); 11] = [
    ("dilation", "leave it out: neighbouring taps are 1 apart"),
    ("ceil_mode", "leave it out: sizes are rounded down"),
    ("padding_mode", "leave it out: padding is with zeros"),
    ("transposed", "leave it out: layers are convolutions"),
    ("output_padding", "leave it out: layers are convolutions"),
    ("kind", LINEAR),
    ("type", LINEAR),
    ("op", LINEAR),
    ("in_features", LINEAR),
    ("out_features", LINEAR),
    ("concat", "layers are summed by `add`; widen a layer instead"),
];

/// For kinds of layers.
const LINEAR: &str = "leave it out: every layer is a convolution, and a dense one has `kernel = 1` \
                      on a plane of 1x1, as after `pool = \"global\"`";

/// Keys of a pool, and what to write today.
const POOL_KEYS: [(&str, &str); 3] = [
    ("ceil_mode", "leave it out: sizes are rounded down"),
    ("count_include_pad", "leave it out: an average counts its padding as zeros"),
    ("dilation", "leave it out: windows have no gaps"),
];

/// Activations by the names they have elsewhere.
const ACTIVATIONS: [&str; 21] = [
    "celu",
    "elu",
    "gelu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "leakyrelu",
    "mish",
    "poly",
    "polynomial",
    "prelu",
    "quad",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "square",
    "swish",
    "tanh",
];

/// Refuses what a layer cannot say yet.
pub(super) fn check_layer(section: &Section<'_>) -> Result<(), PresetError> {
    check_keys(section, &LAYER_KEYS)?;
    if let Some(field) = section.get("stride").filter(Field::is_list) {
        let what = "`stride` of two sizes".into();
        return Err(refused(&field, what, "write one number for both directions"));
    }
    if let Some(field) = section.get("from").filter(Field::is_list) {
        let today = "name one layer; `add` sums the output of another";
        return Err(refused(&field, "`from` of several layers, a concatenation,".into(), today));
    }
    if let Some(field) = section.get("padding").filter(Field::is_text) {
        let what = format!("`padding` = {:?}", field.text()?);
        let today = "leave it out for half the kernel on each side, which is \"same\" at stride 1, \
                     or write a number, 0 for \"valid\"";
        return Err(refused(&field, what, today));
    }
    match section.get("activation") {
        Some(field) if field.is_text() && ACTIVATIONS.contains(&folded(field.text()?).as_str()) => {
            let what = format!("`activation` = {:?}", field.text()?);
            Err(refused(&field, what, "write \"relu\", \"relu6\" or \"none\""))
        }
        _ => Ok(()),
    }
}

/// Refuses what a pool cannot say yet.
pub(super) fn check_pool(section: &Section<'_>) -> Result<(), PresetError> {
    check_keys(section, &POOL_KEYS)
}

fn check_keys(
    section: &Section<'_>,
    keys: &[(&'static str, &'static str)],
) -> Result<(), PresetError> {
    let found = keys.iter().find_map(|(key, today)| Some((key, section.get(key)?, today)));
    match found {
        Some((key, field, today)) => Err(refused(&field, format!("`{key}`"), today)),
        None => Ok(()),
    }
}

fn refused(field: &Field<'_>, what: String, today: &'static str) -> PresetError {
    field.error(Problem::NotYet { what, today })
}

/// A word as it is known here: `LeakyReLU` and `leaky-relu` are alike.
fn folded(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}
