//! Help: generated from the key table, the screen that is shown first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::parts::{block, centred, wrapped};
use crate::tui::action::Action;
use crate::tui::app::{App, HelpView};
use crate::tui::key::Key;
use crate::tui::keymap::Context;

/// The widest that it is.
const WIDEST: u16 = 96;

/// Columns of keys and of words before what they mean.
const BEFORE: usize = 20;

/// Something and its meaning.
type Entry = (String, String);

pub(super) fn draw(app: &App, help: &HelpView, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let area = centred(area, WIDEST, area.height);
    let lines = lines(app, help, usize::from(area.width.saturating_sub(2)));
    let height = area.height.saturating_sub(2);
    let last = (lines.len() as u16).saturating_sub(height);
    let title = match (help.find.as_str(), help.is_typing) {
        ("", false) => "help   / finds, arrows scroll, Esc closes".to_owned(),
        (find, true) => format!("help   /{find}_   Enter keeps it, Esc shows all"),
        (find, false) => format!("help   /{find}   arrows scroll, Esc shows all"),
    };
    let block = block(app, &title, true).style(theme.text);
    frame.render_widget(Clear, area);
    frame
        .render_widget(Paragraph::new(lines).block(block).scroll((help.scroll.min(last), 0)), area);
}

fn lines(app: &App, help: &HelpView, width: usize) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let intro = "Choose a layer and parameters, press Enter: the input is encrypted, convolved \
                 encrypted, decrypted, and held against the plain convolution.";
    let mut lines: Vec<Line<'static>> = Vec::new();
    if help.find.is_empty() {
        lines.extend(wrapped(intro, width).into_iter().map(|row| Line::styled(row, theme.text)));
    }
    let find = help.find.to_lowercase();
    let fits =
        |(before, meaning): &Entry| format!("{before} {meaning}").to_lowercase().contains(&find);
    for (title, is_keys, entries) in sections(app) {
        let entries: Vec<Entry> = entries.into_iter().filter(fits).collect();
        if entries.is_empty() {
            continue;
        }
        lines.extend([Line::default(), Line::styled(title, theme.title)]);
        let style = if is_keys { theme.key_hint } else { theme.accent };
        for (before, meaning) in entries {
            // A long list of keys has a line of its own.
            let is_long = before.chars().count() > BEFORE - 3;
            if is_long {
                lines.push(Line::styled(format!("  {before}"), style));
            }
            for (i, row) in wrapped(&meaning, width.saturating_sub(BEFORE)).into_iter().enumerate()
            {
                let before = if i == 0 && !is_long { before.as_str() } else { "" };
                let room = BEFORE - 2;
                lines.push(Line::from(vec![
                    Span::styled(format!("  {before:<room$}"), style),
                    Span::styled(row, theme.text),
                ]));
            }
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled("nothing in the help says so", theme.dim));
    }
    lines
}

/// What there is: the keys of the screen shown, of the others, of all, and the words.
fn sections(app: &App) -> Vec<(&'static str, bool, Vec<Entry>)> {
    let here = app.screen_context();
    let screens = Context::SCREENS.into_iter();
    let others = screens.clone().filter(|context| *context != here);
    let of_screens = screens.filter(|context| *context == here).chain(others);
    let everywhere: Vec<Action> =
        app.keymap.help(Context::Global).into_iter().map(|(_, _, action)| action).collect();
    let mut sections: Vec<_> = of_screens
        .map(|context| {
            let own = app.keymap.help(context).into_iter();
            // What is the same on all screens is said once.
            let is_own = |entry: &(Vec<Key>, &str, Action)| {
                let global = app.keymap.keys_for(Context::Global, entry.2);
                !everywhere.contains(&entry.2) || entry.0.iter().any(|key| !global.contains(key))
            };
            (context.title(), true, entries(own.filter(is_own)))
        })
        .collect();
    for context in [Context::Global, Context::Text] {
        sections.push((context.title(), true, entries(app.keymap.help(context).into_iter())));
    }
    let words = WORDS.map(|(word, meaning)| (word.to_owned(), meaning.to_owned()));
    sections.push(("words", false, words.to_vec()));
    sections
}

fn entries(lines: impl Iterator<Item = (Vec<Key>, &'static str, Action)>) -> Vec<Entry> {
    let entry = |(keys, summary, _): (Vec<Key>, &str, Action)| {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        (keys.join(" "), summary.to_owned())
    };
    lines.map(entry).collect()
}

/// The words of the screen.
const WORDS: [(&str, &str); 22] = [
    ("noise budget", "bits of noise that a ciphertext can still take; at 0 results are wrong"),
    ("fresh", "of uploads; then of rotated inputs, of sums, and of final outputs"),
    ("floor", "the noise budget that is left but for one run in 2^40"),
    ("t", "plaintext modulus: results are exact while below t/2"),
    ("headroom", "bits between the largest result and t/2"),
    ("limbs", "primes of the ciphertext modulus Q; the special prime P is for rotations"),
    ("log2(QP)", "capped for security; more of it is more noise budget"),
    ("lanes", "channels that share a ciphertext: slot by slot, or coefficient by coefficient"),
    (
        "plan",
        "lanes, baby steps and weight form: the planner's where free, kept where pinned, so \
              that runs differ in one thing alone",
    ),
    ("shared c1", "this many outputs have one second polynomial: fewer bytes back, more keys"),
    ("payload", "what of a message is inputs or results: the rest is noise, seed and header"),
    ("weight form", "transformed: large, and read as it is; raw: small, transformed each time"),
    ("baby steps", "rotations of inputs that spare rotations of sums; they cost noise budget"),
    ("eager, lazy", "reduce modulo the primes after every product, or once per sum"),
    ("server", "rotate + multiply + mix: the server's work online"),
    ("front", "runs of a sweep that no other beats in both figures of its chart"),
    ("baseline", "what a run is held against: the pinned one, or the newest conventional run"),
    ("own", "layers of your own making: change any field of a layer, or open a file"),
    (
        "not permitted",
        "known before anything is run: above the security cap, without such \
                       parameters, too large for the ring, or beyond the memory limit",
    ),
    ("~", "predicted, from the plan, the weights and the costs of this machine"),
    ("exact", "every output value equals the plain convolution"),
    (
        "SQNR",
        "signal to quantisation noise of a layer, in dB: its results in floats over what integers, \
         here and before, make of them",
    ),
];
