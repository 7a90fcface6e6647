//! A whole network in the client-aided protocol.
//!
//! Layer by layer the client encrypts, the server convolves, the client decrypts, applies what the
//! network says and encrypts again. Every layer is a run like any other: each byte that crosses is
//! written and read, and each value is held against the plain convolution. At the end the output is
//! held against the plain integer network, which runs by itself.

mod baseline;
mod resume;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ndarray::Array3;

use super::{JobError, Prepared, RunData, RunSpec};
use crate::bfv::{GaloisKeyId, Params, wire};
use crate::conv::Observer;
use crate::conv::sizes::galois_key_bytes;
use crate::network::{self, Convolution, Graph, LayerReport, RunError, Weights};
use crate::preset::Network;
use crate::report::{
    KeyBytes, Machine, NetworkLayer, NetworkRecord, NetworkTotals, SCHEMA, Verdict,
    process_peak_bytes, rounded,
};
use crate::tensor::{Resize, builtin_image, picture_activations, read_activations, read_picture};

pub use baseline::{Baseline, Wire};
pub use resume::Finished;

/// The picture that a network is given where the user gives none.
const DEFAULT_IMAGE: &str = "cat-224";

/// What a user asked for.
#[derive(Clone, Debug)]
pub struct NetworkSpec {
    /// The network, one that runs.
    pub network: Network,
    /// How each of its layers is run, in order. Data are those of this specification.
    pub layers: Vec<RunSpec>,
    /// An input picture, instead of the built-in one.
    pub image: Option<PathBuf>,
    /// How a picture of another size becomes as large as the input.
    pub resize: Resize,
    /// An input array, instead of a picture.
    pub input: Option<PathBuf>,
    /// Weights, instead of seeded ones.
    pub weights: Option<PathBuf>,
    /// Layers that an earlier run has finished.
    pub finished: Vec<Finished>,
}

/// Hears of a network's run.
pub trait NetworkObserver: Observer {
    /// Layer `index` begins.
    fn layer(&self, index: usize);

    /// Layer `index` is finished.
    fn finished(&self, index: usize, layer: &Finished);
}

/// A network that has been checked and can run.
pub struct PreparedNetwork<'a> {
    spec: &'a NetworkSpec,
    graph: &'a Graph,
    layers: Vec<Prepared<'a>>,
    weights: Weights,
    input: Array3<i64>,
}

/// What a network gave.
#[derive(Debug)]
pub struct NetworkResult {
    /// The record.
    pub record: NetworkRecord,
    /// The last layer's result.
    pub output: Array3<i64>,
    /// The input of the network.
    pub input: Array3<i64>,
}

impl<'a> PreparedNetwork<'a> {
    /// Checks every layer and reads the data; nothing runs.
    ///
    /// # Errors
    /// [`JobError`] naming what is wrong.
    pub fn new(spec: &'a NetworkSpec) -> Result<Self, JobError> {
        let name = || spec.network.name.clone();
        let graph = spec.network.graph.as_ref().ok_or_else(|| JobError::NotAGraph(name()))?;
        let (given, needed) = (spec.layers.len(), graph.nodes().len());
        if given != needed {
            return Err(JobError::NetworkLayers { network: name(), given, needed });
        }
        let layers = spec.layers.iter().map(Prepared::new).collect::<Result<_, _>>()?;
        let seed = spec.layers.first().map_or(super::DEFAULT_SEED, RunSpec::data_seed);
        let weights = match &spec.weights {
            Some(path) => Weights::read(path, graph)?,
            None => Weights::seeded(graph, seed),
        };
        Ok(Self { spec, graph, layers, weights, input: input(spec, graph)? })
    }

    /// Runs all layers.
    ///
    /// # Errors
    /// [`JobError`] where a layer fails, or the run is cancelled.
    pub fn run(&self, observer: &dyn NetworkObserver) -> Result<NetworkResult, JobError> {
        let threads = self.spec.layers.first().map_or(1, |run| run.threads);
        let pool = super::threads(threads)?;
        let begin = Instant::now();
        let (outcome, layers) = pool.install(|| self.encrypted(observer))?;
        let wall = begin.elapsed();
        let expected = pool.install(|| self.plain(observer))?;
        let output_mismatches =
            outcome.output.iter().zip(&expected).filter(|(a, b)| a != b).count();
        let activations = layers.iter().map(|layer| layer.activation_ms).sum();
        let record = NetworkRecord {
            schema: SCHEMA,
            heconv_version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Machine::detect(),
            network: self.spec.network.name.clone(),
            protocol: "client-aided",
            verdict: Verdict::of_network(&layers, output_mismatches),
            output_values: expected.len(),
            output_mismatches,
            output_scale: outcome.scale,
            totals: NetworkTotals::of(
                layers.iter().map(|layer| &layer.record),
                activations,
                self.keys(),
            ),
            layers,
            wall_ms: rounded(wall.as_secs_f64() * 1e3, 3),
            process_peak_bytes: process_peak_bytes(),
            comparisons: Vec::new(),
        };
        Ok(NetworkResult { record, output: outcome.output, input: self.input.clone() })
    }

