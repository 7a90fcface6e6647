//! What happens to the run of a network.

use super::{NetworkEvent, NetworkPhase, Networks};
use crate::job::RunSpec;
use crate::report::NetworkRecord;
use crate::tui::form::Form;

impl Networks {
    /// The layers are run as was found best for each, once they are.
    fn take_tuned(&mut self, runs: Vec<RunSpec>) {
        for (row, run) in self.rows.iter_mut().zip(runs) {
            let RunSpec { params, algorithm, pinned, .. } = run;
            row.form = Form { params, algorithm, pinned, ..row.form.clone() };
            (row.predicted, row.finished) = (None, None);
        }
        self.plan += 1;
    }

    /// Takes in what happened.
    pub fn happened(&mut self, event: NetworkEvent) {
        match event {
            NetworkEvent::Layer(index) => self.current = Some((index, None)),
            NetworkEvent::Stage(stage) => {
                if let Some((_, now)) = &mut self.current {
                    *now = Some(stage);
                }
            }
            NetworkEvent::Uploaded(seen) => self.seen = Some(seen),
            NetworkEvent::Finished(index, finished) => {
                if let Some(row) = self.rows.get_mut(index) {
                    row.finished = Some(*finished);
                }
            }
            NetworkEvent::Done(record) => self.done(&record),
            NetworkEvent::Compared(comparison) => self.comparisons.push(*comparison),
            NetworkEvent::ComparisonsDone => {
                self.is_comparing = false;
                self.current = None;
            }
            NetworkEvent::Tuning(done, of) => self.tuning = Some((done, of)),
            NetworkEvent::Tuned(runs) => {
                self.tuning = None;
                self.take_tuned(runs);
            }
            NetworkEvent::Cancelled | NetworkEvent::Failed(_) if self.tuning.is_some() => {
                self.tuning = None;
            }
            // The run that was to be compared with stays.
            NetworkEvent::Cancelled | NetworkEvent::Failed(_) if self.is_comparing => {
                self.is_comparing = false;
                self.current = None;
            }
            NetworkEvent::Cancelled => self.end(NetworkPhase::Planned),
            NetworkEvent::Failed(problem) => self.end(NetworkPhase::Failed(problem)),
        }
    }

    /// What layers lose beside floats is known once all are done.
    fn done(&mut self, record: &NetworkRecord) {
        for (row, layer) in self.rows.iter_mut().zip(&record.layers) {
            if let Some(finished) = &mut row.finished {
                finished.layer.signal_to_noise_db = layer.signal_to_noise_db;
            }
        }
        self.end(NetworkPhase::Done(Box::new(record.into())));
    }

    fn end(&mut self, phase: NetworkPhase) {
        self.phase = phase;
        self.current = None;
    }
}
