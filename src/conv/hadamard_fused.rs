//! `hadamard-fused`: channels in lanes, the weights of a term as one scalar per block.
//!
//! The Walsh patterns h_k that [`super::hadamard`] weighs with w^_k = H w are constant on lanes, and
//! so is their sum, which is nothing but the raw weights on their lanes. So the sum over k is taken
//! before the multiplication instead of after it: c scalars per limb, made on the fly from the raw
//! weights, and one multiplication where `hadamard` has c.

use ndarray::ArrayView4;

use super::cost::Pricing;
use super::gains::{Gain, WeightGains};
use super::lanes::LaneTransform;
use super::padded::{integer_cost, largest_weight};
use super::server::{ConvError, Server, Stage, Steps};
use super::setting::Setting;
use super::slots::{
    CACHED_BYTES, Layout, Multiplications, MultiplyCost, Offset, Output, RowUse, ScalarRows, Shift,
    SlotPlan, Sums, Term, Wave, WeightForm, integer_gains, integer_terms, multiply_scalars,
};
use super::weights::PackedWeights;
use crate::arith::kernels::{BATCH, RowsMut};
use crate::bfv::noise::NoiseModel;
use crate::bfv::{Context, Params};

/// The raw weights, bit-packed.
#[derive(Debug)]
pub struct FusedWeights {
    packed: PackedWeights,
}

/// For every shift of every phase the places of the weights on all lanes, in the order of the lane
/// transform, counted from the first weight of a pair of ciphertexts.
type Places = Vec<Vec<Vec<u32>>>;

/// For each lane the places of the weights of [`BATCH`] terms, counted from the first weight of an
/// output ciphertext. Lane by lane they lie close to each other.
type Batch = Vec<[u32; BATCH]>;

/// The weights of a layer with channels filled up to whole ciphertexts, as small integers.
struct Weights {
    /// For each output channel a row of (input channel of its window, kernel position), 0 where there
    /// is no channel, or none that meets.
    values: Vec<i8>,
    /// Bytes of a row, of which the last is 0.
    row: usize,
    taps: usize,
    /// Channels of a ciphertext.
    channels: usize,
}

impl Weights {
    fn new(plan: &SlotPlan, packed: &PackedWeights) -> Self {
        let (layer, channels) = (plan.packing().layer(), plan.packing().channels_per_ciphertext());
        let (taps, row) = (layer.kernel()[0] * layer.kernel()[1], Self::row(plan));
        let mut values = vec![0; Self::bytes(plan) as usize];
        let all = packed.unpack();
        let given = all.chunks_exact(layer.group_channels()[1] * taps);
        for (out_channel, (row, weights)) in values.chunks_exact_mut(row).zip(given).enumerate() {
            let window = plan.window(out_channel / channels);
            let start = (layer.first_input(out_channel) - window.start * channels) * taps;
            row[start..start + weights.len()].copy_from_slice(weights);
        }
        Self { values, row, taps, channels }
    }

    /// Bytes of a row: an odd number of cache lines, so that the weights that lanes take from as many
    /// rows at a time fall into different places of a cache.
    fn row(plan: &SlotPlan) -> usize {
        const LINE: usize = 64;
        let (layer, channels) = (plan.packing().layer(), plan.packing().channels_per_ciphertext());
        let widest = (0..plan.out_groups()).map(|group| plan.window(group).len()).max();
        let weights = widest.unwrap_or(0) * channels * layer.kernel()[0] * layer.kernel()[1];
        ((weights + 1).div_ceil(LINE) | 1) * LINE
    }

    /// Bytes that such weights take.
    fn bytes(plan: &SlotPlan) -> u64 {
        let channels = plan.packing().channels_per_ciphertext();
        (plan.out_groups() * channels * Self::row(plan)) as u64
    }

    /// The place of a 0 among the weights of an output ciphertext.
    const fn nothing(&self) -> u32 {
        self.row as u32 - 1
    }

    /// The weights of an output ciphertext.
    fn of_group(&self, out_group: usize) -> &[i8] {
        let size = self.channels * self.row;
        &self.values[out_group * size..][..size]
    }

    /// Where weights of an offset come from.
    fn places(&self, plan: &SlotPlan, transform: &LaneTransform, offset: &Offset) -> Places {
        let kernel_width = plan.packing().layer().kernel()[1];
        let of_shift = |phase, shift: &Shift| {
            let mut places = vec![self.nothing(); transform.lanes()];
            for (row, lane) in plan.lanes() {
                let Some(w) = plan.lane_weight(offset, phase, shift, (row, lane)) else { continue };
                let within = w.in_channel * self.taps + w.tap[0] * kernel_width + w.tap[1];
                let place = w.out_channel * self.row + within;
                places[transform.entry(row, lane)] = place as u32;
            }
            places
        };
        let of_phase = |(phase, shifts): (usize, &Vec<Shift>)| {
            shifts.iter().map(|shift| of_shift(phase, shift)).collect()
        };
        plan.phases().iter().enumerate().map(of_phase).collect()
    }

