//! The explorer on a recording: the real state and the real view, but a clock that stands still
//! and runs that took place long ago. Nothing of it depends on the machine.

use std::collections::VecDeque;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::app::App;
use super::event::{Effect, Event};
use super::keymap::Keymap;
use super::network::{NetworkEvent, NetworkPhase, Seen};
use super::recording::{BACKEND, RecordedNetwork, RecordedRun, Recording, RecordingError};
use super::style::Style;
use super::view;
use crate::job::{
    Estimate, Estimator, JobEvent, Problem, RunResult, RunSpec, input_preview, plain,
};
use crate::preset::Catalogue;
use crate::report::{Record, Verification};
use crate::tune::survey;

/// When it started: 2026-01-01.
const STARTED: u64 = 1_767_225_600_000;

/// Bytes that a run's server may hold.
const MEMORY: u64 = 16 << 30;

/// The explorer on a recording.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    /// The explorer.
    pub app: App,
    recording: Arc<Recording>,
    /// With the costs of the reference machine.
    estimator: Arc<Estimator>,
    now_ms: u64,
    /// What the run in progress will tell.
    coming: VecDeque<(u64, u64, Coming)>,
}

/// What a run in progress will tell.
#[derive(Clone, Debug)]
enum Coming {
    /// An event that was recorded.
    Told(super::recording::RecordedEvent),
    /// That it is finished.
    Finished(Box<RecordedRun>, Box<RunSpec>),
    /// That it is finished, as it was predicted.
    AsPredicted(Box<RunSpec>),
    /// That it cannot be run.
    Failed(String),
}

impl Replay {
    /// The explorer as it opens.
    pub fn new(style: Style) -> Result<Self, RecordingError> {
        let recording = Recording::embedded()?;
        let threads = recording.runs.first().map_or(1, |run| run.record.threads);
        let catalogue = Catalogue::builtin()?;
        let (mut app, first) =
            App::new(&catalogue, Keymap::default(), style, Vec::new(), threads, MEMORY)?;
        app.started_at = Some(STARTED);
        let mut replay = Self {
            app,
            recording: Arc::new(recording),
            estimator: Arc::default(),
            now_ms: 0,
            coming: VecDeque::new(),
        };
        replay.perform(first)?;
        Ok(replay)
    }

    /// Takes in an event.
    pub fn event(&mut self, event: Event) -> Result<(), RecordingError> {
        let effects = self.app.update(self.now_ms, event);
        self.perform(effects)
    }

