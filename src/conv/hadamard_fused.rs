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
use super::server::{ConvError, Server, Stage, Steps};
use super::setting::Setting;
use super::slots::{
    Layout, MultiplyCost, Offset, Output, RowUse, ScalarRows, Shift, SlotPlan, Sums, Term, Wave,
    WeightForm, integer_gains, multiply_scalars,
};
use super::weights::PackedWeights;
use crate::arith::kernels::BATCH;
use crate::bfv::noise::NoiseModel;
use crate::bfv::{Context, Params};

/// The raw weights, bit-packed.
#[derive(Debug)]
pub struct FusedWeights {
    packed: PackedWeights,
}

/// A lane with a weight, for one offset and one shift.
#[derive(Clone, Copy, Debug)]
struct LaneSource {
    /// Its place in the lane transform.
    entry: usize,
    /// Its weight, counted from the first of its pair of ciphertexts.
    weight: usize,
}

/// The lanes with weights, for every shift of every phase.
type Sources = Vec<Vec<Vec<LaneSource>>>;

/// The weights of a layer with channels filled up to whole ciphertexts, as small integers.
struct Weights {
    /// (output channel, input channel of the window of its ciphertext, kernel position); 0 where
    /// there is no channel, or none that meets.
    values: Vec<i8>,
    /// Input channels of the widest window.
    in_channels: usize,
    taps: usize,
    /// Channels of a ciphertext.
    channels: usize,
}

impl Weights {
    fn new(plan: &SlotPlan, packed: &PackedWeights) -> Self {
        let (layer, channels) = (plan.packing().layer(), plan.packing().channels_per_ciphertext());
        let taps = layer.kernel()[0] * layer.kernel()[1];
        let in_channels = Self::in_channels(plan);
        let mut values = vec![0; plan.out_groups() * channels * in_channels * taps];
        let rows = values.chunks_exact_mut(in_channels * taps);
        let all = packed.unpack();
        let given = all.chunks_exact(layer.group_channels()[1] * taps);
        for (out_channel, (row, weights)) in rows.zip(given).enumerate() {
            let window = plan.window(out_channel / channels);
            let start = (layer.first_input(out_channel) - window.start * channels) * taps;
            row[start..start + weights.len()].copy_from_slice(weights);
        }
        Self { values, in_channels, taps, channels }
    }

    fn in_channels(plan: &SlotPlan) -> usize {
        let widest = (0..plan.out_groups()).map(|group| plan.window(group).len()).max();
        widest.unwrap_or(0) * plan.packing().channels_per_ciphertext()
    }

    /// Bytes that such weights take.
    fn bytes(plan: &SlotPlan) -> u64 {
        let (layer, channels) = (plan.packing().layer(), plan.packing().channels_per_ciphertext());
        let pairs = plan.out_groups() * channels * Self::in_channels(plan);
        (pairs * layer.kernel()[0] * layer.kernel()[1]) as u64
    }

    /// All weights from the first of a pair of ciphertexts on; inputs count from the window's first.
    fn of_pair(&self, out_group: usize, in_group: usize) -> &[i8] {
        let channel = out_group * self.channels * self.in_channels + in_group * self.channels;
        &self.values[channel * self.taps..]
    }

    /// The lanes with weights, for every shift.
    fn sources(&self, plan: &SlotPlan, transform: &LaneTransform, offset: &Offset) -> Sources {
        let kernel_width = plan.packing().layer().kernel()[1];
        let of_shift = |shift: &Shift| {
            let source = |(row, lane)| {
                let w = plan.lane_weight(offset, shift, (row, lane))?;
                let channel = w.out_channel * self.in_channels + w.in_channel;
                let weight = channel * self.taps + w.tap[0] * kernel_width + w.tap[1];
                Some(LaneSource { entry: transform.entry(row, lane), weight })
            };
            plan.lanes().filter_map(source).collect()
        };
        plan.phases().iter().map(|shifts| shifts.all().iter().map(of_shift).collect()).collect()
    }
}

