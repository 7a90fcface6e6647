//! The runtime: the terminal, the threads that send events, and the effects.

mod costs;
pub(super) mod files;
mod keeper;
mod network;
mod planner;
mod searcher;

use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    Event as TerminalEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind,
};
use crossterm::execute;
use ratatui::layout::{Position, Rect, Size};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use self::costs::Costs;
use self::keeper::Keeper;
use self::network::NetworkRun;
use self::planner::Planner;
use self::searcher::{Searcher, Stops, Task};
use super::app::App;
use super::event::{Effect, Event, Pointer};
use super::network::NetworkEvent;
use super::terminal::{Screen, give_back};
use super::view;
use crate::job::{Estimator, RunSpec, Worker};
use crate::report::History;

/// The least time between two frames: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// The least time between two frames where a key waits for its answer.
const FRAME_FOR_KEY: Duration = Duration::from_millis(8);

/// What reaches the main thread.
enum Message {
    Event(Event),
    /// The pointer did something.
    Mouse(MouseEvent),
    /// A signal asks to leave, or to stop for a while.
    Signal(i32),
    /// Keys cannot be read any more.
    Deaf(io::Error),
}

/// Runs the explorer until the user leaves, and gives the signal that made it leave, if any.
///
/// # Errors
/// That the terminal, a thread or a signal cannot be had.
pub fn run(
    mut app: App,
    first: Vec<Effect>,
    history: Option<History>,
    mouse: bool,
) -> io::Result<Option<i32>> {
    let (sender, messages) = channel();
    let mut runtime = Runtime::start(&sender, history)?;
    let previous_hook = std::panic::take_hook();
    quiet_panics();
    let mut screen = Screen::take(mouse)?;
    listen(sender)?;
    let result = runtime.event_loop(&mut app, first, &mut screen, &messages);
    // Where the terminal has gone, writing to it may fail before the signal is here.
    let result = result.or_else(|error| signal_soon(&messages).map(Some).ok_or(error));
    // The terminal first: the worker may take a moment to stop.
    drop(screen);
    runtime.keeper.finish(&app);
    drop(runtime);
    std::panic::set_hook(previous_hook);
    result
}

/// Panics of worker threads become events and must not touch the terminal; one of the main thread
/// restores it first.
fn quiet_panics() {
    let main = thread::current().id();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == main {
            give_back();
            let _ = writeln!(io::stderr(), "heconv: internal error: {panic}");
        }
    }));
}

/// Starts the thread that reads keys.
fn listen(sender: Sender<Message>) -> io::Result<()> {
    let read = move || {
        loop {
            let message = match crossterm::event::read() {
                Ok(TerminalEvent::Key(key)) if key.kind != KeyEventKind::Release => {
                    Message::Event(Event::Key(key))
                }
                Ok(TerminalEvent::Paste(text)) => Message::Event(Event::Paste(text)),
                Ok(TerminalEvent::Mouse(event)) => Message::Mouse(event),
                Ok(TerminalEvent::Resize(..)) => Message::Event(Event::Resize),
                Ok(_) => continue,
                Err(error) => Message::Deaf(error),
            };
            let is_last = matches!(message, Message::Deaf(_));
            if sender.send(message).is_err() || is_last {
                return;
            }
        }
    };
    thread::Builder::new().name("keys".into()).spawn(read).map(drop)
}

/// The signal to leave that comes within a moment.
fn signal_soon(messages: &Receiver<Message>) -> Option<i32> {
    let end = Instant::now() + Duration::from_millis(200);
    loop {
        match messages.recv_timeout(end.saturating_duration_since(Instant::now())).ok()? {
            Message::Signal(signal) if signal != SIGTSTP => return Some(signal),
            _ => {}
        }
    }
}

/// What a mouse did, where it means something.
fn pointer(app: &App, size: Size, event: MouseEvent) -> Option<Pointer> {
    let at = Position::new(event.column, event.row);
    let hit = || view::hit(app, Rect::from((Position::ORIGIN, size)), at);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Pointer::Press(hit())),
        MouseEventKind::Drag(MouseButton::Left) => Some(Pointer::Drag(event.column)),
        MouseEventKind::Up(MouseButton::Left) => Some(Pointer::Release),
        MouseEventKind::ScrollDown => Some(Pointer::Wheel { down: true, hit: hit() }),
        MouseEventKind::ScrollUp => Some(Pointer::Wheel { down: false, hit: hit() }),
        _ => None,
    }
}

