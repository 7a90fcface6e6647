//! The rotations, sums and terms of a plan, and the weights of a term.

use super::Move;
use crate::ring::GaloisElement;

/// A rotation of inputs before the multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// How far.
    pub by: Move,
    /// The automorphism.
    pub element: GaloisElement,
}

impl Shift {
    /// Whether inputs are used as they are.
    pub fn is_identity(&self) -> bool {
        self.element.is_identity()
    }
}

/// A rotation of sums after the multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Its place among all offsets.
    pub place: usize,
    /// Whether rows of slots are exchanged.
    pub swap: bool,
    /// How far.
    pub by: Move,
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
