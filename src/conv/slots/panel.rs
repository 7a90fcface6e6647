//! The rotate stage: every input ciphertext under every shift.

use rayon::prelude::*;

use super::SlotPlan;
use crate::arith::kernels::{PAIR, TILE};
use crate::arith::{AlignedWords, zeroed};
use crate::bfv::{Ciphertext, Context, Scratch};
use crate::conv::server::{ConvError, Server, Stage};
use crate::conv::setting::Setting;
use crate::ring::Permutation;

/// Panels of ciphertexts laid out for the kernels: for each panel, each limb, each tile and each
/// term, [`PAIR`] words.
#[derive(Debug)]
pub struct Panels {
    words: AlignedWords,
    /// Terms of all panels before each one, and at the end of all.
    starts: Vec<usize>,
    tiles: usize,
    limbs: usize,
}

/// One panel, to be written.
struct PanelMut<'a> {
    words: &'a mut [u64],
    terms: usize,
    tiles: usize,
}

impl Panels {
    /// Zero ciphertexts for the rotated inputs of one strip group: a panel per input.
    pub fn zero(context: &Context, plan: &SlotPlan) -> Self {
        let ends = (0..plan.inputs()).scan(0, |end, input| {
            *end += plan.shifts(input).all().len();
            Some(*end)
        });
        Self {
            words: zeroed(2 * plan.rotated_inputs() * context.ciphertext_basis().words()),
            starts: std::iter::once(0).chain(ends).collect(),
            tiles: context.ring_degree() / TILE,
            limbs: context.ciphertext_basis().len(),
        }
    }

    /// The same panels, with all memory taken.
    pub fn taken(mut self) -> Self {
        self.words.take();
        self
    }

    /// Bytes that `ciphertexts` ciphertexts take.
    pub fn bytes(setting: Setting<'_>, ciphertexts: usize) -> u64 {
        (2 * ciphertexts * setting.words() * size_of::<u64>()) as u64
    }

    /// The terms of one tile of one panel, as many as it has shifts.
    pub fn tile(&self, panel: usize, limb: usize, tile: usize) -> &[u64] {
        let [first, end] = [self.starts[panel], self.starts[panel + 1]];
        let size = (end - first) * PAIR;
        let start = first * PAIR * self.limbs * self.tiles + (limb * self.tiles + tile) * size;
        &self.words[start..start + size]
    }

    /// The panels side by side.
    fn panels_mut(&mut self) -> Vec<PanelMut<'_>> {
        let (tiles, limbs) = (self.tiles, self.limbs);
        let mut rest = &mut self.words[..];
        let terms = self.starts.windows(2).map(|pair| pair[1] - pair[0]);
        let panel = |terms| {
            let (words, after) =
                std::mem::take(&mut rest).split_at_mut(terms * PAIR * tiles * limbs);
            rest = after;
            PanelMut { words, terms, tiles }
        };
        terms.map(panel).collect()
    }

    /// Term `term` of a panel as a ciphertext.
    pub fn ciphertext(&self, context: &Context, panel: usize, term: usize) -> Ciphertext {
        let mut result = Ciphertext::zero(context);
        for limb in 0..self.limbs {
            for tile in 0..self.tiles {
                let pair = &self.tile(panel, limb, tile)[term * PAIR..][..PAIR];
                let (first, second) = pair.split_at(TILE);
                let range = tile * TILE..(tile + 1) * TILE;
                result.c0.limb_mut(limb)[range.clone()].copy_from_slice(first);
                result.c1.limb_mut(limb)[range].copy_from_slice(second);
            }
        }
        result
    }
}

impl PanelMut<'_> {
    /// Writes `ciphertext` as term `term`.
    fn write(&mut self, term: usize, ciphertext: &Ciphertext) {
        let per_limb = self.tiles * self.terms * PAIR;
        for (i, words) in self.words.chunks_exact_mut(per_limb).enumerate() {
            let halves = ciphertext
                .c0
                .limb(i)
                .chunks_exact(TILE)
                .zip(ciphertext.c1.limb(i).chunks_exact(TILE));
            for (words, (c0, c1)) in words.chunks_exact_mut(self.terms * PAIR).zip(halves) {
                let (first, second) = words[term * PAIR..][..PAIR].split_at_mut(TILE);
                first.copy_from_slice(c0);
                second.copy_from_slice(c1);
            }
        }
    }

    /// Writes `ciphertext` under `permutation` as term `term`.
    fn write_permuted(&mut self, term: usize, ciphertext: &Ciphertext, permutation: &Permutation) {
        let per_limb = self.tiles * self.terms * PAIR;
        let limbs = ciphertext.c0.basis().limbs().iter();
        for (i, (words, limb)) in self.words.chunks_exact_mut(per_limb).zip(limbs).enumerate() {
            let polys = [ciphertext.c0.limb(i), ciphertext.c1.limb(i)];
            let out = &mut words[term * PAIR..];
            limb.kernels().interleave_permuted(polys, permutation.blocks(), self.terms, out);
        }
    }
}

/// Bytes that [`rotate_inputs`] takes on `threads` threads for the time it runs.
pub fn rotate_scratch_bytes(plan: &SlotPlan, setting: Setting<'_>, threads: usize) -> u64 {
    let space = Scratch::bytes(setting.params) + Panels::bytes(setting, 1);
    plan.rotated().count().min(threads) as u64 * space
}

/// Every input under every shift of the plan: one panel per input, with one term per shift. Each
/// input is decomposed once.
///
/// # Errors
/// [`ConvError::MissingKey`], or [`ConvError::Cancelled`].
pub fn rotate_inputs(
    server: &Server<'_>,
    plan: &SlotPlan,
    inputs: &[Ciphertext],
    panels: &mut Panels,
) -> Result<(), ConvError> {
    let evaluator = server.evaluator();
    let space = || (evaluator.scratch(), Ciphertext::zero(evaluator.context()));
    server.stage(Stage::Rotate, || {
        let rotate =
            |(scratch, switched): &mut (_, _),
             (index, (mut panel, input)): (usize, (PanelMut<'_>, &Ciphertext))| {
                let shifts = plan.shifts(index);
                if shifts.rotations() > 0 {
                    evaluator.decompose(&input.c1, scratch);
                }
                for (term, shift) in shifts.all().iter().enumerate() {
                    server.check_cancelled()?;
                    if shift.is_identity() {
                        panel.write(term, input);
                    } else {
                        let key = evaluator.keys().get(plan.shift_element(shift))?;
                        evaluator.switch_hoisted(input, key, scratch, switched);
                        panel.write_permuted(term, switched, key.permutation());
                    }
                    server.advance(1);
                }
                Ok::<_, ConvError>(())
            };
        let panels = panels.panels_mut().into_par_iter();
        panels.zip(inputs).enumerate().try_for_each_init(space, rotate)
    })
}
