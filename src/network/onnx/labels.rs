//! Names of classes.

use std::path::Path;

use super::error::ModelError;

/// The most bytes of a file of them.
const MOST_BYTES: u64 = 1 << 24;

/// Reads a name a line, in the order of a model's scores.
///
/// # Errors
/// [`ModelError::File`].
pub fn read_labels(path: &Path) -> Result<Vec<String>, ModelError> {
    let problem = |problem: String| ModelError::File { path: path.to_owned(), problem };
    let length = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if length > MOST_BYTES {
        return Err(problem(format!("has {length} bytes; a name a line is expected")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    let clean = |line: &str| line.trim().chars().filter(|c| !c.is_control()).collect();
    Ok(text.lines().map(clean).collect())
}