    /// The terms of a sum, a batch at a time; those after the last are 0.
    fn batches(&self, plan: &SlotPlan, output: &Output, places: &Places) -> Vec<Batch> {
        let first = plan.window(output.group).start;
        let lanes = plan.packing().lanes();
        let terms = plan.term_count(output);
        let mut batches = vec![vec![[self.nothing(); BATCH]; lanes]; terms.div_ceil(BATCH)];
        for (i, term) in plan.terms(output).enumerate() {
            let start = (plan.channel_group(term.input) - first) * self.channels * self.taps;
            let batch = batches[i / BATCH].iter_mut();
            for (at, place) in batch.zip(&places[plan.phase(term.input)][term.place]) {
                if *place != self.nothing() {
                    at[i % BATCH] = place + start as u32;
                }
            }
        }
        batches
    }
}

/// What one inference derives.
#[derive(Default)]
pub struct Derived {
    /// Made with the first wave.
    maker: Option<ScalarMaker>,
    /// The weights where they are integers, unpacked with the first wave.
    integers: Option<Vec<i8>>,
    /// The block scalars of a wave.
    rows: ScalarRows,
}

/// Makes block scalars of one layer.
struct ScalarMaker {
    transform: LaneTransform,
    weights: Weights,
    /// Every weight modulo t, by its byte, divided by the length of the lane transform, which then
    /// need not do it.
    residues: [u64; 256],
    /// Whether the factors of a wave are too many to stay in a cache until they are read.
    streams: bool,
}

impl ScalarMaker {
    fn new(plan: &SlotPlan, context: &Context, packed: &PackedWeights) -> Self {
        let transform = LaneTransform::new(context, plan.packing().lanes());
        let plain = context.params().plain();
        let share = transform.share();
        let residue = |byte| plain.mul(plain.from_signed((byte as u8 as i8).into()), share);
        let weights = Weights::new(plan, packed);
        let bytes = FusedWeights::scratch_bytes(plan, context.into());
        let streams = bytes > CACHED_BYTES;
        Self { transform, weights, residues: std::array::from_fn(residue), streams }
    }

    /// The scalars of the sums of one offset: for each sum, each limb and each block, one per term.
    fn fill(&self, plan: &SlotPlan, outputs: &[Output], factors: Vec<&mut [u64]>) {
        let Some(first) = outputs.first() else { return };
        let places = self.weights.places(plan, &self.transform, &first.offset);
        let mut space = [(); 2].map(|()| vec![[0; BATCH]; self.transform.lanes()]);
        let mut factors = factors.into_iter();
        for outputs in outputs.chunk_by(|a, b| plan.window(a.group) == plan.window(b.group)) {
            // Sums of the same inputs have the same terms.
            let batches = self.weights.batches(plan, &outputs[0], &places);
            for (output, factors) in outputs.iter().zip(&mut factors) {
                self.fill_sum(output.group, &batches, factors, &mut space);
            }
        }
    }

    fn fill_sum(
        &self,
        out_group: usize,
        batches: &[Batch],
        factors: &mut [u64],
        [values, scalars]: &mut [Vec<[u64; BATCH]>; 2],
    ) {
        let lanes = self.transform.lanes();
        let most = factors.len() / (self.transform.limbs() * lanes);
        let weights = self.weights.of_group(out_group);
        let residue = |place: u32| self.residues[usize::from(weights[place as usize] as u8)];
        for (batch, start) in batches.iter().zip((0..).step_by(BATCH)) {
            for (value, places) in values.iter_mut().zip(batch) {
                *value = places.map(residue);
            }
            self.transform.shared_coefficients(values);
            for (limb, factors) in factors.chunks_exact_mut(lanes * most).enumerate() {
                self.transform.block_scalars(limb, values, scalars);
                let words = &mut factors[start..];
                let out = RowsMut { words, stride: most, streams: self.streams };
                self.transform.kernels(limb).spread(scalars, out);
            }
        }
    }
}

/// Factors of a term of each sum that are held: as many as terms, filled up to whole batches.
fn held_terms(plan: &SlotPlan) -> usize {
    plan.max_terms().next_multiple_of(BATCH)
}

/// Whether a term has a weight on any lane.
fn is_used(plan: &SlotPlan, output: &Output, term: &Term) -> bool {
    plan.lanes().any(|lane| plan.weight(output, term, lane).is_some())
}

impl WeightForm for FusedWeights {
    const LAYOUT: Layout = Layout::Interleaved;

    type Derived = Derived;

