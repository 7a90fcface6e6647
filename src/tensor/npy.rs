//! Arrays of integers as .npy files.

use std::fs::File;
use std::io::BufWriter;
use std::ops::RangeInclusive;
use std::path::Path;

use ndarray::{Array3, ArrayD, Dimension};
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement, WriteNpyExt};

use super::{TensorError, file_error, read_bytes};

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
    let bytes = read_bytes(path)?;
    let content = |found: String| TensorError::Content {
        path: path.to_owned(),
        found,
        expected: format!(
            "expected shape {shape:?} with whole numbers from {} to {}",
            range.start(),
            range.end()
        ),
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        file_error(path, format_args!("no .npy file that can be read: {error}"))
    };
    // The reader makes an array as large as the header says: the header comes first.
    let found = header_shape(&bytes).ok_or_else(|| unreadable(&"no shape in its header"))?;
    if found != shape {
        return Err(content(format!("has shape {found:?}")));
    }
    let array = read_any(&bytes).map_err(|error| match error {
        ReadNpyError::WrongDescriptor(found) => content(format!("holds elements of type {found}")),
        error => unreadable(&error),
    })?;
    for (index, value) in array.indexed_iter() {
        let in_range = range.contains_whole(*value);
        if !in_range {
            return Err(content(format!("has {value} at {:?}", index.slice())));
        }
    }
    Ok(array.mapv(|value| value as i64))
}

/// The shape in the header of a .npy file: a Python dictionary, in text, with a tuple.
fn header_shape(bytes: &[u8]) -> Option<Vec<usize>> {
    const LONGEST_HEADER: usize = 4096;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_HEADER)]);
    let (_, after) = text.split_once("'shape'").or_else(|| text.split_once("\"shape\""))?;
    let (tuple, _) = after.split_once('(')?.1.split_once(')')?;
    let sizes = tuple.split(',').map(str::trim).filter(|size| !size.is_empty());
    sizes.map(|size| size.trim_end_matches('L').parse().ok()).collect()
}

/// Membership of a float in a range of integers.
trait ContainsWhole {
    fn contains_whole(&self, value: f64) -> bool;
}

impl ContainsWhole for RangeInclusive<i64> {
    fn contains_whole(&self, value: f64) -> bool {
        value.fract() == 0.0 && value >= *self.start() as f64 && value <= *self.end() as f64
    }
}

/// Reads an array of any numeric type as floats, which hold all integers that a layer takes.
fn read_any(bytes: &[u8]) -> Result<ArrayD<f64>, ReadNpyError> {
    type Reader = fn(&[u8]) -> Result<ArrayD<f64>, ReadNpyError>;
    const OTHERS: [Reader; 9] = [
        |bytes| read_as(bytes, |value: i64| value as f64),
        |bytes| read_as(bytes, |value: u64| value as f64),
        |bytes| read_as(bytes, <f64 as From<f32>>::from),
        |bytes| read_as(bytes, <f64 as From<i32>>::from),
        |bytes| read_as(bytes, <f64 as From<i16>>::from),
        |bytes| read_as(bytes, <f64 as From<i8>>::from),
        |bytes| read_as(bytes, <f64 as From<u32>>::from),
        |bytes| read_as(bytes, <f64 as From<u16>>::from),
        |bytes| read_as(bytes, <f64 as From<u8>>::from),
    ];
    let mut result = read_as(bytes, |value: f64| value);
    for reader in OTHERS {
        if !matches!(result, Err(ReadNpyError::WrongDescriptor(_))) {
            break;
        }
        result = reader(bytes);
    }
    result
}

fn read_as<T: ReadableElement + Copy>(
    bytes: &[u8],
    convert: impl Fn(T) -> f64,
) -> Result<ArrayD<f64>, ReadNpyError> {
    Ok(ArrayD::<T>::read_npy(bytes)?.mapv(convert))
}

/// Writes little-endian int64 in C order.
///
/// # Errors
/// [`TensorError::File`].
pub fn write_integers(path: &Path, array: &Array3<i64>) -> Result<(), TensorError> {
    let file = File::create(path).map_err(|error| file_error(path, error))?;
    array.write_npy(BufWriter::new(file)).map_err(|error| file_error(path, error))
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
    }

    #[test]
    fn every_mistake_is_named() {
        let error = |result: Result<_, TensorError>| result.expect_err("refused").to_string();
        let wrong = error(in_file(&array![1i64, 2], &[2, 2]));
        assert!(wrong.contains("has shape [2]; expected shape [2, 2]"), "{wrong}");
        let nan = error(in_file(&array![[1.0, f64::NAN]], &[1, 2]));
        assert!(nan.contains("has NaN at [0, 1]"), "{nan}");
        assert!(error(in_file(&array![[0.5, 1.0]], &[1, 2])).contains("has 0.5 at [0, 0]"));
        assert!(error(in_file(&array![[8u8, 1]], &[1, 2])).contains("from -7 to 7"));
        assert!(error(in_file(&array![[true, false]], &[1, 2])).contains("type"));
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
