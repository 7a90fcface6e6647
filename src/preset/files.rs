//! Files of presets: those in the binary, and those in a directory of the user, of which some may
//! be broken.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use include_dir::{Dir, include_dir};

use super::Strictness;
use super::error::PresetError;
use super::network::{self, Network};
use super::params::is_toml;
use super::reader::Source;
use crate::bfv::ParamsSpec;
use crate::toml_reader::{Unreadable, read_text};

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/presets");

/// A kind of preset that is known by its name.
pub(super) trait Named {
    /// The directory of its files.
    const DIRECTORY: &str;

    fn name(&self) -> &str;
}

impl Named for Network {
    const DIRECTORY: &str = "networks";

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for ParamsSpec {
    const DIRECTORY: &str = "params";

    fn name(&self) -> &str {
        &self.name
    }
}

/// A file whose preset is left out.
#[derive(Debug)]
pub(super) struct BrokenFile {
    /// What the preset may be called: as the file, and as it says.
    pub(super) names: Vec<String>,
    /// What is wrong with it.
    pub(super) error: PresetError,
}

/// The presets of some files, and the files without any.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) presets: Vec<T>,
    pub(super) broken: Vec<BrokenFile>,
}

/// A file's name, and its text where it can be read.
type File = (String, Result<String, Unreadable>);

/// The presets in the binary.
pub(super) fn embedded<T: Named>(
    parse: impl Fn(Source<'_>, Strictness) -> Result<T, PresetError>,
) -> Found<T> {
    let files = BUILTIN.get_dir(T::DIRECTORY).into_iter().flat_map(Dir::files);
    let text = |file: &include_dir::File<'_>| {
        let text = file.contents_utf8()?.to_owned();
        Some((format!("presets/{}", file.path().display()), Ok(text)))
    };
    read_all(files.filter_map(text), parse)
}

/// The presets in the TOML files of a directory of `directory`, by file name; none where there is
/// no directory.
pub(super) fn on_disk<T: Named>(
    directory: &Path,
    parse: impl Fn(Source<'_>, Strictness) -> Result<T, PresetError>,
) -> Found<T> {
    let directory = directory.join(T::DIRECTORY);
    let paths = std::fs::read_dir(&directory)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = match paths {
        Ok(paths) => paths,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            let error = PresetError::Read(Unreadable { path: directory, source });
            let broken = vec![BrokenFile { names: Vec::new(), error }];
            return Found { presets: Vec::new(), broken };
        }
    };
    paths.retain(|path| is_toml(&path.to_string_lossy()));
    paths.sort();
    read_all(paths.iter().map(|path| (path.display().to_string(), read_text(path))), parse)
}

/// The text of the file of the network called `name`: of `files`, the last first, of the user's, or of
/// those in the binary.
pub fn network_text(name: &str, files: &[PathBuf]) -> Option<String> {
    let is_it = |origin: &str, text: &str| {
        network::parse(Source { origin, text }).is_ok_and(|network| network.name == name)
    };
    let of_file = |path: &PathBuf| {
        read_text(path).ok().filter(|text| is_it(&path.display().to_string(), text))
    };
    let own = etcetera::choose_base_strategy().ok().and_then(|base| {
        let directory = base.config_dir().join("heconv").join(Network::DIRECTORY);
        let entries = std::fs::read_dir(directory).ok()?;
        entries.flatten().map(|entry| entry.path()).find_map(|path| of_file(&path))
    });
    let embedded = || {
        let files = BUILTIN.get_dir(Network::DIRECTORY)?.files();
        let mut texts = files.filter_map(|file| Some((file.path(), file.contents_utf8()?)));
        let (_, text) = texts.find(|(path, text)| is_it(&path.display().to_string(), text))?;
        Some(text.to_owned())
    };
    files.iter().rev().find_map(of_file).or(own).or_else(embedded)
}

/// Reads files that must all define different presets.
fn read_all<T: Named>(
    files: impl Iterator<Item = File>,
    parse: impl Fn(Source<'_>, Strictness) -> Result<T, PresetError>,
) -> Found<T> {
    let (mut found, mut origins) =
        (Found { presets: Vec::<T>::new(), broken: Vec::new() }, Vec::<String>::new());
    for (origin, text) in files {
        let names = names(&origin, text.as_deref().unwrap_or_default());
        let preset = text.map_err(PresetError::from).and_then(|text| {
            let preset = parse(Source { origin: &origin, text: &text }, Strictness::Load)?;
            match found.presets.iter().position(|other| other.name() == preset.name()) {
                Some(twin) => Err(PresetError::DefinedTwice {
                    name: preset.name().into(),
                    first: origins[twin].clone(),
                    second: origin.clone(),
                }),
                None => Ok(preset),
            }
        });
        match preset {
            Ok(preset) => {
                found.presets.push(preset);
                origins.push(origin);
            }
            Err(error) => found.broken.push(BrokenFile { names, error }),
        }
    }
    found
}

/// What the preset of a file would be called: as the file, and as its first `name` says, if any. The
/// text need not be TOML.
fn names(origin: &str, text: &str) -> Vec<String> {
    let stem = Source { origin, text }.stem();
    let head = text.lines().take_while(|line| !line.trim_start().starts_with("[["));
    let said = head.filter_map(|line| {
        let value = line.trim_start().strip_prefix("name")?.trim_start().strip_prefix('=')?;
        value.split(['"', '\'']).nth(1)
    });
    [stem].into_iter().chain(said).map(String::from).collect()
}
