//! Runs a network, whatever it comes from.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use ndarray::ArrayViewD;

use super::course::{Course, LayerFacts, NetworkOutput};
use super::keys::{Keys, Sessions};
use super::layer::{Half, convolve};
use super::{Finished, NetworkObserver, NetworkResult, overflow};
use crate::conv::{ConvError, Observer};
use crate::job::data::FromFile;
use crate::job::memory::{Work, require};
use crate::job::{JobError, Prepared, RunSpec};
use crate::network::{
    Answer, Convolution, Fidelity, LayerReport, Note, listed, plain, signal_to_noise_db,
};
use crate::report::{NetworkLayer, NetworkRecord, OutputRecord, rounded};

/// The layers of a network, checked.
pub(super) struct Executor<'a> {
    runs: &'a [RunSpec],
    finished: &'a [Finished],
    layers: Vec<Prepared<'a>>,
    keys: Keys,
}

impl<'a> Executor<'a> {
    /// Of a network of so many layers, which are run as `runs` say, but for those that an earlier run has
    /// `finished`.
    ///
    /// # Errors
    /// [`JobError`] where there are other runs than layers, or one is not valid.
    pub(super) fn new(
        network: &str,
        needed: usize,
        runs: &'a [RunSpec],
        finished: &'a [Finished],
    ) -> Result<Self, JobError> {
        let given = runs.len();
        if given != needed {
            return Err(JobError::NetworkLayers { network: network.to_owned(), given, needed });
        }
        let layers: Vec<Prepared<'a>> = runs.iter().map(Prepared::new).collect::<Result<_, _>>()?;
        let keys = Keys::of(&layers);
        Ok(Self { runs, finished, layers, keys })
    }

    /// Bytes that the layer takes which needs the most, with the keys of all.
    pub(super) fn largest(&self) -> u64 {
        self.keys.most_needed(&self.layers)
    }

    /// Whether so many bytes may be held.
    ///
    /// # Errors
    /// [`JobError`] where they may not.
    pub(super) fn require(&self, bytes: u64) -> Result<(), JobError> {
        let allowed = self.runs.iter().map(|run| run.max_memory).min().unwrap_or(u64::MAX);
        require(Work::Network, bytes, allowed)
    }

    /// What there is to know of the layers before the run.
    pub(super) fn notes(&self, layers: &[LayerFacts<'_>]) -> Vec<Note> {
        let dead = layers.iter().filter_map(|layer| match layer.dead? {
            [_, 0] => None,
            [all, dead] => Some(format!("{} ({dead} of {all})", layer.name)),
        });
        let dead: Vec<String> = dead.collect();
        let said = || {
            let layers = listed(&dead);
            Note::warning(format!("output channels without any weight but 0: {layers}"))
        };
        let beyond = layers.iter().zip(&self.layers);
        let beyond =
            beyond.map(|(layer, prepared)| (layer.name, layer.largest_sum, prepared.params()));
        (!dead.is_empty()).then(said).into_iter().chain(overflow::beyond(beyond)).collect()
    }

    /// Runs all layers encrypted, then plainly and in real values, and holds one against the other.
    ///
    /// # Errors
    /// [`JobError`] where a layer fails, or the run is cancelled.
    pub(super) fn run(
        &self,
        course: &dyn Course,
        observer: &dyn NetworkObserver,
    ) -> Result<NetworkResult, JobError> {
        let threads = self.runs.first().map_or(1, |run| run.threads);
        let pool = crate::job::threads(threads)?;
        let begin = Instant::now();
        let (outputs, mut layers) = pool.install(|| self.encrypted(course, observer))?;
        let wall = begin.elapsed();
        let expected = pool.install(|| Expected::of(course, observer))?;
        for (layer, ratio) in layers.iter_mut().zip(&expected.signal_to_noise_db) {
            layer.signal_to_noise_db = ratio.map(|ratio| rounded(ratio, 2));
        }
        let counts = [count(&outputs), mismatches(&outputs, &expected.outputs)];
        let (name, keys) = (course.name().to_owned(), self.keys.bytes());
        let told = |output: &NetworkOutput| OutputRecord {
            name: output.name.clone(),
            shape: output.values.shape().to_vec(),
        };
        let mut record = NetworkRecord {
            outputs: outputs.iter().filter(|_| outputs.len() > 1).map(told).collect(),
            fidelity: expected.fidelity(),
            ..NetworkRecord::new(name, layers, keys, counts, wall)
        };
        record.answer = expected.answer(course.labels());
        course.complete(&mut record);
        Ok(NetworkResult { record, outputs })
    }

    /// The outputs of the network with its convolutions encrypted, and its layers.
    fn encrypted(
        &self,
        course: &dyn Course,
        observer: &dyn NetworkObserver,
    ) -> Result<(Vec<NetworkOutput>, Vec<NetworkLayer>), JobError> {
        let sessions = Sessions::of(&self.layers, &self.keys);
        let ledger = Ledger::new(course, observer);
        let mut convolved = |call: &Convolution<'_>| {
            ledger.close();
            let layer = (&self.layers[call.index], &self.runs[call.index]);
            let file = from_file(course, call.index);
            let (done, sums) = convolve(call, layer, &sessions, self.finished, file, observer)?;
            ledger.open(done);
            Ok(sums)
        };
        let mut done = |index: usize, report: LayerReport, _: ArrayViewD<'_, f64>| {
            ledger.report(index, report);
        };
        let outputs = course.run(&mut convolved, &mut done)?;
        ledger.close();
        Ok((outputs, ledger.layers.into_inner()))
    }
}

