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

use std::collections::HashMap;
use std::ops::Range;

use super::{Layout, Packing, RowUse};
use crate::ring::GaloisElement;

/// A shift of the input planes, and the taps it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Pixels to the left.
    pixels: i64,
    /// The kernel position (row, column) with this shift.
    direct: Option<[usize; 2]>,
    /// The kernel position with this shift plus one, for lanes that wrap.
    carried: Option<[usize; 2]>,
}

impl Shift {
    /// Whether inputs are used as they are.
    pub const fn is_identity(&self) -> bool {
        self.pixels == 0
    }
}

/// A way of moving lanes after multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Whether rows are exchanged.
    pub swap: bool,
    /// Lanes to the left.
    pub lanes: usize,
    /// How many of the plan's shifts it uses, counted from the first.
    pub shifts: usize,
    /// The automorphism.
    pub element: GaloisElement,
}

/// One sum S_(s,e) of one output ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its place among all sums of a strip group.
    pub index: usize,
    /// The output ciphertext.
    pub group: usize,
    /// The offset.
    pub offset: Offset,
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
    shifts: Vec<Shift>,
    offsets: Vec<Offset>,
}

impl SlotPlan {
    /// The plan of a packing.
    pub fn new(packing: Packing) -> Self {
        let (shifts, direct) = shifts(&packing);
        let carries = packing.layout() == Layout::Interleaved;
        let mut plan = Self { packing, shifts, offsets: Vec::new() };
        let swaps: &[bool] =
            if plan.packing.rows() == RowUse::Channels { &[false, true] } else { &[false] };
        let n = plan.packing.ring_degree();
        let mut offsets = Vec::new();
        // Offsets that use the same shifts stand together: the kernels take them in pairs.
        for lanes in 0..plan.packing.lanes_per_row() {
            for &swap in swaps {
                let shifts = if carries && lanes > 0 { plan.shifts.len() } else { direct };
                let element = GaloisElement::rotation(n, plan.packing.lane_steps(lanes), swap);
                let offset = Offset { swap, lanes, shifts, element };
                if plan.joins_channels(&offset) {
                    offsets.push(offset);
                }
            }
        }
        plan.offsets = offsets;
        plan
    }

    /// Whether an offset leads from a lane with an input channel to one with an output channel.
    fn joins_channels(&self, offset: &Offset) -> bool {
        let layer = self.packing.layer();
        self.lanes().any(|(row, lane)| {
            let (out_row, out_lane) = self.destination(offset, row, lane);
            self.packing.channel_in_group(row, lane) < layer.in_channels()
                && self.packing.channel_in_group(out_row, out_lane) < layer.out_channels()
        })
    }

    /// The packing.
    pub const fn packing(&self) -> &Packing {
        &self.packing
    }

    /// The shifts of the input planes.
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// The moves of lanes.
    pub fn offsets(&self) -> &[Offset] {
        &self.offsets
    }

    /// Input ciphertexts of one strip group.
    pub fn in_groups(&self) -> usize {
        self.packing.groups(self.packing.layer().in_channels())
    }

    /// Output ciphertexts of one strip group.
    pub fn out_groups(&self) -> usize {
        self.packing.groups(self.packing.layer().out_channels())
    }

    /// The sums of one strip group. Those of an offset stand together, and with them those with the
    /// same shifts.
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

    /// Terms of all sums of one strip group: inputs times the shifts that each sum uses.
    pub fn total_terms(&self) -> usize {
        self.outputs().iter().map(|output| output.offset.shifts * self.in_groups()).sum()
    }

