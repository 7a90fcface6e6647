//! The one record of a run, which JSON, text and histories are made from.

pub(crate) mod file;
mod history;
mod machine;
mod network;
mod record;
mod sweep_row;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod text;

pub use history::{History, Loaded};
pub use machine::{Machine, process_peak_bytes, total_memory};
pub use network::{Comparison, KeyBytes, NetworkLayer, NetworkRecord, NetworkTotals, Ratios};
pub(crate) use record::rounded;
pub use record::{
    Ciphertexts, Communication, Extrapolated, LatencyMs, LayerRecord, Link, NoiseBits,
    OperationCounts, ParamsRecord, Record, Repeat, SCHEMA, SecurityRecord, Storage, Verification,
};
pub use sweep_row::{FailedPoint, SweepRow};
pub use table::{
    TableError, TableFormat, csv_header, csv_line, json_line, table_text, unknown_table_ending,
};
pub use text::{bytes_text, count_text, text};
