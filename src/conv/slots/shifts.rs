//! The rotations of input ciphertexts.

use std::collections::HashMap;
use std::ops::Range;

use super::grid::Phase;
use super::{Layout, Packing};

/// A rotation of an input, and the taps it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Pixels to the left.
    pub pixels: i64,
    /// Lanes to the left, those that the offset of a sum lacks.
    pub lanes: usize,
    /// The kernel position (row, column) that is so many pixels away.
    pub direct: Option<[usize; 2]>,
    /// The kernel position one pixel further, for lanes that wrap.
    pub carried: Option<[usize; 2]>,
}

impl Shift {
    /// Whether inputs are used as they are.
    pub const fn is_identity(&self) -> bool {
        self.pixels == 0 && self.lanes == 0
    }
}

/// The shifts of the inputs of one phase. Those that serve wrapping lanes alone, with lanes that do
/// not move, come first: sums that nothing wraps in use all but these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shifts {
    all: Vec<Shift>,
    carried_alone: usize,
}

impl Shifts {
    /// The shifts of a phase, with moves of `0..split` lanes.
    ///
    /// Padding keeps interleaved shifts apart. Contiguous planes that are narrower than the kernel
    /// may have taps with equal shifts, each of which stays a shift of its own: their masks differ.
    pub fn new(packing: &Packing, phase: &Phase, split: usize) -> Self {
        let stride = packing.row_stride() as i64;
        let taps = phase.taps.iter().map(|tap| {
            let [dy, dx] = tap.distance;
            (dy * stride + dx, tap.position)
        });
        let taps: Vec<(i64, [usize; 2])> = taps.collect();
        let slots = packing.lane_slots() as i64;
        let carries = packing.layout() == Layout::Interleaved && packing.lanes_per_row() > 1;
        let places = taps.iter().filter(|_| carries);
        let by_place: HashMap<i64, [usize; 2]> =
            places.map(|(pixels, tap)| (pixels.rem_euclid(slots), *tap)).collect();
        let tap_at = |pixels: i64| by_place.get(&pixels.rem_euclid(slots)).copied();
        let shift =
            |pixels, direct| Shift { pixels, lanes: 0, direct, carried: tap_at(pixels + 1) };
        let before = taps.iter().map(|(pixels, _)| pixels - 1);
        let mut still: Vec<Shift> = before
            .filter(|at| carries && tap_at(*at).is_none())
            .map(|at| shift(at, None))
            .collect();
        let carried_alone = still.len();
        still.extend(taps.iter().map(|&(pixels, tap)| shift(pixels, Some(tap))));
        let moved = |lanes| still.iter().map(move |shift| Shift { lanes, ..*shift });
        Self { all: (0..split).flat_map(moved).collect(), carried_alone }
    }

    /// All shifts.
    pub fn all(&self) -> &[Shift] {
        &self.all
    }

    /// The shifts that a sum uses, by whether lanes that do not move before the multiplication may
    /// wrap after it.
    pub const fn used(&self, wraps: bool) -> Range<usize> {
        let first = if wraps { 0 } else { self.carried_alone };
        first..self.all.len()
    }

    /// How many of them rotate.
    pub fn rotations(&self) -> usize {
        self.all.iter().filter(|shift| !shift.is_identity()).count()
    }
}
