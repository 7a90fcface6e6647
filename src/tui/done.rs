//! A run that is done, and what it gave.

use std::sync::Arc;

use ndarray::Array3;

use super::form::Form;
use crate::report::Record;

/// A run that is done.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was run; absent for runs of earlier days.
    pub form: Option<Form>,
    /// Its record.
    pub record: Record,
    /// Input, output and what the server saw; absent for runs of earlier days.
    pub tensors: Option<Tensors>,
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
