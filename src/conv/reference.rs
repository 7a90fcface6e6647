//! The plain convolution over the integers, which every algorithm is held against.

use std::ops::{AddAssign, Mul};

use ndarray::parallel::prelude::*;
use ndarray::{Array3, ArrayView1, ArrayView3, ArrayView4, Axis};

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
    weights: ArrayView4<'_, i8>,
    proceed: impl Fn() -> Result<(), E> + Sync,
) -> Result<Array3<i64>, E> {
    let mut output = Array3::zeros(layer.output_shape());
    // In 32 bits where they hold every sum, several of which then fit a register.
    if i32::try_from(layer.worst_output()).is_ok() {
        let input: Vec<i32> = input.iter().map(|x| *x as i32).collect();
        planes(layer, &input, weights, &mut output, i32::from, i64::from, proceed)?;
    } else {
        let input: Vec<i64> = input.iter().copied().collect();
        planes(layer, &input, weights, &mut output, i64::from, |sum| sum, proceed)?;
    }
    Ok(output)
}

/// The same over real values, whose sums are taken in one order, whatever the threads.
///
/// # Errors
/// That of `proceed`.
pub fn convolve_reals<E: Send>(
    layer: &Layer,
    input: ArrayView3<'_, f64>,
    weights: ArrayView4<'_, f64>,
    proceed: impl Fn() -> Result<(), E> + Sync,
) -> Result<Array3<f64>, E> {
    let mut output = Array3::zeros(layer.output_shape());
    let input: Vec<f64> = input.iter().copied().collect();
    planes(layer, &input, weights, &mut output, |w| w, |sum| sum, proceed)?;
    Ok(output)
}

/// Adds one number per channel.
pub fn add_bias(output: &mut Array3<i64>, bias: ArrayView1<'_, i64>) {
    for (mut plane, bias) in output.outer_iter_mut().zip(bias) {
        plane += *bias;
    }
}

/// Computes output planes with sums of type `T`, from weights of type `W` and to numbers of type `N`.
fn planes<W, N, T, E: Send>(
    layer: &Layer,
    input: &[T],
    weights: ArrayView4<'_, W>,
    output: &mut Array3<N>,
    from: impl Fn(W) -> T + Sync,
    into: impl Fn(T) -> N + Sync,
    proceed: impl Fn() -> Result<(), E> + Sync,
) -> Result<(), E>
where
    W: Copy + Default + PartialEq + Sync,
    N: Send + Sync,
    T: Copy + Default + AddAssign + Mul<Output = T> + Send + Sync,
{
    let size = layer.height() * layer.width();
    output.axis_iter_mut(Axis(0)).into_par_iter().enumerate().try_for_each(|(o, mut plane)| {
        proceed()?;
        let mut sums = vec![T::default(); layer.out_height() * layer.out_width()];
        let first = layer.first_input(o);
        for ((channel, ky, kx), &weight) in weights.index_axis(Axis(0), o).indexed_iter() {
            if weight != W::default() {
                let input = &input[(first + channel) * size..][..size];
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
    let (height, width, stride) = (layer.height(), layer.width(), layer.stride());
    // Columns x of the output for which x stride + kx - left lies in the input.
    let first = left.saturating_sub(kx).div_ceil(stride);
    let end = (width + left).saturating_sub(kx).div_ceil(stride).min(layer.out_width());
    if first >= end {
        return;
    }
    for (y, sums) in sums.chunks_exact_mut(layer.out_width()).enumerate() {
        let input_y = (y * stride + ky).checked_sub(top).filter(|y| *y < height);
        let Some(input_y) = input_y else { continue };
        let input = &input[input_y * width + first * stride + kx - left..];
        let sums = &mut sums[first..end];
        // Neighbours, which the compiler takes several at a time, or every so many.
        if stride == 1 {
            sums.iter_mut().zip(input).for_each(|(sum, x)| *sum += weight * *x);
        } else {
            sums.iter_mut().zip(input.iter().step_by(stride)).for_each(|(s, x)| *s += weight * *x);
        }
    }
}

/// The largest absolute value that any input of the layer gives with `weights`: all positive weights
/// of an output meet the largest activation and all negative ones the least, or the other way round.
pub fn largest_output(layer: &Layer, weights: ArrayView4<'_, i8>) -> i64 {
    let range = layer.activation_range();
    let (most, least) = (*range.end(), -range.start());
    let extreme = |output: ArrayView3<'_, i8>| {
        let (positive, negative) = output.iter().fold((0, 0), |(positive, negative), w| {
            (positive + i64::from(*w).max(0), negative + (-i64::from(*w)).max(0))
        });
        i64::max(positive * most + negative * least, positive * least + negative * most)
    };
    weights.axis_iter(Axis(0)).map(extreme).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::testing::{LAYER, layer_of};
    use crate::conv::{LayerSpec, data};

    /// No input goes beyond, and one reaches it.
    #[test]
    fn the_largest_output_is_reached_and_not_exceeded() {
        for activation_signed in [Some(false), Some(true)] {
            for seed in 0..8 {
                let spec = LayerSpec { height: 3, width: 3, padding: Some([0; 4]), ..LAYER };
                let layer = layer_of(&LayerSpec { activation_signed, ..spec });
                let weights = data::weights(&layer, seed);
                let largest = largest_output(&layer, weights.view());
                assert!(largest <= layer.worst_output());
                let range = layer.activation_range();
                let mut reached = 0;
                for (filter, sign) in weights.outer_iter().flat_map(|w| [(w, 1), (w, -1)]) {
                    let at = |w: i64| if w * sign > 0 { *range.end() } else { *range.start() };
                    let sum: i64 = filter.iter().map(|w| i64::from(*w)).map(|w| w * at(w)).sum();
                    reached = reached.max(sum.abs());
                }
                assert_eq!(largest, reached);
            }
        }
    }

    /// Value by value from the definition.
    #[test]
    fn agrees_with_the_definition() {
        let specs = [
            LayerSpec { stride: 2, ..LAYER },
            LayerSpec { stride: 3, padding: Some([0, 2, 1, 0]), ..LAYER },
            LayerSpec { groups: 2, out_channels: 6, ..LAYER },
            LayerSpec { groups: 4, out_channels: 4, stride: 2, ..LAYER },
            LayerSpec { activation_signed: Some(true), ..LAYER },
        ];
        for spec in specs {
            let layer = layer_of(&spec);
            let (input, weights) = (data::input(&layer, 3), data::weights(&layer, 3));
            let never = || Ok::<_, std::convert::Infallible>(());
            let Ok(output) = convolve(&layer, input.view(), weights.view(), never);
            let at = |i: usize, y: usize, x: usize| {
                let [top, left, _, _] = layer.padding();
                let (y, x) = (y.checked_sub(top)?, x.checked_sub(left)?);
                input.get([i, y, x]).copied()
            };
            for ((o, y, x), value) in output.indexed_iter() {
                let term = |((i, ky, kx), w): ((usize, usize, usize), &i8)| {
                    let i = o / layer.group_channels()[0] * layer.group_channels()[1] + i;
                    i64::from(*w)
                        * at(i, y * layer.stride() + ky, x * layer.stride() + kx).unwrap_or(0)
                };
                let sum: i64 = weights.index_axis(Axis(0), o).indexed_iter().map(term).sum();
                assert_eq!(*value, sum, "{layer:?} {o} {y} {x}");
            }
        }
    }
}
