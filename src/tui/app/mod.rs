//! The explorer's state, and how events change it.

mod forms;
mod input;
mod runs;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array3;
use tui_input::Input;

use super::action::Action;
use super::compare::Compare;
use super::event::{Effect, Event};
use super::form::{Field, Form};
use super::keymap::{Context, Keymap};
use super::layers::LayerList;
use super::palette::Palette;
use super::running::Running;
use super::style::Style;
use super::sweep::Sweep;
use crate::bfv::{Params, ParamsSpec};
use crate::conv::{AlgorithmKind, Layer};
use crate::job::Estimate;
use crate::preset::{Catalogue, PresetError};
use crate::report::Record;

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// One layer, its parameters and its run.
    Explore,
    /// Runs side by side.
    Compare,
    /// One layer over many parameters.
    Sweep,
}

/// A part of Explore that takes keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The layers.
    Layers,
    /// The parameter form.
    Parameters,
}

/// What a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A value for the form's field.
    Value(Field),
    /// A part of layers' names.
    Filter,
    /// Where to export the experiment to.
    ExportPath,
    /// Where to export the runs of Compare to.
    ExportRuns,
}

/// Something over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys, scrolled down by some rows.
    Help(u16),
    /// The commands.
    Palette(Palette),
    /// A line of text.
    Prompt {
        /// What for.
        asking: Asking,
        /// The text so far.
        input: Input,
    },
    /// Whether to replace the file that is there.
    Overwrite(PathBuf),
    /// An error that must be seen.
    Error(String),
    /// The layers, where they have no room beside the rest.
    Layers,
    /// The form, where it has no room beside the rest.
    Parameters,
    /// The pictures, where they have no room beside the rest.
    Pictures,
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Info,
    /// Something did not work.
    Bad,
}

/// A run that is done.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was run; absent for runs of earlier days.
    pub form: Option<Form>,
    /// Its record.
    pub record: Record,
    /// Input, output and what the server saw; absent for runs of earlier days.
    pub tensors: Option<Tensors>,
}