    /// The network with its convolutions encrypted.
    fn encrypted(
        &self,
        observer: &dyn NetworkObserver,
    ) -> Result<(network::Outcome, Vec<NetworkLayer>), JobError> {
        let mut layers = Vec::new();
        // From the end of a convolution until it is done, the client works on its result.
        let computed = Cell::new(None);
        let convolve = |call: &Convolution<'_>| {
            let (half, sums) = self.convolve(call, observer)?;
            computed.set(Some((half, Instant::now())));
            Ok(sums)
        };
        let done = |index, report: &LayerReport| {
            let Some((half, since)) = computed.take() else { return };
            let finished = half.finish(report.clone(), since.elapsed());
            observer.finished(index, &finished);
            layers.push(finished.layer);
        };
        let outcome = network::run(self.graph, &self.weights, self.input.clone(), convolve, done);
        Ok((outcome.map_err(|error| self.failed(error))?, layers))
    }

    /// One convolution: encrypted, or plain where an earlier run has verified it on the same data.
    fn convolve(
        &self,
        call: &Convolution<'_>,
        observer: &dyn NetworkObserver,
    ) -> Result<(Half, Array3<i64>), JobError> {
        observer.layer(call.index);
        let (prepared, run) = (&self.layers[call.index], &self.spec.layers[call.index]);
        let digest = resume::digest(call, run);
        if let Some(earlier) = self.spec.finished.iter().find(|one| one.is_of(digest)) {
            let Ok(sums) = network::plain(call);
            return Ok((Half::Earlier(Box::new(earlier.clone())), sums));
        }
        let data = RunData {
            input: call.input.clone(),
            weights: call.weights.clone(),
            weight_scale: None,
            bias: call.bias.cloned(),
            stream: call.index as u64,
        };
        let result = prepared.run_on(data, observer)?;
        let layer = call.layer.name().to_owned();
        match result.record.fault() {
            Some(fault) => Err(JobError::Wrong { layer, fault }),
            None => Ok((Half::New { digest, record: Box::new(result.record) }, result.output)),
        }
    }

    /// The output of the plain integer network.
    fn plain(&self, observer: &dyn Observer) -> Result<Array3<i64>, JobError> {
        let convolve = |call: &Convolution<'_>| {
            if observer.is_cancelled() {
                return Err(JobError::Run(crate::conv::ConvError::Cancelled));
            }
            let Ok(sums) = network::plain(call);
            Ok(sums)
        };
        let input = self.input.clone();
        let outcome = network::run(self.graph, &self.weights, input, convolve, |_, _| ());
        Ok(outcome.map_err(|error| self.failed(error))?.output)
    }

    fn failed(&self, error: RunError<JobError>) -> JobError {
        match error {
            RunError::Convolution { source, .. } => source,
            other => JobError::Network {
                network: self.spec.network.name.clone(),
                problem: other.to_string(),
            },
        }
    }

    /// The keys of all layers, those that layers share counted once.
    fn keys(&self) -> KeyBytes {
        let mut sets: BTreeMap<Vec<u64>, (&Params, BTreeSet<GaloisKeyId>)> = BTreeMap::new();
        for prepared in &self.layers {
            let (params, keys) = prepared.keys();
            let mut name = vec![params.ring_degree() as u64, params.special().value()];
            name.extend(params.limbs().iter().map(crate::arith::Modulus::value));
            sets.entry(name).or_insert_with(|| (params, BTreeSet::new())).1.extend(keys);
        }
        sets.values().fold(KeyBytes::default(), |sum, (params, keys)| {
            let keys: Vec<GaloisKeyId> = keys.iter().copied().collect();
            KeyBytes {
                stored: sum.stored + galois_key_bytes(params, &keys),
                sent: sum.sent + wire::keys_bytes(params, &keys) as u64,
            }
        })
    }
}

/// A layer before what follows its convolution.
enum Half {
    New { digest: u64, record: Box<crate::report::Record> },
    Earlier(Box<Finished>),
}

impl Half {
    fn finish(self, activation: LayerReport, time: Duration) -> Finished {
        match self {
            Self::Earlier(finished) => *finished,
            Self::New { digest, record } => {
                let activation_ms = rounded(time.as_secs_f64() * 1e3, 3);
                Finished::new(digest, NetworkLayer { record: *record, activation, activation_ms })
            }
        }
    }
}

/// The input: an array, a picture, or the built-in picture.
fn input(spec: &NetworkSpec, graph: &Graph) -> Result<Array3<i64>, JobError> {
    if let Some(path) = &spec.input {
        let (shape, bits) = (graph.input_shape(), graph.input_bits());
        return Ok(read_activations(path, shape, bits, Some(false))?.0);
    }
    let picture = match &spec.image {
        Some(path) => {
            let allowed = spec.layers.iter().map(|run| run.max_memory).min().unwrap_or(u64::MAX);
            read_picture(path, allowed)?
        }
        None => builtin_image(DEFAULT_IMAGE)?,
    };
    let picture = picture.resized(spec.resize);
    Ok(picture_activations(&picture, graph.input_shape(), graph.input_bits(), &spec.network.name)?)
}
