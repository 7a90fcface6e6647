//! What work holds in memory, and whether it may: asked before anything is taken.

use std::fmt;
use std::path::Path;

use super::{JobError, RunSpec};
use crate::conv::sizes::{beside_server_bytes, server_peak_bound};
use crate::conv::{Layer, Outline, Setting};
use crate::memory::can_have;
use crate::report::bytes_text;

/// What the process holds besides what follows from the sizes of its work: the program, presets,
/// and tables.
const PROCESS_BYTES: u64 = 16 << 20;

/// The same of each thread.
const THREAD_BYTES: u64 = 1 << 20;

/// One over the part of all work's bytes that allocators keep of what was given back to them.
const KEPT_PART: u64 = 32;

/// The stack of a thread, and what else is mapped for it.
const STACK_BYTES: u64 = (2 << 20) + (256 << 10);

/// What memory is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A run of a layer.
    Run,
    /// The prediction of a layer of this name, whose weights must be at hand.
    Prediction(String),
    /// A whole network: its weights, and its largest layer.
    Network,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run => write!(f, "the run"),
            Self::Prediction(layer) => write!(f, "a prediction of layer {layer}"),
            Self::Network => write!(f, "the network, its weights and its largest layer,"),
        }
    }
}

impl Work {
    /// What would help.
    pub(super) const fn help(&self) -> &'static str {
        match self {
            Self::Run => "try another algorithm, or --subset",
            Self::Prediction(_) => "try fewer channels or a smaller kernel",
            Self::Network => "try other parameters, or its layers one by one",
        }
    }
}

/// Whether `work` may take so many bytes where `allowed` are allowed.
///
/// # Errors
/// [`JobError::Memory`] where they are more, [`JobError::NoMemory`] where the system has less.
pub fn require(work: Work, needed: u64, allowed: u64) -> Result<(), JobError> {
    if needed > allowed {
        let (needed, allowed) = (bytes_text(needed), bytes_text(allowed));
        return Err(JobError::Memory { work, needed, allowed });
    }
    if !can_have(needed) {
        return Err(JobError::NoMemory { work, needed: bytes_text(needed) });
    }
    Ok(())
}

/// Whether the system has the stacks of so many threads.
pub(super) fn has_stacks(threads: usize) -> bool {
    can_have((threads as u64).saturating_mul(STACK_BYTES))
}

/// Bytes of a number of items.
fn bytes_of<T>(items: usize) -> u64 {
    (items as u64).saturating_mul(size_of::<T>() as u64)
}

/// Bytes of the numbers of an array.
pub(super) fn array_bytes<T>(shape: &[usize]) -> u64 {
    shape.iter().fold(size_of::<T>() as u64, |bytes, side| bytes.saturating_mul(*side as u64))
}

/// Bytes of the weights of `layer` as runs and predictions hold them.
pub(super) fn weight_bytes(layer: &Layer) -> u64 {
    bytes_of::<i8>(layer.weight_count())
}

/// Bytes of the weights of `layer` while they are made or read: a file is held whole, its numbers once
/// as they are and once as they are wanted.
pub(super) fn loading_bytes(layer: &Layer, file: Option<&Path>) -> u64 {
    let Some(path) = file else { return weight_bytes(layer) };
    // What is no file is told when it is read.
    let length = std::fs::metadata(path).map_or(0, |data| data.len());
    let numbers = bytes_of::<[f64; 2]>(layer.weight_count());
    length.saturating_add(numbers).saturating_add(weight_bytes(layer))
}

/// All that a run of `part` of `layer` holds, client, server and plain data together, where the server
/// holds `server` bytes and what is neither it nor data `beside` bytes.
pub(super) fn run_bytes(
    spec: &RunSpec,
    [layer, part]: [&Layer; 2],
    [server, beside]: [u64; 2],
) -> u64 {
    let input = array_bytes::<i64>(&layer.input_shape());
    let output = array_bytes::<i64>(&part.output_shape());
    // A file gives all weights, whatever part of them is run.
    let file = spec.weights.as_deref();
    let loaded = if file.is_some() { layer } else { part };
    let weights = weight_bytes(loaded);
    // To verify, the input is held as other integers, the output twice, decrypted and expected, and by
    // each thread a plane of it.
    let plane = output / part.out_channels() as u64;
    let planes = plane.saturating_mul(spec.threads as u64);
    let all = [server, beside, input, input, weights, output, output, planes];
    let running = all.into_iter().fold(0, u64::saturating_add);
    let loading = input.saturating_add(loading_bytes(loaded, file));
    let process = PROCESS_BYTES + spec.threads as u64 * THREAD_BYTES;
    let most = running.max(loading);
    most.saturating_add(most / KEPT_PART).saturating_add(process)
}

/// Bytes that a run of the whole `layer` by a plan with this outline may hold at most, whatever else `spec`
/// says of parameters and algorithm: what is held against its limit before it begins.
pub fn needed_bytes(spec: &RunSpec, layer: &Layer, outline: &Outline, setting: Setting<'_>) -> u64 {
    needed_for_part(spec, [layer, layer], outline, setting)
}

/// The same of a run of `part` of `layer`.
pub(super) fn needed_for_part(
    spec: &RunSpec,
    layers: [&Layer; 2],
    outline: &Outline,
    setting: Setting<'_>,
) -> u64 {
    let server = server_peak_bound(outline, setting, spec.threads);
    run_bytes(spec, layers, [server, beside_server_bytes(outline, setting)])
}