    /// Presses a key.
    pub fn press(&mut self, code: KeyCode) -> Result<(), RecordingError> {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    /// Types a text.
    pub fn types(&mut self, text: &str) -> Result<(), RecordingError> {
        text.chars().try_for_each(|c| self.press(KeyCode::Char(c)))
    }

    /// Lets `part` of the run in progress pass.
    pub fn pass(&mut self, part: f64) -> Result<(), RecordingError> {
        let end = self.coming.back().map_or(self.now_ms, |last| last.0);
        let until = self.now_ms + ((end - self.now_ms) as f64 * part) as u64;
        while let Some((ms, number, coming)) = self.coming.pop_front_if(|next| next.0 <= until) {
            self.now_ms = ms;
            let event = match coming {
                Coming::Told(event) => event.into(),
                Coming::Finished(run, spec) => finished(*run, &spec)?,
                Coming::AsPredicted(spec) => self.as_predicted(&spec)?,
                Coming::Failed(problem) => JobEvent::Failed(problem.into()),
            };
            self.event(Event::Job { number, event })?;
        }
        self.now_ms = until;
        self.event(Event::Tick)
    }

    /// Shows the network that is chosen as it was run.
    pub fn network_ran(&mut self, run: RecordedNetwork) -> Result<(), RecordingError> {
        let number = self.app.networks.number;
        for (index, layer) in run.layers.into_iter().enumerate() {
            let event = NetworkEvent::Finished(index, Box::new(layer));
            self.event(Event::Network { number, event })?;
        }
        self.app.networks.phase = NetworkPhase::Done(Box::new(run.outcome));
        // One ciphertext looks like another.
        self.app.networks.seen = self.recording.runs.first().map(|run| Seen {
            limb_bits: run.record.params.limbs.first().map_or(0, |limb| limb.ilog2() + 1),
            words: run.words().into(),
        });
        Ok(())
    }

    /// The recorded run of the built-in model.
    pub fn recorded_network(&self) -> Option<RecordedNetwork> {
        self.recording.network.clone()
    }

    /// The screen.
    pub fn draw(&self, width: u16, height: u16) -> Buffer {
        let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
        let Ok(frame) = terminal.draw(|frame| view::draw(&self.app, frame));
        frame.buffer.clone()
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<(), RecordingError> {
        for effect in effects {
            match effect {
                Effect::Plan { number, spec } => {
                    let input = input_preview(&spec).ok().map(Arc::new);
                    let estimate = self.estimate(*spec).map_err(|problem| problem.text);
                    self.event(Event::Planned { number, estimate, input })?;
                }
                Effect::Start { number, spec } => self.start(number, spec)?,
                Effect::Search { number, mut query } => {
                    query.runs.iter_mut().for_each(|run| run.backend = BACKEND);
                    let found = survey(&self.estimator, &query, |_, _| true).map(Box::new);
                    let found = found.map_err(|error| error.to_string());
                    self.event(Event::Found { number, found })?;
                }
                Effect::Predict { number, specs } => {
                    for (index, spec) in specs.into_iter().enumerate() {
                        let estimate = self.estimate(spec);
                        self.event(Event::Predicted { number, index, estimate })?;
                    }
                }
                Effect::PredictNetwork { number, specs } => {
                    for (index, spec) in specs.into_iter().enumerate() {
                        let estimate = self.estimate(spec).map_err(|problem| problem.text);
                        self.event(Event::NetworkPredicted { number, index, estimate })?;
                    }
                }
                Effect::Cancel(number) => {
                    self.coming.clear();
                    self.event(Event::Job { number, event: JobEvent::Cancelled })?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The estimate on the reference machine.
    fn estimate(&self, spec: RunSpec) -> Result<Box<Estimate>, Problem> {
        let spec = RunSpec { backend: BACKEND, ..spec };
        self.estimator.estimate(&spec).map(Box::new).map_err(Problem::from)
    }

    /// The end of a run that gave what was predicted, and was right.
    fn as_predicted(&self, spec: &RunSpec) -> Result<JobEvent, RecordingError> {
        let (input, output) = plain(spec)?;
        let values = output.len() as u64;
        let verification = Verification { values, ..Verification::default() };
        Ok(match self.estimate(spec.clone()) {
            Ok(estimate) => {
                let record = Record {
                    predicted: false,
                    verification: Some(verification),
                    ..estimate.record
                };
                // One ciphertext looks like another.
                let upload_sample = self.recording.runs.first().map(RecordedRun::words);
                let upload_sample = upload_sample.unwrap_or_default();
                JobEvent::Finished(Box::new(RunResult { record, input, output, upload_sample }))
            }
            Err(problem) => JobEvent::Failed(problem),
        })
    }

    fn start(&mut self, number: u64, spec: Box<RunSpec>) -> Result<(), RecordingError> {
        let start = self.now_ms;
        let run = match self.recording.find(&spec) {
            Ok(run) => run.clone(),
            // Nor is it known before what an optimisation runs.
            Err(_) if self.app.optimising.is_some() => {
                self.coming = [(start, number, Coming::AsPredicted(spec))].into();
                return Ok(());
            }
            // A sweep goes over more than was recorded.
            Err(error) if self.app.sweep.current().is_some() => {
                self.coming = [(start, number, Coming::Failed(error.to_string()))].into();
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.coming = run
            .events
            .iter()
            .map(|(ms, event)| (start + ms, number, Coming::Told(*event)))
            .collect();
        let end = start + run.finished_ms;
        self.coming.push_back((end, number, Coming::Finished(Box::new(run), spec)));
        Ok(())
    }
}

/// The end of a recorded run.
fn finished(run: RecordedRun, spec: &RunSpec) -> Result<JobEvent, RecordingError> {
    let (input, output) = plain(spec)?;
    let upload_sample = run.words();
    let result = RunResult { record: run.record, input, output, upload_sample };
    Ok(JobEvent::Finished(Box::new(result)))
}
