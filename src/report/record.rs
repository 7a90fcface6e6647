//! The record of a run, with the stable names of its JSON form.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::verdict::{Told, Verification};
use super::{Machine, NoiseBits};
use crate::bfv::Params;
use crate::bfv::wire::Parts;
use crate::conv::cost::StageTimes;
use crate::conv::sizes::Sizes;
use crate::conv::{Clock, Layer, Operations, Stage};

/// The version of the record's form.
pub const SCHEMA: u32 = 1;

/// Everything about one run. JSON has its verdict too (see [`super::verdict`]), at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The version of this program.
    pub heconv_version: String,
    /// The machine.
    pub machine: Machine,
    /// The layer.
    pub layer: LayerRecord,
    /// The encryption parameters.
    pub params: ParamsRecord,
    /// How they stand against the security table.
    pub security: SecurityRecord,
    /// The algorithm's name.
    pub algorithm: String,
    /// `eager` or `lazy`.
    pub reduction: String,
    /// The instruction set.
    pub backend: String,
    /// Threads of the client and of the server.
    pub threads: usize,
    /// The seed of the data.
    pub seed: u64,
    /// Whether the seed gave the secrets too, which is for experiments alone.
    pub seeded_secrets: bool,
    /// Lanes of a ciphertext; of algorithms on coefficients the channels of one, m of `interleaved`.
    pub lanes: usize,
    /// Baby steps, of `interleaved`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub babies: Option<usize>,
    /// How weights are stored, of algorithms on coefficients: `raw` or `transformed`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weight_form: Option<String>,
    /// What a weight of 1 stands for, one for each output channel, where weights come from a file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weight_scales: Option<Vec<f64>>,
    /// What there is to know of that file.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// Whether all figures are predictions: nothing was run.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub predicted: bool,
    /// What the comparison with the plain convolution gave; absent where nothing was run.
    #[serde(flatten)]
    pub verification: Option<Verification>,
    /// log2 t - 1 - log2 max |y|: over the outputs of a run, or, where nothing was run, over all
    /// inputs with the given weights.
    pub plaintext_headroom_bits: f64,
    /// The same over all inputs and all weights of the layer's bit widths; negative where t may be
    /// too small.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plaintext_headroom_worst_bits: Option<f64>,
    /// Noise budgets.
    pub noise_bits: NoiseBits,
    /// Times; medians where the run was repeated.
    pub latency_ms: LatencyMs,
    /// How the transfer was reckoned.
    pub link: Link,
    /// Bytes held.
    pub storage_bytes: Storage,
    /// Bytes sent.
    pub communication_bytes: Communication,
    /// How many ciphertexts are sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ciphertexts: Option<Ciphertexts>,
    /// What the bytes sent are for; absent in records of versions that did not tell, and where ciphertexts
    /// are sent in another way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub messages: Option<Messages>,
    /// What the response is made of; absent in records of versions whose polynomials were of one width.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response: Option<ResponseRecord>,
    /// The server's work.
    pub operations: OperationCounts,
    /// The spread of times, where the run was repeated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repeat: Option<Repeat>,
    /// What was run, where the rest was extrapolated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extrapolated_from: Option<Extrapolated>,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The fields, and the verdict that follows from them.
        #[derive(Serialize)]
        struct Judged<'a> {
            #[serde(flatten, with = "Record")]
            record: &'a Record,
            #[serde(flatten)]
            told: Option<Told>,
        }
        let told = self.verification.map(|_| self.verdict().told());
        Judged { record: self, told }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    /// What a file says of the verdict is passed over: it follows from the rest.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// The layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `conv::Layer`")]
pub struct LayerRecord {
    pub name: String,
    pub in_channels: usize,
    pub out_channels: usize,
    pub height: usize,
    pub width: usize,
    pub kernel: [usize; 2],
    pub stride: usize,
    pub padding: [usize; 4],
    pub groups: usize,
    pub activation_bits: u32,
    /// Absent in records of versions that knew unsigned activations alone.
    #[serde(default)]
    pub activation_signed: bool,
    pub weight_bits: u32,
}

