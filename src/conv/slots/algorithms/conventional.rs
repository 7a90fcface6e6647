//! `conventional`: contiguous channel blocks and dense weight plaintexts, after Gazelle.
//!
//! Juvekar, Vaikuntanathan and Chandrakasan, "GAZELLE: A Low Latency Framework for Secure Neural
//! Network Inference", USENIX Security 2018. Channels lie in blocks of slots, planes unpadded;
//! the weights of every pair of input and output ciphertext are full plaintexts, zero where a tap
//! would read across a border. They are encoded once and take L N words each.

use ndarray::ArrayView4;
use rayon::prelude::*;

use crate::arith::kernels::{Factors, TILE};
use crate::arith::{AlignedWords, Modulus, zeroed};
use crate::bfv::noise::NoiseModel;
use crate::bfv::{Context, Params};
use crate::conv::dense::{Copies, multiply_dense};
use crate::conv::gains::WeightGains;
use crate::conv::setting::Setting;
use crate::conv::slots::{Layout, Move, Output, SlotPlan, SlotWeights, Term, Wave, runs};
use crate::conv::sums::Sums;
use crate::conv::work::Primitive;
use crate::conv::{ConvError, Server, Stage, Steps};
use crate::ring::{NttForm, Poly};

/// Encoded weights.
#[derive(Debug)]
pub struct DenseWeights {
    /// For each wave: for each limb, each tile, each output and each term, [`TILE`] words, the order
    /// in which the multiply stage reads them.
    waves: Vec<AlignedWords>,
}

/// Encoded plaintexts that are held in the order they are made before they are put in place.
const BATCH: usize = 64;

/// The plaintext slots of one term of one output.
fn weight_slots(
    plan: &SlotPlan,
    plain: &Modulus,
    weights: ArrayView4<'_, i8>,
    output: &Output,
    term: &Term,
) -> Vec<u64> {
    let packing = plan.packing();
    let layer = packing.layer();
    let [top, left, _, _] = layer.padding();
    let mut slots = vec![0; packing.ring_degree()];
    // The sum moves afterwards: by its lanes, which `plan.weight` knows of, and by pixels.
    let moved = Move { lanes: 0, ..output.offset.by }.slots(packing);
    let per_row = packing.ring_degree() / 2;
    let before_move = |slot: usize| {
        let in_row = ((slot % per_row) as i64 + moved).rem_euclid(per_row as i64);
        slot / per_row * per_row + in_row as usize
    };
    // Strips store the zero rows above and below the image, so only columns are masked there.
    let is_whole = packing.strips() == 1;
    let reads = |output: usize, tap: usize, pad: usize, size: usize| {
        (output * layer.stride() + tap).checked_sub(pad).is_some_and(|at| at < size)
    };
    for (row, lane) in plan.lanes() {
        let Some(place) = plan.weight(output, term, (row, lane)) else { continue };
        let [_, _, tap_row, tap_column] = place;
        let weight = plain.from_signed(weights[place].into());
        let rows = (0..packing.strip_rows())
            .filter(|y| !is_whole || reads(*y, tap_row, top, layer.height()));
        for y in rows {
            let columns =
                (0..layer.out_width()).filter(|x| reads(*x, tap_column, left, layer.width()));
            for x in columns {
                slots[before_move(packing.slot(row, lane, y * packing.row_stride() + x))] = weight;
            }
        }
    }
    slots
}

/// A weight plaintext by its values modulo every limb, from centred coefficients.
fn encode(context: &Context, slots: &[u64]) -> Result<Poly<NttForm>, ConvError> {
    let plaintext = context.slots()?.encode(slots);
    let mut poly = Poly::zero(context.ciphertext_basis());
    for (i, limb) in context.ciphertext_basis().limbs().iter().enumerate() {
        let words = poly.limb_mut(i);
        limb.kernels().lift_centred(context.params().plain(), &plaintext.0, words);
        limb.ntt().forward(words);
    }
    Ok(poly)
}

