//! Arrays of integers as .npy files.

use std::fs::File;
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::Path;

use ndarray::{Array3, Array4, ArrayD, Dimension};
use ndarray_npy::WriteNpyExt;

use super::array::Header;
use super::element::Element;
use super::{TensorError, file_error};
use crate::files::replace_by;

/// The longest header that is read, and what comes before its text; the usual ones have 128 bytes.
const LONGEST_HEADER: u64 = 1 << 16;

/// Reads an array of `shape` whose values lie in `range`. Any integer type is taken, and floats
/// that hold whole numbers.
///
/// # Errors
/// [`TensorError`] naming the file, what it holds and what it should hold.
pub fn read_integers(
    path: &Path,
    shape: &[usize],
    range: RangeInclusive<i64>,
) -> Result<ArrayD<i64>, TensorError> {
    let content = |found: String| TensorError::Content {
        path: path.to_owned(),
        found,
        expected: format!(
            "expected shape {shape:?} with whole numbers from {} to {}",
            range.start(),
            range.end()
        ),
    };
    let npy = Npy::open(path)?;
    let header = npy.header();
    // An array is made as large as the header says: that must be right first.
    if header.shape != shape || header.element.is_err() {
        return Err(content(header.describe()));
    }
    let array = npy.numbers().map_err(content)?;
    if let Some((index, value)) = array.indexed_iter().find(|(_, v)| !contains(&range, **v)) {
        return Err(content(format!("has {value} at {:?}", index.slice())));
    }
    Ok(array.mapv(|value| value as i64))
}

/// Reads an array of finite numbers of `shape`.
///
/// # Errors
/// [`TensorError`] naming the file, what it holds and what it should hold.
pub fn read_reals(path: &Path, shape: &[usize]) -> Result<ArrayD<f64>, TensorError> {
    let content = |found: String| TensorError::Content {
        path: path.to_owned(),
        found,
        expected: format!("expected finite numbers of shape {shape:?}"),
    };
    let npy = Npy::open(path)?;
    let header = npy.header();
    if header.shape != shape || header.element.is_err() {
        return Err(content(header.describe()));
    }
    let array = npy.numbers().map_err(content)?;
    match array.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(content(format!("has {value} at {:?}", index.slice()))),
        None => Ok(array),
    }
}

/// A .npy file of which no more has been read than it takes to know its header.
pub(super) struct Npy {
    header: Header,
    /// The first bytes of the numbers.
    first: Vec<u8>,
    rest: File,
}

impl Npy {
    /// Reads the header.
    pub(super) fn open(path: &Path) -> Result<Self, TensorError> {
        let unreadable = |error: &dyn std::fmt::Display| file_error(path, error);
        let mut rest = File::open(path).map_err(|error| unreadable(&error))?;
        let mut first = Vec::new();
        let read = (&mut rest).take(LONGEST_HEADER).read_to_end(&mut first);
        read.map_err(|error| unreadable(&error))?;
        let (header, start) = header(&first)
            .map_err(|error| unreadable(&format_args!("no .npy file that can be read: {error}")))?;
        first.drain(..start);
        Ok(Self { header, first, rest })
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// The numbers. Memory is taken for what is there, and no more than the header promises.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub(super) fn numbers(self) -> Result<ArrayD<f64>, String> {
        let Self { header, first: mut bytes, rest } = self;
        let size = header.element.as_ref().ok().and_then(|element| header.size(*element));
        let size = size.ok_or_else(|| header.describe())?;
        let missing = (size + 1).saturating_sub(bytes.len()) as u64;
        rest.take(missing).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() > size {
            return Err(format!("{}, {size} bytes, but more are there", header.describe()));
        }
        Ok(header.decode(&bytes)?.values)
    }
}

/// The header of a .npy file and where its numbers begin.
///
/// The header is a Python dictionary, in text: `{'descr': '<i8', 'fortran_order': False, 'shape':
/// (2, 3), }`.
///
/// # Errors
/// Why there is none.
pub(super) fn header(bytes: &[u8]) -> Result<(Header, usize), &'static str> {
    const NOT_NPY: &str = "it does not begin as one";
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(NOT_NPY)?;
    let (length, start) = match rest {
        [1, _, low, high, ..] => (usize::from(u16::from_le_bytes([*low, *high])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        _ => return Err(NOT_NPY),
    };
    let end = start + length;
    let text = bytes.get(start..end).ok_or("its header is cut off")?;
    let text = str::from_utf8(text).map_err(|_| "its header is no text")?;
    let descr = value_of(text, "descr").ok_or("no descr in its header")?;
    let shape = value_of(text, "shape").and_then(tuple).ok_or("no shape in its header")?;
    let fortran = value_of(text, "fortran_order").ok_or("no fortran_order in its header")?;
    let descr = quoted(descr).unwrap_or("a structured type");
    let kind = descr.strip_prefix(['<', '>', '|', '=']).unwrap_or(descr);
    let header = Header {
        element: Element::of_npy(kind).ok_or_else(|| descr.to_owned()),
        big_endian: descr.starts_with('>'),
        fortran: fortran.starts_with("True"),
        shape,
    };
    Ok((header, end))
}

/// What follows a key of the dictionary.
fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let after =
        |quote: char| text.split_once(&format!("{quote}{key}{quote}")).map(|(_, rest)| rest);
    after('\'').or_else(|| after('"'))?.trim_start().strip_prefix(':').map(str::trim_start)
}

/// The string that the text begins with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    text[1..].split_once(quote).map(|(string, _)| string)
}

