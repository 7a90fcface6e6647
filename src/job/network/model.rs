//! A whole ONNX model in the client-aided protocol.
//!
//! As with networks of presets, every layer of the server is a run like any other, held against the plain
//! convolution; the client computes the rest. At the end the outputs are held against the model with
//! plain convolutions, and against the model in floats.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use ndarray::Array3;

use super::keys::{Keys, Sessions};
use super::layer::{Half, convolve};
use super::{Finished, NetworkObserver, NetworkResult, overflow};
use crate::bfv::ParamsSpec;
use crate::job::data::FromFile;
use crate::job::memory::{Work, require};
use crate::job::{JobError, Prepared, RunSpec};
use crate::network::onnx::{Given, Reference, Served, ServedLayer, ServedOutput};
use crate::network::{
    Answer, Convolution, Fidelity, LayerReport, Note, RunError, best_class, plain,
    signal_to_noise_db,
};
use crate::preset::LayerPreset;
use crate::report::{ClientWork, NetworkLayer, NetworkRecord, rounded};

/// How a model's layers are run.
#[derive(Clone, Debug)]
pub struct ModelSpec {
    /// Of each layer, in order; data are those of the model.
    pub layers: Vec<RunSpec>,
    /// Names of the classes of the first output.
    pub labels: Option<Vec<String>>,
    /// Layers that an earlier run has finished.
    pub finished: Vec<Finished>,
}

/// A run of each layer of a model with the same parameters; its weights bound its sums. Noise is
/// predicted for seeded weights of the same widths.
pub fn model_runs(served: &Served<'_>, params: &ParamsSpec) -> Vec<RunSpec> {
    let run = |layer: &ServedLayer| {
        let preset = LayerPreset {
            spec: layer.spec.clone(),
            network: Some(served.name().to_owned()),
            filters: None,
            image: None,
            origin: None,
        };
        let largest_output = Some(layer.largest_sum());
        RunSpec { largest_output, ..RunSpec::new(preset, params.clone()) }
    };
    served.layers().iter().map(run).collect()
}

/// A model that has been checked and can run.
pub struct PreparedModel<'a> {
    served: &'a Served<'a>,
    spec: &'a ModelSpec,
    layers: Vec<Prepared<'a>>,
    keys: Keys,
}

/// What a run gave besides its outputs.
type Encrypted = (Vec<ServedOutput>, Vec<NetworkLayer>, Vec<Vec<f32>>);

impl<'a> PreparedModel<'a> {
    /// Checks every layer; nothing runs.
    ///
    /// # Errors
    /// [`JobError`] naming what is wrong.
    pub fn new(served: &'a Served<'a>, spec: &'a ModelSpec) -> Result<Self, JobError> {
        let (given, needed) = (spec.layers.len(), served.layers().len());
        if given != needed {
            let network = served.name().to_owned();
            return Err(JobError::NetworkLayers { network, given, needed });
        }
        let layers: Vec<Prepared<'a>> =
            spec.layers.iter().map(Prepared::new).collect::<Result<_, _>>()?;
        let allowed = spec.layers.iter().map(|run| run.max_memory).min().unwrap_or(u64::MAX);
        let keys = Keys::of(&layers);
        let largest = keys.most_needed(&layers);
        // Integers and the floats that they were made of, and of each layer what it gives, twice.
        let weights = |layer: &ServedLayer| (layer.layer.weight_count() * 5) as u64;
        let values =
            |layer: &ServedLayer| layer.layer.output_shape().iter().product::<usize>() as u64;
        let held: u64 =
            served.layers().iter().map(|layer| weights(layer) + 8 * values(layer)).sum();
        require(Work::Network, largest.saturating_add(held), allowed)?;
        Ok(Self { served, spec, layers, keys })
    }

    /// What there is to know before the run.
    pub fn notes(&self) -> Vec<Note> {
        let layers = self.served.layers();
        let zeros = layers.iter().filter(|layer| layer.zero_channels() > 0).map(|layer| {
            format!("{} ({} of {})", layer.name, layer.zero_channels(), layer.weights.dim().0)
        });
        let zeros: Vec<String> = zeros.collect();
        let mut notes = Vec::new();
        if !zeros.is_empty() {
            let zeros = crate::network::listed(&zeros);
            let text = format!("output channels without any weight but 0: {zeros}");
            notes.push(Note::warning(text));
        }
        notes.extend(overflow::beyond(layers.iter().zip(&self.layers).map(|(layer, prepared)| {
            (layer.name.as_str(), layer.largest_sum(), prepared.params())
        })));
        notes
    }

