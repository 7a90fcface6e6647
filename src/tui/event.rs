//! What happens to the explorer, and what it wants done.

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ndarray::Array3;

use super::beside::Beside;
use super::network::{NetworkEvent, NetworkJob, Subject};
use super::open::{ModelSource, Opened, Served};
use super::state::SavedRows;
use super::view::Hit;
use crate::bfv::ParamsSpec;
use crate::job::{Estimate, JobEvent, ModelAsked, Problem, RunSpec};
use crate::report::{Entry, NetworkTotals};
use crate::tensor::OutputFormat;
use crate::tune::{Found, Objective, Query};

/// What the pointer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// The button goes down.
    Press(Hit),
    /// The wheel turns.
    Wheel {
        /// Whether down, and not up.
        down: bool,
        /// Where.
        hit: Hit,
    },
    /// It moves to a column with the button down.
    Drag(u16),
    /// The button goes up.
    Release,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The pointer does something, where the mouse is on.
    Pointer(Pointer),
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
    /// A file was read, or not.
    Opened(PathBuf, Box<Result<Opened, String>>),
    /// A model is there with its layers, or not.
    Served(Box<Served>),
    /// What a text may be the start of.
    Completed {
        /// The text.
        text: String,
        /// The paths.
        found: Vec<String>,
    },
    /// The machine is being measured, or has been.
    Calibrating(bool),
    /// Rows of an earlier start have come in.
    RowsRestored(Box<SavedRows>),
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
        job: NetworkJob,
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
    /// Seek the parameters that are best for each layer of a network.
    TuneNetwork {
        /// The search's number, among the runs of networks.
        number: u64,
        /// The network.
        subject: Subject,
        /// How the layers are run now.
        layers: Vec<RunSpec>,
        /// The file of its weights, where there is one.
        weights: Option<PathBuf>,
        /// What to minimise.
        objective: Objective,
    },
    /// Stop runs of networks up to `number`.
    StopNetwork(u64),
    /// Write `text` to `path`.
    Export {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
        /// What is written beside it.
        beside: Option<Beside>,
        /// Whether a file there may be replaced.
        overwrite: bool,
    },
    /// Write files to a new directory.
    ExportAll {
        /// Where.
        directory: PathBuf,
        /// Their names, what is in them, and what is written beside them.
        files: Vec<(String, String, Option<Beside>)>,
    },
    /// Write an array or a picture.
    SaveValues {
        /// Where.
        path: PathBuf,
        /// As what.
        format: OutputFormat,
        /// What.
        values: Arc<Array3<i64>>,
        /// Whether a file there may be replaced.
        overwrite: bool,
    },
    /// Write the weights that a run takes.
    SaveWeights {
        /// Where.
        path: PathBuf,
        /// The run.
        spec: Box<RunSpec>,
        /// Whether a file there may be replaced.
        overwrite: bool,
    },
    /// Write the file of a network.
    SaveNetwork {
        /// Where.
        path: PathBuf,
        /// The network.
        name: String,
        /// Files that it may be from.
        files: Vec<PathBuf>,
        /// Whether a file there may be replaced.
        overwrite: bool,
    },
    /// Open a file.
    Open {
        /// Which.
        path: PathBuf,
        /// The shape of the weights that an array may be.
        weights: Option<[usize; 4]>,
    },
    /// Find out what the layers of a model are, and what they take of its input.
    Serve {
        /// Which model.
        source: ModelSource,
        /// What is said of it.
        asked: ModelAsked,
        /// Its number, of those that are to be shown.
        number: Option<u64>,
    },
    /// Find the paths that a text may be the start of.
    Complete {
        /// The text.
        text: String,
        /// Endings of files that are wanted; none where all are.
        endings: Vec<&'static str>,
    },
    /// Read the rows of an earlier start.
    RestoreRows,
    /// Put `text` on the clipboard.
    Copy(String),
    /// Add a run to the history.
    Remember(Box<Entry>),
    /// Put another run in place of one of the history, or none.
    Amend(Box<Entry>, Option<Box<Entry>>),
    /// Stop the process until it is brought back.
    Suspend,
    /// Leave.
    Quit,
}