/// The numbers of the tuple that the text begins with.
fn tuple(text: &str) -> Option<Vec<usize>> {
    let (numbers, _) = text.strip_prefix('(')?.split_once(')')?;
    let numbers = numbers.split(',').map(str::trim).filter(|number| !number.is_empty());
    numbers.map(|number| number.trim_end_matches('L').parse().ok()).collect()
}

/// Whether a number is whole and in a range.
pub(super) fn contains(range: &RangeInclusive<i64>, value: f64) -> bool {
    value.fract() == 0.0 && value >= *range.start() as f64 && value <= *range.end() as f64
}

/// Writes little-endian int64 in C order.
///
/// # Errors
/// [`TensorError::File`].
pub fn write_integers(path: &Path, array: &Array3<i64>) -> Result<(), TensorError> {
    let write = replace_by(path, |file| array.write_npy(file).map_err(io::Error::other));
    write.map_err(|error| file_error(path, error))
}

/// Writes weights as little-endian int64 in C order.
///
/// # Errors
/// [`TensorError::File`].
pub fn write_weights(path: &Path, weights: &Array4<i8>) -> Result<(), TensorError> {
    let array = weights.mapv(i64::from);
    let write = replace_by(path, |file| array.write_npy(file).map_err(io::Error::other));
    write.map_err(|error| file_error(path, error))
}

/// Writes little-endian float64 in C order.
///
/// # Errors
/// [`TensorError::File`].
pub fn write_reals(path: &Path, array: &Array3<f64>) -> Result<(), TensorError> {
    let write = replace_by(path, |file| array.write_npy(file).map_err(io::Error::other));
    write.map_err(|error| file_error(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn in_file<A: WriteNpyExt>(array: &A, shape: &[usize]) -> Result<ArrayD<i64>, TensorError> {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.npy");
        array.write_npy(File::create(&path).expect("creates")).expect("writes");
        read_integers(&path, shape, -7..=7)
    }

    #[test]
    fn every_numeric_type_is_read() {
        let expected = array![[1i64, -2], [3, 7]].into_dyn();
        assert_eq!(in_file(&array![[1i8, -2], [3, 7]], &[2, 2]).expect("i8"), expected);
        assert_eq!(in_file(&array![[1i64, -2], [3, 7]], &[2, 2]).expect("i64"), expected);
        assert_eq!(in_file(&array![[1f32, -2.0], [3.0, 7.0]], &[2, 2]).expect("f32"), expected);
        assert_eq!(in_file(&array![[1f64, -2.0], [3.0, 7.0]], &[2, 2]).expect("f64"), expected);
        let transposed: Array2<i16> = array![[1i16, 3], [-2, 7]].reversed_axes();
        assert_eq!(in_file(&transposed, &[2, 2]).expect("Fortran order"), expected);
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.npy");
        let header = "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 2), }";
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend([1i16, -2, 3, 7].iter().flat_map(|value| value.to_be_bytes()));
        std::fs::write(&path, bytes).expect("writes");
        assert_eq!(read_integers(&path, &[2, 2], -7..=7).expect("big-endian"), expected);
    }

    #[test]
    fn every_mistake_is_named() {
        let error = |result: Result<_, TensorError>| result.expect_err("refused").to_string();
        let wrong = error(in_file(&array![1i64, 2], &[2, 2]));
        assert!(wrong.contains("has shape [2] of type int64; expected shape [2, 2]"), "{wrong}");
        let nan = error(in_file(&array![[1.0, f64::NAN]], &[1, 2]));
        assert!(nan.contains("has NaN at [0, 1]"), "{nan}");
        assert!(error(in_file(&array![[0.5, 1.0]], &[1, 2])).contains("has 0.5 at [0, 0]"));
        assert!(error(in_file(&array![[8u8, 1]], &[1, 2])).contains("from -7 to 7"));
        let bools = error(in_file(&array![[true, false]], &[1, 2]));
        assert!(bools.contains("has shape [1, 2] of type |b1; expected"), "{bools}");
        let missing = read_integers(Path::new("/none/x.npy"), &[1], 0..=1);
        assert!(error(missing).starts_with("/none/x.npy: "));
    }

    #[test]
    fn damaged_files_are_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.npy");
        for bytes in [&b""[..], b"not an array", b"\x93NUMPY\x01\x00\xff\xff"] {
            std::fs::write(&path, bytes).expect("writes");
            let error = read_integers(&path, &[1], 0..=1).expect_err("refused").to_string();
            assert!(error.contains("no .npy file") && !error.contains('\n'), "{error}");
        }
    }

    /// A header that promises terabytes is refused before they are asked for.
    #[test]
    fn headers_are_not_believed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.npy");
        let header = "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1000000, 1000000), }";
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16 + 1).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.push(b'\n');
        std::fs::write(&path, &bytes).expect("writes");
        let error = read_integers(&path, &[1, 2, 2], 0..=1).expect_err("refused").to_string();
        assert!(error.contains("has shape [1, 1000000, 1000000]"), "{error}");
    }

    #[test]
    fn what_is_written_reads_back() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("y.npy");
        let output = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (i * 12 + j * 4 + k) as i64 - 9);
        write_integers(&path, &output).expect("writes");
        let read = read_integers(&path, &[2, 3, 4], -100..=100).expect("reads");
        assert_eq!(read, output.into_dyn());
        let bytes = std::fs::read(&path).expect("reads");
        assert!(bytes.windows(3).any(|w| w == b"<i8"), "little-endian int64");
    }
}
