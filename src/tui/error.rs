//! What can be wrong with the user's settings, each in one line.

use std::io::ErrorKind;
use std::path::Path;

use crate::toml_reader::{self, Flaw, Misread, ReadError, Unreadable, one_line, read_text};

/// Why settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file or directory cannot be read.
    #[error(transparent)]
    Read(#[from] Unreadable),
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

impl ReadError for SettingsError {
    type Problem = Mistake;

    fn at(origin: &str, line: usize, mistake: Mistake) -> Self {
        Self::Invalid { origin: origin.into(), line, mistake: Box::new(mistake) }
    }
}

impl From<Box<Misread>> for SettingsError {
    fn from(misread: Box<Misread>) -> Self {
        let Misread { origin, line, flaw } = *misread;
        Self::at(&origin, line, flaw.into())
    }
}

/// One table of a document.
pub(super) type Section<'a> = toml_reader::Section<'a, SettingsError>;

/// One value of a table or list.
pub(super) type Field<'a> = toml_reader::Field<'a, SettingsError>;

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
    /// A mistake of form.
    #[error(transparent)]
    Form(#[from] Flaw),
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

fn key_hint(nearest: Option<&str>) -> String {
    let form = "write one character or a name, as q, Ctrl-P or Enter";
    nearest.map_or_else(|| form.into(), |nearest| format!("{form} (the nearest is {nearest})"))
}

/// The text of a file, or none where there is no such file.
pub(super) fn read_if_any(path: &Path) -> Result<Option<String>, SettingsError> {
    match read_text(path) {
        Err(error) if error.source.kind() == ErrorKind::NotFound => Ok(None),
        text => Ok(Some(text?)),
    }
}
