//! Chooses how a layer is packed, by the predicted time of the server.

use super::cost::CostTable;
use super::pricing::Pricing;
use super::setting::Setting;
use super::{AlgorithmKind, Choice, Layer, Need, Plan};
use crate::bfv::noise::NoiseModel;
use crate::bfv::params::RING_DEGREES;

/// Times this close are equal: predictions are no better.
const EQUAL: f64 = 0.1;

/// Bits of noise budget that are kept but for one time in 2^40, where nothing else is asked for: by
/// plans where others keep them, and by the tuner.
pub const MARGIN_BITS: f64 = 4.0;

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
    #[error("{pinned} is not possible with {algorithm}; possible: {}", list(.pinned, .possible))]
    Pinned {
        /// What is asked for.
        pinned: Choice,
        /// The algorithm's name.
        algorithm: &'static str,
        /// What there may be.
        possible: Vec<Choice>,
    },
    /// The layer can be packed, but not under these parameters.
    #[error("{algorithm} needs {}", .need.text())]
    Needs {
        /// The algorithm's name.
        algorithm: &'static str,
        /// What the parameters do not have.
        need: Need,
    },
}

fn advice(smallest: Option<usize>) -> String {
    smallest.map_or_else(
        || "no ring is large enough: use a narrower layer or a smaller kernel".into(),
        |ring_degree| format!("use ring_degree {ring_degree} or more"),
    )
}

/// What there may be of the parts that are asked for.
fn list(pinned: &Choice, possible: &[Choice]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (name, _) in pinned.parts() {
        let mut values: Vec<String> = Vec::new();
        for (_, value) in possible.iter().flat_map(Choice::parts).filter(|part| part.0 == name) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let values = if values.is_empty() { "none".into() } else { values.join(", ") };
        // One part alone needs no name again.
        parts.push(if pinned.parts().len() == 1 { values } else { format!("{name} {values}") });
    }
    parts.join("; ")
}

/// The plan of `layer` with the least predicted server time on one thread, among those that `pinned`
/// admits: of those that come within [`EQUAL`] of it, which are as good, the one with the
/// fewest ciphertexts to send, and of these the fastest.
///
/// A layer of small planes may take the server next to nothing in many ciphertexts, while the client
/// encrypts and decrypts them. So where others send fewer and take less time at both ends together,
/// by more than [`EQUAL`], it is the best of these by that time.
///
/// # Errors
/// [`DoesNotFit`] where a row of slots cannot even hold what one output row needs, or what is pinned
/// cannot be.
pub fn plan(
    kind: AlgorithmKind,
    layer: &Layer,
    setting: Setting<'_>,
    costs: &CostTable,
    pinned: Choice,
) -> Result<Box<dyn Plan>, DoesNotFit> {
    let mut all = kind.candidates(layer, setting.ring_degree());
    let index = choose(kind, layer, &all, setting, costs, pinned)?;
    Ok(all.swap_remove(index))
}

/// The place of that plan among all of [`AlgorithmKind::candidates`].
///
/// # Errors
/// As [`plan`].
pub fn choose(
    kind: AlgorithmKind,
    layer: &Layer,
    all: &[impl AsRef<dyn Plan>],
    setting: Setting<'_>,
    costs: &CostTable,
    pinned: Choice,
) -> Result<usize, DoesNotFit> {
    let pricing = Pricing { costs, setting, threads: 1 };
    let all = || all.iter().map(AsRef::as_ref).enumerate();
    let wanted = |algorithm: &dyn Plan| pinned.admits(&algorithm.choice());
    let mut need = None;
    let mut can_run = |algorithm: &dyn Plan| {
        let shares: &[Need] = if setting.shared_by > 1 { &[Need::SpecialPrime] } else { &[] };
        let lacks =
            algorithm.lacks(setting.params).or_else(|| Need::missing(shares, setting.params));
        need = need.or(lacks);
        lacks.is_none()
    };
    let priced = all().filter(|(_, algorithm)| wanted(*algorithm) && can_run(*algorithm));
    let mut priced: Vec<Priced> =
        priced.map(|(index, algorithm)| Priced::new(index, algorithm, &pricing)).collect();
    // Plans that leave too little noise budget are no choice where others leave enough.
    if priced.iter().any(|plan| plan.is_quiet) {
        priced.retain(|plan| plan.is_quiet);
    }
    if let Some(fastest) = Priced::best(&priced, |plan| plan.server) {
        let betters = |plan: &&Priced| plan.betters(fastest);
        let better: Vec<Priced> = priced.iter().filter(betters).copied().collect();
        let best = Priced::best(&better, |plan| plan.both_ends).unwrap_or(fastest);
        return Ok(best.index);
    }
    if let Some(need) = need {
        return Err(DoesNotFit::Needs { algorithm: kind.name(), need });
    }
    let possible: Vec<Choice> = all().map(|(_, algorithm)| algorithm.choice()).collect();
    if possible.is_empty() {
        return Err(too_small(kind, layer, setting.ring_degree()));
    }
    Err(DoesNotFit::Pinned { pinned, algorithm: kind.name(), possible })
}