impl LayerRecord {
    /// The record of `layer` under its full name.
    pub fn new(name: String, layer: &Layer) -> Self {
        Self {
            name,
            in_channels: layer.in_channels(),
            out_channels: layer.out_channels(),
            height: layer.height(),
            width: layer.width(),
            kernel: layer.kernel(),
            stride: layer.stride(),
            padding: layer.padding(),
            groups: layer.groups(),
            activation_bits: layer.activation_bits(),
            activation_signed: layer.activation_signed(),
            weight_bits: layer.weight_bits(),
        }
    }
}

/// The encryption parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `bfv::Params`")]
pub struct ParamsRecord {
    pub name: String,
    pub ring_degree: usize,
    pub plain_modulus: u64,
    pub limbs: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub special: Option<u64>,
    pub log2_q: f64,
    pub log2_qp: f64,
}

impl ParamsRecord {
    /// The sizes of the primes in bits, as in `36 26 | 44`, or `50` without a special prime.
    pub fn sizes_text(&self) -> String {
        let bits = |prime: &u64| prime.checked_ilog2().map_or(0, |log| log + 1).to_string();
        let limbs: Vec<String> = self.limbs.iter().map(bits).collect();
        let special = self.special.as_ref().map(|prime| format!(" | {}", bits(prime)));
        limbs.join(" ") + &special.unwrap_or_default()
    }

    /// The record of `params`.
    pub fn new(params: &Params) -> Self {
        Self {
            name: params.name().to_owned(),
            ring_degree: params.ring_degree(),
            plain_modulus: params.plain().value(),
            limbs: params.limbs().iter().map(crate::arith::Modulus::value).collect(),
            special: params.special().map(crate::arith::Modulus::value),
            log2_q: rounded(params.log2_q(), 3),
            log2_qp: rounded(params.log2_qp(), 3),
        }
    }
}

/// Parameters against the security table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityRecord {
    /// The table.
    pub table: String,
    /// The level in bits.
    pub level: u32,
    /// The largest log2(QP) allowed; absent where the table has no entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cap_log2_qp: Option<f64>,
    /// Whether the parameters keep it.
    pub ok: bool,
}

impl SecurityRecord {
    /// The record of `params`.
    pub fn new(params: &Params) -> Self {
        let verdict = params.security();
        Self {
            table: verdict.table.name().to_owned(),
            level: verdict.level.bits(),
            cap_log2_qp: verdict.cap_log2_qp,
            ok: verdict.ok,
        }
    }
}

/// Times in milliseconds; see [`Stage`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the stages")]
pub struct LatencyMs {
    pub keygen: f64,
    pub weights: f64,
    pub encrypt: f64,
    pub rotate: f64,
    pub multiply: f64,
    pub mix: f64,
    /// rotate + multiply + mix: the server's work online.
    pub server: f64,
    pub response: f64,
    pub decrypt: f64,
    /// Upload and download at the link's bandwidth, and one round trip.
    pub transfer: f64,
    /// encrypt + server + response + decrypt + transfer.
    pub total: f64,
    /// What `server` was predicted to be, from the calibration of the machine.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predicted_server: Option<f64>,
}

impl LatencyMs {
    /// Times of a clock, `transfer` added. What the server does per output and the client per
    /// result counts `scale` times.
    pub fn new(clock: &Clock, transfer: f64, scale: f64) -> Self {
        let time = |stage| clock.elapsed(stage).as_secs_f64() * 1e3;
        Self::from_times(time, transfer, scale)
    }

    /// Predicted times, `transfer` added.
    pub fn predicted(times: &StageTimes, transfer: f64) -> Self {
        let latency = Self::from_times(|stage| times.of(stage) / 1e6, transfer, 1.0);
        Self { predicted_server: Some(latency.server), ..latency }
    }

    /// From the milliseconds of each stage.
    fn from_times(time: impl Fn(Stage) -> f64, transfer: f64, scale: f64) -> Self {
        Self {
            keygen: time(Stage::Keygen),
            weights: time(Stage::Weights) * scale,
            encrypt: time(Stage::Encrypt),
            rotate: time(Stage::Rotate),
            multiply: time(Stage::Multiply) * scale,
            mix: time(Stage::Mix) * scale,
            response: time(Stage::Response) * scale,
            decrypt: time(Stage::Decrypt) * scale,
            transfer,
            ..Self::default()
        }
        .summed()
    }

