//! Input ciphertexts as the multiply stage reads them, and the rotate stage, which makes them: every
//! input under every automorphism that is asked for.

use std::ops::Range;

use rayon::prelude::*;

use crate::arith::kernels::{PAIR, PairsMut, TILE, ask_for};
use crate::arith::{AlignedWords, zeroed};
use crate::bfv::{Ciphertext, Context, Scratch};
use crate::ring::GaloisElement;

use super::setting::Setting;
use super::{ConvError, Server, Stage};

/// What takes more bytes than this is written past the caches, since what is written first would not
/// stay there until it is read, and reading memory only to overwrite it takes as long as writing it.
pub const CACHED_BYTES: u64 = 16 << 20;

/// Words that are left free between rows which a kernel reads side by side. Rows that begin a multiple
/// of a page apart have their words i in the same set of the cache, whatever i, and would evict each
/// other.
pub(super) const APART: usize = 13 * 8;

/// Panels of ciphertexts laid out for the kernels: for each panel, each limb, each tile and each
/// term, [`PAIR`] words.
#[derive(Debug)]
pub struct Panels {
    words: AlignedWords,
    /// For each panel, its first word and its terms.
    places: Vec<(usize, usize)>,
    tiles: usize,
    limbs: usize,
}

/// One panel, to be written.
struct PanelMut<'a> {
    words: &'a mut [u64],
    terms: usize,
    tiles: usize,
    streams: bool,
}

impl Panels {
    /// Zero ciphertexts: a panel for each input, with as many terms as `terms` tells.
    pub fn zero(context: &Context, terms: impl Iterator<Item = usize>) -> Self {
        let each = 2 * context.ciphertext_basis().words();
        let mut end = 0;
        let panel = |terms| {
            let start = end;
            end += terms * each + APART;
            (start, terms)
        };
        let places = terms.map(panel).collect();
        Self {
            words: zeroed(end),
            places,
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

    /// Divides all ciphertexts by `divisor`, which is a unit modulo every limb.
    pub fn divide(&mut self, context: &Context, divisor: u64) {
        let limbs = context.ciphertext_basis().limbs();
        self.panels_mut().into_par_iter().for_each(|panel| {
            let per_limb = panel.words.len() / limbs.len().max(1);
            for (limb, words) in limbs.iter().zip(panel.words.chunks_exact_mut(per_limb.max(1))) {
                let modulus = limb.modulus();
                let inverse = modulus.inverse(modulus.reduce(divisor));
                limb.kernels().scale(modulus.shoup(inverse), words);
            }
        });
    }

    /// The terms of one tile of one panel, as many as it has shifts.
    pub fn tile(&self, panel: usize, limb: usize, tile: usize) -> &[u64] {
        let (first, terms) = self.places[panel];
        let size = terms * PAIR;
        let start = first + (limb * self.tiles + tile) * size;
        &self.words[start..start + size]
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.places.len()
    }

    /// Asks memory for one tile of some panels, which will be read soon.
    pub fn ask_for(&self, panels: Range<usize>, limb: usize, tile: usize) {
        if tile < self.tiles {
            panels.for_each(|panel| ask_for(self.tile(panel, limb, tile)));
        }
    }

    /// The panels side by side.
    fn panels_mut(&mut self) -> Vec<PanelMut<'_>> {
        let (tiles, limbs) = (self.tiles, self.limbs);
        let streams = size_of_val(&self.words[..]) as u64 > CACHED_BYTES;
        let mut rest = &mut self.words[..];
        let panel = |&(_, terms): &(usize, usize)| {
            let size = terms * PAIR * tiles * limbs;
            let words = rest.split_off_mut(..size + APART).unwrap_or_default();
            PanelMut { words: words.get_mut(..size).unwrap_or_default(), terms, tiles, streams }
        };
        self.places.iter().map(panel).collect()
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

    const fn limbs(&self) -> usize {
        self.words.len() / (self.tiles * self.terms * PAIR)
    }

    /// Limb `limb` of term `term`.
    fn pairs_mut(&mut self, limb: usize, term: usize) -> PairsMut<'_> {
        let per_limb = self.tiles * self.terms * PAIR;
        let words = &mut self.words[limb * per_limb..(limb + 1) * per_limb][term * PAIR..];
        PairsMut { words, stride: self.terms, streams: self.streams }
    }
}

/// Bytes that [`rotate_inputs`] takes for the time it runs on `threads` threads, where `rotated` inputs
/// are rotated.
pub fn rotate_scratch_bytes(rotated: usize, setting: Setting<'_>, threads: usize) -> u64 {
    rotated.min(threads) as u64 * Scratch::bytes(setting.params, setting.limbs())
}

/// Every input under every automorphism of its own that `elements` lists by the input's place: one
/// panel per input, with one term per automorphism. Each input is decomposed once.
///
/// # Errors
/// [`ConvError::MissingKey`], or [`ConvError::Cancelled`].
pub fn rotate_inputs<E: Iterator<Item = GaloisElement> + Clone>(
    server: &Server<'_>,
    elements: impl Fn(usize) -> E + Sync,
    inputs: &[Ciphertext],
    panels: &mut Panels,
) -> Result<(), ConvError> {
    let evaluator = server.evaluator();
    let rotate = |(index, (mut panel, input)): (usize, (PanelMut<'_>, &Ciphertext))| {
        let (mut scratch, elements) = (evaluator.scratch(), elements(index));
        if elements.clone().any(|element| !element.is_identity()) {
            evaluator.decompose(&input.c1, &mut scratch);
        }
        for (term, element) in elements.enumerate() {
            server.check_cancelled()?;
            if element.is_identity() {
                panel.write(term, input);
            } else {
                let key = evaluator.key(element)?;
                evaluator.switch_special(key, &mut scratch);
                for limb in 0..panel.limbs() {
                    let out = panel.pairs_mut(limb, term);
                    evaluator.switch_limb(key, limb, &input.c0, &mut scratch, out);
                }
            }
            server.advance(1);
        }
        evaluator.keep_scratch(scratch);
        Ok::<_, ConvError>(())
    };
    server.stage(Stage::Rotate, || {
        let panels = panels.panels_mut().into_par_iter();
        panels.zip(inputs).enumerate().try_for_each(rotate)
    })
}
