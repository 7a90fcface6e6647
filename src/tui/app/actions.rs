//! What keys and commands do.

use super::{App, Asking, Overlay, Panel, Screen, Tone};
use crate::conv::AlgorithmKind;
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::form::{Field, Form};
use crate::tui::palette::Palette;

impl App {
    /// Does what a key or a command stands for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Run if self.screen == Screen::Compare => self.open(),
            Action::Run if self.screen == Screen::Sweep => self.run_sweep(),
            Action::Run if self.screen == Screen::Network => self.run_network(),
            Action::Run => self.run(self.form.clone()),
            Action::RunBaseline if self.screen == Screen::Network => self.compare_network(),
            Action::RunBaseline => {
                let form = Form { algorithm: AlgorithmKind::Conventional, ..self.form.clone() };
                self.run(form)
            }
            Action::Cancel => self.cancel(),
            Action::Optimise => self.ask_for_wish(),
            Action::Export if self.screen == Screen::Compare => self.ask_for_runs(),
            Action::Export if self.screen == Screen::Sweep => self.ask_for_rows(),
            Action::Export if self.screen == Screen::Network => self.ask_for_directory(),
            Action::Export if self.problem.is_some() => {
                self.message = Some((Tone::Bad, "not exported: the form is not valid".into()));
                Vec::new()
            }
            Action::Export => {
                let name =
                    format!("{}-{}.toml", self.form.layer.spec.name, self.form.algorithm.name());
                self.ask(Asking::ExportPath, name)
            }
            Action::Copy => {
                self.message = Some((Tone::Info, "copied the experiment".into()));
                vec![Effect::Copy(self.experiment())]
            }
            Action::Undo => self.undo(),
            Action::Fix => match self.fix.take() {
                Some((_, form)) => self.change_form(form),
                None => Vec::new(),
            },
            Action::Edit => {
                self.panel = Panel::Parameters;
                let field = Field::ALL[self.field];
                self.ask(Asking::Value(field), self.form.value(field))
            }
            Action::Increase => self.step(true),
            Action::Decrease => self.step(false),
            Action::Filter => self.ask(Asking::Filter, String::new()),
            Action::NextPanel | Action::PreviousPanel => {
                self.panel = match self.panel {
                    Panel::Layers => Panel::Parameters,
                    Panel::Parameters => Panel::Layers,
                };
                Vec::new()
            }
            Action::NextMap | Action::PreviousMap => {
                self.turn_map(action == Action::NextMap);
                Vec::new()
            }
            Action::Quit => vec![Effect::Quit],
            Action::Open if self.screen == Screen::Sweep => self.open_point(),
            Action::Open => self.open(),
            _ => self.show(action),
        }
    }

    /// Actions that change what is shown, and nothing else but the layer of the form.
    fn show(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Explore => self.screen = Screen::Explore,
            Action::Compare => self.screen = Screen::Compare,
            Action::Sweep => return self.show_sweep(),
            Action::Network => return self.show_network(),
            Action::Decision => self.show_decision(),
            Action::Help => self.overlay = Some(Overlay::Help(0)),
            Action::Commands => {
                self.overlay = Some(Overlay::Palette(Palette::new(self.context(), &self.keymap)));
            }
            Action::Layers => {
                self.panel = Panel::Layers;
                self.overlay = Some(Overlay::Layers);
            }
            Action::Parameters => {
                self.panel = Panel::Parameters;
                self.overlay = Some(Overlay::Parameters);
            }
            Action::Pictures => self.overlay = Some(Overlay::Pictures),
            Action::Theme => {
                self.style.next_theme();
                self.message = Some((Tone::Info, format!("theme {}", self.style.theme_name())));
            }
            Action::Close => {
                self.layers.filter.clear();
                self.message = None;
            }
            _ if self.screen == Screen::Compare => self.act_on_runs(action),
            _ if self.screen == Screen::Sweep => return self.act_on_sweep(action),
            _ if self.screen == Screen::Network => return self.act_on_network(action),
            _ => return self.move_cursor(action),
        }
        Vec::new()
    }

    fn move_cursor(&mut self, action: Action) -> Vec<Effect> {
        let rows = match (action.rows(), action) {
            (Some(rows), _) => rows,
            (None, Action::Left | Action::Right) if self.panel == Panel::Parameters => {
                return self.step(action == Action::Right);
            }
            (None, Action::Left | Action::Right) => {
                self.layers.fold(action == Action::Left);
                return Vec::new();
            }
            (None, _) => return Vec::new(),
        };
        match self.panel {
            Panel::Layers => {
                self.layers.move_by(rows);
                self.choose_layer()
            }
            Panel::Parameters => {
                self.field = self.field.saturating_add_signed(rows).min(Field::ALL.len() - 1);
                Vec::new()
            }
        }
    }
}
