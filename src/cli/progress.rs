//! Progress on stderr.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::interruption::Interruption;
use crate::conv::{Observer, Stage};

/// Where progress is drawn: on stderr, where that is a terminal.
pub(super) fn target() -> ProgressDrawTarget {
    if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
}

/// Shows one line of progress where stderr is a terminal, and stops a run on SIGINT and SIGTERM;
/// a second signal ends the program at once.
pub(super) struct Progress {
    bar: ProgressBar,
    done: [AtomicU64; Stage::ALL.len()],
    interruption: Interruption,
}

impl Progress {
    /// # Errors
    /// That the signals cannot be caught.
    pub(super) fn start() -> io::Result<Self> {
        let interruption = Interruption::catch()?;
        let bar = ProgressBar::with_draw_target(None, target());
        // The template is a constant; were it wrong, the default style would show.
        if let Ok(style) = ProgressStyle::with_template("{msg:>8} [{bar:30}] {pos}/{len} {eta}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Ok(Self { bar, done: Default::default(), interruption })
    }

    /// Shows work that is no stage of a run.
    pub(super) fn show(&self, what: &'static str, done: u64, of: u64) {
        if self.bar.message() != what {
            self.bar.set_message(what);
            self.bar.reset_eta();
        }
        self.bar.set_length(of);
        self.bar.set_position(done);
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn enter(&self, stage: Stage, units: u64) {
        let done = self.done[stage as usize].load(Ordering::Relaxed);
        if self.bar.message() != stage.name() {
            self.bar.set_message(stage.name());
            self.bar.set_length(units);
            self.bar.reset_eta();
        }
        // A repeated run starts its stages anew.
        if done >= units {
            self.done[stage as usize].store(0, Ordering::Relaxed);
        }
        self.bar.set_position(done % units.max(1));
    }

    fn advance(&self, stage: Stage, units: u64) {
        let done = self.done[stage as usize].fetch_add(units, Ordering::Relaxed) + units;
        self.bar.set_position(done);
    }

    fn measured(&self, _: Stage, _: f64) {}

    fn is_cancelled(&self) -> bool {
        self.interruption.came()
    }
}
