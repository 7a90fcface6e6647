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
    /// What to say of a run, by its place.
    Note(usize),
    /// A part of what runs say.
    RunFilter,
    /// Ranges to sweep over.
    Ranges,
    /// What a model takes.
    Model,
    /// A name for the form.
    Bookmark,
    /// A file to open.
    Open,
    /// What to save, and where.
    Save,
}

impl Asking {
    /// Whether a path is asked for, which can be completed.
    pub const fn is_path(self) -> bool {
        match self {
            Self::Value(field) => matches!(field, Field::Weights | Field::Input),
            Self::Filter
            | Self::RunFilter
            | Self::Note(_)
            | Self::Ranges
            | Self::Model
            | Self::Bookmark => false,
            _ => true,
        }
    }
}

/// The help and how it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelpView {
    /// Rows that it is scrolled down by.
    pub scroll: u16,
    /// Only lines with this are shown.
    pub find: String,
    /// Whether what is typed goes there.
    pub is_typing: bool,
}

/// Something over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys.
    Help(HelpView),
    /// What a figure means, by its place among all.
    Meaning(usize),
    /// The commands.
    Palette(Palette),
    /// The bookmarks, and the one of the cursor.
    Bookmarks(usize),
    /// What to optimise for.
    Optimise(Question),
    /// The decision of the last optimisation, its cursor on some row.
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
    /// Whether to delete a run, by its place.
    Delete(usize),
    /// Whether to leave though something is going on, which is said.
    Leave(&'static str),
    /// An error that must be seen.
    Error(String),
    /// Why something is not permitted, which is no error.
    Refused(String),
    /// The layers, where they have no room beside the rest.
    Layers,
    /// The form, where it has no room beside the rest.
    Parameters,
    /// The pictures, where they have no room beside the rest.
    Pictures,
}
