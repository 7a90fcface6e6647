//! Runs that were recorded, so that they can be shown again without being run.
//!
//! Inputs and outputs are not kept: the input is the layer's own, and the output is the plain
//! convolution, as the record of every recorded run says.

use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::form::Form;
use super::network::NetworkOutcome;
use crate::arith::kernels::{Backend, Reduction};
use crate::conv::{AlgorithmKind, Observer, Stage};
use crate::job::{
    Finished, JobError, JobEvent, ModelSpec, NetworkObserver, OpenedModel, RunResult, RunSpec,
    Worker,
};
use crate::preset::{Catalogue, LayerPreset, PresetError};
use crate::report::{Fault, Record};

/// The recording in this program.
const EMBEDDED: &str = include_str!("../../assets/recording.json");

/// The backend of replays, whose costs they predict with, and of recordings where a machine has it: the one
/// that most machines have.
pub(super) const BACKEND: Backend = Backend::Avx2;

/// What is recorded, on the demo layer.
const RUNS: [(AlgorithmKind, Reduction); 6] = [
    (AlgorithmKind::Conventional, Reduction::Lazy),
    (AlgorithmKind::Hadamard, Reduction::Lazy),
    (AlgorithmKind::HadamardFused, Reduction::Eager),
    (AlgorithmKind::HadamardFused, Reduction::Lazy),
    (AlgorithmKind::Coefficient, Reduction::Lazy),
    (AlgorithmKind::Interleaved, Reduction::Lazy),
];

/// Why there is no recording, or why it cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It is no recording.
    #[error("recording: {0}")]
    Json(#[from] serde_json::Error),
    /// A preset is wrong.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// A run's data are wrong.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The worker cannot be started.
    #[error("cannot start the worker: {0}")]
    Worker(#[from] std::io::Error),
    /// A run did not come to its end.
    #[error("a run did not end well: {0}")]
    Failed(String),
    /// A run was not exact, so its output is not the plain convolution.
    #[error("the run of {algorithm}: {fault}")]
    Wrong {
        /// The algorithm.
        algorithm: String,
        /// What is wrong.
        fault: Fault,
    },
    /// Nothing like it was recorded.
    #[error("no run of {algorithm} {reduction} on {layer} was recorded")]
    NotRecorded {
        /// The layer.
        layer: String,
        /// The algorithm.
        algorithm: &'static str,
        /// The reduction mode.
        reduction: &'static str,
    },
}

/// Recorded runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    pub(super) runs: Vec<RecordedRun>,
    /// The run of the model that is built in; absent in recordings of versions without one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) network: Option<RecordedNetwork>,
}

/// The recorded run of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordedNetwork {
    /// Its layers.
    pub layers: Vec<Finished>,
    /// What it came to.
    pub outcome: NetworkOutcome,
}

/// Keeps the layers of a network's run.
#[derive(Default)]
struct Layers(Mutex<Vec<Finished>>);

impl Observer for Layers {
    fn enter(&self, _: Stage, _: u64) {}

    fn advance(&self, _: Stage, _: u64) {}

    fn measured(&self, _: Stage, _: f64) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

impl NetworkObserver for Layers {
    fn layer(&self, _: usize) {}

    fn finished(&self, _: usize, layer: &Finished) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(layer.clone());
    }
}

/// The run of a form, to be recorded.
fn recorded(form: &Form) -> RunSpec {
    let spec = form.spec(crate::memory::default_limit());
    RunSpec { backend: if BACKEND.is_available() { BACKEND } else { spec.backend }, ..spec }
}

impl RecordedNetwork {
    /// Runs the built-in model as `demo` says.
    fn make(demo: &Form) -> Result<Self, RecordingError> {
        let max_memory = crate::memory::default_limit();
        let model = OpenedModel::builtin(max_memory)?;
        let form = |layer: &LayerPreset| Form { layer: layer.clone(), ..demo.clone() };
        let layers = model.layers().iter().map(|layer| recorded(&form(layer))).collect();
        let spec = ModelSpec { layers, labels: model.labels(), finished: Vec::new() };
        let told = Layers::default();
        let record = model.run(&spec, &told)?.record;
        if !record.verdict.is_exact() {
            let problem = format!("the network's output is {}", record.verdict.label());
            return Err(RecordingError::Failed(problem));
        }
        let mut layers = told.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (finished, layer) in layers.iter_mut().zip(&record.layers) {
            finished.layer.signal_to_noise_db = layer.signal_to_noise_db;
        }
        Ok(Self { layers, outcome: (&record).into() })
    }
}

/// A recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordedRun {
    /// What the worker told, and when, in milliseconds since the start.
    pub events: Vec<(u64, RecordedEvent)>,
    /// When it was finished.
    pub finished_ms: u64,
    /// Its record.
    pub record: Record,
    /// The top eight bits of the words of the first uploaded ciphertext, in hexadecimal.
    pub ciphertext: String,
}

