//! The record of a benchmark, with the stable names of its JSON form.

use serde::Serialize;

use super::Ratios;
use crate::arith::kernels::{Width, word_bytes};
use crate::conv::WeightForm;
use crate::predict::{Limits, Primitives};
use crate::report::verdict::tell;
use crate::report::{
    Communication, Fault, LayerRecord, Link, Machine, OperationCounts, ParamsRecord, Record,
    Storage, Verdict, rounded,
};

/// Everything about one benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchRecord {
    /// [`SCHEMA`](crate::report::SCHEMA).
    pub schema: u32,
    /// The version of this program.
    pub heconv_version: String,
    /// The machine.
    pub machine: Machine,
    /// The encryption parameters of the runs, each set once.
    pub params: Vec<ParamsRecord>,
    /// The instruction set.
    pub backend: String,
    /// The link that total times are over.
    pub link: Link,
    /// Numbers of threads that all was run on.
    pub threads: Vec<usize>,
    /// How often each run was made.
    pub repeat: usize,
    /// What the machine allows, for each number of threads; the best seen between layers.
    pub limits: Vec<Limits>,
    /// Microseconds of primitives on one core; the best seen between layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primitives_us: Option<Primitives>,
    /// The layers.
    pub layers: Vec<LayerBench>,
}

/// The runs of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerBench {
    /// The layer.
    pub layer: LayerRecord,
    /// Its runs: for each number of threads, by algorithm and by reduction.
    pub runs: Vec<BenchRun>,
    /// Its runs against each other.
    pub ratios: Ratios,
}

/// Repeated runs of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchRun {
    /// The algorithm's name, and the form of stored weights where that was given.
    pub algorithm: String,
    /// The name of its parameters.
    pub params: String,
    /// `eager` or `lazy`.
    pub reduction: String,
    /// Threads of client and server.
    pub threads: usize,
    /// What they gave.
    #[serde(flatten)]
    pub figures: Option<Figures>,
    /// Why there are no figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What repeated runs gave. What has no spread is that of the run with the median server time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Lanes of a ciphertext.
    pub lanes: usize,
    /// Baby steps, of `interleaved`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub babies: Option<usize>,
    /// How weights are stored, of algorithms on coefficients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_form: Option<String>,
    /// The worst verdict on a run.
    #[serde(flatten, serialize_with = "tell")]
    pub verdict: Verdict,
    /// Noise budget left, bits.
    pub noise_final_bits: f64,
    /// The server's work online, milliseconds.
    pub server_ms: Spread,
    /// Its part before multiplication, milliseconds.
    pub rotate_ms: f64,
    /// Its multiplication, with whatever is derived from the weights for it, milliseconds.
    pub multiply_ms: f64,
    /// Its part after multiplication, milliseconds.
    pub mix_ms: f64,
    /// From the input to the output, transfer included, milliseconds.
    pub total_ms: Spread,
    /// The multiply stage's time over all multiply-adds of words, nanoseconds.
    pub multiply_ns_per_mac: f64,
    /// The time that registers alone would take, over that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_limit: Option<f64>,
    /// The time that reading the weight plaintexts alone would take, over that of the multiply stage;
    /// absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_memory_limit: Option<f64>,
    /// Bytes held.
    pub storage_bytes: Storage,
    /// Bytes sent.
    pub communication_bytes: Communication,
    /// The server's work.
    pub operations: OperationCounts,
    /// Bytes of a weight plaintext.
    #[serde(skip)]
    plaintext_bytes: usize,
    /// What is wrong with the first run that is not exact.
    #[serde(skip)]
    pub fault: Option<Fault>,
    /// How wide products of words are, modulo each limb.
    #[serde(skip)]
    widths: Vec<Width>,
    /// Server times of all turns, for ratios within a turn.
    #[serde(skip)]
    pub turns: Vec<f64>,
}

impl Figures {
    /// Of the records of all turns; `None` of none.
    pub fn of(records: &[Record]) -> Option<Self> {
        let turns: Vec<f64> = records.iter().map(|record| record.latency_ms.server).collect();
        let mut by_server: Vec<&Record> = records.iter().collect();
        by_server.sort_by(|a, b| a.latency_ms.server.total_cmp(&b.latency_ms.server));
        let median = *by_server.get(by_server.len().saturating_sub(1) / 2)?;
        let (latency, work) = (&median.latency_ms, &median.operations);
        let macs = work.coefficient_multiply_adds.max(1) as f64;
        Some(Self {
            lanes: median.lanes,
            babies: median.babies,
            weight_form: median.weight_form.clone(),
            verdict: Verdict::worst(records),
            noise_final_bits: median.noise_bits.last,
            server_ms: Spread::of(turns.iter().copied())?,
            rotate_ms: latency.rotate,
            multiply_ms: latency.multiply,
            mix_ms: latency.mix,
            total_ms: Spread::of(records.iter().map(|record| record.latency_ms.total))?,
            multiply_ns_per_mac: rounded(latency.multiply * 1e6 / macs, 4),
            share_of_limit: None,
            share_of_memory_limit: None,
            storage_bytes: median.storage_bytes,
            communication_bytes: median.communication_bytes,
            operations: median.operations,
            plaintext_bytes: median.params.ring_degree * limb_bytes(median),
            fault: records.iter().find_map(Record::fault),
            widths: median.params.limbs.iter().copied().map(width).collect(),
            turns,
        })
    }

