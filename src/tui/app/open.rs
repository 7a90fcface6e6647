//! Files: opened, and completed while they are typed.

use std::path::Path;
use std::sync::Arc;

use tui_input::Input;

use super::{App, Asking, Overlay, Screen, Tone, What};
use crate::bfv::ParamsSpec;
use crate::conv::{AlgorithmKind, Layer};
use crate::job::ModelAsked;
use crate::preset::{Experiment, LayerData, LayerPreset, OWN_NETWORK, SweepFile};
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::form::{DataFiles, Form};
use crate::tui::network::Subject;
use crate::tui::open::{ModelSource, OPENED, Opened};
use crate::tui::paths;

impl App {
    /// Asks for a file to open, or opens the one that is named already.
    pub(super) fn ask_to_open(&mut self) -> Vec<Effect> {
        let start = self.directory_text();
        self.ask(Asking::Open, start)
    }

    /// The directory of the file that was opened or saved last, as it is typed.
    pub(super) fn directory_text(&self) -> String {
        let text = paths::shortened(&self.directory);
        if text.is_empty() || text.ends_with('/') { text } else { format!("{text}/") }
    }

    /// Opens a file by its path as typed.
    pub(super) fn open_path(&mut self, text: &str) -> Vec<Effect> {
        let path = paths::expanded(text);
        if path.as_os_str().is_empty() {
            return Vec::new();
        }
        self.message = None;
        vec![Effect::Open { path, weights: self.weight_shape() }]
    }

    /// Takes in what was in a file.
    pub(super) fn opened(&mut self, path: &Path, result: Result<Opened, String>) -> Vec<Effect> {
        let opened = match result {
            Ok(opened) => opened,
            Err(problem) => {
                self.message = Some((Tone::Bad, format!("not opened: {problem}")));
                return Vec::new();
            }
        };
        self.remember_directory(path);
        let shown = paths::shortened(path);
        let said = |what: String| Some((Tone::Info, format!("opened {shown}: {what}")));
        match opened {
            Opened::Experiment(experiment) => {
                self.message = said(format!("an experiment on {}", experiment.layer.full_name()));
                self.open_experiment(*experiment)
            }
            Opened::Network(network, file) => {
                let count = network.layers.len();
                self.message = said(format!("network {}, {count} layers", network.name));
                self.opened_networks.retain(|other| *other != file);
                self.opened_networks.push(file);
                self.open_network(*network)
            }
            Opened::Params(params) => {
                self.message = said(format!("parameter set {}", params.name));
                self.opened_params.retain(|other| other.name != params.name);
                self.opened_params.push(params.clone());
                self.add_params(params.clone());
                self.leave_for_explore();
                self.change_form(Form { params, ..self.form.clone() })
            }
            Opened::Sweep(sweep) => self.open_sweep(&sweep, &shown),
            Opened::Model(model, file) => {
                self.overlay = None;
                self.serve(ModelSource::Read(model, Some(file)), ModelAsked::default())
            }
            Opened::Labels(file) => {
                self.ask_of_model(|asked| ModelAsked { labels: Some(file), ..asked })
            }
            Opened::Input(file) if self.screen == Screen::Network && self.shows_model() => {
                self.ask_of_model(|asked| ModelAsked { input: Some(file), ..asked })
            }
            Opened::Weights(file) if self.screen == Screen::Network => self.open_for_network(
                |data| data.weights = Some(file),
                &format!("opened {shown}: weights"),
            ),
            Opened::Input(file) if self.screen == Screen::Network => self.open_for_network(
                |data| data.input = Some(file),
                &format!("opened {shown}: the input"),
            ),
            Opened::Weights(file) => {
                self.message = said(format!("weights of {}", self.form.layer.full_name()));
                let data = DataFiles { weights: Some(file), ..self.form.data.clone() };
                self.leave_for_explore();
                self.change_form(Form { data, ..self.form.clone() })
            }
            Opened::Input(file) => {
                self.message = said(format!("the input of {}", self.form.layer.full_name()));
                let data = DataFiles { input: Some(file), ..self.form.data.clone() };
                self.leave_for_explore();
                self.change_form(Form { data, ..self.form.clone() })
            }
        }
    }

