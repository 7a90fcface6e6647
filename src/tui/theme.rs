//! Themes: every colour of the program, by what it stands for.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};

use super::colour::ColourDepth;
use super::error::{Field, Mistake, Section, SettingsError, UnknownTheme, read_if_any};
use crate::nearest::nearest;
use crate::toml_reader::{Source, Unreadable};

/// The themes in the binary, the default first.
const BUILTIN: [(&str, &str); 4] = [
    ("dark", include_str!("themes/dark.toml")),
    ("light", include_str!("themes/light.toml")),
    ("high-contrast", include_str!("themes/high-contrast.toml")),
    (MONO, include_str!("themes/mono.toml")),
];

/// The theme without colours.
const MONO: &str = "mono";

/// The modifiers of a style, as keys of a theme.
const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// Makes [`Theme`] of one table of roles.
macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// A style for everything that is shown.
        ///
        /// All but [`Theme::text`] are meant to be laid over it.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Theme {
            name: String,
            depth: ColourDepth,
            $($(#[$doc])* pub $role: Style,)*
        }

        /// The keys of a theme file.
        const KEYS: &[&str] = &["schema", "base", $(stringify!($role),)*];

        impl Theme {
            /// A theme in which all looks the same.
            fn plain(name: &str) -> Self {
                let depth = ColourDepth::True;
                Self { name: name.into(), depth, $($role: Style::new(),)* }
            }

            /// Every role and its style.
            pub fn roles(&self) -> Vec<(&'static str, Style)> {
                vec![$((stringify!($role), self.$role),)*]
            }

            fn roles_mut(&mut self) -> Vec<(&'static str, &mut Style)> {
                vec![$((stringify!($role), &mut self.$role),)*]
            }
        }
    };
}

roles! {
    /// All that is nothing else, and the ground of the whole screen.
    text,
    /// What matters less.
    dim,
    /// Titles of panels.
    title,
    /// Column headings.
    header,
    /// Borders of panels.
    border,
    /// The border of the panel that keys go to.
    border_focused,
    /// The chosen row.
    selected,
    /// A key in a hint.
    key_hint,
    /// All is well.
    good,
    /// It will do.
    warning,
    /// It will not do.
    bad,
    /// What to look at: progress, a value just changed.
    accent,
    /// A bar of something measured.
    bar,
    /// A bar of something predicted.
    bar_predicted,
    /// The line of a chart.
    chart_line,
    /// The run that others are compared to.
    baseline,
    /// Text being typed.
    input,
}

impl Default for Theme {
    fn default() -> Self {
        let (name, text) = BUILTIN[0];
        // The tests read the embedded themes; they hold no mistake that could be met here.
        Self::parse(name, name, text, Self::plain(name)).unwrap_or_else(|_| Self::plain(name))
    }
}

