//! The mouse: clicks, the wheel, and the border between panes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{App, Overlay, Panel, Screen};
use crate::tui::action::Action;
use crate::tui::event::{Effect, Pointer};
use crate::tui::form::Field;
use crate::tui::view::Hit;

/// Rows that the wheel moves by.
const WHEEL: usize = 3;

/// The least and the most columns of the lists of Explore.
const LEFT: std::ops::RangeInclusive<u16> = 30..=70;

impl App {
    /// Takes in what the pointer does.
    pub(super) fn pointed(&mut self, pointer: Pointer) -> Vec<Effect> {
        match pointer {
            Pointer::Press(hit) => self.clicked(hit),
            Pointer::Wheel { down, hit } => self.wheel(down, hit),
            Pointer::Drag(column) => {
                if self.dragged_from.is_some() {
                    self.set_left(column);
                }
                Vec::new()
            }
            Pointer::Release => {
                self.dragged_from = None;
                Vec::new()
            }
        }
    }

    /// Gives the lists of Explore so many columns, as far as that leaves room for both sides.
    pub(super) fn set_left(&mut self, columns: u16) {
        self.left = columns.clamp(*LEFT.start(), *LEFT.end());
    }

    fn clicked(&mut self, hit: Hit) -> Vec<Effect> {
        match self.overlay {
            // What is read is closed by a click; what asks waits for its answer.
            Some(
                Overlay::Help(_) | Overlay::Meaning(_) | Overlay::Error(_) | Overlay::Refused(_),
            ) => return self.key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)),
            Some(_) => return Vec::new(),
            None => {}
        }
        self.message = None;
        match hit {
            Hit::Screen(screen) => self.show_screen(screen),
            Hit::Border => {
                self.dragged_from = Some(self.left);
                Vec::new()
            }
            Hit::Layer(row) => {
                let is_again = self.panel == Panel::Layers && self.layers.cursor() == row;
                self.panel = Panel::Layers;
                self.layers.move_to(row);
                if is_again && self.layers.current().is_none() {
                    self.layers.turn_fold();
                    return Vec::new();
                }
                self.choose_layer()
            }
            Hit::Field(place) => {
                let is_again = self.panel == Panel::Parameters && self.field == place;
                (self.panel, self.field) = (Panel::Parameters, place.min(Field::ALL.len() - 1));
                if is_again { self.act(Action::Edit) } else { Vec::new() }
            }
            Hit::Figure(place) => {
                let is_again = self.panel == Panel::Figures && self.figure == place;
                (self.panel, self.figure) = (Panel::Figures, place);
                if is_again { self.act(Action::Explain) } else { Vec::new() }
            }
            Hit::Row(row) => self.clicked_row(row),
            Hit::Nothing => Vec::new(),
        }
    }

    /// The first click chooses a row, the second opens it.
    fn clicked_row(&mut self, row: usize) -> Vec<Effect> {
        let cursor = match self.screen {
            Screen::Compare => self.compare.cursor(),
            Screen::Sweep => self.sweep.cursor(),
            _ => self.networks.cursor,
        };
        if cursor == row {
            return self.act(Action::OpenRow);
        }
        let rows = row as isize - cursor as isize;
        match self.screen {
            Screen::Compare => self.compare.move_by(rows),
            Screen::Sweep => self.sweep.move_by(rows),
            _ => self.networks.move_by(rows),
        }
        Vec::new()
    }

    /// The wheel is so many presses of an arrow, in the pane that the pointer is in.
    fn wheel(&mut self, down: bool, hit: Hit) -> Vec<Effect> {
        if self.overlay.is_none() && self.screen == Screen::Explore {
            match hit {
                Hit::Layer(_) => self.panel = Panel::Layers,
                Hit::Field(_) => self.panel = Panel::Parameters,
                Hit::Figure(_) => self.panel = Panel::Figures,
                _ => {}
            }
        }
        let code = if down { KeyCode::Down } else { KeyCode::Up };
        let press = |_| self.key(KeyEvent::new(code, KeyModifiers::NONE));
        (0..WHEEL).flat_map(press).collect()
    }
}
