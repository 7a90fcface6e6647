//! Which rotations and weights a convolution on slots needs.
//!
//! Channels are mixed by output rotations: for a swap s of rows and an offset e in `[0, C')`,
//!
//! y = sum over (s, e) of Swap_s Rot_e (S_(s,e)),
//! S_(s,e) = sum over input ciphertexts and shifts tau of D_(s,e,tau) Rot_tau(x).
//!
//! In S_(s,e) lane (r, b) feeds lane (r xor s, b - e). In the interleaved layout a lane with b < e
//! wraps to the end of the row, which moves its pixels by one; there D carries the weight of the
//! tap with shift tau + 1 instead. So shifts are the taps' T for e = 0, and T united with T - 1
//! for e > 0.
//!
//! An offset can be *split*, e = e1 + e2 with e1 in `[0, B)` and e2 a multiple of B (baby and giant
//! steps, Halevi and Shoup, "Algorithms in HElib", CRYPTO 2014): since Rot_e1 moves a constant on lanes
//! to other lanes,
//!
//! Rot_e (D Rot_tau(x)) = Rot_e2 (Rot_e1(D) Rot_(tau, e1)(x)),
//!
//! and sums of equal e2 become one. Outputs are rotated B times less often, inputs B times more.

use std::ops::Range;

use super::shifts::{Shift, Shifts};
use super::{Layout, Packing, RowUse};
use crate::ring::GaloisElement;

/// A way of moving lanes after multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Whether rows are exchanged.
    pub swap: bool,
    /// e2: lanes to the left.
    pub lanes: usize,
    /// Whether it wraps lanes, so that pixels of theirs move.
    pub wraps: bool,
    /// The automorphism.
    pub element: GaloisElement,
}

/// One sum of one output ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its place among all sums of a strip group.
    pub index: usize,
    /// The output ciphertext.
    pub group: usize,
    /// The offset.
    pub offset: Offset,
}

/// One term of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The input ciphertext, within its strip group.
    pub input: usize,
    /// The place of the shift among those of the input.
    pub place: usize,
    /// The shift.
    pub shift: Shift,
}

/// Where the weight of one lane comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneWeight {
    /// The output channel within its ciphertext.
    pub out_channel: usize,
    /// The input channel within its ciphertext.
    pub in_channel: usize,
    /// The kernel row and column.
    pub tap: [usize; 2],
}

/// A packing with its shifts and offsets.
#[derive(Clone, Debug)]
pub struct SlotPlan {
    packing: Packing,
    split: usize,
    /// For each phase.
    shifts: Vec<Shifts>,
    offsets: Vec<Offset>,
}

impl SlotPlan {
    /// The plan of a packing, with offsets split by B = `split`, a power of two up to C'.
    pub fn new(packing: Packing, split: usize) -> Self {
        let shifts = packing.grid().phases().iter();
        let shifts = shifts.map(|phase| Shifts::new(&packing, phase, split)).collect();
        let mut plan = Self { packing, split, shifts, offsets: Vec::new() };
        let joins = plan.joined_lanes();
        let n = plan.packing.ring_degree();
        let interleaved = plan.packing.layout() == Layout::Interleaved;
        // Offsets that use the same shifts stand together: the kernels take several at a time.
        for lanes in (0..plan.packing.lanes_per_row()).step_by(split) {
            for swap in [false, true] {
                if joins[usize::from(swap)][lanes..lanes + split].contains(&true) {
                    let element = GaloisElement::rotation(n, plan.packing.lane_steps(lanes), swap);
                    let wraps = interleaved && lanes > 0;
                    plan.offsets.push(Offset { swap, lanes, wraps, element });
                }
            }
        }
        plan
    }

