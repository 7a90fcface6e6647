//! Why a run goes as it goes: its plan, and those that lost.

use serde::Serialize;

use super::{Estimator, JobError, RunSpec};
use crate::bfv::Params;
use crate::conv::cost::CostTable;
use crate::conv::planner::choose;
use crate::conv::pricing::Pricing;
use crate::conv::work::Primitive;
use crate::conv::{AlgorithmKind, Choice, FactValue, Facts, Plan};
use crate::report::rounded;

/// The plan of a run, and what it was chosen from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What the plan has decided, and what follows from it.
    #[serde(flatten)]
    pub facts: Facts,
    /// What the parts of its work cost on one core.
    pub unit_costs_us: UnitCosts,
    /// Every plan of the algorithm, the chosen one and the others by server time as the planner sees
    /// it.
    pub candidates: Vec<Candidate>,
    /// The plan that each algorithm would take.
    pub algorithms: Vec<Rival>,
}

/// Microseconds of parts of the work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct UnitCosts {
    /// The decomposition of an input or a sum that is to be rotated.
    pub decomposition: f64,
    /// A rotation of an input that was decomposed.
    pub input_rotation: f64,
    /// A rotation of a sum, decomposition included.
    pub output_rotation: f64,
    /// The division by P that rotated sums of an output share.
    pub division: f64,
}

/// A plan that was considered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Whether it is the one.
    pub chosen: bool,
    /// Lanes of a ciphertext.
    pub lanes: usize,
    /// How weights are stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_form: Option<FactValue>,
    /// Baby steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub babies: Option<FactValue>,
    /// What the rows hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<FactValue>,
    /// Steps over lanes and columns that inputs move by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<FactValue>,
    /// What moves to reach the rows of the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_rows: Option<FactValue>,
    /// Ciphertexts sent and returned.
    pub ciphertexts: usize,
    /// Server time on one thread of the machine that plans are chosen for, the same everywhere.
    pub planner_server_ms: f64,
    /// The same with encryption, responses and decryption: what both ends compute.
    pub planner_online_ms: f64,
    /// Predicted server time on this machine.
    pub server_ms: f64,
}

/// An algorithm with its plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rival {
    /// The algorithm's name.
    pub algorithm: String,
    /// Lanes of a ciphertext.
    pub lanes: usize,
    /// Predicted server time on this machine.
    pub server_ms: f64,
}

impl Estimator {
    /// Explains the plan of a run.
    ///
    /// # Errors
    /// As [`Estimator::estimate`].
    pub fn explain(&self, spec: &RunSpec) -> Result<Explanation, JobError> {
        let params = Params::new(&spec.params, &spec.policy)
            .map_err(|source| JobError::Params { params: spec.params.name.clone(), source })?;
        let predictor = self.predictor(spec)?;
        let setting = spec.setting(&params);
        let reference = CostTable::reference(spec.backend);
        let costs = spec.costs.as_deref().unwrap_or(&reference);
        let here = Pricing { costs, setting, threads: spec.threads };
        let planner = Pricing { costs: &reference, setting, threads: 1 };
        let server = |algorithm: &dyn Plan, pricing: &Pricing<'_>| {
            rounded(algorithm.work(setting).times(pricing).server() / 1e6, 3)
        };
        let choose = |kind: AlgorithmKind, pinned| {
            let plans = predictor.plans(kind, setting.ring_degree());
            let place = choose(kind, predictor.layer(), &plans, setting, &reference, pinned)?;
            Ok((plans, place))
        };
        let (plans, place) = choose(spec.algorithm, spec.pinned)
            .map_err(|source| JobError::DoesNotFit { layer: spec.layer.full_name(), source })?;
        let candidate = |(index, plan): (usize, &dyn Plan)| {
            let facts = plan.describe();
            let work = plan.work(setting);
            let times = work.times(&planner);
            Candidate {
                chosen: index == place,
                lanes: plan.lanes(),
                weight_form: facts.get("weight_form"),
                babies: facts.get("babies"),
                rows: facts.get("rows"),
                split: facts.get("split"),
                kernel_rows: facts.get("kernel_rows"),
                ciphertexts: work.ciphertexts(),
                planner_server_ms: rounded(times.server() / 1e6, 3),
                planner_online_ms: rounded(times.online() / 1e6, 3),
                server_ms: server(plan, &here),
            }
        };
        let all = plans.iter().map(|plan| plan.as_ref() as &dyn Plan);
        let mut candidates: Vec<Candidate> = all.enumerate().map(candidate).collect();
        candidates.sort_by(|a, b| {
            b.chosen.cmp(&a.chosen).then(a.planner_server_ms.total_cmp(&b.planner_server_ms))
        });
        let rival = |kind: AlgorithmKind| {
            // What does not fit is no rival.
            let (plans, place) = choose(kind, Choice::default()).ok()?;
            let plan = plans.get(place)?.as_ref();
            Some(Rival {
                algorithm: kind.name().into(),
                lanes: plan.lanes(),
                server_ms: server(plan, &here),
            })
        };
        let one_core = Pricing { threads: 1, ..here };
        let chosen = plans.get(place).map(AsRef::as_ref);
        let output_limbs =
            chosen.map_or(setting.limbs(), |plan| plan.outline(setting, spec.threads).output_limbs);
        let chosen = chosen.map(Plan::describe);
        Ok(Explanation {
            facts: chosen.unwrap_or_default(),
            unit_costs_us: UnitCosts::of(&one_core, output_limbs),
            candidates,
            algorithms: AlgorithmKind::ALL.into_iter().filter_map(rival).collect(),
        })
    }
}

