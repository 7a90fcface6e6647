//! The record of a network, with the stable names of its JSON form.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::verdict::tell;
use super::{
    Communication, LatencyMs, Machine, OperationCounts, Record, SCHEMA, Storage, Verdict,
    process_peak_bytes, rounded,
};
use crate::network::{Answer, Fidelity, LayerReport};

/// Everything about one run of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkRecord {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The version of this program.
    pub heconv_version: String,
    /// The machine.
    pub machine: Machine,
    /// The network's name.
    pub network: String,
    /// The protocol between client and server.
    pub protocol: &'static str,
    /// The worst of the layers; wrong where the output differs from that of the plain network.
    #[serde(flatten, serialize_with = "tell")]
    pub verdict: Verdict,
    /// Values of the network's output.
    pub output_values: usize,
    /// How many of them differ from the plain integer network.
    pub output_mismatches: usize,
    /// What a 1 in the network's input stands for.
    pub input_scale: f64,
    /// What a 1 in the output stands for: 1, as its values are real.
    pub output_scale: f64,
    /// The outputs, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputRecord>,
    /// The first output beside that of the same network in real values, where weights come from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<Fidelity>,
    /// Tensors of the file of weights that nothing uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused_tensors: Vec<String>,
    /// The layers, in the order of the network.
    pub layers: Vec<NetworkLayer>,
    /// All layers together.
    pub totals: NetworkTotals,
    /// Milliseconds from the first layer's keys to the last layer's result, verification included.
    pub wall_ms: f64,
    /// The most memory that this process has held until the end of the run, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_peak_bytes: Option<u64>,
    /// The same network in another way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
    /// Which classes the output ranks first, where it is a list of scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// What the client of a model computes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientWork>,
}

/// One of several outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputRecord {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl NetworkRecord {
    /// The record of a network that has just been run on this machine in `wall`: its `layers`, the keys
    /// of all of them, and of how many values of the output how many are wrong. What not every network
    /// has is absent.
    pub fn new(
        network: String,
        layers: Vec<NetworkLayer>,
        keys: KeyBytes,
        [output_values, output_mismatches]: [usize; 2],
        wall: Duration,
    ) -> Self {
        let activations = layers.iter().map(|layer| layer.activation_ms).sum();
        Self {
            schema: SCHEMA,
            heconv_version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Machine::detect(),
            network,
            protocol: "client-aided",
            verdict: Verdict::of_network(&layers, output_mismatches),
            output_values,
            output_mismatches,
            // The first layer takes the network's input.
            input_scale: layers.first().map_or(1.0, |layer| layer.activation.input_scale),
            output_scale: 1.0,
            outputs: Vec::new(),
            fidelity: None,
            unused_tensors: Vec::new(),
            totals: NetworkTotals::of(layers.iter().map(|layer| &layer.record), activations, keys),
            layers,
            wall_ms: rounded(wall.as_secs_f64() * 1e3, 3),
            process_peak_bytes: process_peak_bytes(),
            comparisons: Vec::new(),
            answer: None,
            client: None,
        }
    }
}

/// What the client of a model computes in floats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClientWork {
    /// Its operators, and how often each.
    pub operators: BTreeMap<String, usize>,
    /// Convolutions and matrix products that the server could not compute, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
}

/// One convolution of a network, and what the client did with its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkLayer {
    /// The run.
    #[serde(flatten)]
    pub record: Record,
    /// What followed: shortcut, activation, pooling, quantisation.
    pub activation: LayerReport,
    /// The result beside that of the same layer in the network of real values: ten times the decimal
    /// logarithm of the squares of real values over those of what quantisation, here and in the layers
    /// before, makes of them. Absent where weights are not from a file, or nothing differs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signal_to_noise_db: Option<f64>,
    /// Milliseconds that took.
    pub activation_ms: f64,
}

/// The layer of several with the least signal to quantisation noise, by its place.
pub fn noisiest<'a>(layers: impl IntoIterator<Item = &'a NetworkLayer>) -> Option<usize> {
    let ratios: Vec<Option<f64>> =
        layers.into_iter().map(|layer| layer.signal_to_noise_db).collect();
    let told = ratios.iter().enumerate().filter_map(|(place, ratio)| Some((place, (*ratio)?)));
    let least = told.min_by(|a, b| a.1.total_cmp(&b.1));
    least.filter(|_| ratios.len() > 1).map(|(place, _)| place)
}

