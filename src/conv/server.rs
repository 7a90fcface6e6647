//! What a running convolution needs besides keys: a clock, progress, cancellation and samples.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Units;
use super::algorithm::Multiplications;
use crate::bfv::wire::WireError;
use crate::bfv::{Ciphertext, Evaluator, MissingKey};

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

/// Why a convolution under encryption did not finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvError {
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The client sent too few keys.
    #[error(transparent)]
    MissingKey(#[from] MissingKey),
    /// A message could not be read.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The response is of a size that cannot be decrypted.
    #[error("a response of {0} bits cannot be decrypted at this ring degree")]
    Response(u32),
}

/// Hears how a run goes, from any thread, and may stop it.
pub trait Observer: Sync {
    /// A stage begins, or goes on where a run takes turns between stages; it has `units` steps
    /// over the whole run.
    fn enter(&self, stage: Stage, units: u64);
    /// `units` steps of `stage` are done.
    fn advance(&self, stage: Stage, units: u64);
    /// The least noise budget seen in `stage` is `budget_bits` so far: of uploads, rotated inputs,
    /// sums, or outputs.
    fn measured(&self, stage: Stage, budget_bits: f64);
    /// Whether the run should stop.
    fn is_cancelled(&self) -> bool;
}

/// The steps of one stage: tells the observer of them and hears its wish to stop.
#[derive(Clone, Copy)]
pub struct Steps<'a> {
    observer: &'a dyn Observer,
    stage: Stage,
}

impl<'a> Steps<'a> {
    /// Enters `stage`, which has `units` steps.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`] once the observer wants to stop.
    pub fn enter(observer: &'a dyn Observer, stage: Stage, units: u64) -> Result<Self, ConvError> {
        observer.enter(stage, units);
        let steps = Self { observer, stage };
        steps.check()?;
        Ok(steps)
    }

    /// Tells that `units` more steps are done.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`] once the observer wants to stop.
    pub fn advance(&self, units: u64) -> Result<(), ConvError> {
        self.observer.advance(self.stage, units);
        self.check()
    }

    /// # Errors
    /// [`ConvError::Cancelled`] once the observer wants to stop.
    pub fn check(&self) -> Result<(), ConvError> {
        if self.observer.is_cancelled() { Err(ConvError::Cancelled) } else { Ok(()) }
    }
}

/// An observer that hears nothing and never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn enter(&self, _: Stage, _: u64) {}
    fn advance(&self, _: Stage, _: u64) {}
    fn measured(&self, _: Stage, _: f64) {}
    fn is_cancelled(&self) -> bool {
        false
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

/// The server's side of one run.
pub struct Server<'a> {
    evaluator: &'a Evaluator<'a>,
    observer: &'a dyn Observer,
    clock: &'a Clock,
    units: Units,
    current: AtomicU8,
    probe: &'a (dyn Fn(Stage, &Ciphertext) + Sync),
    plaintext_multiplications: AtomicUsize,
    scalar_multiplications: AtomicUsize,
    integer_multiplications: AtomicUsize,
}

impl<'a> Server<'a> {
    /// A server whose stages will have `units` steps. `probe` is given ciphertexts whose noise is
    /// of interest; it stands for the client, who alone can measure it.
    pub fn new(
        evaluator: &'a Evaluator<'a>,
        observer: &'a dyn Observer,
        clock: &'a Clock,
        units: Units,
        probe: &'a (dyn Fn(Stage, &Ciphertext) + Sync),
    ) -> Self {
        Self {
            evaluator,
            observer,
            clock,
            units,
            current: AtomicU8::new(0),
            probe,
            plaintext_multiplications: AtomicUsize::new(0),
            scalar_multiplications: AtomicUsize::new(0),
            integer_multiplications: AtomicUsize::new(0),
        }
    }

    /// The evaluator.
    pub const fn evaluator(&self) -> &'a Evaluator<'a> {
        self.evaluator
    }

    /// Runs `work` as part of `stage`.
    pub fn stage<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        self.announce(stage, || self.clock.time(stage, work))
    }

    /// Tells that `stage` begins or goes on.
    fn announce<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let units = match stage {
            Stage::Rotate => self.units.rotate,
            Stage::Multiply => self.units.multiply,
            Stage::Mix => self.units.mix,
            _ => 0,
        };
        self.current.store(stage as u8, Ordering::Relaxed);
        self.observer.enter(stage, units);
        work()
    }

    /// Runs `work` that is part of two stages at once, on several threads: it gives its result and
    /// the share of its time that belongs to the second.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn shared_stage<T, E>(
        &self,
        [first, second]: [Stage; 2],
        work: impl FnOnce() -> Result<(T, f64), E>,
    ) -> Result<T, E> {
        let start = Instant::now();
        // Its time is dealt out below.
        let (result, share) = self.announce(first, work)?;
        let elapsed = start.elapsed();
        let second_time = elapsed.mul_f64(share.clamp(0.0, 1.0));
        self.clock.add(first, elapsed.saturating_sub(second_time));
        self.clock.add(second, second_time);
        Ok(result)
    }

    /// Tells that `units` steps of the current stage are done.
    pub fn advance(&self, units: u64) {
        let current = self.current.load(Ordering::Relaxed) as usize;
        self.observer.advance(Stage::ALL[current], units);
    }

    /// # Errors
    /// [`ConvError::Cancelled`] once the observer wants to stop.
    pub fn check_cancelled(&self) -> Result<(), ConvError> {
        if self.observer.is_cancelled() { Err(ConvError::Cancelled) } else { Ok(()) }
    }

    /// Gives a ciphertext of `stage` to have its noise measured. To be called off the clock.
    pub fn sample(&self, stage: Stage, ciphertext: &Ciphertext) {
        (self.probe)(stage, ciphertext);
    }

    /// Counts products of a ciphertext and a dense plaintext.
    pub fn count_plaintext_multiplications(&self, count: usize) {
        self.plaintext_multiplications.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts products of a ciphertext and one scalar, or one scalar per block.
    pub fn count_scalar_multiplications(&self, count: usize) {
        self.scalar_multiplications.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts those of them whose scalar is a small integer.
    pub fn count_integer_multiplications(&self, count: usize) {
        self.integer_multiplications.fetch_add(count, Ordering::Relaxed);
    }

    /// What was counted.
    pub fn multiplications(&self) -> Multiplications {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        Multiplications {
            plaintext: count(&self.plaintext_multiplications),
            scalar: count(&self.scalar_multiplications),
            integer: count(&self.integer_multiplications),
        }
    }
}
