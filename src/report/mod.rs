//! The one record of a run, which JSON, text and histories are made from.

mod machine;
mod record;
mod text;

pub use machine::{Machine, total_memory};
pub use record::{
    Communication, Extrapolated, LatencyMs, LayerRecord, Link, NoiseBits, OperationCounts,
    ParamsRecord, Record, Repeat, SCHEMA, SecurityRecord, Storage,
};
pub use text::{bytes_text, count_text, text};
