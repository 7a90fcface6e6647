//! A key of the keyboard with its modifiers, in the one form that all terminals' reports reduce to.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::nearest::nearest;

/// The keys that have a name in place of a character.
const NAMED: [(&str, KeyCode); 15] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
];

/// The modifiers, in the order they are written.
const MODIFIERS: [(&str, KeyModifiers); 6] = [
    ("Ctrl-", KeyModifiers::CONTROL),
    ("Alt-", KeyModifiers::ALT),
    ("Super-", KeyModifiers::SUPER),
    ("Hyper-", KeyModifiers::HYPER),
    ("Meta-", KeyModifiers::META),
    ("Shift-", KeyModifiers::SHIFT),
];

const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

/// The highest function key.
const LAST_FUNCTION_KEY: u8 = 24;

/// A key as bound and as pressed: two reports of the same key are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// The key in its one form: Shift is folded into the character, Ctrl knows no upper case, and
    /// what a terminal cannot tell from Tab, Enter or Esc is that key.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let shift = modifiers.contains(KeyModifiers::SHIFT);
        let ctrl = modifiers.contains(KeyModifiers::CONTROL);
        let others = modifiers.difference(KeyModifiers::SHIFT);
        let without_ctrl = others.difference(KeyModifiers::CONTROL);
        match code {
            KeyCode::BackTab => Self { code: KeyCode::Tab, modifiers: modifiers | SHIFT },
            KeyCode::Char('i' | 'I') if ctrl => {
                Self { code: KeyCode::Tab, modifiers: without_ctrl }
            }
            KeyCode::Char('m' | 'M') if ctrl => {
                Self { code: KeyCode::Enter, modifiers: without_ctrl }
            }
            KeyCode::Char('[') if ctrl => Self { code: KeyCode::Esc, modifiers: without_ctrl },
            KeyCode::Char(c) if ctrl => {
                Self { code: KeyCode::Char(c.to_ascii_lowercase()), modifiers: others }
            }
            KeyCode::Char(c) if shift => Self { code: KeyCode::Char(upper(c)), modifiers: others },
            _ => Self { code, modifiers },
        }
    }

    /// A press of the key, as a terminal reports it.
    pub const fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// The character that the key types, where it types one.
    pub fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }

    /// The key with a name that is most similar to `text`, where `text` is meant for a name.
    pub(super) fn nearest_name(text: &str) -> Option<&'static str> {
        let (_, name) = split_modifiers(text);
        let nearest = nearest(name, NAMED.iter().map(|(name, _)| *name))?;
        (strsim::jaro_winkler(name, nearest) > 0.7).then_some(nearest)
    }
}

/// The upper case of a character that has one of a single character.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