    /// Nanoseconds that the machine needs at least for a multiply-add, on average over the limbs, of
    /// products that are as wide as `width` says of each.
    fn least(&self, limits: &Limits, width: impl Fn(Width) -> Width) -> Option<f64> {
        let of_limb = |of_words: &Width| limits.of(width(*of_words));
        let all: f64 = self.widths.iter().map(of_limb).sum::<Option<f64>>()?;
        Some(all / self.widths.len().max(1) as f64)
    }

    /// Sets the shares of what the machine allows this many threads.
    pub fn hold_against(&mut self, limits: &Limits) {
        let work = &self.operations;
        let narrow =
            work.narrow_multiply_adds as f64 / work.coefficient_multiply_adds.max(1) as f64;
        let is_dense = work.plaintext_multiplications > 0;
        let of_words = self.least(limits, |width| match width {
            // Sums with a factor per word are not estimated.
            Width::Estimated { .. } if is_dense => Width::Wide,
            other => other,
        });
        let of_integers = self.least(limits, |width| match width {
            Width::Halves => width,
            _ => Width::Narrow,
        });
        // Where more are narrow than limbs are, their factors are small integers.
        let of_limbs = self.widths.iter().filter(|width| width.is_narrow()).count() as f64
            / self.widths.len().max(1) as f64;
        let integers = ((narrow - of_limbs) / (1.0 - of_limbs).max(f64::EPSILON)).max(0.0);
        let least = of_words.zip(of_integers);
        let least = least.map(|(word, integer)| word + (integer - word) * integers);
        let share = |limit: f64| rounded(limit / self.multiply_ns_per_mac.max(1e-9), 4);
        self.share_of_limit = least.map(share);
        let read = self.operations.plaintext_multiplications * self.plaintext_bytes as u64;
        // Those that are made from raw weights come from no memory.
        if read > 0 && self.weight_form.as_deref() != Some(WeightForm::Raw.name()) {
            // Bytes over GB/s are nanoseconds.
            let least_ms = read as f64 / limits.memory_read_gb_per_s / 1e6;
            self.share_of_memory_limit = Some(rounded(least_ms / self.multiply_ms.max(1e-9), 4));
        }
    }
}

/// Of products of words modulo a limb.
const fn width(limb: u64) -> Width {
    let bits = limb.ilog2() + 1;
    Width::of(bits, bits)
}

/// Bytes of a word of a weight plaintext modulo all limbs: those of algorithms on coefficients are packed.
fn limb_bytes(record: &Record) -> usize {
    let bytes = |limb: &u64| match record.weight_form {
        Some(_) => word_bytes(limb.ilog2() + 1),
        None => size_of::<u64>(),
    };
    record.params.limbs.iter().map(bytes).sum()
}

/// What repeated measurements gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The one in the middle, the lower of two.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// The spread of some values, to three decimals; `None` of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().map(|value| rounded(value, 3)).collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            median: *values.get(values.len().saturating_sub(1) / 2)?,
            min: *values.first()?,
            max: *values.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_values_that_came() {
        let spread = Spread::of([3.0, 1.0, 2.0, 9.0]);
        assert_eq!(spread, Some(Spread { median: 2.0, min: 1.0, max: 9.0 }));
        assert_eq!(Spread::of([]), None);
    }

    /// Shares are of the time of the limbs' products, and of narrow ones where factors are integers.
    #[test]
    fn shares_of_limits_follow_the_products() {
        let limits = Limits {
            threads: 1,
            multiply_add_ns: Some(0.8),
            estimated_multiply_add_ns: Some(0.4),
            narrow_multiply_add_ns: Some(0.3),
            half_multiply_add_ns: Some(0.2),
            memory_read_gb_per_s: 10.0,
        };
        let share = |narrow: u64, dense: u64| {
            let mut record = crate::report::testing::record();
            record.params.limbs = vec![(1 << 36) - 5, (1 << 26) - 5];
            record.operations.coefficient_multiply_adds = 1000;
            record.operations.narrow_multiply_adds = narrow;
            record.operations.plaintext_multiplications = dense;
            record.latency_ms.multiply = 0.001;
            let mut figures = Figures::of(&[record]).expect("a record");
            figures.hold_against(&limits);
            figures.share_of_limit
        };
        assert_eq!(share(500, 0), Some(0.3), "36 and 26 bits");
        assert_eq!(share(1000, 0), Some(0.25), "integers");
        assert_eq!(share(500, 1), Some(0.5), "a factor per word");
    }
}
