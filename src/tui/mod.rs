//! The explorer: a terminal interface.
//!
//! State, update and view are apart: [`App`] changes by events alone and says what is to be done as
//! effects, the view only reads it, and the runtime does the effects.

pub mod action;
mod app;
mod asked;
mod beside;
mod colour;
mod compare;
pub mod config;
mod done;
mod error;
mod event;
mod form;
pub mod glyphs;
mod guard;
mod key;
pub mod keymap;
mod large;
mod layers;
mod meaning;
mod metric;
mod network;
mod open;
mod optimise;
mod palette;
mod paths;
pub mod picture;
mod recording;
mod replay;
mod running;
mod runtime;
mod screenshot;
mod state;
mod style;
pub mod svg;
mod sweep;
mod terminal;
#[cfg(test)]
mod tests;
pub mod theme;
mod view;
mod when;

pub use app::App;
pub use colour::ColourDepth;
pub use error::{Mistake, SettingsError, UnknownTheme};
pub use event::{Effect, Event, ExportError};
pub use guard::stand_guard;
pub use key::{Key, NoKey};
pub use open::{OPENED, Opened, open as open_file};
pub use paths::expanded;
pub use recording::{Recording, RecordingError};
pub use runtime::run;
pub use screenshot::pictures;
pub use state::{Saved, StateFile, read as read_state};
pub use style::Style;
pub use view::landscape_chart;