/// The modifiers before the name of a key, and the name.
fn split_modifiers(text: &str) -> (KeyModifiers, &str) {
    let (mut modifiers, mut rest) = (KeyModifiers::NONE, text);
    while let Some((modifier, name)) = MODIFIERS.iter().find_map(|(prefix, modifier)| {
        let (head, tail) = rest.split_at_checked(prefix.len())?;
        (head.eq_ignore_ascii_case(prefix) && !tail.is_empty()).then_some((*modifier, tail))
    }) {
        modifiers |= modifier;
        rest = name;
    }
    (modifiers, rest)
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

/// The text names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key; write one character or a name, as q, Ctrl-P or Enter")]
pub struct NoKey;

impl FromStr for Key {
    type Err = NoKey;

    /// Reads `q`, `?`, `Ctrl-P`, `Enter`, `BackTab`, `F1`; names and modifiers in any case.
    fn from_str(text: &str) -> Result<Self, NoKey> {
        let (modifiers, name) = split_modifiers(text);
        let mut characters = name.chars();
        if let (Some(c), None) = (characters.next(), characters.next()) {
            let valid = !c.is_control() && (c == ' ' || !c.is_whitespace());
            return if valid { Ok(Self::new(KeyCode::Char(c), modifiers)) } else { Err(NoKey) };
        }
        let named = NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((_, code)) = named {
            return Ok(Self::new(*code, modifiers));
        }
        if name.eq_ignore_ascii_case("BackTab") {
            return Ok(Self::new(KeyCode::BackTab, modifiers));
        }
        let number = name.strip_prefix(['F', 'f']).filter(|digits| !digits.starts_with(['0', '+']));
        match number.and_then(|digits| digits.parse().ok()) {
            Some(n) if n <= LAST_FUNCTION_KEY => Ok(Self::new(KeyCode::F(n), modifiers)),
            _ => Err(NoKey),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (prefix, _) in MODIFIERS.iter().filter(|(_, one)| self.modifiers.contains(*one)) {
            f.write_str(prefix)?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            other => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Key {
        text.parse().expect("a key")
    }

    #[test]
    fn reports_of_one_key_are_equal() {
        let none = KeyModifiers::NONE;
        let ctrl = KeyModifiers::CONTROL;
        assert_eq!(Key::new(KeyCode::Char('P'), SHIFT), key("P"));
        assert_eq!(Key::new(KeyCode::Char('p'), SHIFT), key("P"));
        assert_eq!(Key::new(KeyCode::Char('P'), none), key("Shift-p"));
        assert_eq!(Key::new(KeyCode::Char('?'), SHIFT), key("?"));
        assert_eq!(Key::new(KeyCode::BackTab, SHIFT), key("BackTab"));
        assert_eq!(Key::new(KeyCode::BackTab, none), key("Shift-Tab"));
        assert_eq!(Key::new(KeyCode::Tab, SHIFT), key("backtab"));
        assert_eq!(Key::new(KeyCode::Char('C'), ctrl | SHIFT), key("Ctrl-c"));
        assert_eq!(Key::from(KeyEvent::new(KeyCode::Char('p'), ctrl)), key("ctrl-P"));
        assert_eq!(key("Ctrl-I"), key("Tab"));
        assert_eq!(key("Ctrl-M"), key("Enter"));
        assert_eq!(key("Ctrl-["), key("Esc"));
        assert_ne!(key("p"), key("P"));
        assert_ne!(key("Alt-p"), key("Alt-P"));
        assert_ne!(key("Super-q"), key("q"));
    }

    #[test]
    fn keys_are_written_as_they_are_read() {
        let texts = [
            "q",
            "G",
            "?",
            "-",
            "+",
            "Ctrl--",
            "Ctrl-P",
            "Alt-x",
            "Ctrl-Alt-K",
            "Enter",
            "Esc",
            "Tab",
            "Shift-Tab",
            "Space",
            "PageUp",
            "Home",
            "F1",
            "F24",
            "Shift-F5",
            "é",
        ];
        for text in texts {
            assert_eq!(key(text).to_string(), text);
        }
        assert_eq!(key(" ").to_string(), "Space");
        assert_eq!(key("pagedown").to_string(), "PageDown");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "Entr", "qq", "Ctrl", "F0", "F25", "F+1", "F01", "\n", "\t", "Hypr-a"] {
            assert_eq!(text.parse::<Key>(), Err(NoKey), "{text:?}");
        }
        assert_eq!(Key::nearest_name("Entr"), Some("Enter"));
        assert_eq!(Key::nearest_name("Ctrl-PgDown"), Some("PageDown"));
        assert_eq!(Key::nearest_name("zz"), None);
    }

    #[test]
    fn only_plain_characters_type_text() {
        assert_eq!(key("Q").character(), Some('Q'));
        assert_eq!(key("Space").character(), Some(' '));
        for text in ["Ctrl-P", "Alt-p", "Enter", "Tab", "F1"] {
            assert_eq!(key(text).character(), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_key_round_trips(text in any::<char>(), named in 0..NAMED.len(), bits in 0_u8..64) {
            let modifiers = KeyModifiers::from_bits_truncate(bits);
            let character = !text.is_control() && !text.is_whitespace();
            let codes = [Some(NAMED[named].1), character.then_some(KeyCode::Char(text))];
            for code in codes.into_iter().flatten() {
                let once = Key::new(code, modifiers);
                prop_assert_eq!(Key::new(once.code, once.modifiers), once);
                prop_assert_eq!(once.to_string().parse::<Key>(), Ok(once));
            }
        }
    }
}
