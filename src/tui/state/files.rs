//! The files: read, and kept aside where they are broken.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The form of the files; those of a later one are left alone.
const SCHEMA: u32 = 1;

/// A file of the state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateFile {
    /// What is needed for the first frame.
    Explorer,
    /// The sweep.
    Sweep,
    /// The runs of networks.
    Networks,
}

impl StateFile {
    /// Where it is.
    pub fn path(self, directory: &Path) -> PathBuf {
        directory.join(match self {
            Self::Explorer => "explorer.json",
            Self::Sweep => "sweep.json",
            Self::Networks => "networks.json",
        })
    }

    /// The text that [`read`] reads back; `None` where a figure is none.
    pub fn text(self, state: &impl Serialize) -> Option<String> {
        let file = File { schema: SCHEMA, state };
        serde_json::to_string(&file).ok().map(|text| text + "\n")
    }
}

#[derive(Serialize, serde::Deserialize)]
struct File<T> {
    schema: u32,
    state: T,
}

/// What is read before all else, for a file of another version holds another state.
#[derive(serde::Deserialize)]
struct Head {
    schema: u32,
}

/// What a file holds; `None` where there is none. A file that is broken is renamed, so that it is not
/// written over, and what is wrong with it is said.
///
/// # Errors
/// What is wrong, in one line.
pub fn read<T: DeserializeOwned>(file: StateFile, directory: &Path) -> Result<Option<T>, String> {
    let path = file.path(directory);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    let problem = match serde_json::from_slice::<Head>(&bytes) {
        Ok(Head { schema }) if schema != SCHEMA => {
            format!("schema = {schema} is not known; this version reads schema = {SCHEMA}")
        }
        Ok(_) => match serde_json::from_slice::<File<T>>(&bytes) {
            Ok(File { state, .. }) => return Ok(Some(state)),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let aside = path.with_extension("json.broken");
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let kept = match fs::rename(&path, &aside) {
        Ok(()) => format!("kept as {}", name(&aside)),
        Err(error) => format!("and cannot be kept aside: {error}"),
    };
    Err(format!("{}: {problem}; {kept}, and begun anew", name(&path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::state::Saved;

    fn read_text(text: &str) -> (Result<Option<Saved>, String>, Vec<String>) {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(StateFile::Explorer.path(directory.path()), text).expect("written");
        let read = read(StateFile::Explorer, directory.path());
        let entries = fs::read_dir(directory.path()).expect("a list");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        (read, names.map(|name| name.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn what_is_written_reads_back() {
        let saved = Saved { screen: "sweep".into(), field: 7, ..Saved::default() };
        let text = StateFile::Explorer.text(&saved).expect("a text");
        assert_eq!(read_text(&text), (Ok(Some(saved)), vec!["explorer.json".into()]));
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(read::<Saved>(StateFile::Sweep, directory.path()), Ok(None));
        // A file of an earlier version says less.
        let (read, _) = read_text("{\"schema\":1,\"state\":{\"screen\":\"Sweep\",\"later\":[1]}}");
        assert_eq!(read.expect("reads").expect("there").screen, "Sweep");
    }

    #[test]
    fn what_is_broken_is_told_and_kept_aside() {
        let deep = "[".repeat(100_000);
        let own: [(&str, &str); 6] = [
            ("", "EOF while parsing"),
            ("{", "line 1"),
            ("{\"schema\":1,\"state\":{\"field\":-1}}", "line 1 column"),
            (
                "{\"schema\":2,\"state\":{}}",
                "schema = 2 is not known; this version reads schema = 1",
            ),
            ("\u{0}\u{1}", "expected value"),
            (&deep, "line 1 column 1"),
        ];
        for (text, part) in own {
            let (read, files) = read_text(text);
            let error = read.expect_err("broken");
            assert!(error.starts_with("explorer.json: ") && error.contains(part), "{error}");
            assert!(error.ends_with("; kept as explorer.json.broken, and begun anew"), "{error}");
            assert_eq!(files, ["explorer.json.broken"]);
        }
    }
}