    /// Runs all layers, and beside them the model with plain convolutions and in floats.
    ///
    /// # Errors
    /// [`JobError`] where a layer fails, or the run is cancelled.
    pub fn run(
        &self,
        given: &Given,
        observer: &dyn NetworkObserver,
    ) -> Result<NetworkResult, JobError> {
        let threads = self.spec.layers.first().map_or(1, |run| run.threads);
        let pool = crate::job::threads(threads)?;
        let begin = Instant::now();
        let sessions = Sessions::of(&self.layers, &self.keys);
        let encrypted = pool.install(|| self.encrypted(given, &sessions, observer));
        let (outputs, mut layers, values) = encrypted?;
        let wall = begin.elapsed();
        let expected = pool.install(|| plainly(self.served, given))?;
        let reference = self.served.reference(given)?;
        for ((layer, values), real) in layers.iter_mut().zip(&values).zip(&reference.layers) {
            let ratio = signal_to_noise_db(&row(values), &row(real));
            layer.signal_to_noise_db = ratio.map(|ratio| rounded(ratio, 2));
        }
        let record = self.record(&outputs, &expected, &reference, layers, wall);
        let output = outputs.first().map(planes).unwrap_or_default();
        Ok(NetworkResult { record, output })
    }

    fn record(
        &self,
        outputs: &[ServedOutput],
        expected: &[ServedOutput],
        reference: &Reference,
        layers: Vec<NetworkLayer>,
        wall: Duration,
    ) -> NetworkRecord {
        let values = |outputs: &[ServedOutput]| -> Vec<u32> {
            outputs.iter().flat_map(|output| &output.values).map(|value| value.to_bits()).collect()
        };
        // The same computation gives the same bits.
        let (found, expected) = (values(outputs), values(expected));
        let mismatches = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
        let first = outputs.first().zip(reference.outputs.first());
        let each = |layer: &crate::network::onnx::ClientLayer| {
            format!("{} ({}): {}", layer.name, layer.operator, layer.reason)
        };
        let (name, counts) = (self.served.name().to_owned(), [found.len(), mismatches]);
        NetworkRecord {
            fidelity: first
                .map(|(found, real)| Fidelity::of(&row(&found.values), &row(&real.values))),
            answer: first.and_then(|(found, real)| {
                let scores = scores(found)?;
                Answer::of(scores, &real.values, self.spec.labels.as_deref())
            }),
            client: Some(ClientWork {
                operators: self.served.client_operators(),
                layers: self.served.client_layers().iter().map(each).collect(),
            }),
            ..NetworkRecord::new(name, layers, self.keys.bytes(), counts, wall)
        }
    }

    /// The outputs with encrypted convolutions, the layers, and what each gave.
    fn encrypted(
        &self,
        given: &Given,
        sessions: &Sessions<'_>,
        observer: &dyn NetworkObserver,
    ) -> Result<Encrypted, JobError> {
        let (layers, values) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        // What is not a convolution is the client's: before a layer counts as its own.
        let idle = Cell::new(Instant::now());
        let half = Cell::new(None);
        let call = |call: &Convolution<'_>| {
            let before = idle.get().elapsed();
            let (run, prepared) = (&self.spec.layers[call.index], &self.layers[call.index]);
            let from_file = self.file_facts(call.index);
            let finished = &self.spec.finished;
            let layer = (prepared, run);
            let (done, sums) = convolve(call, layer, sessions, finished, from_file, observer)?;
            half.set(Some((done, before)));
            idle.set(Instant::now());
            Ok(sums)
        };
        let done = |index: usize, report: LayerReport, real: &[f32]| {
            let Some((half, before)) = half.take() else { return };
            let time = before + idle.get().elapsed();
            let half: Half = half;
            let finished = half.finish(report, time, self.file_facts(index));
            observer.finished(index, &finished);
            layers.borrow_mut().push(finished.layer);
            values.borrow_mut().push(real.to_vec());
            idle.set(Instant::now());
        };
        let outputs = self.served.run(given, call, done).map_err(|error| self.failed(error))?;
        let mut layers = layers.into_inner();
        if let Some(last) = layers.last_mut() {
            let after = idle.get().elapsed().as_secs_f64() * 1e3;
            last.activation_ms = rounded(last.activation_ms + after, 3);
        }
        Ok((outputs, layers, values.into_inner()))
    }

    /// What the model says of a layer.
    fn file_facts(&self, index: usize) -> FromFile {
        let layer = self.served.layers().get(index);
        let weight_scales = layer.map(|layer| layer.scales.to_vec());
        FromFile { weight_scales, notes: Vec::new() }
    }

    fn failed(&self, error: RunError<JobError>) -> JobError {
        failed(self.served.name(), error, |source| source)
    }
}

