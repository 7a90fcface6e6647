//! Chooses how a layer is packed, by the predicted time of the server.

use super::slots::{Layout, Packing, RowUse, SlotPlan};
use super::{AlgorithmKind, Layer};
use crate::arith::kernels::Reduction;
use crate::bfv::Context;
use crate::bfv::params::RING_DEGREES;

/// Costs of the primitives of one core, in nanoseconds. The defaults were measured with AVX-512
/// IFMA; only their ratios matter to a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostTable {
    /// A transform of one limb, divided by N log2 N.
    pub ntt: f64,
    /// One lazy multiply-add of a scalar and a word.
    pub lazy_multiply_add: f64,
    /// One eager multiply-add of a scalar and a word.
    pub eager_multiply_add: f64,
    /// One lazy multiply-add of two words, both read from memory.
    pub dense_multiply_add: f64,
    /// Moving one word to its place under an automorphism.
    pub permute: f64,
    /// One butterfly of the small transforms that make block scalars.
    pub small_butterfly: f64,
}

impl Default for CostTable {
    fn default() -> Self {
        Self {
            ntt: 0.17,
            lazy_multiply_add: 0.09,
            eager_multiply_add: 0.25,
            dense_multiply_add: 0.16,
            permute: 0.8,
            small_butterfly: 0.5,
        }
    }
}

/// No packing lets the layer run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ring_degree {ring_degree} is too small for it; {}", advice(*.smallest))]
pub struct DoesNotFit {
    /// N.
    pub ring_degree: usize,
    /// The least N at which the layer fits, if any.
    pub smallest: Option<usize>,
}

fn advice(smallest: Option<usize>) -> String {
    smallest.map_or_else(
        || "no ring is large enough: use a narrower layer or a smaller kernel".into(),
        |ring_degree| format!("use ring_degree {ring_degree} or more"),
    )
}

/// The packing of `layer` for an algorithm with the least predicted server time.
///
/// # Errors
/// [`DoesNotFit`] where a row of slots cannot even hold what one output row needs.
pub fn plan(
    kind: AlgorithmKind,
    layer: &Layer,
    context: &Context,
    costs: &CostTable,
) -> Result<SlotPlan, DoesNotFit> {
    let ring_degree = context.ring_degree();
    packings(kind, layer, ring_degree)
        .map(SlotPlan::new)
        .map(|plan| (server_time(kind, &plan, context, costs), plan))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, plan)| plan)
        .ok_or_else(|| {
            let degrees = std::iter::successors(Some(*RING_DEGREES.start()), |n| Some(2 * n));
            let mut degrees = degrees.take_while(|n| RING_DEGREES.contains(n));
            let smallest = degrees.find(|n| packings(kind, layer, *n).next().is_some());
            DoesNotFit { ring_degree, smallest }
        })
}

/// Every packing worth considering.
fn packings(kind: AlgorithmKind, layer: &Layer, n: usize) -> impl Iterator<Item = Packing> + '_ {
    let layout = match kind {
        AlgorithmKind::Conventional => Layout::Contiguous,
        AlgorithmKind::Padded | AlgorithmKind::Hadamard | AlgorithmKind::HadamardFused => {
            Layout::Interleaved
        }
    };
    let widest = layer.in_channels().max(layer.out_channels()).next_power_of_two();
    let lanes = std::iter::successors(Some(1), |lanes| Some(lanes * 2))
        .take_while(move |&lanes| lanes <= n / 2 && (kind != AlgorithmKind::Padded || lanes == 1));
    lanes
        .flat_map(|lanes| [(lanes, RowUse::Channels), (lanes, RowUse::Strips)])
        .filter_map(move |(lanes, rows)| Packing::new(layer, n, layout, lanes, rows))
        .filter(move |packing| {
            let channels = packing.channels_per_ciphertext();
            // A channel to a ciphertext is `padded`, and what one channel alone comes to: its
            // weights are integers then. Elsewhere a row of strips needs strips.
            let rows = if kind == AlgorithmKind::Padded || widest == 1 {
                packing.rows() == RowUse::Strips
            } else {
                packing.rows() == RowUse::Channels || packing.strips() > 1
            };
            // i16 must hold a sum of one weight per channel.
            let fits = kind != AlgorithmKind::Hadamard
                || channels as i64 * layer.max_weight() <= i64::from(i16::MAX);
            rows && fits && (channels <= widest || packing.lanes_per_row() == 1)
        })
}

/// Predicted nanoseconds of the server's work on one core.
fn server_time(kind: AlgorithmKind, plan: &SlotPlan, context: &Context, costs: &CostTable) -> f64 {
    let n = context.ring_degree() as f64;
    let limbs = context.params().limbs().len() as f64;
    let ntt = costs.ntt * n * n.log2();
    let lazy = context.reduction() == Reduction::Lazy;
    let multiply_add = if lazy { costs.lazy_multiply_add } else { costs.eager_multiply_add };

    let decompose = (limbs + limbs * limbs) * ntt;
    let inner_product = 2.0 * limbs * (limbs + 1.0) * n * costs.dense_multiply_add;
    let divide = 2.0 * (1.0 + limbs) * ntt;
    let shifts = plan.shifts().iter().filter(|shift| !shift.is_identity()).count() as f64;
    let rotate = if shifts > 0.0 { decompose } else { 0.0 }
        + shifts * (inner_product + divide + 2.0 * limbs * n * costs.permute);

    let outputs = plan.outputs();
    let terms = plan.total_terms();
    let words = terms as f64 * 2.0 * limbs * n;
    let lanes = plan.packing().lanes() as f64;
    let multiply = match kind {
        AlgorithmKind::Conventional => words * costs.dense_multiply_add,
        AlgorithmKind::Hadamard => {
            words * multiply_add * plan.packing().channels_per_ciphertext() as f64
        }
        AlgorithmKind::Padded | AlgorithmKind::HadamardFused => words * multiply_add,
    };
    let scalars = match kind {
        AlgorithmKind::HadamardFused => {
            terms as f64 * (1.0 + limbs) * lanes / 2.0 * lanes.log2() * costs.small_butterfly
        }
        _ => 0.0,
    };

    let moved = outputs.iter().filter(|o| !o.offset.element.is_identity()).count() as f64;
    let mix = moved * (decompose + inner_product + (2.0 * limbs + 3.0) * n * costs.permute)
        + plan.out_groups() as f64 * if moved > 0.0 { divide } else { 0.0 };

    let strips = plan.packing().strip_groups() as f64;
    scalars + strips * (plan.in_groups() as f64 * rotate + multiply + mix)
}
