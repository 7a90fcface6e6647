//! The thread that works out the estimate of the form: the first one of a layer walks over its
//! weights, and the very first may have to calibrate the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use super::Message;
use super::costs::Costs;
use crate::job::{Estimator, RunSpec, input_preview};
use crate::tui::event::Event;

/// What the thread works with.
pub(super) struct Planner {
    /// The newest form's number: older plans are not worth working out.
    pub newest: Arc<AtomicU64>,
    pub events: Sender<Message>,
    pub costs: Costs,
    pub estimator: Arc<Estimator>,
}

impl Planner {
    /// Works until the queue or the receiver of events is gone.
    pub(super) fn work(&self, queue: &Receiver<(u64, Box<RunSpec>)>) {
        let tell = |event| self.events.send(Message::Event(event)).is_ok();
        let must_measure = self.costs.must_measure();
        let _ = must_measure && tell(Event::Calibrating(true));
        let costs = self.costs.wait();
        let _ = must_measure && tell(Event::Calibrating(false));
        for (number, spec) in queue {
            if number < self.newest.load(Ordering::Relaxed) {
                continue;
            }
            let spec = RunSpec { costs: costs.clone(), ..*spec };
            let estimate = self.estimator.estimate(&spec);
            // A layer too large to run is too large to look at.
            let runs = estimate.as_ref().is_ok_and(|e| e.needed_bytes <= spec.max_memory);
            let input = runs.then(|| input_preview(&spec).ok()).flatten().map(Arc::new);
            let estimate = estimate.map(Box::new).map_err(|error| error.to_string());
            let event = Event::Planned { number, estimate, input };
            if self.events.send(Message::Event(event)).is_err() {
                return;
            }
        }
    }
}
