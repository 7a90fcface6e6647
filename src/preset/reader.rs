//! Reading TOML so that every mistake is told with its key and line.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{PresetError, Problem, nearest};

/// How much of a line that is no TOML an error shows, in characters.
const SHOWN: usize = 60;

/// A file's name and text: where errors point to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) origin: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// The text as a TOML document.
    pub(super) fn parse(self) -> Result<DeTable<'a>, PresetError> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let message = error.message().into();
            let line = self.text.lines().nth(self.line(offset) - 1).unwrap_or_default();
            let found = line.trim().chars().take(SHOWN).collect();
            self.error(offset, Problem::Syntax { message, found })
        })?;
        Ok(table.into_inner())
    }

    /// The file name without directory and extension.
    pub(super) fn stem(self) -> &'a str {
        let stem = std::path::Path::new(self.origin).file_stem();
        stem.and_then(|stem| stem.to_str()).unwrap_or(self.origin)
    }

    fn line(self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    fn error(self, offset: usize, problem: Problem) -> PresetError {
        let (origin, line) = (self.origin.into(), self.line(offset));
        let problem = Box::new(problem);
        PresetError::Invalid { origin, line, problem }
    }
}

/// One table of a document.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    source: Source<'a>,
    /// As ` in [layer]`, for messages; empty for the document itself.
    label: &'static str,
    offset: usize,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// The document itself; checks `schema`.
    pub(super) fn root(source: Source<'a>, table: &'a DeTable<'a>) -> Result<Self, PresetError> {
        let root = Self { source, label: "", offset: 0, table };
        let schema = root.get("schema").ok_or_else(|| root.error(Problem::NoSchema))?;
        let number = schema.integer(i128::MIN..=i128::MAX)?;
        if number == 1 { Ok(root) } else { Err(schema.error(Problem::Schema(number.to_string()))) }
    }

    /// The file.
    pub(super) const fn source(&self) -> Source<'a> {
        self.source
    }

    /// The line the table starts on.
    pub(super) fn line(&self) -> usize {
        self.source.line(self.offset)
    }

    /// An error in the table as a whole.
    pub(super) fn error(&self, problem: Problem) -> PresetError {
        self.source.error(self.offset, problem)
    }

    /// An error at the first of `keys` that is given, or in the table as a whole.
    pub(super) fn error_at(&self, keys: &[&'static str], problem: Problem) -> PresetError {
        match keys.iter().find_map(|key| self.get(key)) {
            Some(field) => field.error(problem),
            None => self.error(problem),
        }
    }

    /// Refuses every key but these.
    pub(super) fn only(&self, valid: &[&'static str]) -> Result<(), PresetError> {
        let unknown = self.table.keys().filter(|key| !valid.contains(&key.get_ref().as_ref()));
        let Some(first) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let key = first.get_ref().to_string();
        let Some(nearest) = nearest_key(&key, valid) else { return Ok(()) };
        let section = self.label.into();
        Err(self.source.error(first.span().start, Problem::UnknownKey { key, section, nearest }))
    }

    /// The value of a key, where given.
    pub(super) fn get(&self, key: &'static str) -> Option<Field<'a>> {
        let (found, value) = self.table.iter().find(|(found, _)| found.get_ref() == key)?;
        let offset = found.span().start;
        Some(Field { source: self.source, key: key.into(), offset, value })
    }

    /// The value of a key.
    pub(super) fn need(&self, key: &'static str) -> Result<Field<'a>, PresetError> {
        self.get(key).ok_or_else(|| self.missing(format!("`{key}`")))
    }

    /// The error of a key that is absent.
    pub(super) fn missing(&self, keys: String) -> PresetError {
        self.error(Problem::MissingKey { keys, section: self.label.into() })
    }

    /// An integer, or what stands for it where it is absent.
    pub(super) fn integer_or(
        &self,
        key: &'static str,
        range: RangeInclusive<i128>,
        default: i128,
    ) -> Result<i128, PresetError> {
        self.get(key).map_or(Ok(default), |field| field.integer(range))
    }

    /// The preset's name: `name`, or that of the file.
    pub(super) fn name_or_stem(&self) -> Result<String, PresetError> {
        if let Some(field) = self.get("name") {
            return field.name();
        }
        let value: String = self.source.stem().into();
        if is_name(&value) {
            Ok(value)
        } else {
            Err(self.error(Problem::BadName { key: "name".into(), value }))
        }
    }
}

fn nearest_key(key: &str, valid: &[&'static str]) -> Option<&'static str> {
    nearest(key, valid.iter().copied())
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
    /// The key, with the index of a list entry.
    pub(super) fn key(&self) -> String {
        self.key.clone()
    }

    /// An error at this value.
    pub(super) fn error(&self, problem: Problem) -> PresetError {
        self.source.error(self.offset, problem)
    }

    /// The error of a value that is not `expected`.
    pub(super) fn wrong_type(&self, expected: &'static str) -> PresetError {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(Problem::WrongType { key: self.key(), expected, found })
    }

    /// Whether the value is a list.
    pub(super) fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// Whether the value is a string.
    pub(super) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// Whether the value is a number of any kind.
    pub(super) fn is_integer(&self) -> bool {
        self.value.get_ref().is_integer()
    }

    /// An integer in `range`.
    pub(super) fn integer(&self, range: RangeInclusive<i128>) -> Result<i128, PresetError> {
        let integer =
            self.value.get_ref().as_integer().ok_or_else(|| self.wrong_type("an integer"))?;
        match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(self.error(Problem::Range {
                key: self.key(),
                value: integer.to_string(),
                min: *range.start(),
                max: *range.end(),
            })),
        }
    }

    /// A number of any kind.
    pub(super) fn number(&self) -> Result<f64, PresetError> {
        let value = self.value.get_ref();
        let text = value.as_float().map(toml::de::DeFloat::as_str);
        let text = text.or_else(|| value.as_integer().map(toml::de::DeInteger::as_str));
        let number = text.and_then(|text| text.parse().ok()).filter(|n: &f64| n.is_finite());
        number.ok_or_else(|| self.wrong_type("a number"))
    }

    /// Yes or no.
    pub(super) fn boolean(&self) -> Result<bool, PresetError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    /// A string.
    pub(super) fn text(&self) -> Result<&'a str, PresetError> {
        self.value.get_ref().as_str().ok_or_else(|| self.wrong_type("a string"))
    }

    /// A name that presets are referred to by.
    pub(super) fn name(&self) -> Result<String, PresetError> {
        let name = self.text()?;
        if is_name(name) {
            Ok(name.into())
        } else {
            Err(self.error(Problem::BadName { key: self.key(), value: name.into() }))
        }
    }

    /// The value that `name_of` gives this word.
    pub(super) fn one_of<T: Copy>(
        &self,
        all: &[T],
        name_of: impl Fn(T) -> &'static str,
    ) -> Result<T, PresetError> {
        let value = self.text()?;
        if let Some(found) = all.iter().find(|candidate| name_of(**candidate) == value) {
            return Ok(*found);
        }
        let valid: Vec<_> = all.iter().map(|candidate| name_of(*candidate)).collect();
        let nearest = nearest_key(value, &valid).unwrap_or_default();
        let (key, value) = (self.key(), value.into());
        Err(self.error(Problem::UnknownWord { key, value, nearest, valid }))
    }

    /// The entries of a list.
    pub(super) fn list(&self, expected: &'static str) -> Result<Vec<Field<'a>>, PresetError> {
        let entries = self.value.get_ref().as_array().ok_or_else(|| self.wrong_type(expected))?;
        let field = |(i, value): (usize, &'a Spanned<DeValue<'a>>)| Field {
            source: self.source,
            key: format!("{}[{i}]", self.key),
            offset: value.span().start,
            value,
        };
        Ok(entries.iter().enumerate().map(field).collect())
    }

    /// The entries of a list that has some.
    pub(super) fn filled_list(
        &self,
        expected: &'static str,
    ) -> Result<Vec<Field<'a>>, PresetError> {
        let entries = self.list(expected)?;
        if entries.is_empty() { Err(self.wrong_count(0, expected)) } else { Ok(entries) }
    }

    /// A list of integers in `range`.
    pub(super) fn integers(
        &self,
        expected: &'static str,
        range: &RangeInclusive<i128>,
    ) -> Result<Vec<i128>, PresetError> {
        self.list(expected)?.iter().map(|entry| entry.integer(range.clone())).collect()
    }

    /// The error of a list of `count` entries.
    pub(super) fn wrong_count(&self, count: usize, expected: impl Into<String>) -> PresetError {
        self.error(Problem::Count { key: self.key(), count, expected: expected.into() })
    }

    /// A table.
    pub(super) fn section(
        &self,
        label: &'static str,
        expected: &'static str,
    ) -> Result<Section<'a>, PresetError> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.wrong_type(expected))?;
        Ok(Section { source: self.source, label, offset: self.offset, table })
    }
}

/// Whether a preset may be called this.
fn is_name(name: &str) -> bool {
    let valid = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().all(valid) && !super::params::is_toml(name)
}
