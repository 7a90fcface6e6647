//! The explorer: a terminal interface.
//!
//! State, update and view are apart: [`App`] changes by events alone and says what is to be done as
//! effects, the view only reads it, and the runtime does the effects.

pub mod action;
mod app;
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
mod layers;
mod metric;
mod network;
mod optimise;
mod palette;
pub mod picture;
mod recording;
mod replay;
mod running;
mod runtime;
mod screenshot;
mod style;
pub mod svg;
mod sweep;
mod terminal;
#[cfg(test)]
mod tests;
pub mod theme;
mod view;

pub use app::App;
pub use colour::ColourDepth;
pub use error::{Mistake, SettingsError, UnknownTheme};
pub use event::{Effect, Event, ExportError};
pub use guard::stand_guard;
pub use key::{Key, NoKey};
pub use recording::{Recording, RecordingError};
pub use runtime::run;
pub use screenshot::pictures;
pub use style::Style;
pub use view::landscape_chart;
