//! Reading and writing tensors: .npy arrays, files of named tensors, and pictures.

mod activations;
mod archive;
mod array;
mod element;
mod npy;
mod picture;
mod resize;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ndarray::Array3;

use crate::memory::can_have;

pub use activations::read_activations;
pub use archive::TensorFile;
pub use array::TypedArray;
pub use element::Element;
pub use npy::{read_integers, read_reals, write_integers, write_reals, write_weights};
pub use picture::{
    BUILTIN_IMAGES, Picture, builtin_image, decode_picture, picture_input, picture_pixels,
    picture_values, read_picture, write_contact_sheet,
};
pub use resize::{Resize, ResizeError};

/// Why a tensor could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TensorError {
    /// The file cannot be opened, read or written.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why, in one line.
        problem: String,
    },
    /// The file holds something else than the layer takes.
    #[error("{}: {found}; {expected}", path.display())]
    Content {
        /// Which one.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// There is no built-in picture of this name.
    #[error("no built-in image {name:?}; there is {}", BUILTIN_IMAGES.join(", "))]
    NoSuchImage {
        /// The name asked for.
        name: String,
    },
    /// A tensor of a file of several is not as it should be.
    #[error("{}: tensor {tensor:?} {found}; expected {expected}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What it is or holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// A picture cannot be brought to the size of the plane.
    #[error("{taker}: {problem}")]
    Resize {
        /// The layer or network.
        taker: String,
        /// Why.
        problem: ResizeError,
    },
    /// A tensor belongs to a layer that leaves it out.
    #[error(
        "{}: tensor {tensor:?} belongs to layer {layer}, which leaves it out, so that its values would be wrong; `{key}` would use it",
        path.display()
    )]
    LeftOut {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The layer.
        layer: String,
        /// What the layer would have to say.
        key: String,
    },
    /// A picture was given to a layer or network that takes none.
    #[error("an image has 3 channels, or 1 as grey; {taker} takes {channels}")]
    Channels {
        /// The layer or network.
        taker: String,
        /// Its input channels.
        channels: usize,
    },
}

/// A format for decrypted outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// Little-endian int64, (channels, height, width).
    Npy,
    /// All channels side by side as grey pictures.
    Png,
}

impl OutputFormat {
    /// The format that a file's extension asks for, if any.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "npy" => Some(Self::Npy),
            "png" => Some(Self::Png),
            _ => None,
        }
    }

    /// Writes real values: as float64, or in grey.
    ///
    /// # Errors
    /// [`TensorError::File`].
    pub fn write_reals(self, path: &Path, output: &Array3<f64>) -> Result<(), TensorError> {
        match self {
            Self::Npy => write_reals(path, output),
            Self::Png => write_contact_sheet(path, &shades(output)),
        }
    }

    /// Writes `output`.
    ///
    /// # Errors
    /// [`TensorError::File`].
    pub fn write(self, path: &Path, output: &Array3<i64>) -> Result<(), TensorError> {
        match self {
            Self::Npy => write_integers(path, output),
            Self::Png => write_contact_sheet(path, output),
        }
    }
}

/// The values of every channel as integers from 0, its least value, to 255, its largest.
fn shades(output: &Array3<f64>) -> Array3<i64> {
    let mut shades = output.clone();
    for mut map in shades.outer_iter_mut() {
        let least = map.iter().copied().fold(f64::INFINITY, f64::min);
        let spread = map.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least;
        // Of a channel with one value alone, which becomes black.
        let spread = if spread > 0.0 { spread } else { 1.0 };
        map.mapv_inplace(|value| (value - least) / spread * 255.0);
    }
    shades.mapv(|shade| shade as i64)
}

/// What is wrong where the system has not so many bytes.
fn no_room(bytes: u64) -> Option<String> {
    let text = || format!("takes {} MiB, which the system does not give now", bytes >> 20);
    (!can_have(bytes)).then(text)
}

fn file_error(path: &Path, problem: impl std::fmt::Display) -> TensorError {
    // Libraries' messages may have several lines; ours have one.
    let problem = problem.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    TensorError::File { path: path.to_owned(), problem }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, TensorError> {
    std::fs::read(path).map_err(|error| file_error(path, error))
}

/// The bytes of a file that has `most` of them or fewer.
fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, TensorError> {
    let failed = |error| file_error(path, error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // Pipes have no length.
    let length = file.metadata().map_err(failed)?.len();
    if length <= most {
        file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if length.max(bytes.len() as u64) > most {
        return Err(file_error(
            path,
            format_args!("more than {most} bytes, the most that is read"),
        ));
    }
    Ok(bytes)
}
