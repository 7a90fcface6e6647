//! Progress over the layers of a network: by predicted time, so that what remains can be told.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::resume::ResumeFile;
use crate::cli::interruption::Interruption;
use crate::cli::progress::target;
use crate::conv::{Observer, Stage};
use crate::job::{Estimator, Finished, NetworkObserver, RunSpec};

/// The line of progress of the whole command.
pub(super) struct LayerProgress {
    bar: ProgressBar,
    interruption: Interruption,
}

/// Progress of one way to run the layers.
pub(super) struct NetworkProgress<'a> {
    line: &'a LayerProgress,
    name: String,
    runs: &'a [RunSpec],
    /// Predicted microseconds of every layer.
    expected: Vec<u64>,
    current: AtomicU64,
    /// Of the stages of the current layer, steps done and in all.
    steps: Mutex<[(u64, u64); Stage::ALL.len()]>,
    resume: Mutex<Option<ResumeFile>>,
}

impl LayerProgress {
    /// # Errors
    /// That the signals cannot be caught.
    pub(super) fn start() -> io::Result<Self> {
        let interruption = Interruption::catch()?;
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_draw_target(target());
        // The template is a constant; were it wrong, the default style would show.
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {percent}% {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        Ok(Self { bar, interruption })
    }

    /// Shows work that is no layer.
    pub(super) fn show(&self, what: &'static str, done: usize, of: usize) {
        self.bar.set_message(what);
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.interruption.came()
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Progress of `runs`, one for each layer.
    pub(super) fn named<'a>(&'a self, name: &str, runs: &'a [RunSpec]) -> NetworkProgress<'a> {
        NetworkProgress {
            line: self,
            name: name.to_owned(),
            runs,
            expected: vec![1; runs.len()],
            current: AtomicU64::new(0),
            steps: Mutex::default(),
            resume: Mutex::new(None),
        }
    }
}

impl NetworkProgress<'_> {
    /// The same, whose layers are kept in `resume`.
    pub(super) fn resumed(self, resume: Option<ResumeFile>) -> Self {
        Self { resume: Mutex::new(resume), ..self }
    }

    /// Predicts how long layers take. A layer that cannot be predicted is told of when it is run.
    pub(super) fn expect(&mut self, estimator: &Estimator) {
        let time = |run: &RunSpec| {
            let record = estimator.estimate(run).ok()?.record;
            let time = &record.latency_ms;
            let all = time.keygen + time.weights + time.encrypt + time.server + time.response;
            Some(((all + time.decrypt) * 1e3) as u64)
        };
        self.expected = self.runs.iter().map(|run| time(run).unwrap_or(1).max(1)).collect();
        self.line.bar.set_length(self.expected.iter().sum());
        self.line.bar.set_position(0);
        self.line.bar.reset_eta();
    }

    /// Microseconds of predicted time that lie behind.
    fn position(&self) -> u64 {
        let current = self.current.load(Ordering::Relaxed) as usize;
        let before: u64 = self.expected.iter().take(current).sum();
        let Ok(steps) = self.steps.lock() else { return before };
        let (done, all) =
            steps.iter().fold((0, 0), |(a, b), (done, all)| (a + done.min(all), b + all));
        let share = done as f64 / all.max(1) as f64;
        before + (self.expected.get(current).copied().unwrap_or(0) as f64 * share) as u64
    }
}

impl Observer for NetworkProgress<'_> {
    fn enter(&self, stage: Stage, units: u64) {
        if let Ok(mut steps) = self.steps.lock() {
            steps[stage as usize].1 = units;
        }
    }

    fn advance(&self, stage: Stage, units: u64) {
        if let Ok(mut steps) = self.steps.lock() {
            steps[stage as usize].0 += units;
        }
        self.line.bar.set_position(self.position());
    }

    fn measured(&self, _: Stage, _: f64) {}

    fn is_cancelled(&self) -> bool {
        self.line.is_cancelled()
    }
}

impl NetworkObserver for NetworkProgress<'_> {
    fn layer(&self, index: usize) {
        self.current.store(index as u64, Ordering::Relaxed);
        if let Ok(mut steps) = self.steps.lock() {
            *steps = Default::default();
        }
        let layer = self.runs.get(index).map_or("", |run| &run.layer.spec.name);
        let place = format!("{} {}/{} {layer}", self.name, index + 1, self.runs.len());
        self.line.bar.set_message(place);
        self.line.bar.set_position(self.position());
    }

    fn finished(&self, _: usize, layer: &Finished) {
        let Ok(mut resume) = self.resume.lock() else { return };
        // A file that cannot be written any more must not lose the run.
        if let Some(Err(error)) = resume.as_mut().map(|file| file.add(layer)) {
            *resume = None;
            let text = format!("heconv: warning: --resume gets no more layers: {error}");
            self.line.bar.suspend(|| drop(writeln!(io::stderr(), "{text}")));
        }
    }
}
