//! Tests of the key table.

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
    assert_eq!(does(Context::Compare, "Enter"), Some(Action::OpenRow));
    assert_eq!(does(Context::Explore, "p"), Some(Action::Parameters));
    assert_eq!(does(Context::Compare, "P"), Some(Action::Pin));
    assert_eq!(does(Context::Compare, "r"), Some(Action::Reverse));
    assert_eq!(does(Context::Explore, "r"), None);
    assert_eq!(does(Context::Sweep, "Enter"), Some(Action::Run));
    assert_eq!(does(Context::Sweep, "y"), Some(Action::YAxis));
    assert_eq!(does(Context::Explore, "y"), Some(Action::Copy));
    for context in [Context::Global, Context::Explore, Context::Compare, Context::Sweep] {
        assert_eq!(does(context, "q"), Some(Action::Quit));
        assert_eq!(
            does(context, "Shift-Tab") == Some(Action::PreviousPanel),
            context == Context::Explore
        );
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
    assert_eq!(keymap.keys_for(Context::Explore, Action::Help), [key("?"), key("F1"), key("r")]);
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
    assert_eq!(keymap.lookup(Context::Compare, key("Enter")), Some(Action::OpenRow));
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
    let expected = "config.toml:3: key Tab is for both `undo` and `next-panel`; give one of \
                    them another, or none as in `next-panel = []`";
    assert_eq!(error("[keys]\nundo = \"Ctrl-I\""), expected);
}

#[test]
fn a_wrong_type_is_told() {
    let expected = "config.toml:3: `run` must be a string or a list of strings, not an integer";
    assert_eq!(error("[keys]\nrun = 1"), expected);
    let expected = "config.toml:4: `run[1]` must be a string, not a boolean";
    assert_eq!(error("[keys]\nrun = [\"R\",\ntrue]"), expected);
    let expected = "config.toml:2: `keys` must be a table of actions and their keys, not a string";
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
        (vec![key("Enter")], "Run the layer, sweep or network, or open", Action::Run)
    );
}

#[test]
fn commands_are_there_also_without_a_key() {
    let keymap = patched("schema = 1\n[keys]\ncopy = []\nrun = []").expect("valid");
    let names = |context| -> Vec<_> {
        keymap.commands(context).iter().map(|(action, keys)| (action.name(), keys.len())).collect()
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
