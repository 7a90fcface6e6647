//! What no kernel of this machine can be faster than.

use std::time::Instant;

use serde::Serialize;

use super::ProbeError;
use crate::arith::kernels::{Backend, multiply_adds};
use crate::arith::zeroed;
use crate::report::rounded;

/// The limits of some threads together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// How many threads.
    pub threads: usize,
    /// Nanoseconds of one multiply-add of a word, on registers alone; absent where the machine lacks
    /// the backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiply_add_ns: Option<f64>,
    /// Bytes read from memory a nanosecond, in units of 10^9 bytes a second.
    pub memory_read_gb_per_s: f64,
}

impl Limits {
    /// The better of each: a limit is the best that was ever seen.
    #[must_use]
    pub fn best(self, other: Self) -> Self {
        let multiply_add_ns = match (self.multiply_add_ns, other.multiply_add_ns) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, another) => one.or(another),
        };
        let memory_read_gb_per_s = self.memory_read_gb_per_s.max(other.memory_read_gb_per_s);
        Self { multiply_add_ns, memory_read_gb_per_s, ..self }
    }
}

/// Multiply-adds of one thread in one go.
const MULTIPLY_ADDS: u64 = 1 << 26;

/// Bytes that are read in one go: more than caches hold.
const READ_BYTES: usize = 256 << 20;

/// How often each is measured.
const TIMES: usize = 5;

/// Measures the limits of `threads` threads.
pub(in crate::predict) fn limits(backend: Backend, threads: usize) -> Result<Limits, ProbeError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let multiply_add = || {
        let start = Instant::now();
        let done = pool.broadcast(|_| multiply_adds(backend, MULTIPLY_ADDS));
        let done: u64 = done.into_iter().sum::<Option<u64>>()?;
        Some(start.elapsed().as_nanos() as f64 / done as f64)
    };
    let mut words = zeroed(READ_BYTES / size_of::<u64>());
    // Pages that were never written are all the same one.
    words.fill(1);
    let share = words.len().div_ceil(threads);
    let read = || {
        let start = Instant::now();
        std::hint::black_box(pool.broadcast(|context| {
            let mine = words.chunks(share).nth(context.index()).unwrap_or_default();
            mine.iter().fold(0u64, |sum, word| sum.wrapping_add(*word))
        }));
        READ_BYTES as f64 / start.elapsed().as_nanos() as f64
    };
    let once = |()| Limits {
        threads,
        multiply_add_ns: multiply_add().map(|ns| rounded(ns, 4)),
        memory_read_gb_per_s: rounded(read(), 2),
    };
    let best = [(); TIMES].map(once).into_iter().reduce(Limits::best);
    best.ok_or(ProbeError::Setting("limits"))
}
