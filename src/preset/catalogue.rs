//! All presets: those in the binary and the user's own.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use include_dir::{Dir, include_dir};

use crate::bfv::ParamsSpec;
use crate::toml_reader::{Unreadable, read_text};

use super::error::{PresetError, nearest};
use super::layer::LayerPreset;
use super::network::{self, Network};
use super::params::{self, is_toml};
use super::reader::Source;
use super::{Strictness, inline};

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/presets");

/// The network that comes first.
const FIRST: &str = "demo";

/// Networks and parameter sets by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    networks: Vec<Network>,
    params: Vec<ParamsSpec>,
}

impl Catalogue {
    /// The presets in the binary alone.
    ///
    /// # Errors
    /// A mistake in one of them, which only a faulty build has.
    pub fn builtin() -> Result<Self, PresetError> {
        let networks = read_all(&embedded("networks"), |source, _| network::parse(source))?;
        let params = read_all(&embedded("params"), params::parse)?;
        let mut catalogue = Self { networks: Vec::new(), params: Vec::new() };
        catalogue.add(networks, params);
        Ok(catalogue)
    }

    /// The presets in the binary and those in the user's configuration directory
    /// (`heconv/networks/*.toml` and `heconv/params/*.toml`).
    ///
    /// # Errors
    /// The first mistake in a user's file, or that it cannot be read.
    pub fn load() -> Result<Self, PresetError> {
        match etcetera::choose_base_strategy() {
            Ok(strategy) => Self::with_directory(&strategy.config_dir().join("heconv")),
            // Without a home directory there are no user files.
            Err(_) => Self::builtin(),
        }
    }

    /// The presets in the binary and those in `directory`, which need not exist. A preset in
    /// `directory` replaces the one in the binary that has its name.
    ///
    /// # Errors
    /// The first mistake in a file of `directory`, or that it cannot be read.
    pub fn with_directory(directory: &Path) -> Result<Self, PresetError> {
        let mut catalogue = Self::builtin()?;
        let networks =
            read_all(&on_disk(&directory.join("networks"))?, |source, _| network::parse(source))?;
        let params = read_all(&on_disk(&directory.join("params"))?, params::parse)?;
        catalogue.add(networks, params);
        Ok(catalogue)
    }

    /// Takes presets in, in place of those of the same name, and puts all in order.
    fn add(&mut self, networks: Vec<Network>, params: Vec<ParamsSpec>) {
        self.networks.retain(|old| networks.iter().all(|new| new.name != old.name));
        self.networks.extend(networks);
        self.networks.sort_by_cached_key(|network| (network.name != FIRST, network.name.clone()));
        self.params.retain(|old| params.iter().all(|new| new.name != old.name));
        self.params.extend(params);
        self.params.sort_by_cached_key(|set| (set.ring_degree, set.name.clone()));
    }

