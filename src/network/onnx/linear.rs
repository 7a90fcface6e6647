//! A node that the server computes, and what the client does before and after it.

use ndarray::{Array1, Array3, Array4, ArrayView3};
use rten::Value;
use rten_tensor::{AsView, Layout as _};

use super::axis::Axis;
use crate::conv::LayerSpec;

/// A node as a convolution of the server, and what the client does before and after it.
#[derive(Clone, Debug)]
pub struct Linear {
    /// Of the server's convolution: channels, sizes, kernel, stride, padding and groups.
    pub(super) layer: LayerSpec,
    /// Real weights of the server's convolution, each output channel with all its phases.
    pub(super) weights: Array4<f32>,
    /// One for each channel of the node's output.
    pub(super) bias: Option<Array1<f64>>,
    pub(super) axes: [Axis; 2],
    pub(super) frame: Frame,
}

/// How a node's values are planes of channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// (batch, channels, rows, columns), or (batch, channels, columns). All channels of a batch are those of
    /// one picture for the server, each picture's in groups of their own.
    Planes {
        /// How many pictures there are.
        batch: usize,
        /// How many sides a plane has.
        sides: usize,
    },
    /// (..., rows, channels): a matrix, each row of which is a pixel.
    Rows {
        /// All sides but the last.
        outer: Vec<usize>,
    },
}

impl Linear {
    /// Channels of the node's input, and its rows and columns.
    pub(super) fn input(&self) -> [usize; 3] {
        let [rows, columns] = &self.axes;
        [self.layer.in_channels / (rows.from * columns.from), rows.input, columns.input]
    }

    /// The shape of the node's input.
    pub(super) fn input_shape(&self) -> Vec<usize> {
        let [channels, rows, columns] = self.input();
        match &self.frame {
            Frame::Planes { batch, sides: 1 } => vec![*batch, channels / batch, columns],
            Frame::Planes { batch, .. } => vec![*batch, channels / batch, rows, columns],
            Frame::Rows { outer } => outer.iter().copied().chain([channels]).collect(),
        }
    }

    /// Channels of the node's output, and its rows and columns.
    pub(super) fn output(&self) -> [usize; 3] {
        let [rows, columns] = &self.axes;
        [self.layer.out_channels / self.phases(), rows.output, columns.output]
    }

    /// Channels of the server for one of the node's output.
    pub(super) fn phases(&self) -> usize {
        self.axes[0].to * self.axes[1].to
    }

    /// The node's input as planes of channels; `None` for one of another shape.
    pub(super) fn planes(&self, value: &Value) -> Option<Array3<f32>> {
        let Value::FloatTensor(tensor) = value else { return None };
        let [channels, rows, columns] = self.input();
        let data = tensor.to_vec();
        let shape: Vec<usize> = tensor.shape().to_vec();
        match &self.frame {
            Frame::Planes { batch, .. } => {
                let is_it = shape.get(..2) == Some(&[*batch, channels / batch][..]);
                let planes = Array3::from_shape_vec((channels, rows, columns), data).ok();
                planes.filter(|_| is_it)
            }
            Frame::Rows { outer } => {
                let is_it = shape.split_last() == Some((&channels, outer.as_slice()));
                let planes = Array3::from_shape_vec((rows, columns, channels), data).ok();
                let planes = planes.filter(|_| is_it)?.permuted_axes([2, 0, 1]);
                Some(planes.as_standard_layout().into_owned())
            }
        }
    }

    /// What the server convolves: phases, and what is added to them, which is `fill`.
    pub(super) fn prepare(&self, planes: ArrayView3<'_, i64>, fill: i64) -> Array3<i64> {
        let [rows, columns] = &self.axes;
        let (from, shape) = (rows.from * columns.from, self.layer.in_channels);
        Array3::from_shape_fn((shape, rows.rows, columns.rows), |(channel, y, x)| {
            let (channel, phase) = (channel / from, channel % from);
            let row = rows.source(phase / columns.from, y);
            match (row, columns.source(phase % columns.from, x)) {
                (Some(row), Some(column)) => planes[[channel, row, column]],
                _ => fill,
            }
        })
    }

    /// The node's output, from real values of all phases in planes of the server's size.
    pub(super) fn restore(&self, served: &Array3<f64>) -> Option<Value> {
        let [channels, height, width] = self.output();
        let [rows, columns] = &self.axes;
        let value = |channel: usize, y: usize, x: usize| {
            let phase = y % rows.to * columns.to + x % columns.to;
            served[[channel * self.phases() + phase, y / rows.to, x / columns.to]] as f32
        };
        let (shape, data) = match &self.frame {
            Frame::Planes { batch, sides } => {
                let planes =
                    Array3::from_shape_fn((channels, height, width), |(c, y, x)| value(c, y, x));
                let mut shape = vec![*batch, channels / batch, height, width];
                if *sides == 1 {
                    shape.remove(2);
                }
                (shape, planes.into_raw_vec_and_offset().0)
            }
            Frame::Rows { outer } => {
                let matrix =
                    Array3::from_shape_fn((height, width, channels), |(y, x, c)| value(c, y, x));
                let shape = outer.iter().copied().chain([channels]).collect();
                (shape, matrix.into_raw_vec_and_offset().0)
            }
        };
        Value::from_shape(shape, data).ok()
    }
}
