//! The explorer's state, and how events change it.

mod actions;
mod bookmarks;
mod exports;
mod forms;
mod input;
mod models;
mod mouse;
mod network;
mod open;
mod optimise;
mod overlay;
mod runs;
mod save;
mod state;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array3;

pub use overlay::{Asking, HelpView, Overlay};
pub use save::What;

use super::compare::Compare;
pub use super::done::{Done, Tensors};
use super::event::{Effect, Event};
use super::form::Form;
use super::keymap::{Context, Keymap};
use super::layers::LayerList;
use super::network::{Networks, Subject};
use super::optimise::{Decided, Optimisation, Wish};
use super::running::Running;
use super::state::SavedModel;
use super::style::Style;
use super::sweep::Sweep;
use crate::bfv::{Params, ParamsSpec};
use crate::conv::Layer;
use crate::job::{Estimate, OpenedModel};
use crate::preset::{Catalogue, PresetError};
use crate::report::{Entry, Record};

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// One layer, its parameters and its run.
    Explore,
    /// Runs side by side.
    Compare,
    /// One layer over many parameters.
    Sweep,
    /// A network layer by layer.
    Network,
}

impl Screen {
    /// Every screen, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Explore, Self::Compare, Self::Sweep, Self::Network];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Explore => "Explore",
            Self::Compare => "Compare",
            Self::Sweep => "Sweep",
            Self::Network => "Network",
        }
    }
}

/// A part of Explore that takes keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The layers.
    Layers,
    /// The parameter form.
    Parameters,
    /// The figures, each of which can be explained.
    Figures,
}

impl Panel {
    /// Every panel, in the order of the keys that go to them.
    pub const ALL: [Self; 3] = [Self::Layers, Self::Parameters, Self::Figures];
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Info,
    /// Something did not work.
    Bad,
}

/// Columns of the lists of Explore, until their border is dragged.
const LEFT: u16 = 38;

/// The explorer's state.
#[derive(Clone, Debug)]
pub struct App {
    /// Keys.
    pub keymap: Keymap,
    /// Colours and glyphs.
    pub style: Style,
    /// The screen.
    pub screen: Screen,
    /// The part of Explore that takes keys.
    pub panel: Panel,
    /// What is over the screen.
    pub overlay: Option<Overlay>,
    /// The layers.
    pub layers: LayerList,
    /// The parameter sets by name.
    pub presets: Vec<ParamsSpec>,
    /// The form.
    pub form: Form,
    /// The field of the cursor, by its place among all fields.
    pub field: usize,
    /// Forms that undo goes back to.
    undo: Vec<Form>,
    /// What is wrong with the form.
    pub problem: Option<String>,
    /// The form's checked parameters and layer; `None` where it has a problem. Frames draw from
    /// these: checking searches for primes.
    pub checked: Option<(Params, Layer)>,
    /// The fix offered.
    pub fix: Option<(String, Form)>,
    /// What is predicted of the form's run; `None` until that is worked out.
    pub estimate: Option<Result<Box<Estimate>, String>>,
    /// When the estimate became one of a former form; `None` where it is of the form.
    outdated_ms: Option<u64>,
    /// The input that the form's run will take.
    pub input: Option<Arc<Array3<i64>>>,
    /// The run in progress.
    pub running: Option<Running>,
    /// The run shown, by its place among the runs.
    pub shown: Option<usize>,
    /// All runs.
    pub compare: Compare,
    /// The sweep.
    pub sweep: Sweep,
    /// The networks that run.
    pub networks: Networks,
    /// The optimisation in progress.
    pub optimising: Option<Optimisation>,
    /// What the last optimisation came to.
    pub decided: Option<Arc<Decided>>,
    /// What was last optimised for.
    wish: Wish,
    /// Whether one panel has the screen for itself.
    pub zoomed: bool,
    /// Columns of the lists of Explore.
    pub left: u16,
    /// How many they were when their border began to be dragged, while it is.
    dragged_from: Option<u16>,
    /// The figure of the cursor, by its place among all.
    pub figure: usize,
    /// Whether the machine is being measured, before anything can be predicted.
    pub is_calibrating: bool,
    /// The feature map shown.
    pub map: usize,
    /// A message.
    pub message: Option<(Tone, String)>,
    /// Bytes that a run's server may hold.
    max_memory: u64,
    /// The most threads that a step goes to.
    cores: usize,
    form_number: u64,
    job_number: u64,
    search_number: u64,
    /// What is saved where that was asked for last.
    saving: What,
    /// The directory of the file that was opened or saved last.
    directory: PathBuf,
    /// Parameter sets that were opened.
    opened_params: Vec<ParamsSpec>,
    /// Files of networks that were opened.
    opened_networks: Vec<PathBuf>,
    /// The number of what was said of a model last.
    serving: u64,
    /// Models of an earlier start that are not there yet.
    models_to_come: Vec<SavedModel>,
    /// The network that was shown then.
    awaited: String,
    /// Forms by name.
    pub bookmarks: Vec<(String, Form)>,
    /// The theme of the settings.
    configured_theme: String,
    /// Whether rows of an earlier start are still to come.
    rows_to_come: bool,
    /// When the explorer was started, in milliseconds since 1970; absent where time stands still.
    pub started_at: Option<u64>,
    /// The clock, in milliseconds.
    pub now_ms: u64,
}

