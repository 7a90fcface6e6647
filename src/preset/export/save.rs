//! Files written whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file that must not be there yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where it is, or that it cannot be written.
pub fn save_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let result = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if result.is_err() {
        // A part of the text must not be taken for the whole; the first error is the one to tell.
        let _ = fs::remove_file(path);
    }
    result
}

/// Writes a file, in place of the one that may be there. Whatever happens, one of the two is there
/// whole.
///
/// # Errors
/// That it cannot be written.
pub fn save_over(path: &Path, text: &str) -> io::Result<()> {
    crate::files::replace(path, text.as_bytes())
}
