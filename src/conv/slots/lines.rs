//! Raw weights in the order in which the terms of a sum meet them.
//!
//! The terms of a sum are rotations of an input by successive numbers of slots, and every lane of a term
//! needs the weight between the channel that the rotation brought to this lane and the lane's output
//! channel. With interleaved lanes (slot p C' + b is pixel p of lane b), one slot more brings the next
//! channel; after the last channel comes the first, one pixel further, which is the next kernel column.
//!
//! So the weights of one output channel and one kernel row are laid out in that order, column after
//! column and in each column channel after channel: a *line*, with a column of zeros before and behind
//! it for rotations that reach beyond the kernel. Each lane then reads a run of successive bytes of a
//! line, and lanes differ only in where they start. Where inputs are also rotated by kernel rows, row
//! after row at each distance, the lines of these rows are interleaved byte by byte in the same order.

use std::ops::Range;

use super::{Offset, Output, RowUse, Shift, Side, SlotPlan};
use crate::conv::grid::Phase;
use crate::conv::weights::PackedWeights;

/// Bytes that are copied at a time.
const CHUNK: usize = 32;

/// The weights of a layer with channels filled up to whole ciphertexts, as small integers.
#[derive(Debug)]
pub struct WeightLines {
    /// For each output channel, each group of input channels in its window, each row of slots and each
    /// phase, its lines; zeros where there is no channel, or none that meets.
    values: Vec<i8>,
    shape: Shape,
    runs: Vec<Vec<Run>>,
}

/// Where lines lie.
#[derive(Debug)]
struct Shape {
    phases: Vec<PhaseLines>,
    /// Bytes of all lines of an output channel, a group of input channels, and a row of slots.
    block: usize,
    /// Rows of slots whose channels differ.
    rows: usize,
    /// Bytes of an output channel.
    channel: usize,
}

/// The lines of one phase.
#[derive(Clone, Copy, Debug)]
struct PhaseLines {
    /// The first byte within a block.
    start: usize,
    /// Bytes from a slot to the next, and from a kernel row to the next.
    apart: [usize; 2],
}

/// Shifts of a phase whose weights follow on each other.
#[derive(Clone, Debug)]
struct Run {
    places: Range<usize>,
    /// Bytes from where a lane is without any shift to the first of them.
    first: i64,
}

impl PhaseLines {
    /// Bytes of so many slots and kernel rows.
    const fn bytes(&self, slots: i64, rows: i64) -> i64 {
        let [slot, row] = self.apart;
        slots * slot as i64 + rows * row as i64
    }
}

impl Shape {
    fn new(plan: &SlotPlan) -> Self {
        const LINE: usize = 64;
        let packing = plan.packing();
        let mut block = 0;
        let mut lines = |phase: &Phase| {
            let (rows, columns) = (phase.rows.len(), phase.columns.len());
            let len = (columns + 2) * packing.lanes_per_row();
            let apart = if plan.split().rows == Side::Inputs { [rows, 1] } else { [1, len] };
            let start = block;
            block += rows * len;
            PhaseLines { start, apart }
        };
        let phases = packing.grid().phases().iter().map(&mut lines).collect();
        let rows = if packing.rows() == RowUse::Channels { 2 } else { 1 };
        let widest = (0..plan.out_groups()).map(|group| plan.window(group).len()).max();
        // An odd number of cache lines: what lanes read from as many channels at a time falls into
        // different places of a cache.
        let channel = ((widest.unwrap_or(0) * rows * block).div_ceil(LINE) | 1) * LINE;
        Self { phases, block, rows, channel }
    }

    /// For every kernel position that is read, where in a block the weight of the first lane is, and how
    /// far from it that of the next lane.
    fn places(&self, plan: &SlotPlan) -> Vec<Option<[usize; 2]>> {
        let [rows, columns] = plan.packing().layer().kernel();
        let mut places = vec![None; rows * columns];
        for (lines, phase) in self.phases.iter().zip(plan.packing().grid().phases()) {
            let [slot, apart] = lines.apart;
            for (row, kernel_row) in phase.rows.positions().enumerate() {
                for (column, kernel_column) in phase.columns.positions().enumerate() {
                    let slots = (column + 1) * plan.packing().lanes_per_row();
                    let place = lines.start + row * apart + slots * slot;
                    places[kernel_row * columns + kernel_column] = Some([place, slot]);
                }
            }
        }
        places
    }

