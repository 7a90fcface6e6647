//! What can be wrong with the user's settings, each in one line.

use std::io;
use std::path::PathBuf;

/// Why settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}", one_line(&path.display().to_string()))]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file says something it must not.
    #[error("{}:{line}: {mistake}", one_line(origin))]
    Invalid {
        /// The file.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        mistake: Box<Mistake>,
    },
    /// No theme has the name asked for.
    #[error(transparent)]
    Theme(UnknownTheme),
}

/// No theme has this name.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no theme {name:?}; the nearest is {nearest:?} (all: {})", .all.join(", "))]
pub struct UnknownTheme {
    /// The name.
    pub name: String,
    /// The most similar name.
    pub nearest: String,
    /// The names of all themes.
    pub all: Vec<String>,
}

/// What is wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Mistake {
    /// The file is no TOML.
    #[error("{}, at {found:?}", one_line(message))]
    Syntax {
        /// Why.
        message: String,
        /// The line.
        found: String,
    },
    /// `schema` is not the number this version reads.
    #[error("schema = {0} is not known; this version reads schema = 1")]
    Schema(String),
    /// `schema` is absent.
    #[error("missing key `schema`; add `schema = 1` as the first line")]
    NoSchema,
    /// A key that means nothing there.
    #[error("unknown key `{}`{section}; the nearest valid key is `{nearest}`", key.escape_debug())]
    UnknownKey {
        /// The key.
        key: String,
        /// The table it stands in, as ` in [keys]`; empty at the top.
        section: String,
        /// The most similar key that is valid there.
        nearest: &'static str,
    },
    /// A value of the wrong type.
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A text that names no key of the keyboard.
    #[error("`{action}`: {text:?} is no key; {}", key_hint(.nearest.as_deref()))]
    NoKey {
        /// The action it is for.
        action: String,
        /// The text.
        text: String,
        /// The most similar key with a name.
        nearest: Option<String>,
    },
    /// A key that would do two things.
    #[error(
        "key {key} is for both `{first}` and `{second}`; give one of them another, or none as in `{second} = []`"
    )]
    BoundTwice {
        /// The key.
        key: String,
        /// The action that the user's file binds it to.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// A key that types a character, bound where text is typed.
    #[error("`{action}`: key {key} types a character; in [keys.text] bind others, as Ctrl-N")]
    TypesText {
        /// The action.
        action: &'static str,
        /// The key.
        key: String,
    },
    /// No key is left for an action that must have one.
    #[error("`{action}` has no key left{context}; give it one")]
    NoKeyLeft {
        /// The action.
        action: &'static str,
        /// Where, as ` in [keys.text]`; empty for all contexts.
        context: String,
    },
    /// A text that is no colour.
    #[error(
        "`{key}` = {value:?} is no colour; write \"#rrggbb\", a name as red or light-blue, or a number to 255"
    )]
    NoColour {
        /// The key.
        key: String,
        /// The text.
        value: String,
    },
    /// A theme that does not exist.
    #[error(transparent)]
    Theme(#[from] UnknownTheme),
}

/// The most similar of `candidates`, the first where several are alike.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let scored =
        candidates.into_iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}

fn key_hint(nearest: Option<&str>) -> String {
    let form = "write one character or a name, as q, Ctrl-P or Enter";
    nearest.map_or_else(|| form.into(), |nearest| format!("{form} (the nearest is {nearest})"))
}

/// `text` without line breaks and other control characters.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
