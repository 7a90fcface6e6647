//! The background worker: runs one job at a time and tells of it by typed events.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::{Prepared, Problem, RunResult, RunSpec};
use crate::conv::{Observer, Stage};

/// How often progress within a stage is told at most.
const INTERVAL: Duration = Duration::from_millis(40);

/// The name of the environment variable that makes the worker panic in the stage it names: for
/// tests of what happens then.
const PANIC_VARIABLE: &str = "HECONV_TEST_PANIC";

/// What happens to a job.
#[derive(Debug)]
pub enum JobEvent {
    /// A stage begins, or goes on where stages take turns.
    Entered {
        /// The stage.
        stage: Stage,
        /// Its steps over the whole run.
        units: u64,
    },
    /// Some steps of a stage are done.
    Advanced {
        /// The stage.
        stage: Stage,
        /// Steps done so far.
        done: u64,
    },
    /// The time spent in a stage so far, where stages take turns.
    Spent {
        /// The stage.
        stage: Stage,
        /// Milliseconds.
        ms: u64,
    },
    /// A noise budget was measured, the least of its stage so far.
    Measured {
        /// The stage.
        stage: Stage,
        /// Bits.
        budget_bits: f64,
    },
    /// The job is done; the result may still be wrong, which its record says.
    Finished(Box<RunResult>),
    /// The job could not be done.
    Failed(Problem),
    /// The job was cancelled.
    Cancelled,
    /// The job panicked: a defect of this program.
    Panicked(String),
}

impl JobEvent {
    /// Whether it is the last event of its job.
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed(_) | Self::Cancelled | Self::Panicked(_))
    }
}

/// A thread that runs jobs one after the other.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<(u64, Box<RunSpec>)>,
    cancelled_up_to: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread. `tell` hears every event with its job's number, from any thread.
    ///
    /// # Errors
    /// That the thread cannot be started.
    pub fn spawn(tell: impl Fn(u64, JobEvent) + Send + Sync + 'static) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let cancelled_up_to = Arc::new(AtomicU64::new(0));
        let cancelled = Arc::clone(&cancelled_up_to);
        let thread =
            Builder::new().name("worker".into()).spawn(move || work(&queue, &cancelled, &tell))?;
        Ok(Self { jobs, cancelled_up_to, thread: Some(thread) })
    }

    /// Queues job `number`; numbers must rise, from 1.
    pub fn start(&self, number: u64, spec: RunSpec) {
        // The thread ends only when this sender is dropped, so the queue is open.
        let _ = self.jobs.send((number, Box::new(spec)));
    }

    /// Cancels all jobs up to `number`.
    pub fn cancel(&self, number: u64) {
        self.cancelled_up_to.fetch_max(number, Ordering::Relaxed);
    }
}

impl Drop for Worker {
    /// Stops the running job and waits for the thread.
    fn drop(&mut self) {
        self.cancel(u64::MAX);
        let (closed, _) = channel();
        self.jobs = closed;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(
    queue: &Receiver<(u64, Box<RunSpec>)>,
    cancelled_up_to: &AtomicU64,
    tell: &(dyn Fn(u64, JobEvent) + Sync),
) {
    for (number, spec) in queue {
        let teller = Teller::new(number, cancelled_up_to, tell);
        let run = || Prepared::new(&spec).and_then(|prepared| prepared.run(&teller));
        let event = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(result)) => JobEvent::Finished(Box::new(result)),
            Ok(Err(error)) if error.is_cancelled() => JobEvent::Cancelled,
            Ok(Err(error)) => JobEvent::Failed(error.into()),
            Err(panic) => JobEvent::Panicked(panic_message(panic.as_ref())),
        };
        tell(number, event);
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".into())
}

/// Turns what a run tells into events, and these not too many.
struct Teller<'a> {
    number: u64,
    cancelled_up_to: &'a AtomicU64,
    tell: &'a (dyn Fn(u64, JobEvent) + Sync),
    done: [AtomicU64; Stage::ALL.len()],
    units: [AtomicU64; Stage::ALL.len()],
    entered: [AtomicBool; Stage::ALL.len()],
    last: Mutex<Instant>,
    /// Microseconds in each stage, and the present one with its beginning.
    spent: [AtomicU64; Stage::ALL.len()],
    present: Mutex<Option<(Stage, Instant)>>,
    panic_in: Option<String>,
}

impl<'a> Teller<'a> {
    fn new(
        number: u64,
        cancelled_up_to: &'a AtomicU64,
        tell: &'a (dyn Fn(u64, JobEvent) + Sync),
    ) -> Self {
        Self {
            number,
            cancelled_up_to,
            tell,
            done: Default::default(),
            units: Default::default(),
            entered: Default::default(),
            last: Mutex::new(Instant::now()),
            spent: Default::default(),
            present: Mutex::default(),
            panic_in: std::env::var(PANIC_VARIABLE).ok(),
        }
    }

    /// Stops the watch of the stage that ends and starts that of `stage`.
    fn switch(&self, stage: Stage) {
        let Ok(mut present) = self.present.lock() else { return };
        if let Some((ended, since)) = present.replace((stage, Instant::now())) {
            let spent = since.elapsed().as_micros() as u64;
            self.spent[ended as usize].fetch_add(spent, Ordering::Relaxed);
        }
    }

