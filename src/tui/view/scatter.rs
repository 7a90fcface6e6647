//! A scatter chart, drawn cell by cell so that it is made of the glyphs in use alone.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::tui::glyphs::Glyphs;

/// The most columns of labels left of the chart.
const LABELS: u16 = 12;

/// An axis.
pub(super) struct Axis {
    /// What is drawn along it.
    pub name: String,
    /// A figure of it as text.
    pub text: Box<dyn Fn(f64) -> String>,
    /// Whether more is better.
    pub more_is_better: bool,
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// Along x and y.
    pub at: [f64; 2],
    /// What is drawn.
    pub glyph: &'static str,
    /// How.
    pub style: Style,
    /// Whether it is on the front, whose points are joined.
    pub on_front: bool,
}

/// A scatter chart.
pub(super) struct Scatter<'a> {
    /// Along x and y.
    pub axes: [Axis; 2],
    /// The points; later ones cover earlier ones.
    pub points: Vec<Point>,
    /// The glyphs.
    pub glyphs: &'a Glyphs,
    /// The style of axes and labels.
    pub dim: Style,
    /// The style of the axes' names.
    pub text: Style,
    /// The style of the line that joins the front.
    pub line: Style,
}

/// From figures to cells.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    least: f64,
    most: f64,
    is_log: bool,
}

impl Scale {
    /// The scale that holds all `figures`: logarithmic where they span more than a decade; `None`
    /// without a finite one.
    fn new(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let bounds = |bounds: Option<(f64, f64)>, figure: f64| match bounds {
            _ if !figure.is_finite() => bounds,
            None => Some((figure, figure)),
            Some((least, most)) => Some((least.min(figure), most.max(figure))),
        };
        let (least, most) = figures.fold(None, bounds)?;
        Some(Self { least, most, is_log: least > 0.0 && most > 10.0 * least })
    }

    /// Where a figure is, from 0 to 1.
    fn part(self, figure: f64) -> f64 {
        let map = |value: f64| if self.is_log { value.ln() } else { value };
        let (least, most) = (map(self.least), map(self.most));
        if most > least { (map(figure) - least) / (most - least) } else { 0.5 }
    }

    /// The figure at a part of the way.
    fn figure(self, part: f64) -> f64 {
        if self.is_log {
            self.least * (self.most / self.least).powf(part)
        } else {
            self.least + (self.most - self.least) * part
        }
    }
}