    /// The network that is shown takes a file, unless it was run with another.
    fn open_for_network(&mut self, take: impl FnOnce(&mut DataFiles), told: &str) -> Vec<Effect> {
        let has_run = self.networks.rows.iter().any(|row| row.finished.is_some());
        let name = self.networks.chosen().map_or("", Subject::name);
        if self.shows_model() {
            let text = format!("not opened: the weights of {name} are its own");
            self.message = Some((Tone::Bad, text));
            return Vec::new();
        }
        if has_run || self.networks.is_going() {
            let key = self.key_name(Action::NewSweep);
            let text = format!("not opened: {name} was run without it; {key} puts that run away");
            self.message = Some((Tone::Bad, text));
            return Vec::new();
        }
        self.message = Some((Tone::Info, format!("{told} of network {name}")));
        take(&mut self.networks.data);
        Vec::new()
    }

    fn leave_for_explore(&mut self) {
        self.screen = Screen::Explore;
        self.overlay = None;
    }

    pub(super) fn remember_directory(&mut self, path: &Path) {
        let directory = path.parent().map(Path::to_owned);
        self.directory = directory.unwrap_or_default();
    }

    /// The form becomes an experiment; what that leaves out stays.
    pub fn open_experiment(&mut self, experiment: Experiment) -> Vec<Effect> {
        let Experiment { layer, params, policy, algorithm, reduction, threads, seed, pinned } =
            experiment;
        let layer = match layer.network {
            Some(_) => layer,
            None => LayerPreset { network: Some(OWN_NETWORK.into()), ..layer },
        };
        // What comes with a layer of a model is there while that is.
        let own = self.layers.find(&layer.full_name()).and_then(|twin| twin.data.clone());
        let fits = |data: &LayerData| Layer::new(&layer.spec).is_ok_and(|one| data.fits(&one));
        let own = own.filter(|data| layer.data.is_none() && fits(data));
        let layer = LayerPreset { data: layer.data.clone().or(own), ..layer };
        let data =
            if layer == self.form.layer { self.form.data.clone() } else { DataFiles::default() };
        let algorithm = algorithm.map_or(self.form.algorithm, |choice| {
            choice.one().unwrap_or(AlgorithmKind::HadamardFused)
        });
        let form = Form {
            layer,
            params,
            algorithm,
            reduction: reduction.unwrap_or(self.form.reduction),
            pinned,
            threads: threads.unwrap_or(self.form.threads),
            policy,
            link: self.form.link,
            data,
            seed,
        };
        self.leave_for_explore();
        self.keep_layer(&form.layer);
        self.layers.select(&form.layer.full_name());
        self.change_form(form)
    }

    /// The form takes a layer and parameters, each where it is given.
    pub fn choose(
        &mut self,
        layer: Option<LayerPreset>,
        params: Option<ParamsSpec>,
    ) -> Vec<Effect> {
        let layer = layer.unwrap_or_else(|| self.form.layer.clone());
        let params = params.unwrap_or_else(|| self.form.params.clone());
        let mut form = Form { layer, params, ..self.form.clone() };
        form.free_lanes(&self.form);
        if form.layer != self.form.layer {
            form.data = DataFiles::default();
        }
        self.leave_for_explore();
        self.layers.select(&form.layer.full_name());
        self.change_form(form)
    }

    /// The shape of the weights of the form's layer, where that is valid.
    pub fn weight_shape(&self) -> Option<[usize; 4]> {
        Layer::new(&self.form.layer.spec).ok().map(|layer| layer.weight_shape())
    }

    /// A network is among those there are, as it was when it was opened.
    pub fn list_network(&mut self, network: crate::preset::Network) {
        self.layers.replace_network(&network.name, &network.layers);
        if network.graph.is_some() {
            self.networks.list(Subject::Network(Arc::new(network)), &self.layers);
        }
    }

    /// A network's layers are listed, in place of those of the same name, and it is shown.
    pub fn open_network(&mut self, network: crate::preset::Network) -> Vec<Effect> {
        self.layers.replace_network(&network.name, &network.layers);
        self.overlay = None;
        if network.graph.is_some() {
            self.networks.add(Subject::Network(Arc::new(network)), &self.layers);
            return self.show_network();
        }
        self.screen = Screen::Explore;
        match network.layers.into_iter().next() {
            Some(layer) => self.choose(Some(layer), None),
            None => Vec::new(),
        }
    }

    /// Parameters are among those by name, in place of those of the same name.
    pub(super) fn add_params(&mut self, params: ParamsSpec) {
        match self.presets.iter_mut().find(|other| other.name == params.name) {
            Some(other) => *other = params,
            None => self.presets.push(params),
        }
    }

