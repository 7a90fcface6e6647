//! The user's settings: `config.toml` in the configuration directory.

use std::path::Path;

use super::error::{Section, SettingsError, read_if_any};
use super::keymap::Keymap;
use super::theme::{Theme, known};
use crate::toml_reader::Source;

/// How the user wants the interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which key does what.
    pub keymap: Keymap,
    /// The name of the theme.
    pub theme: String,
    /// Whether to draw with ASCII alone; by the environment where not said.
    pub ascii: Option<bool>,
    /// Whether the mouse does something; the terminal selects text with it otherwise.
    pub mouse: bool,
}

impl Default for Config {
    fn default() -> Self {
        let theme = Theme::default().name().into();
        Self { keymap: Keymap::default(), theme, ascii: None, mouse: false }
    }
}

impl Config {
    /// The settings in `directory/config.toml`, or the default where there is no such file.
    ///
    /// # Errors
    /// The first mistake in the file, or that it cannot be read.
    pub fn load(directory: &Path) -> Result<Self, SettingsError> {
        let path = directory.join("config.toml");
        match read_if_any(&path)? {
            Some(text) => {
                let source = Source { origin: &path.display().to_string(), text: &text };
                Self::parse(source, directory)
            }
            None => Ok(Self::default()),
        }
    }

    fn parse(source: Source<'_>, directory: &Path) -> Result<Self, SettingsError> {
        let document = source.parse()?;
        let root = Section::root(source, &document)?;
        root.only(&["schema", "theme", "ascii", "mouse", "keys"])?;
        let mut config = Self::default();
        if let Some(field) = root.get("theme") {
            config.theme = field.text()?.into();
            let names = Theme::names(directory)?;
            known(&config.theme, names).map_err(|unknown| field.error(unknown.into()))?;
        }
        if let Some(field) = root.get("ascii") {
            config.ascii = Some(field.boolean()?);
        }
        if let Some(field) = root.get("mouse") {
            config.mouse = field.boolean()?;
        }
        if let Some(field) = root.get("keys") {
            config.keymap = config.keymap.with_overrides(&field)?;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::action::Action;
    use super::super::keymap::Context;
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("config.toml"), text).expect("a file");
        Config::load(directory.path()).map_err(|error| {
            let prefix = format!("{}/", directory.path().display());
            error.to_string().replace(&prefix, "")
        })
    }

    #[test]
    fn without_a_file_all_is_as_by_default() {
        let directory = tempfile::tempdir().expect("a directory");
        let config = Config::load(&directory.path().join("absent")).expect("the default");
        assert_eq!(config, Config::default());
        assert_eq!(load("schema = 1"), Ok(Config::default()));
        assert_eq!((config.theme.as_str(), config.ascii), ("dark", None));
    }

    #[test]
    fn a_file_says_what_differs() {
        let config = load("schema = 1\ntheme = \"light\"\nascii = true\n[keys]\nquit = \"Ctrl-Q\"")
            .expect("valid");
        assert_eq!((config.theme.as_str(), config.ascii), ("light", Some(true)));
        assert!(!config.mouse && load("schema = 1\nmouse = true").is_ok_and(|config| config.mouse));
        let key = "Ctrl-Q".parse().expect("a key");
        assert_eq!(config.keymap.keys_for(Context::Explore, Action::Quit), [key]);
    }

    #[test]
    fn every_mistake_is_one_line_with_file_and_line() {
        let cases = [
            ("", "config.toml:1: missing key `schema`; add `schema = 1` as the first line"),
            ("schema = \"1\"", "config.toml:1: `schema` must be an integer, not a string"),
            ("schema = 3", "config.toml:1: schema = 3 is not known; this version reads schema = 1"),
            (
                "schema = 1\n\ntehme = \"dark\"",
                "config.toml:3: unknown key `tehme`; the nearest valid key is `theme`",
            ),
            (
                "schema = 1\nascii = \"yes\"",
                "config.toml:2: `ascii` must be true or false, not a string",
            ),
            (
                "schema = 1\nascii = 0",
                "config.toml:2: `ascii` must be true or false, not an integer",
            ),
            ("schema = 1\ntheme = 1", "config.toml:2: `theme` must be a string, not an integer"),
            (
                "schema = 1\ntheme = \"ligth\"",
                "config.toml:2: no theme \"ligth\"; the nearest is \"light\" (all: dark, light, \
                 high-contrast, mono)",
            ),
            (
                "schema = 1\n[keys]\nquitt = \"q\"",
                "config.toml:3: unknown key `quitt` in [keys]; the nearest valid key is `quit`",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(load(text), Err(expected.into()), "{text}");
        }
        let error = load("schema = 1\ntheme = ").expect_err("no TOML");
        assert!(error.starts_with("config.toml:2: ") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir(directory.path().join("config.toml")).expect("a directory");
        let error = Config::load(directory.path()).expect_err("a directory is no file").to_string();
        assert!(error.starts_with("cannot read ") && !error.contains('\n'), "{error}");
    }
}
