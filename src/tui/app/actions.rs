//! What keys and commands do.

use super::exports::file_stem;
use super::{App, Asking, HelpView, Overlay, Panel, Screen, Tone};
use crate::conv::AlgorithmKind;
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::form::{Field, Form};
use crate::tui::meaning::{MEANINGS, place_of_metric};
use crate::tui::metric::Metric;
use crate::tui::palette::Palette;
use crate::tui::{compare, sweep};

impl App {
    /// Does what a key or a command stands for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Run if self.screen == Screen::Compare => self.open(),
            Action::Run if self.screen == Screen::Sweep => self.run_sweep(),
            Action::Run if self.screen == Screen::Network => self.run_network(),
            Action::Run if self.panel == Panel::Figures => {
                self.explain();
                Vec::new()
            }
            Action::Run => self.run(self.form.clone()),
            Action::RunBaseline if self.screen == Screen::Network => self.compare_network(),
            Action::RunBaseline => {
                let form = Form { algorithm: AlgorithmKind::Conventional, ..self.form.clone() };
                self.run(form)
            }
            Action::Cancel => self.cancel(),
            Action::Optimise if self.screen == Screen::Network => self.tune_network(),
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
                    format!("{}-{}.toml", file_stem(&self.form.layer), self.form.algorithm.name());
                self.ask(Asking::ExportPath, name)
            }
            Action::Copy => {
                self.message = Some((Tone::Info, "copied the experiment".into()));
                vec![Effect::Copy(self.experiment())]
            }
            Action::Open => self.ask_to_open(),
            Action::Save => self.ask_to_save(),
            Action::Bookmark => self.ask_for_bookmark(),
            Action::Bookmarks => {
                self.show_bookmarks();
                Vec::new()
            }
            Action::Undo => self.undo(),
            Action::Fix => match self.fix.take() {
                Some((_, form)) => self.change_form(form),
                None => Vec::new(),
            },
            Action::Edit if self.screen == Screen::Sweep => self.ask_for_ranges(),
            Action::Edit if self.screen == Screen::Network => self.ask_about_model(),
            Action::Edit => {
                self.panel = Panel::Parameters;
                let field = Field::ALL[self.field];
                self.ask(Asking::Value(field), self.form.value(field))
            }
            Action::Increase => self.step(true),
            Action::Decrease => self.step(false),
            Action::Filter if self.screen == Screen::Compare => {
                let filter = self.compare.filter.clone();
                self.ask(Asking::RunFilter, filter)
            }
            Action::Filter => self.ask(Asking::Filter, String::new()),
            Action::NextPanel | Action::PreviousPanel => {
                let at = Panel::ALL.iter().position(|panel| *panel == self.panel).unwrap_or(0);
                let step = if action == Action::NextPanel { 1 } else { Panel::ALL.len() - 1 };
                self.panel = Panel::ALL[(at + step) % Panel::ALL.len()];
                Vec::new()
            }
            Action::NextMap | Action::PreviousMap => {
                self.turn_map(action == Action::NextMap);
                Vec::new()
            }
            Action::Quit => self.quit(),
            Action::OpenRow if self.screen == Screen::Sweep => self.open_point(),
            Action::OpenRow if self.screen == Screen::Network => self.open_network_layer(),
            Action::OpenRow => self.open(),
            _ => self.show(action),
        }
    }

    /// Actions that change what is shown, and nothing else but the layer of the form.
    fn show(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Explore => return self.show_screen(Screen::Explore),
            Action::Compare => return self.show_screen(Screen::Compare),
            Action::Sweep => return self.show_screen(Screen::Sweep),
            Action::Network => return self.show_screen(Screen::Network),
            Action::Decision => self.show_decision(),
            Action::Help => self.overlay = Some(Overlay::Help(HelpView::default())),
            Action::Explain => self.explain(),
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
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Theme => {
                self.style.next_theme();
                self.message = Some((Tone::Info, format!("theme {}", self.style.theme_name())));
            }
            Action::Close => {
                self.zoomed = false;
                self.layers.filter.clear();
                self.compare.set_filter("");
                self.message = None;
            }
            _ if self.screen == Screen::Compare => return self.act_on_runs(action),
            _ if self.screen == Screen::Sweep => return self.act_on_sweep(action),
            _ if self.screen == Screen::Network => return self.act_on_network(action),
            _ => return self.move_cursor(action),
        }
        Vec::new()
    }

    /// Says what the figure of the cursor means: on Explore the one that is marked, elsewhere the one
    /// that rows are sorted by, or the server's time.
    fn explain(&mut self) {
        let column = match (self.screen, self.compare.sorted_by, self.sweep.sorted_by) {
            (Screen::Explore, ..) => None,
            (Screen::Compare, compare::Column::Figure(metric), _)
            | (Screen::Sweep, _, sweep::Column::Figure(metric)) => Some(metric),
            _ => Some(Metric::Server),
        };
        self.figure = column.and_then(place_of_metric).unwrap_or(self.figure);
        self.overlay = Some(Overlay::Meaning(self.figure));
    }

    /// Shows a screen.
    pub(super) fn show_screen(&mut self, screen: Screen) -> Vec<Effect> {
        match screen {
            Screen::Sweep => self.show_sweep(),
            Screen::Network => self.show_network(),
            Screen::Explore | Screen::Compare => {
                self.screen = screen;
                Vec::new()
            }
        }
    }

    fn move_cursor(&mut self, action: Action) -> Vec<Effect> {
        let rows = match (action.rows(), action) {
            (Some(rows), _) => rows,
            (None, Action::Left | Action::Right) if self.panel == Panel::Parameters => {
                return self.step(action == Action::Right);
            }
            (None, _) if self.panel == Panel::Figures => return Vec::new(),
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
            Panel::Figures => {
                self.figure = self.figure.saturating_add_signed(rows).min(MEANINGS.len() - 1);
                Vec::new()
            }
            Panel::Parameters => {
                self.field = self.field.saturating_add_signed(rows).min(Field::ALL.len() - 1);
                Vec::new()
            }
        }
    }
}
