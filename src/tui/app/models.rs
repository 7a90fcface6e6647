//! Models: opened, served, and asked about another input.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{App, Asking, Screen, Tone};
use crate::job::{ModelAsked, OpenedModel};
use crate::report::counted;
use crate::tui::asked;
use crate::tui::event::Effect;
use crate::tui::form::Form;
use crate::tui::layers::LayerList;
use crate::tui::network::Subject;
use crate::tui::open::{ModelSource, Served};
use crate::tui::state::SavedModel;

impl App {
    /// The model that the Network screen shows.
    fn shown_model(&self) -> Option<&Arc<OpenedModel>> {
        self.networks.chosen().and_then(Subject::model)
    }

    /// Whether the Network screen shows a model.
    pub(super) fn shows_model(&self) -> bool {
        self.shown_model().is_some()
    }

    /// Finds out the layers of a model, which may take a moment, to show it then.
    pub(super) fn serve(&mut self, source: ModelSource, asked: ModelAsked) -> Vec<Effect> {
        if self.networks.is_going() {
            self.is_busy();
            return Vec::new();
        }
        self.message =
            Some((Tone::Info, "the model in floats, and its layers over integers ...".into()));
        self.serving += 1;
        vec![Effect::Serve { source, asked, number: Some(self.serving) }]
    }

    /// Says something else of the model that is shown, such as another input.
    pub(super) fn ask_of_model(
        &mut self,
        change: impl FnOnce(ModelAsked) -> ModelAsked,
    ) -> Vec<Effect> {
        let Some(model) = self.shown_model() else {
            let key = self.key_name(crate::tui::action::Action::Network);
            let text = format!("not opened: names of classes are a model's; {key} shows networks");
            self.message = Some((Tone::Bad, text));
            return Vec::new();
        };
        let asked = change(model.asked().clone());
        let source = ModelSource::Read(model.model(), model.file().map(Into::into));
        self.serve(source, asked)
    }

    /// Asks for all that can be said of the model that is shown.
    pub(super) fn ask_about_model(&mut self) -> Vec<Effect> {
        let Some(model) = self.shown_model() else {
            let text = "there is nothing to set: this is no model, but a network of presets";
            self.message = Some((Tone::Info, text.into()));
            return Vec::new();
        };
        let text = asked::text(model.asked());
        self.ask(Asking::Model, text)
    }

    /// Takes what was said of the model that is shown. Where that is wrong, it is asked for again.
    pub(super) fn said_of_model(&mut self, text: &str) -> Vec<Effect> {
        match asked::parse(text) {
            Ok(asked) => self.ask_of_model(|_| asked),
            Err(problem) => {
                let effects = self.ask(Asking::Model, text.into());
                self.message = Some((Tone::Bad, problem));
                effects
            }
        }
    }

    /// Takes in a model with its layers.
    pub(super) fn served(&mut self, served: Served) -> Vec<Effect> {
        let Served { file, result, number } = served;
        let quiet = number.is_none();
        self.models_to_come.retain(|saved| !quiet || saved.file != file);
        if !quiet && number != Some(self.serving) {
            // Something else was said meanwhile.
            return Vec::new();
        }
        let model = match result {
            Ok(model) => model,
            Err(problem) => {
                self.message = Some((Tone::Bad, format!("not opened: {problem}")));
                return Vec::new();
            }
        };
        let (name, is_going) = (model.name().to_owned(), self.networks.is_going());
        if is_going && self.networks.chosen().is_some_and(|chosen| chosen.name() == name) {
            self.message = Some((Tone::Bad, format!("not opened: {name} is being run")));
            return Vec::new();
        }
        let told = format!(
            "opened {name}: {}, on {}",
            counted(model.layers().len(), "layer"),
            model.input_name()
        );
        let before = self.layers.clone();
        self.layers.replace_network(&name, model.layers());
        self.networks.list(Subject::Model(model), &self.layers);
        let mut effects = self.adopt_data(&before);
        if self.form.layer.network.as_deref() == Some(name.as_str()) {
            self.layers.select(&self.form.layer.full_name());
        }
        if !quiet {
            self.message = Some((Tone::Info, told));
        }
        let is_wanted = !quiet || self.awaited == name;
        // What runs stays on the screen.
        if is_wanted && !is_going {
            self.awaited.clear();
            self.networks.select(&name);
            if !quiet {
                self.overlay = None;
                effects.extend(self.show_network());
            } else if self.screen == Screen::Network {
                effects.extend(self.plan_network(true));
            }
        }
        effects
    }

    /// Forms of layers that are listed follow them: those of an earlier start have no data until the model
    /// is there, and what else is said of it changes its layers, of which those `before` were listed.
    fn adopt_data(&mut self, before: &LayerList) -> Vec<Effect> {
        let layers = &self.layers;
        let adopt = |form: &mut Form| {
            let name = form.layer.full_name();
            let Some(twin) = layers.find(&name).filter(|twin| twin.data.is_some()) else { return };
            if before.find(&name) == Some(&form.layer) {
                form.layer = twin.clone();
            } else {
                form.layer.data.clone_from(&twin.data);
            }
        };
        self.undo.iter_mut().for_each(adopt);
        self.bookmarks.iter_mut().for_each(|(_, form)| adopt(form));
        // What was run stays what it was.
        self.compare.forms_mut().filter(|form| form.layer.data.is_none()).for_each(adopt);
        self.sweep.forms_mut().filter(|form| form.layer.data.is_none()).for_each(adopt);
        let before = self.form.clone();
        adopt(&mut self.form);
        if self.form == before { Vec::new() } else { self.form_changed() }
    }

    /// The models that were opened, and what was said of the built-in one.
    pub(super) fn saved_models(&self) -> Vec<SavedModel> {
        let saved = |model: &Arc<OpenedModel>| SavedModel {
            file: model.file().map(Into::into),
            asked: model.asked().clone(),
        };
        let is_said = |saved: &SavedModel| *saved != SavedModel::default();
        let there = self.networks.models().map(saved).filter(is_said);
        there.chain(self.models_to_come.iter().cloned()).collect()
    }

    /// The name of the network that is shown, or that will be once it is there.
    pub(super) fn shown_network(&self) -> String {
        let chosen = self.networks.chosen().map_or_else(String::new, |one| one.name().into());
        let is_to_come = self.models_to_come.iter().any(|saved| {
            let name = saved.file.as_deref().and_then(Path::file_name);
            name.is_some_and(|name| name.to_string_lossy() == self.awaited)
        });
        if is_to_come { self.awaited.clone() } else { chosen }
    }

    /// Serves the models of an earlier start, and the one that was shown then again once it is there.
    pub(super) fn restore_models(&mut self, models: Vec<SavedModel>, shown: String) -> Vec<Effect> {
        self.awaited = shown;
        self.models_to_come.clone_from(&models);
        let builtin = self.networks.models().find(|model| model.file().is_none());
        let builtin = builtin.map(|model| model.model());
        let source = |file: Option<PathBuf>| match file {
            Some(file) => Some(ModelSource::File(file)),
            None => Some(ModelSource::Read(builtin.clone()?, None)),
        };
        let effect = |SavedModel { file, asked }: SavedModel| {
            Some(Effect::Serve { source: source(file)?, asked, number: None })
        };
        models.into_iter().filter_map(effect).collect()
    }
}
