//! How everything looks: the theme for the terminal's colours, and the glyphs.

use super::colour::ColourDepth;
use super::glyphs::Glyphs;
use super::picture::PictureMode;
use super::theme::Theme;

/// Themes to choose from and the one in use.
#[derive(Clone, Debug)]
pub struct Style {
    themes: Vec<Theme>,
    current: usize,
    glyphs: &'static Glyphs,
    fallback: Theme,
}

impl Style {
    /// A style for a terminal of this depth, beginning with the theme called `name`.
    pub fn new(
        themes: Vec<Theme>,
        name: &str,
        depth: ColourDepth,
        glyphs: &'static Glyphs,
    ) -> Self {
        let themes: Vec<Theme> = themes.iter().map(|theme| theme.for_depth(depth)).collect();
        let current = themes.iter().position(|theme| theme.name() == name).unwrap_or(0);
        Self { themes, current, glyphs, fallback: Theme::default().for_depth(depth) }
    }

    /// The theme.
    pub fn theme(&self) -> &Theme {
        self.themes.get(self.current).unwrap_or(&self.fallback)
    }

    /// The theme's name.
    pub fn theme_name(&self) -> &str {
        self.theme().name()
    }

    /// Takes the theme of this name, where there is one.
    pub fn select_theme(&mut self, name: &str) {
        let found = self.themes.iter().position(|theme| theme.name() == name);
        self.current = found.unwrap_or(self.current);
    }

    /// Takes the next theme.
    pub fn next_theme(&mut self) {
        self.current = (self.current + 1) % self.themes.len().max(1);
    }

    /// The glyphs.
    pub const fn glyphs(&self) -> &'static Glyphs {
        self.glyphs
    }

    /// How pictures are drawn.
    pub fn picture_mode(&self) -> PictureMode {
        if self.glyphs.check.is_ascii() {
            return PictureMode::Shades;
        }
        match self.theme().depth() {
            ColourDepth::None => PictureMode::Blocks,
            _ => PictureMode::HalfBlocks,
        }
    }
}