    /// Tells the times of the stages that take turns.
    fn tell_times(&self) {
        for stage in [Stage::Rotate, Stage::Multiply, Stage::Mix] {
            let ms = self.spent[stage as usize].load(Ordering::Relaxed) / 1000;
            if ms > 0 {
                (self.tell)(self.number, JobEvent::Spent { stage, ms });
            }
        }
    }

    /// Whether it is time for another event of progress.
    fn is_due(&self) -> bool {
        let Ok(mut last) = self.last.try_lock() else { return false };
        let due = last.elapsed() >= INTERVAL;
        if due {
            *last = Instant::now();
        }
        due
    }
}

impl Observer for Teller<'_> {
    fn enter(&self, stage: Stage, units: u64) {
        let is_asked_to_panic = self.panic_in.as_deref() == Some(stage.name());
        assert!(!is_asked_to_panic, "asked to panic in stage {}", stage.name());
        self.units[stage as usize].store(units, Ordering::Relaxed);
        let is_new = !self.entered[stage as usize].swap(true, Ordering::Relaxed);
        self.switch(stage);
        if is_new || self.is_due() {
            (self.tell)(self.number, JobEvent::Entered { stage, units });
            self.tell_times();
        }
    }

    fn advance(&self, stage: Stage, units: u64) {
        let done = self.done[stage as usize].fetch_add(units, Ordering::Relaxed) + units;
        let is_last = done == self.units[stage as usize].load(Ordering::Relaxed);
        if is_last || self.is_due() {
            (self.tell)(self.number, JobEvent::Advanced { stage, done });
        }
    }

    fn measured(&self, stage: Stage, budget_bits: f64) {
        (self.tell)(self.number, JobEvent::Measured { stage, budget_bits });
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled_up_to.load(Ordering::Relaxed) >= self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::conv::AlgorithmKind;
    use crate::preset::Catalogue;

    fn spec(layer: &str, algorithm: AlgorithmKind) -> RunSpec {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let layer = catalogue.layer(layer).expect("exists").clone();
        let params = catalogue.params_set("n4096-t20").expect("exists");
        RunSpec { algorithm, threads: 2, seed: Some(3), ..RunSpec::new(layer, params) }
    }

    fn worker() -> (Worker, Receiver<(u64, JobEvent)>) {
        let (sender, events) = channel();
        let worker = Worker::spawn(move |number, event| {
            let _ = sender.send((number, event));
        });
        (worker.expect("starts"), events)
    }

    #[test]
    fn a_run_tells_its_stages_in_order_and_its_result() {
        let (worker, events) = worker();
        worker.start(1, spec("bench/c16-32-k3", AlgorithmKind::HadamardFused));
        let mut stages = Vec::new();
        let mut budgets = Vec::new();
        let result = loop {
            match events.recv().expect("events until the end").1 {
                JobEvent::Entered { stage, .. } => stages.push(stage),
                JobEvent::Measured { budget_bits, .. } => budgets.push(budget_bits),
                JobEvent::Finished(result) => break result,
                JobEvent::Advanced { .. } | JobEvent::Spent { .. } => {}
                other => panic!("{other:?}"),
            }
        };
        stages.dedup();
        assert!(Stage::ALL.iter().all(|stage| stages.contains(stage)), "{stages:?}");
        assert!(result.record.is_exact());
        assert!(budgets.len() >= 4 && budgets.iter().all(|bits| *bits > 0.0));
    }

    /// Every stage of a large run, stopped a while after it began.
    #[test]
    fn cancelling_takes_effect_at_once() {
        let (worker, events) = worker();
        for (number, (wait_for, algorithm)) in (1..).zip([
            (Stage::Keygen, AlgorithmKind::HadamardFused),
            (Stage::Weights, AlgorithmKind::Conventional),
            (Stage::Rotate, AlgorithmKind::Padded),
            (Stage::Multiply, AlgorithmKind::Hadamard),
        ]) {
            worker.start(number, spec("bench/c512-7-k3", algorithm));
            loop {
                let (_, event) = events.recv().expect("events until the end");
                assert!(!event.is_last(), "{event:?}");
                if matches!(event, JobEvent::Entered { stage, .. } if stage == wait_for) {
                    break;
                }
            }
            let start = Instant::now();
            worker.cancel(number);
            let end = events.iter().find(|(_, event)| event.is_last()).expect("an end").1;
            assert!(matches!(end, JobEvent::Cancelled), "{end:?}");
            // 200 ms are promised; a loaded machine may take longer to get around to it.
            assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        }
    }

    #[test]
    fn bad_jobs_fail_and_the_worker_lives_on() {
        let (worker, events) = worker();
        let mut bad = spec("bench/c16-32-k3", AlgorithmKind::Padded);
        bad.max_memory = 1000;
        worker.start(1, bad);
        let (number, event) = events.recv().expect("an end");
        assert!(matches!(event, JobEvent::Failed(problem) if problem.text.contains("max-memory")));
        assert_eq!(number, 1);
        worker.start(2, spec("bench/c16-32-k3", AlgorithmKind::Padded));
        let (number, event) = events.iter().find(|(_, event)| event.is_last()).expect("an end");
        assert!(matches!(event, JobEvent::Finished(_)));
        assert_eq!(number, 2);
    }
}
