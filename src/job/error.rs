//! What can go wrong with a run.

use super::Work;
use crate::arith::kernels::Backend;
use crate::bfv::ParamsError;
use crate::conv::planner::DoesNotFit;
use crate::conv::{ConvError, LayerError};
use crate::network::onnx::ModelError;
use crate::report::{Fault, Refusal, counted};
use crate::tensor::TensorError;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The layer is not one.
    #[error("layer {layer}: {source}")]
    Layer {
        /// Its name.
        layer: String,
        /// What is wrong.
        source: LayerError,
    },
    /// The parameters are not a set that can be used.
    #[error("parameters {params}: {source}")]
    Params {
        /// Their name.
        params: String,
        /// What is wrong.
        source: ParamsError,
    },
    /// The layer is too large for the ring.
    #[error("layer {layer} does not fit: {source}")]
    DoesNotFit {
        /// Its name.
        layer: String,
        /// What would fit.
        source: DoesNotFit,
    },
    /// This machine lacks the instructions.
    #[error("backend {} is not available on this machine, which has {}", .0.name(), available())]
    Backend(Backend),
    /// More memory is needed than is allowed.
    #[error("{work} needs {needed}, --max-memory allows {allowed}; {}", .work.help())]
    Memory {
        /// For what.
        work: Work,
        /// What it needs.
        needed: String,
        /// What it may hold.
        allowed: String,
    },
    /// More memory is needed than the system gives.
    #[error(
        "{work} needs {needed}, which the system does not give now; see `ulimit -v`, or {}", .work.help()
    )]
    NoMemory {
        /// For what.
        work: Work,
        /// What it needs.
        needed: String,
    },
    /// A file is not what was expected.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A model that cannot be read, or not be run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The run failed or was cancelled.
    #[error(transparent)]
    Run(#[from] ConvError),
    /// The network is a list of layers and no more.
    #[error(
        "network {0} is a list of layers that are not connected; a network that runs gives its `input`"
    )]
    NotAGraph(String),
    /// Specifications of another number of layers.
    #[error("network {network} has {}; {given} were specified", counted(*needed, "layer"))]
    NetworkLayers {
        /// Its name.
        network: String,
        /// How many were given.
        given: usize,
        /// How many it has.
        needed: usize,
    },
    /// The network cannot go on.
    #[error("network {network}: {problem}")]
    Network {
        /// Its name.
        network: String,
        /// Why.
        problem: String,
    },
    /// A layer of a network is not exact, so that nothing after it can be right.
    #[error("layer {layer}: {fault}")]
    Wrong {
        /// Its name.
        layer: String,
        /// Why, and what would mend it.
        fault: Fault,
    },
    /// No algorithm can run the layer with the parameters.
    #[error("no algorithm will do for layer {layer} with parameters {params}: {}", each(reasons))]
    NoAlgorithm {
        /// The layer's name.
        layer: String,
        /// The name of the parameters.
        params: String,
        /// The algorithms, and why each will not do.
        reasons: Vec<(&'static str, String)>,
    },
    /// No parameters keep the noise budget, security and memory.
    #[error("no parameters will do for {0}")]
    NothingWillDo(String),
    /// Threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(String),
    /// Checked parameters without transforms: a defect of this program.
    #[error("internal error: checked parameters have no transform")]
    Transform,
}

/// The names of the backends that this machine has.
fn available() -> String {
    Backend::available().map(Backend::name).collect::<Vec<_>>().join(", ")
}

/// Each reason, after all that it is true of.
fn each(reasons: &[(&'static str, String)]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, reason) in reasons {
        match groups.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    let parts = groups.iter().map(|(reason, names)| format!("{}: {reason}", names.join(", ")));
    parts.collect::<Vec<_>>().join("; ")
}

impl JobError {
    /// Whether the user asked for something that cannot be, as opposed to a run that failed.
    pub const fn is_bad_input(&self) -> bool {
        matches!(
            self,
            Self::Layer { .. }
                | Self::Params { .. }
                | Self::DoesNotFit { .. }
                | Self::Backend(_)
                | Self::Memory { .. }
                | Self::NoMemory { .. }
                | Self::Tensor(_)
                | Self::Model(_)
                | Self::NotAGraph(_)
                | Self::NetworkLayers { .. }
                | Self::NoAlgorithm { .. }
        )
    }

    /// What does not permit the run, where that is known before anything is run.
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Params { source: ParamsError::Insecure { .. }, .. } => Some(Refusal::Security),
            Self::Params { .. } => Some(Refusal::Params),
            Self::DoesNotFit { .. } => Some(Refusal::Fit),
            Self::Memory { .. } => Some(Refusal::Memory),
            _ => None,
        }
    }

    /// Whether the run was asked to stop.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Run(ConvError::Cancelled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_backend_is_told_from_those_there_are() {
        let said = JobError::Backend(Backend::Avx512Ifma).to_string();
        let (missing, available) = said.split_once(", which has ").expect("two parts");
        assert_eq!(missing, "backend avx512ifma is not available on this machine");
        for backend in Backend::ALL {
            let is_named = available.split(", ").any(|name| name == backend.name());
            assert_eq!(is_named, backend.is_available(), "{said}");
        }
    }
}
