//! How every layer of a network is run: as asked for, or as is predicted to be best.

use super::Args;
use super::failure;
use super::progress::LayerProgress;
use crate::cli::one::DEFAULT_PARAMS;
use crate::cli::{Failure, calibrate};
use crate::conv::{AlgorithmChoice, AlgorithmKind};
use crate::job::tell_largest;
use crate::job::{Estimator, RunSpec};
use crate::network::{Graph, largest_seeded_bias};
use crate::preset::{Catalogue, LayerPreset, Network};
use crate::tune::network::{Sharing, Wanted, any_for_each, tuned};

/// The algorithm where none is named, nor anything tuned.
const USUAL: AlgorithmKind = AlgorithmKind::HadamardFused;

impl Args {
    /// How every layer is run.
    pub(super) fn layers(
        &self,
        network: &Network,
        catalogue: &Catalogue,
        estimator: &Estimator,
        progress: &LayerProgress,
    ) -> Result<Vec<RunSpec>, Failure> {
        let sharing = match self.params.as_deref() {
            Some("tuned") => Some(Sharing::PerLayer),
            Some("tuned-shared") => Some(Sharing::OneSet),
            _ => None,
        };
        let usual = if sharing.is_some() { AlgorithmChoice::Any } else { USUAL.into() };
        let choice = self.algorithm.unwrap_or(usual);
        let mut runs = self.runs(network, catalogue, sharing.is_some(), choice)?;
        if let (Some(_), Some(graph)) = (sharing, &network.graph) {
            tell_largest(&mut runs, graph, self.weights.as_deref()).map_err(failure)?;
        }
        let proceed = |done, of| {
            progress.show("search", done, of);
            !progress.is_cancelled()
        };
        let best = match sharing {
            Some(sharing) => {
                let algorithms = &choice.kinds();
                let wanted = Wanted { algorithms, sharing, objective: self.objective };
                tuned(estimator, &runs, wanted, proceed)
            }
            None if choice == AlgorithmChoice::Any => any_for_each(estimator, &runs, proceed),
            None => Ok(runs),
        };
        if progress.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        best.map_err(failure)
    }

    /// The runs as they are asked for; what is to be tuned is as by default.
    fn runs(
        &self,
        network: &Network,
        catalogue: &Catalogue,
        is_tuned: bool,
        choice: AlgorithmChoice,
    ) -> Result<Vec<RunSpec>, Failure> {
        let backend = self.common.backend();
        let name = self.params.as_deref().filter(|_| !is_tuned).unwrap_or(DEFAULT_PARAMS);
        let params = catalogue.params_set(name).map_err(Failure::input)?;
        let (threads, costs) = (self.common.threads(None)?, calibrate::costs(backend));
        let run = |layer: &LayerPreset| RunSpec {
            policy: self.common.policy(),
            algorithm: choice.one().unwrap_or(USUAL),
            reduction: self.reduction,
            backend,
            threads,
            seed: self.common.seed(None),
            max_memory: self.common.max_memory(),
            link: self.common.link(),
            costs: costs.clone(),
            ..RunSpec::new(layer.clone(), params.clone())
        };
        let mut runs: Vec<RunSpec> = network.layers.iter().map(run).collect();
        let is_seeded = self.weights.is_none();
        let nodes = network.graph.iter().flat_map(Graph::nodes);
        for (run, node) in runs.iter_mut().zip(nodes).filter(|(_, node)| node.spec.has_bias()) {
            // Real biases are the client's.
            run.largest_bias = if is_seeded { largest_seeded_bias(&node.layer) } else { 0 };
        }
        Ok(runs)
    }
}