    /// The most terms that a sum has: inputs times all shifts.
    pub fn max_terms(&self) -> usize {
        self.in_groups() * self.shifts.len()
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

    const fn destination(&self, offset: &Offset, row: usize, lane: usize) -> (usize, usize) {
        let per_row = self.packing.lanes_per_row();
        (row ^ offset.swap as usize, (lane + per_row - offset.lanes) % per_row)
    }

    /// The weight that lane (`row`, `lane`) of D has for an offset and a shift, if any.
    pub fn lane_weight(
        &self,
        offset: &Offset,
        shift: &Shift,
        row: usize,
        lane: usize,
    ) -> Option<LaneWeight> {
        let wraps = self.packing.layout() == Layout::Interleaved && lane < offset.lanes;
        let (out_row, out_lane) = self.destination(offset, row, lane);
        Some(LaneWeight {
            out_channel: self.packing.channel_in_group(out_row, out_lane),
            in_channel: self.packing.channel_in_group(row, lane),
            tap: if wraps { shift.carried } else { shift.direct }?,
        })
    }

    /// The automorphism of a shift.
    pub fn shift_element(&self, shift: &Shift) -> GaloisElement {
        let steps = self.packing.shift_steps(shift.pixels);
        GaloisElement::rotation(self.packing.ring_degree(), steps, false)
    }

    /// Every automorphism that needs a key, each once.
    pub fn galois_elements(&self) -> Vec<GaloisElement> {
        let shifts = self.shifts.iter().map(|shift| self.shift_element(shift));
        let mut all: Vec<_> = shifts.chain(self.offsets.iter().map(|o| o.element)).collect();
        all.retain(|element| !element.is_identity());
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The shifts of a packing, those that serve taps directly first, and how many these are.
///
/// Padding keeps interleaved shifts apart. Contiguous planes that are narrower than the kernel may
/// have taps with equal shifts, each of which stays a shift of its own: their masks differ.
fn shifts(packing: &Packing) -> (Vec<Shift>, usize) {
    let taps = taps(packing);
    let slots = packing.lane_slots() as i64;
    let carries = packing.layout() == Layout::Interleaved && packing.lanes_per_row() > 1;
    let places = taps.iter().filter(|_| carries);
    let by_place: HashMap<i64, [usize; 2]> =
        places.map(|(pixels, tap)| (pixels.rem_euclid(slots), *tap)).collect();
    let tap_at = |pixels: i64| by_place.get(&pixels.rem_euclid(slots)).copied();
    let shift = |pixels: i64, direct| Shift { pixels, direct, carried: tap_at(pixels + 1) };
    let mut shifts: Vec<Shift> =
        taps.iter().map(|&(pixels, tap)| shift(pixels, Some(tap))).collect();
    let direct = shifts.len();
    if carries {
        let carried = taps.iter().map(|(pixels, _)| pixels - 1);
        shifts.extend(carried.filter(|at| tap_at(*at).is_none()).map(|at| shift(at, None)));
    }
    (shifts, direct)
}

/// Shift and kernel position of every tap that reads at least one pixel of the plane.
fn taps(packing: &Packing) -> Vec<(i64, [usize; 2])> {
    let layer = packing.layer();
    let [kernel_height, kernel_width] = layer.kernel();
    let [top, left, _, _] = layer.padding().map(|p| p as i64);
    // Output position o reads o + d, which lies in [0, size) for some o in [0, out).
    let reads = |d: i64, size: usize, out: usize| d < size as i64 && d > -(out as i64);
    let positions = (0..kernel_height).flat_map(|y| (0..kernel_width).map(move |x| [y, x]));
    positions
        .filter_map(|[y, x]| {
            let (dy, dx) = (y as i64 - top, x as i64 - left);
            let used = reads(dy, layer.height(), layer.out_height())
                && reads(dx, layer.width(), layer.out_width());
            used.then_some((dy * packing.row_stride() as i64 + dx, [y, x]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::testing::layer;

    fn plan(lanes_per_row: usize, rows: RowUse) -> SlotPlan {
        let layer = layer(8, 8, [6, 6], [3, 3], None);
        SlotPlan::new(
            Packing::new(&layer, 1024, Layout::Interleaved, lanes_per_row, rows).expect("fits"),
        )
    }

    #[test]
    fn wrapping_lanes_need_three_more_shifts() {
        let plan = plan(4, RowUse::Channels);
        assert_eq!(plan.shifts().len(), 12);
        assert_eq!(plan.offsets().len(), 8);
        let used: Vec<usize> = plan.offsets().iter().map(|o| o.shifts).collect();
        assert_eq!(used, [9, 9, 12, 12, 12, 12, 12, 12]);
        // 11 shifts and 7 offsets that are not the identity.
        assert_eq!(plan.galois_elements().len(), 18);
    }

    #[test]
    fn one_lane_a_row_needs_the_taps_alone() {
        assert_eq!(plan(1, RowUse::Channels).shifts().len(), 9);
        assert_eq!(plan(1, RowUse::Channels).offsets().len(), 2);
        assert_eq!(plan(1, RowUse::Strips).offsets().len(), 1);
    }

    /// Every weight of the layer stands on exactly one lane of one (offset, shift).
    #[test]
    fn every_weight_is_used_once() {
        for lanes_per_row in [1, 2, 4] {
            let plan = plan(lanes_per_row, RowUse::Channels);
            let mut uses = HashMap::new();
            for offset in plan.offsets() {
                for shift in &plan.shifts()[..offset.shifts] {
                    for (row, lane) in plan.lanes() {
                        if let Some(w) = plan.lane_weight(offset, shift, row, lane) {
                            *uses.entry((w.out_channel, w.in_channel, w.tap)).or_insert(0) += 1;
                        }
                    }
                }
            }
            let channels = 2 * lanes_per_row;
            assert_eq!(uses.len(), channels * channels * 9);
            assert!(uses.values().all(|count| *count == 1));
        }
    }

    #[test]
    fn taps_that_read_zeros_alone_are_dropped() {
        let one_pixel = layer(2, 2, [1, 1], [3, 3], None);
        let packing = Packing::new(&one_pixel, 1024, Layout::Interleaved, 1, RowUse::Channels);
        assert_eq!(SlotPlan::new(packing.expect("fits")).shifts().len(), 1);
    }
}
