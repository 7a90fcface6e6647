//! Saving: what, where, and in which form.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exports::file_stem;
use super::{App, Asking, Screen, Tone};
use crate::preset::{
    ExportFormat, LayerPreset, OWN_NETWORK, layers_toml, params_toml, sweep_toml,
    unknown_export_ending,
};
use crate::report::{TableFormat, unknown_table_ending};
use crate::tensor::OutputFormat;
use crate::tui::beside::Beside;
use crate::tui::event::Effect;
use crate::tui::form::{DataFiles, Form};
use crate::tui::network::Subject;
use crate::tui::paths;

/// Makes [`What`] of one table.
macro_rules! whats {
    ($($(#[doc = $about:literal])* $what:ident = $name:literal,)*) => {
        /// What can be saved.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum What {
            $($(#[doc = $about])* $what,)*
        }

        impl What {
            /// Everything that can be saved.
            pub const ALL: &[Self] = &[$(Self::$what,)*];

            /// The word before the path.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$what => $name,)* }
            }
        }
    };
}

whats! {
    /// The form, with the figures of its run.
    Experiment = "experiment",
    /// The form's parameter set.
    Params = "params",
    /// The network that is shown, or the layers of the user's own.
    Network = "network",
    /// The points of the sweep, to be run elsewhere.
    Sweep = "sweep",
    /// The runs of Compare.
    Runs = "runs",
    /// The points of the sweep, with their figures.
    Points = "points",
    /// The weights that the form's run takes.
    Weights = "weights",
    /// The input of the run shown.
    Input = "input",
    /// The decrypted output of the run shown.
    Output = "output",
}

impl What {
    /// The endings of its files.
    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Experiment => &[".toml", ".seal.cpp", ".openfhe.cpp", ".lattigo.go"],
            Self::Params | Self::Network | Self::Sweep => &[".toml"],
            Self::Runs | Self::Points => &[".csv", ".md", ".tex", ".jsonl"],
            Self::Weights => &[".npy"],
            Self::Input | Self::Output => &[".png", ".npy"],
        }
    }

    /// What an ending asks for on a screen, where what is not said.
    fn of(path: &Path, screen: Screen) -> Option<Self> {
        let usual = match screen {
            Screen::Explore => [Self::Experiment, Self::Output, Self::Runs],
            Screen::Compare => [Self::Runs, Self::Experiment, Self::Output],
            Screen::Sweep => [Self::Points, Self::Sweep, Self::Output],
            Screen::Network => [Self::Network, Self::Output, Self::Runs],
        };
        usual.into_iter().find(|what| paths::ends_in_any(path, what.endings()))
    }

    /// What a text says: a word and a path, or a path alone.
    ///
    /// # Errors
    /// What would be right.
    fn parse(text: &str, screen: Screen) -> Result<(Self, PathBuf), String> {
        let text = text.trim();
        let said = text.split_once(' ').and_then(|(word, rest)| {
            let what = Self::ALL.iter().find(|what| what.name() == word)?;
            Some((*what, paths::expanded(rest)))
        });
        let (what, path) = match said {
            Some((what, path)) => (Some(what), path),
            None => (Self::of(&paths::expanded(text), screen), paths::expanded(text)),
        };
        match what {
            Some(what) if paths::ends_in_any(&path, what.endings()) => Ok((what, path)),
            Some(what) => Err(format!(
                "{}: a file of {} ends in {}",
                paths::shortened(&path),
                what.name(),
                what.endings().join(", ")
            )),
            None => {
                let names: Vec<&str> = Self::ALL.iter().map(|what| what.name()).collect();
                let first = text.split_whitespace().next().unwrap_or_default();
                let nearest = crate::nearest::nearest(first, names.iter().copied());
                Err(format!(
                    "{text:?} does not say what to save; write it before the path, like {} mine.toml: \
                     {}",
                    nearest.unwrap_or("experiment"),
                    names.join(", ")
                ))
            }
        }
    }
}

