//! The stages of a run, and the time they take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A stage of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The client makes keys, the server expands them; once per client.
    Keygen,
    /// The server prepares the weights; once per layer.
    Weights,
    /// The client encrypts its input and writes the upload, the server reads it.
    Encrypt,
    /// The server rotates the inputs.
    Rotate,
    /// The server multiplies by the weights.
    Multiply,
    /// The server moves sums to their places and adds them up.
    Mix,
    /// The server switches the outputs down and writes the response.
    Response,
    /// The client reads the response and decrypts it.
    Decrypt,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 8] = [
        Self::Keygen,
        Self::Weights,
        Self::Encrypt,
        Self::Rotate,
        Self::Multiply,
        Self::Mix,
        Self::Response,
        Self::Decrypt,
    ];

    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keygen => "keygen",
            Self::Weights => "weights",
            Self::Encrypt => "encrypt",
            Self::Rotate => "rotate",
            Self::Multiply => "multiply",
            Self::Mix => "mix",
            Self::Response => "response",
            Self::Decrypt => "decrypt",
        }
    }
}

/// Time spent in each stage.
#[derive(Debug, Default)]
pub struct Clock {
    nanoseconds: [AtomicU64; Stage::ALL.len()],
}

impl Clock {
    /// Runs `work` on the time of `stage`.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.add(stage, start.elapsed());
        result
    }

    /// Adds to the time of `stage`.
    pub fn add(&self, stage: Stage, time: Duration) {
        self.nanoseconds[stage as usize].fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// The time of `stage` so far.
    pub fn elapsed(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.nanoseconds[stage as usize].load(Ordering::Relaxed))
    }
}
