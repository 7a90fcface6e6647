//! What a rotation of an input and one of a sum together reach: kernel positions, and channels.

use std::ops::Range;

use super::{Layout, Move, Packing, RowUse};

/// How many more columns lie between an input and an output on a lane where rotations of the input
/// or of the sum wrap lanes: those come from the next pixel.
fn carried(packing: &Packing, sum: &Move, input: &Move, lane: usize) -> i64 {
    match packing.layout() {
        Layout::Interleaved => {
            let after = lane + input.lanes >= packing.lanes_per_row();
            i64::from(after) + i64::from(lane < sum.lanes)
        }
        Layout::Contiguous => 0,
    }
}

/// The kernel position (row, column) whose input pixel, in a phase of the image, the moves of an input
/// and of a sum bring to a lane; `None` where there is no such position.
pub(super) fn tap(
    packing: &Packing,
    phase: usize,
    sum: &Move,
    input: &Move,
    lane: usize,
) -> Option<[usize; 2]> {
    let columns = sum.columns + input.columns + carried(packing, sum, input, lane);
    packing.grid().phases()[phase].tap([sum.rows + input.rows, columns])
}

/// Which moves of inputs and of sums together reach a weight.
pub(super) struct Reach<'a> {
    packing: &'a Packing,
    joins: [Vec<bool>; 2],
}

impl<'a> Reach<'a> {
    pub(super) fn new(packing: &'a Packing) -> Self {
        Self { packing, joins: joined_lanes(packing) }
    }

    /// Whether an input of this phase, moved by `input` before the multiplication and by `sum` after it,
    /// brings to any lane a pixel that some kernel position reads.
    fn meets(&self, phase: usize, sum: &Move, input: &Move) -> bool {
        let per_row = self.packing.lanes_per_row();
        // Which lanes wrap, and so come from the next column, changes only at these lanes: one lane of
        // each range stands for all of it.
        let firsts = [0, sum.lanes, per_row - input.lanes];
        let mut firsts = firsts.into_iter().filter(|lane| *lane < per_row);
        firsts.any(|lane| tap(self.packing, phase, sum, input, lane).is_some())
    }

    /// Whether that holds, and the moves bring an input channel to the lane of an output channel that
    /// reads it.
    fn serves(&self, phase: usize, (swap, sum): (bool, &Move), input: &Move) -> bool {
        let lanes = (sum.lanes + input.lanes) % self.packing.lanes_per_row();
        self.joins[usize::from(swap)][lanes] && self.meets(phase, sum, input)
    }

    fn phases(&self) -> Range<usize> {
        0..self.packing.grid().phases().len()
    }

    /// The moves of sums, without and with a swap of rows, that serve any input.
    pub(super) fn needed_sums(&self, inputs: &[Move], sums: &[Move]) -> Vec<(bool, Move)> {
        let all = sums.iter().flat_map(|by| [false, true].map(|swap| (swap, by)));
        let serves = |sum: &(bool, &Move)| {
            let serves = |phase| inputs.iter().any(|input| self.serves(phase, *sum, input));
            self.phases().any(serves)
        };
        all.filter(serves).map(|(swap, by)| (swap, *by)).collect()
    }

    /// The moves of inputs that serve any of `sums`, for each phase.
    pub(super) fn needed_inputs(&self, inputs: &[Move], sums: &[(bool, Move)]) -> Vec<Vec<Move>> {
        let of_phase = |phase| {
            let serves = |input: &&Move| {
                sums.iter().any(|(swap, sum)| self.serves(phase, (*swap, sum), input))
            };
            inputs.iter().filter(serves).copied().collect()
        };
        self.phases().map(of_phase).collect()
    }

    /// Which moves of the inputs of every phase a sum with this move uses.
    pub(super) fn used(&self, inputs: &[Vec<Move>], sum: &Move) -> Vec<Range<usize>> {
        let of_phase = |(phase, inputs): (usize, &Vec<Move>)| {
            // Those that meet follow on each other.
            let meets = |input: &Move| self.meets(phase, sum, input);
            let (first, last) = (inputs.iter().position(meets), inputs.iter().rposition(meets));
            first.zip(last).map_or(0..0, |(first, last)| first..last + 1)
        };
        inputs.iter().enumerate().map(of_phase).collect()
    }
}

/// For no swap and a swap, and every e: whether it leads from a lane with an input channel to
/// one with an output channel that reads it.
fn joined_lanes(packing: &Packing) -> [Vec<bool>; 2] {
    let (layer, per_row) = (packing.layer(), packing.lanes_per_row());
    let channels = packing.channels_per_ciphertext();
    let mut joins = [(); 2].map(|()| vec![false; per_row]);
    if layer.groups() == 1 {
        // All channels meet; those of one ciphertext stand for the others.
        let lanes = |all: usize, row: usize| {
            let row = if packing.rows() == RowUse::Channels { row } else { 2 * row };
            all.min(channels).saturating_sub(row * per_row).min(per_row) as i64
        };
        for (row, out_row) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (inputs, outputs) =
                (lanes(layer.in_channels(), row), lanes(layer.out_channels(), out_row));
            if inputs > 0 && outputs > 0 {
                for e in 1 - outputs..inputs {
                    joins[row ^ out_row][e.rem_euclid(per_row as i64) as usize] = true;
                }
            }
        }
        return joins;
    }
    let place = |channel: usize| match packing.rows() {
        RowUse::Channels => (channel % channels / per_row, channel % per_row),
        RowUse::Strips => (0, channel % per_row),
    };
    let [_, inputs] = layer.group_channels();
    for out_channel in 0..layer.out_channels() {
        let (out_row, out_lane) = place(out_channel);
        let first = layer.first_input(out_channel);
        for in_channel in first..first + inputs {
            let (row, lane) = place(in_channel);
            joins[row ^ out_row][(lane + per_row - out_lane) % per_row] = true;
        }
    }
    joins
}