impl Theme {
    /// The names of all themes: those of the binary, then those of the user in
    /// `directory/themes`, which need not exist.
    ///
    /// # Errors
    /// The directory exists and cannot be read.
    pub fn names(directory: &Path) -> Result<Vec<String>, SettingsError> {
        let directory = directory.join("themes");
        let fail = |source| SettingsError::Read(Unreadable { path: directory.clone(), source });
        let mut names = Vec::new();
        match fs::read_dir(&directory) {
            Ok(entries) => {
                for entry in entries {
                    let path = entry.map_err(fail)?.path();
                    if path.extension().is_some_and(|extension| extension == "toml")
                        && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
                    {
                        names.push(stem.into());
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        names.retain(|name: &String| BUILTIN.iter().all(|(builtin, _)| builtin != name));
        names.sort();
        Ok(Self::builtin_names().into_iter().chain(names).collect())
    }

    /// The names of the themes of the binary, the default first.
    pub fn builtin_names() -> Vec<String> {
        BUILTIN.iter().map(|(name, _)| (*name).into()).collect()
    }

    /// The theme of a name: the user's `directory/themes/NAME.toml`, or that of the binary.
    ///
    /// # Errors
    /// There is none, or its file has a mistake or cannot be read.
    pub fn load(name: &str, directory: &Path) -> Result<Self, SettingsError> {
        let names = Self::names(directory)?;
        known(name, names).map_err(SettingsError::Theme)?;
        let path = directory.join("themes").join(format!("{name}.toml"));
        match read_if_any(&path)? {
            Some(text) => Self::parse(&path.display().to_string(), name, &text, Self::default()),
            None => Self::builtin(name),
        }
    }

    /// A theme of the binary.
    fn builtin(name: &str) -> Result<Self, SettingsError> {
        let found = BUILTIN.iter().find(|(builtin, _)| *builtin == name);
        let Some((_, text)) = found else { return Ok(Self::default()) };
        Self::parse(name, name, text, Self::plain(name))
    }

    /// Reads a theme; what it does not say is as in its `base`, or in `base` here.
    fn parse(origin: &str, name: &str, text: &str, base: Self) -> Result<Self, SettingsError> {
        let source = Source { origin, text };
        let document = source.parse()?;
        let root = Section::root(source, &document)?;
        root.only(KEYS)?;
        let mut theme = match root.get("base") {
            Some(field) => {
                let names = Self::builtin_names();
                let base = field.text()?;
                known(base, names).map_err(|unknown| field.error(unknown.into()))?;
                Self::builtin(base)?
            }
            None => base,
        };
        theme.name = name.into();
        for (role, style) in theme.roles_mut() {
            if let Some(field) = root.get(role) {
                *style = read_style(&field)?;
            }
        }
        Ok(theme)
    }

    /// This theme in the colours that a terminal of `depth` can show. Without colours it is the
    /// theme `mono`, which tells by other means all that colours would.
    ///
    /// What is lost does not come back: always start from the theme as loaded.
    pub fn for_depth(&self, depth: ColourDepth) -> Self {
        let mut theme = self.clone();
        if depth == ColourDepth::None
            && let Ok(mono) = Self::builtin(MONO)
        {
            theme = Self { name: theme.name, ..mono };
        }
        theme.depth = depth;
        for (_, style) in theme.roles_mut() {
            *style = depth.style(*style);
        }
        if theme.text.patch(theme.selected) == theme.text {
            theme.selected = theme.selected.add_modifier(Modifier::REVERSED);
        }
        theme
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The colours it is in.
    pub const fn depth(&self) -> ColourDepth {
        self.depth
    }

    /// A colour of a picture, as the terminal can show it; without colours, that of the ground.
    pub fn rgb(&self, r: u8, g: u8, b: u8) -> Color {
        self.depth.nearest(Color::Rgb(r, g, b)).unwrap_or(Color::Reset)
    }
}

/// Whether `name` is one of `all`.
pub(super) fn known(name: &str, all: Vec<String>) -> Result<(), UnknownTheme> {
    if all.iter().any(|one| one == name) {
        return Ok(());
    }
    let nearest = nearest(name, all.iter().map(String::as_str)).unwrap_or_default().into();
    Err(UnknownTheme { name: name.into(), nearest, all })
}

/// Reads `{ fg = "#a0b0c0", bold = true }`.
fn read_style(field: &Field<'_>) -> Result<Style, SettingsError> {
    let table = field.section(
        format!(" in [{}]", field.key()),
        "a table as { fg = \"#a0b0c0\", bold = true }",
    )?;
    let modifiers = MODIFIERS.iter().map(|(key, _)| *key);
    let keys: Vec<_> = ["fg", "bg"].into_iter().chain(modifiers).collect();
    table.only(&keys)?;
    let colour = |key| table.get(key).map(|field| read_colour(&field)).transpose();
    let mut style = Style { fg: colour("fg")?, bg: colour("bg")?, ..Style::new() };
    for (key, modifier) in MODIFIERS {
        if let Some(field) = table.get(key)
            && field.boolean()?
        {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

fn read_colour(field: &Field<'_>) -> Result<Color, SettingsError> {
    let value = field.text()?;
    value.parse().map_err(|_| {
        let (key, value) = (field.key(), value.into());
        field.error(Mistake::NoColour { key, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTHS: [ColourDepth; 4] =
        [ColourDepth::None, ColourDepth::Ansi16, ColourDepth::Ansi256, ColourDepth::True];

    fn builtin() -> impl Iterator<Item = Theme> {
        BUILTIN.iter().map(|(name, _)| Theme::builtin(name).expect("an embedded theme"))
    }

    fn user(text: &str) -> Result<Theme, String> {
        Theme::parse("mine.toml", "mine", text, Theme::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_embedded_theme_is_complete() {
        for ((name, text), theme) in BUILTIN.iter().zip(builtin()) {
            assert_eq!(theme.name(), *name);
            let document = Source { origin: name, text }.parse().expect("TOML");
            assert_eq!(document.len(), KEYS.len() - 1, "{name}: all but base");
        }
        assert_eq!(builtin().next(), Some(Theme::default()));
        assert_ne!(Theme::default(), Theme::plain("dark"));
    }

    #[test]
    fn without_colours_none_is_used_by_any_theme() {
        for theme in builtin() {
            let theme = theme.for_depth(ColourDepth::None);
            for (role, style) in theme.roles() {
                assert_eq!((style.fg, style.bg), (None, None), "{} {role}", theme.name());
            }
            assert_eq!(theme.rgb(1, 2, 3), Color::Reset);
        }
    }

    #[test]
    fn what_must_be_told_apart_differs_at_every_depth() {
        for theme in builtin() {
            for depth in DEPTHS {
                let theme = theme.for_depth(depth);
                let label = format!("{} at {depth:?}", theme.name());
                let seen = |style| theme.text.patch(style);
                let groups = [
                    &[Style::new(), theme.selected, theme.input][..],
                    &[theme.border, theme.border_focused],
                    &[Style::new(), theme.good, theme.warning, theme.bad],
                    &[Style::new(), theme.key_hint],
                    &[theme.bar, theme.bar_predicted],
                    &[Style::new(), theme.baseline],
                ];
                for group in groups {
                    for (i, one) in group.iter().enumerate() {
                        for other in &group[..i] {
                            assert_ne!(seen(*one), seen(*other), "{label}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn text_can_be_read_on_its_ground_at_every_depth() {
        for theme in builtin() {
            for depth in DEPTHS {
                let theme = theme.for_depth(depth);
                for (role, style) in theme.roles() {
                    let seen = theme.text.patch(style);
                    let same = seen.fg.is_some() && seen.fg == seen.bg;
                    assert!(!same, "{role} of {} at {depth:?}: {seen:?}", theme.name());
                }
            }
        }
    }

    #[test]
    fn pictures_get_the_nearest_colour() {
        let theme = Theme::default();
        assert_eq!(theme.rgb(255, 0, 0), Color::Rgb(255, 0, 0));
        assert_eq!(theme.for_depth(ColourDepth::Ansi256).rgb(255, 0, 0), Color::Indexed(196));
        assert_eq!(theme.for_depth(ColourDepth::Ansi16).rgb(255, 0, 0), Color::LightRed);
    }

    #[test]
    fn a_users_theme_is_a_patch_over_its_base() {
        let theme = user("schema = 1\ngood = { fg = \"light-blue\", bold = true, dim = false }");
        let theme = theme.expect("valid");
        let expected = Style::new().fg(Color::LightBlue).add_modifier(Modifier::BOLD);
        assert_eq!(theme.good, expected);
        assert_eq!(theme.bad, Theme::default().bad);
        let theme = user("schema = 1\nbase = \"light\"\n[title]\nbg = \"#010203\"").expect("valid");
        assert_eq!(theme.name(), "mine");
        assert_eq!(theme.title, Style::new().bg(Color::Rgb(1, 2, 3)));
        assert_eq!(theme.text, Theme::builtin("light").expect("light").text);
    }

    #[test]
    fn the_choice_is_seen_in_any_theme() {
        let theme = user("schema = 1\ntext = {}\nselected = {}").expect("valid");
        for depth in DEPTHS {
            let theme = theme.for_depth(depth);
            assert!(theme.selected.add_modifier.contains(Modifier::REVERSED), "{depth:?}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let told = |text: &str| user(text).expect_err("a mistake");
        let cases = [
            ("good = {}", "mine.toml:1: missing key `schema`; add `schema = 1` as the first line"),
            ("schema = 2", "mine.toml:1: schema = 2 is not known; this version reads schema = 1"),
            (
                "schema = 1\ngud = {}",
                "mine.toml:2: unknown key `gud`; the nearest valid key is `good`",
            ),
            (
                "schema = 1\n[good]\nfgg = \"red\"",
                "mine.toml:3: unknown key `fgg` in [good]; the nearest valid key is `fg`",
            ),
            (
                "schema = 1\ngood = { fg = \"blurple\" }",
                "mine.toml:2: `fg` = \"blurple\" is no colour; write \"#rrggbb\", a name as red \
                 or light-blue, or a number to 255",
            ),
            (
                "schema = 1\ngood = { bold = 1 }",
                "mine.toml:2: `bold` must be true or false, not an integer",
            ),
            (
                "schema = 1\ngood = \"red\"",
                "mine.toml:2: `good` must be a table as { fg = \"#a0b0c0\", bold = true }, not a \
                 string",
            ),
            (
                "schema = 1\nbase = \"drak\"",
                "mine.toml:2: no theme \"drak\"; the nearest is \"dark\" (all: dark, light, \
                 high-contrast, mono)",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected);
        }
        assert!(told("schema = 1\ngood = {").starts_with("mine.toml:2: "));
    }

    #[test]
    fn the_users_themes_come_after_the_others_and_may_replace_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        assert_eq!(Theme::names(path).expect("names").len(), BUILTIN.len());
        fs::create_dir(path.join("themes")).expect("a directory");
        for (name, text) in [
            ("sea.toml", "schema = 1\ngood = { fg = \"cyan\" }"),
            ("mono.toml", "schema = 1\ngood = { bold = true }"),
            ("note.txt", "no theme"),
        ] {
            fs::write(path.join("themes").join(name), text).expect("a file");
        }
        let names = Theme::names(path).expect("names");
        assert_eq!(names, ["dark", "light", "high-contrast", "mono", "sea"]);
        let cyan = Style::new().fg(Color::Cyan);
        assert_eq!(Theme::load("sea", path).expect("valid").good, cyan);
        let bold = Style::new().add_modifier(Modifier::BOLD);
        assert_eq!(Theme::load("mono", path).expect("valid").good, bold);
        assert_eq!(
            Theme::load("light", path).expect("valid"),
            Theme::builtin("light").expect("it")
        );
        let error = Theme::load("se", path).expect_err("unknown").to_string();
        assert!(error.starts_with("no theme \"se\"; the nearest is \"sea\" (all: dark"), "{error}");
        let error = Theme::load("../sea", path).expect_err("unknown").to_string();
        assert!(error.starts_with("no theme \"../sea\""), "{error}");
    }
}
