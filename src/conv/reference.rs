//! The plain convolution over the integers, which every algorithm is held against.

use ndarray::parallel::prelude::*;
use ndarray::{Array3, ArrayView3, ArrayView4, Axis, s};

use super::Layer;

/// The output of shape (channels, height, width) for an input and weights of the layer's shapes.
/// Bounds of bit widths and channels keep every sum far below 2^63. `proceed` is asked before each
/// output channel, and its error ends the work.
///
/// # Errors
/// That of `proceed`.
pub fn convolve<E: Send>(
    layer: &Layer,
    input: ArrayView3<'_, i64>,
    weights: ArrayView4<'_, i64>,
    proceed: impl Fn() -> Result<(), E> + Sync,
) -> Result<Array3<i64>, E> {
    let mut output = Array3::zeros(layer.output_shape());
    let [top, left, _, _] = layer.padding();
    let (height, width) = (layer.height(), layer.width());
    output.axis_iter_mut(Axis(0)).into_par_iter().enumerate().try_for_each(|(o, mut plane)| {
        proceed()?;
        let out_width = plane.len_of(Axis(1));
        for ((channel, ky, kx), &weight) in weights.index_axis(Axis(0), o).indexed_iter() {
            if weight == 0 {
                continue;
            }
            // Columns x of the output for which x + kx - left lies in the input.
            let from = left.saturating_sub(kx);
            let to = (width + left).saturating_sub(kx).min(out_width);
            if from >= to {
                continue;
            }
            for (y, mut row) in plane.axis_iter_mut(Axis(0)).enumerate() {
                let Some(input_y) = (y + ky).checked_sub(top).filter(|y| *y < height) else {
                    continue;
                };
                let columns = from + kx - left..to + kx - left;
                let input = input.slice(s![channel, input_y, columns]);
                row.slice_mut(s![from..to]).zip_mut_with(&input, |sum, x| *sum += weight * x);
            }
        }
        Ok(())
    })?;
    Ok(output)
}

/// The largest absolute value that any input of the layer gives with `weights`: activations are at
/// least 0, so all positive weights of an output meet the largest activation, or all negative ones.
pub fn largest_output(layer: &Layer, weights: ArrayView4<'_, i64>) -> i64 {
    let extreme = |output: ArrayView3<'_, i64>| {
        let (positive, negative) = output.iter().fold((0, 0), |(positive, negative), w| {
            (positive + (*w).max(0), negative + (-*w).max(0))
        });
        i64::max(positive, negative)
    };
    let largest = weights.axis_iter(Axis(0)).map(extreme).max();
    largest.unwrap_or(0) * layer.max_activation()
}
