//! What no kernel of this machine can be faster than.

use std::time::Instant;

use serde::Serialize;

use super::ProbeError;
use crate::arith::kernels::{Backend, Width, multiply_adds};
use crate::arith::zeroed;
use crate::report::rounded;

/// The limits of some threads together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// How many threads.
    pub threads: usize,
    /// Nanoseconds of one multiply-add of a word, on registers alone, of products of 50 bits by 50; absent
    /// where the machine lacks the backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiply_add_ns: Option<f64>,
    /// The same of products of 36 bits by 36, whose sums a backend may estimate where factors are scalars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_multiply_add_ns: Option<f64>,
    /// The same of products of 36 bits by 16, which fit half of what any need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrow_multiply_add_ns: Option<f64>,
    /// The same of products of 26 bits by 26.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_multiply_add_ns: Option<f64>,
    /// Bytes read from memory a nanosecond, in units of 10^9 bytes a second.
    pub memory_read_gb_per_s: f64,
}

impl Limits {
    /// The better of each: a limit is the best that was ever seen.
    #[must_use]
    pub fn best(self, other: Self) -> Self {
        let least = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, another) => one.or(another),
        };
        Self {
            threads: self.threads,
            multiply_add_ns: least(self.multiply_add_ns, other.multiply_add_ns),
            estimated_multiply_add_ns: least(
                self.estimated_multiply_add_ns,
                other.estimated_multiply_add_ns,
            ),
            narrow_multiply_add_ns: least(
                self.narrow_multiply_add_ns,
                other.narrow_multiply_add_ns,
            ),
            half_multiply_add_ns: least(self.half_multiply_add_ns, other.half_multiply_add_ns),
            memory_read_gb_per_s: self.memory_read_gb_per_s.max(other.memory_read_gb_per_s),
        }
    }

    /// Nanoseconds of a multiply-add of such products.
    pub const fn of(&self, width: Width) -> Option<f64> {
        match width {
            Width::Halves => self.half_multiply_add_ns,
            Width::Narrow => self.narrow_multiply_add_ns,
            Width::Estimated { .. } => self.estimated_multiply_add_ns,
            Width::Wide => self.multiply_add_ns,
        }
    }
}

/// Multiply-adds of one thread in one go: few, so that some go is not disturbed.
const MULTIPLY_ADDS: u64 = 1 << 22;

/// How often that is measured.
const GOES: usize = 50;

/// Bytes that are read: more than caches hold.
const READ_BYTES: usize = 256 << 20;

/// Bytes of a thread.
const STACK_BYTES: usize = 4 << 20;

/// Bytes that are read in one go.
const WINDOW_BYTES: usize = 16 << 20;

/// How often all of them are read.
const PASSES: usize = 4;

/// Streams that are read side by side. A processor that foresees what is read next begins anew at every
/// page; one by one, it would wait there.
const STREAMS: usize = 4;

/// The sum of words, a line of each stream after the other.
fn sum(words: &[u64]) -> u64 {
    const LINE: usize = 8;
    let mut sums = [0u64; LINE];
    let mut add = |line: &[u64; LINE]| {
        for (sum, word) in sums.iter_mut().zip(line) {
            *sum = sum.wrapping_add(*word);
        }
    };
    let [a, b, c, d] = streams(words.as_chunks().0);
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        [a, b, c, d].into_iter().for_each(&mut add);
    }
    sums.iter().fold(0, |all, sum| all ^ sum)
}

/// Lines in equal parts.
fn streams<T>(lines: &[T]) -> [&[T]; STREAMS] {
    let each = lines.len() / STREAMS;
    std::array::from_fn(|i| &lines[i * each..][..each])
}

/// Measures the limits of `threads` threads.
pub(in crate::predict) fn limits(backend: Backend, threads: usize) -> Result<Limits, ProbeError> {
    super::require((READ_BYTES + threads * STACK_BYTES) as u64)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let multiply_add = |word_bits, factor_bits| {
        let width = Width::of(word_bits, factor_bits);
        let one = |_| {
            let start = Instant::now();
            let done = pool.broadcast(|_| multiply_adds(backend, width, MULTIPLY_ADDS));
            let done: u64 = done.into_iter().sum::<Option<u64>>()?;
            Some(start.elapsed().as_nanos() as f64 / done as f64)
        };
        (0..GOES).filter_map(one).reduce(f64::min).map(|ns| rounded(ns, 4))
    };
    let mut words = zeroed(READ_BYTES / size_of::<u64>());
    // Pages that were never written are all the same one.
    words.fill(1);
    let read = |window: &[u64]| {
        let share = window.len().div_ceil(threads);
        let start = Instant::now();
        std::hint::black_box(pool.broadcast(|context| {
            sum(window.chunks(share).nth(context.index()).unwrap_or_default())
        }));
        size_of_val(window) as f64 / start.elapsed().as_nanos() as f64
    };
    let windows = || words.chunks(WINDOW_BYTES / size_of::<u64>());
    let memory_read = (0..PASSES).flat_map(|_| windows()).map(read).fold(0.0, f64::max);
    Ok(Limits {
        threads,
        multiply_add_ns: multiply_add(50, 50),
        estimated_multiply_add_ns: multiply_add(36, 36),
        narrow_multiply_add_ns: multiply_add(36, 16),
        half_multiply_add_ns: multiply_add(26, 26),
        memory_read_gb_per_s: rounded(memory_read, 2),
    })
}
