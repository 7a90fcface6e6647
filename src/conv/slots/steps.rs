//! How far inputs and sums are rotated: baby steps and giant steps.
//!
//! A term reaches from an output's slot to the input's that a weight multiplies: some kernel rows,
//! some kernel columns, and some lanes. Inputs are rotated by a part of that (a baby step), the sums
//! by the rest (a giant step), after Halevi and Shoup, "Algorithms in HElib", CRYPTO 2014.
//!
//! *Interleaved*, slot p C' + b is pixel p of lane b. So a term that moves by some lanes, fewer than C'
//! in either direction, and by some columns, from `least` to `most`, moves by a number of slots from
//! (least - 1) C' + 1 to (most + 1) C' - 1, and every number in between occurs. (Lanes that wrap around
//! the end of a pixel's lanes move by one column more than the others.) Each of these distances is a
//! baby step plus a giant step: the baby steps are A distances in a row, A being [`Split::steps`], and
//! the giant steps the multiples of A.
//!
//! In *contiguous* blocks, slot b M + p, columns and lanes are separate distances. There A is 1, and
//! only sums move; or A is the number of columns times a power of two, and inputs move by every column
//! and that many lanes.

use std::ops::RangeInclusive;

use super::{Layout, Packing};

/// Planes and lanes moved to the left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Move {
    /// Rows of the image.
    pub rows: i64,
    /// Columns of the image.
    pub columns: i64,
    /// Lanes, in `[0, C')`.
    pub lanes: usize,
}

impl Move {
    /// Slots to the left.
    pub const fn slots(&self, packing: &Packing) -> i64 {
        let pixels = self.rows * packing.row_stride() as i64 + self.columns;
        packing.shift_steps(pixels) + packing.lane_steps(self.lanes)
    }
}

/// Which rotations are of inputs, and which of sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// A: steps over columns and lanes that inputs are rotated by.
    pub steps: usize,
    /// What reaches the rows of the kernel.
    pub rows: Side,
}

/// What is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Inputs, before the multiplication: hoisted, one decomposition for all of an input's.
    Inputs,
    /// Sums, after it.
    Sums,
}

/// The distances over columns and lanes that terms have for columns in `columns`.
fn line(per_row: usize, columns: (i64, i64)) -> RangeInclusive<i64> {
    let per_row = per_row as i64;
    (columns.0 - 1) * per_row + 1..=(columns.1 + 1) * per_row - 1
}

impl Split {
    /// The splits worth considering.
    pub fn all(packing: &Packing) -> Vec<Self> {
        /// Inputs rotated more often would outnumber the sums.
        const MOST: usize = 64;
        let (grid, per_row) = (packing.grid(), packing.lanes_per_row());
        let (least, most) = grid.columns();
        let doubled = |first| std::iter::successors(Some(first), |steps| Some(2 * steps));
        let steps: Vec<usize> = match packing.layout() {
            Layout::Interleaved => {
                let line = line(per_row, (least, most));
                let whole = (line.end() - line.start() + 1) as usize;
                let useful = whole <= MOST || packing.layer().groups() > 1;
                let whole_line = useful.then_some(whole);
                doubled(1).take_while(|steps| *steps < whole.min(MOST)).chain(whole_line).collect()
            }
            Layout::Contiguous => {
                let columns = (most - least + 1) as usize;
                let moved = doubled(columns).take_while(|steps| steps / columns <= per_row);
                let moved = moved.take_while(|steps| steps / columns == 1 || *steps < MOST);
                let still = (columns > 1).then_some(1);
                still.into_iter().chain(moved).collect()
            }
        };
        let (top, bottom) = grid.rows();
        let sides: &[Side] =
            if top == bottom { &[Side::Inputs] } else { &[Side::Inputs, Side::Sums] };
        let of = |&rows: &Side| steps.iter().map(move |&steps| Self { steps, rows });
        sides.iter().flat_map(of).collect()
    }

    /// The moves over columns and lanes of inputs, in order, and those of sums.
    fn moves(self, packing: &Packing) -> [Vec<Move>; 2] {
        let (grid, per_row) = (packing.grid(), packing.lanes_per_row());
        let (least, most) = grid.columns();
        match packing.layout() {
            Layout::Interleaved => {
                let (line, steps) = (line(per_row, (least, most)), self.steps as i64);
                // Both start where they pass 0: there nothing needs to be rotated.
                let first = -((-line.start()).rem_euclid(steps));
                let at = |slots: i64| {
                    let (columns, lanes) =
                        (slots.div_euclid(per_row as i64), slots.rem_euclid(per_row as i64));
                    Move { rows: 0, columns, lanes: lanes as usize }
                };
                let inputs = (first..first + steps).map(at).collect();
                let sums = (line.start() - first..=line.end() - first).step_by(self.steps);
                [inputs, sums.map(at).collect()]
            }
            Layout::Contiguous => {
                let columns = (most - least + 1) as usize;
                let lanes = (self.steps / columns).max(1);
                let all = |lanes: Vec<usize>, moves: bool| {
                    let columns = if moves { least..=most } else { 0..=0 };
                    let of = |lanes| {
                        columns.clone().map(move |columns| Move { rows: 0, columns, lanes })
                    };
                    lanes.into_iter().flat_map(of).collect()
                };
                let moves = self.steps >= columns;
                let inputs = all((0..lanes).collect(), moves);
                [inputs, all((0..per_row).step_by(lanes).collect(), !moves)]
            }
        }
    }

    /// How much a plan with this split has to say: for each phase its rotations, and what each sum uses
    /// of them. Large strides and kernels have many of both.
    pub fn plan_size(self, packing: &Packing) -> usize {
        let [inputs, sums] = self.all_moves(packing).map(|moves| moves.len());
        packing.grid().phases().len().saturating_mul(inputs.saturating_add(2 * sums))
    }

    /// The moves of inputs, in order: those with the same columns and lanes together; and those of
    /// sums. Not all of them are needed of every phase, nor with lanes that never meet.
    pub fn all_moves(self, packing: &Packing) -> [Vec<Move>; 2] {
        let (top, bottom) = packing.grid().rows();
        let with_rows = |moves: Vec<Move>, side| {
            let rows = if self.rows == side { top..=bottom } else { 0..=0 };
            let with = |by: Move| rows.clone().map(move |rows| Move { rows, ..by });
            moves.into_iter().flat_map(with).collect()
        };
        let [inputs, sums] = self.moves(packing);
        [with_rows(inputs, Side::Inputs), with_rows(sums, Side::Sums)]
    }
}
