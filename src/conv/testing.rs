//! Layers for tests.

use super::{Layer, LayerSpec};

/// A 4-bit layer.
pub(crate) fn layer(
    in_channels: usize,
    out_channels: usize,
    plane: [usize; 2],
    kernel: [usize; 2],
    padding: Option<[usize; 4]>,
) -> Layer {
    Layer::new(&LayerSpec {
        name: "test".into(),
        in_channels,
        out_channels,
        height: plane[0],
        width: plane[1],
        kernel,
        stride: 1,
        padding,
        groups: 1,
        activation_bits: 4,
        weight_bits: 4,
    })
    .expect("valid")
}

/// A small layer with these bit widths.
pub(crate) fn layer_with_bits(activation_bits: u32, weight_bits: u32) -> Layer {
    Layer::new(&LayerSpec {
        name: "bits".into(),
        in_channels: 3,
        out_channels: 5,
        height: 4,
        width: 4,
        kernel: [3, 3],
        stride: 1,
        padding: None,
        groups: 1,
        activation_bits,
        weight_bits,
    })
    .expect("valid")
}
