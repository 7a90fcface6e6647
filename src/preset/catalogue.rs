//! All presets: those in the binary and the user's own.

use std::path::Path;

use etcetera::BaseStrategy;

use crate::bfv::ParamsSpec;
use crate::conv::Layer;
use crate::toml_reader::{origin, read_text};

use super::error::{PresetError, nearest};
use super::files::{self, BrokenFile, Named};
use super::layer::LayerPreset;
use super::network::{self, Network};
use super::params::{self, is_file};
use super::reader::Source;
use super::{Strictness, inline};

/// The network that comes first.
const FIRST: &str = "demo";

/// Networks and parameter sets by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    networks: Vec<Network>,
    params: Vec<ParamsSpec>,
    broken: Vec<Broken>,
}

/// A user's file that could not be taken in.
#[derive(Clone, Debug, PartialEq)]
struct Broken {
    /// The directory of its kind.
    directory: &'static str,
    /// What its preset may be called.
    names: Vec<String>,
    /// What is wrong.
    problem: String,
    /// What is wrong, and what comes of it.
    warning: String,
    /// As `warning`, the file as it is called in the configuration directory.
    notice: String,
}

impl Catalogue {
    /// The presets in the binary alone.
    ///
    /// # Errors
    /// A mistake in one of them, which only a faulty build has.
    pub fn builtin() -> Result<Self, PresetError> {
        let networks = whole(files::embedded(|source, _| network::parse(source)))?;
        let params = whole(files::embedded(params::parse))?;
        let mut catalogue = Self { networks: Vec::new(), params: Vec::new(), broken: Vec::new() };
        catalogue.add(networks, params);
        Ok(catalogue)
    }

    /// The presets in the binary and those in the user's configuration directory
    /// (`heconv/networks/*.toml` and `heconv/params/*.toml`).
    ///
    /// # Errors
    /// As [`Catalogue::builtin`]; mistakes in the user's files are [`Catalogue::warnings`].
    pub fn load() -> Result<Self, PresetError> {
        match etcetera::choose_base_strategy() {
            Ok(strategy) => Self::with_directory(&strategy.config_dir().join("heconv")),
            // Without a home directory there are no user files.
            Err(_) => Self::builtin(),
        }
    }

    /// The presets in the binary and those in `directory`, which need not exist. A preset in
    /// `directory` replaces the one in the binary that has its name. A file with a mistake is left
    /// out: the others do not depend on it.
    ///
    /// # Errors
    /// As [`Catalogue::builtin`]; mistakes in the files of `directory` are
    /// [`Catalogue::warnings`].
    pub fn with_directory(directory: &Path) -> Result<Self, PresetError> {
        let mut catalogue = Self::builtin()?;
        let networks = files::on_disk(directory, |source, _| network::parse(source));
        let params = files::on_disk(directory, params::parse);
        catalogue.note_broken::<Network>(&networks.broken, directory, |all| {
            all.networks.iter().map(|network| network.name.as_str()).collect()
        });
        catalogue.note_broken::<ParamsSpec>(&params.broken, directory, |all| {
            all.params.iter().map(|set| set.name.as_str()).collect()
        });
        catalogue.add(networks.presets, params.presets);
        Ok(catalogue)
    }

