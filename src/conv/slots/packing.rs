//! How channels and planes lie in the slots of ciphertexts.

use std::sync::Arc;

use ndarray::{Array3, ArrayView1, ArrayView3};
use rayon::prelude::*;

use crate::arith::Modulus;
use crate::arith::kernels::TILE;
use crate::bfv::{Context, Plaintext};
use crate::conv::grid::{Cut, Grid, Phase};
use crate::conv::{ConvError, Layer};

/// How the slots of a row are dealt to its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Slot p * C' + b is pixel p of lane b. Planes share zero padding: the zero columns right of
    /// one row are the left padding of the next. A tap is a cyclic shift of all lanes.
    Interleaved,
    /// Slot b * M + p is pixel p of lane b, planes unpadded. Pixels that a tap shifts in from
    /// beyond a border must meet a zero weight.
    Contiguous,
}

/// What the two rows of slots hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowUse {
    /// Different channels.
    Channels,
    /// Different strips of the same channels.
    Strips,
}

/// A packing of a layer's planes into slots.
///
/// A *lane* is `lane_slots` = M slots of one row; a row has `lanes_per_row` = C' of them, so that
/// C' * M = N/2. A lane holds one plane of one channel, or one *strip* of it where the plane does
/// not fit: strip k makes output rows k h to k h + h - 1 and stores the input rows these need, so
/// strips overlap in a halo. A layer of stride s has a plane for each phase of its image (see
/// [`Grid`]), and ciphertexts hold one phase each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    layer: Layer,
    grid: Arc<Grid>,
    ring_degree: usize,
    layout: Layout,
    lanes_per_row: usize,
    rows: RowUse,
    /// Slots from one image row to the next.
    row_stride: usize,
    /// Output rows of one strip.
    strip_rows: usize,
    strips: usize,
}

impl Packing {
    /// The packing of `layer` with `lanes_per_row` lanes, a power of two, or `None` where not even
    /// one output row fits a lane or a lane is too short for the kernels.
    pub fn new(
        layer: &Layer,
        ring_degree: usize,
        layout: Layout,
        lanes_per_row: usize,
        rows: RowUse,
    ) -> Option<Self> {
        let slots = ring_degree / 2 / lanes_per_row;
        if !lanes_per_row.is_power_of_two() || slots < TILE {
            return None;
        }
        let grid = Arc::new(Grid::new(layer));
        let out = [layer.out_height(), layer.out_width()];
        let Cut { row_stride, strip_rows, strips } = match layout {
            Layout::Interleaved => grid.cut(out, grid.padding(out), slots)?,
            Layout::Contiguous => grid.cut(out, [0; 2], slots)?,
        };
        if strips > 1 && layout == Layout::Contiguous && lanes_per_row > 1 {
            // The first rows of a strip's halo lie before the pixel that its outputs begin at, and so
            // wrap to the end of its lane. A rotation takes them with it only where the lane is a whole
            // row of slots: contiguous lanes of a row would get each other's pixels.
            return None;
        }
        let layer = layer.clone();
        Some(Self {
            layer,
            grid,
            ring_degree,
            layout,
            lanes_per_row,
            rows,
            row_stride,
            strip_rows,
            strips,
        })
    }

    /// Where the pixels of a plane lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The same packing for a layer that differs in channels alone.
    pub fn for_layer(&self, layer: Layer) -> Self {
        Self { layer, ..self.clone() }
    }

    /// The layer.
    pub const fn layer(&self) -> &Layer {
        &self.layer
    }

    /// N.
    pub const fn ring_degree(&self) -> usize {
        self.ring_degree
    }

    /// How slots are dealt to lanes.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// What the rows hold.
    pub const fn rows(&self) -> RowUse {
        self.rows
    }

    /// C'.
    pub const fn lanes_per_row(&self) -> usize {
        self.lanes_per_row
    }

    /// c = 2 C', the lanes of a ciphertext.
    pub const fn lanes(&self) -> usize {
        2 * self.lanes_per_row
    }

