//! The thread for what takes longer than a keystroke: searches for the best parameters, and
//! predictions of whole sweeps.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use super::Message;
use super::costs::Costs;
use crate::job::{Estimate, Estimator, Problem, RunSpec, panic_message};
use crate::tui::event::Event;
use crate::tune::{Query, survey};

/// Something to be worked out.
pub(super) enum Task {
    /// The best parameters.
    Search(u64, Box<Query>),
    /// The points of a sweep.
    Predict(u64, Vec<RunSpec>),
    /// The layers of a network.
    PredictNetwork(u64, Vec<RunSpec>),
}

/// What stops the thread's tasks.
#[derive(Debug, Default)]
pub(super) struct Stops {
    /// Searches up to this number are stopped.
    pub searches: AtomicU64,
    /// Predictions for plans before this number are stopped.
    pub plans: AtomicU64,
    /// The same for networks.
    pub networks: AtomicU64,
}

impl Stops {
    /// Stops everything.
    pub(super) fn all(&self) {
        self.searches.store(u64::MAX, Ordering::Relaxed);
        self.plans.store(u64::MAX, Ordering::Relaxed);
        self.networks.store(u64::MAX, Ordering::Relaxed);
    }
}

/// What the thread works with.
pub(super) struct Searcher {
    pub stops: Arc<Stops>,
    pub events: Sender<Message>,
    pub costs: Costs,
    pub estimator: Arc<Estimator>,
}

impl Searcher {
    /// Works until the queue is gone.
    pub(super) fn work(&self, queue: &Receiver<Task>) {
        for task in queue {
            match task {
                Task::Search(number, query) => self.search(number, *query),
                Task::Predict(number, specs) => {
                    self.predict(&self.stops.plans, number, specs, |index, estimate| {
                        Event::Predicted { number, index, estimate }
                    });
                }
                Task::PredictNetwork(number, specs) => {
                    self.predict(&self.stops.networks, number, specs, |index, estimate| {
                        let estimate = estimate.map_err(|problem| problem.text);
                        Event::NetworkPredicted { number, index, estimate }
                    });
                }
            }
        }
    }

    fn tell(&self, event: Event) {
        // The main thread may have left already.
        let _ = self.events.send(Message::Event(event));
    }

    fn search(&self, number: u64, mut query: Query) {
        let costs = self.costs.wait();
        query.runs.iter_mut().for_each(|run| run.costs.clone_from(&costs));
        let proceed = |done, of| {
            self.tell(Event::Searching { number, done, of });
            self.stops.searches.load(Ordering::Relaxed) < number
        };
        let found = caught(|| {
            let found = survey(&self.estimator, &query, proceed);
            found.map(Box::new).map_err(Problem::from)
        });
        self.tell(Event::Found { number, found: found.map_err(|problem| problem.text) });
    }

    /// Predicts until plans of this number are stopped, and tells each prediction as an event.
    fn predict(
        &self,
        stops: &AtomicU64,
        number: u64,
        specs: Vec<RunSpec>,
        event: impl Fn(usize, Result<Box<Estimate>, Problem>) -> Event,
    ) {
        let costs = self.costs.wait();
        for (index, spec) in specs.into_iter().enumerate() {
            if number < stops.load(Ordering::Relaxed) {
                return;
            }
            let spec = RunSpec { costs: costs.clone(), ..spec };
            let estimate = caught(|| {
                let estimate = self.estimator.estimate(&spec);
                estimate.map(Box::new).map_err(Problem::from)
            });
            self.tell(event(index, estimate));
        }
    }
}

/// What `work` gives; a panic, which is a defect, becomes an error that is told as any other.
fn caught<T>(work: impl FnOnce() -> Result<Box<T>, Problem>) -> Result<Box<T>, Problem> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let problem = panic_message(panic.as_ref());
        Err(format!("the prediction panicked, which is a defect of heconv: {problem}").into())
    })
}
