//! The server's side of a run: an evaluator, a clock, progress, samples of noise and a count of work.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Instant;

use super::error::ConvError;
use super::progress::Observer;
use super::stage::{Clock, Stage};
use super::work::{Multiplications, Units};
use crate::bfv::{Ciphertext, Coefficients, Evaluator};

/// Is given ciphertexts of a stage, and the coefficients of them that are of use.
pub type Probe<'a> = dyn Fn(Stage, &Ciphertext, &Coefficients) + Sync + 'a;

/// How many ciphertexts of a stage are sampled for noise.
pub const SAMPLES: usize = 4;

/// At most [`SAMPLES`] of `0..count`, evenly spaced, the last among them.
pub fn sampled(count: usize) -> impl Iterator<Item = usize> {
    let samples = count.min(SAMPLES);
    (1..=samples).map(move |i| i * count / samples - 1)
}

/// The server's side of one run.
pub struct Server<'a> {
    evaluator: &'a Evaluator<'a>,
    observer: &'a dyn Observer,
    clock: &'a Clock,
    units: Units,
    current: AtomicU8,
    probe: &'a Probe<'a>,
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
        probe: &'a Probe<'a>,
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
        self.current.store(stage as u8, Ordering::Relaxed);
        self.observer.enter(stage, self.units.of(stage));
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

    /// Gives a ciphertext of `stage` to have its noise measured in the coefficients that are of use. To be
    /// called off the clock.
    pub fn sample(&self, stage: Stage, ciphertext: &Ciphertext, used: &Coefficients) {
        (self.probe)(stage, ciphertext, used);
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