/// The encoded weights of one wave.
fn prepare_wave(
    plan: &SlotPlan,
    context: &Context,
    weights: ArrayView4<'_, i8>,
    outputs: &[Output],
    steps: Steps<'_>,
) -> Result<AlignedWords, ConvError> {
    let plain = context.params().plain();
    let terms: Vec<(&Output, Term)> =
        outputs.iter().flat_map(|output| plan.terms(output).map(move |t| (output, t))).collect();
    let mut words = zeroed(context.ciphertext_basis().words() * terms.len());
    for (index, now) in terms.chunks(BATCH).enumerate() {
        let encoded: Vec<Poly<NttForm>> = now
            .par_iter()
            .map(|(output, term)| {
                steps.advance(1)?;
                encode(context, &weight_slots(plan, plain, weights, output, term))
            })
            .collect::<Result<_, ConvError>>()?;
        let tiles = words.par_chunks_exact_mut(terms.len() * TILE);
        tiles.enumerate().for_each(|(tile, words)| {
            let mine = words[index * BATCH * TILE..].chunks_exact_mut(TILE);
            for (words, poly) in mine.zip(&encoded) {
                words.copy_from_slice(&poly.words()[tile * TILE..][..TILE]);
            }
        });
    }
    Ok(words)
}

impl SlotWeights for DenseWeights {
    const NAME: &'static str = "conventional";

    const SUMMARY: &'static str =
        "contiguous channel blocks, dense weight plaintexts: the usual baseline";

    const LAYOUT: Layout = Layout::Contiguous;

    type Derived = ();

    fn prepare(
        plan: &SlotPlan,
        context: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError> {
        let wave = |groups| prepare_wave(plan, context, weights, &plan.outputs_of(groups), steps);
        let waves = plan.waves().into_iter().map(wave).collect::<Result<_, ConvError>>()?;
        Ok(Self { waves })
    }

    fn prepare_steps(plan: &SlotPlan) -> usize {
        plan.total_terms()
    }

    fn bytes(&self) -> u64 {
        self.waves.iter().map(|words| size_of_val(&words[..]) as u64).sum()
    }

    fn predicted_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64 {
        (plan.total_terms() * setting.words() * size_of::<u64>()) as u64
    }

    fn prepare_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64 {
        let batch = BATCH.min(plan.wave_sums() * plan.max_terms());
        (batch * setting.words() * size_of::<u64>()) as u64
    }

    fn scratch_bytes(_: &SlotPlan, _: Setting<'_>) -> u64 {
        0
    }

    fn work(plan: &SlotPlan) -> Vec<(Stage, Primitive, usize)> {
        let sums = plan.sum_sizes();
        let sums =
            sums.map(|(count, terms)| (Stage::Multiply, Primitive::DenseSum { terms }, count));
        let encoded = (Stage::Weights, Primitive::Encoding, plan.total_terms());
        std::iter::once(encoded).chain(sums).collect()
    }

    /// Every term that is not 0 is a dense plaintext, N coefficients all over `[0, t)`.
    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i8>) -> WeightGains {
        plan.used_gains(weights)
    }

    fn pattern_norms(_: &SlotPlan, params: &Params) -> Vec<f64> {
        vec![NoiseModel::new(params).dense()]
    }

    fn derive(
        &self,
        _: &Server<'_>,
        _: &SlotPlan,
        _: &[Output],
        (): &mut (),
    ) -> Result<(), ConvError> {
        Ok(())
    }

    fn multiply(
        &self,
        server: &Server<'_>,
        wave: &Wave<'_>,
        (): &(),
        sums: &mut Sums,
    ) -> Result<(), ConvError> {
        let words = &self.waves[wave.index];
        let limbs = server.evaluator().context().ciphertext_basis().len();
        let per_limb = (words.len() / limbs).max(1);
        let weights: Vec<Factors<'_>> = words.chunks(per_limb).map(Factors::of).collect();
        let runs = runs(wave.plan, wave.outputs);
        server.stage(Stage::Multiply, || {
            multiply_dense(server, wave.panels, (&runs, Copies::ONE), &weights, sums)
        })
    }
}
