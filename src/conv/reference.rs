//! The plain convolution over the integers, which every algorithm is held against.

use std::ops::{AddAssign, Mul};

use ndarray::parallel::prelude::*;
use ndarray::{Array3, ArrayView3, ArrayView4, Axis};

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
    // In 32 bits where they hold every sum, several of which then fit a register.
    if i32::try_from(layer.worst_output()).is_ok() {
        let input: Vec<i32> = input.iter().map(|x| *x as i32).collect();
        planes(layer, &input, weights, &mut output, |w| w as i32, i64::from, proceed)?;
    } else {
        let input: Vec<i64> = input.iter().copied().collect();
        planes(layer, &input, weights, &mut output, |w| w, |sum| sum, proceed)?;
    }
    Ok(output)
}

/// Computes output planes with sums of type `T`.
fn planes<T: Copy + Default + AddAssign + Mul<Output = T> + Send + Sync, E: Send>(
    layer: &Layer,
    input: &[T],
    weights: ArrayView4<'_, i64>,
    output: &mut Array3<i64>,
    from: impl Fn(i64) -> T + Sync,
    into: impl Fn(T) -> i64 + Sync,
    proceed: impl Fn() -> Result<(), E> + Sync,
) -> Result<(), E> {
    let size = layer.height() * layer.width();
    output.axis_iter_mut(Axis(0)).into_par_iter().enumerate().try_for_each(|(o, mut plane)| {
        proceed()?;
        let mut sums = vec![T::default(); layer.out_height() * layer.out_width()];
        for ((channel, ky, kx), &weight) in weights.index_axis(Axis(0), o).indexed_iter() {
            if weight != 0 {
                let input = &input[channel * size..][..size];
                add_tap(layer, input, from(weight), [ky, kx], &mut sums);
            }
        }
        plane.iter_mut().zip(sums).for_each(|(value, sum)| *value = into(sum));
        Ok(())
    })
}

/// Adds one input plane times the weight of one kernel position.
fn add_tap<T: Copy + AddAssign + Mul<Output = T>>(
    layer: &Layer,
    input: &[T],
    weight: T,
    [ky, kx]: [usize; 2],
    sums: &mut [T],
) {
    let [top, left, _, _] = layer.padding();
    let (height, width) = (layer.height(), layer.width());
    // Columns x of the output for which x + kx - left lies in the input.
    let first = left.saturating_sub(kx);
    let end = (width + left).saturating_sub(kx).min(layer.out_width());
    if first >= end {
        return;
    }
    for (y, sums) in sums.chunks_exact_mut(layer.out_width()).enumerate() {
        let Some(input_y) = (y + ky).checked_sub(top).filter(|y| *y < height) else { continue };
        let input = &input[input_y * width + first + kx - left..][..end - first];
        for (sum, x) in sums[first..end].iter_mut().zip(input) {
            *sum += weight * *x;
        }
    }
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