/// What a plan is judged by.
#[derive(Clone, Copy, Debug)]
struct Priced {
    /// Its place among all plans.
    index: usize,
    /// Nanoseconds of the server.
    server: f64,
    /// Nanoseconds of client and server.
    both_ends: f64,
    /// Ciphertexts sent and returned.
    sent: usize,
    /// Whether noise is assumed to leave [`MARGIN_BITS`].
    is_quiet: bool,
}

impl Priced {
    fn new(index: usize, algorithm: &dyn Plan, pricing: &Pricing<'_>) -> Self {
        let work = algorithm.work(pricing.setting);
        let (times, sent) = (work.times(pricing), work.ciphertexts());
        let params = pricing.setting.params;
        let is_quiet = algorithm
            .assumed_noise(params)
            .map(|noise| noise.shared(pricing.setting, params.limbs().len()))
            .is_none_or(|noise| NoiseModel::new(params).leaves(&noise.outputs, MARGIN_BITS));
        Self { index, server: times.server(), both_ends: times.online(), sent, is_quiet }
    }

    /// Of the plans within [`EQUAL`] of the least time, the one with the fewest ciphertexts, and of
    /// these the fastest.
    fn best(plans: &[Self], time: impl Fn(&Self) -> f64) -> Option<&Self> {
        let least = plans.iter().map(&time).fold(f64::INFINITY, f64::min);
        let good = plans.iter().filter(|plan| time(plan) <= least * (1.0 + EQUAL));
        good.min_by(|a, b| a.sent.cmp(&b.sent).then(time(a).total_cmp(&time(b))))
    }

    /// Whether it sends less than `other` and takes less time at both ends together, clearly.
    fn betters(&self, other: &Self) -> bool {
        self.sent < other.sent && self.both_ends * (1.0 + EQUAL) < other.both_ends
    }
}

fn too_small(kind: AlgorithmKind, layer: &Layer, ring_degree: usize) -> DoesNotFit {
    let degrees = std::iter::successors(Some(*RING_DEGREES.start()), |n| Some(2 * n));
    let mut degrees = degrees.take_while(|n| RING_DEGREES.contains(n));
    let smallest = degrees.find(|n| !kind.candidates(layer, *n).is_empty());
    DoesNotFit::Ring { ring_degree, smallest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::kernels::{Backend, Reduction};
    use crate::conv::testing::layer;

    /// A layer of 1x1 planes, which is what a dense layer is, with few outputs.
    #[test]
    fn small_layers_do_not_travel_in_many_ciphertexts() {
        let params = crate::bfv::testing::params(4096, &[36, 26], 44, 20);
        let setting = Setting::new(&params, Reduction::Lazy);
        let fused = AlgorithmKind::HadamardFused;
        // Where rotations cost more beside all else, more ciphertexts may take less time.
        let costs = CostTable::reference(Backend::Avx512Ifma);
        for (inputs, outputs, most) in [(84, 10, 2), (64, 10, 2), (512, 10, 5), (512, 1000, 6)] {
            let layer = layer(inputs, outputs, [1, 1], [1, 1], None);
            let plan = plan(fused, &layer, setting, &costs, Choice::default()).expect("fits");
            let sent = plan.work(setting).ciphertexts();
            assert!(sent <= most, "{inputs} -> {outputs} in {} lanes: {sent}", plan.lanes());
        }
    }

    /// Whatever the layer, nothing else is clearly better at both ends with fewer ciphertexts.
    #[test]
    fn no_other_plan_is_better_by_time_and_by_bytes() {
        let params = crate::bfv::testing::params(4096, &[36, 26], 44, 20);
        let setting = Setting::new(&params, Reduction::Lazy);
        let sizes =
            [(84, 10, 1, 1), (16, 32, 8, 3), (32, 64, 4, 3), (64, 64, 14, 1), (3, 8, 32, 3)];
        let cases = sizes.into_iter().flat_map(|size| AlgorithmKind::ALL.map(|kind| (size, kind)));
        for (backend, ((inputs, outputs, side, kernel), kind)) in
            cases.flat_map(|case| Backend::ALL.map(|backend| (backend, case)))
        {
            let costs = CostTable::reference(backend);
            let pricing = Pricing { costs: &costs, setting, threads: 1 };
            let layer = layer(inputs, outputs, [side; 2], [kernel; 2], None);
            let all = kind.candidates(&layer, setting.ring_degree());
            let priced: Vec<Priced> = all
                .iter()
                .enumerate()
                .map(|(index, plan)| Priced::new(index, plan.as_ref(), &pricing))
                .collect();
            let place =
                choose(kind, &layer, &all, setting, &costs, Choice::default()).expect("fits");
            let better = priced.iter().find(|plan| plan.betters(&priced[place]));
            assert!(better.is_none(), "{kind:?} {layer:?}: {better:?}, not {:?}", priced[place]);
        }
    }
}
