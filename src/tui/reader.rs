//! Reading the user's TOML so that every mistake is told with its file and line.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, SettingsError, nearest};

/// How much of a line that is no TOML an error shows, in characters.
const SHOWN: usize = 60;

/// The text of a file, or none where there is no such file.
pub(super) fn read_if_any(path: &Path) -> Result<Option<String>, SettingsError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SettingsError::Read { path: path.into(), source }),
    }
}

/// A file's name and text: where errors point to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) origin: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// The text as a TOML document.
    pub(super) fn parse(self) -> Result<DeTable<'a>, SettingsError> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let line = self.text.lines().nth(self.line(offset) - 1).unwrap_or_default();
            let found = line.trim().chars().take(SHOWN).collect();
            self.error(offset, Mistake::Syntax { message: error.message().into(), found })
        })?;
        Ok(table.into_inner())
    }

    fn line(self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    fn error(self, offset: usize, mistake: Mistake) -> SettingsError {
        let (origin, line) = (self.origin.into(), self.line(offset));
        SettingsError::Invalid { origin, line, mistake: Box::new(mistake) }
    }
}

/// One table of a document.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    source: Source<'a>,
    /// As ` in [keys]`, for messages; empty for the document itself.
    label: String,
    offset: usize,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// The document itself; checks `schema`.
    pub(super) fn root(source: Source<'a>, table: &'a DeTable<'a>) -> Result<Self, SettingsError> {
        let root = Self { source, label: String::new(), offset: 0, table };
        let schema = root.get("schema").ok_or_else(|| root.error(Mistake::NoSchema))?;
        match schema.value.get_ref() {
            DeValue::Integer(number) if number.as_str() == "1" => Ok(root),
            DeValue::Integer(number) => Err(schema.error(Mistake::Schema(number.to_string()))),
            _ => Err(schema.wrong_type("an integer")),
        }
    }

    /// An error in the table as a whole.
    pub(super) fn error(&self, mistake: Mistake) -> SettingsError {
        self.source.error(self.offset, mistake)
    }

    /// Refuses every key but these.
    pub(super) fn only(&self, valid: &[&'static str]) -> Result<(), SettingsError> {
        let known = |field: &Field<'_>| valid.contains(&field.key.as_str());
        let Some(unknown) = self.fields().into_iter().find(|field| !known(field)) else {
            return Ok(());
        };
        let nearest = nearest(&unknown.key, valid.iter().copied()).unwrap_or_default();
        Err(unknown.error(self.unknown_key(&unknown, nearest)))
    }

    /// The mistake of a key that means nothing in this table.
    pub(super) fn unknown_key(&self, field: &Field<'_>, nearest: &'static str) -> Mistake {
        let (key, section) = (field.key.clone(), self.label.clone());
        Mistake::UnknownKey { key, section, nearest }
    }

    /// All values, in the order of the file.
    pub(super) fn fields(&self) -> Vec<Field<'a>> {
        let field = |(key, value): (&'a Spanned<_>, &'a _)| self.field(key, value);
        let mut fields: Vec<_> = self.table.iter().map(field).collect();
        fields.sort_by_key(|field| field.offset);
        fields
    }

    /// The value of a key, where given.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        let (found, value) = self.table.iter().find(|(found, _)| found.get_ref() == key)?;
        Some(self.field(found, value))
    }

    fn field(
        &self,
        key: &'a Spanned<impl AsRef<str>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Field<'a> {
        let (source, offset) = (self.source, key.span().start);
        Field { source, key: key.get_ref().as_ref().into(), offset, value }
    }
}

/// One value of a table or list.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    source: Source<'a>,
    key: String,
    offset: usize,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Field<'a> {
    /// The key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// An error at this value.
    pub(super) fn error(&self, mistake: Mistake) -> SettingsError {
        self.source.error(self.offset, mistake)
    }

    /// The error of a value that is not `expected`.
    fn wrong_type(&self, expected: &'static str) -> SettingsError {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(Mistake::WrongType { key: self.key.clone(), expected, found })
    }

    /// Whether the value is a table.
    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// A string.
    pub(super) fn text(&self) -> Result<&'a str, SettingsError> {
        self.value.get_ref().as_str().ok_or_else(|| self.wrong_type("a string"))
    }

    /// True or false.
    pub(super) fn flag(&self) -> Result<bool, SettingsError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    /// The strings of a list, or the one string in its place.
    pub(super) fn texts(&self) -> Result<Vec<&'a str>, SettingsError> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(vec![text.as_ref()]),
            DeValue::Array(entries) => {
                let entry = |(i, value): (usize, &'a Spanned<DeValue<'a>>)| {
                    let (key, offset) = (format!("{}[{i}]", self.key), value.span().start);
                    Field { source: self.source, key, offset, value }.text()
                };
                entries.iter().enumerate().map(entry).collect()
            }
            _ => Err(self.wrong_type("a string or a list of strings")),
        }
    }

    /// A table, called `name` in messages.
    pub(super) fn section(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<Section<'a>, SettingsError> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.wrong_type(expected))?;
        let (source, label) = (self.source, format!(" in [{name}]"));
        Ok(Section { source, label, offset: self.offset, table })
    }
}
