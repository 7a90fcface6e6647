//! Where the pixels lie that a kernel reads.
//!
//! A convolution of stride s is one of stride 1 over the s x s *phases* of the image: phase (a, b) has
//! the pixels (s y + a, s x + b). Kernel position k reads phase (k - pad) mod s at a distance of
//! floor((k - pad) / s) from the output's position. So the client deals an image to its phases,
//! and no output is computed to be thrown away.

use crate::conv::Layer;

/// A kernel position that reads at least one pixel of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Kernel row and column.
    pub position: [usize; 2],
    /// From the output's row and column to those it reads in the phase.
    pub distance: [i64; 2],
}

/// A phase that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// The row and column of the image it begins with.
    pub first: [usize; 2],
    /// The kernel positions that read it.
    pub taps: Vec<Tap>,
}

/// The phases of a layer's image, on one grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    phases: Vec<Phase>,
    /// Rows and columns of the largest phase.
    size: [usize; 2],
    /// The least and the largest distance of all taps, by direction.
    reach: [(i64, i64); 2],
}

/// In one direction: the positions of a kernel that read a pixel, as (position, phase, distance).
fn positions(
    kernel: usize,
    stride: usize,
    padding: usize,
    size: usize,
    out: usize,
) -> Vec<(usize, usize, i64)> {
    let reads = |position: usize| {
        // The first output that reads at or after the first pixel.
        let output = padding.saturating_sub(position).div_ceil(stride);
        output < out && output * stride + position - padding < size
    };
    let place = |position: usize| {
        let (offset, stride) = (position as i64 - padding as i64, stride as i64);
        (position, offset.rem_euclid(stride) as usize, offset.div_euclid(stride))
    };
    (0..kernel).filter(|position| reads(*position)).map(place).collect()
}

impl Grid {
    /// The grid of a layer.
    pub fn new(layer: &Layer) -> Self {
        let (kernel, stride, [top, left, _, _]) = (layer.kernel(), layer.stride(), layer.padding());
        let rows = positions(kernel[0], stride, top, layer.height(), layer.out_height());
        let columns = positions(kernel[1], stride, left, layer.width(), layer.out_width());
        let firsts = |all: &[(usize, usize, i64)]| {
            let mut firsts: Vec<usize> = all.iter().map(|(_, first, _)| *first).collect();
            firsts.sort_unstable();
            firsts.dedup();
            firsts
        };
        let phase = |first: [usize; 2]| {
            let of = |all: &[(usize, usize, i64)], first| {
                all.iter().filter(move |p| p.1 == first).map(|p| (p.0, p.2)).collect::<Vec<_>>()
            };
            let (rows, columns) = (of(&rows, first[0]), of(&columns, first[1]));
            let row = |(y, dy): &(usize, i64)| {
                let (y, dy) = (*y, *dy);
                let tap =
                    move |&(x, dx): &(usize, i64)| Tap { position: [y, x], distance: [dy, dx] };
                columns.iter().map(tap).collect::<Vec<_>>()
            };
            Phase { first, taps: rows.iter().flat_map(row).collect() }
        };
        let firsts = [firsts(&rows), firsts(&columns)];
        let phases = firsts[0].iter().flat_map(|&a| firsts[1].iter().map(move |&b| [a, b]));
        let reach = [&rows, &columns].map(|all| {
            // The position at the padding reads the first pixel at distance 0.
            all.iter().fold((0, 0), |(least, most), p| (p.2.min(least), p.2.max(most)))
        });
        Self {
            phases: phases.map(phase).collect(),
            size: [layer.height().div_ceil(stride), layer.width().div_ceil(stride)],
            reach,
        }
    }

    /// The phases that are read, at least one.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Rows and columns of the largest phase.
    pub const fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The least and the largest distance of rows that taps read: at most 0, and at least 0.
    pub const fn rows(&self) -> (i64, i64) {
        self.reach[0]
    }

    /// Zero rows and columns that a plane needs beside it, where those after it serve as those
    /// before it too, for outputs of `out` rows and columns.
    pub fn padding(&self, out: [usize; 2]) -> [usize; 2] {
        std::array::from_fn(|i| {
            let (least, most) = self.reach[i];
            let after = out[i] as i64 + most - self.size[i] as i64;
            (-least).max(after).max(0) as usize
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::LayerSpec;
    use crate::conv::testing::{LAYER, layer_of};

    fn taps(spec: &LayerSpec) -> Vec<usize> {
        Grid::new(&layer_of(spec)).phases().iter().map(|phase| phase.taps.len()).collect()
    }

    #[test]
    fn phases_share_the_taps() {
        assert_eq!(taps(&LAYER), [9]);
        assert_eq!(taps(&LayerSpec { stride: 2, ..LAYER }), [1, 2, 2, 4]);
        let wide = LayerSpec { kernel: [7, 7], height: 30, width: 30, stride: 2, ..LAYER };
        assert_eq!(taps(&wide), [9, 12, 12, 16]);
        // A phase that no position reads is not there.
        assert_eq!(taps(&LayerSpec { kernel: [1, 1], stride: 2, ..LAYER }), [1]);
        // Padding below and on the right alone, as TensorFlow does at stride 2 and even sizes.
        let same = LayerSpec { stride: 2, padding: Some([0, 0, 1, 1]), ..LAYER };
        assert_eq!(taps(&LayerSpec { height: 8, width: 8, ..same }), [4, 2, 2, 1]);
    }

    #[test]
    fn distances_lead_to_the_pixels_read() {
        for stride in 1..4 {
            let layer = layer_of(&LayerSpec { stride, padding: Some([2, 1, 0, 2]), ..LAYER });
            let [top, left, _, _] = layer.padding().map(|p| p as i64);
            for Phase { first, taps } in Grid::new(&layer).phases() {
                for Tap { position, distance } in taps {
                    let at = |i: usize| distance[i] * stride as i64 + first[i] as i64;
                    assert_eq!(at(0), position[0] as i64 - top);
                    assert_eq!(at(1), position[1] as i64 - left);
                }
            }
        }
    }

    #[test]
    fn taps_that_read_zeros_alone_are_dropped() {
        assert_eq!(taps(&LayerSpec { height: 1, width: 1, ..LAYER }), [1]);
    }
}