impl UnitCosts {
    /// With sums of `limbs` limbs.
    fn of(pricing: &Pricing<'_>, limbs: usize) -> Self {
        let us = |nanoseconds: f64| rounded(nanoseconds / 1e3, 2);
        Self {
            decomposition: us(
                pricing.core(Primitive::Decomposition { limbs: pricing.setting.limbs() })
            ),
            input_rotation: us(pricing.core(Primitive::HoistedRotation)),
            output_rotation: us(pricing.core(Primitive::RotatedSum { limbs })),
            division: us(pricing.core(Primitive::Division { limbs })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Catalogue;

    fn spec(layer: &str, algorithm: AlgorithmKind) -> RunSpec {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let layer = catalogue.layer(layer).expect("a layer").clone();
        let params = catalogue.params_set("n4096-t20").expect("parameters");
        RunSpec { algorithm, ..RunSpec::new(layer, params) }
    }

    fn count(explanation: &Explanation, name: &str) -> u64 {
        match explanation.facts.get(name) {
            Some(FactValue::Count(count)) => count as u64,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// The facts come to what the record of the same run counts.
    #[test]
    fn facts_agree_with_the_estimate() {
        let estimator = Estimator::default();
        for algorithm in AlgorithmKind::ALL {
            for layer in ["c16-32-k3", "c64-56-k3", "c128-28-k1"] {
                let spec = spec(&format!("bench/{layer}"), algorithm);
                let record = estimator.estimate(&spec).expect("fits").record;
                let explanation = estimator.explain(&spec).expect("fits");
                let of = |name| count(&explanation, name);
                let sent = record.ciphertexts.expect("are told");
                let groups = of("strip_groups");
                assert_eq!(of("lanes"), record.lanes as u64);
                assert_eq!(groups * of("inputs"), sent.upload as u64);
                assert_eq!(groups * of("outputs"), sent.download as u64);
                let rotations = groups * (of("input_rotations") + of("output_rotations"));
                assert_eq!(rotations, record.operations.rotations);
            }
        }
    }

    #[test]
    fn the_chosen_plan_is_the_best_to_the_planner() {
        let estimator = Estimator::default();
        let whole = spec("bench/c16-32-k3", AlgorithmKind::HadamardFused);
        let explanation = estimator.explain(&whole).expect("fits");
        let [chosen, others @ ..] = explanation.candidates.as_slice() else { panic!("none") };
        assert!(chosen.chosen && !others.is_empty() && others.iter().all(|other| !other.chosen));
        // What is faster is so by no more than the planner makes of it, and sends more.
        for other in others {
            let (time, sent) = (other.planner_server_ms, other.ciphertexts);
            assert!(time >= chosen.planner_server_ms / 1.1, "{time}");
            assert!(time >= chosen.planner_server_ms || sent > chosen.ciphertexts, "{time}");
        }
        assert_eq!(explanation.algorithms.len(), AlgorithmKind::ALL.len());
        // Told how many lanes, the planner chooses among those alone.
        let lanes = others.iter().map(|other| other.lanes).find(|lanes| *lanes != chosen.lanes);
        let told =
            estimator.explain(&RunSpec { pinned: Choice::of_lanes(lanes), ..whole }).expect("fits");
        assert_eq!(Some(told.candidates[0].lanes), lanes);
    }
}
