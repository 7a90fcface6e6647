//! Factors of estimated sums, laid out once for any number of tiles.
//!
//! They lie in the order in which they are read: of as many terms as are laid out at once, of each group of
//! sums and each piece of these terms, those of two sums after those of two others. In rows they would lie
//! in a place of their own for every sum, few from each, and would be made doubles with every tile.

use std::arch::x86_64::{
    __m256i, _mm256_blend_epi32, _mm256_castpd_si256, _mm256_permute4x64_epi64, _mm256_slli_epi64,
    _mm256_sub_epi64,
};
use std::ops::Range;

use super::estimate::{Reach, signed_doubles};
use super::scalars::{GROUP, Group, evenly};
use super::{LANES, Words, load, store};
use crate::arith::kernels::Row;
use crate::arith::kernels::double::signed_double;

/// Sums that are made together.
pub(super) const TWO: usize = 2;

/// Twos of a group.
const GROUP_TWOS: usize = GROUP / TWO;

/// The factors of two sums for one term: as doubles for estimates, and their lower halves for residues.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Twin {
    pub(super) doubles: [f64; TWO],
    pub(super) lower: [u32; TWO],
}

// SAFETY: there are no bits that a double or an integer cannot have.
unsafe impl bytemuck::Zeroable for Twin {}

// SAFETY: as above, and there is nothing between the fields nor after them.
unsafe impl bytemuck::Pod for Twin {}

/// The factors of some sums.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Laid {
    /// Those of all sums, and perhaps others.
    twins: Vec<Twin>,
    /// Twos of sums. Of an odd number of sums, the last one is met twice.
    twos: usize,
}

impl Laid {
    /// Bytes of the factors of so many sums of so many terms each.
    pub(in super::super) const fn bytes(sums: usize, terms: usize) -> usize {
        sums.div_ceil(TWO) * terms * size_of::<Twin>()
    }

    /// Takes the factors of sums less `bias`, where words and factors have so many bits together.
    #[target_feature(enable = "avx2")]
    pub(in super::super) fn lay(&mut self, bits: u32, rows: &[Row<'_>], bias: Option<&[u64]>) {
        let reach = Reach::of(bits);
        let all = rows.first().map_or(0, |row| row.factors.len());
        self.twos = rows.len().div_ceil(TWO);
        let len = all * self.twos;
        if self.twins.len() < len {
            self.twins.resize(len, bytemuck::Zeroable::zeroed());
        }
        // Rows are read from end to end, for they may come from memory.
        for (two, rows) in rows.chunks(TWO).enumerate() {
            let [first, last] = [rows[0].factors, rows[rows.len() - 1].factors];
            let [group, place] = [two - two % GROUP_TWOS, two % GROUP_TWOS];
            let of_group = GROUP_TWOS.min(self.twos - group);
            for terms in parts(0..all, reach.terms) {
                let start = terms.start * self.twos + terms.len() * group;
                for piece in parts(terms.clone(), reach.piece) {
                    let start =
                        start + (piece.start - terms.start) * of_group + piece.len() * place;
                    let twins = &mut self.twins[start..start + piece.len()];
                    let bias = bias.map(|bias| &bias[piece.clone()]);
                    lay_twins([&first[piece.clone()], &last[piece]], bias, twins);
                }
            }
        }
    }

    /// The factors of a group.
    pub(super) fn of(&self, group: &Group) -> &[Twin] {
        let terms = group.terms.len();
        let start = group.terms.start * self.twos + terms * (group.sums.start / TWO);
        &self.twins[start..start + terms * group.sums.len().div_ceil(TWO)]
    }
}

/// As few parts of some terms as there can be, of at most `most`, all but the last alike.
fn parts(terms: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    let each = evenly(terms.len(), most);
    terms.clone().step_by(each).map(move |start| start..terms.end.min(start + each))
}

/// The factors of two sums, less `bias`.
#[inline]
#[target_feature(enable = "avx2")]
fn lay_twins([first, second]: [&[u64]; TWO], bias: Option<&[u64]>, twins: &mut [Twin]) {
    let (fours, last) = twins.as_chunks_mut::<LANES>();
    let start = LANES * fours.len();
    let of_four = first.as_chunks().0.iter().zip(second.as_chunks().0).enumerate();
    for (twins, (i, (first, second))) in fours.iter_mut().zip(of_four) {
        let bias = load(bias.map_or(&[0; LANES], |bias| &bias.as_chunks().0[i]));
        let first = _mm256_sub_epi64(load(first), bias);
        let second = _mm256_sub_epi64(load(second), bias);
        let words: &mut [Words; 3] = bytemuck::cast_mut(twins);
        for (words, values) in words.iter_mut().zip(side_by_side(first, second)) {
            store(words, values);
        }
    }
    for (i, twin) in (start..).zip(last) {
        let bias = bias.map_or(0, |bias| bias[i]);
        let [first, second] = [first[i].wrapping_sub(bias), second[i].wrapping_sub(bias)];
        *twin = Twin {
            doubles: [signed_double(first), signed_double(second)],
            lower: [first as u32, second as u32],
        };
    }
}

/// Four [`Twin`]s, from the factors of four terms of either sum, in `[-2^51, 2^51)`.
#[inline]
#[target_feature(enable = "avx2")]
fn side_by_side(first: __m256i, second: __m256i) -> [__m256i; 3] {
    const ODD: i32 = 0b10_10_10_10;
    let lower = _mm256_blend_epi32::<ODD>(first, _mm256_slli_epi64::<32>(second));
    // Each to the place where it is wanted, in one of the three registers.
    let first = _mm256_castpd_si256(signed_doubles(first));
    let first = _mm256_permute4x64_epi64::<0b01_10_11_00>(first);
    let second = _mm256_castpd_si256(signed_doubles(second));
    let second = _mm256_permute4x64_epi64::<0b10_11_00_01>(second);
    let lower = _mm256_permute4x64_epi64::<0b11_00_01_10>(lower);
    // First 0, second 0, lower 0, first 1; second 1, lower 1, first 2, second 2; and so on.
    [of_three(first, second, lower), of_three(second, lower, first), of_three(lower, first, second)]
}

/// The outer words of one register, and one word each of two others.
#[inline]
#[target_feature(enable = "avx2")]
fn of_three(outer: __m256i, second: __m256i, third: __m256i) -> __m256i {
    let outer = _mm256_blend_epi32::<0b00_00_11_00>(outer, second);
    _mm256_blend_epi32::<0b00_11_00_00>(outer, third)
}
