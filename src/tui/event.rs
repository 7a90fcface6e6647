//! What happens to the explorer, and what it wants done.

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ndarray::Array3;

use super::network::NetworkEvent;
use crate::bfv::ParamsSpec;
use crate::job::{Estimate, JobEvent, NetworkSpec, Problem, RunSpec};
use crate::report::{NetworkTotals, Record};
use crate::tune::{Found, Query};

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size; the view reads it from the frame.
    Resize,
    /// Time passed while something moves on the screen.
    Tick,
    /// The worker tells of job `number`.
    Job {
        /// The job.
        number: u64,
        /// What happened to it.
        event: JobEvent,
    },
    /// What is known before a run, for form number `number`.
    Planned {
        /// The form's number.
        number: u64,
        /// The estimate, or why there is none.
        estimate: Result<Box<Estimate>, String>,
        /// The input that a run will take.
        input: Option<Arc<Array3<i64>>>,
    },
    /// Search `number` has done some parts of all.
    Searching {
        /// The search.
        number: u64,
        /// Parts done.
        done: usize,
        /// Parts in all.
        of: usize,
    },
    /// Search `number` has come to its end.
    Found {
        /// The search.
        number: u64,
        /// What it gave, or why nothing.
        found: Result<Box<Found>, String>,
    },
    /// What is predicted of a point of a sweep.
    Predicted {
        /// The plan's number.
        number: u64,
        /// The point's place in the plan.
        index: usize,
        /// The estimate, or why there is none.
        estimate: Result<Box<Estimate>, Problem>,
    },
    /// What is predicted of a layer of a network.
    NetworkPredicted {
        /// The plan's number.
        number: u64,
        /// The layer.
        index: usize,
        /// The estimate, or why there is none.
        estimate: Result<Box<Estimate>, String>,
    },
    /// Something happened to the run of a network.
    Network {
        /// The run's number.
        number: u64,
        /// What.
        event: NetworkEvent,
    },
    /// An export was written, or not.
    Exported(Result<PathBuf, ExportError>),
}

/// Why an export was not written.
#[derive(Debug)]
pub enum ExportError {
    /// There is a file already.
    Exists(PathBuf),
    /// It cannot be written.
    Failed(String),
}

/// Something to be done.
#[derive(Debug)]
pub enum Effect {
    /// Start job `number`.
    Start {
        /// The job.
        number: u64,
        /// What to run.
        spec: Box<RunSpec>,
    },
    /// Cancel all jobs up to `number`.
    Cancel(u64),
    /// Work out the estimate of form number `number`.
    Plan {
        /// The form's number.
        number: u64,
        /// What would run.
        spec: Box<RunSpec>,
    },
    /// Search for the best parameters.
    Search {
        /// The search.
        number: u64,
        /// What is sought.
        query: Box<Query>,
    },
    /// Stop all searches up to `number`.
    StopSearch(u64),
    /// Predict the points of a sweep.
    Predict {
        /// The plan's number: older ones are not worth predicting.
        number: u64,
        /// The points.
        specs: Vec<RunSpec>,
    },
    /// Predict the layers of a network.
    PredictNetwork {
        /// The plan's number: older ones are not worth predicting.
        number: u64,
        /// The layers.
        specs: Vec<RunSpec>,
    },
    /// Run a network.
    RunNetwork {
        /// The run's number.
        number: u64,
        /// What to run.
        spec: Box<NetworkSpec>,
    },
    /// Run the layers of a network conventionally, and hold that against its run.
    CompareNetwork {
        /// The comparison's number.
        number: u64,
        /// How the layers were run.
        layers: Vec<RunSpec>,
        /// The parameters that people use today.
        params: Box<ParamsSpec>,
        /// What the run came to.
        totals: Box<NetworkTotals>,
    },
    /// Stop runs of networks up to `number`.
    StopNetwork(u64),
    /// Write `text` to `path`.
    Export {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
        /// Whether a file there may be replaced.
        overwrite: bool,
    },
    /// Write files to a new directory.
    ExportAll {
        /// Where.
        directory: PathBuf,
        /// Their names and what is in them.
        files: Vec<(String, String)>,
    },
    /// Put `text` on the clipboard.
    Copy(String),
    /// Add a run to the history.
    Remember(Box<Record>),
    /// Stop the process until it is brought back.
    Suspend,
    /// Leave.
    Quit,
}