    /// The points of a sweep file; what it leaves out is as in the form.
    fn open_sweep(&mut self, file: &SweepFile, shown: &str) -> Vec<Effect> {
        if self.is_busy() {
            return Vec::new();
        }
        let points = self.points_of(file);
        self.message =
            Some((Tone::Info, format!("opened {shown}: a sweep of {} points", points.len())));
        self.overlay = None;
        self.screen = Screen::Sweep;
        self.sweep.ranges.clear();
        self.sweep.take_points(points, file.repeat.unwrap_or(1));
        self.predict_sweep()
    }

    fn points_of(&self, file: &SweepFile) -> Vec<Form> {
        let form = &self.form;
        let layers = file.layers.clone().unwrap_or_else(|| vec![form.layer.clone()]);
        let params = file.params.clone().unwrap_or_else(|| vec![form.params.clone()]);
        let algorithms = file.algorithms.clone().unwrap_or_else(|| vec![form.algorithm]);
        let reductions = file.reductions.clone().unwrap_or_else(|| vec![form.reduction]);
        let mut points = Vec::new();
        for layer in &layers {
            for params in &params {
                for &algorithm in &algorithms {
                    for &reduction in &reductions {
                        let mut point = Form {
                            layer: layer.clone(),
                            params: params.clone(),
                            algorithm,
                            reduction,
                            threads: file.threads.unwrap_or(form.threads),
                            seed: file.seed.or(form.seed),
                            ..form.clone()
                        };
                        point.free_lanes(form);
                        if point.layer != form.layer {
                            point.data = DataFiles::default();
                        }
                        points.push(point);
                    }
                }
            }
        }
        points
    }

    /// A layer that is in no list is put among the user's own, so that it is found again.
    pub(super) fn keep_layer(&mut self, layer: &LayerPreset) {
        let is_own = layer.network.as_deref().is_none_or(|network| network == OWN_NETWORK);
        if is_own || self.layers.find(&layer.full_name()).is_none() {
            self.layers.add(layer.clone());
        }
    }

    /// The form's layer is listed where it is one of the user's own.
    pub(super) fn keep_own_layer(&mut self) {
        let layer = self.form.layer.clone();
        if layer.network.as_deref() == Some(OWN_NETWORK) {
            self.keep_layer(&layer);
            self.layers.select(&layer.full_name());
        }
    }

    /// Asks for what the typed path may be the start of.
    pub(super) fn complete(asking: Asking, text: &str) -> Vec<Effect> {
        let endings = match asking {
            Asking::Open => OPENED.to_vec(),
            Asking::Value(crate::tui::form::Field::Weights) => paths::WEIGHTS.to_vec(),
            Asking::Value(_) => paths::INPUTS.to_vec(),
            _ => Vec::new(),
        };
        // What is saved is said before its path.
        let path = if asking == Asking::Save { after_what(text) } else { text };
        vec![Effect::Complete { text: path.into(), endings }]
    }

    /// Puts what a path can only be in its place, and says what else it may be.
    pub(super) fn completed(&mut self, text: &str, found: &[String]) {
        let start = paths::common_start(found);
        let longer = Some(start).filter(|start| start.len() > text.len());
        let put = |typed: &str| {
            let before = typed.strip_suffix(text)?;
            Some(longer.as_ref().map(|longer| format!("{before}{longer}")))
        };
        match &mut self.overlay {
            Some(Overlay::Prompt { input, asking }) if asking.is_path() => {
                let Some(longer) = put(input.value()) else { return };
                *input = longer.map_or_else(|| input.clone(), Input::new);
            }
            Some(Overlay::Palette(palette)) => {
                let Some((_, typed)) = palette.argument() else { return };
                let Some(longer) = put(typed) else { return };
                if let Some(longer) = longer {
                    palette.complete(&longer);
                }
            }
            _ => return,
        }
        let names: Vec<&str> = found
            .iter()
            .map(|path| path.trim_end_matches('/').rsplit('/').next().unwrap_or(path))
            .collect();
        self.message = match found {
            [] => Some((Tone::Bad, "nothing starts like this".into())),
            [_] => None,
            _ => Some((Tone::Info, names.join("  "))),
        };
    }
}

/// The path behind the word that says what is saved.
fn after_what(text: &str) -> &str {
    let is_what = |word: &str| What::ALL.iter().any(|what| what.name() == word);
    match text.split_once(' ') {
        Some((word, rest)) if is_what(word) => rest.trim_start(),
        _ => text,
    }
}
