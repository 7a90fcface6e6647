//! Files: their endings, and replacing them whole.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// How many names a temporary file may find taken.
const ATTEMPTS: u32 = 100;

/// Whether the file name of `path` is more than `ending` and ends in it, in whatever case.
pub(crate) fn ends_in(path: &Path, ending: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase());
    name.is_some_and(|name| name.len() > ending.len() && name.ends_with(ending))
}

/// What the name of a file must do that ends in none of `endings`.
pub(crate) fn must_end_in<const K: usize>(endings: [&str; K]) -> String {
    let [rest @ .., last] = &endings[..] else { return String::new() };
    format!("must end in {} or {last}", rest.join(", "))
}

/// Makes `bytes` the content of the file at `path`, whether or not there is one: readers see the
/// old content or the new, never a part. A symbolic link stays and its target is replaced.
///
/// # Errors
/// That the directory or disk does not take it; the old content is then untouched.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_path_buf(),
        Err(error) => return Err(error),
    };
    let (temporary, file) = create_beside(&path)?;
    let result = fill(file, &path, bytes).and_then(|()| fs::rename(&temporary, &path));
    if result.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// A new file in the directory of `path`.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..ATTEMPTS {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".heconv-{}-{number}.tmp", std::process::id());
        let temporary = path.with_file_name(name);
        match File::create_new(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Writes all to the disk, under the permissions of the file at `path` where there is one.
fn fill(mut file: File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}
