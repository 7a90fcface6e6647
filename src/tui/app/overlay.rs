//! What lies over the screen.

use std::path::PathBuf;

use tui_input::Input;

use crate::tui::form::Field;
use crate::tui::optimise::Question;
use crate::tui::palette::Palette;

/// What a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A value for the form's field.
    Value(Field),
    /// A part of layers' names.
    Filter,
    /// Where to export the experiment to.
    ExportPath,
    /// Where to export the runs of Compare to.
    ExportRuns,
    /// Where to export the rows of the sweep to.
    ExportRows,
    /// The directory to export the layers of a network to.
    ExportLayers,
}

/// Something over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys, scrolled down by some rows.
    Help(u16),
    /// The commands.
    Palette(Palette),
    /// What to optimise for.
    Optimise(Question),
    /// The decision of the last optimisation, scrolled down by some rows.
    Decision(u16),
    /// A line of text.
    Prompt {
        /// What for.
        asking: Asking,
        /// The text so far.
        input: Input,
    },
    /// Whether to replace the file that is there.
    Overwrite(PathBuf),
    /// An error that must be seen.
    Error(String),
    /// The layers, where they have no room beside the rest.
    Layers,
    /// The form, where it has no room beside the rest.
    Parameters,
    /// The pictures, where they have no room beside the rest.
    Pictures,
}
