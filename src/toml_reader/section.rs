//! A table, whose keys are known.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Field, Flaw, ReadError, Source};
use crate::nearest::nearest;

/// One table of a document, whose mistakes are told as `E`.
pub(crate) struct Section<'a, E> {
    pub(super) source: Source<'a>,
    /// As ` in [layer]`, for messages; empty for the document itself.
    pub(super) label: String,
    pub(super) offset: usize,
    pub(super) table: &'a DeTable<'a>,
    pub(super) errors: PhantomData<E>,
}

impl<'a, E: ReadError> Section<'a, E> {
    /// The document itself; checks `schema`.
    pub(crate) fn root(source: Source<'a>, table: &'a DeTable<'a>) -> Result<Self, E> {
        let root = Self { source, label: String::new(), offset: 0, table, errors: PhantomData };
        let schema = root.get("schema").ok_or_else(|| root.error(Flaw::NoSchema.into()))?;
        let number = schema.integer(i128::MIN..=i128::MAX)?;
        if number == 1 {
            Ok(root)
        } else {
            Err(schema.error(Flaw::Schema(number.to_string()).into()))
        }
    }

    /// The file.
    pub(crate) const fn source(&self) -> Source<'a> {
        self.source
    }

    /// The line the table starts on.
    pub(crate) fn line(&self) -> usize {
        self.source.line(self.offset)
    }

    /// An error in the table as a whole.
    pub(crate) fn error(&self, problem: E::Problem) -> E {
        self.source.error(self.offset, problem)
    }

    /// An error at the first of `keys` that is given, or in the table as a whole.
    pub(crate) fn error_at(&self, keys: &[&'static str], problem: E::Problem) -> E {
        match keys.iter().find_map(|key| self.get(key)) {
            Some(field) => field.error(problem),
            None => self.error(problem),
        }
    }

    /// Refuses every key but these.
    pub(crate) fn only(&self, valid: &[&'static str]) -> Result<(), E> {
        let mut fields = self.fields().into_iter();
        let Some(unknown) = fields.find(|field| !valid.contains(&field.key().as_str())) else {
            return Ok(());
        };
        let nearest = nearest(&unknown.key(), valid.iter().copied()).unwrap_or_default();
        Err(self.unknown_key(&unknown, nearest))
    }

    /// The error of a key that means nothing in this table.
    pub(crate) fn unknown_key(&self, field: &Field<'_, E>, nearest: &'static str) -> E {
        let (key, section) = (field.key(), self.label.clone());
        field.error(Flaw::UnknownKey { key, section, nearest }.into())
    }

    /// All values, in the order of the file.
    pub(crate) fn fields(&self) -> Vec<Field<'a, E>> {
        let mut fields: Vec<_> =
            self.table.iter().map(|(key, value)| self.field(key, value)).collect();
        fields.sort_by_key(|field| field.offset);
        fields
    }

    /// The value of a key, where given.
    pub(crate) fn get(&self, key: &str) -> Option<Field<'a, E>> {
        let (found, value) = self.table.iter().find(|(found, _)| found.get_ref() == key)?;
        Some(self.field(found, value))
    }

    fn field(
        &self,
        key: &'a Spanned<impl AsRef<str>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Field<'a, E> {
        let (key, offset) = (key.get_ref().as_ref().into(), key.span().start);
        Field { source: self.source, key, offset, value, errors: PhantomData }
    }

    /// The value of a key.
    pub(crate) fn need(&self, key: &str) -> Result<Field<'a, E>, E> {
        self.get(key).ok_or_else(|| self.missing(format!("`{key}`")))
    }

    /// The error of a key that is absent.
    pub(crate) fn missing(&self, keys: String) -> E {
        self.error(Flaw::MissingKey { keys, section: self.label.clone() }.into())
    }

    /// An integer, or what stands for it where it is absent.
    pub(crate) fn integer_or(
        &self,
        key: &str,
        range: RangeInclusive<i128>,
        default: i128,
    ) -> Result<i128, E> {
        self.get(key).map_or(Ok(default), |field| field.integer(range))
    }
}
