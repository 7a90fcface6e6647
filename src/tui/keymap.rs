//! The one table of keys, from which what a key does, the hints, the help and the list of commands
//! are all made.

use std::collections::BTreeMap;

use super::action::{Action, Group};
use super::error::{Mistake, SettingsError, nearest};
use super::key::Key;
use super::reader::{Field, Section, Source};

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
    /// Where text is typed: without the global meanings.
    Text,
}

impl Context {
    /// Every context, the global one first.
    pub const ALL: [Self; 5] =
        [Self::Global, Self::Explore, Self::Compare, Self::Sweep, Self::Text];

    /// The name of its table in a file.
    const fn table(self) -> &'static str {
        match self {
            Self::Global => "keys",
            Self::Explore => "keys.explore",
            Self::Compare => "keys.compare",
            Self::Sweep => "keys.sweep",
            Self::Text => "keys.text",
        }
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
    /// `[keys.compare]`, `[keys.sweep]` or `[keys.text]`, in that context alone.
    ///
    /// # Errors
    /// The first mistake: an unknown action, a text that is no key, a key with two actions in one
    /// context, a character bound where text is typed, no key left to leave the program.
    pub(super) fn with_overrides(&self, keys: &Field<'_>) -> Result<Self, SettingsError> {
        let table = keys.section(Context::Global.table(), "a table of actions and their keys")?;
        let mut bound = self.bound.clone();
        let mut changed = Vec::new();
        let (tables, entries): (Vec<_>, Vec<_>) =
            table.fields().into_iter().partition(Field::is_table);
        for field in entries {
            let action = action(&table, &field)?;
            let keys = read_keys(&field)?;
            for context in self.homes(action) {
                bound.insert((context, action), keys.clone());
                changed.push((context, action, field.clone()));
            }
        }
        // What is said for one context comes after what is said for all.
        for field in tables {
            let Some(context) = Context::from_key(field.key()) else {
                return Err(unknown_table(&table, &field));
            };
            let inner = field.section(context.table(), "a table")?;
            for field in inner.fields() {
                let action = action(&inner, &field)?;
                bound.insert((context, action), read_keys(&field)?);
                changed.push((context, action, field));
            }
        }
        for (context, action, field) in &changed {
            check(&bound, *context, *action).map_err(|mistake| field.error(mistake))?;
        }
        let keymap = Self::from_table(bound);
        for context in Context::ALL {
            if keymap.keys_for(context, Action::Quit).is_empty() {
                let (action, context) = (Action::Quit.name(), format!(" in [{}]", context.table()));
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
        let nearest = nearest(field.key(), names).unwrap_or_default();
        field.error(table.unknown_key(field, nearest))
    })
}

/// The error of a table in `[keys]` that is no context.
fn unknown_table(table: &Section<'_>, field: &Field<'_>) -> SettingsError {
    let contexts = ["explore", "compare", "sweep", "text"];
    let nearest = nearest(field.key(), contexts).unwrap_or_default();
    field.error(table.unknown_key(field, nearest))
}

/// The keys given to an action.
fn read_keys(field: &Field<'_>) -> Result<Vec<Key>, SettingsError> {
    let mut keys = Vec::new();
    for text in field.texts()? {
        let key: Key = text.parse().map_err(|_| {
            let (action, nearest) = (field.key().into(), Key::nearest_name(text));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().expect("a key")
    }

    fn patched(text: &str) -> Result<Keymap, String> {
        let source = Source { origin: "config.toml", text };
        let document = source.parse().expect("TOML");
        let root = Section::root(source, &document).expect("a schema");
        let keys = root.get("keys").expect("keys");
        Keymap::default().with_overrides(&keys).map_err(|error| error.to_string())
    }

    fn error(text: &str) -> String {
        patched(&format!("schema = 1\n{text}")).expect_err("a mistake")
    }

    #[test]
    fn the_default_table_is_right_and_binds_every_action() {
        let keymap = Keymap::from_text(DEFAULT).expect("the embedded table");
        assert_eq!(keymap, Keymap::default());
        for action in Action::ALL {
            let bound =
                Context::ALL.iter().any(|context| !keymap.keys_for(*context, *action).is_empty());
            assert!(bound, "{}", action.name());
        }
    }

    #[test]
    fn no_action_is_called_as_a_context() {
        // Both would be keys of [keys].
        let clash = |action: &&Action| Context::from_key(action.name()).is_some();
        assert_eq!(Action::ALL.iter().find(clash), None);
    }

    #[test]
    fn a_context_comes_before_the_global_meaning() {
        let keymap = Keymap::default();
        let does = |context, text| keymap.lookup(context, key(text));
        assert_eq!(does(Context::Explore, "Enter"), Some(Action::Run));
        assert_eq!(does(Context::Compare, "Enter"), Some(Action::Open));
        assert_eq!(does(Context::Explore, "p"), Some(Action::Parameters));
        assert_eq!(does(Context::Compare, "P"), Some(Action::Pin));
        assert_eq!(does(Context::Compare, "r"), Some(Action::Reverse));
        assert_eq!(does(Context::Explore, "r"), None);
        assert_eq!(does(Context::Sweep, "Enter"), Some(Action::Run));
        assert_eq!(does(Context::Sweep, "y"), Some(Action::YAxis));
        assert_eq!(does(Context::Explore, "y"), Some(Action::Copy));
        for context in [Context::Global, Context::Explore, Context::Compare, Context::Sweep] {
            assert_eq!(does(context, "q"), Some(Action::Quit));
            assert_eq!(does(context, "Shift-Tab"), Some(Action::PreviousPanel));
            assert_eq!(does(context, "Ctrl-P"), Some(Action::Commands));
            assert_eq!(does(context, "l") == Some(Action::Layers), context == Context::Explore);
        }
    }

    #[test]
    fn what_types_text_has_no_other_meaning_in_a_prompt() {
        let keymap = Keymap::default();
        for c in (' '..='~').chain(['é']) {
            assert_eq!(keymap.lookup(Context::Text, key(&c.to_string())), None, "{c}");
        }
        let does = |text| keymap.lookup(Context::Text, key(text));
        assert_eq!(does("Esc"), Some(Action::Close));
        assert_eq!(does("Enter"), Some(Action::Accept));
        assert_eq!(does("Ctrl-C"), Some(Action::Quit));
        assert_eq!(does("Down"), Some(Action::Down));
        assert_eq!(does("Left"), None);
        assert_eq!(does("F1"), None);
    }

    #[test]
    fn hints_show_only_keys_that_work() {
        let keymap = patched("schema = 1\n[keys]\nhelp = [\"?\", \"F1\", \"r\"]").expect("valid");
        assert_eq!(
            keymap.keys_for(Context::Explore, Action::Help),
            [key("?"), key("F1"), key("r")]
        );
        assert_eq!(keymap.keys_for(Context::Compare, Action::Help), [key("?"), key("F1")]);
        assert_eq!(keymap.keys_for(Context::Compare, Action::Run), []);
    }

    #[test]
    fn a_users_file_is_a_patch() {
        let keymap = patched(
            "schema = 1\n[keys]\nrun = [\"Enter\", \"R\"]\nundo = \"Ctrl-Z\"\ncopy = []\nshow-explore = \"F2\"\n\
             [keys.compare]\nrun = \"R\"\n[keys.text]\ndown = \"Ctrl-J\"",
        )
        .expect("valid");
        assert_eq!(keymap.keys_for(Context::Explore, Action::Run), [key("Enter"), key("R")]);
        assert_eq!(keymap.keys_for(Context::Compare, Action::Run), [key("R")]);
        assert_eq!(keymap.lookup(Context::Compare, key("Enter")), Some(Action::Open));
        assert_eq!(keymap.lookup(Context::Explore, key("u")), None);
        assert_eq!(keymap.lookup(Context::Explore, key("Ctrl-Z")), Some(Action::Undo));
        assert_eq!(keymap.lookup(Context::Explore, key("y")), None);
        assert_eq!(keymap.lookup(Context::Compare, key("F2")), Some(Action::Explore));
        assert_eq!(keymap.keys_for(Context::Text, Action::Down), [key("Ctrl-J")]);
        assert_eq!(keymap.keys_for(Context::Text, Action::Up).len(), 3);
        assert_eq!(keymap.keys_for(Context::Explore, Action::Down), [key("Down"), key("j")]);
    }

    #[test]
    fn keys_for_all_contexts_are_taken_in_each_that_has_the_action() {
        let text = "schema = 1\n[keys]\ncompare = { sort = \"z\" }\nsort = \"S\"\nrun = \"R\"";
        let keymap = patched(text).expect("valid");
        assert_eq!(keymap.keys_for(Context::Compare, Action::Sort), [key("z")]);
        assert_eq!(keymap.keys_for(Context::Sweep, Action::Sort), [key("S")]);
        assert_eq!(keymap.keys_for(Context::Sweep, Action::Run), [key("R")]);
        assert_eq!(keymap.keys_for(Context::Explore, Action::Run), [key("R")]);
        assert_eq!(keymap.keys_for(Context::Explore, Action::Sort), []);
    }

    #[test]
    fn a_context_replaces_the_global_keys_of_an_action() {
        let keymap = patched("schema = 1\n[keys.compare]\nhelp = []\nquit = \"Z\"").expect("valid");
        assert_eq!(keymap.lookup(Context::Compare, key("?")), None);
        assert_eq!(keymap.lookup(Context::Explore, key("?")), Some(Action::Help));
        assert_eq!(keymap.keys_for(Context::Compare, Action::Quit), [key("Z")]);
    }

    #[test]
    fn keys_may_change_places() {
        let keymap = patched("schema = 1\n[keys]\nundo = \"f\"\nfix = \"u\"").expect("valid");
        assert_eq!(keymap.lookup(Context::Explore, key("f")), Some(Action::Undo));
    }

    #[test]
    fn an_unknown_action_is_told_with_the_nearest() {
        let expected = "config.toml:3: unknown key `run-base` in [keys]; the nearest valid key is \
                        `run-baseline`";
        assert_eq!(error("[keys]\nrun-base = \"b\""), expected);
        let expected =
            "config.toml:3: unknown key `pinn` in [keys.compare]; the nearest valid key is `pin`";
        assert_eq!(error("[keys.compare]\npinn = \"b\""), expected);
        let expected =
            "config.toml:2: unknown key `compre` in [keys]; the nearest valid key is `compare`";
        assert_eq!(error("[keys.compre]\npin = \"b\""), expected);
    }

    #[test]
    fn a_text_that_is_no_key_is_told() {
        let expected = "config.toml:3: `run`: \"Entr\" is no key; write one character or a name, \
                        as q, Ctrl-P or Enter (the nearest is Enter)";
        assert_eq!(error("[keys]\nrun = \"Entr\""), expected);
        let expected = "config.toml:3: `run`: \"\" is no key; write one character or a name, \
                        as q, Ctrl-P or Enter";
        assert_eq!(error("[keys]\nrun = [\"\"]"), expected);
    }

    #[test]
    fn a_key_with_two_actions_is_told() {
        let expected = "config.toml:3: key u is for both `edit` and `undo`; give one of them \
                        another, or none as in `undo = []`";
        assert_eq!(error("[keys]\nedit = \"u\""), expected);
        let expected = "config.toml:3: key Tab is for both `help` and `next-panel`; give one of \
                        them another, or none as in `next-panel = []`";
        assert_eq!(error("[keys]\nhelp = \"Ctrl-I\""), expected);
    }

    #[test]
    fn a_wrong_type_is_told() {
        let expected = "config.toml:3: `run` must be a string or a list of strings, not an integer";
        assert_eq!(error("[keys]\nrun = 1"), expected);
        let expected = "config.toml:4: `run[1]` must be a string, not a boolean";
        assert_eq!(error("[keys]\nrun = [\"R\",\ntrue]"), expected);
        let expected =
            "config.toml:2: `keys` must be a table of actions and their keys, not a string";
        assert_eq!(error("keys = \"vim\""), expected);
    }

    #[test]
    fn a_character_bound_in_a_prompt_is_told() {
        let expected = "config.toml:3: `down`: key j types a character; in [keys.text] bind \
                        others, as Ctrl-N";
        assert_eq!(error("[keys.text]\ndown = [\"Down\", \"j\"]"), expected);
    }

    #[test]
    fn there_is_always_a_key_to_leave() {
        let expected = "config.toml:2: `quit` has no key left in [keys]; give it one";
        assert_eq!(error("[keys]\nquit = []"), expected);
        let expected = "config.toml:2: `quit` has no key left in [keys.compare]; give it one";
        assert_eq!(error("[keys]\nquit = \"Z\"\n[keys.compare]\nsort = \"Z\""), expected);
        let expected = "config.toml:2: `quit` has no key left in [keys.text]; give it one";
        assert_eq!(error("[keys.text]\nquit = []"), expected);
    }

    #[test]
    fn the_help_shows_what_can_be_done_in_a_context() {
        let keymap = Keymap::default();
        let compare = keymap.help(Context::Compare);
        assert!(compare.iter().any(|line| line.2 == Action::Pin));
        assert!(!compare.iter().any(|line| line.2 == Action::Edit));
        assert!(compare.iter().all(|(keys, summary, _)| !keys.is_empty() && !summary.is_empty()));
        assert!(compare.windows(2).all(|pair| pair[0].2.group() <= pair[1].2.group()));
        let explore = keymap.help(Context::Explore);
        assert_eq!(
            explore[0],
            (vec![key("Enter")], "Run the layer or the sweep, or open a point", Action::Run)
        );
    }

    #[test]
    fn commands_are_there_also_without_a_key() {
        let keymap = patched("schema = 1\n[keys]\ncopy = []\nrun = []").expect("valid");
        let names = |context| -> Vec<_> {
            keymap
                .commands(context)
                .iter()
                .map(|(action, keys)| (action.name(), keys.len()))
                .collect()
        };
        assert!(names(Context::Explore).contains(&("copy", 0)));
        assert!(names(Context::Explore).contains(&("run", 0)));
        assert!(names(Context::Explore).contains(&("quit", 2)));
        let compare = names(Context::Compare);
        assert!(compare.contains(&("pin", 2)));
        for absent in ["run", "edit", "up", "accept", "commands", "close"] {
            assert!(!compare.iter().any(|(name, _)| *name == absent), "{absent}");
        }
    }
}
