//! The one table of keys, from which what a key does, the hints, the help and the list of commands
//! are all made.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::action::{Action, Group};
use super::error::{Field, Mistake, Section, SettingsError};
use super::key::Key;
use crate::nearest::nearest;
use crate::toml_reader::Source;

/// The default table, in the form of a user's file.
const DEFAULT: &str = include_str!("keys.toml");

/// Where a key has its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere but where text is typed.
    Global,
    /// On the Explore screen, before the global meaning.
    Explore,
    /// On the Compare screen, before the global meaning.
    Compare,
    /// On the Sweep screen, before the global meaning.
    Sweep,
    /// On the Network screen, before the global meaning.
    Network,
    /// Where text is typed: without the global meanings.
    Text,
}

impl Context {
    /// Every context, the global one first.
    pub const ALL: [Self; 6] =
        [Self::Global, Self::Explore, Self::Compare, Self::Sweep, Self::Network, Self::Text];

    /// The contexts of the screens, in the order of their keys.
    pub const SCREENS: [Self; 4] = [Self::Explore, Self::Compare, Self::Sweep, Self::Network];

    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "everywhere",
            Self::Explore => "explore",
            Self::Compare => "compare",
            Self::Sweep => "sweep",
            Self::Network => "network",
            Self::Text => "where text is typed",
        }
    }

    /// The name of its table in a file.
    const fn table(self) -> &'static str {
        match self {
            Self::Global => "keys",
            Self::Explore => "keys.explore",
            Self::Compare => "keys.compare",
            Self::Sweep => "keys.sweep",
            Self::Network => "keys.network",
            Self::Text => "keys.text",
        }
    }

    /// Where its table is, for messages.
    fn label(self) -> String {
        format!(" in [{}]", self.table())
    }

    /// The context of a table in `[keys]`.
    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.table().strip_prefix("keys.") == Some(key))
    }
}

/// The keys that are bound in a context, and to what.
type Table = BTreeMap<(Context, Action), Vec<Key>>;

/// Which key does what.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap {
    /// As the files say. An entry without keys unbinds the action in its context.
    bound: Table,
    /// What can be reached in each context: its own keys, then the global ones that are free there.
    reached: Table,
}

impl Default for Keymap {
    /// The keys without a user's file.
    fn default() -> Self {
        // The tests read the embedded table; it holds no mistake that could be met here.
        Self::from_text(DEFAULT).unwrap_or_else(|_| Self::from_table(Table::new()))
    }
}

impl Keymap {
    fn from_text(text: &str) -> Result<Self, SettingsError> {
        let source = Source { origin: "keys.toml", text };
        let document = source.parse()?;
        let root = Section::root(source, &document)?;
        root.only(&["schema", "keys"])?;
        let Some(keys) = root.get("keys") else { return Ok(Self::from_table(Table::new())) };
        Self::from_table(Table::new()).with_overrides(&keys)
    }

    fn from_table(bound: Table) -> Self {
        let mut reached = Table::new();
        for context in Context::ALL {
            let own = || bound.iter().filter(move |((at, _), _)| *at == context);
            for ((_, action), keys) in own() {
                reached.entry((context, *action)).or_default().extend(keys);
            }
            if matches!(context, Context::Global | Context::Text) {
                continue;
            }
            let free = |key: &&Key| !own().any(|(_, keys)| keys.contains(*key));
            let global = bound.iter().filter(|((at, action), _)| {
                *at == Context::Global && !bound.contains_key(&(context, *action))
            });
            for ((_, action), keys) in global {
                reached.insert((context, *action), keys.iter().filter(free).copied().collect());
            }
        }
        reached.retain(|_, keys| !keys.is_empty());
        Self { bound, reached }
    }

    /// This table with what a user's `[keys]` says in place of it. An action there gets its keys
    /// wherever it has keys in this table (text prompts apart); in `[keys.explore]`,
    /// `[keys.compare]`, `[keys.sweep]`, `[keys.network]` or `[keys.text]`, in that context alone.
    ///
    /// # Errors
    /// The first mistake: an unknown action, a text that is no key, a key with two actions in one
    /// context, a character bound where text is typed, no key left to leave the program.
    pub(super) fn with_overrides(&self, keys: &Field<'_>) -> Result<Self, SettingsError> {
        let table = keys.section(Context::Global.label(), "a table of actions and their keys")?;
        let mut bound = self.bound.clone();
        let mut changed = Vec::new();
        let (tables, entries): (Vec<_>, Vec<_>) =
            table.fields().into_iter().partition(Field::is_table);
        for field in entries {
            let action = action(&table, &field)?;
            let keys = read_keys(&field)?;
            let homes = self.homes(action);
            bound.extend(homes.iter().map(|context| ((*context, action), keys.clone())));
            changed.push((homes, action, field));
        }
        // What is said for one context comes after what is said for all.
        for field in tables {
            let Some(context) = Context::from_key(&field.key()) else {
                return Err(unknown_table(&table, &field));
            };
            let inner = field.section(context.label(), "a table")?;
            for field in inner.fields() {
                let action = action(&inner, &field)?;
                bound.insert((context, action), read_keys(&field)?);
                changed.push((vec![context], action, field));
            }
        }
        for (contexts, action, field) in &changed {
            let checked = contexts.iter().try_for_each(|context| check(&bound, *context, *action));
            checked.map_err(|mistake| field.error(mistake))?;
        }
        let keymap = Self::from_table(bound);
        for context in Context::ALL {
            if keymap.keys_for(context, Action::Quit).is_empty() {
                let (action, context) = (Action::Quit.name(), context.label());
                return Err(table.error(Mistake::NoKeyLeft { action, context }));
            }
        }
        Ok(keymap)
    }

