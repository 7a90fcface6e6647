//! The rotate stage: every input ciphertext under every shift.

use rayon::prelude::*;

use super::SlotPlan;
use crate::arith::kernels::{PAIR, TILE};
use crate::arith::{AlignedWords, zeroed};
use crate::bfv::{Ciphertext, Context};
use crate::conv::server::{ConvError, Server, Stage};
use crate::conv::setting::Setting;

/// Several ciphertexts laid out for the kernels: for each limb, each tile and each term,
/// [`PAIR`] words.
#[derive(Debug)]
pub struct Panel {
    words: AlignedWords,
    terms: usize,
    tiles: usize,
}

impl Panel {
    /// A panel of zero ciphertexts.
    pub fn zero(context: &Context, terms: usize) -> Self {
        let words = zeroed(2 * terms * context.ciphertext_basis().words());
        Self { words, terms, tiles: context.ring_degree() / TILE }
    }

    /// Bytes of a panel of `terms` ciphertexts.
    pub fn bytes(setting: Setting<'_>, terms: usize) -> u64 {
        (2 * terms * setting.words() * size_of::<u64>()) as u64
    }

    /// The terms of one tile.
    pub fn tile(&self, limb: usize, tile: usize) -> &[u64] {
        let size = self.terms * PAIR;
        let start = (limb * self.tiles + tile) * size;
        &self.words[start..start + size]
    }

    /// All words, tile by tile.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Writes `ciphertext` as term `term`, permuted by `source` where given.
    fn write(&mut self, term: usize, ciphertext: &Ciphertext, source: Option<&[u32]>) {
        let limbs = ciphertext.c0.basis().len();
        let per_limb = self.tiles * self.terms * PAIR;
        for (i, words) in self.words.chunks_exact_mut(per_limb).enumerate().take(limbs) {
            let (c0, c1) = (ciphertext.c0.limb(i), ciphertext.c1.limb(i));
            for (tile, words) in words.chunks_exact_mut(self.terms * PAIR).enumerate() {
                let (first, second) = words[term * PAIR..][..PAIR].split_at_mut(TILE);
                let range = tile * TILE..(tile + 1) * TILE;
                if let Some(source) = source {
                    for ((a, b), &from) in first.iter_mut().zip(second).zip(&source[range]) {
                        (*a, *b) = (c0[from as usize], c1[from as usize]);
                    }
                } else {
                    first.copy_from_slice(&c0[range.clone()]);
                    second.copy_from_slice(&c1[range]);
                }
            }
        }
    }
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
) -> Result<Vec<Panel>, ConvError> {
    let evaluator = server.evaluator();
    let rotate = |input: &Ciphertext| {
        let mut panel = Panel::zero(evaluator.context(), plan.shifts().len());
        let moves = plan.shifts().iter().any(|shift| !shift.is_identity());
        let digits = moves.then(|| evaluator.decompose(&input.c1));
        for (term, shift) in plan.shifts().iter().enumerate() {
            server.check_cancelled()?;
            match &digits {
                Some(digits) if !shift.is_identity() => {
                    let key = evaluator.keys().get(plan.shift_element(shift))?;
                    let switched = evaluator.switch_hoisted(input, digits, key);
                    panel.write(term, &switched, Some(key.permutation().source()));
                }
                _ => panel.write(term, input, None),
            }
            server.advance(1);
        }
        Ok(panel)
    };
    server.stage(Stage::Rotate, || inputs.par_iter().map(rotate).collect())
}

impl Panel {
    /// Term `term` as a ciphertext.
    pub fn ciphertext(&self, context: &Context, term: usize) -> Ciphertext {
        let mut result = Ciphertext::zero(context);
        for limb in 0..context.ciphertext_basis().len() {
            for tile in 0..self.tiles {
                let (first, second) = self.tile(limb, tile)[term * PAIR..][..PAIR].split_at(TILE);
                let range = tile * TILE..(tile + 1) * TILE;
                result.c0.limb_mut(limb)[range.clone()].copy_from_slice(first);
                result.c1.limb_mut(limb)[range].copy_from_slice(second);
            }
        }
        result
    }
}