    /// The same with another transfer.
    pub fn with_transfer(self, transfer: f64) -> Self {
        Self { transfer, ..self }.summed()
    }

    /// Rounded to microseconds, with the sums of what is rounded.
    fn summed(self) -> Self {
        let mut all = self;
        for time in all.stages() {
            *time = rounded(*time, 3);
        }
        all.server = rounded(all.rotate + all.multiply + all.mix, 3);
        all.total =
            rounded(all.encrypt + all.server + all.response + all.decrypt + all.transfer, 3);
        all
    }

    fn stages(&mut self) -> [&mut f64; 9] {
        [
            &mut self.keygen,
            &mut self.weights,
            &mut self.encrypt,
            &mut self.rotate,
            &mut self.multiply,
            &mut self.mix,
            &mut self.response,
            &mut self.decrypt,
            &mut self.transfer,
        ]
    }

    /// Adds the times of `other`; a prediction is left out where either has none.
    pub fn add(&mut self, other: &Self) {
        let mut other = *other;
        let is_first = *self == Self::default();
        let predicted = self.predicted_server.zip(other.predicted_server).map(|(a, b)| a + b);
        let predicted = if is_first { other.predicted_server } else { predicted };
        for (time, more) in self.stages().into_iter().zip(other.stages()) {
            *time += *more;
        }
        *self = Self { predicted_server: predicted.map(|ms| rounded(ms, 3)), ..self.summed() };
    }

    /// The run of `runs` in the middle by server time, and the spread of server and total.
    /// `None` of no runs.
    pub fn median(runs: &[Self]) -> Option<(Self, Repeat)> {
        let mut by_server = runs.to_vec();
        by_server.sort_by(|a, b| a.server.total_cmp(&b.server));
        let median = *by_server.get((runs.len().max(1) - 1) / 2)?;
        Some((
            median,
            Repeat { runs: runs.len(), min: *by_server.first()?, max: *by_server.last()? },
        ))
    }
}

/// The spread of repeated runs. `latency_ms` is that of the run with the median server time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// How many runs.
    pub runs: usize,
    /// The run with the least server time.
    pub min: LatencyMs,
    /// The run with the most server time.
    pub max: LatencyMs,
}

/// The link between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Bits a second in each direction.
    pub bandwidth_bits_per_second: f64,
    /// Round trip in milliseconds.
    pub rtt_ms: f64,
}

impl Default for Link {
    fn default() -> Self {
        Self { bandwidth_bits_per_second: 1e8, rtt_ms: 10.0 }
    }
}

impl Link {
    /// Milliseconds to move `bytes` and for one round trip.
    pub fn transfer_ms(&self, bytes: u64) -> f64 {
        bytes as f64 * 8.0 / self.bandwidth_bits_per_second * 1e3 + self.rtt_ms
    }
}

/// Bytes held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// Prepared weights.
    pub weights: u64,
    /// Galois keys in the server's memory.
    pub galois_keys: u64,
    /// All that the server holds at its fullest.
    pub server_peak: u64,
}

/// Bytes sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Communication {
    /// To the server.
    pub upload: u64,
    /// Back to the client.
    pub download: u64,
    /// Galois keys, once per client.
    pub keys: u64,
    /// What `upload` was predicted to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predicted_upload: Option<u64>,
    /// What `download` was predicted to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predicted_download: Option<u64>,
}

impl From<Sizes> for (Storage, Communication) {
    fn from(sizes: Sizes) -> Self {
        let Sizes { weights, galois_keys, server_peak, upload, download, keys, .. } = sizes;
        let sent = Communication {
            upload,
            download,
            keys,
            predicted_upload: None,
            predicted_download: None,
        };
        (Storage { weights, galois_keys, server_peak }, sent)
    }
}

/// Ciphertexts sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ciphertexts {
    /// To the server.
    pub upload: usize,
    /// Back to the client.
    pub download: usize,
}

/// What the bytes of the upload and of the download are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the two messages")]
pub struct Messages {
    pub upload: MessageParts,
    pub download: MessageParts,
}

impl From<Sizes> for Messages {
    fn from(sizes: Sizes) -> Self {
        Self { upload: sizes.upload_parts.into(), download: sizes.download_parts.into() }
    }
}

