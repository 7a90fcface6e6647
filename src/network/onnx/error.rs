//! Why a model is refused.

use std::path::PathBuf;

/// Why an ONNX model cannot be read or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A file that cannot be read, or is no model.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The model as a whole.
    #[error("model {model}: {problem}")]
    Model {
        /// Its name.
        model: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor that the model holds.
    #[error("model {model}: tensor {tensor:?} {problem}")]
    Tensor {
        /// The model's name.
        model: String,
        /// The tensor's name.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },
    /// One of its nodes.
    #[error("model {model}: node {node} ({operator}): {problem}")]
    Node {
        /// The model's name.
        model: String,
        /// The node's name.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An input of another shape.
    #[error("model {model} takes an input of shape {expected}; {found} was given")]
    Input {
        /// The model's name.
        model: String,
        /// The shape that it takes.
        expected: String,
        /// The shape that was given.
        found: String,
    },
}