/// What a run took and gave.
#[derive(Clone, Debug)]
pub struct Tensors {
    /// The input of shape (channels, height, width).
    pub input: Arc<Array3<i64>>,
    /// The output of shape (channels, height, width).
    pub output: Arc<Array3<i64>>,
    /// Words of the first uploaded ciphertext.
    pub ciphertext: Arc<Vec<u64>>,
}

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
        history: Vec<Record>,
        threads: usize,
        max_memory: u64,
    ) -> Result<(Self, Vec<Effect>), PresetError> {
        let form = Form::demo(catalogue, threads)?;
        let mut layers = LayerList::new(catalogue.layers().cloned().collect());
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
            input: None,
            running: None,
            shown: None,
            compare: Compare::new(history),
            sweep: Sweep::default(),
            map: 0,
            message: None,
            max_memory,
            cores: threads,
            form_number: 0,
            job_number: 0,
            now_ms: 0,
        };
        let effects = app.form_changed();
        Ok((app, effects))
    }

    /// Takes in an event that happened at `now_ms`.
    pub fn update(&mut self, now_ms: u64, event: Event) -> Vec<Effect> {
        self.now_ms = now_ms;
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize => Vec::new(),
            Event::Tick => {
                if let Some(running) = &mut self.running {
                    running.tick(now_ms);
                }
                Vec::new()
            }
            Event::Job { number, event } => self.job(number, event),
            Event::Planned { number, estimate, input } => {
                if number == self.form_number {
                    self.estimate = Some(estimate);
                    self.input = input;
                }
                Vec::new()
            }
            Event::Exported(result) => {
                self.exported(result);
                Vec::new()
            }
        }
    }

    /// Whether time must go on: something moves on the screen.
    pub const fn is_moving(&self) -> bool {
        self.running.is_some()
    }

    /// The run shown.
    pub fn shown(&self) -> Option<&Done> {
        self.compare.run(self.shown?)
    }

    /// The record that is predicted of the form's run, where it can run.
    pub fn predicted(&self) -> Option<&Record> {
        let estimate = self.estimate.as_ref()?.as_ref().ok()?;
        Some(&estimate.record)
    }

    /// That record where it is of what the figures on the screen are of: of the run in progress, or
    /// of the run shown, or of the form where neither is.
    pub fn predicted_of_shown(&self) -> Option<&Record> {
        let form = match (&self.running, self.shown()) {
            (Some(running), _) => Some(&running.form),
            (None, Some(run)) => run.form.as_ref(),
            (None, None) => Some(&self.form),
        };
        self.predicted().filter(|_| form == Some(&self.form))
    }

    /// Bytes that the form's run needs and bytes it may have, where these are fewer.
    pub fn memory_missing(&self) -> Option<(u64, u64)> {
        let estimate = self.estimate.as_ref()?.as_ref().ok()?;
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
        }
    }

    /// Does what a key or a command stands for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Run if self.screen == Screen::Compare => self.open(),
            Action::Run if self.screen == Screen::Sweep => self.run_sweep(),
            Action::Run => self.run(self.form.clone()),
            Action::RunBaseline => {
                let form = Form { algorithm: AlgorithmKind::Conventional, ..self.form.clone() };
                self.run(form)
            }
            Action::Cancel => self.cancel(),
            Action::Export if self.screen == Screen::Compare => self.ask_for_runs(),
            Action::Export if self.problem.is_some() => {
                self.message = Some((Tone::Bad, "not exported: the form is not valid".into()));
                Vec::new()
            }
            Action::Export => {
                let name =
                    format!("{}-{}.toml", self.form.layer.spec.name, self.form.algorithm.name());
                self.ask(Asking::ExportPath, name)
            }
            Action::Copy => {
                self.message = Some((Tone::Info, "copied the experiment".into()));
                vec![Effect::Copy(self.experiment())]
            }
            Action::Undo => self.undo(),
            Action::Fix => match self.fix.take() {
                Some((_, form)) => self.change_form(form),
                None => Vec::new(),
            },
            Action::Edit => {
                self.panel = Panel::Parameters;
                let field = Field::ALL[self.field];
                self.ask(Asking::Value(field), self.form.value(field))
            }
            Action::Increase => self.step(true),
            Action::Decrease => self.step(false),
            Action::Filter => self.ask(Asking::Filter, String::new()),
            Action::NextPanel | Action::PreviousPanel => {
                self.panel = match self.panel {
                    Panel::Layers => Panel::Parameters,
                    Panel::Parameters => Panel::Layers,
                };
                Vec::new()
            }
            Action::NextMap | Action::PreviousMap => {
                self.turn_map(action == Action::NextMap);
                Vec::new()
            }
            Action::Quit => vec![Effect::Quit],
            Action::Open if self.screen == Screen::Sweep => self.open_point(),
            Action::Open => self.open(),
            _ => self.show(action),
        }
    }

    /// Actions that change what is shown, and nothing else but the layer of the form.
    fn show(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Explore => self.screen = Screen::Explore,
            Action::Compare => self.screen = Screen::Compare,
            Action::Sweep => self.show_sweep(),
            Action::Help => self.overlay = Some(Overlay::Help(0)),
            Action::Commands => {
                self.overlay = Some(Overlay::Palette(Palette::new(self.context(), &self.keymap)));
            }
            Action::Layers => {
                self.panel = Panel::Layers;
                self.overlay = Some(Overlay::Layers);
            }
            Action::Parameters => {
                self.panel = Panel::Parameters;
                self.overlay = Some(Overlay::Parameters);
            }
            Action::Pictures => self.overlay = Some(Overlay::Pictures),
            Action::Theme => {
                self.style.next_theme();
                self.message = Some((Tone::Info, format!("theme {}", self.style.theme_name())));
            }
            Action::Close => {
                self.layers.filter.clear();
                self.message = None;
            }
            _ if self.screen == Screen::Compare => self.act_on_runs(action),
            _ if self.screen == Screen::Sweep => self.act_on_sweep(action),
            _ => return self.move_cursor(action),
        }
        Vec::new()
    }

    fn move_cursor(&mut self, action: Action) -> Vec<Effect> {
        let rows = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -10,
            Action::PageDown => 10,
            Action::First => isize::MIN,
            Action::Last => isize::MAX,
            Action::Left | Action::Right if self.panel == Panel::Parameters => {
                return self.step(action == Action::Right);
            }
            Action::Left | Action::Right => {
                self.layers.fold(action == Action::Left);
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        match self.panel {
            Panel::Layers => {
                self.layers.move_by(rows);
                self.choose_layer()
            }
            Panel::Parameters => {
                self.field = self.field.saturating_add_signed(rows).min(Field::ALL.len() - 1);
                Vec::new()
            }
        }
    }
}
