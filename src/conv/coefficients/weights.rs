//! Weights in the form a plan asks for, and the multiply stage.

use std::ops::Range;

use ndarray::ArrayView4;
use rayon::prelude::*;

use super::plan::CoefficientPlan;
use super::polynomials::{Polynomials, lift};
use crate::arith::kernels::{Factors, PAIR, TILE};
use crate::arith::{AlignedWords, PackedMut, PackedWords, zeroed};
use crate::bfv::Context;
use crate::conv::dense::{Copies, dense_tiles, multiply_dense};
use crate::conv::near::Near;
use crate::conv::panel::Panels;
use crate::conv::setting::Setting;
use crate::conv::sums::{Sums, SumsChunk};
use crate::conv::weights::PackedWeights;
use crate::conv::{ConvError, Server, Steps, WeightForm};

/// Bytes of transforms that are held at a time while they are made.
const BATCH_BYTES: usize = 4 << 20;

/// Stored weights.
pub enum Weights {
    /// For each wave and each limb: of each tile, each sum and each term, [`TILE`] words, the order in
    /// which the multiply stage reads them.
    Transformed(Vec<Vec<PackedWords>>),
    /// The weights themselves.
    Raw(PackedWeights),
}

/// The transforms of some terms of one output ciphertext: for each term, each giant step and each limb, N
/// words.
pub struct Batch {
    words: AlignedWords,
    giants: usize,
    limbs: usize,
    ring_degree: usize,
}

impl Batch {
    /// Words of a term.
    fn each(giants: usize, setting: Setting<'_>) -> usize {
        giants * setting.params.limbs().len() * setting.ring_degree()
    }

    /// Terms that are held at a time.
    fn most_terms(plan: &CoefficientPlan, setting: Setting<'_>) -> usize {
        let bytes = Self::each(plan.giants(), setting) * size_of::<u64>();
        (BATCH_BYTES / bytes.max(1)).clamp(1, plan.max_terms().max(1))
    }

    /// Bytes of it.
    pub fn bytes(plan: &CoefficientPlan, setting: Setting<'_>) -> u64 {
        let words = Self::most_terms(plan, setting) * Self::each(plan.giants(), setting);
        (words * size_of::<u64>()) as u64
    }

    /// Bytes that each thread takes to make it.
    pub fn scratch_bytes(plan: &CoefficientPlan) -> u64 {
        ((plan.giants() + 1) * plan.packing().ring_degree() * size_of::<i16>()) as u64
    }

    /// Space for it.
    pub fn zero(plan: &CoefficientPlan, context: &Context) -> Self {
        let (giants, setting) = (plan.giants(), context.into());
        let words = zeroed(Self::most_terms(plan, setting) * Self::each(giants, setting));
        let limbs = context.ciphertext_basis().len();
        Self { words, giants, limbs, ring_degree: context.ring_degree() }
    }

    /// The same space, with all memory taken.
    pub fn taken(mut self) -> Self {
        self.words.take();
        self
    }

    /// Makes those of `terms`, each an input and a baby step. `proceed` is asked before each, and its
    /// error ends the work.
    fn make(
        &mut self,
        context: &Context,
        polynomials: &Polynomials<'_>,
        out_group: usize,
        terms: &[(usize, usize)],
        proceed: impl Fn() -> Result<(), ConvError> + Sync,
    ) -> Result<(), ConvError> {
        let Self { giants, limbs, ring_degree: n, .. } = *self;
        let space = || (vec![0; giants * n], vec![0; n]);
        let one = |(held, spare): &mut (Vec<i16>, Vec<i16>), (words, term): (&mut [u64], &_)| {
            proceed()?;
            polynomials.fill(out_group, *term, held, spare);
            for (words, held) in words.chunks_exact_mut(n * limbs).zip(held.chunks_exact(n)) {
                let limbs = context.ciphertext_basis().limbs().iter();
                for (limb, words) in limbs.zip(words.chunks_exact_mut(n)) {
                    lift(limb.modulus(), held, words);
                    limb.ntt().forward(words);
                }
            }
            Ok(())
        };
        let words = self.words.par_chunks_exact_mut(giants * limbs * n);
        words.zip(terms).try_for_each_init(space, |space, pair| one(space, pair))
    }

    /// The words of one tile of a limb in the sum of a giant step, of each of the first `terms` terms.
    fn tiles(
        &self,
        terms: usize,
        giant: usize,
        limb: usize,
        tile: usize,
    ) -> impl Iterator<Item = &[u64]> {
        let first = (giant * self.limbs + limb) * self.ring_degree + tile * TILE;
        let each = self.giants * self.limbs * self.ring_degree;
        (0..terms).map(move |term| &self.words[term * each + first..][..TILE])
    }
}

