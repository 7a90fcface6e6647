//! A whole run from what a user asked for: checks, data, threads, the convolution, the record.
//!
//! Every face of the program runs convolutions through here, so their figures cannot differ.

mod data;
mod digest;
mod error;
mod estimate;
mod explain;
mod memory;
mod network;
mod opened;
mod prepared;
mod record;
#[cfg(test)]
mod recorded;
mod request;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array3;

use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec};
use crate::conv::cost::CostTable;
use crate::conv::{AlgorithmKind, Choice, Setting};
use crate::preset::{Experiment, LayerPreset};
use crate::report::{Link, Record};
use crate::tensor::Resize;

pub use data::{RunData, input_preview, plain, run_weights};
pub use error::JobError;
pub use estimate::{Estimate, Estimator};
pub use explain::{Candidate, Explanation, Rival, UnitCosts};
pub use memory::{Work, needed_bytes};
pub use network::{
    Baseline, Finished, ModelSpec, NetworkObserver, NetworkOutput, NetworkResult, NetworkSpec,
    PreparedModel, PreparedNetwork, Quick, Wire, model_runs, quick, tell_largest,
};
pub use opened::{ModelAsked, OpenedModel};
pub use prepared::Prepared;
pub use record::predicted;
pub use request::{Asked, Problem};
pub(crate) use worker::panic_message;
pub use worker::{JobEvent, Worker};

/// The seed of data where the user gives none.
pub const DEFAULT_SEED: u64 = 1;

/// What a user asked for.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// The layer, with what its file says about weights and input.
    pub layer: LayerPreset,
    /// The encryption parameters.
    pub params: ParamsSpec,
    /// What they are held against.
    pub policy: SecurityPolicy,
    /// The algorithm.
    pub algorithm: AlgorithmKind,
    /// The reduction mode.
    pub reduction: Reduction,
    /// The instruction set.
    pub backend: Backend,
    /// Threads, at least one.
    pub threads: usize,
    /// The seed of data and secrets; without one data come from [`DEFAULT_SEED`] and secrets from
    /// the operating system.
    pub seed: Option<u64>,
    /// How often to run, at least once.
    pub repeat: usize,
    /// Run only this many output ciphertexts and extrapolate.
    pub subset: Option<usize>,
    /// Bytes that a run may hold: the server's, and the plain data.
    pub max_memory: u64,
    /// An input picture, instead of the layer's own input.
    pub image: Option<PathBuf>,
    /// How a picture of another size becomes as large as the layer's plane.
    pub resize: Resize,
    /// An input array, instead of the layer's own input.
    pub input: Option<PathBuf>,
    /// A weight array, instead of the layer's own weights.
    pub weights: Option<PathBuf>,
    /// The link between client and server.
    pub link: Link,
    /// What of the plan is pinned; the planner chooses the rest.
    pub pinned: Choice,
    /// The largest bias that the server adds to sums, in absolute value; 0 where it adds none.
    pub largest_bias: i64,
    /// The largest absolute sum that any input gives, biases included, where the run is given weights
    /// that are not its own, as the layers of a network are.
    pub largest_output: Option<i64>,
    /// What primitives cost on this machine, for predictions of time.
    pub costs: Option<Arc<CostTable>>,
}

impl RunSpec {
    /// A run with the defaults of every command: fused, lazy, on one thread, once, secure, with as
    /// much as there is of memory.
    pub fn new(layer: LayerPreset, params: ParamsSpec) -> Self {
        Self {
            layer,
            params,
            policy: SecurityPolicy::default(),
            algorithm: AlgorithmKind::HadamardFused,
            reduction: Reduction::Lazy,
            backend: Backend::detect(),
            threads: 1,
            seed: None,
            repeat: 1,
            subset: None,
            max_memory: u64::MAX,
            image: None,
            resize: Resize::default(),
            input: None,
            weights: None,
            link: Link::default(),
            pinned: Choice::default(),
            largest_bias: 0,
            largest_output: None,
            costs: None,
        }
    }

    /// What figures follow from besides the plan, under the checked parameters of this run.
    pub fn setting<'a>(&self, params: &'a Params) -> Setting<'a> {
        Setting::new(params, self.reduction).shared(self.pinned.sharing())
    }

    /// The seed of data.
    pub fn data_seed(&self) -> u64 {
        self.seed.unwrap_or(DEFAULT_SEED)
    }

    /// What a file can say of the run.
    pub fn experiment(&self) -> Experiment {
        Experiment {
            layer: self.layer.clone(),
            params: self.params.clone(),
            policy: self.policy,
            algorithm: Some(self.algorithm.into()),
            reduction: Some(self.reduction),
            threads: Some(self.threads),
            seed: self.seed,
            pinned: self.pinned,
        }
    }
}

/// Starts the threads of work that brings none of its own, one for each core: such as predictions of
/// many points. To be called once.
///
/// # Errors
/// [`JobError::Threads`].
pub fn start_threads() -> Result<(), JobError> {
    check_stacks(std::thread::available_parallelism().map_or(1, usize::from))?;
    let pool = rayon::ThreadPoolBuilder::new().build_global();
    pool.map_err(|error| JobError::Threads(error.to_string()))
}

/// A pool of so many threads.
fn threads(count: usize) -> Result<rayon::ThreadPool, JobError> {
    check_stacks(count)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
    pool.map_err(|error| JobError::Threads(error.to_string()))
}

/// A thread that starts and then has no stack for its signals aborts the process, so room is asked for
/// before.
fn check_stacks(threads: usize) -> Result<(), JobError> {
    if memory::has_stacks(threads) {
        return Ok(());
    }
    Err(JobError::Threads(format!("no memory for the stacks of {threads}; try fewer --threads")))
}

/// What a run gave.
#[derive(Debug)]
pub struct RunResult {
    /// The record.
    pub record: Record,
    /// The input of shape (channels, height, width).
    pub input: Array3<i64>,
    /// The decrypted output of shape (channels, height, width).
    pub output: Array3<i64>,
    /// Words of the first uploaded ciphertext.
    pub upload_sample: Vec<u64>,
}