    /// For no swap and a swap, and every e: whether it leads from a lane with an input channel to
    /// one with an output channel that reads it.
    fn joined_lanes(&self) -> [Vec<bool>; 2] {
        let (layer, per_row) = (self.packing.layer(), self.packing.lanes_per_row());
        let channels = self.packing.channels_per_ciphertext();
        let [_, inputs] = layer.group_channels();
        // Where all channels meet, those of one ciphertext stand for the others.
        let most = if layer.groups() == 1 { channels } else { usize::MAX };
        let place = |channel: usize| match self.packing.rows() {
            RowUse::Channels => (channel % channels / per_row, channel % per_row),
            RowUse::Strips => (0, channel % per_row),
        };
        let mut joins = [(); 2].map(|()| vec![false; per_row]);
        for out_channel in 0..layer.out_channels().min(most) {
            let (out_row, out_lane) = place(out_channel);
            let first = layer.first_input(out_channel);
            for in_channel in (first..first + inputs).take(most) {
                let (row, lane) = place(in_channel);
                joins[row ^ out_row][(lane + per_row - out_lane) % per_row] = true;
            }
        }
        joins
    }

    /// The packing.
    pub const fn packing(&self) -> &Packing {
        &self.packing
    }

    /// B.
    pub const fn split(&self) -> usize {
        self.split
    }

    /// The shifts of the inputs of every phase.
    pub fn phases(&self) -> &[Shifts] {
        &self.shifts
    }

    /// The shifts of an input ciphertext.
    pub fn shifts(&self, input: usize) -> &Shifts {
        &self.shifts[input / self.phase_inputs()]
    }

    /// The moves of lanes.
    pub fn offsets(&self) -> &[Offset] {
        &self.offsets
    }

    /// Input ciphertexts of one phase of one strip group.
    fn phase_inputs(&self) -> usize {
        self.packing.groups(self.packing.layer().in_channels())
    }

    /// Input ciphertexts of one strip group: phase after phase, and in each the channels.
    pub fn inputs(&self) -> usize {
        self.shifts.len() * self.phase_inputs()
    }

    /// Rotated inputs of one strip group, and those that are used as they are.
    pub fn rotated_inputs(&self) -> usize {
        (0..self.inputs()).map(|input| self.shifts(input).all().len()).sum()
    }

