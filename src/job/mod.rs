//! A whole run from what a user asked for: checks, data, threads, the convolution, the record.
//!
//! Every face of the program runs convolutions through here, so their figures cannot differ.

mod data;
mod error;
mod worker;

use std::path::PathBuf;

use getrandom::fill;
use ndarray::Array3;
use zeroize::Zeroizing;

use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Context, Params, ParamsSpec, wire};
use crate::conv::pipeline::{self, Job, Outcome, Sizes};
use crate::conv::planner::CostTable;
use crate::conv::{Algorithm, AlgorithmKind, Layer, Observer, Operations};
use crate::preset::LayerPreset;
use crate::report::{
    Extrapolated, LatencyMs, LayerRecord, Link, Machine, ParamsRecord, Record, SCHEMA,
    SecurityRecord, Verification, bytes_text,
};
use crate::ring::sampling::Seed;

pub use data::{input_preview, plain};
pub use error::JobError;
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
    /// An input array, instead of the layer's own input.
    pub input: Option<PathBuf>,
    /// A weight array, instead of the layer's own weights.
    pub weights: Option<PathBuf>,
    /// The link between client and server.
    pub link: Link,
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

/// What is known exactly before a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanFacts {
    /// Lanes of a ciphertext.
    pub lanes: usize,
    /// Ciphertexts sent.
    pub uploads: usize,
    /// Ciphertexts sent back.
    pub downloads: usize,
    /// The server's work.
    pub operations: Operations,
    /// Bytes of prepared weights.
    pub weight_bytes: u64,
    /// Bytes the server holds at its fullest.
    pub peak_bytes: u64,
    /// Bytes of the upload.
    pub upload_bytes: u64,
    /// Bytes of the keys' message.
    pub key_bytes: u64,
    /// log2(QP) of the parameters.
    pub log2_qp: f64,
}

/// A run that has been checked and can start.
pub struct Prepared<'a> {
    spec: &'a RunSpec,
    context: Context,
    layer: Layer,
    whole: Box<dyn Algorithm>,
    /// The part to run, where it is not the whole.
    part: Option<(Layer, Box<dyn Algorithm>)>,
}

impl<'a> Prepared<'a> {
    /// Checks everything that can be checked without data or keys.
    ///
    /// # Errors
    /// [`JobError`] naming what is wrong.
    pub fn new(spec: &'a RunSpec) -> Result<Self, JobError> {
        let layer = Layer::new(&spec.layer.spec)
            .map_err(|source| JobError::Layer { layer: spec.layer.full_name(), source })?;
        if !spec.backend.is_available() {
            return Err(JobError::Backend(spec.backend));
        }
        let params = Params::new(&spec.params, &spec.policy)
            .map_err(|source| JobError::Params { params: spec.params.name.clone(), source })?;
        let context =
            Context::new(params, spec.backend, spec.reduction).ok_or(JobError::Transform)?;
        let whole = spec
            .algorithm
            .plan(&layer, &context, &CostTable::default())
            .map_err(|source| JobError::DoesNotFit { layer: spec.layer.full_name(), source })?;
        let part = spec.subset.and_then(|ciphertexts| whole.subset(ciphertexts));
        let prepared = Self { spec, context, layer, whole, part };
        let needed = pipeline::server_peak(prepared.algorithm(), &prepared.context)
            + pipeline::key_exchange_bytes(prepared.algorithm(), &prepared.context)
            + data::bytes(&prepared.layer, prepared.part());
        if needed > spec.max_memory {
            let (needed, allowed) = (bytes_text(needed), bytes_text(spec.max_memory));
            return Err(JobError::Memory { needed, allowed });
        }
        Ok(prepared)
    }

    /// What is known exactly before the run.
    pub fn facts(&self) -> PlanFacts {
        let (context, whole) = (&self.context, self.whole.as_ref());
        PlanFacts {
            lanes: whole.lanes(),
            uploads: whole.uploads(),
            downloads: whole.downloads(),
            operations: whole.operations(context),
            weight_bytes: whole.weight_bytes(context),
            peak_bytes: pipeline::server_peak(whole, context),
            upload_bytes: wire::upload_bytes(context, whole.uploads()) as u64,
            key_bytes: wire::keys_bytes(context, whole.galois_elements().len()) as u64,
            log2_qp: context.params().log2_qp(),
        }
    }

    /// The layer that is run: the whole, or its first output channels.
    fn part(&self) -> &Layer {
        self.part.as_ref().map_or(&self.layer, |(layer, _)| layer)
    }

    fn algorithm(&self) -> &dyn Algorithm {
        self.part.as_ref().map_or(self.whole.as_ref(), |(_, part)| part.as_ref())
    }

