//! The text of a file, or of standard input.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What standard input is called in messages.
pub(super) const STDIN: &str = "<stdin>";

/// A file or directory cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", one_line(&origin(path)))]
pub struct Unreadable {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// The text of a file; of standard input where `path` is `-`, which can be so only once.
///
/// # Errors
/// The file cannot be read, or is not UTF-8, with the line where it is not.
pub(crate) fn read_text(path: &Path) -> Result<String, Unreadable> {
    let bytes = if is_stdin(path) { read_stdin() } else { fs::read(path) };
    let text = bytes.and_then(|bytes| {
        String::from_utf8(bytes).map_err(|error| {
            let start = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            // The last of the pieces is the line that is wrong.
            let line = start.split(|byte| *byte == b'\n').count();
            io::Error::new(ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
        })
    });
    text.map_err(|source| Unreadable { path: path.to_path_buf(), source })
}

/// What a file is called in messages.
pub(crate) fn origin(path: &Path) -> String {
    if is_stdin(path) { STDIN.into() } else { path.display().to_string() }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read_stdin() -> io::Result<Vec<u8>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(io::Error::other("only one file can be `-`"));
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `text` without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
