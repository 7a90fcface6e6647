//! The presets, and what is wrong with the user's own.

use std::io::{self, Write};

use super::Failure;
use crate::preset::Catalogue;

/// All presets. A file of the user that is broken is told on standard error and left out.
pub(super) fn load() -> Result<Catalogue, Failure> {
    let catalogue = Catalogue::load().map_err(Failure::input)?;
    for warning in catalogue.warnings() {
        writeln!(io::stderr(), "heconv: warning: {warning}")?;
    }
    Ok(catalogue)
}
