//! A chart of curves over two logarithmic axes, as rows of cells: how a cell looks is for others to say.

/// A cell of a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChartCell {
    /// Nothing.
    #[default]
    Blank,
    /// A part of a label.
    Text(char),
    /// The axis of y.
    Vertical,
    /// The axis of x.
    Horizontal,
    /// A curve, by its place.
    Line(usize),
    /// A mark that tells a curve from others, by its place.
    Mark(usize),
}

/// A row of cells.
pub type ChartRow = Vec<ChartCell>;

/// Curves: each gives y above 0 for every x of a chart's range.
pub type Curves<'a> = Vec<Box<dyn Fn(f64) -> f64 + 'a>>;

/// A chart to be drawn.
pub struct Chart<'a> {
    /// The curves. Where two meet, the lower is seen.
    pub curves: Curves<'a>,
    /// The labels of x, rising; the first and the last are the ends of the range.
    pub ticks: Vec<(f64, String)>,
    /// A y as a label.
    pub label: fn(f64) -> String,
    /// Columns, labels and all.
    pub width: usize,
    /// Rows of the curves.
    pub height: usize,
}

/// The fewest columns of the curves.
const LEAST_WIDTH: usize = 10;

impl Chart<'_> {
    /// The rows: those of the curves, the axis of x, and its labels. Nothing where there is no room or
    /// nothing to be drawn.
    pub fn rows(&self) -> Vec<ChartRow> {
        let (Some((least, _)), Some((most, _))) = (self.ticks.first(), self.ticks.last()) else {
            return Vec::new();
        };
        let x = Log { least: *least, most: *most };
        let Some(y) = self.heights(x).filter(|_| x.is_range() && self.height >= 2) else {
            return Vec::new();
        };
        let labels = self.labels(y);
        let longest = labels.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        let left = longest + 2;
        if self.width < left + LEAST_WIDTH {
            return Vec::new();
        }
        let columns = self.width - left;
        let mut rows = vec![vec![ChartCell::Blank; self.width]; self.height + 2];
        for (row, label) in labels {
            write(&mut rows[row], longest - label.chars().count(), &label);
        }
        rows.iter_mut().take(self.height).for_each(|row| row[left - 1] = ChartCell::Vertical);
        rows[self.height][left - 1..].fill(ChartCell::Horizontal);
        for column in 0..columns {
            self.draw_column(&mut rows, column, left, x.at(column, columns), y);
        }
        self.draw_ticks(&mut rows[self.height + 1], left, columns, x);
        rows
    }

    /// The range that holds all curves; none where a figure has no logarithm.
    fn heights(&self, x: Log) -> Option<Log> {
        const SAMPLES: usize = 100;
        let samples = (0..SAMPLES).map(|i| x.at(i, SAMPLES));
        let all = samples.flat_map(|x| self.curves.iter().map(move |curve| curve(x)));
        let range = all.fold((f64::INFINITY, 0.0f64), |(a, b), y| (a.min(y), b.max(y)));
        let range = Log { least: range.0, most: range.1 };
        range.is_range().then_some(range)
    }

    /// Rows and what stands beside them: round figures, powers of ten first, with a row between them.
    fn labels(&self, y: Log) -> Vec<(usize, String)> {
        let mut labels: Vec<(usize, String)> = Vec::new();
        for digit in [1.0, 3.0, 2.0, 5.0] {
            let powers = y.least.log10().floor() as i32..=y.most.log10().floor() as i32;
            for figure in powers.map(|power| digit * 10f64.powi(power)) {
                let row = self.row(y, figure);
                let is_free = labels.iter().all(|(other, _)| other.abs_diff(row) > 1);
                if is_free && (y.least..=y.most).contains(&figure) {
                    labels.push((row, (self.label)(figure)));
                }
            }
        }
        if labels.is_empty() {
            labels = vec![(0, (self.label)(y.most)), (self.height - 1, (self.label)(y.least))];
        }
        labels
    }

    fn row(&self, y: Log, figure: f64) -> usize {
        ((1.0 - y.part(figure)) * (self.height - 1) as f64).round().max(0.0) as usize
    }

    /// The curves at one x: lower ones over higher ones, and marks over lines.
    fn draw_column(&self, rows: &mut [ChartRow], column: usize, left: usize, x: f64, y: Log) {
        let mut heights: Vec<(usize, f64)> =
            self.curves.iter().map(|curve| curve(x)).enumerate().collect();
        heights.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        // Each curve has a mark where the others have none.
        let period = self.curves.len().max(4);
        let is_marked = |curve: usize| column % period == curve;
        for marks in [false, true] {
            for (curve, height) in &heights {
                if is_marked(*curve) != marks {
                    continue;
                }
                let cell = if marks { ChartCell::Mark(*curve) } else { ChartCell::Line(*curve) };
                let row = self.row(y, *height).min(self.height - 1);
                rows[row][left + column] = cell;
            }
        }
    }

    /// Labels of x, as many as there is room for, the ends first.
    fn draw_ticks(&self, row: &mut ChartRow, left: usize, columns: usize, x: Log) {
        let place = |(at, label): &(f64, String)| {
            let length = label.chars().count();
            let centre = left + (x.part(*at) * (columns - 1) as f64).round() as usize;
            let start = (centre + 1).saturating_sub(length.div_ceil(2)).max(left);
            start.min(self.width.saturating_sub(length))
        };
        let ends = self.ticks.iter().take(1).chain(self.ticks.iter().skip(1).rev().take(1));
        let between = self.ticks.iter().skip(1).take(self.ticks.len().saturating_sub(2));
        for tick in ends.chain(between) {
            let (start, length) = (place(tick), tick.1.chars().count());
            let around = start.saturating_sub(1)..(start + length + 1).min(self.width);
            if row[around].iter().all(|cell| *cell == ChartCell::Blank) {
                write(row, start, &tick.1);
            }
        }
    }
}

