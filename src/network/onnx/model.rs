//! A model: its nodes in order, what they take from each other, and RTen's own form of it.

use std::path::Path;

use rten::NodeId;
use rten_onnx::onnx::ModelProto;
use sha2::{Digest, Sha256};

use super::attributes::{Attribute, Attributes};
use super::bound::Stored;
use super::candidate::is_linear;
use super::error::ModelError;
use super::reader::{Reader, check_version};
use super::scan;
use super::tensor::External;

/// Bytes that a model takes in memory for one of its file: as it is read, as it is taken apart, as it is
/// handed over, and as RTen holds it, with types of two bytes made four.
const BYTES_HELD: u64 = 6;

/// A network from an ONNX file.
pub struct Model {
    pub(super) name: String,
    pub(super) nodes: Vec<Node>,
    pub(super) values: Vec<Slot>,
    /// The value that is the model's input, and the shape that it says; sides that it leaves open are
    /// `None`.
    pub(super) input: usize,
    pub(super) sides: Vec<Option<usize>>,
    /// The values that are the model's outputs, and their names.
    pub(super) outputs: Vec<(usize, String)>,
    pub(super) rten: rten::Model,
    /// Bytes that a run may hold.
    pub(super) allowed: u64,
    pub(super) digest: String,
}

/// A value of the model.
pub(super) struct Slot {
    /// What RTen calls it; `None` where no node that is needed takes or gives it.
    pub(super) id: Option<NodeId>,
    /// What the file calls it.
    pub(super) name: String,
    /// Whether it follows from the file alone.
    pub(super) is_constant: bool,
    /// The place after the last node that takes it; that of no node for outputs.
    pub(super) last: usize,
    /// What is known of it before any run, where the file holds it.
    pub(super) known: Option<Stored>,
}

/// A node.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) attributes: Vec<Attribute>,
    /// Places of values; those left out as `None`.
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<Option<usize>>,
}

impl Node {
    pub(super) fn attributes(&self) -> Attributes<'_> {
        Attributes(&self.attributes)
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "model {} of {} nodes", self.name, self.nodes.len())
    }
}