    /// Where a user's `[keys]` puts the keys of an action.
    fn homes(&self, action: Action) -> Vec<Context> {
        let bound = |context: &Context| self.bound.contains_key(&(*context, action));
        let mut homes: Vec<Context> = Context::ALL.into_iter().filter(bound).collect();
        if homes.len() > 1 {
            homes.retain(|context| *context != Context::Text);
        }
        if homes.is_empty() { vec![Context::Global] } else { homes }
    }

    /// What a key does in a context.
    pub fn lookup(&self, context: Context, key: Key) -> Option<Action> {
        let found = self.in_context(context).find(|(_, keys)| keys.contains(&key));
        found.map(|(action, _)| action)
    }

    /// The keys that do `action` in a context, the most telling one first; none where it has none.
    pub fn keys_for(&self, context: Context, action: Action) -> &[Key] {
        self.reached.get(&(context, action)).map_or(&[], Vec::as_slice)
    }

    /// What can be done in a context with a key, for the help: keys, summary and action, those of
    /// one [`Action::group`] together.
    pub fn help(&self, context: Context) -> Vec<(Vec<Key>, &'static str, Action)> {
        let line = |(action, keys): (Action, &[Key])| (keys.to_vec(), action.summary(), action);
        self.in_context(context).map(line).collect()
    }

    /// What can be chosen by name in a context, with the keys it has: all but moving about, also
    /// what has no key.
    pub fn commands(&self, context: Context) -> Vec<(Action, &[Key])> {
        let here = |action: &Action| {
            let homes = self.homes(*action);
            homes.contains(&Context::Global)
                || homes.contains(&context)
                || !self.keys_for(context, *action).is_empty()
        };
        let command = |action: &Action| {
            action.group() != Group::Move
                && !matches!(action, Action::Commands | Action::Accept | Action::Close)
        };
        let all = Action::ALL.iter().filter(|action| command(action) && here(action));
        all.map(|action| (*action, self.keys_for(context, *action))).collect()
    }

    /// The actions with keys in a context, in the order of [`Action::ALL`].
    fn in_context(&self, context: Context) -> impl Iterator<Item = (Action, &[Key])> {
        let own = self.reached.iter().filter(move |((at, _), _)| *at == context);
        own.map(|((_, action), keys)| (*action, keys.as_slice()))
    }
}

/// The action that a field is called after.
fn action(table: &Section<'_>, field: &Field<'_>) -> Result<Action, SettingsError> {
    let found = Action::ALL.iter().find(|action| action.name() == field.key());
    found.copied().ok_or_else(|| {
        let names = Action::ALL.iter().map(|action| action.name());
        let nearest = nearest(&field.key(), names).unwrap_or_default();
        table.unknown_key(field, nearest)
    })
}

/// The error of a table in `[keys]` that is no context.
fn unknown_table(table: &Section<'_>, field: &Field<'_>) -> SettingsError {
    let contexts = Context::ALL.into_iter().filter_map(|one| one.table().strip_prefix("keys."));
    let nearest = nearest(&field.key(), contexts).unwrap_or_default();
    table.unknown_key(field, nearest)
}

/// The keys given to an action.
fn read_keys(field: &Field<'_>) -> Result<Vec<Key>, SettingsError> {
    let mut keys = Vec::new();
    for text in field.texts()? {
        let key: Key = text.parse().map_err(|_| {
            let (action, nearest) = (field.key(), Key::nearest_name(text));
            let nearest = nearest.map(Into::into);
            field.error(Mistake::NoKey { action, text: text.into(), nearest })
        })?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Whether the keys of an action are free for it.
fn check(bound: &Table, context: Context, action: Action) -> Result<(), Mistake> {
    let keys = bound.get(&(context, action)).map_or(&[][..], Vec::as_slice);
    if context == Context::Text
        && let Some(key) = keys.iter().find(|key| key.character().is_some())
    {
        return Err(Mistake::TypesText { action: action.name(), key: key.to_string() });
    }
    let others = bound.iter().filter(|((at, other), _)| *at == context && *other != action);
    for ((_, other), taken) in others {
        if let Some(key) = keys.iter().find(|key| taken.contains(key)) {
            let (first, second) = (action.name(), other.name());
            return Err(Mistake::BoundTwice { key: key.to_string(), first, second });
        }
    }
    Ok(())
}
