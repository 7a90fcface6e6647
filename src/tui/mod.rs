//! The explorer: a terminal interface.
//!
//! State, update and view are apart: [`App`] changes by events alone and says what is to be done as
//! effects, the view only reads it, and the runtime does the effects.

pub mod picture;
pub mod svg;
