//! `hadamard-fused`: channels in lanes, the weights of a term as one scalar per block.
//!
//! The Walsh patterns h_k that [`super::hadamard`] weighs with w^_k = H w are constant on lanes, and
//! so is their sum, which is nothing but the raw weights on their lanes. So the sum over k is taken
//! before the multiplication instead of after it: c scalars per limb, made on the fly from the raw
//! weights, and one multiplication where `hadamard` has c.

use ndarray::ArrayView4;

use crate::arith::kernels::{BATCH, RowsMut, ScalarSums};
use crate::bfv::noise::NoiseModel;
use crate::bfv::{Context, NoSlots, Params};
use crate::conv::gains::WeightGains;
use crate::conv::panel::CACHED_BYTES;
use crate::conv::setting::Setting;
use crate::conv::slots::{
    LaneTransform, Layout, Output, RowUse, ScalarRows, SlotPlan, SlotWeights, Wave, WeightLines,
    derive_integers, integer_gains, integer_work, multiply_scalars,
};
use crate::conv::sums::Sums;
use crate::conv::weights::PackedWeights;
use crate::conv::work::Primitive;
use crate::conv::{ConvError, Server, Stage, Steps};

/// The raw weights, bit-packed.
#[derive(Debug)]
pub struct FusedWeights {
    packed: PackedWeights,
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
    lines: WeightLines,
    /// Lanes in the order of the transform.
    lanes: Vec<(usize, usize)>,
    /// Whether the factors of a wave are too many to stay in a cache until they are read.
    streams: bool,
}

/// Space for the block scalars of one sum.
struct Space {
    /// A row of weights for each lane.
    rows: Vec<i8>,
    /// Bytes of a row.
    row: usize,
    values: Vec<[u64; BATCH]>,
    scalars: Vec<[u64; BATCH]>,
}

impl ScalarMaker {
    fn new(plan: &SlotPlan, context: &Context, packed: &PackedWeights) -> Result<Self, NoSlots> {
        let transform = LaneTransform::new(context, plan.packing().lanes())?;
        let mut lanes: Vec<(usize, usize)> = plan.lanes().collect();
        lanes.sort_by_key(|(row, lane)| transform.entry(*row, *lane));
        let streams = FusedWeights::scratch_bytes(plan, context.into()) > CACHED_BYTES;
        Ok(Self { transform, lines: WeightLines::new(plan, packed), lanes, streams })
    }

    fn space(&self, plan: &SlotPlan) -> Space {
        let (lanes, row) = (self.lanes.len(), WeightLines::row_bytes(plan.max_terms()));
        let batch = || vec![[0; BATCH]; lanes];
        Space { rows: vec![0; lanes * row], row, values: batch(), scalars: batch() }
    }

    /// The scalars of the sums of one offset: for each sum, each limb and each block, one per term.
    fn fill(&self, plan: &SlotPlan, outputs: &[Output], factors: Vec<&mut [u64]>) {
        let Some(first) = outputs.first() else { return };
        let starts = self.lines.starts(plan, &first.offset, &self.lanes);
        let mut space = self.space(plan);
        for (output, factors) in outputs.iter().zip(factors) {
            self.lines.copy(plan, output, &starts, space.row, &mut space.rows);
            self.fill_sum(plan.term_count(output), factors, &mut space);
        }
    }

    fn fill_sum(&self, terms: usize, factors: &mut [u64], space: &mut Space) {
        let lanes = self.lanes.len();
        let most = factors.len() / (self.transform.limbs() * lanes);
        let Space { rows, row, values, scalars } = space;
        for start in (0..terms).step_by(BATCH) {
            self.transform.coefficients_of_bytes(&rows[start..], *row, values);
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

impl SlotWeights for FusedWeights {
    const NAME: &'static str = "hadamard-fused";

    const SUMMARY: &'static str = "channels in lanes, one scalar per block made from raw weights";

    const LAYOUT: Layout = Layout::Interleaved;

    type Derived = Derived;

    fn prepare(
        plan: &SlotPlan,
        _: &Context,
        weights: ArrayView4<'_, i8>,
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
        ScalarRows::bytes(setting, sums, lanes, held_terms(plan)) + WeightLines::bytes(plan)
    }

    fn multiply_bytes(plan: &SlotPlan) -> u64 {
        ScalarSums::bytes(plan.wave_sums(), plan.max_terms())
    }

    fn work(plan: &SlotPlan) -> Vec<(Stage, Primitive, usize)> {
        if plan.multiplies_by_integers() {
            return integer_work(plan);
        }
        let sums = plan.sum_sizes();
        let sums =
            sums.map(|(count, terms)| (Stage::Multiply, Primitive::ScalarSum { terms }, count));
        let scalars = Primitive::BlockScalars { lanes: plan.packing().lanes() };
        std::iter::once((Stage::Multiply, scalars, plan.total_terms())).chain(sums).collect()
    }

    /// One channel per ciphertext makes integers of all D. Else a gain counts the D that hold a
    /// weight on any lane.
    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i8>) -> WeightGains {
        if plan.multiplies_by_integers() {
            return integer_gains(plan, weights);
        }
        plan.used_gains(weights)
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
        if plan.multiplies_by_integers() {
            let integers = derived.integers.get_or_insert_with(|| self.packed.unpack());
            return derive_integers(server, plan, outputs, integers, &mut derived.rows);
        }
        let context = server.evaluator().context();
        let proceed = || server.check_cancelled();
        let maker = match &mut derived.maker {
            Some(maker) => maker,
            none => none.insert(ScalarMaker::new(plan, context, &self.packed)?),
        };
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