    /// The inputs of one strip group that are rotated at all.
    pub fn rotated(&self) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.inputs()).filter(|input| self.shifts(*input).rotations() > 0)
    }

    /// Rotations of all inputs of one strip group.
    pub fn input_rotations(&self) -> usize {
        (0..self.inputs()).map(|input| self.shifts(input).rotations()).sum()
    }

    /// Output ciphertexts of one strip group.
    pub fn out_groups(&self) -> usize {
        self.packing.groups(self.packing.layer().out_channels())
    }

    /// The sums of one strip group. Those of an offset stand together.
    pub fn outputs(&self) -> Vec<Output> {
        self.outputs_of(0..self.out_groups())
    }

    /// The sums of some output ciphertexts of one strip group, in the same order.
    pub fn outputs_of(&self, groups: Range<usize>) -> Vec<Output> {
        let count = self.out_groups();
        let by_offset = |(place, &offset): (usize, &Offset)| {
            groups.clone().map(move |group| Output { index: place * count + group, group, offset })
        };
        self.offsets.iter().enumerate().flat_map(by_offset).collect()
    }

    /// The output ciphertexts of one strip group in *waves*, which are multiplied and mixed one
    /// after the other, so that sums and factors are held of one wave at a time. A wave has enough
    /// sums to make good use of what it reads of the inputs, and several ciphertexts for as many
    /// threads to mix.
    pub fn waves(&self) -> Vec<Range<usize>> {
        const SUMS: usize = 64;
        const GROUPS: usize = 4;
        let size = SUMS.div_ceil(self.offsets.len().max(1)).max(GROUPS);
        let groups = self.out_groups();
        (0..groups).step_by(size).map(|first| first..groups.min(first + size)).collect()
    }

    /// The most sums of a wave.
    pub fn wave_sums(&self) -> usize {
        self.waves().first().map_or(0, |wave| wave.len() * self.offsets.len())
    }

    /// Groups of channels, as ciphertexts hold them, that an output ciphertext reads.
    pub fn window(&self, out_group: usize) -> Range<usize> {
        let (layer, channels) = (self.packing.layer(), self.packing.channels_per_ciphertext());
        let last = ((out_group + 1) * channels).min(layer.out_channels()) - 1;
        let end = layer.first_input(last) + layer.group_channels()[1];
        layer.first_input(out_group * channels) / channels..end.div_ceil(channels)
    }

    /// The input ciphertexts that an output ciphertext reads, in order.
    pub fn inputs_of(&self, out_group: usize) -> impl Iterator<Item = usize> + use<'_> {
        let (window, each) = (self.window(out_group), self.phase_inputs());
        (0..self.shifts.len()).flat_map(move |phase| window.clone().map(move |i| phase * each + i))
    }

    /// The channel group of an input ciphertext.
    pub fn channel_group(&self, input: usize) -> usize {
        input % self.phase_inputs()
    }

    /// The phase of an input ciphertext.
    pub fn phase(&self, input: usize) -> usize {
        input / self.phase_inputs()
    }

    /// Which shifts of an input a sum with this offset uses.
    pub fn used(&self, offset: &Offset, input: usize) -> Range<usize> {
        self.shifts(input).used(offset.wraps)
    }

    /// The terms of a sum, in order: inputs, and within an input shifts.
    pub fn terms(&self, output: &Output) -> impl Iterator<Item = Term> + use<'_> {
        let offset = output.offset;
        self.inputs_of(output.group).flat_map(move |input| {
            let shifts = self.shifts(input).all();
            self.used(&offset, input).map(move |place| Term { input, place, shift: shifts[place] })
        })
    }

    /// How many terms a sum has.
    pub fn term_count(&self, output: &Output) -> usize {
        self.inputs_of(output.group).map(|input| self.used(&output.offset, input).len()).sum()
    }

    /// Terms of all sums of one strip group.
    pub fn total_terms(&self) -> usize {
        self.outputs().iter().map(|output| self.term_count(output)).sum()
    }

    /// The most terms that a sum has.
    pub fn max_terms(&self) -> usize {
        self.outputs().iter().map(|output| self.term_count(output)).max().unwrap_or(0)
    }

    /// All lanes (row, lane).
    pub fn lanes(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let per_row = self.packing.lanes_per_row();
        (0..2).flat_map(move |row| (0..per_row).map(move |lane| (row, lane)))
    }

    /// Lanes whose weights differ: one per channel of a ciphertext, in the order of channels.
    pub fn distinct_lanes(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        self.lanes().take(self.packing.channels_per_ciphertext())
    }

    /// Where the weight on a lane of D comes from, for an offset and a shift, if it has one. The
    /// channels may lie beyond those of the layer, or not meet in it.
    pub fn lane_weight(
        &self,
        offset: &Offset,
        shift: &Shift,
        (row, lane): (usize, usize),
    ) -> Option<LaneWeight> {
        let per_row = self.packing.lanes_per_row();
        // The lane before the input was rotated.
        let source = (lane + shift.lanes) % per_row;
        let wraps =
            self.packing.layout() == Layout::Interleaved && source < offset.lanes + shift.lanes;
        let (out_row, out_lane) =
            (row ^ usize::from(offset.swap), (lane + per_row - offset.lanes) % per_row);
        Some(LaneWeight {
            out_channel: self.packing.channel_in_group(out_row, out_lane),
            in_channel: self.packing.channel_in_group(row, source),
            tap: if wraps { shift.carried } else { shift.direct }?,
        })
    }

    /// The place in the layer's weights (output channel, input channel within its group, kernel row,
    /// kernel column) of the weight on a lane in a term of a sum, if it has one.
    pub fn weight(&self, output: &Output, term: &Term, lane: (usize, usize)) -> Option<[usize; 4]> {
        let w = self.lane_weight(&output.offset, &term.shift, lane)?;
        let (layer, channels) = (self.packing.layer(), self.packing.channels_per_ciphertext());
        let out_channel = output.group * channels + w.out_channel;
        if out_channel >= layer.out_channels() {
            return None;
        }
        let in_channel = self.channel_group(term.input) * channels + w.in_channel;
        let within = in_channel.checked_sub(layer.first_input(out_channel))?;
        let [row, column] = w.tap;
        (within < layer.group_channels()[1]).then_some([out_channel, within, row, column])
    }

    /// The automorphism of a shift.
    pub fn shift_element(&self, shift: &Shift) -> GaloisElement {
        let steps = self.packing.shift_steps(shift.pixels) + self.packing.lane_steps(shift.lanes);
        GaloisElement::rotation(self.packing.ring_degree(), steps, false)
    }

    /// Every automorphism that needs a key, each once.
    pub fn galois_elements(&self) -> Vec<GaloisElement> {
        let shifts = self.shifts.iter().flat_map(Shifts::all);
        let shifts = shifts.map(|shift| self.shift_element(shift));
        let mut all: Vec<_> = shifts.chain(self.offsets.iter().map(|o| o.element)).collect();
        all.retain(|element| !element.is_identity());
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::conv::LayerSpec;
    use crate::conv::testing::{LAYER, layer_of};

    /// Eight channels of six rows and columns.
    fn square() -> LayerSpec {
        LayerSpec { in_channels: 8, out_channels: 8, height: 6, width: 6, ..LAYER }
    }

    fn plan_of(spec: &LayerSpec, lanes_per_row: usize, rows: RowUse, split: usize) -> SlotPlan {
        let packing = Packing::new(&layer_of(spec), 1024, Layout::Interleaved, lanes_per_row, rows);
        SlotPlan::new(packing.expect("fits"), split)
    }

    #[test]
    fn wrapping_lanes_need_three_more_shifts() {
        let plan = plan_of(&square(), 4, RowUse::Channels, 1);
        assert_eq!((plan.rotated_inputs(), plan.offsets().len()), (12, 8));
        let terms: Vec<usize> = plan.outputs().iter().map(|o| plan.term_count(o)).collect();
        assert_eq!(terms, [9, 9, 12, 12, 12, 12, 12, 12]);
        // 11 shifts and 7 offsets that are not the identity.
        assert_eq!(plan.galois_elements().len(), 18);
    }

    #[test]
    fn split_offsets_rotate_inputs_instead_of_outputs() {
        let plan = plan_of(&square(), 4, RowUse::Channels, 2);
        assert_eq!((plan.rotated_inputs(), plan.offsets().len()), (24, 4));
        let terms: Vec<usize> = plan.outputs().iter().map(|o| plan.term_count(o)).collect();
        assert_eq!(terms, [21, 21, 24, 24]);
        assert_eq!(plan.galois_elements().len(), 26);
    }

    #[test]
    fn one_lane_a_row_needs_the_taps_alone() {
        assert_eq!(plan_of(&square(), 1, RowUse::Channels, 1).max_terms(), 8 / 2 * 9);
        assert_eq!(plan_of(&square(), 1, RowUse::Channels, 1).offsets().len(), 2);
        assert_eq!(plan_of(&square(), 1, RowUse::Strips, 1).offsets().len(), 1);
    }

    #[test]
    fn depthwise_layers_move_no_lanes() {
        let depthwise = LayerSpec { groups: 8, ..square() };
        let plan = plan_of(&depthwise, 2, RowUse::Channels, 1);
        assert_eq!((plan.inputs(), plan.out_groups(), plan.offsets().len()), (2, 2, 1));
        assert_eq!(plan.max_terms(), 9);
        assert_eq!([0, 1].map(|group| plan.window(group)), [0..1, 1..2]);
    }

    /// Every weight of the layer stands on exactly one lane of one term of one sum.
    #[test]
    fn every_weight_is_used_once() {
        for (stride, groups) in [(1, 1), (2, 1), (1, 2), (2, 8), (3, 4)] {
            let spec = LayerSpec { stride, groups, ..square() };
            for (lanes_per_row, split) in [(1, 1), (2, 1), (4, 1), (2, 2), (4, 2), (4, 4)] {
                let plan = plan_of(&spec, lanes_per_row, RowUse::Channels, split);
                let mut uses = HashMap::new();
                for output in plan.outputs() {
                    for (term, lane) in
                        plan.terms(&output).flat_map(|t| plan.lanes().map(move |lane| (t, lane)))
                    {
                        if let Some(place) = plan.weight(&output, &term, lane) {
                            *uses.entry(place).or_insert(0) += 1;
                        }
                    }
                }
                assert_eq!(uses.len(), 8 / groups * 8 * 9, "{stride} {groups}");
                assert!(uses.values().all(|count| *count == 1));
            }
        }
    }
}
