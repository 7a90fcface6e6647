//! The one record of a run, which JSON, text and histories are made from.

pub(crate) mod file;
mod history;
mod machine;
mod record;
mod sweep_row;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
mod text;

pub use history::{History, Loaded};
pub use machine::{Machine, total_memory};
pub use record::{
    Communication, Extrapolated, LatencyMs, LayerRecord, Link, NoiseBits, OperationCounts,
    ParamsRecord, Record, Repeat, SCHEMA, SecurityRecord, Storage, Verification,
};
pub use sweep_row::{FailedPoint, SweepRow};
pub use text::{bytes_text, count_text, text};
