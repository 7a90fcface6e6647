//! Files of named tensors: .safetensors and .npz, and .npy, which holds one without a name.

use std::collections::BTreeSet;
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

/// What PyTorch puts into the names of a model that it wraps: DataParallel and torch.compile. They
/// may stand at any depth, where a part of the model was wrapped.
const WRAPPERS: [&str; 2] = ["module", "_orig_mod"];

/// A file of tensors, of which nothing but the names has been looked at.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    container: Container,
    /// The names in the file, in order.
    names: Vec<String>,
    /// Those that were read.
    used: BTreeSet<String>,
    /// Wrappers that were left out to find them.
    unwrapped: BTreeSet<&'static str>,
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
            "npy" => {
                let bytes = read_bytes(path)?;
                npy::header(&bytes).map_err(|error| {
                    file_error(path, format_args!("no .npy file that can be read: {error}"))
                })?;
                Container::Npy(bytes)
            }
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
        let (used, unwrapped) = (BTreeSet::new(), BTreeSet::new());
        let names = container.names();
        Ok(Self { path: path.to_owned(), container, names, used, unwrapped })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of its tensors, in order; none of a .npy file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names of the tensors that were not read, in order.
    pub fn unused(&self) -> Vec<String> {
        self.names.iter().filter(|name| !self.used.contains(*name)).cloned().collect()
    }

    /// The wrappers, as `module.`, that were left out of names to find the tensors that were read.
    pub fn unwrapped(&self) -> Vec<String> {
        self.unwrapped.iter().map(|wrapper| format!("{wrapper}.")).collect()
    }

    /// The name in the file of what is asked for by this name: the same, or the only one that is the
    /// same once wrappers are left out of both.
    ///
    /// # Errors
    /// That it could be either of two.
    pub fn stored_name(&self, name: &str) -> Result<Option<String>, String> {
        if self.names.binary_search_by(|stored| stored.as_str().cmp(name)).is_ok() {
            return Ok(Some(name.to_owned()));
        }
        let bare = bare(name);
        let mut alike = self.names.iter().filter(|stored| self::bare(stored) == bare);
        match (alike.next(), alike.next()) {
            (Some(one), Some(other)) => Err(format!("is there twice, as {one:?} and {other:?}")),
            (one, _) => Ok(one.cloned()),
        }
    }

    /// The sides of the tensor of this name in the file, where they can be read.
    pub fn shape(&mut self, stored: &str) -> Option<Vec<usize>> {
        match &mut self.container {
            Container::Safetensors(_, _, metadata) => Some(metadata.info(stored)?.shape.clone()),
            container => Some(container.find(stored, &[]).ok()??.0.shape),
        }
    }

    /// Whether the file is a single array without a name.
    pub const fn is_single(&self) -> bool {
        matches!(self.container, Container::Npy(_))
    }

    /// The tensor of this name, or of this name in a wrapped model, which must be of `shape` and hold
    /// finite numbers. `form` says what the sides of the shape are. The array of a .npy file has any
    /// name.
    ///
    /// # Errors
    /// [`TensorError::Tensor`].
    pub fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
        form: &str,
    ) -> Result<TypedArray, TensorError> {
        let stored = self.stored_name(name).map_err(|e| self.error(name, e, shape, form))?;
        if let Some(stored) = stored {
            let parts = stored.split('.').filter(|_| stored != name);
            self.unwrapped.extend(parts.filter_map(wrapper));
            self.used.insert(stored);
        }
        self.peek(name, shape, form)
    }

    /// The same tensor, which does not count as used.
    ///
    /// # Errors
    /// [`TensorError::Tensor`].
    pub fn peek(
        &mut self,
        name: &str,
        shape: &[usize],
        form: &str,
    ) -> Result<TypedArray, TensorError> {
        let found = self
            .stored_name(name)
            .and_then(|stored| self.container.find(stored.as_deref().unwrap_or(name), shape));
        let (header, bytes) = match found {
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

    /// The error of a name that is not there, with the nearest of those that end alike, if any do.
    fn missing(&self, name: &str, shape: &[usize], form: &str) -> TensorError {
        let last = |name: &str| name.rsplit('.').next().map(String::from);
        let alike = self.names.iter().filter(|stored| last(stored) == last(name));
        let nearest = nearest(name, alike.map(String::as_str))
            .or_else(|| nearest(name, self.names.iter().map(String::as_str)));
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
        let found = found.into().split_whitespace().collect::<Vec<_>>().join(" ");
        let (path, expected) = (self.path.clone(), format!("shape {shape:?} ({form})"));
        if self.is_single() {
            // Its array has no name.
            return TensorError::Content { path, found, expected: format!("expected {expected}") };
        }
        TensorError::Tensor { path, tensor: name.into(), found, expected }
    }
}

impl Container {
    /// The names of its tensors, in order; none of a .npy file.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Self::Npy(_) => Vec::new(),
            Self::Npz(archive) => {
                let names = archive.file_names().filter_map(Result::ok);
                names.filter_map(|name| name.strip_suffix(".npy").map(String::from)).collect()
            }
            Self::Safetensors(_, _, metadata) => metadata.tensors().into_keys().collect(),
        };
        names.sort();
        names
    }

    /// The header of the tensor of this name, and its numbers if it has the right shape.
    fn find(&mut self, name: &str, shape: &[usize]) -> Result<Option<(Header, Vec<u8>)>, String> {
        match self {
            Self::Npy(bytes) => {
                let (header, start) = npy::header(bytes)?;
                let body = if header.shape == shape { &bytes[start..] } else { &[] };
                Ok(Some((header, body.to_vec())))
            }
            Self::Npz(archive) => {
                let entry = format!("{name}.npy");
                if archive.index_for_name(&entry).is_none() {
                    return Ok(None);
                }
                let entry = archive.by_name(&entry).map_err(|error| error.to_string())?;
                zipped(entry, shape).map(Some).map_err(|error| error.to_string())
            }
            Self::Safetensors(bytes, start, metadata) => {
                let Some(info) = metadata.info(name) else { return Ok(None) };
                let element = Element::of_safetensors(info.dtype);
                let header = Header {
                    element: element.ok_or_else(|| format!("{:?}", info.dtype)),
                    big_endian: false,
                    fortran: false,
                    shape: info.shape.clone(),
                };
                let (first, end) = info.data_offsets;
                let range = if header.shape == shape { *start + first..*start + end } else { 0..0 };
                let bytes = bytes.get(range).unwrap_or_default();
                Ok(Some((header, bytes.to_vec())))
            }
        }
    }
}

/// The wrapper that a part of a name is, if it is one.
fn wrapper(part: &str) -> Option<&'static str> {
    WRAPPERS.into_iter().find(|wrapper| *wrapper == part)
}

/// A name without wrappers.
fn bare(name: &str) -> String {
    name.split('.').filter(|part| wrapper(part).is_none()).collect::<Vec<_>>().join(".")
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