    /// The networks: the demo, then by name.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.iter()
    }

    /// The layers of all networks, in the order of [`Catalogue::networks`].
    pub fn layers(&self) -> impl Iterator<Item = &LayerPreset> {
        self.networks.iter().flat_map(|network| &network.layers)
    }

    /// The parameter sets, by ring degree and name.
    pub fn params(&self) -> impl Iterator<Item = &ParamsSpec> {
        self.params.iter()
    }

    /// The layer of this full name, or of this name within its network where only one has it.
    ///
    /// # Errors
    /// That there is none, or several.
    pub fn layer(&self, name: &str) -> Result<&LayerPreset, PresetError> {
        let matches = |layer: &&LayerPreset| layer.full_name() == name || layer.spec.name == name;
        let found: Vec<_> = self.layers().filter(matches).collect();
        match found[..] {
            [layer] => Ok(layer),
            [] => Err(self.unknown_layer(name)),
            _ => {
                let candidates = found.iter().map(|layer| layer.full_name()).collect();
                Err(PresetError::AmbiguousLayer { name: name.into(), candidates })
            }
        }
    }

    /// The network of this name, or in this file.
    ///
    /// # Errors
    /// That there is none, or the first mistake in the file.
    pub fn network(&self, text: &str) -> Result<Network, PresetError> {
        if let Some(network) = self.networks.iter().find(|network| network.name == text) {
            return Ok(network.clone());
        }
        if is_toml(text) {
            let source = read_text(Path::new(text))?;
            return network::parse(Source { origin: text, text: &source });
        }
        let nearest = nearest(text, self.networks.iter().map(|network| network.name.as_str()));
        Err(PresetError::UnknownNetwork { name: text.into(), nearest: nearest.map(String::from) })
    }

    /// The error of a layer that is in no network: full names are compared with full names, and
    /// others with names within a network.
    fn unknown_layer(&self, name: &str) -> PresetError {
        let full = name.contains('/');
        let key = |layer: &LayerPreset| {
            if full { layer.full_name() } else { layer.spec.name.clone() }
        };
        let keys: Vec<String> = self.layers().map(key).collect();
        let best = nearest(name, keys.iter().map(String::as_str));
        let layer = self.layers().find(|layer| Some(key(layer).as_str()) == best);
        let nearest = layer.map(LayerPreset::full_name);
        PresetError::UnknownLayer { name: name.into(), nearest }
    }

    /// The parameter set of this name, in this file (a path that ends in `.toml`), or in this text
    /// (`4096:35,35|36:20`: ring degree, bits of the limbs, of the special prime and of the
    /// plaintext modulus).
    ///
    /// # Errors
    /// That there is none, or the first mistake in the file or text.
    pub fn params_set(&self, text: &str) -> Result<ParamsSpec, PresetError> {
        if let Some(set) = self.params.iter().find(|set| set.name == text) {
            return Ok(set.clone());
        }
        if is_toml(text) {
            let source = read_text(Path::new(text))?;
            return params::parse(Source { origin: text, text: &source }, Strictness::Load);
        }
        if text.contains([':', '|']) {
            return inline::parse(text);
        }
        let nearest = nearest(text, self.params.iter().map(|set| set.name.as_str()));
        Err(PresetError::UnknownParams { name: text.into(), nearest: nearest.map(String::from) })
    }
}

/// A file's name and text.
type Text = (String, String);

/// The files of one kind in the binary.
fn embedded(kind: &str) -> Vec<Text> {
    let files = BUILTIN.get_dir(kind).into_iter().flat_map(Dir::files);
    let text = |file: &include_dir::File<'_>| {
        Some((format!("presets/{}", file.path().display()), file.contents_utf8()?.into()))
    };
    files.filter_map(text).collect()
}

/// The TOML files in a directory, by name; none where there is no directory.
fn on_disk(directory: &Path) -> Result<Vec<Text>, PresetError> {
    let error = |source| PresetError::Read(Unreadable { path: directory.to_path_buf(), source });
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(error(source)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths: Vec<PathBuf> = paths.map_err(error)?;
    paths.retain(|path| is_toml(&path.to_string_lossy()));
    paths.sort();
    let text = |path: &PathBuf| Ok((path.display().to_string(), read_text(path)?));
    paths.iter().map(text).collect()
}

/// A preset that is known by a name.
trait Named {
    fn name(&self) -> &str;
}

impl Named for Network {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for ParamsSpec {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Reads files that must all define different presets.
fn read_all<T: Named>(
    files: &[Text],
    parse: impl Fn(Source<'_>, Strictness) -> Result<T, PresetError>,
) -> Result<Vec<T>, PresetError> {
    let mut presets: Vec<T> = Vec::with_capacity(files.len());
    for (origin, text) in files {
        let preset = parse(Source { origin, text }, Strictness::Load)?;
        if let Some(twin) = presets.iter().position(|other| other.name() == preset.name()) {
            let (first, second) = (files[twin].0.clone(), origin.clone());
            return Err(PresetError::DefinedTwice { name: preset.name().into(), first, second });
        }
        presets.push(preset);
    }
    Ok(presets)
}