/// The terms of the sums of an output ciphertext: inputs, each under every baby step.
fn terms(plan: &CoefficientPlan, out_group: usize) -> Vec<(usize, usize)> {
    let babies = plan.babies();
    plan.inputs_of(out_group).flat_map(|input| (0..babies).map(move |baby| (input, baby))).collect()
}

impl Weights {
    /// Stores weights of the layer's shape.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    pub fn prepare(
        plan: &CoefficientPlan,
        context: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError> {
        if plan.form() == WeightForm::Raw {
            steps.advance(1)?;
            return Ok(Self::Raw(PackedWeights::new(plan.packing().layer(), weights)));
        }
        let weights: Vec<i8> = weights.iter().copied().collect();
        let polynomials = Polynomials::new(plan, &weights);
        let mut batch = Batch::zero(plan, context);
        let waves = plan.waves().into_iter();
        let waves =
            waves.map(|wave| transformed(plan, context, &polynomials, wave, &mut batch, steps));
        Ok(Self::Transformed(waves.collect::<Result<_, _>>()?))
    }

    /// Steps of [`Weights::prepare`].
    pub fn prepare_steps(plan: &CoefficientPlan) -> usize {
        match plan.form() {
            WeightForm::Raw => 1,
            WeightForm::Transformed => plan.total_terms() / plan.giants(),
        }
    }

    /// Bytes that [`Weights::prepare`] holds besides what it stores.
    pub fn prepare_bytes(plan: &CoefficientPlan, setting: Setting<'_>, threads: usize) -> u64 {
        match plan.form() {
            WeightForm::Raw => 0,
            WeightForm::Transformed => {
                Batch::bytes(plan, setting)
                    + threads as u64 * Batch::scratch_bytes(plan)
                    + plan.packing().layer().weight_count() as u64
            }
        }
    }

    /// Bytes stored.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Raw(packed) => packed.bytes(),
            Self::Transformed(waves) => waves.iter().flatten().map(PackedWords::bytes).sum(),
        }
    }

    /// Bytes that [`Weights::bytes`] will be.
    pub fn predicted_bytes(plan: &CoefficientPlan, setting: Setting<'_>) -> u64 {
        match plan.form() {
            WeightForm::Raw => PackedWeights::predicted_bytes(plan.packing().layer()),
            WeightForm::Transformed => {
                let words = plan.total_terms() * setting.ring_degree();
                let limbs = setting.params.limbs().iter();
                limbs.map(|limb| PackedWords::bytes_of(words, limb.bits())).sum()
            }
        }
    }

    /// The sums of wave number `index` of so many strips, those of one after those of the other, on the
    /// server's clock.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    pub fn multiply(
        &self,
        server: &Server<'_>,
        plan: &CoefficientPlan,
        (index, wave): (usize, &Range<usize>),
        strips: usize,
        panels: &Panels,
        space: &mut Space,
    ) -> Result<(), ConvError> {
        let runs = plan.runs(wave);
        let sums = wave.len() * plan.giants();
        let copies = Copies { count: strips, panels: plan.inputs(), sums };
        match self {
            Self::Transformed(waves) => {
                let weights: Vec<_> = waves[index].iter().map(PackedWords::factors).collect();
                multiply_dense(server, panels, (&runs, copies), &weights, &mut space.sums)
            }
            Self::Raw(packed) => {
                let weights = space.integers.get_or_insert_with(|| packed.unpack());
                let polynomials = Polynomials::new(plan, weights);
                let batch = space
                    .batch
                    .get_or_insert_with(|| Batch::zero(plan, server.evaluator().context()));
                for (place, group) in wave.clone().enumerate() {
                    let sums = place * plan.giants()..(place + 1) * plan.giants();
                    let raw =
                        RawSums { server, polynomials: &polynomials, panels, group, sums, copies };
                    raw.fill(plan, batch, &mut space.sums)?;
                }
                let terms: usize = runs.iter().map(|run| run.sums.len() * run.terms).sum();
                server.count_plaintext_multiplications(strips * terms);
                let transforms = terms * server.evaluator().context().ciphertext_basis().len();
                server.evaluator().count_ntts(transforms);
                Ok(())
            }
        }
    }
}

/// What one inference after the other works in.
pub struct Space {
    /// The sums of a wave.
    pub sums: Sums,
    /// Raw weights, unpacked with the first wave.
    integers: Option<Vec<i8>>,
    /// Transforms made of them.
    batch: Option<Batch>,
}