    /// What is wrong with the user's files that are left out, a line each.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.broken.iter().map(|file| file.warning.as_str())
    }

    /// As [`Catalogue::warnings`], shorter: files are called as in the configuration directory.
    pub fn notices(&self) -> impl Iterator<Item = &str> {
        self.broken.iter().map(|file| file.notice.as_str())
    }

    /// Keeps what is wrong with files, before any of the user's presets is taken in.
    fn note_broken<T: Named>(
        &mut self,
        files: &[BrokenFile],
        directory: &Path,
        builtin: impl Fn(&Self) -> Vec<&str>,
    ) {
        let prefix = format!("{}/", directory.display());
        let broken = files.iter().map(|BrokenFile { names, error }| {
            let twin = names.iter().find(|name| builtin(self).contains(&name.as_str()));
            let problem = error.to_string();
            let effect = match (error, twin) {
                (PresetError::DefinedTwice { .. }, _) => String::new(),
                (_, Some(twin)) => format!("; the built-in {twin:?} stays as it is"),
                (_, None) => "; it is left out".into(),
            };
            let warning = format!("{problem}{effect}");
            let notice = warning.replace(&prefix, "");
            Broken { directory: T::DIRECTORY, names: names.clone(), problem, warning, notice }
        });
        let broken: Vec<_> = broken.collect();
        self.broken.extend(broken);
    }

    /// What is wrong with the file of a kind of preset that is called `name`, if there is one.
    fn broken<T: Named>(&self, name: &str) -> Option<PresetError> {
        let is_it = |file: &&Broken| {
            file.directory == T::DIRECTORY && file.names.iter().any(|other| other == name)
        };
        let file = self.broken.iter().find(is_it)?;
        Some(PresetError::Broken { name: name.into(), problem: file.problem.clone() })
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

    /// `layer`, of an experiment, with what it takes over from its network, if that is here and has a
    /// layer of its name and with weights of its shape.
    pub fn with_origin(&self, layer: LayerPreset) -> LayerPreset {
        let shape =
            |layer: &LayerPreset| Layer::new(&layer.spec).map(|one| one.weight_shape()).ok();
        let name = layer.full_name();
        let twin =
            self.layers().find(|twin| twin.full_name() == name && shape(twin) == shape(&layer));
        let origin = layer.origin.clone().or_else(|| twin?.origin.clone());
        LayerPreset { origin, ..layer }
    }

    /// The network of this name, or in this file (a path that ends in `.toml`, or `-` for standard
    /// input).
    ///
    /// # Errors
    /// That there is none, or the first mistake in the file.
    pub fn network(&self, text: &str) -> Result<Network, PresetError> {
        if let Some(network) = self.networks.iter().find(|network| network.name == text) {
            return Ok(network.clone());
        }
        if is_file(text) {
            let path = Path::new(text);
            return network::parse(Source { origin: &origin(path), text: &read_text(path)? });
        }
        if let Some(broken) = self.broken::<Network>(text) {
            return Err(broken);
        }
        let nearest = nearest(text, self.networks.iter().map(|network| network.name.as_str()));
        Err(PresetError::UnknownNetwork { name: text.into(), nearest: nearest.map(String::from) })
    }

    /// The error of a layer that is in no network: full names are compared with full names, and
    /// others with names within a network.
    fn unknown_layer(&self, name: &str) -> PresetError {
        let network = name.split_once('/').map(|(network, _)| network);
        if let Some(broken) = network.and_then(|network| self.broken::<Network>(network)) {
            return broken;
        }
        let full = network.is_some();
        let key = |layer: &LayerPreset| {
            if full { layer.full_name() } else { layer.spec.name.clone() }
        };
        let keys: Vec<String> = self.layers().map(key).collect();
        let best = nearest(name, keys.iter().map(String::as_str));
        let layer = self.layers().find(|layer| Some(key(layer).as_str()) == best);
        let nearest = layer.map(LayerPreset::full_name);
        PresetError::UnknownLayer { name: name.into(), nearest }
    }

    /// The parameter set of this name, in this file (a path that ends in `.toml`, or `-` for
    /// standard input), or in this text
    /// (`4096:35,35|36:20`: ring degree, bits of the limbs, of the special prime and of the
    /// plaintext modulus).
    ///
    /// # Errors
    /// That there is none, or the first mistake in the file or text.
    pub fn params_set(&self, text: &str) -> Result<ParamsSpec, PresetError> {
        if let Some(set) = self.params.iter().find(|set| set.name == text) {
            return Ok(set.clone());
        }
        if is_file(text) {
            let path = Path::new(text);
            let source = Source { origin: &origin(path), text: &read_text(path)? };
            return params::parse(source, Strictness::Load);
        }
        if text.contains([':', '|']) {
            return inline::parse(text);
        }
        if let Some(broken) = self.broken::<ParamsSpec>(text) {
            return Err(broken);
        }
        let nearest = nearest(text, self.params.iter().map(|set| set.name.as_str()));
        Err(PresetError::UnknownParams { name: text.into(), nearest: nearest.map(String::from) })
    }
}

/// Presets that are all right.
fn whole<T>(found: files::Found<T>) -> Result<Vec<T>, PresetError> {
    match found.broken.into_iter().next() {
        Some(file) => Err(file.error),
        None => Ok(found.presets),
    }
}
