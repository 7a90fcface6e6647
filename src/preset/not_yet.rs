//! What other tools know and heconv does not take yet: refused in words of its own, for the nearest
//! key or word would only mislead.

use super::error::{PresetError, Problem};
use super::reader::{Field, Section};

/// Keys of a layer, and what to write today.
const LAYER_KEYS: [(&str, &str); 10] = [
    ("dilation", "leave it out: neighbouring taps are 1 apart"),
    ("ceil_mode", "write it in a pool: `pool = { kind, kernel, ceil_mode = true }`"),
    ("padding_mode", "leave it out: padding is with zeros"),
    ("transposed", "leave it out: layers are convolutions"),
    ("output_padding", "leave it out: layers are convolutions"),
    ("type", LINEAR),
    ("op", LINEAR),
    ("in_features", LINEAR),
    ("out_features", LINEAR),
    ("concat", "name the layers in `from`, like `from = [\"a\", \"b\"]`"),
];

/// For kinds of layers.
const LINEAR: &str = "a layer is a convolution, or with `kind = \"dense\"` and `out_channels` one that \
                      takes all values of what it takes";

/// Keys of a pool, and what to write today.
const POOL_KEYS: [(&str, &str); 1] = [("dilation", "leave it out: windows have no gaps")];

/// Activations by the names they have elsewhere.
const ACTIVATIONS: [&str; 18] = [
    "celu",
    "elu",
    "gelu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
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
    if let Some(field) = section.get("padding").filter(Field::is_text) {
        let what = format!("`padding` = {:?}", field.text()?);
        let today = "leave it out for half the kernel on each side, which is \"same\" at stride 1, \
                     or write a number, 0 for \"valid\"";
        return Err(refused(&field, what, today));
    }
    match section.get("activation") {
        Some(field) if field.is_text() && ACTIVATIONS.contains(&folded(field.text()?).as_str()) => {
            let what = format!("`activation` = {:?}", field.text()?);
            Err(refused(
                &field,
                what,
                "write \"relu\", \"relu6\", \"leaky\", \"square\" or \"none\"",
            ))
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
