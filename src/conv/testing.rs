//! Layers for tests.

use super::{Layer, LayerSpec};

/// A small layer to vary. Its name is not given, since a constant has no room for one.
pub(crate) const LAYER: LayerSpec = LayerSpec {
    name: String::new(),
    in_channels: 4,
    out_channels: 5,
    height: 9,
    width: 7,
    kernel: [3, 3],
    stride: 1,
    padding: None,
    groups: 1,
    activation_bits: 4,
    activation_signed: None,
    weight_bits: 4,
};

/// The layer of a specification that is valid.
pub(crate) fn layer_of(spec: &LayerSpec) -> Layer {
    Layer::new(spec).expect("valid")
}

/// A 4-bit layer.
pub(crate) fn layer(
    in_channels: usize,
    out_channels: usize,
    plane: [usize; 2],
    kernel: [usize; 2],
    padding: Option<[usize; 4]>,
) -> Layer {
    let [height, width] = plane;
    layer_of(&LayerSpec { in_channels, out_channels, height, width, kernel, padding, ..LAYER })
}

/// A small layer with these bit widths.
pub(crate) fn layer_with_bits(activation_bits: u32, weight_bits: u32) -> Layer {
    layer_of(&LayerSpec { activation_bits, weight_bits, ..LAYER })
}
