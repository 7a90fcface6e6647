//! ONNX models.

use ndarray::{Array1, ArrayD};

use super::course::{Convolve, Course, Done, LayerFacts, NetworkOutput, Reals};
use super::executor::{Executor, Expected};
use super::{Finished, NetworkObserver, NetworkResult};
use crate::bfv::ParamsSpec;
use crate::conv::Silent;
use crate::job::{JobError, RunSpec};
use crate::network::onnx::{ClientLayer, Given, Reference, Served, ServedLayer, ServedOutput};
use crate::network::{Fidelity, LayerReport, Note, RunError, best_class};
use crate::preset::LayerPreset;
use crate::report::{ClientWork, NetworkRecord};

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
        let preset = LayerPreset::new(layer.spec.clone(), Some(served.name().to_owned()));
        let largest_output = Some(layer.largest_sum());
        RunSpec { largest_output, ..RunSpec::new(preset, params.clone()) }
    };
    served.layers().iter().map(run).collect()
}

/// A model that has been checked and can run, on one input after the other.
pub struct PreparedModel<'a> {
    executor: Executor<'a>,
    served: &'a Served<'a>,
    labels: Option<&'a [String]>,
}

impl<'a> PreparedModel<'a> {
    /// Checks every layer; nothing runs.
    ///
    /// # Errors
    /// [`JobError`] naming what is wrong.
    pub fn new(served: &'a Served<'a>, spec: &'a ModelSpec) -> Result<Self, JobError> {
        let layers = served.layers();
        let executor = Executor::new(served.name(), layers.len(), &spec.layers, &spec.finished)?;
        // Integers and the floats that they were made of, and of each layer what it gives, twice.
        let weights = |layer: &ServedLayer| (layer.layer.weight_count() * 5) as u64;
        let values =
            |layer: &ServedLayer| layer.layer.output_shape().iter().product::<usize>() as u64;
        let held: u64 = layers.iter().map(|layer| weights(layer) + 8 * values(layer)).sum();
        executor.require(executor.largest().saturating_add(held))?;
        Ok(Self { executor, served, labels: spec.labels.as_deref() })
    }

    /// What there is to know before the run.
    pub fn notes(&self) -> Vec<Note> {
        self.executor.notes(&facts(self.served))
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
        let course = ModelCourse { served: self.served, given, labels: self.labels };
        self.executor.run(&course, observer)
    }
}

/// A model on an input.
struct ModelCourse<'a> {
    served: &'a Served<'a>,
    given: &'a Given,
    labels: Option<&'a [String]>,
}

fn facts<'a>(served: &'a Served<'_>) -> Vec<LayerFacts<'a>> {
    let facts = |layer: &'a ServedLayer| LayerFacts {
        name: &layer.name,
        largest_sum: layer.largest_sum(),
        dead: Some([layer.weights.dim().0, layer.zero_channels()]),
    };
    served.layers().iter().map(facts).collect()
}

impl Course for ModelCourse<'_> {
    fn name(&self) -> &str {
        self.served.name()
    }

    fn layers(&self) -> Vec<LayerFacts<'_>> {
        facts(self.served)
    }

    fn scales(&self, layer: usize) -> Option<Vec<f64>> {
        self.served.layers().get(layer).map(|layer| layer.scales.to_vec())
    }

    fn labels(&self) -> Option<&[String]> {
        self.labels
    }

    fn run(
        &self,
        convolve: &mut Convolve<'_>,
        done: &mut Done<'_>,
    ) -> Result<Vec<NetworkOutput>, JobError> {
        let done = |index, report: LayerReport, values: &[f32]| {
            done(index, report, doubles(values).view());
        };
        let outputs = self.served.run(self.given, convolve, done).map_err(|error| match error {
            RunError::Convolution { source, .. } => source,
            RunError::Model(source) => JobError::Model(source),
            other => {
                let network = self.name().to_owned();
                JobError::Network { network, problem: other.to_string() }
            }
        })?;
        Ok(outputs.into_iter().map(NetworkOutput::from).collect())
    }

    fn reals(&self) -> Result<Option<Box<dyn Reals + '_>>, JobError> {
        let Reference { outputs, layers, .. } = self.served.reference(self.given)?;
        Ok(Some(Box::new(ModelReals { layers: layers.into_iter(), outputs })))
    }

    fn complete(&self, record: &mut NetworkRecord) {
        let each =
            |layer: &ClientLayer| format!("{} ({}): {}", layer.name, layer.operator, layer.reason);
        record.client = Some(ClientWork {
            operators: self.served.client_operators(),
            layers: self.served.client_layers().iter().map(each).collect(),
        });
    }
}

struct ModelReals {
    layers: std::vec::IntoIter<Vec<f32>>,
    outputs: Vec<ServedOutput>,
}

impl Reals for ModelReals {
    fn next_layer(&mut self) -> Option<ArrayD<f64>> {
        self.layers.next().map(|values| doubles(&values))
    }

    fn outputs(&mut self) -> Vec<NetworkOutput> {
        std::mem::take(&mut self.outputs).into_iter().map(NetworkOutput::from).collect()
    }
}

impl From<ServedOutput> for NetworkOutput {
    fn from(output: ServedOutput) -> Self {
        let row = doubles(&output.values);
        let values = row.clone().into_shape_with_order(output.shape).unwrap_or(row);
        Self { name: output.name, values }
    }
}

/// The values as one row.
fn doubles(values: &[f32]) -> ArrayD<f64> {
    let row: Array1<f64> = values.iter().copied().map(f64::from).collect();
    row.into_dyn()
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
    let expected = Expected::of(&ModelCourse { served, given, labels: None }, &Silent)?;
    let class = |outputs: &[NetworkOutput]| best_class(&outputs.first()?.scores()?);
    let no_output = || JobError::Network {
        network: served.name().to_owned(),
        problem: "it has no output".into(),
    };
    Ok(Quick {
        class: class(&expected.outputs),
        float_class: class(&expected.reals),
        fidelity: expected.fidelity().ok_or_else(no_output)?,
    })
}
