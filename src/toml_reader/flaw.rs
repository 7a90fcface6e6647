//! Mistakes of form that any file can have, each in one line.

use super::one_line;

/// A file whose text is no TOML.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}:{line}: {flaw}", one_line(origin))]
pub struct Misread {
    /// The file.
    pub origin: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub flaw: Flaw,
}

/// What can be wrong with the form of a file, whatever it is about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Flaw {
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
        /// The table it stands in, as ` in [layer]`; empty at the top.
        section: String,
        /// The most similar key that is valid there.
        nearest: &'static str,
    },
    /// A key that must be there is not.
    #[error("missing key {keys}{section}")]
    MissingKey {
        /// The key, or the alternatives.
        keys: String,
        /// The table it must stand in, as ` in [layer]`; empty at the top.
        section: String,
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
    /// A number out of range.
    #[error("`{key}` = {value} must be from {min} to {max}")]
    Range {
        /// The key.
        key: String,
        /// The number as written.
        value: String,
        /// The least number allowed.
        min: i128,
        /// The largest number allowed.
        max: i128,
    },
    /// A list of the wrong length.
    #[error("`{key}` has {count} entries, must be {expected}")]
    Count {
        /// The key.
        key: String,
        /// Its entries.
        count: usize,
        /// What it must be.
        expected: String,
    },
    /// A word that is none of those allowed.
    #[error("unknown {key} {value:?}; the nearest is {nearest:?} (all: {})", .valid.join(", "))]
    UnknownWord {
        /// The key.
        key: String,
        /// The word given.
        value: String,
        /// The most similar word allowed.
        nearest: &'static str,
        /// All words allowed.
        valid: Vec<&'static str>,
    },
}