    /// M, the slots of a lane.
    pub const fn lane_slots(&self) -> usize {
        self.ring_degree / 2 / self.lanes_per_row
    }

    /// Slots from one image row to the next.
    pub const fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// Output rows of one strip: all of them where the plane fits a lane.
    pub const fn strip_rows(&self) -> usize {
        self.strip_rows
    }

    /// Strips that a plane is cut into; 1 where it fits a lane.
    pub const fn strips(&self) -> usize {
        self.strips
    }

    /// Channels of one ciphertext.
    pub fn channels_per_ciphertext(&self) -> usize {
        match self.rows {
            RowUse::Channels => 2 * self.lanes_per_row,
            RowUse::Strips => self.lanes_per_row,
        }
    }

    /// Strips of each channel in one ciphertext.
    fn strips_per_ciphertext(&self) -> usize {
        match self.rows {
            RowUse::Channels => 1,
            RowUse::Strips => 2,
        }
    }

    /// Groups of strips; ciphertexts of different groups never meet.
    pub fn strip_groups(&self) -> usize {
        self.strips.div_ceil(self.strips_per_ciphertext())
    }

    /// Ciphertexts that `channels` channels take in one strip group.
    pub fn groups(&self, channels: usize) -> usize {
        channels.div_ceil(self.channels_per_ciphertext())
    }

    /// Which channel of its ciphertext lane (`row`, `lane`) holds.
    pub const fn channel_in_group(&self, row: usize, lane: usize) -> usize {
        match self.rows {
            RowUse::Channels => row * self.lanes_per_row + lane,
            RowUse::Strips => lane,
        }
    }

    /// The slot of a pixel, in a slot vector of row 0 then row 1.
    pub const fn slot(&self, row: usize, lane: usize, pixel: usize) -> usize {
        let in_row = match self.layout {
            Layout::Interleaved => pixel * self.lanes_per_row + lane,
            Layout::Contiguous => lane * self.lane_slots() + pixel,
        };
        row * (self.ring_degree / 2) + in_row
    }

    /// How far a shift of planes by `pixels` rotates a row.
    pub const fn shift_steps(&self, pixels: i64) -> i64 {
        match self.layout {
            Layout::Interleaved => pixels * self.lanes_per_row as i64,
            Layout::Contiguous => pixels,
        }
    }

    /// How far a move of lanes by `lanes` rotates a row.
    pub const fn lane_steps(&self, lanes: usize) -> i64 {
        match self.layout {
            Layout::Interleaved => lanes as i64,
            Layout::Contiguous => (lanes * self.lane_slots()) as i64,
        }
    }

    /// Calls `visit` with channel, first output row of the strip, row, lane, for every lane of
    /// ciphertext `group` of strip group `strip_group` that holds one of `channels` channels.
    fn for_each_lane(
        &self,
        strip_group: usize,
        group: usize,
        channels: usize,
        mut visit: impl FnMut(usize, usize, usize, usize),
    ) {
        for row in 0..2 {
            let strip = match self.rows {
                RowUse::Channels => strip_group,
                RowUse::Strips => 2 * strip_group + row,
            };
            for lane in 0..self.lanes_per_row {
                let channel =
                    group * self.channels_per_ciphertext() + self.channel_in_group(row, lane);
                if strip < self.strips && channel < channels {
                    visit(channel, strip * self.strip_rows, row, lane);
                }
            }
        }
    }

    /// Packs an input of shape (channels, height, width): one plaintext per ciphertext, strip group
    /// after strip group, in each phase after phase. Activations are taken modulo t.
    ///
    /// # Errors
    /// [`ConvError::NoSlots`].
    pub fn pack(
        &self,
        context: &Context,
        input: ArrayView3<'_, i64>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        let slots = context.slots()?;
        let plain = context.params().plain();
        let groups = self.groups(self.layer.in_channels());
        let places: Vec<(usize, &Phase, usize)> = (0..self.strip_groups())
            .flat_map(|strips| self.grid.phases().iter().map(move |phase| (strips, phase)))
            .flat_map(|(strips, phase)| (0..groups).map(move |group| (strips, phase, group)))
            .collect();
        let encode = |(strips, phase, group)| {
            slots.encode(&self.pack_slots(plain, input, strips, phase, group))
        };
        Ok(places.into_par_iter().map(encode).collect())
    }