/// The layers of a network together: times and messages added up, the server's peak that of the
/// layer with the largest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkTotals {
    /// How many layers.
    pub layers: usize,
    /// Times; `total` has no activations in it.
    pub latency_ms: LatencyMs,
    /// The client's work: encrypting, decrypting and activations.
    pub client_ms: f64,
    /// From the first encryption to the last result: `latency_ms.total` and activations.
    pub total_ms: f64,
    /// Weights added up; keys, each once; the largest peak.
    pub storage_bytes: Storage,
    /// Messages added up; keys, each once.
    pub communication_bytes: Communication,
    /// The server's work.
    pub operations: OperationCounts,
}

/// Keys that a network needs, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyBytes {
    /// In the server's memory.
    pub stored: u64,
    /// In the messages to the server, one for each parameter set.
    pub sent: u64,
}

impl KeyBytes {
    /// What a layer takes that by itself takes `needed` bytes, `own` of them its keys: the keys of all
    /// layers are held together, and its own are among them.
    pub const fn beside(self, needed: u64, own: u64) -> u64 {
        needed.saturating_add(self.stored.saturating_sub(own))
    }
}

impl NetworkTotals {
    /// The totals of `records`, with `activations` in milliseconds.
    pub fn of<'a>(
        records: impl Iterator<Item = &'a Record>,
        activations: f64,
        keys: KeyBytes,
    ) -> Self {
        let mut all = Self {
            layers: 0,
            latency_ms: LatencyMs::default(),
            client_ms: 0.0,
            total_ms: 0.0,
            storage_bytes: Storage { weights: 0, galois_keys: keys.stored, server_peak: 0 },
            communication_bytes: Communication {
                upload: 0,
                download: 0,
                keys: keys.sent,
                predicted_upload: None,
                predicted_download: None,
            },
            operations: OperationCounts::default(),
        };
        for record in records {
            all.layers += 1;
            all.latency_ms.add(&record.latency_ms);
            all.storage_bytes.weights += record.storage_bytes.weights;
            let own = &record.storage_bytes;
            let peak = &mut all.storage_bytes.server_peak;
            *peak = (*peak).max(keys.beside(own.server_peak, own.galois_keys));
            all.communication_bytes.upload += record.communication_bytes.upload;
            all.communication_bytes.download += record.communication_bytes.download;
            all.operations.add(&record.operations);
        }
        let time = &all.latency_ms;
        all.client_ms = rounded(time.encrypt + time.decrypt + activations, 3);
        all.total_ms = rounded(time.total + activations, 3);
        all
    }

    /// Upload and download.
    pub const fn communication(&self) -> u64 {
        self.communication_bytes.upload + self.communication_bytes.download
    }
}

/// The layers of a network run in another way, each by itself, and how that compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// A short name.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// The worst of the layers.
    #[serde(flatten, serialize_with = "tell")]
    pub verdict: Verdict,
    /// The layers, in the order of the network; most with `extrapolated_from`.
    pub layers: Vec<Record>,
    /// All layers together.
    pub totals: NetworkTotals,
    /// Its figures over those of the network's run: how many times better the run was.
    pub ratios: Ratios,
}

/// How many times the figures of a run those of another are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
    /// The server's time.
    pub server: f64,
    /// From the first encryption to the last result, transfer included.
    pub latency: f64,
    /// The server's peak memory.
    pub memory: f64,
    /// Upload and download.
    pub communication: f64,
    /// Stored weights.
    pub weights: f64,
}

impl Ratios {
    /// The figures of `other` over those of `run`.
    pub fn of(other: &NetworkTotals, run: &NetworkTotals) -> Self {
        let ratio = |a: f64, b: f64| rounded(a / b.max(f64::MIN_POSITIVE), 3);
        let bytes = |a: u64, b: u64| ratio(a as f64, b as f64);
        Self {
            server: ratio(other.latency_ms.server, run.latency_ms.server),
            latency: ratio(other.total_ms, run.total_ms),
            memory: bytes(other.storage_bytes.server_peak, run.storage_bytes.server_peak),
            communication: bytes(other.communication(), run.communication()),
            weights: bytes(other.storage_bytes.weights, run.storage_bytes.weights),
        }
    }
}
