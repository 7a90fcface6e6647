//! Networks of presets.

use std::path::{Path, PathBuf};

use ndarray::{Array3, ArrayD};

use super::course::{Convolve, Course, Done, LayerFacts, NetworkOutput, Reals};
use super::executor::Executor;
use super::{Finished, NetworkObserver, NetworkResult};
use crate::job::memory::{array_bytes, loading_bytes};
use crate::job::{DEFAULT_SEED, JobError, RunSpec};
use crate::network::{
    self, Findings, Graph, LayerReport, Note, RealNetwork, RunError, Weights, Width,
};
use crate::preset::Network;
use crate::report::NetworkRecord;
use crate::tensor::{Resize, builtin_image, picture_values, read_activations, read_picture};

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

/// A network that has been checked and can run.
pub struct PreparedNetwork<'a> {
    executor: Executor<'a>,
    course: GraphCourse<'a>,
}

/// A graph with its weights, on an input.
struct GraphCourse<'a> {
    name: &'a str,
    graph: &'a Graph,
    weights: Weights,
    /// What is in the file of weights, if there is one.
    findings: Option<Findings>,
    /// Real values, normalised.
    input: Array3<f64>,
    labels: Option<Vec<String>>,
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
    let seed = runs.first().map_or(DEFAULT_SEED, RunSpec::data_seed);
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
        let name = spec.network.name.as_str();
        let graph =
            spec.network.graph.as_ref().ok_or_else(|| JobError::NotAGraph(name.to_owned()))?;
        let executor = Executor::new(name, graph.nodes().len(), &spec.layers, &spec.finished)?;
        executor.require(held_bytes(graph, spec.weights.as_deref(), executor.largest()))?;
        let seed = spec.layers.first().map_or(DEFAULT_SEED, RunSpec::data_seed);
        let (weights, findings) = weights(graph, spec.weights.as_deref(), seed)?;
        let (input, labels) = (input(spec, graph)?, None);
        let course = GraphCourse { name, graph, weights, findings, input, labels };
        Ok(Self { executor, course })
    }

    /// The same, the classes of whose output have names.
    pub fn with_labels(mut self, labels: Option<Vec<String>>) -> Self {
        self.course.labels = labels;
        self
    }

    /// What there is to know before the run: of the file of weights, and which layers may exceed the
    /// plaintext modulus.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = self.course.findings.as_ref().map(Findings::notes).unwrap_or_default();
        notes.extend(self.executor.notes(&self.course.layers()));
        notes
    }

    /// Runs all layers.
    ///
    /// # Errors
    /// [`JobError`] where a layer fails, or the run is cancelled.
    pub fn run(&self, observer: &dyn NetworkObserver) -> Result<NetworkResult, JobError> {
        self.executor.run(&self.course, observer)
    }
}

impl Course for GraphCourse<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn layers(&self) -> Vec<LayerFacts<'_>> {
        let nodes = self.graph.nodes().iter().zip(self.weights.layers());
        let is_trained = self.findings.is_some();
        let facts = nodes.map(|(node, weights)| LayerFacts {
            name: node.spec.name(),
            largest_sum: weights.largest_sum(&node.layer),
            dead: is_trained.then(|| [weights.weights.dim().0, weights.zero_channels()]),
        });
        facts.collect()
    }

    fn scales(&self, layer: usize) -> Option<Vec<f64>> {
        let weights = self.weights.layers().get(layer).filter(|_| self.findings.is_some());
        weights.map(|weights| weights.scales.to_vec())
    }

    fn labels(&self) -> Option<&[String]> {
        self.labels.as_deref()
    }

    fn run(
        &self,
        convolve: &mut Convolve<'_>,
        done: &mut Done<'_>,
    ) -> Result<Vec<NetworkOutput>, JobError> {
        let done = |index, report: &LayerReport, values: &Array3<f64>| {
            done(index, report.clone(), values.view().into_dyn());
        };
        let outcome = network::run(self.graph, &self.weights, self.input.clone(), convolve, done);
        let outcome = outcome.map_err(|error| match error {
            RunError::Convolution { source, .. } => source,
            other => {
                let network = self.name.to_owned();
                JobError::Network { network, problem: other.to_string() }
            }
        })?;
        Ok(self.outputs(outcome.outputs.into_iter()))
    }

    fn reals(&self) -> Result<Option<Box<dyn Reals + '_>>, JobError> {
        let is_trained = self.findings.is_some();
        let new = || RealNetwork::new(self.graph, &self.weights, self.input.clone());
        let network = is_trained.then(new).flatten();
        Ok(network.map(|network| Box::new(GraphReals { course: self, network }) as Box<dyn Reals>))
    }

    fn complete(&self, record: &mut NetworkRecord) {
        record.unused_tensors = self.findings.as_ref().map_or(&[][..], Findings::unused).to_vec();
    }
}

impl GraphCourse<'_> {
    fn outputs(&self, values: impl Iterator<Item = Array3<f64>>) -> Vec<NetworkOutput> {
        let names = self.graph.outputs().iter().map(|place| self.graph.nodes()[*place].spec.name());
        let output = |(name, values): (&str, Array3<f64>)| NetworkOutput {
            name: name.to_owned(),
            values: values.into_dyn(),
        };
        names.zip(values).map(output).collect()
    }
}

struct GraphReals<'a> {
    course: &'a GraphCourse<'a>,
    network: RealNetwork<'a>,
}

impl Reals for GraphReals<'_> {
    fn next_layer(&mut self) -> Option<ArrayD<f64>> {
        self.network.step().map(|values| values.clone().into_dyn())
    }

    fn outputs(&mut self) -> Vec<NetworkOutput> {
        self.course.outputs(self.network.outputs().cloned())
    }
}

/// Bytes of the weights of all layers, of what the client holds of activations, and of the layer that
/// needs the most, `largest`.
fn held_bytes(graph: &Graph, file: Option<&Path>, largest: u64) -> u64 {
    // A result, the shortcut that is added to it, and copies of both while they change; the same of the
    // network in real values, of which the weights of a layer are made beside those that are kept. What
    // several results are put together to is held beside.
    let nodes = || graph.nodes().iter();
    let activations =
        nodes().map(|node| 8 * array_bytes::<i64>(&node.layer.output_shape())).max().unwrap_or(0);
    let is_made = |node: &&network::Node| node.inputs.len() > 1 || node.spec.is_dense;
    let joined =
        nodes().filter(is_made).map(|node| 4 * array_bytes::<i64>(&node.layer.input_shape()));
    let activations = activations.saturating_add(joined.max().unwrap_or(0));
    let reals =
        nodes().map(|node| array_bytes::<f64>(&node.layer.weight_shape())).max().unwrap_or(0);
    let loading = nodes().map(|node| loading_bytes(&node.layer, file)).max().unwrap_or(0);
    let each = size_of::<i8>() + if file.is_some() { size_of::<f32>() } else { 0 };
    let weights = graph.weight_count().saturating_mul(each as u64);
    let all = [weights, largest.max(loading).max(reals), activations];
    all.into_iter().fold(0, u64::saturating_add)
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
