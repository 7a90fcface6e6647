//! A value, of the type and range it must have.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::DeValue;

use super::{Flaw, ReadError, Section, Source};
use crate::nearest::nearest;

/// One value of a table or list, whose mistakes are told as `E`.
pub(crate) struct Field<'a, E> {
    pub(super) source: Source<'a>,
    pub(super) key: String,
    pub(super) offset: usize,
    pub(super) value: &'a Spanned<DeValue<'a>>,
    pub(super) errors: PhantomData<E>,
}

impl<'a, E: ReadError> Field<'a, E> {
    /// The key, with the index of a list entry.
    pub(crate) fn key(&self) -> String {
        self.key.clone()
    }

    /// An error at this value.
    pub(crate) fn error(&self, problem: E::Problem) -> E {
        self.source.error(self.offset, problem)
    }

    /// The error of a value that is not `expected`.
    pub(crate) fn wrong_type(&self, expected: &'static str) -> E {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(Flaw::WrongType { key: self.key(), expected, found }.into())
    }

    /// Whether the value is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// Whether the value is a table.
    pub(crate) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// Whether the value is a string.
    pub(crate) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// Whether the value is a whole number.
    pub(crate) fn is_integer(&self) -> bool {
        self.value.get_ref().is_integer()
    }

    /// An integer in `range`.
    pub(crate) fn integer(&self, range: RangeInclusive<i128>) -> Result<i128, E> {
        let integer =
            self.value.get_ref().as_integer().ok_or_else(|| self.wrong_type("an integer"))?;
        match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => {
                let (value, min, max) = (integer.to_string(), *range.start(), *range.end());
                Err(self.error(Flaw::Range { key: self.key(), value, min, max }.into()))
            }
        }
    }

    /// A number of any kind.
    pub(crate) fn number(&self) -> Result<f64, E> {
        let value = self.value.get_ref();
        let text = value.as_float().map(toml::de::DeFloat::as_str);
        let text = text.or_else(|| value.as_integer().map(toml::de::DeInteger::as_str));
        let number = text.and_then(|text| text.parse().ok()).filter(|n: &f64| n.is_finite());
        number.ok_or_else(|| self.wrong_type("a number"))
    }

    /// Yes or no.
    pub(crate) fn boolean(&self) -> Result<bool, E> {
        self.value.get_ref().as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    /// A string.
    pub(crate) fn text(&self) -> Result<&'a str, E> {
        self.value.get_ref().as_str().ok_or_else(|| self.wrong_type("a string"))
    }

    /// The strings of a list, or the one string in its place.
    pub(crate) fn texts(&self) -> Result<Vec<&'a str>, E> {
        if self.is_text() {
            return Ok(vec![self.text()?]);
        }
        self.list("a string or a list of strings")?.iter().map(Self::text).collect()
    }

    /// The value that `name_of` gives this word.
    pub(crate) fn one_of<T: Copy>(
        &self,
        all: &[T],
        name_of: impl Fn(T) -> &'static str,
    ) -> Result<T, E> {
        let value = self.text()?;
        if let Some(found) = all.iter().find(|candidate| name_of(**candidate) == value) {
            return Ok(*found);
        }
        let valid: Vec<_> = all.iter().map(|candidate| name_of(*candidate)).collect();
        let nearest = nearest(value, valid.iter().copied()).unwrap_or_default();
        let (key, value) = (self.key(), value.into());
        Err(self.error(Flaw::UnknownWord { key, value, nearest, valid }.into()))
    }

    /// The entries of a list.
    pub(crate) fn list(&self, expected: &'static str) -> Result<Vec<Self>, E> {
        let entries = self.value.get_ref().as_array().ok_or_else(|| self.wrong_type(expected))?;
        let field = |(i, value): (usize, &'a Spanned<DeValue<'a>>)| Field {
            source: self.source,
            key: format!("{}[{i}]", self.key),
            offset: value.span().start,
            value,
            errors: PhantomData,
        };
        Ok(entries.iter().enumerate().map(field).collect())
    }

    /// The entries of a list that has some.
    pub(crate) fn filled_list(&self, expected: &'static str) -> Result<Vec<Self>, E> {
        let entries = self.list(expected)?;
        if entries.is_empty() { Err(self.wrong_count(0, expected)) } else { Ok(entries) }
    }

    /// A list of integers in `range`.
    pub(crate) fn integers(
        &self,
        expected: &'static str,
        range: &RangeInclusive<i128>,
    ) -> Result<Vec<i128>, E> {
        self.list(expected)?.iter().map(|entry| entry.integer(range.clone())).collect()
    }

    /// The error of a list of `count` entries.
    pub(crate) fn wrong_count(&self, count: usize, expected: impl Into<String>) -> E {
        self.error(Flaw::Count { key: self.key(), count, expected: expected.into() }.into())
    }

    /// A table; `label` says which one in messages, as ` in [layer]`.
    pub(crate) fn section(
        &self,
        label: impl Into<String>,
        expected: &'static str,
    ) -> Result<Section<'a, E>, E> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.wrong_type(expected))?;
        let (source, label, offset) = (self.source, label.into(), self.offset);
        Ok(Section { source, label, offset, table, errors: PhantomData })
    }
}
