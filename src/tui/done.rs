//! A run that is done, and what it gave.

use std::sync::Arc;

use ndarray::Array3;
use serde_json::Value;

use super::form::Form;
use crate::report::{Beside, Entry, Record};

/// A run that is done.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was run; absent where that is not known.
    pub form: Option<Form>,
    /// Its record.
    pub record: Record,
    /// When it ended, in milliseconds since 1970; absent for runs of early versions.
    pub at: Option<u64>,
    /// What the user says of it.
    pub note: Option<String>,
    /// What was asked for, as the history has it, until that is understood.
    pub asked: Option<Value>,
    /// Input, output and what the server saw; absent for runs of earlier days.
    pub tensors: Option<Tensors>,
}

impl Done {
    /// A run of the history.
    pub fn of_history(entry: Entry) -> Self {
        let Entry { record, beside: Beside { at, note, asked } } = entry;
        Self { form: None, record, at, note, asked, tensors: None }
    }

    /// The run as the history has it.
    pub fn entry(&self) -> Entry {
        let (at, note, asked) = (self.at, self.note.clone(), self.asked.clone());
        Entry { record: self.record.clone(), beside: Beside { at, note, asked } }
    }
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