    fn pack_slots(
        &self,
        plain: &Modulus,
        input: ArrayView3<'_, i64>,
        strip_group: usize,
        phase: &Phase,
        group: usize,
    ) -> Vec<u64> {
        let mut slots = vec![0; self.ring_degree];
        let (layer, stride) = (&self.layer, self.layer.stride());
        let (least, most) = self.grid.rows();
        let visit = |channel, first: usize, row, lane| {
            // Rows of the phase that the strip stores, of those it has.
            let rows = layer.height().saturating_sub(phase.first[0]).div_ceil(stride);
            let from = (first as i64 + least).max(0) as usize;
            let to = ((first + self.strip_rows) as i64 + most).max(0) as usize;
            for y in from..to.min(rows) {
                let columns = (phase.first[1]..layer.width()).step_by(stride).enumerate();
                for (x, image_x) in columns {
                    let pixel = (y as i64 - first as i64) * self.row_stride as i64 + x as i64;
                    let pixel = pixel.rem_euclid(self.lane_slots() as i64) as usize;
                    let value = input[[channel, y * stride + phase.first[0], image_x]];
                    slots[self.slot(row, lane, pixel)] = plain.from_signed(value);
                }
            }
        };
        self.for_each_lane(strip_group, group, layer.in_channels(), visit);
        slots
    }

    /// One value per output channel on all slots of its lanes: one plaintext per output ciphertext,
    /// strip group after strip group.
    ///
    /// # Errors
    /// [`ConvError::NoSlots`].
    pub fn pack_channels(
        &self,
        context: &Context,
        values: ArrayView1<'_, i64>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        let (plain, encoder) = (context.params().plain(), context.slots()?);
        let channels = self.layer.out_channels();
        let places: Vec<(usize, usize)> = self.ciphertexts(channels).collect();
        let encode = |(strip_group, group)| {
            let mut slots = vec![0; self.ring_degree];
            self.for_each_lane(strip_group, group, channels, |channel, _, row, lane| {
                for pixel in 0..self.lane_slots() {
                    slots[self.slot(row, lane, pixel)] = plain.from_signed(values[channel]);
                }
            });
            encoder.encode(&slots)
        };
        Ok(places.into_par_iter().map(encode).collect())
    }

    /// The output of shape (channels, height, width) from the plaintexts of all output ciphertexts,
    /// strip group after strip group; values centred modulo t.
    ///
    /// # Errors
    /// [`ConvError::NoSlots`].
    pub fn unpack(
        &self,
        context: &Context,
        outputs: &[Plaintext],
    ) -> Result<Array3<i64>, ConvError> {
        let (plain, decoder) = (context.params().plain(), context.slots()?);
        let mut result = Array3::zeros(self.layer.output_shape());
        let channels = self.layer.out_channels();
        for ((strip_group, group), plaintext) in self.ciphertexts(channels).zip(outputs) {
            let slots = decoder.decode(plaintext);
            self.for_each_lane(strip_group, group, channels, |channel, first, row, lane| {
                for y in first..(first + self.strip_rows).min(self.layer.out_height()) {
                    for x in 0..self.layer.out_width() {
                        let pixel = (y - first) * self.row_stride + x;
                        result[[channel, y, x]] = plain.centre(slots[self.slot(row, lane, pixel)]);
                    }
                }
            });
        }
        Ok(result)
    }

    /// Strip group and channel group of every ciphertext of `channels` channels, in order.
    pub fn ciphertexts(&self, channels: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let groups = self.groups(channels);
        (0..self.strip_groups()).flat_map(move |s| (0..groups).map(move |g| (s, g)))
    }
}