impl App {
    /// The explorer on the demo layer, with runs of earlier days, on a machine that runs `threads`
    /// at once.
    ///
    /// # Errors
    /// That a preset is wrong.
    pub fn new(
        catalogue: &Catalogue,
        keymap: Keymap,
        style: Style,
        history: Vec<Entry>,
        threads: usize,
        max_memory: u64,
    ) -> Result<(Self, Vec<Effect>), PresetError> {
        let form = Form::demo(catalogue, threads)?;
        let configured_theme = style.theme_name().to_owned();
        // Where it may not have the memory, nothing else may either.
        let digits = OpenedModel::builtin(max_memory).ok().map(Arc::new);
        let own = digits.iter().flat_map(|model| model.layers()).cloned();
        let mut layers = LayerList::new(catalogue.layers().cloned().chain(own).collect());
        let presets = catalogue.networks().map(|one| Subject::Network(Arc::new(one.clone())));
        let subjects = digits.clone().into_iter().map(Subject::Model).chain(presets);
        layers.select(&form.layer.full_name());
        let mut app = Self {
            keymap,
            style,
            screen: Screen::Explore,
            panel: Panel::Layers,
            overlay: None,
            layers,
            presets: catalogue.params().cloned().collect(),
            form,
            field: 0,
            undo: Vec::new(),
            problem: None,
            checked: None,
            fix: None,
            estimate: None,
            outdated_ms: None,
            input: None,
            running: None,
            shown: None,
            compare: Compare::new(history),
            sweep: Sweep::default(),
            networks: Networks::new(subjects),
            optimising: None,
            decided: None,
            wish: Wish::default(),
            zoomed: false,
            left: LEFT,
            dragged_from: None,
            figure: 0,
            is_calibrating: false,
            map: 0,
            message: None,
            max_memory,
            cores: threads,
            form_number: 0,
            job_number: 0,
            search_number: 0,
            saving: What::Experiment,
            directory: PathBuf::new(),
            opened_params: Vec::new(),
            opened_networks: Vec::new(),
            serving: 0,
            models_to_come: Vec::new(),
            awaited: String::new(),
            bookmarks: Vec::new(),
            configured_theme,
            rows_to_come: false,
            started_at: None,
            now_ms: 0,
        };
        app.compare.resolve(&app.layers);
        let effects = app.form_changed();
        Ok((app, effects))
    }

    /// Shows the first of `notices` as the message, and how many more there are.
    pub fn warn(&mut self, notices: &[String]) {
        let Some((first, more)) = notices.split_first() else { return };
        let more = match more.len() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        self.message = Some((Tone::Bad, format!("{first}{more}")));
    }

    /// Takes in an event that happened at `now_ms`.
    pub fn update(&mut self, now_ms: u64, event: Event) -> Vec<Effect> {
        self.now_ms = now_ms;
        let effects = self.happened(event);
        // What was to be waited for has ended meanwhile: there is nothing to ask any more.
        if matches!(self.overlay, Some(Overlay::Leave(_))) && self.going_on().is_none() {
            self.overlay = None;
        }
        effects
    }

