//! The TOML reader, with names of presets and the errors of this module.

use super::error::{PresetError, Problem};
use crate::toml_reader;

pub(super) use crate::toml_reader::Source;

/// One table of a document.
pub(super) type Section<'a> = toml_reader::Section<'a, PresetError>;

/// One value of a table or list.
pub(super) type Field<'a> = toml_reader::Field<'a, PresetError>;

impl Section<'_> {
    /// The preset's name: `name`, or that of the file.
    pub(super) fn name_or_stem(&self) -> Result<String, PresetError> {
        if let Some(field) = self.get("name") {
            return field.name();
        }
        let value: String = self.source().stem().into();
        if is_name(&value) {
            Ok(value)
        } else {
            Err(self.error(Problem::BadName { key: "name".into(), value }))
        }
    }
}

impl Field<'_> {
    /// A name that presets are referred to by.
    pub(super) fn name(&self) -> Result<String, PresetError> {
        let name = self.text()?;
        if is_name(name) {
            Ok(name.into())
        } else {
            Err(self.error(Problem::BadName { key: self.key(), value: name.into() }))
        }
    }
}

/// Whether a preset may be called this.
fn is_name(name: &str) -> bool {
    let valid = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().all(valid) && !super::params::is_toml(name)
}
