//! A run in progress: what has been told of it, and how long it may still take.

use crate::conv::Stage;
use crate::job::JobEvent;

use super::form::Form;

/// A run in progress.
#[derive(Clone, Debug)]
pub struct Running {
    /// The job's number.
    pub number: u64,
    /// What is being run.
    pub form: Form,
    /// When it began, in milliseconds of the explorer's clock.
    pub started_ms: u64,
    /// Whether it has been asked to stop.
    pub cancelling: bool,
    /// The stage told of last.
    pub stage: Option<Stage>,
    /// Steps done and in all, by stage.
    pub steps: [(u64, u64); Stage::ALL.len()],
    /// Noise budgets measured so far, by stage.
    pub budgets: [Option<f64>; Stage::ALL.len()],
    /// Time spent in each stage, as far as events tell.
    pub spent_ms: [u64; Stage::ALL.len()],
    last_ms: u64,
}

impl Running {
    /// Job `number`, just started.
    pub fn new(number: u64, form: Form, now_ms: u64) -> Self {
        Self {
            number,
            form,
            started_ms: now_ms,
            cancelling: false,
            stage: None,
            steps: [(0, 0); Stage::ALL.len()],
            budgets: [None; Stage::ALL.len()],
            spent_ms: [0; Stage::ALL.len()],
            last_ms: now_ms,
        }
    }

    /// Takes in an event of the job.
    pub fn tell(&mut self, event: &JobEvent, now_ms: u64) {
        self.tick(now_ms);
        match *event {
            JobEvent::Entered { stage, units } => {
                self.stage = Some(stage);
                let steps = &mut self.steps[stage as usize];
                steps.1 = units.max(steps.1);
            }
            JobEvent::Advanced { stage, done } => {
                self.stage = Some(stage);
                let steps = &mut self.steps[stage as usize];
                steps.0 = done.max(steps.0).min(steps.1.max(done));
            }
            JobEvent::Spent { stage, ms } => self.spent_ms[stage as usize] = ms,
            JobEvent::Measured { stage, budget_bits } => {
                self.budgets[stage as usize] = Some(budget_bits);
            }
            _ => {}
        }
        // Stages before the present one are done, whatever was told of their last steps; the
        // server's three take turns.
        if let Some(stage) = self.stage {
            for earlier in Stage::ALL.into_iter().filter(|s| *s < stage) {
                let is_server = matches!(earlier, Stage::Rotate | Stage::Multiply | Stage::Mix);
                if !is_server || stage > Stage::Mix {
                    let steps = &mut self.steps[earlier as usize];
                    steps.0 = steps.1;
                }
            }
        }
    }

    /// Lets time pass.
    pub fn tick(&mut self, now_ms: u64) {
        if let Some(stage) = self.stage {
            self.spent_ms[stage as usize] += now_ms.saturating_sub(self.last_ms);
        }
        self.last_ms = now_ms;
    }

    /// How much of a stage is done, in [0, 1]; `None` before it began.
    pub fn fraction(&self, stage: Stage) -> Option<f64> {
        let (done, all) = self.steps[stage as usize];
        (all > 0).then(|| (done as f64 / all as f64).min(1.0))
    }

    /// Milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        self.last_ms.saturating_sub(self.started_ms)
    }

    /// Milliseconds that the present stage will still take at its pace so far; `None` while that
    /// cannot be told.
    pub fn remaining_ms(&self) -> Option<u64> {
        let stage = self.stage?;
        let fraction = self.fraction(stage).filter(|f| *f > 0.02)?;
        let spent = self.spent_ms[stage as usize] as f64;
        Some((spent / fraction * (1.0 - fraction)) as u64)
    }
}