    fn happened(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize => Vec::new(),
            Event::Pointer(pointer) => self.pointed(pointer),
            Event::Tick => {
                if let Some(running) = &mut self.running {
                    running.tick(self.now_ms);
                }
                Vec::new()
            }
            Event::Job { number, event } => self.job(number, event),
            Event::Planned { number, estimate, input } => {
                if number == self.form_number {
                    self.estimate = Some(estimate);
                    self.outdated_ms = None;
                    self.input = input;
                }
                Vec::new()
            }
            Event::Searching { number, done, of } => {
                self.searching(number, done, of);
                Vec::new()
            }
            Event::Found { number, found } => self.found(number, found),
            Event::Predicted { number, index, estimate } => {
                self.sweep.predicted(number, index, estimate);
                Vec::new()
            }
            Event::NetworkPredicted { number, index, estimate } => {
                let row = self.networks.rows.get_mut(index);
                if let Some(row) = row.filter(|_| number == self.networks.plan) {
                    row.predicted = Some(estimate.map(|estimate| estimate.record));
                }
                Vec::new()
            }
            Event::Network { number, event } => self.network_happened(number, event),
            Event::Opened(path, result) => self.opened(&path, *result),
            Event::Served(served) => self.served(*served),
            Event::Completed { text, found } => {
                self.completed(&text, &found);
                Vec::new()
            }
            Event::Calibrating(is_calibrating) => {
                self.is_calibrating = is_calibrating;
                Vec::new()
            }
            Event::RowsRestored(rows) => self.rows_restored(*rows),
            Event::Exported(result) => {
                self.exported(result);
                Vec::new()
            }
        }
    }

    /// Whether time must go on: something moves on the screen.
    pub fn is_moving(&self) -> bool {
        self.running.is_some()
            || self.optimising.is_some()
            || self.outdated_ms.is_some()
            || self.networks.is_going()
    }

    /// What is predicted, be it of the former form: the next estimate is mostly there before anyone
    /// could read it, and a screen that is empty between the two flickers. `None` where that takes
    /// longer.
    pub fn forecast(&self) -> Option<&Result<Box<Estimate>, String>> {
        const PATIENCE_MS: u64 = 300;
        let is_old = |since: u64| self.now_ms.saturating_sub(since) > PATIENCE_MS;
        self.estimate.as_ref().filter(|_| !self.outdated_ms.is_some_and(is_old))
    }

    /// Whether what is predicted is of a former form.
    pub const fn is_outdated(&self) -> bool {
        self.outdated_ms.is_some()
    }

    /// The run shown.
    pub fn shown(&self) -> Option<&Done> {
        self.compare.run(self.shown?)
    }

    /// The record that is predicted of the form's run, where it can run.
    pub fn predicted(&self) -> Option<&Record> {
        let estimate = self.forecast()?.as_ref().ok()?;
        Some(&estimate.record)
    }

    /// That record where it is of what the figures on the screen are of: of the run in progress, or
    /// of the run shown, or of the form where neither is.
    pub fn predicted_of_shown(&self) -> Option<&Record> {
        // A point of a sweep and a finalist of an optimisation have predictions of their own.
        let point = self.sweep.current().and_then(|index| self.sweep.rows().get(index));
        let point = point.and_then(|point| point.record.as_ref());
        let finalist = self.optimising.as_ref().and_then(Optimisation::prediction);
        if let Some(record) = point.or(finalist) {
            return Some(record);
        }
        let form = match (&self.running, self.shown()) {
            (Some(running), _) => Some(&running.form),
            (None, Some(run)) => run.form.as_ref(),
            (None, None) => Some(&self.form),
        };
        self.predicted().filter(|_| form == Some(&self.form))
    }

    /// Bytes that the form's run needs and bytes it may have, where these are fewer.
    pub fn memory_missing(&self) -> Option<(u64, u64)> {
        let estimate = self.forecast()?.as_ref().ok()?;
        let needed = estimate.needed_bytes;
        (needed > self.max_memory).then_some((needed, self.max_memory))
    }

    /// Where keys are looked up.
    pub const fn context(&self) -> Context {
        match &self.overlay {
            Some(Overlay::Prompt { .. } | Overlay::Palette(_)) => Context::Text,
            _ => self.screen_context(),
        }
    }

    /// Where keys will be looked up once nothing is over the screen.
    pub const fn screen_context(&self) -> Context {
        match self.screen {
            Screen::Explore => Context::Explore,
            Screen::Compare => Context::Compare,
            Screen::Sweep => Context::Sweep,
            Screen::Network => Context::Network,
        }
    }
}
