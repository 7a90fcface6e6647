//! The optimisation: the question what to optimise for, and how far the search is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::parts::{bar, block, centred};
use crate::tui::app::App;
use crate::tui::form::Field;
use crate::tui::optimise::{Choice, Optimisation, Question};
use crate::tune::Objective;

/// Columns of the question.
const WIDTH: u16 = 60;

pub(super) fn draw(app: &App, question: &Question, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let mut lines = vec![Line::styled(layer(app), theme.dim)];
    for row in Question::rows() {
        if row == Choice::Objective(Objective::ALL[0]) {
            lines.push(Line::styled(" minimise", theme.header));
        }
        lines.push(line(app, question, row));
    }
    let area = centred(area, WIDTH, lines.len() as u16 + 2);
    let block = block(app, "optimise   Enter starts, Esc leaves", true).style(theme.text);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// What stays as it is in the form.
fn layer(app: &App) -> String {
    let (form, spec) = (&app.form, &app.form.layer.spec);
    format!(
        " {}   {} + {} bits   {}   threads {}",
        form.layer.full_name(),
        form.value(Field::ActivationBits),
        spec.weight_bits,
        form.reduction.name(),
        form.threads,
    )
}

fn line(app: &App, question: &Question, row: Choice) -> Line<'static> {
    let (theme, glyphs, wish) = (app.style.theme(), app.style.glyphs(), question.wish);
    let (name, value, is_setting) = match row {
        Choice::Margin => {
            ("margin", format!("at least {} bits of noise budget", wish.margin_bits), true)
        }
        Choice::Algorithm if wish.any_algorithm => ("algorithm", "any".to_owned(), true),
        Choice::Algorithm => ("algorithm", format!("{} alone", app.form.algorithm.name()), true),
        Choice::Plain => ("t holds", wish.plain.text(), true),
        Choice::Objective(objective) => (objective.name(), meaning(objective).to_owned(), false),
    };
    let mark = if row == Choice::Objective(wish.objective) { glyphs.arrow } else { " " };
    let is_here = row == question.at;
    let style = if is_here { theme.selected } else { theme.text };
    let room = usize::from(WIDTH) - 2 - 18;
    let text = match (is_setting, is_here) {
        (true, true) => format!("{value:<width$}< > ", width = room - 4),
        _ => format!("{value:<room$}"),
    };
    let value_style = if is_here { theme.selected } else { theme.dim };
    let value_style = if is_setting && !is_here { theme.text } else { value_style };
    Line::from(vec![
        Span::styled(format!(" {mark} {name:<15}"), style),
        Span::styled(text, value_style),
    ])
}

const fn meaning(objective: Objective) -> &'static str {
    match objective {
        Objective::Total => "time from the input to the output",
        Objective::Server => "time of the server's work",
        Objective::Upload => "bytes to the server",
        Objective::Download => "bytes back",
        Objective::Communication => "bytes in both directions",
        Objective::TotalWithKeys => "the same, with keys made and sent",
        Objective::CommunicationWithKeys => "the same, keys among them",
        Objective::Storage => "bytes of weights and keys kept",
        Objective::Memory => "bytes the server holds at most",
    }
}

/// How far the search is; the runs after it show themselves.
pub(super) fn progress(app: &App, optimisation: &Optimisation, width: u16) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let (done, of) = optimisation.searched;
    let query = &optimisation.query;
    let text = format!(
        "optimise: search by prediction for the least {}, margin {} bits",
        query.objective.name(),
        query.margin_bits,
    );
    let seconds = app.now_ms.saturating_sub(optimisation.started_ms) as f64 / 1e3;
    let mut line = vec![Span::styled("search     ", theme.accent)];
    let fraction = done as f64 / of.max(1) as f64;
    line.extend(bar(app, width.saturating_sub(40).min(40), fraction, None));
    line.push(Span::styled(format!(" {:>3.0} %  {seconds:.1} s", 100.0 * fraction), theme.text));
    vec![Line::styled(text, theme.text), Line::from(line)]
}
