//! The shape that a convolution gives.

use crate::conv::{Layer, LayerError, LayerSpec};

use super::problem::GraphProblem;

/// Shape of a layer's output (channels, height, width), also of strides and groups that this
/// version does not convolve.
pub(super) fn convolved(spec: &LayerSpec) -> Result<[usize; 3], (&'static str, GraphProblem)> {
    match Layer::new(spec) {
        Ok(layer) => Ok(layer.output_shape()),
        Err(error @ LayerError::Unsupported { .. }) => strided(spec, error),
        Err(error) => Err(("kernel", error.into())),
    }
}

fn strided(
    spec: &LayerSpec,
    error: LayerError,
) -> Result<[usize; 3], (&'static str, GraphProblem)> {
    let LayerSpec { in_channels, out_channels, height, width, kernel, stride, groups, .. } = *spec;
    if stride == 0 {
        return Err(("stride", error.into()));
    }
    if groups == 0 || in_channels % groups != 0 || out_channels % groups != 0 {
        return Err(("groups", error.into()));
    }
    let [top, left, bottom, right] =
        spec.padding.unwrap_or([kernel[0] / 2, kernel[1] / 2, kernel[0] / 2, kernel[1] / 2]);
    let side = |direction, side: usize, padding: usize, kernel: usize| {
        let padded = side.saturating_add(padding);
        let free = padded.checked_sub(kernel);
        let problem = LayerError::KernelTooLarge { direction, kernel, padded };
        free.map(|free| free / stride + 1).ok_or(("kernel", problem.into()))
    };
    Ok([
        out_channels,
        side("height", height, top + bottom, kernel[0])?,
        side("width", width, left + right, kernel[1])?,
    ])
}
