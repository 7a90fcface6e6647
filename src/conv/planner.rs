//! Chooses how a layer is packed, by the predicted time of the server.

use super::cost::{CostTable, Pricing};
use super::setting::Setting;
use super::slots::{Packing, RowUse, SlotAlgorithm, SlotPlan, Split, WeightForm};
use super::{Algorithm, AlgorithmKind, Layer};
use crate::bfv::params::RING_DEGREES;

/// Server times this close are equal: predictions are no better.
const EQUAL: f64 = 0.1;

/// No packing lets the layer run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoesNotFit {
    /// The ring is too small.
    #[error("ring_degree {ring_degree} is too small for it; {}", advice(*.smallest))]
    Ring {
        /// N.
        ring_degree: usize,
        /// The least N at which the layer fits, if any.
        smallest: Option<usize>,
    },
    /// The layer can be packed, but not in this many lanes.
    #[error("lanes = {lanes} is not possible with {algorithm}; possible: {}", list(.possible))]
    Lanes {
        /// The lanes asked for.
        lanes: usize,
        /// The algorithm's name.
        algorithm: &'static str,
        /// The lanes there may be.
        possible: Vec<usize>,
    },
}

fn advice(smallest: Option<usize>) -> String {
    smallest.map_or_else(
        || "no ring is large enough: use a narrower layer or a smaller kernel".into(),
        |ring_degree| format!("use ring_degree {ring_degree} or more"),
    )
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The plan of `layer` with the least predicted server time on one thread, among those with `lanes`
/// lanes where given: of those that come within [`EQUAL`] of it, which are as good, the one with the
/// fewest ciphertexts to send, and of these the fastest.
///
/// # Errors
/// [`DoesNotFit`] where a row of slots cannot even hold what one output row needs, or the lanes
/// cannot be.
pub fn plan(
    kind: AlgorithmKind,
    layer: &Layer,
    setting: Setting<'_>,
    costs: &CostTable,
    lanes: Option<usize>,
) -> Result<Box<dyn Algorithm>, DoesNotFit> {
    let mut all = kind.candidates(layer, setting.ring_degree());
    let index = choose(kind, layer, &all, setting, costs, lanes)?;
    Ok(all.swap_remove(index))
}

/// The place of that plan among all of [`AlgorithmKind::candidates`].
///
/// # Errors
/// As [`plan`].
pub fn choose(
    kind: AlgorithmKind,
    layer: &Layer,
    all: &[impl AsRef<dyn Algorithm>],
    setting: Setting<'_>,
    costs: &CostTable,
    lanes: Option<usize>,
) -> Result<usize, DoesNotFit> {
    let pricing = Pricing { costs, setting, threads: 1 };
    let all = || all.iter().map(AsRef::as_ref).enumerate();
    let wanted = |algorithm: &dyn Algorithm| lanes.is_none_or(|lanes| algorithm.lanes() == lanes);
    let priced = all().filter(|(_, algorithm)| wanted(*algorithm)).map(|(index, algorithm)| {
        let sent = algorithm.uploads() + algorithm.downloads();
        (algorithm.times(&pricing).server(), sent, index)
    });
    let priced: Vec<(f64, usize, usize)> = priced.collect();
    let least = priced.iter().map(|(time, ..)| *time).fold(f64::INFINITY, f64::min);
    let good = priced.iter().filter(|(time, ..)| *time <= least * (1.0 + EQUAL));
    let best = good.min_by(|a, b| a.1.cmp(&b.1).then(a.0.total_cmp(&b.0)));
    if let Some((_, _, index)) = best {
        return Ok(*index);
    }
    let mut possible: Vec<usize> = all().map(|(_, algorithm)| algorithm.lanes()).collect();
    possible.dedup();
    match lanes {
        Some(lanes) if !possible.is_empty() => {
            Err(DoesNotFit::Lanes { lanes, algorithm: kind.name(), possible })
        }
        _ => Err(too_small(kind, layer, setting.ring_degree())),
    }
}

fn too_small(kind: AlgorithmKind, layer: &Layer, ring_degree: usize) -> DoesNotFit {
    let degrees = std::iter::successors(Some(*RING_DEGREES.start()), |n| Some(2 * n));
    let mut degrees = degrees.take_while(|n| RING_DEGREES.contains(n));
    let smallest = degrees.find(|n| !kind.candidates(layer, *n).is_empty());
    DoesNotFit::Ring { ring_degree, smallest }
}

/// Every plan of `layer` that is worth considering with weights of form `W`.
pub(super) fn candidates<W: WeightForm + 'static>(
    layer: &Layer,
    ring_degree: usize,
) -> Vec<Box<dyn Algorithm>> {
    let widest = layer.in_channels().max(layer.out_channels()).next_power_of_two();
    let lanes = std::iter::successors(Some(1), |lanes| Some(lanes * 2));
    lanes
        .take_while(|&lanes| lanes <= (ring_degree / 2).min(widest))
        .flat_map(|lanes| [(lanes, RowUse::Channels), (lanes, RowUse::Strips)])
        .filter_map(|(lanes, rows)| Packing::new(layer, ring_degree, W::LAYOUT, lanes, rows))
        .filter(|packing| {
            let channels = packing.channels_per_ciphertext();
            W::admits(packing) && (channels <= widest || packing.lanes_per_row() == 1)
        })
        .flat_map(|packing| {
            let plan = |split| SlotPlan::new(packing.clone(), split);
            Split::all(&packing).into_iter().map(plan).collect::<Vec<_>>()
        })
        .map(|plan| Box::new(SlotAlgorithm::<W>::new(plan)) as Box<dyn Algorithm>)
        .collect()
}
