//! How channels and planes lie in the coefficients of plaintexts.

use std::sync::Arc;

use ndarray::{Array3, ArrayView1, ArrayView3};
use rayon::prelude::*;

use crate::arith::Modulus;
use crate::bfv::{Coefficients, Context, Plaintext};
use crate::conv::Layer;
use crate::conv::grid::{Cut, Grid, Phase};

/// Where the channels of a ciphertext lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spread {
    /// Position p of channel ch at X^(B ch + p): each channel has a block of B positions.
    Blocks,
    /// Position p of channel ch at X^(m p + ch): channels are interleaved.
    Interleaved,
}

/// A packing of a layer's planes into coefficients.
///
/// A channel has `positions` of them, which hold a plane, or one *strip* of it where it does not fit:
/// pixel (y, x) of a strip stands at position (y - first) R + x, counted from the strip's first stored
/// row. Planes share zero padding: the zero columns right of one row are the left padding of the next.
/// A layer of stride s has a plane for each phase of its image (see [`Grid`]), and ciphertexts hold one
/// phase each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    layer: Layer,
    grid: Arc<Grid>,
    ring_degree: usize,
    spread: Spread,
    channels: usize,
    positions: usize,
    cut: Cut,
}

impl Packing {
    /// Blocks of channels, as many as fit; `None` where not even one output row fits.
    pub fn blocks(layer: &Layer, ring_degree: usize) -> Option<Self> {
        let (grid, cut, positions) = measured(layer, ring_degree)?;
        let channels = (ring_degree / positions).min(layer.in_channels());
        let (layer, spread) = (layer.clone(), Spread::Blocks);
        Some(Self { layer, grid, ring_degree, spread, channels, positions, cut })
    }

    /// `channels` = m interleaved channels, a power of two; `None` where a plane of one does not fit
    /// whole, or, of a channel alone, not even one output row.
    pub fn interleaved(layer: &Layer, ring_degree: usize, channels: usize) -> Option<Self> {
        let positions = ring_degree / channels;
        let (grid, cut, needed) = measured(layer, ring_degree)?;
        if needed > positions || !channels.is_power_of_two() {
            return None;
        }
        let (layer, spread) = (layer.clone(), Spread::Interleaved);
        Some(Self { layer, grid, ring_degree, spread, channels, positions, cut })
    }

    /// The same packing for a layer that differs in output channels alone.
    pub fn for_layer(&self, layer: Layer) -> Self {
        Self { layer, ..self.clone() }
    }

    /// The layer.
    pub const fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Where the pixels of a plane lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// N.
    pub const fn ring_degree(&self) -> usize {
        self.ring_degree
    }

    /// Where channels lie.
    pub const fn spread(&self) -> Spread {
        self.spread
    }

    /// Channels of an input ciphertext.
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// Channels of an output ciphertext.
    pub const fn out_channels(&self) -> usize {
        match self.spread {
            Spread::Blocks => 1,
            Spread::Interleaved => self.channels,
        }
    }

    /// Positions of a channel.
    pub const fn positions(&self) -> usize {
        self.positions
    }

    /// How planes are cut.
    pub const fn cut(&self) -> Cut {
        self.cut
    }

    /// The exponent of position 0 of an input channel.
    pub const fn input_exponent(&self, channel: usize) -> usize {
        match self.spread {
            Spread::Blocks => self.positions * channel,
            Spread::Interleaved => channel,
        }
    }

    /// The exponent of position 0 of an output channel. Of blocks it is the last in which a product
    /// gathers all input channels.
    pub const fn output_exponent(&self, channel: usize) -> usize {
        match self.spread {
            Spread::Blocks => self.positions * (self.channels - 1),
            Spread::Interleaved => channel,
        }
    }

    /// From one position to the next.
    pub const fn step(&self) -> usize {
        match self.spread {
            Spread::Blocks => 1,
            Spread::Interleaved => self.channels,
        }
    }

    /// The position of the output at the first row of a strip: a strip stores rows above it.
    fn first_position(&self) -> usize {
        let (above, _) = self.grid.rows();
        if self.cut.strips > 1 { (-above) as usize * self.cut.row_stride } else { 0 }
    }

    /// Input ciphertexts of one phase of one strip.
    pub const fn in_groups(&self) -> usize {
        self.layer.in_channels().div_ceil(self.channels)
    }

    /// Output ciphertexts of one strip.
    pub const fn out_groups(&self) -> usize {
        self.layer.out_channels().div_ceil(self.out_channels())
    }

    /// Packs an input of shape (channels, height, width): one plaintext per ciphertext, strip after
    /// strip, in each phase after phase. Activations are taken modulo t.
    pub fn pack(&self, context: &Context, input: ArrayView3<'_, i64>) -> Vec<Plaintext> {
        let plain = context.params().plain();
        let phases = self.grid.phases();
        let each = phases.len() * self.in_groups();
        let places = (0..self.cut.strips * each).into_par_iter();
        let pack = |place: usize| {
            let (strip, place) = (place / each, place % each);
            let (phase, group) = (&phases[place / self.in_groups()], place % self.in_groups());
            self.pack_one(plain, input, strip, phase, group)
        };
        places.map(pack).collect()
    }