/// What the bytes of a message are for; see [`Parts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `Parts`")]
pub struct MessageParts {
    pub payload: u64,
    pub noise: u64,
    pub seed: u64,
    pub header: u64,
}

impl MessageParts {
    /// The share of what is encrypted.
    pub fn payload_share(&self) -> f64 {
        let total = self.payload + self.noise + self.seed + self.header;
        self.payload as f64 / total.max(1) as f64
    }
}

impl From<Parts> for MessageParts {
    fn from(Parts { payload, noise, seed, header }: Parts) -> Self {
        Self { payload, noise, seed, header }
    }
}

/// What the response is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseRecord {
    /// Bits of a coefficient of c0.
    pub c0_bits: u32,
    /// Bits of a coefficient of c1.
    pub c1_bits: u32,
    /// Coefficients of c0 that are read, of all ciphertexts; of c1 there are all.
    pub coefficients: u64,
    /// Ciphertexts that share a c1.
    #[serde(default = "alone")]
    pub shared_by: usize,
}

/// Ciphertexts that shared a c1 before any could.
const fn alone() -> usize {
    1
}

/// The server's work; see [`Operations`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `Operations`")]
pub struct OperationCounts {
    pub rotations: u64,
    pub plaintext_multiplications: u64,
    pub scalar_multiplications: u64,
    pub coefficient_multiply_adds: u64,
    /// Those of them that may take half of the work or less.
    #[serde(default)]
    pub narrow_multiply_adds: u64,
    pub ntts: u64,
}

impl OperationCounts {
    /// Adds other work.
    pub const fn add(&mut self, other: &Self) {
        self.rotations += other.rotations;
        self.plaintext_multiplications += other.plaintext_multiplications;
        self.scalar_multiplications += other.scalar_multiplications;
        self.coefficient_multiply_adds += other.coefficient_multiply_adds;
        self.narrow_multiply_adds += other.narrow_multiply_adds;
        self.ntts += other.ntts;
    }
}

impl From<Operations> for OperationCounts {
    fn from(operations: Operations) -> Self {
        Self {
            rotations: operations.rotations,
            plaintext_multiplications: operations.plaintext_multiplications,
            scalar_multiplications: operations.scalar_multiplications,
            coefficient_multiply_adds: operations.coefficient_multiply_adds,
            narrow_multiply_adds: operations.narrow_multiply_adds,
            ntts: operations.ntts,
        }
    }
}

/// A part that stands for the whole: times that grow with outputs were scaled, sizes and counts
/// are those of the whole (the download reckoned with the part's bits a coefficient), and only the
/// part was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extrapolated {
    /// Output ciphertexts that were computed.
    pub output_ciphertexts: usize,
    /// Output ciphertexts of the whole layer.
    pub of: usize,
}

/// `value` to `digits` decimals, so that records read well.
pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    let unit = 10f64.powi(digits);
    (value * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_parts() {
        let clock = Clock::default();
        clock.time(Stage::Rotate, || std::thread::sleep(std::time::Duration::from_millis(2)));
        clock.time(Stage::Mix, || std::thread::sleep(std::time::Duration::from_millis(1)));
        let latency = LatencyMs::new(&clock, 12.5, 2.0);
        assert!(latency.rotate >= 2.0 && latency.mix >= 2.0);
        assert!((latency.server - latency.rotate - latency.mix).abs() < 1e-9);
        assert!((latency.total - latency.server - 12.5).abs() < 1e-9);
    }

    #[test]
    fn the_median_is_a_run_that_happened() {
        let run = |server| LatencyMs { server, ..LatencyMs::default() };
        let (median, repeat) = LatencyMs::median(&[run(3.0), run(1.0), run(9.0)]).expect("runs");
        assert_eq!((median.server, repeat.min.server, repeat.max.server), (3.0, 1.0, 9.0));
        assert_eq!(repeat.runs, 3);
        assert!(LatencyMs::median(&[]).is_none());
    }

    #[test]
    fn transfer_is_bits_over_bandwidth_and_a_round_trip() {
        let link = Link { bandwidth_bits_per_second: 1e6, rtt_ms: 5.0 };
        assert!((link.transfer_ms(125_000) - 1005.0).abs() < 1e-9);
    }
}
