//! Paths as people type them.

use std::path::{Path, PathBuf};

use crate::files::ends_in;

/// Endings of files of weights.
pub const WEIGHTS: [&str; 3] = [".npy", ".npz", ".safetensors"];

/// Endings of pictures.
const PICTURES: [&str; 3] = [".png", ".jpg", ".jpeg"];

/// Endings of files of inputs.
pub const INPUTS: [&str; 4] = [".png", ".jpg", ".jpeg", ".npy"];

/// Whether the name of a file has one of these endings.
pub fn ends_in_any(path: &Path, endings: &[&str]) -> bool {
    endings.iter().any(|ending| ends_in(path, ending))
}

/// Whether a file is a picture, by its name.
pub fn is_picture(path: &Path) -> bool {
    ends_in_any(path, &PICTURES)
}

/// The path that a text stands for: `~` at its start is the user's home.
pub fn expanded(text: &str) -> PathBuf {
    let text = text.trim();
    let rest = match text {
        "~" => Some(""),
        _ => text.strip_prefix("~/"),
    };
    match (rest, etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => text.into(),
    }
}

/// A path as it may be typed: below the user's home from `~` on.
pub fn shortened(path: &Path) -> String {
    let home = etcetera::home_dir().ok().filter(|home| home.parent().is_some());
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

/// The names in a directory, in order, directories with a slash behind them; none where it cannot be
/// read.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        let slash = if entry.path().is_dir() { "/" } else { "" };
        format!("{}{slash}", entry.file_name().to_string_lossy())
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// The paths that `text` may be the start of, as they are typed: directories, and files with one of
/// `endings`, or all where there is none. Hidden ones are there where a dot is typed.
pub fn completions(text: &str, endings: &[&str]) -> Vec<String> {
    if text == "~" {
        return vec!["~/".into()];
    }
    let (directory, start) = match text.rfind('/') {
        Some(slash) => text.split_at(slash + 1),
        None => ("", text),
    };
    let looked_at = if directory.is_empty() { PathBuf::from(".") } else { expanded(directory) };
    let fits = |name: &String| {
        let is_wanted =
            name.ends_with('/') || endings.is_empty() || ends_in_any(Path::new(name), endings);
        is_wanted && name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.'))
    };
    names(&looked_at).into_iter().filter(fits).map(|name| format!("{directory}{name}")).collect()
}

/// The longest text that all of them start with.
pub fn common_start(texts: &[String]) -> String {
    let Some((first, rest)) = texts.split_first() else { return String::new() };
    let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let count = rest.iter().map(|text| shared(first, text)).min();
    first.chars().take(count.unwrap_or(usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_complete_and_home_is_understood() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["mine.toml", "mine.npy", "notes.txt", ".hidden.toml"] {
            std::fs::write(directory.path().join(name), "").expect("written");
        }
        std::fs::create_dir(directory.path().join("more")).expect("made");
        let at = |text: &str| format!("{}/{text}", directory.path().display());
        let complete = |text: &str| completions(&at(text), &[".toml", ".npy"]);
        assert_eq!(complete("mi"), [at("mine.npy"), at("mine.toml")]);
        assert_eq!(complete(""), [at("mine.npy"), at("mine.toml"), at("more/")]);
        assert_eq!(complete(".h"), [at(".hidden.toml")]);
        assert_eq!(completions(&at("no"), &[]), [at("notes.txt")]);
        assert!(completions("/nonexistent/x", &[]).is_empty());
        assert_eq!(common_start(&complete("mi")), at("mine."));
        assert_eq!(common_start(&[]), "");
        let home = etcetera::home_dir().expect("a home");
        assert_eq!(expanded(" ~/a.toml "), home.join("a.toml"));
        assert_eq!(expanded("a~/b"), PathBuf::from("a~/b"));
        assert_eq!(completions("~", &[]), ["~/"]);
    }
}
