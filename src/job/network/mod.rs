//! A whole network in the client-aided protocol.
//!
//! Layer by layer the client encrypts, the server convolves, the client decrypts, applies what the
//! network says and encrypts again. Every layer is a run like any other: each byte that crosses is
//! written and read, and each value is held against the plain convolution. At the end the output is
//! held against the plain network, which runs by itself, and, where weights come from a file, against
//! the same network in real values.

mod baseline;
mod keys;
mod layer;
mod model;
mod overflow;
mod resume;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::Array3;

use super::data::FromFile;
use super::memory::{Work, array_bytes, loading_bytes, require};
use super::{JobError, Prepared, RunSpec};
use crate::conv::{ConvError, Observer};
use crate::network::{
    self, Convolution, Fidelity, Findings, Graph, LayerReport, LayerWeights, Note, RealNetwork,
    RunError, Weights, Width, signal_to_noise_db,
};
use crate::preset::Network;
use crate::report::{NetworkLayer, NetworkRecord, rounded};
use crate::tensor::{Resize, builtin_image, picture_values, read_activations, read_picture};

use keys::{Keys, Sessions};
use layer::{Half, convolve};

pub use baseline::{Baseline, Wire};
pub use model::{ModelSpec, PreparedModel, Quick, model_runs, quick};
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
    keys: Keys,
    weights: Weights,
    /// What is in the file of weights, if there is one.
    findings: Option<Findings>,
    /// Real values, normalised.
    input: Array3<f64>,
}

/// What a network gave.
#[derive(Debug)]
pub struct NetworkResult {
    /// The record.
    pub record: NetworkRecord,
    /// The last layer's result, in real values.
    pub output: Array3<f64>,
}

/// What the plain network gave, and how far it is from that in real values.
struct Expected {
    output: Array3<f64>,
    fidelity: Option<Fidelity>,
    signal_to_noise_db: Vec<Option<f64>>,
}

/// The weights of a network, from a file, with what is found in it, or from a seed.
fn weights(
    graph: &Graph,
    file: Option<&Path>,
    seed: u64,
) -> Result<(Weights, Option<Findings>), JobError> {
    let Some(path) = file else { return Ok((Weights::seeded(graph, seed), None)) };
    let (weights, findings) = Weights::read(path, graph)?;
    Ok((weights, Some(findings)))
}

