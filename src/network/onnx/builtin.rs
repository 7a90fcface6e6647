//! The model in the binary.

use super::error::ModelError;
use super::model::Model;
use crate::tensor::{Picture, TensorError, decode_picture};

/// A trained network for digits of 8x8 pixels, by `assets/digits/train.py`.
#[derive(Clone, Copy, Debug)]
pub struct Builtin;

impl Builtin {
    /// Its name.
    pub const NAME: &'static str = "digits";

    /// What it is.
    pub const ABOUT: &'static str =
        "3 convolutions and a dense layer for digits of 8x8 pixels, trained";

    /// The model of this name.
    pub fn of(name: &str) -> Option<Self> {
        (name == Self::NAME).then_some(Self)
    }

    /// The model.
    ///
    /// # Errors
    /// [`ModelError`] where it may not have the memory.
    pub fn model(self, max_memory: u64) -> Result<Model, ModelError> {
        let bytes = include_bytes!("../../../assets/digits/digits.onnx");
        Model::read(Self::NAME, bytes, None, max_memory)
    }

    /// A picture that it was not trained on.
    ///
    /// # Errors
    /// [`TensorError`] where there is no memory for it.
    pub fn picture(self) -> Result<Picture, TensorError> {
        decode_picture(include_bytes!("../../../assets/digits/digit.png"), "digit")
    }

    /// The names of its classes.
    pub fn labels(self) -> Vec<String> {
        (0..10).map(|digit| digit.to_string()).collect()
    }
}