    /// Runs, as often as asked for.
    ///
    /// # Errors
    /// [`JobError`] where data are wrong, or the run fails or is cancelled.
    pub fn run(&self, observer: &dyn Observer) -> Result<RunResult, JobError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.spec.threads)
            .build()
            .map_err(|error| JobError::Threads(error.to_string()))?;
        let seed = self.spec.seed.unwrap_or(DEFAULT_SEED);
        let layer = self.part();
        let (input, weights) = data::load(self.spec, &self.layer, layer, seed)?;
        let mut outcomes = Vec::new();
        for _ in 0..self.spec.repeat.max(1) {
            let secrets = self.secrets()?;
            let job = Job {
                layer,
                context: &self.context,
                algorithm: self.algorithm(),
                input: input.view(),
                weights: weights.view(),
                secrets: &secrets,
            };
            outcomes.push(pool.install(|| pipeline::run(&job, observer))?);
        }
        let record = self.record(seed, &outcomes);
        let last = outcomes.pop().ok_or(JobError::Transform)?;
        let Outcome { output, upload_sample, .. } = last;
        Ok(RunResult { record: record.ok_or(JobError::Transform)?, input, output, upload_sample })
    }

    /// The seed of all secrets: from the user's seed, apart from that of data, or from the
    /// operating system.
    fn secrets(&self) -> Result<Seed, JobError> {
        let mut bytes = Zeroizing::new([0; 32]);
        match self.spec.seed {
            Some(seed) => {
                bytes[..8].copy_from_slice(&seed.to_le_bytes());
                bytes[8..15].copy_from_slice(b"secrets");
            }
            None => fill(bytes.as_mut_slice()).map_err(|e| JobError::Randomness(e.to_string()))?,
        }
        Ok(bytes)
    }

    /// Sizes of the whole layer, whatever part was run; only the bits of a response coefficient are
    /// those of the part.
    fn sizes(&self, outcome: &Outcome) -> Sizes {
        if self.part.is_none() {
            return outcome.sizes;
        }
        let (context, whole) = (&self.context, self.whole.as_ref());
        let per_key =
            outcome.sizes.galois_keys / self.algorithm().galois_elements().len().max(1) as u64;
        let keys = whole.galois_elements().len();
        Sizes {
            weights: whole.weight_bytes(context),
            galois_keys: per_key * keys as u64,
            server_peak: pipeline::server_peak(whole, context),
            upload: wire::upload_bytes(context, whole.uploads()) as u64,
            download: wire::response_bytes(context, whole.downloads(), outcome.response_bits)
                as u64,
            keys: wire::keys_bytes(context, keys) as u64,
        }
    }

    fn record(&self, seed: u64, outcomes: &[Outcome]) -> Option<Record> {
        let last = outcomes.last()?;
        let sizes = self.sizes(last);
        let (storage_bytes, communication_bytes) = sizes.into();
        let (computed, all) = (self.algorithm().downloads(), self.whole.downloads());
        let transfer = self.spec.link.transfer_ms(sizes.upload + sizes.download);
        let latency = |outcome: &Outcome| {
            LatencyMs::new(&outcome.clock, transfer, all as f64 / computed as f64)
        };
        let (latency_ms, repeat) =
            LatencyMs::median(&outcomes.iter().map(latency).collect::<Vec<_>>())?;
        let least_noise = outcomes.iter().min_by(|a, b| a.noise.last.total_cmp(&b.noise.last))?;
        let mismatches = outcomes.iter().map(|outcome| outcome.mismatches).max()?;
        let params = self.context.params();
        let half_plain = (params.plain().value() as f64).log2() - 1.0;
        let headroom = half_plain - (last.largest.max(1) as f64).log2();
        Some(Record {
            schema: SCHEMA,
            heconv_version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Machine::detect(),
            layer: LayerRecord::new(self.spec.layer.full_name(), &self.layer),
            params: ParamsRecord::new(params),
            security: SecurityRecord::new(params),
            algorithm: self.spec.algorithm.name().to_owned(),
            reduction: self.spec.reduction.name().to_owned(),
            backend: self.spec.backend.name().to_owned(),
            threads: self.spec.threads,
            seed,
            seeded_secrets: self.spec.seed.is_some(),
            lanes: self.whole.lanes(),
            predicted: false,
            verification: Some(Verification {
                verified: mismatches == 0,
                mismatches,
                overflows: last.overflows,
                values: last.output.len() as u64,
            }),
            plaintext_headroom_bits: (headroom * 100.0).round() / 100.0,
            plaintext_headroom_worst_bits: None,
            noise_bits: least_noise.noise.into(),
            latency_ms,
            link: self.spec.link,
            storage_bytes,
            communication_bytes,
            operations: self.whole.operations(&self.context).into(),
            repeat: (outcomes.len() > 1).then_some(repeat),
            extrapolated_from: self
                .part
                .is_some()
                .then_some(Extrapolated { output_ciphertexts: computed, of: all }),
        })
    }
}