/// What went wrong with a run.
fn failed<E>(network: &str, error: RunError<E>, own: impl FnOnce(E) -> JobError) -> JobError {
    match error {
        RunError::Convolution { source, .. } => own(source),
        RunError::Model(source) => JobError::Model(source),
        RunError::NotFinite { of, value, at } => {
            let problem = format!("{of} has {value} at {at:?}");
            JobError::Network { network: network.to_owned(), problem }
        }
        RunError::Sums { layer, found, expected } => {
            let problem = format!("layer {layer}: {found}; expected {expected}");
            JobError::Network { network: network.to_owned(), problem }
        }
        RunError::Weights | RunError::InputShape { .. } => {
            JobError::Network { network: network.to_owned(), problem: "another input".into() }
        }
    }
}

/// The model with plain convolutions.
fn plainly(served: &Served<'_>, given: &Given) -> Result<Vec<ServedOutput>, JobError> {
    let run = served.run(given, plain, |_, _, _| ());
    run.map_err(|error: RunError<Infallible>| failed(served.name(), error, |never| match never {}))
}

/// What a model gives of a picture without encryption.
#[derive(Clone, Debug, PartialEq)]
pub struct Quick {
    /// The class that is ranked first with the layers' integers; `None` where the output is no list of
    /// scores.
    pub class: Option<usize>,
    /// The same of the model in floats.
    pub float_class: Option<usize>,
    /// The first output beside that in floats.
    pub fidelity: Fidelity,
}

/// Runs a model with plain convolutions, which is quick and gives what encrypted ones give, and in
/// floats.
///
/// # Errors
/// [`JobError`] where the client cannot compute a node.
pub fn quick(served: &Served<'_>, given: &Given) -> Result<Quick, JobError> {
    let outputs = plainly(served, given)?;
    let reference = served.reference(given)?;
    let first = |outputs: &[ServedOutput]| outputs.first().cloned();
    let empty = || ServedOutput { name: String::new(), shape: Vec::new(), values: Vec::new() };
    let [found, real] =
        [&outputs, &reference.outputs].map(|outputs| first(outputs).unwrap_or_else(empty));
    Ok(Quick {
        class: scores(&found).and_then(best_class),
        float_class: scores(&real).and_then(best_class),
        fidelity: Fidelity::of(&row(&found.values), &row(&real.values)),
    })
}

/// Scores of classes: an output that is one row.
fn scores(output: &ServedOutput) -> Option<&[f32]> {
    let long = output.shape.iter().filter(|side| **side > 1).count();
    (long == 1).then_some(output.values.as_slice())
}

fn row(values: &[f32]) -> Array3<f64> {
    let values = values.iter().map(|value| f64::from(*value)).collect();
    let row: Array3<f64> = ndarray::Array1::from_vec(values)
        .insert_axis(ndarray::Axis(0))
        .insert_axis(ndarray::Axis(0));
    row
}

/// An output as planes: of one picture its channels, of anything else one row.
fn planes(output: &ServedOutput) -> Array3<f64> {
    let all = row(&output.values);
    let shape = match output.shape[..] {
        [1, channels, rows, columns] => (channels, rows, columns),
        [1, channels] => (channels, 1, 1),
        _ => return all,
    };
    let (values, _) = all.into_raw_vec_and_offset();
    Array3::from_shape_vec(shape, values).unwrap_or_default()
}