    /// The runs of the shifts of every phase.
    fn runs(&self, plan: &SlotPlan) -> Vec<Vec<Run>> {
        let per_row = plan.packing().lanes_per_row() as i64;
        let of_phase = |(shifts, lines): (&Vec<Shift>, &PhaseLines)| {
            let first = |shift: &Shift| {
                let slots = shift.by.columns * per_row + shift.by.lanes as i64;
                lines.bytes(slots, shift.by.rows)
            };
            let firsts: Vec<(usize, i64)> = shifts.iter().map(first).enumerate().collect();
            let runs = firsts.chunk_by(|(_, a), (_, b)| a + 1 == *b);
            let run = |run: &[(usize, i64)]| Run {
                places: run[0].0..run[0].0 + run.len(),
                first: run[0].1,
            };
            runs.map(run).collect()
        };
        plan.phases().iter().zip(&self.phases).map(of_phase).collect()
    }

    fn bytes(&self, plan: &SlotPlan) -> usize {
        let channels = plan.out_groups() * plan.packing().channels_per_ciphertext();
        channels * self.channel + CHUNK
    }
}

impl WeightLines {
    /// The lines of the weights of a plan's layer.
    pub fn new(plan: &SlotPlan, packed: &PackedWeights) -> Self {
        let shape = Shape::new(plan);
        let mut values = vec![0; shape.bytes(plan)];
        let (packing, per_row) = (plan.packing(), plan.packing().lanes_per_row());
        let (layer, channels) = (packing.layer(), packing.channels_per_ciphertext());
        let places = shape.places(plan);
        let all = packed.unpack();
        let given = all.chunks_exact(layer.group_channels()[1] * places.len());
        let channels_out = values.chunks_exact_mut(shape.channel).zip(given).enumerate();
        for (out_channel, (values, weights)) in channels_out {
            let before = plan.window(out_channel / channels).start * channels;
            let inputs = weights.chunks_exact(places.len()).enumerate();
            for (input, weights) in inputs {
                let input = layer.first_input(out_channel) - before + input;
                let (group, in_group) = (input / channels, input % channels);
                let (row, lane) = (in_group / per_row, in_group % per_row);
                let start = (group * shape.rows + row) * shape.block;
                for (weight, place) in weights.iter().zip(&places) {
                    if let Some([place, slot]) = place {
                        values[start + place + lane * slot] = *weight;
                    }
                }
            }
        }
        let runs = shape.runs(plan);
        Self { values, shape, runs }
    }

    /// Bytes that the lines take.
    pub fn bytes(plan: &SlotPlan) -> u64 {
        Shape::new(plan).bytes(plan) as u64
    }

    /// Bytes of a row that [`WeightLines::copy`] fills for sums of `terms` terms.
    pub const fn row_bytes(terms: usize) -> usize {
        terms.next_multiple_of(CHUNK) + CHUNK
    }

    /// For each phase and each lane, in the order of `lanes`, where in the lines of an output
    /// ciphertext it is with an offset and without any shift.
    pub fn starts(
        &self,
        plan: &SlotPlan,
        offset: &Offset,
        lanes: &[(usize, usize)],
    ) -> Vec<Vec<i64>> {
        let (packing, per_row) = (plan.packing(), plan.packing().lanes_per_row());
        let start = |(lines, phase): (&PhaseLines, &Phase), (row, lane): (usize, usize)| {
            let out_lane = (lane + per_row - offset.by.lanes) % per_row;
            let out_row = row ^ usize::from(offset.swap);
            let out_channel = packing.channel_in_group(out_row, out_lane);
            let block = out_channel * self.shape.channel + row % self.shape.rows * self.shape.block;
            // A column of zeros comes first.
            let columns =
                offset.by.columns + i64::from(lane < offset.by.lanes) - phase.columns.reach().0 + 1;
            let slots = lane as i64 + columns * per_row as i64;
            let rows = offset.by.rows - phase.rows.reach().0;
            (block + lines.start) as i64 + lines.bytes(slots, rows)
        };
        let phases = self.shape.phases.iter().zip(packing.grid().phases());
        phases.map(|phase| lanes.iter().map(|lane| start(phase, *lane)).collect()).collect()
    }