/// What the weights of a layer were rounded from.
fn from_file(course: &dyn Course, layer: usize) -> FromFile {
    FromFile { weight_scales: course.scales(layer), notes: Vec::new() }
}

/// The layers of a run, each with the time of the client: whatever is no convolution is its, from the end of
/// one to the beginning of the next, and what comes before the first is the first one's too.
struct Ledger<'a> {
    course: &'a dyn Course,
    observer: &'a dyn NetworkObserver,
    since: Cell<Instant>,
    before: Cell<Duration>,
    half: Cell<Option<Half>>,
    report: Cell<Option<(usize, LayerReport)>>,
    layers: RefCell<Vec<NetworkLayer>>,
}

impl<'a> Ledger<'a> {
    fn new(course: &'a dyn Course, observer: &'a dyn NetworkObserver) -> Self {
        Self {
            course,
            observer,
            since: Cell::new(Instant::now()),
            before: Cell::default(),
            half: Cell::default(),
            report: Cell::default(),
            layers: RefCell::default(),
        }
    }

    /// A convolution has come to its end.
    fn open(&self, half: Half) {
        self.half.set(Some(half));
        self.since.set(Instant::now());
    }

    /// What has become of it.
    fn report(&self, index: usize, report: LayerReport) {
        self.report.set(Some((index, report)));
    }

    /// The next one begins, or all are done.
    fn close(&self) {
        let time = self.before.take() + self.since.get().elapsed();
        let (Some(half), Some((index, report))) = (self.half.take(), self.report.take()) else {
            self.before.set(time);
            return;
        };
        let finished = half.finish(report, time, from_file(self.course, index));
        self.observer.finished(index, &finished);
        self.layers.borrow_mut().push(finished.layer);
    }
}

/// What a network gives without encryption.
pub(super) struct Expected {
    /// With plain convolutions over the same integers.
    pub(super) outputs: Vec<NetworkOutput>,
    /// In real values; empty where there are none.
    pub(super) reals: Vec<NetworkOutput>,
    /// Of each layer its result beside that in real values.
    signal_to_noise_db: Vec<Option<f64>>,
}

impl Expected {
    /// # Errors
    /// [`JobError`] where the client cannot do what it must, or `observer` cancels.
    pub(super) fn of(course: &dyn Course, observer: &dyn Observer) -> Result<Self, JobError> {
        let mut reals = course.reals()?;
        let mut ratios = Vec::new();
        let mut convolve = |call: &Convolution<'_>| {
            if observer.is_cancelled() {
                return Err(JobError::Run(ConvError::Cancelled));
            }
            let Ok(sums) = plain(call);
            Ok(sums)
        };
        let mut done = |_: usize, _: LayerReport, values: ArrayViewD<'_, f64>| {
            let Some(real) = reals.as_mut().and_then(|reals| reals.next_layer()) else { return };
            ratios.push(signal_to_noise_db(values, real.view()));
        };
        let outputs = course.run(&mut convolve, &mut done)?;
        let reals = reals.map(|mut reals| reals.outputs()).unwrap_or_default();
        Ok(Self { outputs, reals, signal_to_noise_db: ratios })
    }

    /// The first output beside that in real values.
    pub(super) fn fidelity(&self) -> Option<Fidelity> {
        let (found, real) = self.outputs.first().zip(self.reals.first())?;
        Some(Fidelity::of(found.values.view(), real.values.view()))
    }

    /// The classes that the first output ranks first, where it is a list of scores.
    fn answer(&self, labels: Option<&[String]>) -> Option<Answer> {
        let (found, real) = self.outputs.first().zip(self.reals.first())?;
        Answer::of(&found.scores()?, &real.scores()?, labels)
    }
}

fn count(outputs: &[NetworkOutput]) -> usize {
    outputs.iter().map(|output| output.values.len()).sum()
}

/// How many values are not the same: the same computation gives the same bits.
fn mismatches(found: &[NetworkOutput], expected: &[NetworkOutput]) -> usize {
    let pairs = found.iter().zip(expected);
    let values = pairs.flat_map(|(found, expected)| found.values.iter().zip(&expected.values));
    values.filter(|(a, b)| a.to_bits() != b.to_bits()).count()
}
