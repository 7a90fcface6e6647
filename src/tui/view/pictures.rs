//! Pictures: what the client has, what the server sees, what the client gets.

use ndarray::Axis;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::parts::block;
use crate::conv::layer::activation_range;
use crate::tui::app::App;
use crate::tui::picture::Picture;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if area.height < 3 {
        return;
    }
    let thirds = [Constraint::Fill(1), Constraint::Fill(1), Constraint::Fill(1)];
    let [left, middle, right] = Layout::horizontal(thirds).areas(area);
    draw_input(app, frame, left);
    draw_server(app, frame, middle);
    draw_output(app, frame, right);
}

fn show(
    app: &App,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    picture: Option<Picture>,
    without: &str,
) {
    let block = block(app, title, false);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let theme = app.style.theme();
    match picture {
        Some(picture) => {
            let mode = app.style.picture_mode();
            picture.render(inner, frame.buffer_mut(), mode, |r, g, b| theme.rgb(r, g, b));
        }
        None => frame.render_widget(Line::styled(without.to_owned(), theme.dim).centered(), inner),
    }
}

fn draw_input(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let of_run = app.shown().and_then(|run| run.tensors.as_ref()).map(|tensors| &tensors.input);
    let input = of_run.or(app.input.as_ref());
    let spec = &app.form.layer.spec;
    let (bits, signed) = (spec.activation_bits.clamp(1, 16), spec.activation_signed == Some(true));
    let max = *activation_range(bits, signed).end();
    let picture = input.and_then(|input| {
        let is_picture = app.form.layer.image.is_some();
        let whole = if is_picture { Picture::from_channels(input, max) } else { None };
        let channel = app.map % input.len_of(Axis(0)).max(1);
        whole.or_else(|| Some(Picture::heat_map(input.index_axis(Axis(0), channel))))
    });
    show(app, frame, area, "client: input", picture, "no input");
}

fn draw_server(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let run = app.shown().filter(|run| run.tensors.is_some());
    let picture = run.and_then(|run| {
        let bits = run.record.params.limbs.first()?.ilog2() + 1;
        Some(Picture::ciphertext(&run.tensors.as_ref()?.ciphertext, bits))
    });
    show(app, frame, area, "server sees", picture, "ciphertexts, after a run");
}

fn draw_output(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let count = app.form.layer.spec.out_channels.max(1);
    let output = app.shown().and_then(|run| run.tensors.as_ref()).map(|tensors| &tensors.output);
    let map = output.map(|output| app.map % output.len_of(Axis(0)).max(1));
    let title = match (map, &app.form.layer.filters) {
        (Some(map), Some(filters)) if filters.len() > map => {
            format!("client: {} {}/{count}  [ ]", filters[map].name, map + 1)
        }
        (Some(map), _) => format!("client: feature map {}/{count}  [ ]", map + 1),
        (None, _) => "client: decrypted".into(),
    };
    let picture = output.zip(map).and_then(|(output, map)| {
        let values = output.index_axis(Axis(0), map);
        // Without a sign there is nothing to colour.
        if values.iter().all(|value| *value >= 0) {
            let largest = values.iter().copied().max().unwrap_or(1);
            return Picture::from_channels(&values.insert_axis(Axis(0)).to_owned(), largest);
        }
        Some(Picture::signed(values))
    });
    show(app, frame, area, &title, picture, "feature maps, after a run");
}