impl Space {
    /// Space for a plan, with all memory taken.
    pub fn new(plan: &CoefficientPlan, context: &Context) -> Self {
        let is_raw = plan.form() == WeightForm::Raw;
        Self {
            sums: Sums::zero(context, plan.wave_sums()).taken(),
            integers: None,
            batch: is_raw.then(|| Batch::zero(plan, context).taken()),
        }
    }
}

/// The transforms of one wave.
fn transformed(
    plan: &CoefficientPlan,
    context: &Context,
    polynomials: &Polynomials<'_>,
    wave: Range<usize>,
    batch: &mut Batch,
    steps: Steps<'_>,
) -> Result<Vec<PackedWords>, ConvError> {
    let total: usize = wave.clone().map(|group| plan.giants() * plan.terms(group)).sum();
    let words = total * context.ring_degree();
    let limbs = context.ciphertext_basis().limbs().iter();
    let mut packed: Vec<PackedWords> =
        limbs.map(|limb| PackedWords::zero(words, limb.modulus().bits())).collect();
    let most = Batch::most_terms(plan, context.into());
    let mut first = 0;
    for group in wave {
        let all = terms(plan, group);
        for (chunk, terms) in all.chunks(most).enumerate() {
            batch.make(context, polynomials, group, terms, || steps.advance(1))?;
            let batch = &*batch;
            for (limb, packed) in packed.iter_mut().enumerate() {
                let pieces: Vec<PackedMut<'_>> = packed.pieces_mut(total * TILE).collect();
                pieces.into_par_iter().enumerate().for_each(|(tile, mut piece)| {
                    for giant in 0..plan.giants() {
                        let at = first + giant * all.len() + chunk * most;
                        let places = (at * TILE..).step_by(TILE);
                        let tiles = batch.tiles(terms.len(), giant, limb, tile);
                        places.zip(tiles).for_each(|(place, tile)| piece.write(place, tile));
                    }
                });
            }
        }
        first += plan.giants() * all.len();
    }
    Ok(packed)
}

/// The sums of one output ciphertext from raw weights.
struct RawSums<'a> {
    server: &'a Server<'a>,
    polynomials: &'a Polynomials<'a>,
    panels: &'a Panels,
    group: usize,
    /// Of the first strip.
    sums: Range<usize>,
    /// Of the strips.
    copies: Copies,
}

impl RawSums<'_> {
    /// Makes transforms of as many terms as are held at a time, and adds their products.
    fn fill(
        &self,
        plan: &CoefficientPlan,
        batch: &mut Batch,
        sums: &mut Sums,
    ) -> Result<(), ConvError> {
        let context = self.server.evaluator().context();
        let most = Batch::most_terms(plan, context.into());
        for (index, terms) in terms(plan, self.group).chunks(most).enumerate() {
            let proceed = || self.server.check_cancelled();
            batch.make(context, self.polynomials, self.group, terms, proceed)?;
            let chunks = sums.chunks_mut().into_par_iter();
            chunks.for_each(|chunk| self.add(batch, terms, index > 0, chunk));
        }
        self.server.advance(1);
        Ok(())
    }

    fn add(&self, batch: &Batch, terms: &[(usize, usize)], adds: bool, mut chunk: SumsChunk<'_>) {
        let context = self.server.evaluator().context();
        let (limb, reduction) = (chunk.limb, context.reduction());
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let (mut near, mut factors, mut new) = (Near::default(), Near::default(), Vec::new());
        for tile in chunk.tiles() {
            let of_giant = |giant| batch.tiles(terms.len(), giant, limb, tile);
            let len = self.sums.len() * terms.len() * TILE;
            let factors = Factors::of(factors.lay(len, (0..self.sums.len()).flat_map(of_giant)));
            for copy in 0..self.copies.count {
                let words = terms.iter().map(|(input, baby)| {
                    let panel = input + copy * self.copies.panels;
                    &self.panels.tile(panel, limb, tile)[baby * PAIR..][..PAIR]
                });
                let near = near.lay(terms.len() * PAIR, words);
                let out = chunk.tile_mut(tile, self.copies.places(copy, &self.sums));
                if adds {
                    new.clear();
                    new.resize(out.len(), [0; PAIR]);
                    dense_tiles(kernels, reduction, &[near], factors, &mut new);
                    kernels.add(out.as_flattened_mut(), new.as_flattened());
                } else {
                    dense_tiles(kernels, reduction, &[near], factors, out);
                }
            }
        }
    }
}
