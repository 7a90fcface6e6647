//! Bookmarks: forms by name, to come back to.

use crossterm::event::{KeyCode, KeyEvent};

use super::{App, Asking, Overlay, Screen, Tone};
use crate::tui::action::Action;
use crate::tui::event::Effect;

impl App {
    /// Asks for a name for the form.
    pub(super) fn ask_for_bookmark(&mut self) -> Vec<Effect> {
        let name = format!("{} {}", self.form.layer.spec.name, self.form.algorithm.name());
        self.ask(Asking::Bookmark, name)
    }

    /// Keeps the form by a name, in place of the one that has it.
    pub(super) fn bookmark(&mut self, name: &str) -> Vec<Effect> {
        let name = name.trim();
        if name.is_empty() {
            return Vec::new();
        }
        self.bookmarks.retain(|(other, _)| other != name);
        self.bookmarks.push((name.to_owned(), self.form.clone()));
        let key = self.key_name(Action::Bookmarks);
        self.message = Some((Tone::Info, format!("{name} is kept; {key} shows what is")));
        Vec::new()
    }

    /// Shows the bookmarks.
    pub(super) fn show_bookmarks(&mut self) {
        if self.bookmarks.is_empty() {
            let key = self.key_name(Action::Bookmark);
            self.message = Some((Tone::Info, format!("no bookmarks yet; {key} keeps the form")));
            return;
        }
        self.overlay = Some(Overlay::Bookmarks(self.bookmarks.len() - 1));
    }

    /// Keys while the bookmarks are shown.
    pub(super) fn bookmarks_key(
        &mut self,
        at: usize,
        event: KeyEvent,
        action: Option<Action>,
    ) -> Vec<Effect> {
        let last = self.bookmarks.len().saturating_sub(1);
        let to = match (event.code, action) {
            (KeyCode::Enter, _) => return self.open_bookmark(at),
            (KeyCode::Char('d' | 'x'), _) => {
                if at < self.bookmarks.len() {
                    let (name, _) = self.bookmarks.remove(at);
                    self.message = Some((Tone::Info, format!("{name} is no bookmark any more")));
                }
                if self.bookmarks.is_empty() {
                    return Vec::new();
                }
                at.min(self.bookmarks.len() - 1)
            }
            (_, Some(Action::Close | Action::Quit | Action::Bookmarks)) => return Vec::new(),
            (_, Some(action)) => {
                action.rows().map_or(at, |rows| at.saturating_add_signed(rows).min(last))
            }
            _ => at,
        };
        self.overlay = Some(Overlay::Bookmarks(to));
        Vec::new()
    }

    fn open_bookmark(&mut self, at: usize) -> Vec<Effect> {
        let Some((_, form)) = self.bookmarks.get(at).cloned() else { return Vec::new() };
        self.screen = Screen::Explore;
        self.keep_layer(&form.layer);
        self.layers.select(&form.layer.full_name());
        self.change_form(form)
    }
}
