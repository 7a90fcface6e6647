//! The explorer: a terminal interface.
//!
//! State, update and view are apart: [`App`] changes by events alone and says what is to be done as
//! effects, the view only reads it, and the runtime does the effects.

pub mod action;
mod colour;
pub mod config;
mod error;
pub mod glyphs;
mod key;
pub mod keymap;
mod reader;
pub mod theme;

pub use colour::ColourDepth;
pub use error::{Mistake, SettingsError, UnknownTheme};
pub use key::{Key, NoKey};
