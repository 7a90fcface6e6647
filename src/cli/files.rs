//! Files that a command will write.

use std::path::Path;

use super::Failure;

/// Refuses a path that `flag` gave and whose directory is not there.
pub(super) fn check_directory(flag: &str, path: &Path) -> Result<(), Failure> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match directory {
        Some(directory) if !directory.is_dir() => Err(Failure::Input(format!(
            "cannot write {flag} {}: there is no directory {}",
            path.display(),
            directory.display()
        ))),
        _ => Ok(()),
    }
}
