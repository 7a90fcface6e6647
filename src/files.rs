//! Files: their endings, and replacing them whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use tempfile::Builder;

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

/// Makes `bytes` the content of the file at `path`; see [`replace_by`].
///
/// # Errors
/// As [`replace_by`].
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(path, |file| file.write_all(bytes))
}

/// Makes what `write` writes the content of the file at `path`, whether or not there is one: readers
/// see the old content or the new, never a part. A symbolic link stays and its target is replaced,
/// under the permissions it has.
///
/// # Errors
/// That the directory or disk does not take it, or that of `write`; the old content is then
/// untouched.
pub(crate) fn replace_by(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_path_buf(),
        Err(error) => return Err(error),
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let file = beside().tempfile_in(directory.unwrap_or(Path::new(".")))?;
    if let Ok(old) = fs::metadata(&path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    let mut writer = BufWriter::new(file.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Files that stand for another until they are whole; anyone may read them, as any other file.
fn beside() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".heconv-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The mask of the process takes from this what it takes from all files.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}
