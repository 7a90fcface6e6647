//! What a convolution on coefficients does, counted.

use std::ops::Range;

use super::packing::{Packing, Spread};
use crate::bfv::GaloisKeyId;
use crate::conv::WeightForm;
use crate::conv::dense::Alike;
use crate::ring::GaloisElement;

/// A tap that reads a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Its place among all positions of the kernel, row by row.
    pub place: usize,
    /// How many positions after the output's it reads.
    pub shift: i64,
}

/// A plan of a convolution on coefficients.
///
/// For output ciphertext y of m channels and input ciphertexts `x_G`, with V_(o,G) = sum over channels
/// ch of G and taps of w X^-(m shift + ch),
///
///   y = sum over g2, g1 of g2( (m/b)^-1 sum over G of W_(g2,g1,G) g1(x_G) ),
///   W_(g2,g1,G) = sum over o of X^(o/g2) g1(V_(o,G)):
///
/// the *baby steps* g1 = 1 + 2 n' i, i < b, are applied to inputs and the *giant steps* g2, the inverses
/// of 1 + 2 n' b j, j < m/b, to sums, with n' = N/m. Their products are all automorphisms that keep X^m,
/// so that only coefficients of outputs are left, times b.
///
/// Of blocks there are no steps, m = 1 above, and the outputs of a product are those of one channel.
#[derive(Clone, Debug)]
pub struct CoefficientPlan {
    packing: Packing,
    /// b.
    babies: usize,
    form: WeightForm,
    /// The taps of every phase.
    taps: Vec<Vec<Tap>>,
}

/// Sums that are held at a time: as many as the multiply stage of lanes holds.
const WAVE_SUMS: usize = 256;

/// Strips that are worked on side by side at most: they have weights in common, which are read or made
/// once for all of them.
const TOGETHER: usize = 4;

impl CoefficientPlan {
    /// A plan with `babies` baby steps, a power of two that is at most the channels of an output
    /// ciphertext.
    pub fn new(packing: Packing, babies: usize, form: WeightForm) -> Self {
        let columns = packing.layer().kernel()[1];
        let stride = packing.cut().row_stride as i64;
        let of_phase = |phase: &crate::conv::grid::Phase| {
            let (first, left) = (phase.rows.reach().0, phase.columns.reach().0);
            let rows = phase.rows.positions().zip(first..);
            let taps = rows.flat_map(|(row, y)| {
                let tap =
                    move |(column, x)| Tap { place: row * columns + column, shift: y * stride + x };
                phase.columns.positions().zip(left..).map(tap)
            });
            taps.collect()
        };
        let taps = packing.grid().phases().iter().map(of_phase).collect();
        Self { packing, babies, form, taps }
    }

    /// The same plan for a layer that differs in output channels alone.
    pub fn for_layer(&self, layer: crate::conv::Layer) -> Self {
        Self { packing: self.packing.for_layer(layer), ..self.clone() }
    }

    /// How planes lie in coefficients.
    pub const fn packing(&self) -> &Packing {
        &self.packing
    }

    /// b, the baby steps.
    pub const fn babies(&self) -> usize {
        self.babies
    }

    /// m/b, the giant steps: sums of an output ciphertext.
    pub const fn giants(&self) -> usize {
        self.packing.out_channels() / self.babies
    }

    /// How weights are stored.
    pub const fn form(&self) -> WeightForm {
        self.form
    }

    /// The taps of a phase.
    pub fn taps(&self, phase: usize) -> &[Tap] {
        &self.taps[phase]
    }

    /// Phases of the image.
    pub const fn phases(&self) -> usize {
        self.taps.len()
    }

    /// Strips of a plane.
    pub const fn strips(&self) -> usize {
        self.packing.cut().strips
    }

    /// Strips that are worked on side by side.
    pub const fn together(&self) -> usize {
        self.strips().div_ceil(self.rounds())
    }

    /// How often that is done, until all strips are.
    pub const fn rounds(&self) -> usize {
        self.strips().div_ceil(TOGETHER)
    }

    /// Input ciphertexts of one strip: phase after phase, and in each the channels.
    pub const fn inputs(&self) -> usize {
        self.phases() * self.packing.in_groups()
    }

    /// The phase of an input ciphertext, and its place in it.
    pub const fn place(&self, input: usize) -> (usize, usize) {
        (input / self.packing.in_groups(), input % self.packing.in_groups())
    }

    /// Output ciphertexts of one strip.
    pub const fn out_groups(&self) -> usize {
        self.packing.out_groups()
    }

    /// Baby step `i`.
    pub const fn baby(&self, i: usize) -> GaloisElement {
        GaloisElement::new(self.packing.ring_degree(), 1 + 2 * self.packing.positions() * i)
    }

