//! Tensors that a model holds, each checked against what it says of itself.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use rten_onnx::onnx::{DataLocation, DataType, TensorProto};

/// The most values of one tensor: their places must be numbers that RTen's integers hold.
const MOST_VALUES: u64 = 1 << 31;

/// Where files of external data are, and how much of them may be read.
pub(super) struct External<'a> {
    /// The directory of the model; `None` where it does not come from a file.
    pub(super) directory: Option<&'a Path>,
    /// Bytes that may still be read.
    pub(super) allowed: u64,
}

/// Bytes of one value, of the types that RTen reads.
const fn value_bytes(data_type: DataType) -> Option<u64> {
    match data_type {
        DataType::UINT8 | DataType::INT8 | DataType::BOOL => Some(1),
        DataType::FLOAT16 => Some(2),
        DataType::FLOAT | DataType::INT32 => Some(4),
        DataType::INT64 | DataType::DOUBLE => Some(8),
        _ => None,
    }
}

/// Checks a tensor's type, and that there are as many values as its shape says. External data are read
/// into it.
///
/// # Errors
/// What is wrong, in words that follow the tensor's name.
pub(super) fn check(tensor: &mut TensorProto, external: &mut External<'_>) -> Result<(), String> {
    let data_type = tensor.data_type.ok_or("has no type")?;
    let each = value_bytes(data_type)
        .ok_or_else(|| format!("has values of type {data_type}, which cannot be read"))?;
    let count = count(&tensor.dims)?;
    if tensor.data_location == Some(DataLocation::EXTERNAL) {
        let bytes = read(tensor, count * each, external)?;
        tensor.raw_data = Some(RefCell::new(bytes));
        tensor.data_location = None;
        tensor.external_data.clear();
    }
    let (found, what) = match &tensor.raw_data {
        Some(bytes) => (bytes.borrow().len() as u64, "bytes"),
        None => (typed_values(tensor, data_type) as u64, "values"),
    };
    let expected = if tensor.raw_data.is_some() { count * each } else { count };
    if found != expected {
        let dims = &tensor.dims;
        return Err(format!(
            "of shape {dims:?} and type {data_type} takes {expected} {what}; {found} are there"
        ));
    }
    Ok(())
}

/// Values of a shape.
fn count(dims: &[i64]) -> Result<u64, String> {
    let count =
        dims.iter().try_fold(1u64, |count, dim| count.checked_mul(u64::try_from(*dim).ok()?));
    count.filter(|count| *count < MOST_VALUES).ok_or_else(|| format!("has the shape {dims:?}"))
}

/// How many values the field for this type has.
fn typed_values(tensor: &TensorProto, data_type: DataType) -> usize {
    match data_type {
        DataType::FLOAT => tensor.float_data.len(),
        DataType::INT64 => tensor.int64_data.len(),
        DataType::DOUBLE => tensor.double_data.len(),
        _ => tensor.int32_data.len(),
    }
}

/// The bytes of a tensor in a file beside the model.
fn read(tensor: &TensorProto, bytes: u64, external: &mut External<'_>) -> Result<Vec<u8>, String> {
    let entry = |key: &str| {
        let found = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key));
        found.and_then(|entry| entry.value.as_deref())
    };
    let number = |key| {
        let number =
            |text: &str| text.parse::<u64>().map_err(|_| format!("has a {key} of {text:?}"));
        entry(key).map(number).transpose()
    };
    let location = entry("location").ok_or("is in another file, but does not say in which")?;
    let path = path(location, external.directory)?;
    if number("length")?.is_some_and(|length| length != bytes) {
        return Err(format!("takes {bytes} bytes, but says that {location} has another number"));
    }
    external.allowed = external.allowed.checked_sub(bytes).ok_or_else(|| {
        format!("takes {bytes} bytes of {location}, more than --max-memory leaves")
    })?;
    let read = || {
        let mut file = File::open(&path)?;
        let length = file.seek(SeekFrom::End(0))?;
        let offset = number("offset").map_err(std::io::Error::other)?.unwrap_or(0);
        if offset.checked_add(bytes).is_none_or(|end| end > length) {
            let short = format!("has {length} bytes, fewer than {offset} and {bytes} more");
            return Err(std::io::Error::other(short));
        }
        file.seek(SeekFrom::Start(offset))?;
        let mut data = vec![0; bytes as usize];
        file.read_exact(&mut data)?;
        Ok(data)
    };
    read().map_err(|error: std::io::Error| format!("is in {}: {error}", path.display()))
}

/// A file beside the model: one elsewhere is none that a model may name.
fn path(location: &str, directory: Option<&Path>) -> Result<PathBuf, String> {
    let directory = directory.ok_or("is in another file, and the model in none")?;
    let is_beside =
        Path::new(location).components().all(|part| matches!(part, Component::Normal(_)));
    if !is_beside || location.is_empty() {
        return Err(format!("is in {location:?}, which is not beside the model"));
    }
    Ok(directory.join(location))
}
