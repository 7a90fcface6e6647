//! Files of named tensors: .safetensors and .npz, and .npy, which holds one without a name.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use ndarray::Dimension;
use safetensors::SafeTensors;
use safetensors::tensor::Metadata;
use zip::ZipArchive;

use super::array::{Header, TypedArray};
use super::element::Element;
use super::{TensorError, file_error, npy, read_bytes};
use crate::nearest::nearest;

/// The longest .npy header that is read; the usual ones have 118 bytes.
const LONGEST_HEADER: u64 = 1 << 16;

/// A file of tensors, of which nothing but the names has been looked at.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    container: Container,
}

#[derive(Debug)]
enum Container {
    /// One array.
    Npy(Vec<u8>),
    /// A zip archive of .npy files.
    Npz(Box<ZipArchive<BufReader<File>>>),
    /// The whole file, where its tensors begin, and what it says of them.
    Safetensors(Vec<u8>, usize, Metadata),
}

impl TensorFile {
    /// Opens a file; its extension says what it is.
    ///
    /// # Errors
    /// That it cannot be read, or is of no known form.
    pub fn open(path: &Path) -> Result<Self, TensorError> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        let container = match extension.to_ascii_lowercase().as_str() {
            "npy" => Container::Npy(read_bytes(path)?),
            "npz" => {
                let file = File::open(path).map_err(|error| file_error(path, error))?;
                let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
                    file_error(path, format_args!("no .npz file that can be read: {error}"))
                })?;
                Container::Npz(Box::new(archive))
            }
            "safetensors" => {
                let bytes = read_bytes(path)?;
                let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| {
                    file_error(path, format_args!("no .safetensors file that can be read: {error}"))
                })?;
                Container::Safetensors(bytes, 8 + header, metadata)
            }
            _ => {
                let problem = "tensors are read from .npy, .npz and .safetensors files";
                return Err(file_error(path, problem));
            }
        };
        Ok(Self { path: path.to_owned(), container })
    }

    /// The names of its tensors, in order; none of a .npy file.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match &self.container {
            Container::Npy(_) => Vec::new(),
            Container::Npz(archive) => {
                let names = archive.file_names().filter_map(Result::ok);
                names.filter_map(|name| name.strip_suffix(".npy").map(String::from)).collect()
            }
            Container::Safetensors(_, _, metadata) => metadata.tensors().into_keys().collect(),
        };
        names.sort();
        names
    }

    /// Whether the file is a single array without a name.
    pub const fn is_single(&self) -> bool {
        matches!(self.container, Container::Npy(_))
    }

    /// The tensor of this name, which must be of `shape` and hold finite numbers. `form` says what
    /// the sides of the shape are. The array of a .npy file has any name.
    ///
    /// # Errors
    /// [`TensorError::Tensor`].
    pub fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
        form: &str,
    ) -> Result<TypedArray, TensorError> {
        let (header, bytes) = match self.find(name, shape) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(self.missing(name, shape, form)),
            Err(problem) => return Err(self.error(name, problem, shape, form)),
        };
        if header.shape != shape || header.element.is_err() {
            let hint = layout_hint(&header.shape, shape);
            return Err(self.error(name, format!("{}{hint}", header.describe()), shape, form));
        }
        let array = header.decode(&bytes).map_err(|e| self.error(name, e, shape, form))?;
        match array.values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some((at, value)) => {
                let problem = format!("has {value} at {:?}", at.slice());
                Err(self.error(name, problem, shape, form))
            }
            None => Ok(array),
        }
    }

    /// The header of the tensor of this name, and its numbers if it has the right shape.
    fn find(&mut self, name: &str, shape: &[usize]) -> Result<Option<(Header, Vec<u8>)>, String> {
        match &mut self.container {
            Container::Npy(bytes) => {
                let (header, start) = npy::header(bytes)?;
                Ok(Some((header, bytes[start..].to_vec())))
            }
            Container::Npz(archive) => {
                let entry = format!("{name}.npy");
                if archive.index_for_name(&entry).is_none() {
                    return Ok(None);
                }
                let entry = archive.by_name(&entry).map_err(|error| error.to_string())?;
                zipped(entry, shape).map(Some).map_err(|error| error.to_string())
            }
            Container::Safetensors(bytes, start, metadata) => {
                let Some(info) = metadata.info(name) else { return Ok(None) };
                let element = Element::of_safetensors(info.dtype);
                let header = Header {
                    element: element.ok_or_else(|| format!("{:?}", info.dtype)),
                    big_endian: false,
                    fortran: false,
                    shape: info.shape.clone(),
                };
                let (first, end) = info.data_offsets;
                let bytes = bytes.get(*start + first..*start + end).unwrap_or_default();
                Ok(Some((header, bytes.to_vec())))
            }
        }
    }

    fn missing(&self, name: &str, shape: &[usize], form: &str) -> TensorError {
        let names = self.names();
        let nearest = nearest(name, names.iter().map(String::as_str));
        let nearest = nearest.map_or_else(
            || "; the file has no tensors".into(),
            |nearest| format!("; the nearest is {nearest:?}"),
        );
        self.error(name, format!("is not in the file{nearest}"), shape, form)
    }

    /// The error of a tensor that is not as it should be.
    pub fn error(
        &self,
        name: &str,
        found: impl Into<String>,
        shape: &[usize],
        form: &str,
    ) -> TensorError {
        TensorError::Tensor {
            path: self.path.clone(),
            tensor: name.into(),
            found: found.into().split_whitespace().collect::<Vec<_>>().join(" "),
            expected: format!("shape {shape:?} ({form})"),
        }
    }
}

/// The header of a .npy file in an archive, and its numbers if it has the right shape: no more is
/// unpacked than the shape asks for.
fn zipped(mut entry: impl Read, shape: &[usize]) -> std::io::Result<(Header, Vec<u8>)> {
    let mut bytes = Vec::new();
    entry.by_ref().take(LONGEST_HEADER).read_to_end(&mut bytes)?;
    let (header, start) = npy::header(&bytes).map_err(std::io::Error::other)?;
    bytes.drain(..start);
    let Ok(element) = header.element else { return Ok((header, Vec::new())) };
    if header.shape == shape {
        let size = shape.iter().product::<usize>() * element.size();
        // One byte more tells an entry that is too long.
        let rest = (size + 1).saturating_sub(bytes.len());
        entry.take(rest as u64).read_to_end(&mut bytes)?;
    }
    Ok((header, bytes))
}

/// Says so if the sides of a kernel are there, in another order.
fn layout_hint(found: &[usize], expected: &[usize]) -> &'static str {
    let sorted = |shape: &[usize]| {
        let mut sides = shape.to_vec();
        sides.sort_unstable();
        sides
    };
    let permuted = found != expected && sorted(found) == sorted(expected);
    if permuted { ", which is transposed" } else { "" }
}
