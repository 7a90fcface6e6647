//! Which rotations and weights a convolution on slots needs.
//!
//! Channels are mixed by output rotations: for a swap s of rows and an offset e in `[0, C')`,
//!
//! y = sum over (s, e) of Swap_s Rot_e (S_(s,e)),
//! S_(s,e) = sum over input ciphertexts and shifts tau of D_(s,e,tau) Rot_tau(x).
//!
//! D is constant on lanes. Which weight stands on a lane follows from where its rotations lead:
//! lanes that a rotation moves beyond the end of a row wrap to the next pixel of the lanes there (the
//! interleaved layout), so of the same shift and offset some lanes carry the weight of one kernel
//! column and others that of the next.
//!
//! What is rotated how often is the [`Split`]'s choice: sums move by giant steps, which are lanes,
//! columns and rows, and inputs by baby steps in between.

use std::ops::Range;

use ndarray::ArrayView4;

use super::Packing;
use super::reach::{Reach, tap};
use super::steps::{Move, Split};
use super::terms::{LaneWeight, Offset, Output, Shift, Term};
use crate::bfv::GaloisKeyId;
use crate::conv::gains::{Gain, WeightGains};
use crate::ring::GaloisElement;

/// A packing with its shifts and offsets.
#[derive(Clone, Debug)]
pub struct SlotPlan {
    packing: Packing,
    split: Split,
    /// For each phase.
    shifts: Vec<Vec<Shift>>,
    offsets: Vec<Offset>,
    /// For each offset and each phase, the shifts that its sums use.
    used: Vec<Vec<Range<usize>>>,
    /// The rotations of inputs, those of sums, and both, rising and each once.
    rotations: [Vec<GaloisElement>; 3],
}