impl Model {
    /// Reads a model and the files of external data that it names. It may take so many bytes, and so may
    /// each of its runs.
    ///
    /// # Errors
    /// [`ModelError`] naming the file, node, operator or tensor that is wrong.
    pub fn open(path: &Path, max_memory: u64) -> Result<Self, ModelError> {
        let error = |problem: String| ModelError::File { path: path.to_owned(), problem };
        let length = std::fs::metadata(path).map_err(|problem| error(problem.to_string()))?.len();
        if length.saturating_mul(BYTES_HELD) > max_memory {
            let problem = format!("a model of {length} bytes; --max-memory allows {max_memory}");
            return Err(error(problem));
        }
        let bytes = std::fs::read(path).map_err(|problem| error(problem.to_string()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::read(&name, &bytes, path.parent(), max_memory).map_err(|problem| match problem {
            ModelError::Model { problem, .. } => error(problem),
            other => other,
        })
    }

    /// A model called `name` from the bytes of a file; files that it names are in `directory`.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn read(
        name: &str,
        bytes: &[u8],
        directory: Option<&Path>,
        max_memory: u64,
    ) -> Result<Self, ModelError> {
        let error = |problem: String| ModelError::Model { model: name.to_owned(), problem };
        let no_model = |problem: String| error(format!("no ONNX model: {problem}"));
        scan::check(bytes).map_err(no_model)?;
        let proto = ModelProto::parse_buf(bytes).map_err(|e| no_model(e.to_string()))?;
        check_version(&proto).map_err(error)?;
        let allowed = (max_memory / BYTES_HELD).saturating_sub(bytes.len() as u64);
        let mut external = External { directory, allowed };
        let reader = Reader { model: name, external: &mut external };
        Ok(Self { digest: digest(bytes), ..reader.model(proto, max_memory)? })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells its file from others, but for what it names of others.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The shape of its input as the file says it, `?` for sides that it leaves open.
    pub fn input_text(&self) -> String {
        let side = |side: &Option<usize>| side.map_or_else(|| "?".into(), |side| side.to_string());
        let sides: Vec<String> = self.sides.iter().map(side).collect();
        format!("[{}]", sides.join(", "))
    }

    /// The shape of its input: that of the file, with the sides that it leaves open as `pinned` has
    /// them, and 1 for an open batch.
    ///
    /// # Errors
    /// [`ModelError::Input`] where `pinned` is another shape, or something stays open.
    pub fn input_shape(&self, pinned: Option<&[usize]>) -> Result<Vec<usize>, ModelError> {
        let error = |found: String| ModelError::Input {
            model: self.name.clone(),
            expected: self.input_text(),
            found,
        };
        let Some(pinned) = pinned else {
            let side = |(i, side): (usize, &Option<usize>)| side.or((i == 0).then_some(1));
            let shape: Option<Vec<usize>> = self.sides.iter().enumerate().map(side).collect();
            let shape = shape.filter(|shape| !shape.is_empty());
            return shape.ok_or_else(|| error("no shape; --shape says it".into()));
        };
        let fits = |(side, pinned): (&Option<usize>, &usize)| {
            *pinned > 0 && side.is_none_or(|side| side == *pinned)
        };
        // A file may leave all of its shape open.
        let is_it = pinned.len() == self.sides.len() || self.sides.is_empty();
        let values = pinned.iter().try_fold(1usize, |n, side| n.checked_mul(*side));
        let is_small = values.is_some_and(|values| (values as u64) < self.allowed / 8);
        let fits = is_it && is_small && self.sides.iter().zip(pinned).all(fits);
        fits.then(|| pinned.to_vec()).ok_or_else(|| error(format!("{pinned:?}")))
    }

    /// The shape of its input: that of the file, with 1 for an open batch, and an open plane as large as
    /// `plane`, rows and columns.
    ///
    /// # Errors
    /// As [`Model::input_shape`], where channels stay open, or all.
    pub fn shape_on(&self, plane: [usize; 2]) -> Result<Vec<usize>, ModelError> {
        let [batch, a, b, c] = self.sides[..] else { return self.input_shape(None) };
        let is_last = a.is_none_or(|side| !matches!(side, 1 | 3)) && matches!(c, Some(1 | 3));
        let [rows, columns] = plane.map(Some);
        let filled = if is_last {
            [batch.or(Some(1)), a.or(rows), b.or(columns), c]
        } else {
            [batch.or(Some(1)), a, b.or(rows), c.or(columns)]
        };
        let filled: Option<Vec<usize>> = filled.into_iter().collect();
        self.input_shape(filled.as_deref())
    }

    /// An error of a node.
    pub(super) fn node_error(&self, node: &Node, problem: impl Into<String>) -> ModelError {
        ModelError::Node {
            model: self.name.clone(),
            node: node.name.clone(),
            operator: node.operator.clone(),
            problem: problem.into(),
        }
    }

    /// How many nodes the server may compute.
    pub fn linear_nodes(&self) -> usize {
        self.nodes.iter().filter(|node| self.is_linear(node)).count()
    }

    /// The nodes that the server may compute: convolutions, and products with a matrix that is constant.
    pub(super) fn is_linear(&self, node: &Node) -> bool {
        let is_constant = |input: usize| {
            let input = node.inputs.get(input).copied().flatten();
            input.is_some_and(|input| self.values[input].is_constant)
        };
        let is_product = !is_constant(0) && (is_constant(1) || node.operator.starts_with("Conv"));
        is_linear(&node.operator) && is_product
    }
}

/// The first half of the SHA-256 of bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let half = &Sha256::digest(bytes)[..16];
    half.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
