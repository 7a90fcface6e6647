//! Help: generated from the key table.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::parts::{block, centred};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::key::Key;
use crate::tui::keymap::Context;

pub(super) fn draw(app: &App, scroll: u16, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let area = centred(area, 84, area.height);
    let lines = lines(app);
    let height = area.height.saturating_sub(2);
    let last = (lines.len() as u16).saturating_sub(height);
    let block = block(app, "help   Esc closes, arrows scroll", true).style(theme.text);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block).scroll((scroll.min(last), 0)), area);
}

fn lines(app: &App) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let mut lines = vec![
        Line::styled(
            "Choose a layer and parameters, press Enter: the input is encrypted,",
            theme.text,
        ),
        Line::styled(
            "convolved encrypted, decrypted, and held against the plain convolution.",
            theme.text,
        ),
    ];
    let everywhere: Vec<Action> =
        keys(app, Context::Global, &[]).iter().map(|(_, action)| *action).collect();
    for (context, name, without) in [
        (Context::Explore, "explore", everywhere.as_slice()),
        (Context::Compare, "compare", everywhere.as_slice()),
        (Context::Sweep, "sweep", everywhere.as_slice()),
        (Context::Global, "everywhere", &[]),
    ] {
        lines.push(Line::default());
        lines.push(Line::styled(name, theme.title));
        lines.extend(keys(app, context, without).into_iter().map(|(line, _)| line));
    }
    lines.extend(glossary(app));
    lines
}

/// The keys of a context and what they do, but for some actions.
fn keys(app: &App, context: Context, without: &[Action]) -> Vec<(Line<'static>, Action)> {
    let theme = app.style.theme();
    let help = app.keymap.help(context).into_iter();
    let wanted = help.filter(|(_, _, action)| !without.contains(action));
    let line = |(keys, summary, action): (Vec<Key>, &'static str, Action)| {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let spans = vec![
            Span::styled(format!("  {:<18}", keys.join(" ")), theme.key_hint),
            Span::styled(summary, theme.text),
        ];
        (Line::from(spans), action)
    };
    wanted.map(line).collect()
}

/// The words of the screen.
fn glossary(app: &App) -> Vec<Line<'static>> {
    const WORDS: [(&str, &str); 15] = [
        ("noise budget", "bits of noise that a ciphertext can still take; at 0: wrong"),
        ("fresh", "of uploads; then of rotated inputs, of sums, and of final outputs"),
        ("t", "plaintext modulus: results are exact while below t/2"),
        ("limbs", "primes of the ciphertext modulus Q; special: for rotations"),
        ("log2(QP)", "capped for security; more of it is more noise budget"),
        ("lanes", "channels that share a ciphertext: slot by slot, or coefficient by coefficient"),
        ("shared c1", "this many outputs have one second polynomial: fewer bytes back, more keys"),
        ("payload", "what of a message is inputs or results: the rest is noise, seed and header"),
        ("weight form", "transformed: large, and read as it is; raw: small, transformed each time"),
        ("baby steps", "rotations of inputs that spare rotations of sums; they cost noise budget"),
        ("eager, lazy", "reduce modulo the primes after every product, or once per sum"),
        ("server", "rotate + multiply + mix: the server's work online"),
        ("front", "runs of a sweep that no other beats in both figures of its chart"),
        ("~", "predicted, from the plan, the weights and the costs of this machine"),
        ("exact", "every output value equals the plain convolution"),
    ];
    let theme = app.style.theme();
    let mut lines = vec![Line::default(), Line::styled("words", theme.title)];
    lines.extend(WORDS.map(|(word, meaning)| {
        Line::from(vec![
            Span::styled(format!("  {word:<18}"), theme.accent),
            Span::styled(meaning, theme.text),
        ])
    }));
    lines
}
