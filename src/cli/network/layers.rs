//! How every layer of a network is run: as asked for, or as is predicted to be best.

use super::Args;
use super::failure;
use super::progress::LayerProgress;
use super::session::Session;
use crate::bfv::ParamsSpec;
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

/// The algorithms among which the best is sought for the layers of a model where none is named: those
/// that are the best nearly everywhere, so that the search takes no longer than it must.
const OF_MODELS: [AlgorithmKind; 2] = [AlgorithmKind::Interleaved, AlgorithmKind::Coefficient];

impl Args {
    /// How every layer is run.
    pub(super) fn layers(
        &self,
        network: &Network,
        session: &Session<'_>,
    ) -> Result<Vec<RunSpec>, Failure> {
        let sharing = self.sharing();
        let usual = if sharing.is_some() { AlgorithmChoice::Any } else { USUAL.into() };
        let choice = self.algorithm.unwrap_or(usual);
        let mut runs = self.runs(network, &session.catalogue, sharing.is_some(), choice)?;
        if let (Some(_), Some(graph)) = (sharing, &network.graph) {
            tell_largest(&mut runs, graph, self.weights.as_deref()).map_err(failure)?;
        }
        let Session { estimator, progress, .. } = session;
        self.best(runs, sharing, choice, &choice.kinds(), estimator, progress)
    }

    /// How every layer of a model is run, which `runs` gives with parameters of all. Those are tuned for
    /// each layer where none are named: what its weights can give tells how large t is.
    pub(super) fn tuned_layers(
        &self,
        catalogue: &Catalogue,
        estimator: &Estimator,
        progress: &LayerProgress,
        runs: impl FnOnce(&ParamsSpec) -> Vec<RunSpec>,
    ) -> Result<Vec<RunSpec>, Failure> {
        let sharing = match self.params {
            None => Some(Sharing::PerLayer),
            Some(_) => self.sharing(),
        };
        let choice = self.algorithm.unwrap_or(AlgorithmChoice::Any);
        let kinds = if self.algorithm.is_some() { choice.kinds() } else { OF_MODELS.to_vec() };
        let params = self.params_of_all(catalogue, sharing.is_some())?;
        let like = |run| self.setting(run, choice);
        let runs = runs(&params).into_iter().map(like).collect::<Result<_, _>>()?;
        self.best(runs, sharing, choice, &kinds, estimator, progress)
    }

    fn sharing(&self) -> Option<Sharing> {
        match self.params.as_deref() {
            Some("tuned") => Some(Sharing::PerLayer),
            Some("tuned-shared") => Some(Sharing::OneSet),
            _ => None,
        }
    }

    /// `runs` as they are predicted to be best, where that is asked for.
    fn best(
        &self,
        runs: Vec<RunSpec>,
        sharing: Option<Sharing>,
        choice: AlgorithmChoice,
        algorithms: &[AlgorithmKind],
        estimator: &Estimator,
        progress: &LayerProgress,
    ) -> Result<Vec<RunSpec>, Failure> {
        let proceed = |done, of| {
            progress.show("search", done, of);
            !progress.is_cancelled()
        };
        let best = match sharing {
            Some(sharing) => {
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
        let params = self.params_of_all(catalogue, is_tuned)?;
        let run =
            |layer: &LayerPreset| self.setting(RunSpec::new(layer.clone(), params.clone()), choice);
        let mut runs: Vec<RunSpec> = network.layers.iter().map(run).collect::<Result<_, _>>()?;
        let is_seeded = self.weights.is_none();
        let nodes = network.graph.iter().flat_map(Graph::nodes);
        for (run, node) in runs.iter_mut().zip(nodes).filter(|(_, node)| node.spec.has_bias()) {
            // Real biases are the client's.
            run.largest_bias = if is_seeded { largest_seeded_bias(&node.layer) } else { 0 };
        }
        Ok(runs)
    }

    /// The parameters that are named, or those by default.
    fn params_of_all(&self, catalogue: &Catalogue, is_tuned: bool) -> Result<ParamsSpec, Failure> {
        let name = self.params.as_deref().filter(|_| !is_tuned).unwrap_or(DEFAULT_PARAMS);
        catalogue.params_set(name).map_err(Failure::input)
    }

    /// `run` with all that is said of every run.
    fn setting(&self, run: RunSpec, choice: AlgorithmChoice) -> Result<RunSpec, Failure> {
        let backend = self.common.backend();
        Ok(RunSpec {
            policy: self.common.policy(),
            algorithm: choice.one().unwrap_or(USUAL),
            reduction: self.reduction,
            backend,
            threads: self.common.threads(None)?,
            seed: self.common.seed(None),
            max_memory: self.common.max_memory(),
            link: self.common.link(),
            costs: calibrate::costs(backend),
            ..run
        })
    }
}