/// What effects need.
struct Runtime {
    worker: Worker,
    plans: Sender<(u64, Box<RunSpec>)>,
    /// The newest form's number: older plans are not worth working out.
    newest_plan: Arc<AtomicU64>,
    tasks: Sender<Task>,
    stops: Arc<Stops>,
    /// Runs of networks up to this number are stopped.
    stopped_networks: Arc<AtomicU64>,
    /// The thread of the last of them.
    network: Option<thread::JoinHandle<()>>,
    costs: Costs,
    estimator: Arc<Estimator>,
    events: Sender<Message>,
    history: Option<History>,
    /// The directory of the state.
    state: Option<PathBuf>,
    keeper: Keeper,
    started: Instant,
}

impl Runtime {
    fn start(sender: &Sender<Message>, history: Option<History>) -> io::Result<Self> {
        let events = Mutex::new(sender.clone());
        let worker = Worker::spawn(move |number, event| {
            if let Ok(events) = events.lock() {
                let _ = events.send(Message::Event(Event::Job { number, event }));
            }
        })?;
        let newest_plan = Arc::new(AtomicU64::new(0));
        let (plans, queue) = channel();
        // Both threads share what is known of the machine and of layers.
        let (costs, estimator) = (Costs::default(), Arc::new(Estimator::beside_runs()));
        let planner = Planner {
            newest: Arc::clone(&newest_plan),
            events: sender.clone(),
            costs: costs.clone(),
            estimator: Arc::clone(&estimator),
        };
        thread::Builder::new().name("planner".into()).spawn(move || planner.work(&queue))?;
        let stops = Arc::new(Stops::default());
        let (tasks, queue) = channel();
        let searcher = Searcher {
            stops: Arc::clone(&stops),
            events: sender.clone(),
            costs: costs.clone(),
            estimator: Arc::clone(&estimator),
        };
        thread::Builder::new().name("searcher".into()).spawn(move || searcher.work(&queue))?;
        let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP])?;
        let events = sender.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                if events.send(Message::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
        let events = sender.clone();
        let started = Instant::now();
        let state = history.as_ref().and_then(|history| history.path().parent());
        let state = state.map(Path::to_owned);
        Ok(Self {
            worker,
            plans,
            newest_plan,
            tasks,
            stops,
            stopped_networks: Arc::default(),
            network: None,
            costs,
            estimator,
            events,
            history,
            keeper: Keeper::start(state.clone())?,
            state,
            started,
        })
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Waits for events, takes in all there are, and draws once they are taken in, at most thirty
    /// times a second but sooner after a key. Nothing happens while nothing happens.
    fn event_loop(
        &mut self,
        app: &mut App,
        first: Vec<Effect>,
        screen: &mut Screen,
        messages: &Receiver<Message>,
    ) -> io::Result<Option<i32>> {
        let mut leaving = self.perform_all(first, screen)?;
        let mut drawn: Option<Instant> = None;
        let mut dirty = true;
        let mut least = FRAME;
        loop {
            if leaving {
                return Ok(None);
            }
            let wait = drawn.map_or(Duration::ZERO, |at| least.saturating_sub(at.elapsed()));
            if dirty && wait.is_zero() {
                screen.draw(|frame| view::draw(app, frame))?;
                drawn = Some(Instant::now());
                dirty = false;
                least = FRAME;
            }
            let message = if dirty {
                messages.recv_timeout(wait)
            } else if app.is_moving() {
                messages.recv_timeout(Duration::from_millis(100))
            } else {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            let event = match message {
                Ok(Message::Event(event)) => event,
                Ok(Message::Mouse(event)) => match pointer(app, screen.size()?, event) {
                    Some(pointer) => Event::Pointer(pointer),
                    None => continue,
                },
                Ok(Message::Signal(SIGTSTP)) => {
                    screen.suspend()?;
                    dirty = true;
                    continue;
                }
                Ok(Message::Signal(signal)) => return Ok(Some(signal)),
                Ok(Message::Deaf(error)) => return Err(error),
                Err(RecvTimeoutError::Timeout) if dirty => continue,
                Err(RecvTimeoutError::Timeout) => Event::Tick,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            };
            if matches!(event, Event::Key(_) | Event::Pointer(_)) {
                least = FRAME_FOR_KEY;
            }
            let is_told = !matches!(event, Event::Tick);
            let effects = app.update(self.now_ms(), event);
            leaving = self.perform_all(effects, screen)?;
            if is_told {
                self.keeper.keep(app);
            }
            dirty = true;
        }
    }

    fn perform_all(&mut self, effects: Vec<Effect>, screen: &mut Screen) -> io::Result<bool> {
        let mut leaving = false;
        for effect in effects {
            leaving |= self.perform(effect, screen)?;
        }
        Ok(leaving)
    }

    /// Does an effect; `true` is to leave.
    fn perform(&mut self, effect: Effect, screen: &mut Screen) -> io::Result<bool> {
        match effect {
            Effect::Start { number, spec } => {
                let spec = RunSpec { costs: self.costs.known(), ..*spec };
                self.worker.start(number, spec);
            }
            Effect::Cancel(number) => self.worker.cancel(number),
            Effect::Plan { number, spec } => {
                self.newest_plan.store(number, Ordering::Relaxed);
                // The planner ends with the last sender, which this is.
                let _ = self.plans.send((number, spec));
            }
            Effect::Search { number, query } => {
                // As the planner, the searcher ends with the last sender.
                let _ = self.tasks.send(Task::Search(number, query));
            }
            Effect::StopSearch(number) => {
                self.stops.searches.fetch_max(number, Ordering::Relaxed);
            }
            Effect::Predict { number, specs } => {
                self.stops.plans.fetch_max(number, Ordering::Relaxed);
                let _ = self.tasks.send(Task::Predict(number, specs));
            }
            Effect::PredictNetwork { number, specs } => {
                self.stops.networks.fetch_max(number, Ordering::Relaxed);
                let _ = self.tasks.send(Task::PredictNetwork(number, specs));
            }
            Effect::RunNetwork { number, job } => {
                self.on_network(number, move |run| run.work(job));
            }
            Effect::CompareNetwork { number, layers, params, totals } => {
                let estimator = Arc::clone(&self.estimator);
                self.on_network(number, move |run| {
                    run.compare(&estimator, layers, &params, &totals);
                });
            }
            Effect::TuneNetwork { number, subject, layers, weights, objective } => {
                let estimator = Arc::clone(&self.estimator);
                self.on_network(number, move |run| {
                    run.tune(&estimator, &subject, layers, weights.as_deref(), objective);
                });
            }
            Effect::StopNetwork(number) => {
                self.stopped_networks.fetch_max(number, Ordering::Relaxed);
            }
            Effect::Open { .. }
            | Effect::Serve { .. }
            | Effect::Complete { .. }
            | Effect::RestoreRows
            | Effect::Export { .. }
            | Effect::ExportAll { .. }
            | Effect::SaveValues { .. }
            | Effect::SaveWeights { .. }
            | Effect::SaveNetwork { .. } => files::work(effect, self.state.clone(), &self.events)?,
            Effect::Copy(text) => execute!(stdout(), CopyToClipboard::to_clipboard_from(text))?,
            // A history that cannot be written is no reason to stop.
            Effect::Remember(entry) => {
                let _ = self.history.as_ref().map(|history| history.append(&entry));
            }
            Effect::Amend(old, new) => {
                let _ = self.history.as_ref().map(|history| history.change(&old, new.as_deref()));
            }
            Effect::Suspend => screen.suspend()?,
            Effect::Quit => return Ok(true),
        }
        Ok(false)
    }
}

impl Runtime {
    /// Starts a thread for work on a network, of which there is one at a time.
    fn on_network(&mut self, number: u64, work: impl FnOnce(&NetworkRun) + Send + 'static) {
        let run = NetworkRun {
            number,
            stopped: Arc::clone(&self.stopped_networks),
            events: Mutex::new(self.events.clone()),
            costs: self.costs.clone(),
            stage: Mutex::new(None),
        };
        let thread = thread::Builder::new().name("network".into());
        match thread.spawn(move || work(&run)) {
            Ok(thread) => self.network = Some(thread),
            Err(error) => {
                let event = NetworkEvent::Failed(format!("cannot start a thread: {error}"));
                let _ = self.events.send(Message::Event(Event::Network { number, event }));
            }
        }
    }
}

impl Drop for Runtime {
    /// What is not needed any more need not be worked out to its end; a run is waited for.
    fn drop(&mut self) {
        self.stops.all();
        self.stopped_networks.store(u64::MAX, Ordering::Relaxed);
        if let Some(network) = self.network.take() {
            let _ = network.join();
        }
    }
}