/// Writes a text into a row, as far as it goes.
fn write(row: &mut ChartRow, start: usize, text: &str) {
    for (cell, letter) in row.iter_mut().skip(start).zip(text.chars()) {
        *cell = ChartCell::Text(letter);
    }
}

/// A range of a logarithmic axis.
#[derive(Clone, Copy, Debug)]
struct Log {
    least: f64,
    most: f64,
}

impl Log {
    /// Whether it is one: of finite numbers above 0, of which the first is the least.
    fn is_range(self) -> bool {
        self.least > 0.0 && self.least < self.most && self.most.is_finite()
    }

    /// Where a figure is, from 0 to 1.
    fn part(self, figure: f64) -> f64 {
        (figure / self.least).ln() / (self.most / self.least).ln()
    }

    /// The figure at a place of so many.
    fn at(self, place: usize, places: usize) -> f64 {
        let part = place as f64 / places.saturating_sub(1).max(1) as f64;
        self.least * (self.most / self.least).powf(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(chart: &Chart<'_>) -> Vec<String> {
        let character = |cell: &ChartCell| match cell {
            ChartCell::Blank => ' ',
            ChartCell::Text(letter) => *letter,
            ChartCell::Vertical => '|',
            ChartCell::Horizontal => '-',
            ChartCell::Line(_) => '.',
            ChartCell::Mark(curve) => char::from(b'A' + *curve as u8),
        };
        let text = |row: &ChartRow| row.iter().map(character).collect::<String>();
        chart.rows().iter().map(|row| text(row).trim_end().to_owned()).collect()
    }

    fn chart(curves: Curves<'_>, width: usize) -> Chart<'_> {
        let ticks = [1.0, 10.0, 100.0].map(|x| (x, format!("{x} Mb")));
        Chart { curves, ticks: ticks.to_vec(), label: |y| format!("{y} ms"), width, height: 5 }
    }

    #[test]
    fn curves_fall_and_cross_over_round_labels() {
        let curves: Curves<'_> = vec![Box::new(|x| 1000.0 / x), Box::new(|_| 100.0)];
        let expected = "\
1000 ms |A..
        |   .A...
 100 ms |.B...B..AB..AB...B...B
        |              ..A..
  10 ms |                   .A.
        -----------------------
         1 Mb     10 Mb  100 Mb";
        assert_eq!(drawn(&chart(curves, 31)).join("\n"), expected);
    }

    #[test]
    fn what_cannot_be_drawn_is_not() {
        let flat: Curves<'_> = vec![Box::new(|_| 7.0)];
        assert!(chart(flat, 31).rows().is_empty(), "no range");
        assert!(chart(Vec::new(), 31).rows().is_empty());
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let curves: Curves<'_> =
                vec![Box::new(|x| x), Box::new(move |x| if x > 50.0 { bad } else { 2.0 })];
            // NaN alone is passed over: it is no end of a range.
            let rows = chart(curves, 31).rows();
            assert!(rows.is_empty() || bad.is_nan(), "{bad}");
        }
        for width in 0..40 {
            let curves: Curves<'_> = vec![Box::new(|x| x)];
            let rows = chart(curves, width).rows();
            assert!(rows.iter().all(|row| row.len() == width), "{width}");
        }
        let curves: Curves<'_> = vec![Box::new(|x| x)];
        let one = Chart { ticks: vec![(1.0, "1".into())], ..chart(curves, 31) };
        assert!(one.rows().is_empty());
    }

    /// Without a round figure in the range its ends are told.
    #[test]
    fn a_narrow_range_has_labels_too() {
        let curves: Curves<'_> = vec![Box::new(|x| 11.0 + x / 100.0)];
        let rows = drawn(&chart(curves, 40));
        assert!(rows[0].starts_with("   12 ms") && rows[4].starts_with("11.01 ms"), "{rows:?}");
    }
}