impl App {
    /// Asks for where to save what the screen shows.
    pub(super) fn ask_to_save(&mut self) -> Vec<Effect> {
        let (what, name) = match self.screen {
            Screen::Explore => (What::Experiment, format!("{}.toml", file_stem(&self.form.layer))),
            Screen::Compare => (What::Runs, "runs.csv".to_owned()),
            Screen::Sweep => (What::Points, "points.csv".to_owned()),
            Screen::Network => {
                let name = self.networks.chosen().map_or("network", Subject::name);
                (What::Network, format!("{name}.toml"))
            }
        };
        let text = format!("{} {}{name}", what.name(), self.directory_text());
        self.ask(Asking::Save, text)
    }

    /// Saves what a text says, where it says. Where it says nothing that can be saved, it is asked for
    /// again.
    pub(super) fn save_text(&mut self, text: &str) -> Vec<Effect> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        match What::parse(text, self.screen) {
            Ok((what, path)) => {
                self.saving = what;
                self.save_to(path, false)
            }
            Err(problem) => {
                let effects = self.ask(Asking::Save, text.into());
                self.message = Some((Tone::Bad, problem));
                effects
            }
        }
    }

    /// Saves what was asked for last.
    pub(super) fn save_to(&mut self, path: PathBuf, overwrite: bool) -> Vec<Effect> {
        self.message = None;
        match self.saved_as(&path, overwrite) {
            Ok(effect) => vec![effect],
            Err(problem) => {
                self.message = Some((Tone::Bad, format!("not saved: {problem}")));
                Vec::new()
            }
        }
    }

    fn saved_as(&self, path: &Path, overwrite: bool) -> Result<Effect, String> {
        let text = match self.saving {
            What::Experiment => {
                let format = ExportFormat::of(path).ok_or_else(unknown_export_ending)?;
                self.experiment_text(format)?
            }
            What::Params => params_toml(&self.form.params),
            What::Network => return self.network_file(path, overwrite),
            What::Sweep => self.sweep_text()?,
            What::Runs | What::Points => {
                let format = TableFormat::of(path).ok_or_else(unknown_table_ending)?;
                self.table_text(format, self.saving == What::Points)?
            }
            What::Weights => {
                let spec = Box::new(self.form.spec(self.max_memory));
                return Ok(Effect::SaveWeights { path: path.into(), spec, overwrite });
            }
            What::Input | What::Output => return self.tensor_file(path, overwrite),
        };
        let is_whole =
            self.saving == What::Experiment && ExportFormat::of(path) == Some(ExportFormat::Toml);
        // Files of the user's choice are where they are.
        let is_own = self.form.data == DataFiles::default();
        let beside = Beside::of(&self.form.layer).filter(|_| is_whole && is_own);
        let told = beside.as_ref().map(|_| Beside::told(path)).unwrap_or_default();
        Ok(Effect::Export { path: path.into(), text: told + &text, beside, overwrite })
    }

    /// The input or output of the run shown.
    fn tensor_file(&self, path: &Path, overwrite: bool) -> Result<Effect, String> {
        let format = OutputFormat::of(path).ok_or("it must end in .png or .npy")?;
        let tensors = self.shown().and_then(|run| run.tensors.as_ref());
        let values = match (self.saving, tensors) {
            (What::Output, Some(tensors)) => Arc::clone(&tensors.output),
            (_, Some(tensors)) => Arc::clone(&tensors.input),
            (What::Input, None) if let Some(input) = &self.input => Arc::clone(input),
            _ => {
                let key = self.key_name(crate::tui::action::Action::Run);
                return Err(format!(
                    "the run's values are not at hand; {key} in Explore runs the form, then they are"
                ));
            }
        };
        Ok(Effect::SaveValues { path: path.into(), format, values, overwrite })
    }

    /// The network shown on its screen; elsewhere the layers of the user's own.
    fn network_file(&self, path: &Path, overwrite: bool) -> Result<Effect, String> {
        let path = path.to_owned();
        if self.screen == Screen::Network {
            let chosen = self.networks.chosen().ok_or("there is no network that runs")?;
            let name = chosen.name().to_owned();
            if chosen.model().is_some() {
                let key = self.key_name(crate::tui::action::Action::Export);
                return Err(format!(
                    "{name} is a model, no file of layers; {key} writes each layer"
                ));
            }
            let files = self.opened_networks.clone();
            return Ok(Effect::SaveNetwork { path, name, files, overwrite });
        }
        let mut own: Vec<&LayerPreset> =
            self.layers.all().iter().filter(|layer| is_own(layer)).collect();
        if is_own(&self.form.layer) && !own.iter().any(|layer| **layer == self.form.layer) {
            own.retain(|layer| layer.spec.name != self.form.layer.spec.name);
            own.push(&self.form.layer);
        }
        if own.is_empty() {
            return Err("there are no layers of your own; the Network screen saves others".into());
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = layers_toml(&stem, &own);
        Ok(Effect::Export { path, text, beside: None, overwrite })
    }

    fn sweep_text(&self) -> Result<String, String> {
        let points: Vec<&Form> = self.sweep.rows().iter().map(|row| &row.form).collect();
        let Some(first) = points.first() else {
            return Err("there are no points; the Sweep screen sets them up".into());
        };
        if let Some(point) = points.iter().find(|point| is_own(&point.layer)) {
            return Err(format!(
                "a sweep file names layers of networks, and {} is in none; save network FILE.toml in \
                 Explore, and put the file into the networks of the configuration directory",
                point.layer.full_name()
            ));
        }
        if let Some(point) = points.iter().find(|point| point.layer.data.is_some()) {
            let key = self.key_name(crate::tui::action::Action::Export);
            return Err(format!(
                "a sweep file names layers of presets, and {} is a model's; {key} in Explore exports it",
                point.layer.full_name()
            ));
        }
        let axes = (
            distinct(points.iter().map(|point| point.layer.full_name())),
            distinct(points.iter().map(|point| point.params.clone())),
            distinct(points.iter().map(|point| point.algorithm)),
            distinct(points.iter().map(|point| point.reduction)),
        );
        let known = |name: &str| self.presets.iter().find(|set| set.name == name);
        let (layers, params, algorithms, reductions) = axes;
        let params: Vec<String> = params
            .iter()
            .map(|set| if known(&set.name) == Some(set) { set.name.clone() } else { set.inline() })
            .collect();
        let repeat = self.sweep.repeat();
        Ok(sweep_toml(
            &layers,
            &params,
            &algorithms,
            &reductions,
            first.threads,
            first.seed,
            repeat,
        ))
    }
}

fn is_own(layer: &LayerPreset) -> bool {
    layer.network.as_deref().is_none_or(|network| network == OWN_NETWORK)
}

/// Each once, in order.
fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_said_or_follows_from_screen_and_ending() {
        let parse = |text: &str, screen| What::parse(text, screen).map(|(what, _)| what);
        assert_eq!(parse("weights a.npy", Screen::Explore), Ok(What::Weights));
        assert_eq!(parse("a.toml", Screen::Explore), Ok(What::Experiment));
        assert_eq!(parse("a.toml", Screen::Sweep), Ok(What::Sweep));
        assert_eq!(parse("my file.csv", Screen::Sweep), Ok(What::Points));
        assert_eq!(parse("a.png", Screen::Compare), Ok(What::Output));
        let error = parse("weights a.toml", Screen::Explore).expect_err("no array");
        assert_eq!(error, "a.toml: a file of weights ends in .npy");
        let error = parse("wieghts a.xyz", Screen::Explore).expect_err("no such thing");
        assert!(error.contains("like weights mine.toml"), "{error}");
    }
}