/// Rotations among `elements`, rising and each once.
fn distinct(elements: impl Iterator<Item = GaloisElement>) -> Vec<GaloisElement> {
    let mut distinct: Vec<_> = elements.filter(|element| !element.is_identity()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

impl SlotPlan {
    /// The plan of a packing, with the rotations that `split` leaves to inputs and to sums.
    pub fn new(packing: Packing, split: Split) -> Self {
        let [inputs, sums] = split.all_moves(&packing);
        let reach = Reach::new(&packing);
        let sums = reach.needed_sums(&inputs, &sums);
        let inputs = reach.needed_inputs(&inputs, &sums);
        let n = packing.ring_degree();
        let element = |by: &Move, swap| GaloisElement::rotation(n, by.slots(&packing), swap);
        // Sums with the same terms stand together: the kernels take several at a time. Those that stay
        // where they are come first, for others are added to them.
        let mut all: Vec<_> =
            sums.into_iter().map(|(swap, by)| (reach.used(&inputs, &by), swap, by)).collect();
        let stays = |swap: bool, by: &Move| element(by, swap).is_identity();
        let still =
            all.iter().find(|(_, swap, by)| stays(*swap, by)).map(|(used, ..)| used.clone());
        all.sort_by_key(|(used, swap, by)| {
            let terms: Vec<_> = used.iter().map(|range| (range.start, range.end)).collect();
            (still.as_ref() != Some(used), terms, !stays(*swap, by))
        });
        let offset = |(place, (_, swap, by)): (usize, &(_, bool, Move))| Offset {
            place,
            swap: *swap,
            by: *by,
            element: element(by, *swap),
        };
        let offsets: Vec<Offset> = all.iter().enumerate().map(offset).collect();
        let shift = |by: &Move| Shift { by: *by, element: element(by, false) };
        let shifts: Vec<Vec<Shift>> =
            inputs.iter().map(|moves| moves.iter().map(shift).collect()).collect();
        let used = all.into_iter().map(|(used, ..)| used).collect();
        let inputs = distinct(shifts.iter().flatten().map(|shift| shift.element));
        let sums = distinct(offsets.iter().map(|offset| offset.element));
        let both = distinct(inputs.iter().chain(&sums).copied());
        let rotations = [inputs, sums, both];
        Self { packing, split, shifts, offsets, used, rotations }
    }

    /// The packing.
    pub const fn packing(&self) -> &Packing {
        &self.packing
    }

    /// What is rotated how often.
    pub const fn split(&self) -> Split {
        self.split
    }

    /// The shifts of the inputs of every phase.
    pub fn phases(&self) -> &[Vec<Shift>] {
        &self.shifts
    }

    /// The shifts of an input ciphertext.
    pub fn shifts(&self, input: usize) -> &[Shift] {
        &self.shifts[self.phase(input)]
    }

    /// The automorphisms of an input ciphertext.
    pub fn elements(&self, input: usize) -> impl Iterator<Item = GaloisElement> + Clone + use<'_> {
        self.shifts(input).iter().map(|shift| shift.element)
    }

    /// How many shifts each input ciphertext of a strip group has.
    pub fn terms_of_inputs(&self) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.inputs()).map(|input| self.shifts(input).len())
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
        self.phase_inputs() * self.shifts.iter().map(Vec::len).sum::<usize>()
    }

    /// Rotations of an input, for each phase.
    fn phase_rotations(&self) -> impl Iterator<Item = usize> + use<'_> {
        let rotations = |all: &Vec<Shift>| all.iter().filter(|shift| !shift.is_identity()).count();
        self.shifts.iter().map(rotations)
    }

    /// The inputs of one strip group that are rotated at all.
    pub fn rotated(&self) -> usize {
        self.phase_inputs() * self.phase_rotations().filter(|count| *count > 0).count()
    }

    /// The rotations of the first input of a strip group that is rotated, each by the input's place
    /// and its own among the input's shifts; none where no input is rotated.
    pub fn first_rotations(&self) -> Vec<(usize, usize)> {
        let of_input = |input| {
            let shifts = self.shifts(input).iter().enumerate();
            let rotations = shifts.filter(|(_, shift)| !shift.is_identity());
            rotations.map(|(place, _)| (input, place)).collect::<Vec<_>>()
        };
        (0..self.inputs()).map(of_input).find(|all| !all.is_empty()).unwrap_or_default()
    }

    /// Rotations of all inputs of one strip group.
    pub fn input_rotations(&self) -> usize {
        self.phase_inputs() * self.phase_rotations().sum::<usize>()
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
        const SUMS: usize = 256;
        const GROUPS: usize = 4;
        let groups = self.out_groups();
        let count = (groups * self.offsets.len()).div_ceil(SUMS).max(1);
        let size = groups.div_ceil(count).max(GROUPS);
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
        self.used_of_phase(offset, self.phase(input))
    }

    /// Which shifts of the inputs of a phase a sum with this offset uses.
    pub fn used_of_phase(&self, offset: &Offset, phase: usize) -> Range<usize> {
        self.used[offset.place][phase].clone()
    }

    /// Whether sums of two offsets use the same shifts of all inputs.
    pub fn are_alike(&self, a: &Offset, b: &Offset) -> bool {
        self.used[a.place] == self.used[b.place]
    }

    /// The terms of a sum, in order: inputs, and within an input shifts.
    pub fn terms(&self, output: &Output) -> impl Iterator<Item = Term> + use<'_> {
        let offset = output.offset;
        self.inputs_of(output.group).flat_map(move |input| {
            let shifts = self.shifts(input);
            self.used(&offset, input).map(move |place| Term { input, place, shift: shifts[place] })
        })
    }

    /// How many terms a sum has.
    pub fn term_count(&self, output: &Output) -> usize {
        self.window(output.group).len() * self.terms_of_channels(&output.offset)
    }

    /// Terms of a sum with this offset for each group of channels that it reads.
    fn terms_of_channels(&self, offset: &Offset) -> usize {
        self.used[offset.place].iter().map(ExactSizeIterator::len).sum()
    }

    /// The sums of one strip group: how many there are of how many terms.
    pub fn sum_sizes(&self) -> impl Iterator<Item = (usize, usize)> + use<'_> {
        // Where all channels meet, all output ciphertexts read the same.
        let alike = self.packing.layer().groups() == 1;
        let (groups, each) = if alike { (1, self.out_groups()) } else { (self.out_groups(), 1) };
        let windows: Vec<usize> = (0..groups).map(|group| self.window(group).len()).collect();
        self.offsets.iter().flat_map(move |offset| {
            let terms = self.terms_of_channels(offset);
            windows.clone().into_iter().map(move |window| (each, window * terms))
        })
    }

    /// Whether a channel fills a ciphertext alone: then all lanes of a term have the same weight, which
    /// multiplies as the integer that it is.
    pub fn multiplies_by_integers(&self) -> bool {
        self.packing.channels_per_ciphertext() == 1
    }

    /// The number of sums of one strip group.
    pub fn sums(&self) -> usize {
        self.offsets.len() * self.out_groups()
    }

    /// Terms of all sums of one strip group.
    pub fn total_terms(&self) -> usize {
        self.sum_sizes().map(|(count, terms)| count * terms).sum()
    }

    /// The most terms that a sum has.
    pub fn max_terms(&self) -> usize {
        self.sum_sizes().map(|(_, terms)| terms).max().unwrap_or(0)
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

    /// Where the weight on a lane of D comes from, for an offset and a shift of a phase, if it has
    /// one. The channels may lie beyond those of the layer, or not meet in it.
    pub fn lane_weight(
        &self,
        offset: &Offset,
        phase: usize,
        shift: &Shift,
        (row, lane): (usize, usize),
    ) -> Option<LaneWeight> {
        let (packing, per_row) = (&self.packing, self.packing.lanes_per_row());
        let (in_lane, out_row) =
            ((lane + shift.by.lanes) % per_row, row ^ usize::from(offset.swap));
        let out_lane = (lane + per_row - offset.by.lanes) % per_row;
        Some(LaneWeight {
            out_channel: packing.channel_in_group(out_row, out_lane),
            in_channel: packing.channel_in_group(row, in_lane),
            tap: tap(packing, phase, &offset.by, &shift.by, lane)?,
        })
    }

    /// The place in the layer's weights (output channel, input channel within its group, kernel row,
    /// kernel column) of the weight on a lane in a term of a sum, if it has one.
    pub fn weight(&self, output: &Output, term: &Term, lane: (usize, usize)) -> Option<[usize; 4]> {
        let phase = self.phase(term.input);
        let w = self.lane_weight(&output.offset, phase, &term.shift, lane)?;
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

    /// The gains of plaintexts that are alike whatever their weights: one for each term that is used.
    pub fn used_gains(&self, weights: ArrayView4<'_, i8>) -> WeightGains {
        let gain = |output: &Output| {
            let mut gain = Gain::default();
            for term in self.terms(output).filter(|term| self.is_used(output, term, weights)) {
                gain.add(!term.shift.is_identity(), 1.0);
            }
            gain
        };
        WeightGains::of_one_pattern(self.outputs().iter().map(gain).collect())
    }

    /// Whether a term has a weight other than 0 on any lane: what has none is multiplied by 0.
    fn is_used(&self, output: &Output, term: &Term, weights: ArrayView4<'_, i8>) -> bool {
        let weighs =
            |lane| self.weight(output, term, lane).is_some_and(|place| weights[place] != 0);
        self.lanes().any(weighs)
    }

    /// Every key that rotations need, each once and rising, where sums are moved with `limbs` limbs and
    /// inputs have `all`.
    pub fn galois_keys(&self, all: usize, limbs: usize) -> Vec<GaloisKeyId> {
        let [inputs, sums, both] = &self.rotations;
        let keys = |elements: &[GaloisElement], limbs| {
            elements.iter().map(|&element| GaloisKeyId { limbs, element }).collect::<Vec<_>>()
        };
        if limbs == all { keys(both, all) } else { [keys(sums, limbs), keys(inputs, all)].concat() }
    }

    /// How many of these are for all limbs, and for fewer.
    pub const fn key_counts(&self, all: usize, limbs: usize) -> [usize; 2] {
        let [inputs, sums, both] = &self.rotations;
        if limbs == all { [both.len(), 0] } else { [inputs.len(), sums.len()] }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::conv::LayerSpec;
    use crate::conv::slots::{Layout, RowUse, Side};
    use crate::conv::testing::{LAYER, layer_of};

    /// Eight channels of six rows and columns.
    fn square() -> LayerSpec {
        LayerSpec { in_channels: 8, out_channels: 8, height: 6, width: 6, ..LAYER }
    }

    fn plan_of(spec: &LayerSpec, lanes_per_row: usize, rows: RowUse, split: Split) -> SlotPlan {
        let packing = Packing::new(&layer_of(spec), 1024, Layout::Interleaved, lanes_per_row, rows);
        SlotPlan::new(packing.expect("fits"), split)
    }

    const fn split(steps: usize, rows: Side) -> Split {
        Split { steps, rows }
    }

    fn terms(plan: &SlotPlan) -> Vec<usize> {
        plan.outputs().iter().map(|o| plan.term_count(o)).collect()
    }

    #[test]
    fn steps_make_every_distance_of_columns_and_lanes() {
        // 4 lanes and columns -1 to 1: distances -7 to 7, of which a giant step covers 4.
        let plan = plan_of(&square(), 4, RowUse::Channels, split(4, Side::Inputs));
        assert_eq!((plan.rotated_inputs(), plan.offsets().len()), (12, 8));
        assert_eq!(terms(&plan), [12, 12, 12, 12, 12, 12, 9, 9]);
        // 11 shifts and 7 offsets that are not the identity.
        assert_eq!(plan.galois_keys(2, 2).len(), 18);
        let plan = plan_of(&square(), 4, RowUse::Channels, split(8, Side::Inputs));
        assert_eq!((plan.rotated_inputs(), plan.offsets().len()), (24, 4));
        assert_eq!(terms(&plan), [24, 24, 21, 21]);
        assert_eq!(plan.galois_keys(2, 2).len(), 26);
        let plan = plan_of(&square(), 4, RowUse::Channels, split(15, Side::Inputs));
        assert_eq!((plan.rotated_inputs(), plan.offsets().len()), (45, 2));
    }

    #[test]
    fn sums_can_move_by_kernel_rows() {
        let plan = plan_of(&square(), 4, RowUse::Channels, split(8, Side::Sums));
        assert_eq!((plan.rotated_inputs(), plan.offsets().len()), (8, 12));
        assert_eq!(terms(&plan).iter().sum::<usize>(), 15 * 3 * 2);
        let plan = plan_of(&square(), 1, RowUse::Strips, split(3, Side::Sums));
        assert_eq!((plan.input_rotations(), plan.offsets().len()), (8 * 2, 3));
    }

    #[test]
    fn one_lane_a_row_needs_the_taps_alone() {
        let taps = split(3, Side::Inputs);
        assert_eq!(plan_of(&square(), 1, RowUse::Channels, taps).max_terms(), 8 / 2 * 9);
        assert_eq!(plan_of(&square(), 1, RowUse::Channels, taps).offsets().len(), 2);
        assert_eq!(plan_of(&square(), 1, RowUse::Strips, taps).offsets().len(), 1);
    }

    #[test]
    fn depthwise_layers_move_no_lanes() {
        let depthwise = LayerSpec { groups: 8, ..square() };
        let plan = plan_of(&depthwise, 2, RowUse::Channels, split(7, Side::Inputs));
        assert_eq!((plan.inputs(), plan.out_groups(), plan.offsets().len()), (2, 2, 1));
        assert_eq!(plan.max_terms(), 9);
        assert_eq!([0, 1].map(|group| plan.window(group)), [0..1, 1..2]);
    }

    /// Every weight of the layer stands on exactly one lane of one term of one sum.
    #[test]
    fn every_weight_is_used_once() {
        let layouts = [(Layout::Interleaved, [1, 2, 4]), (Layout::Contiguous, [1, 2, 4])];
        for (stride, groups) in [(1, 1), (2, 1), (1, 2), (2, 8), (3, 4)] {
            let layer = layer_of(&LayerSpec { stride, groups, ..square() });
            let layouts =
                layouts.iter().flat_map(|(layout, all)| all.map(|lanes| (*layout, lanes)));
            let packings = layouts.filter_map(|(layout, lanes)| {
                Packing::new(&layer, 1024, layout, lanes, RowUse::Channels)
            });
            for packing in packings {
                for split in Split::all(&packing) {
                    let plan = SlotPlan::new(packing.clone(), split);
                    let mut uses = HashMap::new();
                    for output in plan.outputs() {
                        for term in plan.terms(&output) {
                            let places =
                                plan.lanes().filter_map(|lane| plan.weight(&output, &term, lane));
                            places.for_each(|place| *uses.entry(place).or_insert(0) += 1);
                        }
                    }
                    assert_eq!(uses.len(), 8 / groups * 8 * 9, "{stride} {groups} {split:?}");
                    assert!(uses.values().all(|count| *count == 1));
                }
            }
        }
    }
}
