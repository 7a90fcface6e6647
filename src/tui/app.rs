//! The explorer's state, and how events change it.

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ndarray::Array3;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::action::Action;
use super::compare::Compare;
use super::event::{Effect, Event, ExportError};
use super::form::{Field, Form};
use super::key::Key;
use super::keymap::{Context, Keymap};
use super::layers::LayerList;
use super::palette::Palette;
use super::running::Running;
use super::style::Style;
use crate::bfv::ParamsSpec;
use crate::conv::AlgorithmKind;
use crate::job::{JobEvent, PlanFacts, RunResult};
use crate::preset::{Catalogue, PresetError, experiment_toml};
use crate::report::Record;

/// Text longer than this is cut when it is typed or pasted.
const LONGEST_TEXT: usize = 4096;

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// One layer, its parameters and its run.
    Explore,
    /// Runs side by side.
    Compare,
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
    /// Where to export to.
    ExportPath,
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
    /// The field of the cursor, by its place in [`Field::ALL`].
    pub field: usize,
    /// Forms that undo goes back to.
    undo: Vec<Form>,
    /// What is wrong with the form.
    pub problem: Option<String>,
    /// The fix offered.
    pub fix: Option<(String, Form)>,
    /// What is known of the form's run.
    pub facts: Option<Result<PlanFacts, String>>,
    /// The input that the form's run will take.
    pub input: Option<Arc<Array3<i64>>>,
    /// The run in progress.
    pub running: Option<Running>,
    /// The run shown, by its place among the runs.
    pub shown: Option<usize>,
    /// All runs.
    pub compare: Compare,
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
            fix: None,
            facts: None,
            input: None,
            running: None,
            shown: None,
            compare: Compare::new(history),
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
            Event::Planned { number, facts, input } => {
                if number == self.form_number {
                    self.facts = Some(facts);
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
        }
    }

    fn key(&mut self, event: KeyEvent) -> Vec<Effect> {
        if event.code == KeyCode::Char('z') && event.modifiers.contains(KeyModifiers::CONTROL) {
            return vec![Effect::Suspend];
        }
        let action = self.keymap.lookup(self.context(), Key::from(event));
        if let Some(effects) = self.overlay_key(event, action) {
            return effects;
        }
        let Some(action) = action else { return Vec::new() };
        self.message = None;
        self.act(action)
    }

    /// Keys while something is over the screen; `None` where the screen takes them all the same.
    fn overlay_key(&mut self, event: KeyEvent, action: Option<Action>) -> Option<Vec<Effect>> {
        let is_close = matches!(action, Some(Action::Close));
        match self.overlay.take()? {
            Overlay::Prompt { asking, input } => {
                Some(self.prompt_key(asking, input, event, action))
            }
            Overlay::Palette(palette) => Some(self.palette_key(palette, event, action)),
            Overlay::Overwrite(path) => {
                if event.code == KeyCode::Char('y') {
                    return Some(self.export_to(path, true));
                }
                self.message = Some((Tone::Info, "not exported".into()));
                Some(Vec::new())
            }
            Overlay::Help(scroll) => {
                let scroll = match action {
                    Some(Action::Down) => scroll.saturating_add(1),
                    Some(Action::Up) => scroll.saturating_sub(1),
                    Some(Action::PageDown) => scroll.saturating_add(10),
                    Some(Action::PageUp) => scroll.saturating_sub(10),
                    Some(Action::First) => 0,
                    Some(Action::Quit) => return None,
                    Some(Action::Close | Action::Help) => return Some(Vec::new()),
                    _ => scroll,
                };
                self.overlay = Some(Overlay::Help(scroll.min(500)));
                Some(Vec::new())
            }
            Overlay::Error(_) => (action != Some(Action::Quit)).then(Vec::new),
            overlay @ (Overlay::Layers | Overlay::Parameters | Overlay::Pictures) => {
                // These are panels: keys go to them, and a second press closes them.
                let same = matches!(
                    (&overlay, action),
                    (Overlay::Layers, Some(Action::Layers | Action::Run))
                        | (Overlay::Parameters, Some(Action::Parameters))
                        | (Overlay::Pictures, Some(Action::Pictures))
                );
                if is_close || (same && action != Some(Action::Run)) {
                    return Some(Vec::new());
                }
                let stays = !matches!(action, Some(Action::Run | Action::Compare));
                if stays {
                    self.overlay = Some(overlay);
                }
                None
            }
        }
    }

    fn prompt_key(
        &mut self,
        asking: Asking,
        mut input: Input,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Vec<Effect> {
        match (event.code, action) {
            (KeyCode::Enter, _) => return self.answered(asking, input.value()),
            (_, Some(Action::Quit)) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                return self.act(Action::Quit);
            }
            (_, Some(Action::Close)) => {
                if asking == Asking::Filter {
                    self.layers.filter.clear();
                }
                return Vec::new();
            }
            _ => {
                if input.value().chars().count() < LONGEST_TEXT || !is_text(&event) {
                    input.handle_event(&crossterm::event::Event::Key(event));
                }
            }
        }
        self.keep_prompt(asking, input);
        Vec::new()
    }

    fn keep_prompt(&mut self, asking: Asking, input: Input) {
        if asking == Asking::Filter {
            input.value().clone_into(&mut self.layers.filter);
        }
        self.overlay = Some(Overlay::Prompt { asking, input });
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        let clean = text.chars().filter(|c| !c.is_control());
        match self.overlay.take() {
            Some(Overlay::Prompt { asking, input }) => {
                let room = LONGEST_TEXT.saturating_sub(input.value().chars().count());
                let value = input.value().chars().chain(clean.take(room)).collect();
                self.keep_prompt(asking, Input::new(value));
            }
            Some(Overlay::Palette(mut palette)) => {
                palette.paste(&clean.take(100).collect::<String>());
                self.overlay = Some(Overlay::Palette(palette));
            }
            other => self.overlay = other,
        }
        Vec::new()
    }

    fn palette_key(
        &mut self,
        mut palette: Palette,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Vec<Effect> {
        match (event.code, action) {
            (KeyCode::Enter, _) => {
                return palette.chosen().map_or_else(Vec::new, |action| self.act(action));
            }
            (_, Some(Action::Quit)) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                return self.act(Action::Quit);
            }
            (_, Some(Action::Close)) => return Vec::new(),
            (KeyCode::Up, _) => palette.move_by(-1),
            (KeyCode::Down, _) => palette.move_by(1),
            _ => palette.key(event),
        }
        self.overlay = Some(Overlay::Palette(palette));
        Vec::new()
    }

    /// What the user asked for in a prompt.
    fn answered(&mut self, asking: Asking, text: &str) -> Vec<Effect> {
        match asking {
            Asking::Filter => {
                text.clone_into(&mut self.layers.filter);
                self.choose_layer()
            }
            Asking::ExportPath if text.trim().is_empty() => Vec::new(),
            Asking::ExportPath => self.export_to(PathBuf::from(text.trim()), false),
            Asking::Value(field) => match self.form.parse(field, text, &self.presets) {
                Ok(form) => self.change_form(form),
                Err(problem) => {
                    self.message = Some((Tone::Bad, problem));
                    Vec::new()
                }
            },
        }
    }

    /// Does what a key or a command stands for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Run if self.screen == Screen::Compare => self.act(Action::Open),
            Action::Run => self.run(self.form.clone()),
            Action::RunBaseline => {
                let form = Form { algorithm: AlgorithmKind::Conventional, ..self.form.clone() };
                self.run(form)
            }
            Action::Cancel => self.cancel(),
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
            Action::Open => self.open(),
            _ => self.show(action),
        }
    }

    /// Actions that change what is shown, and nothing else but the layer of the form.
    fn show(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Explore => self.screen = Screen::Explore,
            Action::Compare => self.screen = Screen::Compare,
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
            _ if self.screen == Screen::Compare => {
                let chosen = self.compare.chosen().filter(|_| action == Action::Delete);
                self.compare.act(action);
                // Runs after a deleted one move up.
                self.shown = match (self.shown, chosen) {
                    (Some(shown), Some(gone)) if shown == gone => None,
                    (Some(shown), Some(gone)) if shown > gone => Some(shown - 1),
                    (shown, _) => shown,
                };
            }
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

    /// The form's layer becomes the one under the cursor.
    fn choose_layer(&mut self) -> Vec<Effect> {
        match self.layers.current().cloned() {
            Some(layer) if layer.full_name() != self.form.layer.full_name() => {
                self.map = 0;
                self.change_form(Form { layer, ..self.form.clone() })
            }
            _ => Vec::new(),
        }
    }

    fn ask(&mut self, asking: Asking, value: String) -> Vec<Effect> {
        self.overlay = Some(Overlay::Prompt { asking, input: Input::new(value) });
        Vec::new()
    }

    fn step(&mut self, up: bool) -> Vec<Effect> {
        self.panel = Panel::Parameters;
        match self.form.next_valid(Field::ALL[self.field], up, &self.presets, self.cores) {
            Ok(form) => self.change_form(form),
            Err(problem) => {
                self.message = Some((Tone::Bad, problem));
                Vec::new()
            }
        }
    }

    fn change_form(&mut self, form: Form) -> Vec<Effect> {
        const UNDO: usize = 200;
        if form == self.form {
            return Vec::new();
        }
        if self.undo.len() == UNDO {
            self.undo.remove(0);
        }
        self.undo.push(std::mem::replace(&mut self.form, form));
        self.form_changed()
    }

    fn undo(&mut self) -> Vec<Effect> {
        let Some(form) = self.undo.pop() else {
            self.message = Some((Tone::Info, "nothing to undo".into()));
            return Vec::new();
        };
        self.form = form;
        self.layers.select(&self.form.layer.full_name());
        self.form_changed()
    }

    /// Checks the form anew and asks for its plan.
    fn form_changed(&mut self) -> Vec<Effect> {
        // What is shown is always a run of this very form.
        self.shown = self.compare.newest_of(&self.form);
        self.problem = self.form.check().err();
        self.fix = self.form.fix();
        self.facts = None;
        self.form_number += 1;
        if self.problem.is_some() {
            return Vec::new();
        }
        let spec = Box::new(self.form.spec(self.max_memory));
        vec![Effect::Plan { number: self.form_number, spec }]
    }

    fn run(&mut self, form: Form) -> Vec<Effect> {
        if self.running.is_some() {
            self.message = Some((Tone::Info, "a run is in progress; c cancels it".into()));
            return Vec::new();
        }
        if let Err(problem) = form.check() {
            self.message = Some((Tone::Bad, problem));
            return Vec::new();
        }
        self.screen = Screen::Explore;
        self.message = None;
        self.shown = None;
        self.job_number += 1;
        let spec = Box::new(form.spec(self.max_memory));
        self.running = Some(Running::new(self.job_number, form, self.now_ms));
        vec![Effect::Start { number: self.job_number, spec }]
    }

    fn cancel(&mut self) -> Vec<Effect> {
        let Some(running) = &mut self.running else {
            self.message = Some((Tone::Info, "nothing is running".into()));
            return Vec::new();
        };
        running.cancelling = true;
        vec![Effect::Cancel(running.number)]
    }

    fn job(&mut self, number: u64, event: JobEvent) -> Vec<Effect> {
        let now = self.now_ms;
        let Some(running) = self.running.as_mut().filter(|running| running.number == number) else {
            return Vec::new();
        };
        running.tell(&event, now);
        if !event.is_last() {
            return Vec::new();
        }
        let form = self.running.take().map(|running| running.form);
        self.shown = self.compare.newest_of(&self.form);
        match event {
            JobEvent::Finished(result) => return self.finished(form, *result),
            JobEvent::Cancelled => self.message = Some((Tone::Info, "cancelled".into())),
            JobEvent::Failed(problem) => self.overlay = Some(Overlay::Error(problem)),
            JobEvent::Panicked(problem) => {
                let text = format!("The run panicked, which is a defect of heconv: {problem}");
                self.overlay = Some(Overlay::Error(text));
            }
            _ => {}
        }
        Vec::new()
    }

    fn finished(&mut self, form: Option<Form>, result: RunResult) -> Vec<Effect> {
        let RunResult { record, input, output, upload_sample } = result;
        let tensors = Tensors {
            input: Arc::new(input),
            output: Arc::new(output),
            ciphertext: Arc::new(upload_sample),
        };
        let is_of_form = form.as_ref() == Some(&self.form);
        let run = Done { form, record: record.clone(), tensors: Some(tensors) };
        let index = self.compare.add(run);
        self.shown = self.compare.newest_of(&self.form);
        self.compare.select(self.shown.unwrap_or(index));
        if !is_of_form {
            let (algorithm, server) = (&record.algorithm, record.latency_ms.server);
            let verdict = if record.verified { "exact" } else { "WRONG" };
            let text = format!("run {}: {algorithm} {verdict}, server {server:.1} ms", index + 1);
            self.message = Some((Tone::Info, text));
        }
        vec![Effect::Remember(Box::new(record))]
    }

    fn turn_map(&mut self, forward: bool) {
        let count = self.form.layer.spec.out_channels.max(1);
        self.map = if forward { self.map + 1 } else { self.map + count - 1 } % count;
    }

    /// Shows the run chosen in Compare, and takes over its form where that is known.
    fn open(&mut self) -> Vec<Effect> {
        let Some(index) = self.compare.chosen() else { return Vec::new() };
        let Some(run) = self.compare.run(index) else { return Vec::new() };
        let form = run.form.clone();
        let name = run.record.layer.name.clone();
        self.screen = Screen::Explore;
        self.layers.select(&name);
        let effects = match form {
            Some(form) => self.change_form(form),
            None => self.choose_layer(),
        };
        // A run of earlier days is shown as it is, whatever the form says now.
        self.shown = Some(index);
        effects
    }

    /// The form as an experiment, with the figures of the run shown where that is its run.
    fn experiment(&self) -> String {
        let shown = self.shown().filter(|run| run.form.as_ref() == Some(&self.form));
        experiment_toml(&self.form.experiment(), shown.map(|run| &run.record))
    }

    fn export_to(&mut self, path: PathBuf, overwrite: bool) -> Vec<Effect> {
        vec![Effect::Export { path, text: self.experiment(), overwrite }]
    }

    fn exported(&mut self, result: Result<PathBuf, ExportError>) {
        match result {
            Ok(path) => {
                self.message = Some((Tone::Info, format!("exported to {}", path.display())));
            }
            Err(ExportError::Exists(path)) => self.overlay = Some(Overlay::Overwrite(path)),
            Err(ExportError::Failed(problem)) => {
                self.message = Some((Tone::Bad, format!("not exported: {problem}")));
            }
        }
    }
}

/// Whether a key adds a character.
fn is_text(event: &KeyEvent) -> bool {
    matches!(event.code, KeyCode::Char(_))
}
