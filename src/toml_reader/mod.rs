//! Reading TOML so that every mistake is told with its file, line and key.
//!
//! What a file of some kind may say is the business of those who read it: their error type takes the
//! mistakes of form known here ([`Flaw`]) beside their own, by [`ReadError`].

mod field;
mod flaw;
mod section;
mod text;

pub(crate) use self::field::Field;
pub use self::flaw::{Flaw, Misread};
pub(crate) use self::section::Section;
pub use self::text::Unreadable;
pub(crate) use self::text::{one_line, origin, read_text};

use toml::de::DeTable;

/// How much of a line that is no TOML an error shows, in characters.
const SHOWN: usize = 60;

/// An error that can be about one place of a file.
pub(crate) trait ReadError: Sized {
    /// What can be wrong there.
    type Problem: From<Flaw>;

    /// The error of `problem` on `line`, from 1, of the file called `origin`.
    fn at(origin: &str, line: usize, problem: Self::Problem) -> Self;
}

/// A file's name and text: where errors point to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) origin: &'a str,
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    /// The text as a TOML document.
    pub(crate) fn parse(self) -> Result<DeTable<'a>, Box<Misread>> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let line = self.line(error.span().map_or(0, |span| span.start));
            let found = self.text.lines().nth(line - 1).unwrap_or_default();
            let found = found.trim().chars().take(SHOWN).collect();
            let flaw = Flaw::Syntax { message: error.message().into(), found };
            Box::new(Misread { origin: self.origin.into(), line, flaw })
        })?;
        Ok(table.into_inner())
    }

    /// The file name without directory and extension.
    pub(crate) fn stem(self) -> &'a str {
        if self.origin == text::STDIN {
            return "stdin";
        }
        let stem = std::path::Path::new(self.origin).file_stem();
        stem.and_then(|stem| stem.to_str()).unwrap_or(self.origin)
    }

    fn line(self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    fn error<E: ReadError>(self, offset: usize, problem: E::Problem) -> E {
        E::at(self.origin, self.line(offset), problem)
    }
}