    fn prepare(
        plan: &SlotPlan,
        _: &Context,
        weights: ArrayView4<'_, i64>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError> {
        let packed = PackedWeights::new(plan.packing().layer(), weights);
        steps.advance(1)?;
        Ok(Self { packed })
    }

    fn bytes(&self) -> u64 {
        self.packed.bytes()
    }

    fn predicted_bytes(plan: &SlotPlan, _: Setting<'_>) -> u64 {
        PackedWeights::predicted_bytes(plan.packing().layer())
    }

    fn scratch_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64 {
        let (sums, lanes) = (plan.wave_sums(), plan.packing().lanes());
        if plan.multiplies_by_integers() {
            return ScalarRows::integer_bytes(setting, sums, plan.max_terms())
                + plan.packing().layer().weight_count() as u64;
        }
        ScalarRows::bytes(setting, sums, lanes, held_terms(plan)) + Weights::bytes(plan)
    }

    fn multiplications(plan: &SlotPlan) -> Multiplications {
        let scalar = plan.total_terms();
        let integer = if plan.multiplies_by_integers() { scalar } else { 0 };
        Multiplications { scalar, integer, ..Multiplications::default() }
    }

    fn cost(plan: &SlotPlan, pricing: &Pricing<'_>) -> MultiplyCost {
        if plan.multiplies_by_integers() {
            return integer_cost(plan, pricing);
        }
        let sums = |(count, terms)| pricing.scalar_sums(count, terms);
        MultiplyCost {
            multiply: pricing.block_scalars(plan.total_terms(), plan.packing().lanes())
                + plan.sum_sizes().map(sums).sum::<f64>(),
            ..MultiplyCost::default()
        }
    }

    /// One channel per ciphertext makes integers of all D. Else a gain counts the D that hold a
    /// weight on any lane.
    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i64>) -> WeightGains {
        if plan.multiplies_by_integers() {
            return integer_gains(plan, weights);
        }
        let gain = |output: &Output| {
            let mut gain = Gain::default();
            for term in plan.terms(output).filter(|term| is_used(plan, output, term)) {
                gain.add(!term.shift.is_identity(), 1.0);
            }
            gain
        };
        WeightGains::of_one_pattern(plan.outputs().iter().map(gain).collect())
    }

    /// Any lane with a weight makes a D whose coefficients are spread over all of `[0, t)`: c of
    /// them, or c - 1 where both rows agree and D is symmetric under X -> X^-1.
    fn pattern_norms(plan: &SlotPlan, params: &Params) -> Vec<f64> {
        let packing = plan.packing();
        if plan.multiplies_by_integers() {
            return vec![1.0];
        }
        let lanes = packing.lanes() as f64;
        let spread = match (packing.lanes(), packing.rows()) {
            // (w0 + w1) / 2 is small or near t/2, with equal chance: t^2/8 instead of t^2/12.
            (2, _) => 2.5,
            (_, RowUse::Strips) => lanes - 1.0,
            (_, RowUse::Channels) => lanes,
        };
        vec![NoiseModel::new(params).sparse(spread)]
    }

    fn space(plan: &SlotPlan, context: &Context) -> Derived {
        let (sums, size) = (plan.wave_sums(), [plan.packing().lanes(), held_terms(plan)]);
        let rows = if plan.multiplies_by_integers() {
            ScalarRows::taken_for_integers(context, sums, plan.max_terms())
        } else {
            ScalarRows::taken(context, sums, size)
        };
        Derived { rows, ..Derived::default() }
    }

    fn derive(
        &self,
        server: &Server<'_>,
        plan: &SlotPlan,
        outputs: &[Output],
        derived: &mut Derived,
    ) -> Result<(), ConvError> {
        let context = server.evaluator().context();
        let proceed = || server.check_cancelled();
        if plan.multiplies_by_integers() {
            let size = [outputs.len(), plan.max_terms()];
            let largest = largest_weight(plan.packing().layer());
            let integers = derived.integers.get_or_insert_with(|| self.packed.unpack());
            return derived.rows.build_integers(context, size, largest, proceed, |sum| {
                integer_terms(plan, &outputs[sum], integers)
            });
        }
        let maker =
            derived.maker.get_or_insert_with(|| ScalarMaker::new(plan, context, &self.packed));
        let groups = outputs.len() / plan.offsets().len().max(1);
        let size = [plan.packing().lanes(), held_terms(plan)];
        derived.rows.build(context, [outputs.len(), groups], size, proceed, |i, factors| {
            maker.fill(plan, &outputs[i * groups..(i + 1) * groups], factors);
        })
    }

    fn multiply(
        &self,
        server: &Server<'_>,
        wave: &Wave<'_>,
        derived: &Derived,
        sums: &mut Sums,
    ) -> Result<(), ConvError> {
        server.stage(Stage::Multiply, || multiply_scalars(server, wave, &derived.rows, sums))
    }
}