    fn pack_one(
        &self,
        plain: &Modulus,
        input: ArrayView3<'_, i64>,
        strip: usize,
        phase: &Phase,
        group: usize,
    ) -> Plaintext {
        let mut words = vec![0; self.ring_degree];
        let (stride, first) = (self.layer.stride(), strip * self.cut.strip_rows);
        let (above, below) = self.grid.rows();
        // Rows of the phase that the strip stores, of those it has.
        let rows = self.layer.height().saturating_sub(phase.first[0]).div_ceil(stride);
        let from = (first as i64 + above).max(0) as usize;
        let to = ((first + self.cut.strip_rows) as i64 + below).max(0) as usize;
        let channels = group * self.channels..self.layer.in_channels();
        for (channel, place) in channels.zip(0..self.channels) {
            for y in from..to.min(rows) {
                let row = (y + self.first_position() / self.cut.row_stride) - first;
                let columns = (phase.first[1]..self.layer.width()).step_by(stride).enumerate();
                for (x, image_x) in columns {
                    let position = row * self.cut.row_stride + x;
                    let value = input[[channel, y * stride + phase.first[0], image_x]];
                    words[self.input_exponent(place) + self.step() * position] =
                        plain.from_signed(value);
                }
            }
        }
        Plaintext(words)
    }

    /// Output rows that a strip makes.
    pub fn strip_rows(&self, strip: usize) -> usize {
        let left = self.layer.out_height().saturating_sub(strip * self.cut.strip_rows);
        left.min(self.cut.strip_rows)
    }

    /// Channels of input ciphertext `group` of one phase of one strip.
    pub fn group_channels(&self, group: usize) -> usize {
        let left = self.layer.in_channels().saturating_sub(group * self.channels);
        left.min(self.channels)
    }

    /// The positions of all outputs in the first `rows` rows of a strip, row by row.
    pub fn output_positions(&self, rows: usize) -> impl Iterator<Item = usize> + use<'_> {
        let (first, stride) = (self.first_position(), self.cut.row_stride);
        (0..rows)
            .flat_map(move |y| (0..self.layer.out_width()).map(move |x| first + y * stride + x))
    }

    /// Calls `visit` with the channel, row and column of each output in output ciphertext `group` of a
    /// strip, and its exponent.
    fn for_each_output(
        &self,
        strip: usize,
        group: usize,
        mut visit: impl FnMut([usize; 3], usize),
    ) {
        let first = strip * self.cut.strip_rows;
        let channels = group * self.out_channels()..self.layer.out_channels();
        for (channel, place) in channels.zip(0..self.out_channels()) {
            for y in first..(first + self.cut.strip_rows).min(self.layer.out_height()) {
                for x in 0..self.layer.out_width() {
                    let position = self.first_position() + (y - first) * self.cut.row_stride + x;
                    let exponent = self.output_exponent(place) + self.step() * position;
                    visit([channel, y, x], exponent);
                }
            }
        }
    }

    /// Strip and group of every output ciphertext, in order.
    pub fn outputs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let groups = self.out_groups();
        (0..self.cut.strips).flat_map(move |strip| (0..groups).map(move |group| (strip, group)))
    }

    /// Of each output ciphertext the coefficients that hold outputs.
    pub fn read(&self) -> Vec<Coefficients> {
        // They depend on the rows of the strip and the channels of the group alone.
        let mut known: Vec<((usize, usize), Coefficients)> = Vec::new();
        let read = |(strip, group): (usize, usize)| {
            let channels = self.layer.out_channels().saturating_sub(group * self.out_channels());
            let kind = (self.strip_rows(strip), channels.min(self.out_channels()));
            if let Some((_, same)) = known.iter().find(|(other, _)| *other == kind) {
                return same.clone();
            }
            let mut places = Vec::new();
            self.for_each_output(strip, group, |_, exponent| places.push(exponent as u32));
            places.sort_unstable();
            let read = Coefficients::Only(places.into());
            known.push((kind, read.clone()));
            read
        };
        self.outputs().map(read).collect()
    }

    /// One value per output channel on all its outputs, times `factor`: one plaintext per output
    /// ciphertext.
    pub fn pack_channels(
        &self,
        plain: &Modulus,
        values: ArrayView1<'_, i64>,
        factor: u64,
    ) -> Vec<Plaintext> {
        let pack = |(strip, group)| {
            let mut words = vec![0; self.ring_degree];
            self.for_each_output(strip, group, |[channel, ..], exponent| {
                words[exponent] = plain.mul(plain.from_signed(values[channel]), factor);
            });
            Plaintext(words)
        };
        self.outputs().map(pack).collect()
    }

    /// The output of shape (channels, height, width) from the plaintexts of all output ciphertexts:
    /// values times `factor`, centred modulo t.
    pub fn unpack(&self, plain: &Modulus, outputs: &[Plaintext], factor: u64) -> Array3<i64> {
        let mut result = Array3::zeros(self.layer.output_shape());
        for ((strip, group), Plaintext(words)) in self.outputs().zip(outputs) {
            self.for_each_output(strip, group, |place, exponent| {
                result[place] = plain.centre(plain.mul(words[exponent], factor));
            });
        }
        result
    }
}

/// Where pixels lie, how planes are cut to fit N positions, and how many of these one takes.
fn measured(layer: &Layer, ring_degree: usize) -> Option<(Arc<Grid>, Cut, usize)> {
    let (grid, out) = (Grid::new(layer), [layer.out_height(), layer.out_width()]);
    let padding = grid.padding(out);
    let cut = grid.cut(out, padding, ring_degree)?;
    let rows = if cut.strips > 1 {
        cut.strip_rows + grid.halo()
    } else {
        (grid.size()[0] + padding[0]).max(out[0])
    };
    Some((Arc::new(grid), cut, rows * cut.row_stride))
}
