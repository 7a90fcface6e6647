//! The command palette: every action by name, found fuzzily.

use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::action::Action;
use super::key::Key;
use super::keymap::{Context, Keymap};

/// The most characters taken, of which a path may be most.
const LONGEST: usize = 1024;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it does.
    pub action: Action,
    /// Name and summary, which are searched.
    pub text: String,
    /// Its keys, for those who want to learn them.
    pub keys: String,
}

impl AsRef<str> for Command {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// The palette.
#[derive(Clone, Debug)]
pub struct Palette {
    all: Vec<Command>,
    /// What was typed.
    pub input: Input,
    cursor: usize,
}

impl Palette {
    /// All commands, with their keys in `context`.
    pub fn new(context: Context, keymap: &Keymap) -> Self {
        let command = |(action, keys): (Action, &[Key])| {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let text = format!("{}: {}", action.name(), action.summary());
            Command { action, text, keys: keys.join(" ") }
        };
        let all = keymap.commands(context).into_iter().map(command).collect();
        Self { all, input: Input::default(), cursor: 0 }
    }

    /// The commands that match what was typed, best first.
    pub fn matches(&self) -> Vec<Command> {
        let pattern =
            Pattern::parse(self.input.value(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let found = pattern.match_list(self.all.iter().cloned(), &mut matcher);
        found.into_iter().map(|(command, _)| command).collect()
    }

    /// The row of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor.min(self.matches().len().saturating_sub(1))
    }

    /// The action of the command under the cursor.
    pub fn chosen(&self) -> Option<Action> {
        self.matches().get(self.cursor()).map(|command| command.action)
    }

    /// The command that takes an argument, and its argument so far: `open PATH`, `save WHAT PATH`.
    pub fn argument(&self) -> Option<(Action, &str)> {
        let (name, argument) = self.input.value().trim_start().split_once(' ')?;
        let action =
            [Action::Open, Action::Save].into_iter().find(|action| action.name() == name)?;
        Some((action, argument.trim_start()))
    }

    /// Puts another argument in place of the one so far.
    pub fn complete(&mut self, argument: &str) {
        if let Some((action, _)) = self.argument() {
            self.input = Input::new(format!("{} {argument}", action.name()));
        }
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, rows: isize) {
        self.cursor = self.cursor().saturating_add_signed(rows);
    }

    /// Takes a typed key.
    pub fn key(&mut self, event: KeyEvent) {
        let is_text = matches!(event.code, crossterm::event::KeyCode::Char(_));
        if !is_text || self.input.value().chars().count() < LONGEST {
            self.input.handle_event(&crossterm::event::Event::Key(event));
        }
        self.cursor = 0;
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        let value: String = self.input.value().chars().chain(text.chars()).take(LONGEST).collect();
        self.input = Input::new(value);
    }
}
