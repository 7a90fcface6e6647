//! Network: a network layer by layer, what is predicted of each and what its run gave, and totals; of a
//! model its input and its answer too.

mod answer;
mod table;
mod top;
mod totals;

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::job::OpenedModel;
use crate::tui::app::App;
use crate::tui::network::Subject;

/// Cells of the bars.
const BAR: u16 = 12;

/// Where the parts of the screen are.
pub(super) struct Areas {
    top: Rect,
    /// Of a model alone.
    answer: Option<Rect>,
    /// The layers.
    pub table: Rect,
    totals: Rect,
}

/// The model that is shown, where it is one.
fn model(app: &App) -> Option<&Arc<OpenedModel>> {
    app.networks.chosen().and_then(Subject::model)
}

/// How it is run, the answer of a model, the layers, and the totals.
pub(super) fn areas(app: &App, area: Rect) -> Areas {
    const LOW: u16 = 28;
    const LEAST_TABLE: u16 = 5;
    const ANSWER: [u16; 2] = [7, 14];
    let is_model = model(app).is_some();
    let comparisons = app.networks.comparisons.len() as u16;
    let totals = comparisons + if is_model && area.height < LOW { 4 } else { 5 };
    let top = 3 + top::progress_rows(app, area.width.saturating_sub(2));
    let rest = area.height.saturating_sub(top + totals);
    // The answer has what the layers leave, but is to be seen at all.
    let wanted = app.networks.rows.len() as u16 + 3;
    let least = ANSWER[0].min(rest.saturating_sub(LEAST_TABLE));
    let answer = if is_model { rest.saturating_sub(wanted).clamp(least, ANSWER[1]) } else { 0 };
    let rows = [
        Constraint::Length(top),
        Constraint::Length(answer),
        Constraint::Min(4),
        Constraint::Length(totals),
    ];
    let [top, answer, table, totals] = Layout::vertical(rows).areas(area);
    Areas { top, answer: (answer.height > 2).then_some(answer), table, totals }
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if app.zoomed {
        return table::draw(app, frame, area);
    }
    let areas = areas(app, area);
    top::draw(app, frame, areas.top);
    if let (Some(area), Some(model)) = (areas.answer, model(app)) {
        answer::draw(app, model, frame, area);
    }
    table::draw(app, frame, areas.table);
    totals::draw(app, frame, areas.totals);
}