/// Tells each of a network's `runs`, which are in the order of its layers, the largest sums that its
/// weights give: those of a file, or those that a run draws from the seed.
///
/// # Errors
/// [`JobError`] where the file is not one of weights for the network.
pub fn tell_largest(
    runs: &mut [RunSpec],
    graph: &Graph,
    file: Option<&Path>,
) -> Result<(), JobError> {
    let seed = runs.first().map_or(super::DEFAULT_SEED, RunSpec::data_seed);
    let (weights, _) = weights(graph, file, seed)?;
    for ((run, node), weights) in runs.iter_mut().zip(graph.nodes()).zip(weights.layers()) {
        run.largest_output = Some(weights.largest_sum(&node.layer));
    }
    Ok(())
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
        let layers: Vec<Prepared<'a>> =
            spec.layers.iter().map(Prepared::new).collect::<Result<_, _>>()?;
        let keys = Keys::of(&layers);
        require_network(spec, graph, keys.most_needed(&layers))?;
        let seed = spec.layers.first().map_or(super::DEFAULT_SEED, RunSpec::data_seed);
        let (weights, findings) = weights(graph, spec.weights.as_deref(), seed)?;
        Ok(Self { spec, graph, layers, keys, weights, findings, input: input(spec, graph)? })
    }

    /// What there is to know before the run: of the file of weights, and which layers may exceed the
    /// plaintext modulus.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = self.findings.as_ref().map(Findings::notes).unwrap_or_default();
        let zeros = self.named_weights().filter_map(|(name, weights)| {
            let (zero, all) = (weights.zero_channels(), weights.weights.dim().0);
            (zero > 0).then(|| format!("{name} ({zero} of {all})"))
        });
        let zeros = if self.findings.is_some() { zeros.collect() } else { Vec::new() };
        if !zeros.is_empty() {
            let layers = network::listed(&zeros);
            notes
                .push(Note::warning(format!("output channels without any weight but 0: {layers}")));
        }
        notes.extend(overflow::beyond(self.named_weights().zip(&self.layers).map(
            |((name, weights), prepared)| {
                (name, weights.largest_sum(prepared.layer()), prepared.params())
            },
        )));
        notes
    }

    fn named_weights(&self) -> impl Iterator<Item = (&str, &LayerWeights)> {
        let names = self.graph.nodes().iter().map(|node| node.spec.name());
        names.zip(self.weights.layers())
    }

    /// Runs all layers.
    ///
    /// # Errors
    /// [`JobError`] where a layer fails, or the run is cancelled.
    pub fn run(&self, observer: &dyn NetworkObserver) -> Result<NetworkResult, JobError> {
        let threads = self.spec.layers.first().map_or(1, |run| run.threads);
        let pool = super::threads(threads)?;
        let begin = Instant::now();
        let sessions = Sessions::of(&self.layers, &self.keys);
        let (output, mut layers) = pool.install(|| self.encrypted(&sessions, observer))?;
        let wall = begin.elapsed();
        let expected = pool.install(|| self.plain(observer))?;
        for (layer, ratio) in layers.iter_mut().zip(&expected.signal_to_noise_db) {
            layer.signal_to_noise_db = ratio.map(|ratio| rounded(ratio, 2));
        }
        // The same computation gives the same bits.
        let is_other = |(a, b): &(&f64, &f64)| a.to_bits() != b.to_bits();
        let output_mismatches = output.iter().zip(&expected.output).filter(is_other).count();
        let (name, counts) = (self.spec.network.name.clone(), [output.len(), output_mismatches]);
        let record = NetworkRecord {
            fidelity: expected.fidelity,
            unused_tensors: self.findings.as_ref().map_or(&[][..], Findings::unused).to_vec(),
            ..NetworkRecord::new(name, layers, self.keys.bytes(), counts, wall)
        };
        Ok(NetworkResult { record, output })
    }

    /// The output of the network with its convolutions encrypted, and its layers.
    fn encrypted(
        &self,
        sessions: &Sessions<'_>,
        observer: &dyn NetworkObserver,
    ) -> Result<(Array3<f64>, Vec<NetworkLayer>), JobError> {
        let mut layers = Vec::new();
        // From the end of a convolution until it is done, the client works on its result.
        let computed = Cell::new(None);
        let convolve = |call: &Convolution<'_>| {
            let (half, sums) = self.convolve(call, sessions, observer)?;
            computed.set(Some((half, Instant::now())));
            Ok(sums)
        };
        let done = |index, report: &LayerReport, _: &Array3<f64>| {
            let Some((half, since)) = computed.take() else { return };
            let finished = half.finish(report.clone(), since.elapsed(), self.file_facts(index));
            observer.finished(index, &finished);
            layers.push(finished.layer);
        };
        let outcome = network::run(self.graph, &self.weights, self.input.clone(), convolve, done);
        Ok((outcome.map_err(|error| self.failed(error))?.output, layers))
    }

    /// What the file of weights says of a layer.
    fn file_facts(&self, index: usize) -> FromFile {
        let weights = self.weights.layers().get(index).filter(|_| self.findings.is_some());
        let weight_scales = weights.map(|weights| weights.scales.to_vec());
        FromFile { weight_scales, notes: Vec::new() }
    }

    fn convolve(
        &self,
        call: &Convolution<'_>,
        sessions: &Sessions<'_>,
        observer: &dyn NetworkObserver,
    ) -> Result<(Half, Array3<i64>), JobError> {
        let (prepared, run) = (&self.layers[call.index], &self.spec.layers[call.index]);
        let from_file = self.file_facts(call.index);
        let layer = (prepared, run);
        convolve(call, layer, sessions, &self.spec.finished, from_file, observer)
    }

    /// The plain network, and beside it the one in real values.
    fn plain(&self, observer: &dyn Observer) -> Result<Expected, JobError> {
        let convolve = |call: &Convolution<'_>| {
            if observer.is_cancelled() {
                return Err(JobError::Run(ConvError::Cancelled));
            }
            let Ok(sums) = network::plain(call);
            Ok(sums)
        };
        let input = self.input.clone();
        let is_trained = self.findings.is_some();
        let mut reals = is_trained
            .then(|| RealNetwork::new(self.graph, &self.weights, input.clone()))
            .flatten();
        let (mut fidelity, mut ratios) = (None, Vec::new());
        let done = |_, _: &LayerReport, values: &Array3<f64>| {
            let Some(real) = reals.as_mut().and_then(RealNetwork::step) else { return };
            ratios.push(signal_to_noise_db(values, real));
            // That of the last node stays.
            fidelity = Some(Fidelity::of(values, real));
        };
        let outcome = network::run(self.graph, &self.weights, input, convolve, done);
        let output = outcome.map_err(|error| self.failed(error))?.output;
        Ok(Expected { output, fidelity, signal_to_noise_db: ratios })
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
}

/// Whether the weights of all layers, what the client holds of activations, and the layer that needs
/// the most, so many bytes, have room.
fn require_network(spec: &NetworkSpec, graph: &Graph, largest: u64) -> Result<(), JobError> {
    let allowed = spec.layers.iter().map(|run| run.max_memory).min().unwrap_or(u64::MAX);
    // A result, the shortcut that is added to it, and copies of both while they change; the same of the
    // network in real values, of which the weights of a layer are made beside those that are kept.
    let nodes = || graph.nodes().iter();
    let activations =
        nodes().map(|node| 8 * array_bytes::<i64>(&node.layer.output_shape())).max().unwrap_or(0);
    let reals =
        nodes().map(|node| array_bytes::<f64>(&node.layer.weight_shape())).max().unwrap_or(0);
    let file = spec.weights.as_deref();
    let loading = nodes().map(|node| loading_bytes(&node.layer, file)).max().unwrap_or(0);
    let each = size_of::<i8>() + if file.is_some() { size_of::<f32>() } else { 0 };
    let weights = graph.weight_count().saturating_mul(each as u64);
    let all = [weights, largest.max(loading).max(reals), activations];
    require(Work::Network, all.into_iter().fold(0, u64::saturating_add), allowed)
}

/// The input in real values: an array, a picture, or the built-in picture.
fn input(spec: &NetworkSpec, graph: &Graph) -> Result<Array3<f64>, JobError> {
    let form = graph.input_form();
    if let Some(path) = &spec.input {
        let (shape, Width { bits, signed }) = (graph.input_shape(), form.width);
        let (integers, _) = read_activations(path, shape, bits, Some(signed))?;
        let scale = form.scale();
        return Ok(integers.mapv(|integer| integer as f64 * scale));
    }
    let picture = match &spec.image {
        Some(path) => {
            let allowed = spec.layers.iter().map(|run| run.max_memory).min().unwrap_or(u64::MAX);
            read_picture(path, allowed)?
        }
        None => builtin_image(DEFAULT_IMAGE)?,
    };
    let picture = picture.resized(spec.resize);
    Ok(form.reals(picture_values(&picture, graph.input_shape(), &spec.network.name)?))
}
