//! The thread that runs a network.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use super::Message;
use super::costs::Costs;
use crate::bfv::ParamsSpec;
use crate::conv::{AlgorithmKind, Choice, Observer, Stage};
use crate::job::{
    Estimator, Finished, JobError, NetworkObserver, PreparedNetwork, RunSpec, panic_message,
    tell_largest,
};
use crate::report::NetworkTotals;
use crate::tui::event::Event;
use crate::tui::network::{NetworkEvent, NetworkJob, Seen, Subject};
use crate::tune::Objective;
use crate::tune::network::{Sharing, Wanted, conventional, tuned};

/// What one run works with.
pub(super) struct NetworkRun {
    pub number: u64,
    /// Runs up to this number are stopped.
    pub stopped: Arc<AtomicU64>,
    pub events: Mutex<Sender<Message>>,
    pub costs: Costs,
    /// The stage told last.
    pub stage: Mutex<Option<Stage>>,
}

impl NetworkRun {
    /// Runs to the end, however that comes.
    pub(super) fn work(&self, mut job: NetworkJob) {
        let costs = self.costs.known();
        let layers = match &mut job {
            NetworkJob::Network(spec) => &mut spec.layers,
            NetworkJob::Model(_, spec) => &mut spec.layers,
        };
        for run in layers {
            run.costs.clone_from(&costs);
        }
        let run = || match &job {
            NetworkJob::Network(spec) => {
                PreparedNetwork::new(spec).and_then(|prepared| prepared.run(self))
            }
            NetworkJob::Model(model, spec) => model.run(spec, self),
        };
        let event = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(result)) => NetworkEvent::Done(Box::new(result.record)),
            Ok(Err(error)) => ended(&error),
            Err(panic) => panicked(panic.as_ref()),
        };
        self.tell(event);
    }

    /// Runs the layers conventionally, in two ways.
    pub(super) fn compare(
        &self,
        estimator: &Estimator,
        mut layers: Vec<RunSpec>,
        params: &ParamsSpec,
        totals: &NetworkTotals,
    ) {
        let costs = self.costs.known();
        for run in &mut layers {
            run.costs.clone_from(&costs);
        }
        let run = || {
            let proceed = |_, _| !self.is_cancelled();
            for baseline in conventional(estimator, &layers, params, proceed)? {
                let comparison = baseline.compare(totals, self)?;
                self.tell(NetworkEvent::Compared(Box::new(comparison)));
            }
            Ok(())
        };
        self.tell(match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => NetworkEvent::ComparisonsDone,
            Ok(Err(error)) => ended(&error),
            Err(panic) => panicked(panic.as_ref()),
        });
    }

    /// Seeks parameters and algorithm for each layer, all of them at their best.
    pub(super) fn tune(
        &self,
        estimator: &Estimator,
        subject: &Subject,
        mut layers: Vec<RunSpec>,
        weights: Option<&Path>,
        objective: Objective,
    ) {
        let costs = self.costs.wait();
        for run in &mut layers {
            run.costs.clone_from(&costs);
            run.pinned = Choice::default();
        }
        let run = || {
            // Layers of a model have their weights with them.
            if let Subject::Network(network) = subject
                && let Some(graph) = &network.graph
            {
                tell_largest(&mut layers, graph, weights)?;
            }
            let wanted =
                Wanted { algorithms: &AlgorithmKind::ALL, sharing: Sharing::PerLayer, objective };
            tuned(estimator, &layers, wanted, |done, of| {
                self.tell(NetworkEvent::Tuning(done, of));
                !self.is_cancelled()
            })
        };
        self.tell(match catch_unwind(AssertUnwindSafe(run)) {
            _ if self.is_cancelled() => NetworkEvent::Cancelled,
            Ok(Ok(runs)) => NetworkEvent::Tuned(runs),
            Ok(Err(error)) => ended(&error),
            Err(panic) => panicked(panic.as_ref()),
        });
    }

    fn tell(&self, event: NetworkEvent) {
        let Ok(events) = self.events.lock() else { return };
        // The main thread may have left already.
        let _ = events.send(Message::Event(Event::Network { number: self.number, event }));
    }
}

fn ended(error: &JobError) -> NetworkEvent {
    if error.is_cancelled() {
        NetworkEvent::Cancelled
    } else {
        NetworkEvent::Failed(error.to_string())
    }
}

fn panicked(panic: &(dyn Any + Send)) -> NetworkEvent {
    let problem = panic_message(panic);
    NetworkEvent::Failed(format!("the run panicked, which is a defect of heconv: {problem}"))
}

impl Observer for NetworkRun {
    fn enter(&self, stage: Stage, _: u64) {
        let Ok(mut last) = self.stage.lock() else { return };
        if last.replace(stage) != Some(stage) {
            self.tell(NetworkEvent::Stage(stage));
        }
    }

    fn advance(&self, _: Stage, _: u64) {}

    fn measured(&self, _: Stage, _: f64) {}

    fn is_cancelled(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) >= self.number
    }
}

impl NetworkObserver for NetworkRun {
    fn layer(&self, index: usize) {
        self.tell(NetworkEvent::Layer(index));
    }

    fn finished(&self, index: usize, layer: &Finished) {
        self.tell(NetworkEvent::Finished(index, Box::new(layer.clone())));
    }

    fn uploaded(&self, words: &[u64], limb_bits: u32) {
        self.tell(NetworkEvent::Uploaded(Seen { words: words.into(), limb_bits }));
    }
}