/// What the worker told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RecordedEvent {
    /// A stage and its steps.
    Entered(#[serde(with = "stage")] Stage, u64),
    /// A stage and its steps done.
    Advanced(#[serde(with = "stage")] Stage, u64),
    /// A stage and its milliseconds so far.
    Spent(#[serde(with = "stage")] Stage, u64),
    /// A stage and its noise budget.
    Measured(#[serde(with = "stage")] Stage, f64),
}

/// Stages by their names.
mod stage {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    use super::Stage;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub fn serialize<S: Serializer>(stage: &Stage, serializer: S) -> Result<S::Ok, S::Error> {
        stage.name().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Stage, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = Stage::ALL.into_iter().find(|stage| stage.name() == name);
        found.ok_or_else(|| D::Error::custom(format!("unknown stage {name:?}")))
    }
}

impl RecordedEvent {
    /// The event to be kept; `None` for the last of a job.
    const fn new(event: &JobEvent) -> Option<Self> {
        match *event {
            JobEvent::Entered { stage, units } => Some(Self::Entered(stage, units)),
            JobEvent::Advanced { stage, done } => Some(Self::Advanced(stage, done)),
            JobEvent::Spent { stage, ms } => Some(Self::Spent(stage, ms)),
            JobEvent::Measured { stage, budget_bits } => Some(Self::Measured(stage, budget_bits)),
            _ => None,
        }
    }
}

impl From<RecordedEvent> for JobEvent {
    fn from(event: RecordedEvent) -> Self {
        match event {
            RecordedEvent::Entered(stage, units) => Self::Entered { stage, units },
            RecordedEvent::Advanced(stage, done) => Self::Advanced { stage, done },
            RecordedEvent::Spent(stage, ms) => Self::Spent { stage, ms },
            RecordedEvent::Measured(stage, budget_bits) => Self::Measured { stage, budget_bits },
        }
    }
}

impl RecordedRun {
    /// Words of the modulus's size with the recorded top bits.
    pub fn words(&self) -> Vec<u64> {
        let limb = self.record.params.limbs.first().copied().unwrap_or(1);
        let shift = limb.ilog2().saturating_sub(7);
        let digit = |byte: &u8| u64::from(char::from(*byte).to_digit(16).unwrap_or(0));
        let digits: Vec<u64> = self.ciphertext.as_bytes().iter().map(digit).collect();
        digits.chunks_exact(2).map(|pair| (16 * pair[0] + pair[1]) << shift).collect()
    }

    /// Runs on the worker, by the real clock.
    fn make(worker_spec: RunSpec) -> Result<Self, RecordingError> {
        let (sender, told) = channel();
        let start = Instant::now();
        let worker = Worker::spawn(move |_, event| {
            // The receiver lives until the worker is done.
            let _ = sender.send((start.elapsed().as_millis() as u64, event));
        })?;
        worker.start(1, worker_spec);
        let mut events = Vec::new();
        for (ms, event) in told {
            if let Some(event) = RecordedEvent::new(&event) {
                events.push((ms, event));
                continue;
            }
            let JobEvent::Finished(result) = event else {
                return Err(RecordingError::Failed(format!("{event:?}")));
            };
            let RunResult { record, upload_sample, .. } = *result;
            if let Some(fault) = record.fault() {
                return Err(RecordingError::Wrong { algorithm: record.algorithm, fault });
            }
            let shift = record.params.limbs.first().copied().unwrap_or(1).ilog2().saturating_sub(7);
            let digits = upload_sample.iter().map(|word| (word >> shift) as u8);
            let digits = digits.flat_map(|byte| [byte >> 4, byte & 15].map(u32::from));
            let ciphertext = digits.filter_map(|digit| char::from_digit(digit, 16)).collect();
            return Ok(Self { events, finished_ms: ms, record, ciphertext });
        }
        Err(RecordingError::Failed("the worker ended".into()))
    }
}

impl Recording {
    /// The recording in this program.
    ///
    /// # Errors
    /// That it is none.
    pub fn embedded() -> Result<Self, RecordingError> {
        Ok(serde_json::from_str(EMBEDDED)?)
    }

    /// Runs everything that is recorded `tries` times on this machine, one after the other, and
    /// keeps of each the run in the middle by its total time.
    ///
    /// # Errors
    /// That a run failed or gave a wrong result.
    pub fn make(threads: usize, tries: u32) -> Result<Self, RecordingError> {
        let demo = Form::demo(&Catalogue::builtin()?, threads)?;
        let network = |_| RecordedNetwork::make(&demo);
        let made = (0..tries).map(network).collect::<Result<Vec<_>, _>>()?;
        let network = middle(made, |run| run.outcome.totals.total_ms);
        let mut runs = Vec::new();
        for (algorithm, reduction) in RUNS {
            let form = Form { algorithm, reduction, ..demo.clone() };
            let mut made = Vec::new();
            for _ in 0..tries {
                made.push(RecordedRun::make(recorded(&form))?);
            }
            runs.extend(middle(made, |run| run.record.latency_ms.total));
        }
        Ok(Self { runs, network })
    }

    /// The recording as a file, one event a line.
    ///
    /// # Errors
    /// That a figure is not finite.
    pub fn to_json(&self) -> Result<String, RecordingError> {
        let text = serde_json::to_string(self)?;
        Ok(text.replace(",[", ",\n[").replace("{\"events\":[[", "\n{\"events\":[\n[") + "\n")
    }

    /// The recorded run of `spec`.
    pub(super) fn find(&self, spec: &RunSpec) -> Result<&RecordedRun, RecordingError> {
        let (layer, algorithm) = (spec.layer.full_name(), spec.algorithm.name());
        let reduction = spec.reduction.name();
        let found = self.runs.iter().find(|run| {
            let record = &run.record;
            record.layer.name == layer
                && record.params.name == spec.params.name
                && record.algorithm == algorithm
                && record.reduction == reduction
        });
        found.ok_or(RecordingError::NotRecorded { layer, algorithm, reduction })
    }
}

/// The run in the middle by its `time`, of several.
fn middle<T>(mut runs: Vec<T>, time: impl Fn(&T) -> f64) -> Option<T> {
    runs.sort_by(|a, b| time(a).total_cmp(&time(b)));
    let place = runs.len().saturating_sub(1) / 2;
    runs.into_iter().nth(place)
}
