//! Where the pixels lie that a kernel reads.
//!
//! A convolution of stride s is one of stride 1 over the s x s *phases* of the image: phase (a, b) has
//! the pixels (s y + a, s x + b). Kernel position k reads phase (k - pad) mod s at a distance of
//! floor((k - pad) / s) from the output's position. So the client deals an image to its phases,
//! and no output is computed to be thrown away.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::conv::Layer;

/// In one direction: the kernel positions that read a phase, and how far from the output's position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The distance of the first.
    least: i64,
    /// The positions, each at a distance of one more than that before.
    positions: Vec<usize>,
}

impl Line {
    /// The position at a distance.
    pub fn position(&self, distance: i64) -> Option<usize> {
        usize::try_from(distance - self.least).ok().and_then(|i| self.positions.get(i)).copied()
    }

    /// The positions, in order.
    pub fn positions(&self) -> impl Iterator<Item = usize> + use<'_> {
        self.positions.iter().copied()
    }

    /// How many positions there are.
    pub const fn len(&self) -> usize {
        self.positions.len()
    }

    /// The least and the largest distance.
    pub fn reach(&self) -> (i64, i64) {
        (self.least, self.least + self.positions.len() as i64 - 1)
    }
}

/// A phase that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// The row and column of the image it begins with.
    pub first: [usize; 2],
    /// Kernel rows that read it.
    pub rows: Arc<Line>,
    /// Kernel columns that read it.
    pub columns: Arc<Line>,
}

impl Phase {
    /// The kernel row and column that read from a distance of rows and columns.
    pub fn tap(&self, [rows, columns]: [i64; 2]) -> Option<[usize; 2]> {
        Some([self.rows.position(rows)?, self.columns.position(columns)?])
    }
}

/// How planes are cut into *strips*: strip k makes output rows k h to k h + h - 1 and stores the input
/// rows that these need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Places from one image row to the next.
    pub row_stride: usize,
    /// h, the output rows of one strip: all of them where the plane is whole.
    pub strip_rows: usize,
    /// Strips that a plane is cut into; 1 where it is whole.
    pub strips: usize,
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

/// In one direction: the phases that a kernel reads, by the row or column they begin with.
fn lines(
    kernel: usize,
    stride: usize,
    padding: usize,
    size: usize,
    out: usize,
) -> BTreeMap<usize, Line> {
    let reads = |position: usize| {
        // The first output that reads at or after the first pixel.
        let output = padding.saturating_sub(position).div_ceil(stride);
        output < out && output * stride + position - padding < size
    };
    let mut lines = BTreeMap::new();
    for position in (0..kernel).filter(|position| reads(*position)) {
        let (offset, stride) = (position as i64 - padding as i64, stride as i64);
        let line = Line { least: offset.div_euclid(stride), positions: Vec::new() };
        let first = offset.rem_euclid(stride) as usize;
        lines.entry(first).or_insert(line).positions.push(position);
    }
    lines
}

impl Grid {
    /// The grid of a layer.
    pub fn new(layer: &Layer) -> Self {
        let (kernel, stride, [top, left, _, _]) = (layer.kernel(), layer.stride(), layer.padding());
        let rows = lines(kernel[0], stride, top, layer.height(), layer.out_height());
        let columns = lines(kernel[1], stride, left, layer.width(), layer.out_width());
        let reach = [&rows, &columns].map(|lines| {
            // The position at the padding reads the first pixel at distance 0.
            lines
                .values()
                .map(Line::reach)
                .fold((0, 0), |all, one| (all.0.min(one.0), all.1.max(one.1)))
        });
        // Large strides have many phases, and each line is that of many of them.
        let [rows, columns] = [rows, columns].map(|lines| {
            lines.into_iter().map(|(first, line)| (first, Arc::new(line))).collect::<Vec<_>>()
        });
        let phase = |(a, rows): &(usize, Arc<Line>), (b, columns): &(usize, Arc<Line>)| Phase {
            first: [*a, *b],
            rows: Arc::clone(rows),
            columns: Arc::clone(columns),
        };
        let phases =
            rows.iter().flat_map(|row| columns.iter().map(move |column| phase(row, column)));
        Self {
            phases: phases.collect(),
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

    /// The least and the largest distance of columns that taps read: at most 0, and at least 0.
    pub const fn columns(&self) -> (i64, i64) {
        self.reach[1]
    }

    /// How planes are cut so that each piece fits `places` places, where `padding` zero rows and columns
    /// stand beside a plane, for outputs of `out` rows and columns. `None` where not even one output row
    /// fits.
    pub fn cut(&self, out: [usize; 2], padding: [usize; 2], places: usize) -> Option<Cut> {
        let [rows, row_stride]: [usize; 2] =
            std::array::from_fn(|i| (self.size[i] + padding[i]).max(out[i]));
        if rows * row_stride <= places {
            return Some(Cut { row_stride, strip_rows: out[0], strips: 1 });
        }
        let most = (places / row_stride).checked_sub(self.halo()).filter(|most| *most > 0)?;
        let strips = out[0].div_ceil(most.min(out[0]));
        Some(Cut { row_stride, strip_rows: out[0].div_ceil(strips), strips })
    }

    /// Rows that a strip stores besides those of its outputs.
    pub const fn halo(&self) -> usize {
        let (least, most) = self.rows();
        (most - least) as usize
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
        let of = |line: &Line| line.positions.len();
        let phases = Grid::new(&layer_of(spec)).phases().to_vec();
        phases.iter().map(|phase| of(&phase.rows) * of(&phase.columns)).collect()
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
            for Phase { first, rows, columns } in Grid::new(&layer).phases() {
                for (line, first, padding) in [(rows, first[0], top), (columns, first[1], left)] {
                    for distance in line.reach().0..=line.reach().1 {
                        let position = line.position(distance).expect("within reach") as i64;
                        assert_eq!(distance * stride as i64 + first as i64, position - padding);
                    }
                    assert_eq!(line.position(line.reach().0 - 1), None);
                    assert_eq!(line.position(line.reach().1 + 1), None);
                }
            }
        }
    }

    #[test]
    fn taps_that_read_zeros_alone_are_dropped() {
        assert_eq!(taps(&LayerSpec { height: 1, width: 1, ..LAYER }), [1]);
    }
}
