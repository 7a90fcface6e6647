//! The one record of a run, which JSON, text and histories are made from.

mod chart;
mod fault;
mod history;
mod machine;
mod network;
mod noise_bits;
mod record;
mod request;
mod sweep_row;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod text;
pub(crate) mod verdict;

pub use chart::{Chart, ChartCell, ChartRow};
pub use fault::Fault;
pub use history::{Beside, Entry, History, Loaded};
pub use machine::{Machine, process_peak_bytes};
pub use network::{
    ClientWork, Comparison, KeyBytes, NetworkLayer, NetworkRecord, NetworkTotals, OutputRecord,
    Ratios, noisiest,
};
pub use noise_bits::NoiseBits;
pub(crate) use record::rounded;
pub use record::{
    Ciphertexts, Communication, Extrapolated, LatencyMs, LayerRecord, Link, MessageParts, Messages,
    OperationCounts, ParamsRecord, Record, Repeat, ResponseRecord, SCHEMA, SecurityRecord, Storage,
};
pub use request::{PointParams, PointPrimes, ROW_FORM, Request};
pub use sweep_row::{FailedPoint, Outcome, Refusal, SweepRow};
pub use table::{
    TableError, TableFormat, csv_header, csv_line, json_line, table_text, unknown_table_ending,
    value_text,
};
pub use text::{bandwidth_text, bytes_text, count_text, counted, digits, percent_text, text};
pub use verdict::{Verdict, Verification};