    /// The weights of all terms of a sum: a row of `row` bytes for each lane that `starts` was made for.
    /// Rows are filled up with zeros.
    pub fn copy(
        &self,
        plan: &SlotPlan,
        output: &Output,
        starts: &[Vec<i64>],
        row: usize,
        rows: &mut [i8],
    ) {
        let group = output.group * plan.packing().channels_per_ciphertext() * self.shape.channel;
        let inputs = self.shape.rows * self.shape.block;
        let window = plan.window(output.group).len();
        let mut term = 0;
        for (phase, (starts, runs)) in starts.iter().zip(&self.runs).enumerate() {
            let used = plan.used_of_phase(&output.offset, phase);
            for input in 0..window {
                let base = (group + input * inputs) as i64;
                for run in runs {
                    let places = run.places.start.max(used.start)..run.places.end.min(used.end);
                    if places.is_empty() {
                        continue;
                    }
                    let first = base + run.first + (places.start as i64 - run.places.start as i64);
                    for (row, start) in rows.chunks_exact_mut(row).zip(starts) {
                        self.copy_run(first + start, &mut row[term..], places.len());
                    }
                    term += places.len();
                }
            }
        }
        for row in rows.chunks_exact_mut(row) {
            row[term..].fill(0);
        }
    }

    /// Copies `count` weights of the lines, from `from` on, to the beginning of `to`. Whole chunks are
    /// copied, so up to a chunk of `to` behind them is overwritten too: runs are copied in rising order,
    /// and whatever belongs there is written after this.
    #[inline]
    fn copy_run(&self, from: i64, to: &mut [i8], count: usize) {
        let copy = |at: usize, to: &mut [i8]| {
            let from = self.values.get(from as usize + at..).and_then(|from| from.first_chunk());
            if let Some((to, from)) = to.first_chunk_mut::<CHUNK>().zip(from) {
                *to = *from;
            }
        };
        // Most runs are short.
        copy(0, to);
        if count > CHUNK {
            (CHUNK..count).step_by(CHUNK).for_each(|at| copy(at, &mut to[at..]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::slots::{Layout, Packing, Split};
    use crate::conv::testing::{LAYER, layer_of};
    use crate::conv::{LayerSpec, data};

    /// What is copied for a lane is what the plan says stands there.
    fn check(spec: &LayerSpec, lanes: usize, rows: RowUse) {
        let layer = layer_of(spec);
        let Some(packing) = Packing::new(&layer, 1024, Layout::Interleaved, lanes, rows) else {
            return;
        };
        let weights = data::weights(&layer, 5);
        let packed = PackedWeights::new(&layer, weights.view());
        for split in Split::all(&packing) {
            let plan = SlotPlan::new(packing.clone(), split);
            let lines = WeightLines::new(&plan, &packed);
            let lanes: Vec<(usize, usize)> = plan.lanes().collect();
            let row = WeightLines::row_bytes(plan.max_terms());
            let mut rows = vec![i8::MAX; lanes.len() * row];
            for output in plan.outputs() {
                let starts = lines.starts(&plan, &output.offset, &lanes);
                lines.copy(&plan, &output, &starts, row, &mut rows);
                for (lane, row) in lanes.iter().zip(rows.chunks(row)) {
                    for (term, weight) in plan.terms(&output).zip(row) {
                        let place = plan.weight(&output, &term, *lane);
                        let expected = place.map_or(0, |place| weights[place]);
                        assert_eq!(*weight, expected, "{spec:?} {split:?} {lane:?}");
                    }
                    assert!(row[plan.term_count(&output)..].iter().all(|weight| *weight == 0));
                }
            }
        }
    }

    #[test]
    fn lanes_find_their_weights() {
        let spec = LayerSpec { in_channels: 8, out_channels: 8, height: 6, width: 5, ..LAYER };
        for (stride, groups) in [(1, 1), (2, 1), (1, 2), (2, 8), (3, 4)] {
            for (lanes, rows) in [(1, RowUse::Channels), (4, RowUse::Channels), (2, RowUse::Strips)]
            {
                check(&LayerSpec { stride, groups, ..spec.clone() }, lanes, rows);
            }
        }
        // Fewer channels than lanes, and kernel rows that read zeros alone.
        let few = LayerSpec { in_channels: 3, out_channels: 5, height: 1, ..spec };
        check(&few, 4, RowUse::Channels);
    }
}