impl Scatter<'_> {
    /// Draws the chart; nothing where there is no room or no point.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect) {
        let finite = || self.points.iter().filter(|p| p.at.iter().all(|figure| figure.is_finite()));
        let x = Scale::new(finite().map(|point| point.at[0]));
        let y = Scale::new(finite().map(|point| point.at[1]));
        let (Some(x), Some(y)) = (x, y) else { return };
        if area.width < LABELS + 16 || area.height < 6 {
            return;
        }
        let height = area.height - 4;
        let ticks = self.ticks(y, height);
        let longest = ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        let labels = (longest as u16 + 1).min(LABELS);
        let plot =
            Rect { x: area.x + labels + 1, y: area.y + 1, width: area.width - labels - 2, height };
        for (row, label) in &ticks {
            let start = plot.x.saturating_sub(2 + label.chars().count() as u16).max(area.x);
            let room = usize::from(labels);
            buffer.set_stringn(start, plot.y + row, label, room, self.dim);
        }
        self.frame(buffer, area, plot, [x, y]);
        // Points at the ends are drawn one cell inside.
        let cell = |at: [f64; 2]| {
            let column = 1.0 + x.part(at[0]) * f64::from(plot.width.saturating_sub(3));
            let row = (1.0 - y.part(at[1])) * f64::from(plot.height.saturating_sub(1));
            Position::new(plot.x + column.round() as u16, plot.y + row.round() as u16)
        };
        let mut front: Vec<Position> =
            finite().filter(|point| point.on_front).map(|point| cell(point.at)).collect();
        front.sort_by_key(|position| position.x);
        if self.axes[0].more_is_better {
            front.reverse();
        }
        for pair in front.windows(2) {
            self.join(buffer, pair[0], pair[1]);
        }
        for point in finite() {
            buffer.set_string(cell(point.at).x, cell(point.at).y, point.glyph, point.style);
        }
    }

    /// Rows of the plot and the figures beside them: at the ends of y and in the middle.
    fn ticks(&self, y: Scale, height: u16) -> Vec<(u16, String)> {
        let last = height.saturating_sub(1);
        let rows = if y.least < y.most { vec![0, last / 2, last] } else { vec![height / 2] };
        let tick = |row: u16| {
            let part = 1.0 - f64::from(row) / f64::from(last.max(1));
            (row, (self.axes[1].text)(y.figure(part)))
        };
        rows.into_iter().map(tick).collect()
    }

    /// The axes, their names, and the figures at the ends of x.
    fn frame(&self, buffer: &mut Buffer, area: Rect, plot: Rect, [x, y]: [Scale; 2]) {
        let name = |axis: &Axis, scale: Scale| {
            let better = if axis.more_is_better { ", more is better" } else { "" };
            format!("{}{better}{}", axis.name, if scale.is_log { " (log)" } else { "" })
        };
        let up = format!("{} {}", self.glyphs.ascending, name(&self.axes[1], y));
        let room = usize::from(area.width);
        buffer.set_stringn(area.x, area.y, up, room, self.text);
        for row in plot.top()..plot.bottom() {
            buffer.set_string(plot.x - 1, row, self.glyphs.divider, self.dim);
        }
        for column in plot.left() - 1..plot.right() {
            buffer.set_string(
                column,
                plot.bottom(),
                self.glyphs.border.horizontal_bottom,
                self.dim,
            );
        }
        let below = plot.bottom() + 1;
        let (least, most) = ((self.axes[0].text)(x.least), (self.axes[0].text)(x.most));
        buffer.set_string(plot.x, below, &least, self.dim);
        if x.least < x.most {
            let start = plot.right().saturating_sub(most.chars().count() as u16);
            buffer.set_string(start, below, &most, self.dim);
        }
        let along = name(&self.axes[0], x);
        let start = plot.right().saturating_sub(along.chars().count() as u16).max(area.x);
        buffer.set_stringn(start, below + 1, along, room, self.text);
    }

    /// Joins two points of the front by the corner that neither of them beats.
    fn join(&self, buffer: &mut Buffer, from: Position, to: Position) {
        for column in from.x.min(to.x)..=from.x.max(to.x) {
            buffer.set_string(column, from.y, self.glyphs.dot, self.line);
        }
        for row in from.y.min(to.y)..=from.y.max(to.y) {
            buffer.set_string(to.x, row, self.glyphs.dot, self.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: &[([f64; 2], bool)], more_is_better: bool) -> String {
        let axis = |name: &str, more_is_better| Axis {
            name: name.into(),
            text: Box::new(|figure| format!("{figure:.1}")),
            more_is_better,
        };
        let point = |&(at, on_front): &([f64; 2], bool)| Point {
            at,
            glyph: if on_front { "*" } else { "o" },
            style: Style::new(),
            on_front,
        };
        let scatter = Scatter {
            axes: [axis("ms", false), axis("bits", more_is_better)],
            points: points.iter().map(point).collect(),
            glyphs: &Glyphs::ASCII,
            dim: Style::new(),
            text: Style::new(),
            line: Style::new(),
        };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 11));
        let area = buffer.area;
        scatter.draw(&mut buffer, area);
        let rows = (0..11).map(|y| {
            let row: String = (0..40).map(|x| buffer[(x, y)].symbol()).collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_front_is_joined_by_steps() {
        let points = [([1.0, 1.0], true), ([2.0, 3.0], true), ([2.0, 1.0], false)];
        let expected = "\
^ bits, more is better
3.0 |                                *
    |                                .
    |                                .
2.0 |                                .
    |                                .
    |                                .
1.0 | *..............................o
    -----------------------------------
     1.0                            2.0
                                     ms";
        assert_eq!(chart(&points, true).trim_end(), expected);
    }

    #[test]
    fn more_than_a_decade_is_drawn_logarithmically() {
        let points = [([1.0, 1.0], true), ([10.0, 1.0], false), ([100.0, 1.0], false)];
        let chart = chart(&points, false);
        assert!(chart.contains("ms (log)") && !chart.contains("bits (log)"), "{chart}");
        let row = chart.lines().find(|line| line.contains('*')).expect("points");
        let at = |c| row.rfind(c).expect("a point");
        let middle = row[..at('o')].rfind('o').expect("a point");
        assert!((2 * middle).abs_diff(at('*') + at('o')) <= 1, "{chart}");
    }

    #[test]
    fn figures_that_are_not_finite_are_not_drawn() {
        assert_eq!(chart(&[([f64::NAN, 1.0], false)], false).trim(), "");
        assert_eq!(chart(&[], false).trim(), "");
        let one = chart(&[([1.0, f64::INFINITY], false), ([5.0, 5.0], true)], false);
        assert_eq!(one.matches('*').count(), 1, "{one}");
    }
}