/// What one inference derives.
#[derive(Default)]
pub struct Derived {
    /// Made with the first wave.
    maker: Option<ScalarMaker>,
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
}

impl ScalarMaker {
    fn new(plan: &SlotPlan, context: &Context, packed: &PackedWeights) -> Self {
        let transform = LaneTransform::new(context, plan.packing().lanes());
        let plain = context.params().plain();
        let share = transform.share();
        let residue = |byte| plain.mul(plain.from_signed((byte as u8 as i8).into()), share);
        let weights = Weights::new(plan, packed);
        Self { transform, weights, residues: std::array::from_fn(residue) }
    }

    /// The scalars of the sums of one offset: for each sum, each limb and each block, one per term.
    fn fill(&self, plan: &SlotPlan, outputs: &[Output], factors: Vec<&mut [u64]>) {
        let Some(first) = outputs.first() else { return };
        let sources = self.weights.sources(plan, &self.transform, &first.offset);
        let mut space = [(); 2].map(|()| vec![[0; BATCH]; self.transform.lanes()]);
        for (output, factors) in outputs.iter().zip(factors) {
            self.fill_sum(plan, output, &sources, factors, &mut space);
        }
    }

    fn fill_sum(
        &self,
        plan: &SlotPlan,
        output: &Output,
        sources: &Sources,
        factors: &mut [u64],
        [values, scalars]: &mut [Vec<[u64; BATCH]>; 2],
    ) {
        let (lanes, most) = (self.transform.lanes(), plan.max_terms());
        let first = plan.window(output.group).start;
        let mut terms = plan.terms(output);
        let mut start = 0;
        loop {
            values.fill([0; BATCH]);
            let mut size = 0;
            for term in terms.by_ref().take(BATCH) {
                let in_group = plan.channel_group(term.input) - first;
                let weights = self.weights.of_pair(output.group, in_group);
                for source in &sources[plan.phase(term.input)][term.place] {
                    let byte = weights[source.weight] as u8;
                    values[source.entry][size] = self.residues[usize::from(byte)];
                }
                size += 1;
            }
            if size == 0 {
                return;
            }
            self.transform.shared_coefficients(values);
            for (limb, factors) in factors.chunks_exact_mut(lanes * most).enumerate() {
                self.transform.block_scalars(limb, values, scalars);
                for (block, scalars) in factors.chunks_exact_mut(most).zip(scalars.iter()) {
                    match block[start..].first_chunk_mut() {
                        Some(block) if size == BATCH => *block = *scalars,
                        _ => block[start..start + size].copy_from_slice(&scalars[..size]),
                    }
                }
            }
            start += size;
        }
    }
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
        ScalarRows::bytes(setting, sums, lanes, plan.max_terms()) + Weights::bytes(plan)
    }

    fn multiplications(plan: &SlotPlan) -> (usize, usize) {
        (0, plan.total_terms())
    }

    fn cost(plan: &SlotPlan, pricing: &Pricing<'_>) -> MultiplyCost {
        let sums = |output: &Output| pricing.scalar_sums(1, plan.term_count(output));
        MultiplyCost {
            multiply: pricing.block_scalars(plan.total_terms(), plan.packing().lanes())
                + plan.outputs().iter().map(sums).sum::<f64>(),
            ..MultiplyCost::default()
        }
    }

    /// One channel per ciphertext makes integers of all D. Else a gain counts the D that hold a
    /// weight on any lane.
    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i64>) -> WeightGains {
        if plan.packing().channels_per_ciphertext() == 1 {
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
        if packing.channels_per_ciphertext() == 1 {
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

    fn derive(
        &self,
        server: &Server<'_>,
        plan: &SlotPlan,
        outputs: &[Output],
        derived: &mut Derived,
    ) -> Result<(), ConvError> {
        let context = server.evaluator().context();
        let maker =
            derived.maker.get_or_insert_with(|| ScalarMaker::new(plan, context, &self.packed));
        let groups = outputs.len() / plan.offsets().len().max(1);
        let size = [plan.packing().lanes(), plan.max_terms()];
        let proceed = || server.check_cancelled();
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
