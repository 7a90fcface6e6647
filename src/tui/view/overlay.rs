//! What lies over the screen: prompts, palette, errors, and panels without room of their own.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};

use super::parts::{block, centred};
use super::{bookmarks, decision, explore, form, help, layers, meaning, optimise, pictures};
use crate::tui::action::Action;
use crate::tui::app::{App, Asking, Overlay};
use crate::tui::palette::Palette;
use crate::tui::sweep::ranges::EXAMPLE;

pub(super) fn draw(app: &App, overlay: &Overlay, frame: &mut Frame<'_>, area: Rect) {
    match overlay {
        Overlay::Help(view) => help::draw(app, view, frame, area),
        Overlay::Meaning(place) => meaning::draw(app, *place, frame, area),
        Overlay::Bookmarks(at) => bookmarks::draw(app, *at, frame, area),
        Overlay::Optimise(question) => optimise::draw(app, question, frame, area),
        Overlay::Decision(scroll) => decision::draw(app, *scroll, frame, area),
        Overlay::Palette(palette) => draw_palette(app, palette, frame, area),
        Overlay::Prompt { asking, input } => {
            let (title, hint) = question(*asking);
            draw_prompt(app, frame, area, &title, &hint, input);
        }
        Overlay::Overwrite(path) => {
            let text = format!(
                "{} is there already.\n\ny replaces it, any other key does not.",
                path.display()
            );
            draw_text(app, frame, area, "replace?", &text);
        }
        Overlay::Delete(index) => {
            let text = format!(
                "run {} is deleted for good, from the history too.\n\ny deletes it, any other key does not.",
                index + 1
            );
            draw_text(app, frame, area, "delete?", &text);
        }
        Overlay::Leave(what) => {
            let text = format!(
                "{what} is in progress, and leaving ends it.\n\n{} again leaves, any other key stays.",
                app.key_name(Action::Quit)
            );
            draw_text(app, frame, area, "leave?", &text);
        }
        Overlay::Refused(why) => {
            draw_text(app, frame, area, "not permitted   any key closes", why);
        }
        Overlay::Error(problem) => draw_text(app, frame, area, "error   any key closes", problem),
        Overlay::Layers | Overlay::Parameters | Overlay::Pictures if explore::is_wide(area) => {}
        Overlay::Layers => {
            let area = panel(frame, area, 44, area.height);
            layers::draw(app, frame, area);
        }
        Overlay::Parameters => {
            let area = panel(frame, area, 56, form::height(u16::MAX));
            form::draw(app, frame, area);
        }
        Overlay::Pictures => {
            let area = panel(frame, area, area.width, area.height);
            pictures::draw(app, frame, area);
        }
    }
}

fn panel(frame: &mut Frame<'_>, area: Rect, width: u16, height: u16) -> Rect {
    let area = centred(area, width, height);
    frame.render_widget(Clear, area);
    area
}

fn question(asking: Asking) -> (String, String) {
    match asking {
        Asking::Value(field) => {
            (field.label().into(), "Enter takes the value, Esc leaves it".into())
        }
        Asking::Filter => {
            ("layers whose name contains".into(), "Enter keeps, Esc shows all".into())
        }
        Asking::ExportPath => (
            "export the experiment to".into(),
            "as .toml for heconv, .seal.cpp .openfhe.cpp .lattigo.go".into(),
        ),
        Asking::ExportRuns => {
            ("export the runs shown to".into(), "as a table: .csv .md .tex .jsonl".into())
        }
        Asking::ExportRows => {
            ("export the points to".into(), "as a table: .csv .md .tex .jsonl".into())
        }
        Asking::Bookmark => {
            ("keep the form as".into(), "a name; the same name replaces what it had".into())
        }
        Asking::Ranges => {
            ("sweep over ranges of any field of the form".into(), format!("like {EXAMPLE}"))
        }
        Asking::Model => (
            "the model, and its input".into(),
            "bits of weights and activations; mean std shape input labels".into(),
        ),
        Asking::Note(index) => (
            format!("note of run {}", index + 1),
            "Enter keeps it, with the run in the history".into(),
        ),
        Asking::RunFilter => (
            "runs in whose texts is".into(),
            "layer, method, note, ...; Enter keeps, Esc shows all".into(),
        ),
        Asking::Open => {
            ("open".into(), "Tab completes; .toml .onnx .npy .npz .safetensors .png .jpg".into())
        }
        Asking::Save => {
            ("save".into(), "experiment params network sweep runs points weights ...".into())
        }
        Asking::ExportLayers => {
            ("export the layers to".into(), "a new directory, for one .toml each".into())
        }
    }
}

fn draw_prompt(
    app: &App,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    hint: &str,
    input: &tui_input::Input,
) {
    let theme = app.style.theme();
    let area = panel(frame, area, 64, 4);
    let block = block(app, title, true).style(theme.text);
    let inner = block.inner(area);
    let scroll = input.visual_scroll(usize::from(inner.width.saturating_sub(1)));
    let shown: String = input.value().chars().skip(scroll).collect();
    let lines = vec![Line::styled(shown, theme.input), Line::styled(hint.to_owned(), theme.dim)];
    frame.render_widget(Paragraph::new(lines).block(block), area);
    let column = input.visual_cursor().saturating_sub(scroll) as u16;
    if inner.width > 0 && inner.height > 0 {
        frame.set_cursor_position(Position::new(inner.x + column.min(inner.width - 1), inner.y));
    }
}

fn draw_text(app: &App, frame: &mut Frame<'_>, area: Rect, title: &str, text: &str) {
    let theme = app.style.theme();
    let area = panel(frame, area, 64, 8);
    let block = block(app, title, true).style(theme.text);
    let paragraph = Paragraph::new(text).wrap(Wrap { trim: true }).style(theme.warning);
    frame.render_widget(paragraph.block(block), area);
}

fn draw_palette(app: &App, palette: &Palette, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let area = panel(frame, area, 72, 16);
    let block = block(app, "commands   type to find, Enter does it", true).style(theme.text);
    let inner = block.inner(area);
    let matches = palette.matches();
    let mut lines = vec![Line::styled(format!("> {}", palette.input.value()), theme.input)];
    let rows = usize::from(inner.height).saturating_sub(1);
    let first = (palette.cursor() + 1).saturating_sub(rows);
    for (i, command) in matches.iter().enumerate().skip(first).take(rows) {
        let style = if i == palette.cursor() { theme.selected } else { theme.text };
        let room = usize::from(inner.width).saturating_sub(command.keys.chars().count() + 1);
        let text: String = command.text.chars().take(room.saturating_sub(1)).collect();
        lines.push(Line::from(vec![
            Span::styled(format!("{text:<room$}"), style),
            Span::styled(command.keys.clone(), theme.key_hint),
        ]));
    }
    let hint = match palette.argument() {
        Some((Action::Open, _)) => "Enter opens this file, Tab completes its path",
        Some(_) => {
            "Enter saves, Tab completes the path; before it stands what: runs, weights, output"
        }
        None => "no command is like this",
    };
    if matches.is_empty() || palette.argument().is_some() {
        lines.truncate(1);
        lines.push(Line::styled(hint, theme.dim));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
    let column = 2 + palette.input.visual_cursor() as u16;
    if inner.width > 0 && inner.height > 0 {
        frame.set_cursor_position(Position::new(inner.x + column.min(inner.width - 1), inner.y));
    }
}