    /// The inverse of giant step `j`.
    const fn inverse_giant(&self, j: usize) -> GaloisElement {
        self.baby(self.babies * j)
    }

    /// Giant step `j`.
    pub fn giant(&self, j: usize) -> GaloisElement {
        self.inverse_giant(j).inverse(self.packing.ring_degree())
    }

    /// The baby steps, which are the automorphisms of every input.
    pub fn elements(&self) -> impl Iterator<Item = GaloisElement> + Clone + use<'_> {
        (0..self.babies).map(|i| self.baby(i))
    }

    /// Whether a merge adds sums up that are moved.
    pub const fn merges(&self) -> bool {
        self.giants() > 1
    }

    /// How many keys steps need: no baby step is a giant one, but the identity.
    pub const fn key_count(&self) -> usize {
        self.babies + self.giants() - 2
    }

    /// Every key that steps need, each once and rising.
    pub fn galois_keys(&self, limbs: usize) -> Vec<GaloisKeyId> {
        let babies = (1..self.babies).map(|i| self.baby(i));
        let giants = (1..self.giants()).map(|j| self.giant(j));
        let mut keys: Vec<GaloisKeyId> =
            babies.chain(giants).map(|element| GaloisKeyId { limbs, element }).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Of each phase, the places of the input ciphertexts that an output ciphertext reads.
    pub fn window(&self, out_group: usize) -> Range<usize> {
        let (layer, each) = (self.packing.layer(), self.packing.out_channels());
        let first = layer.first_input(out_group * each);
        let last = (out_group * each + each).min(layer.out_channels()) - 1;
        let last = layer.first_input(last) + layer.group_channels()[1] - 1;
        first / self.packing.channels()..last / self.packing.channels() + 1
    }

    /// The input ciphertexts of one strip that an output ciphertext reads.
    pub fn inputs_of(&self, out_group: usize) -> impl Iterator<Item = usize> + use<'_> {
        let (window, each) = (self.window(out_group), self.packing.in_groups());
        (0..self.phases()).flat_map(move |phase| window.clone().map(move |i| phase * each + i))
    }

    /// Terms of each sum of an output ciphertext: its inputs, each under every baby step.
    pub fn terms(&self, out_group: usize) -> usize {
        self.phases() * self.window(out_group).len() * self.babies
    }

    /// The numbers of sums of one strip, and their terms.
    pub fn sum_sizes(&self) -> impl Iterator<Item = (usize, usize)> + use<'_> {
        (0..self.out_groups()).map(|group| (self.giants(), self.terms(group)))
    }

    /// Sums of one strip.
    pub const fn sums(&self) -> usize {
        self.out_groups() * self.giants()
    }

    /// Products of one strip.
    pub fn total_terms(&self) -> usize {
        self.sum_sizes().map(|(sums, terms)| sums * terms).sum()
    }

    /// Terms of the longest sum.
    pub fn max_terms(&self) -> usize {
        self.sum_sizes().map(|(_, terms)| terms).max().unwrap_or(0)
    }

    /// The output ciphertexts of a strip that are made at a time, one wave after the other.
    pub fn waves(&self) -> Vec<Range<usize>> {
        let most = WAVE_SUMS / (self.giants() * self.together());
        let (groups, each) = (self.out_groups(), most.max(1));
        (0..groups).step_by(each).map(|first| first..groups.min(first + each)).collect()
    }

    /// Output ciphertexts of the largest wave, of all strips that are worked on side by side.
    pub fn wave_groups(&self) -> usize {
        self.waves().first().map_or(0, ExactSizeIterator::len) * self.together()
    }

    /// Their sums.
    pub fn wave_sums(&self) -> usize {
        self.wave_groups() * self.giants()
    }

    /// The sums of a wave of one strip in runs of the same terms: output ciphertext after output ciphertext, and
    /// within one giant step after giant step.
    pub fn runs(&self, wave: &Range<usize>) -> Vec<Alike> {
        let mut runs: Vec<Alike> = Vec::new();
        let mut known: Option<Range<usize>> = None;
        let mut end = 0;
        for group in wave.clone() {
            let (start, window) = (end, self.window(group));
            end += self.giants();
            match runs.last_mut().filter(|_| known.as_ref() == Some(&window)) {
                Some(run) => run.sums.end = end,
                None => runs.push(Alike {
                    sums: start..end,
                    segments: self.inputs_of(group).map(|i| (i, 0..self.babies)).collect(),
                    terms: self.terms(group),
                }),
            }
            known = Some(window);
        }
        runs
    }

    /// Whether channels are blocks.
    pub fn is_blocks(&self) -> bool {
        self.packing.spread() == Spread::Blocks
    }
}
