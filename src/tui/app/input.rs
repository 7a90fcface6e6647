//! Keys and text: on the screen, in prompts, in the palette.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::{App, Asking, HelpView, Overlay, Tone};
use crate::tui::action::Action;
use crate::tui::event::Effect;
use crate::tui::form::Field;
use crate::tui::key::Key;
use crate::tui::meaning::MEANINGS;
use crate::tui::palette::Palette;

/// Text longer than this is cut when it is typed or pasted.
const LONGEST_TEXT: usize = 4096;

impl App {
    pub(super) fn key(&mut self, event: KeyEvent) -> Vec<Effect> {
        if event.code == KeyCode::Char('z') && event.modifiers.contains(KeyModifiers::CONTROL) {
            return vec![Effect::Suspend];
        }
        let action = self.keymap.lookup(self.context(), Key::from(event));
        if let Some(effects) = self.overlay_key(event, action) {
            return effects;
        }
        let Some(action) = action else { return Vec::new() };
        self.message = None;
        self.act(action)
    }

    /// Keys while something is over the screen; `None` where the screen takes them all the same.
    pub(super) fn overlay_key(
        &mut self,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Option<Vec<Effect>> {
        let is_close = matches!(action, Some(Action::Close));
        let quits = matches!(action, Some(Action::Quit));
        // A key that quits closes what is read, but for one that always does.
        let leaves = quits && event.modifiers.contains(KeyModifiers::CONTROL);
        match self.overlay.take()? {
            Overlay::Prompt { asking, input } => {
                Some(self.prompt_key(asking, input, event, action))
            }
            Overlay::Palette(palette) => Some(self.palette_key(palette, event, action)),
            Overlay::Overwrite(path) => {
                if event.code == KeyCode::Char('y') {
                    return Some(self.save_to(path, true));
                }
                self.message = Some((Tone::Info, "not exported".into()));
                Some(Vec::new())
            }
            Overlay::Leave(_) if quits || event.code == KeyCode::Char('y') => {
                Some(vec![Effect::Quit])
            }
            Overlay::Leave(_) => Some(Vec::new()),
            Overlay::Delete(index) if event.code == KeyCode::Char('y') => {
                Some(self.delete_run(index))
            }
            Overlay::Delete(_) => {
                self.message = Some((Tone::Info, "not deleted".into()));
                Some(Vec::new())
            }
            _ if leaves => None,
            Overlay::Help(help) => {
                self.help_key(help, event, action);
                Some(Vec::new())
            }
            Overlay::Meaning(place) => {
                let last = MEANINGS.len() - 1;
                let to = match action {
                    Some(Action::Up | Action::Left | Action::PreviousPanel) => {
                        place.saturating_sub(1)
                    }
                    Some(Action::Down | Action::Right | Action::NextPanel) => (place + 1).min(last),
                    Some(Action::First) => 0,
                    Some(Action::Last) => last,
                    _ => return Some(Vec::new()),
                };
                self.figure = to;
                self.overlay = Some(Overlay::Meaning(to));
                Some(Vec::new())
            }
            Overlay::Bookmarks(at) => Some(self.bookmarks_key(at, event, action)),
            Overlay::Optimise(question) => Some(self.question_key(question, event, action)),
            Overlay::Decision(scroll) => self.decision_key(scroll, event, action),
            Overlay::Error(_) | Overlay::Refused(_) => Some(Vec::new()),
            overlay @ (Overlay::Layers | Overlay::Parameters | Overlay::Pictures) => {
                // These are panels: keys go to them, and a second press closes them.
                let same = matches!(
                    (&overlay, action),
                    (Overlay::Layers, Some(Action::Layers | Action::Run))
                        | (Overlay::Parameters, Some(Action::Parameters))
                        | (Overlay::Pictures, Some(Action::Pictures))
                );
                if is_close || quits || (same && action != Some(Action::Run)) {
                    return Some(Vec::new());
                }
                let stays = !matches!(
                    action,
                    Some(Action::Run | Action::Compare | Action::Sweep | Action::Network)
                );
                if stays {
                    self.overlay = Some(overlay);
                }
                None
            }
        }
    }

    /// Keys while the help is shown.
    fn help_key(&mut self, mut help: HelpView, event: KeyEvent, action: Option<Action>) {
        match (event.code, action) {
            (KeyCode::Char(c), _) if help.is_typing && help.find.chars().count() < 40 => {
                help.find.push(c);
                help.scroll = 0;
            }
            (KeyCode::Backspace, _) if help.is_typing => drop(help.find.pop()),
            (KeyCode::Enter, _) if help.is_typing => help.is_typing = false,
            (KeyCode::Char('/'), _) => help.is_typing = true,
            (_, Some(Action::Close)) if help.is_typing || !help.find.is_empty() => {
                help = HelpView::default();
            }
            (_, Some(Action::Close | Action::Help | Action::Quit)) if !help.is_typing => return,
            (_, Some(action)) => help.scroll = scrolled(help.scroll, action).unwrap_or(help.scroll),
            _ => {}
        }
        self.overlay = Some(Overlay::Help(help));
    }

    pub(super) fn prompt_key(
        &mut self,
        asking: Asking,
        mut input: Input,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Vec<Effect> {
        match (event.code, action) {
            (KeyCode::Enter, _) => return self.answered(asking, input.value()),
            (KeyCode::Tab, _) if asking.is_path() => {
                let effects = Self::complete(asking, input.value());
                self.keep_prompt(asking, input);
                return effects;
            }
            (_, Some(Action::Quit)) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                return self.act(Action::Quit);
            }
            (_, Some(Action::Close)) => {
                self.message = None;
                match asking {
                    Asking::Filter => self.layers.filter.clear(),
                    Asking::RunFilter => self.compare.set_filter(""),
                    _ => {}
                }
                return Vec::new();
            }
            _ => {
                if input.value().chars().count() < LONGEST_TEXT || !is_text(&event) {
                    input.handle_event(&crossterm::event::Event::Key(event));
                }
            }
        }
        self.keep_prompt(asking, input);
        Vec::new()
    }

    pub(super) fn keep_prompt(&mut self, asking: Asking, input: Input) {
        match asking {
            Asking::Filter => input.value().clone_into(&mut self.layers.filter),
            Asking::RunFilter => self.compare.set_filter(input.value()),
            _ => {}
        }
        self.overlay = Some(Overlay::Prompt { asking, input });
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        let clean = text.chars().filter(|c| !c.is_control());
        match self.overlay.take() {
            Some(Overlay::Prompt { asking, input }) => {
                let room = LONGEST_TEXT.saturating_sub(input.value().chars().count());
                let value = input.value().chars().chain(clean.take(room)).collect();
                self.keep_prompt(asking, Input::new(value));
            }
            Some(Overlay::Palette(mut palette)) => {
                palette.paste(&clean.take(LONGEST_TEXT).collect::<String>());
                self.overlay = Some(Overlay::Palette(palette));
            }
            other => self.overlay = other,
        }
        Vec::new()
    }

    pub(super) fn palette_key(
        &mut self,
        mut palette: Palette,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Vec<Effect> {
        match (event.code, action) {
            (KeyCode::Enter, _) => {
                return match palette.argument() {
                    Some((Action::Open, path)) => self.open_path(path),
                    Some((_, text)) => self.save_text(text),
                    None => palette.chosen().map_or_else(Vec::new, |action| self.act(action)),
                };
            }
            (KeyCode::Tab, _) if let Some((action, text)) = palette.argument() => {
                let asking = if action == Action::Open { Asking::Open } else { Asking::Save };
                let effects = Self::complete(asking, text);
                self.overlay = Some(Overlay::Palette(palette));
                return effects;
            }
            (_, Some(Action::Quit)) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                return self.act(Action::Quit);
            }
            (_, Some(Action::Close)) => return Vec::new(),
            (KeyCode::Up, _) => palette.move_by(-1),
            (KeyCode::Down, _) => palette.move_by(1),
            _ => palette.key(event),
        }
        self.overlay = Some(Overlay::Palette(palette));
        Vec::new()
    }

    /// What the user asked for in a prompt.
    pub(super) fn answered(&mut self, asking: Asking, text: &str) -> Vec<Effect> {
        match asking {
            Asking::Filter => {
                text.clone_into(&mut self.layers.filter);
                self.choose_layer()
            }
            Asking::ExportPath | Asking::ExportRuns | Asking::ExportRows => {
                if text.trim().is_empty() { Vec::new() } else { self.export_path(asking, text) }
            }
            Asking::ExportLayers => self.export_layers(text),
            Asking::Note(index) => self.note_run(index, text),
            Asking::Bookmark => self.bookmark(text),
            Asking::Ranges => self.sweep_ranges(text),
            Asking::Model => self.said_of_model(text),
            Asking::RunFilter => {
                self.compare.set_filter(text);
                Vec::new()
            }
            Asking::Open => self.open_path(text),
            Asking::Save => self.save_text(text),
            Asking::Value(Field::Plan) => self.plan_as(text),
            Asking::Value(field) => match self.form.parse(field, text, &self.presets) {
                Ok(form) => self.change_form(form),
                Err(problem) => {
                    self.message = Some((Tone::Bad, problem));
                    Vec::new()
                }
            },
        }
    }

    pub(super) fn ask(&mut self, asking: Asking, value: String) -> Vec<Effect> {
        self.overlay = Some(Overlay::Prompt { asking, input: Input::new(value) });
        Vec::new()
    }
}

/// The rows scrolled down after an action; `None` where it does not scroll.
pub(super) fn scrolled(rows: u16, action: Action) -> Option<u16> {
    const MOST: u16 = 500;
    let rows = match action {
        Action::Down => rows + 1,
        Action::Up => rows.saturating_sub(1),
        Action::PageDown => rows + 10,
        Action::PageUp => rows.saturating_sub(10),
        Action::First => 0,
        Action::Last => MOST,
        Action::Left | Action::Right => rows,
        _ => return None,
    };
    Some(rows.min(MOST))
}

/// Whether a key adds a character.
fn is_text(event: &KeyEvent) -> bool {
    matches!(event.code, KeyCode::Char(_))
}
