//! Pictures in cells of text: activations, feature maps and ciphertexts.

use ndarray::{Array2, Array3, ArrayView2, Axis};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

/// From dark to bright on a dark screen, for terminals without anything but ASCII.
const RAMP: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '#', '%', '@'];
/// From dark to bright on a dark screen.
const BLOCKS: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// From zero to the negative value of the largest magnitude.
const NEGATIVE: [[u8; 3]; 3] = [[0, 0, 0], [30, 70, 200], [140, 220, 255]];
/// From zero to the positive value of the largest magnitude.
const POSITIVE: [[u8; 3]; 3] = [[0, 0, 0], [195, 35, 30], [255, 190, 120]];
/// Viridis, from least to largest.
const HEAT: [[u8; 3]; 10] = [
    [68, 1, 84],
    [72, 40, 120],
    [62, 74, 137],
    [49, 104, 142],
    [38, 130, 142],
    [31, 158, 137],
    [53, 183, 121],
    [110, 206, 88],
    [181, 222, 43],
    [253, 231, 37],
];

/// What a picture is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PictureMode {
    /// Two coloured pixels a cell.
    #[default]
    HalfBlocks,
    /// One of ten ASCII characters a cell, no colour.
    Shades,
    /// One of five block characters a cell, no colour.
    Blocks,
}

/// What a picture shows.
#[derive(Clone, Debug, PartialEq)]
enum Pixels {
    /// Height x width x 3.
    Rgb(Array3<u8>),
    /// Values around zero.
    Signed(Array2<i64>),
    /// Values from zero up.
    Heat(Array2<i64>),
    /// The top bits of ciphertext words.
    Noise(Array2<u8>),
}

/// An owned picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pixels: Pixels,
    /// The value at the low end of the scale.
    least: f64,
    /// The value at the high end of the scale.
    largest: f64,
}

impl Picture {
    /// Channels-first activations from 0 to `max`: red, green and blue, or grey. `None` where there
    /// are neither three channels nor one.
    pub fn from_channels(channels: &Array3<i64>, max: i64) -> Option<Self> {
        let (count, height, width) = channels.dim();
        if count != 1 && count != 3 {
            return None;
        }
        let max = max.max(1);
        let pixels = Array3::from_shape_fn((height, width, 3), |(y, x, c)| {
            let value = channels[[c.min(count - 1), y, x]].clamp(0, max);
            (value as f64 / max as f64 * 255.0).round() as u8
        });
        Some(Self { pixels: Pixels::Rgb(pixels), least: 0.0, largest: 255.0 })
    }

    /// Values around zero: negative ones blue, positive ones red, zero black.
    pub fn signed(values: ArrayView2<'_, i64>) -> Self {
        let (least, largest) = limits(values);
        Self { pixels: Pixels::Signed(values.to_owned()), least, largest }
    }

    /// Non-negative values, such as one channel of activations that are no picture.
    pub fn heat_map(values: ArrayView2<'_, i64>) -> Self {
        let (least, largest) = limits(values);
        Self { pixels: Pixels::Heat(values.to_owned()), least: least.min(0.0), largest }
    }

    /// The first words of a ciphertext as greys in a square, by the top bits of each word modulo a
    /// modulus of `modulus_bits` bits.
    pub fn ciphertext(words: &[u64], modulus_bits: u32) -> Self {
        let side = words.len().isqrt();
        let grey = |word: u64| {
            let scaled = if modulus_bits > 8 {
                word.checked_shr(modulus_bits - 8).unwrap_or(0)
            } else {
                word.saturating_mul(1 << (8 - modulus_bits))
            };
            u8::try_from(scaled).unwrap_or(u8::MAX)
        };
        let pixels = Array2::from_shape_fn((side, side), |(y, x)| grey(words[y * side + x]));
        Self { pixels: Pixels::Noise(pixels), least: 0.0, largest: 255.0 }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        match &self.pixels {
            Pixels::Rgb(pixels) => (pixels.len_of(Axis(1)), pixels.len_of(Axis(0))),
            Pixels::Signed(values) | Pixels::Heat(values) => (values.ncols(), values.nrows()),
            Pixels::Noise(greys) => (greys.ncols(), greys.nrows()),
        }
    }

    /// Draws the picture as large as `area` allows, in its middle and without distortion, and
    /// returns the part of `area` it covers. `colour` maps red, green and blue to what the terminal
    /// can show. Cells the picture does not cover stay as they are, and so do the colours of all
    /// cells in the modes without colour.
    ///
    /// A picture larger than the area is averaged, but for ciphertexts: the average of noise would
    /// be an even grey, so these show some of their words.
    pub fn render(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        mode: PictureMode,
        colour: impl Fn(u8, u8, u8) -> Color,
    ) -> Rect {
        let area = area.intersection(buffer.area);
        let (width, height) = self.size();
        let (columns, half_rows) = fit((width, height), area);
        let rows = half_rows.div_ceil(2);
        let covered = Rect {
            x: area.x + (area.width - columns) / 2,
            y: area.y + (area.height - rows) / 2,
            width: columns,
            height: rows,
        };
        if covered.is_empty() {
            return covered;
        }
        let averaged = !matches!(self.pixels, Pixels::Noise(_));
        let across: Vec<Span> =
            (0..columns).map(|x| Span::new(width, columns, x, averaged)).collect();
        let down = |parts, y| Span::new(height, parts, y, averaged);
        for row in 0..rows {
            let spans = match mode {
                PictureMode::HalfBlocks => [2 * row, 2 * row + 1].map(|y| down(half_rows, y)),
                PictureMode::Shades | PictureMode::Blocks => [down(rows, row); 2],
            };
            for (column, across) in (0..columns).zip(&across) {
                let at = (covered.x + column, covered.y + row);
                let Some(cell) = buffer.cell_mut(at) else { continue };
                let ramp: &[char] = match mode {
                    PictureMode::Shades => &RAMP,
                    PictureMode::Blocks => &BLOCKS,
                    PictureMode::HalfBlocks => {
                        let [r, g, b] = self.colour(spans[0], *across);
                        cell.set_char('▀').set_fg(colour(r, g, b));
                        if 2 * row + 1 < half_rows {
                            let [r, g, b] = self.colour(spans[1], *across);
                            cell.set_bg(colour(r, g, b));
                        }
                        continue;
                    }
                };
                let brightness = self.brightness(spans[0], *across);
                let last = ramp.len() - 1;
                let step = (brightness * ramp.len() as f64) as usize;
                cell.set_char(ramp[step.min(last)]);
            }
        }
        covered
    }

    /// The colour of a rectangle of pixels.
    fn colour(&self, rows: Span, columns: Span) -> [u8; 3] {
        match &self.pixels {
            Pixels::Rgb(pixels) => {
                average(rows, columns, |y, x| [0, 1, 2].map(|c| f64::from(pixels[[y, x, c]])))
                    .map(|channel| channel.round() as u8)
            }
            Pixels::Signed(values) => {
                let [value] = average(rows, columns, |y, x| [values[[y, x]] as f64]);
                let extreme = self.largest.max(-self.least);
                let stops = if value < 0.0 { &NEGATIVE } else { &POSITIVE };
                gradient(stops, if extreme > 0.0 { value.abs() / extreme } else { 0.0 })
            }
            Pixels::Heat(_) => gradient(&HEAT, self.brightness(rows, columns)),
            Pixels::Noise(greys) => {
                let [grey] = average(rows, columns, |y, x| [f64::from(greys[[y, x]])]);
                [grey.round() as u8; 3]
            }
        }
    }

    /// Where a rectangle of pixels lies between the ends of the scale, from 0 to 1.
    fn brightness(&self, rows: Span, columns: Span) -> f64 {
        let [value] = match &self.pixels {
            Pixels::Rgb(pixels) => average(rows, columns, |y, x| {
                let [r, g, b] = [0, 1, 2].map(|c| f64::from(pixels[[y, x, c]]));
                [0.299 * r + 0.587 * g + 0.114 * b]
            }),
            Pixels::Signed(values) | Pixels::Heat(values) => {
                average(rows, columns, |y, x| [values[[y, x]] as f64])
            }
            Pixels::Noise(greys) => average(rows, columns, |y, x| [f64::from(greys[[y, x]])]),
        };
        let spread = self.largest - self.least;
        if spread > 0.0 {
            ((value - self.least) / spread).clamp(0.0, 1.0)
        } else if matches!(self.pixels, Pixels::Signed(_)) {
            0.5
        } else {
            0.0
        }
    }
}

fn limits(values: ArrayView2<'_, i64>) -> (f64, f64) {
    let least = values.iter().copied().min().unwrap_or(0);
    (least as f64, values.iter().copied().max().unwrap_or(0) as f64)
}

/// Columns and half rows of the largest image of the proportions of `size` in `area`, a cell being
/// twice as high as wide.
fn fit((width, height): (usize, usize), area: Rect) -> (u16, u16) {
    let (columns, half_rows) = (usize::from(area.width), 2 * usize::from(area.height));
    if width == 0 || height == 0 || columns == 0 || half_rows == 0 {
        return (0, 0);
    }
    let scaled = |side: usize, to: usize, from: usize| ((2 * side * to + from) / (2 * from)).max(1);
    let (columns, half_rows) = if columns * height <= half_rows * width {
        (columns, scaled(height, columns, width).min(half_rows))
    } else {
        (scaled(width, half_rows, height).min(columns), half_rows)
    };
    (columns as u16, half_rows as u16)
}

/// The pixels, along one side of a picture, that make up one of the parts it is cut into.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    /// One past the last.
    end: usize,
    first_weight: f64,
    last_weight: f64,
}

impl Span {
    /// Part `index` of `parts` of a side of `pixels`; where there are more parts than pixels, or
    /// without `averaged`, the one pixel in the middle of the part.
    fn new(pixels: usize, parts: u16, index: u16, averaged: bool) -> Self {
        let (parts, index) = (usize::from(parts), usize::from(index));
        if parts >= pixels || !averaged {
            let first = ((2 * index + 1) * pixels / (2 * parts)).min(pixels.saturating_sub(1));
            return Self { first, end: first + 1, first_weight: 1.0, last_weight: 1.0 };
        }
        // In units of 1/parts of a pixel.
        let (low, high) = (index * pixels, (index + 1) * pixels);
        let (first, end) = (low / parts, high.div_ceil(parts));
        Self {
            first,
            end,
            first_weight: ((first + 1) * parts - low) as f64 / parts as f64,
            last_weight: (high - (end - 1) * parts) as f64 / parts as f64,
        }
    }

    /// How much of `pixel` lies in the span. A span of several pixels is longer than one.
    fn weight(self, pixel: usize) -> f64 {
        if pixel == self.first {
            self.first_weight
        } else if pixel + 1 == self.end {
            self.last_weight
        } else {
            1.0
        }
    }
}

/// The mean of the pixels in `rows` and `columns`, by the area of each.
fn average<const CHANNELS: usize>(
    rows: Span,
    columns: Span,
    pixel: impl Fn(usize, usize) -> [f64; CHANNELS],
) -> [f64; CHANNELS] {
    let mut sum = [0.0; CHANNELS];
    let mut total = 0.0;
    for y in rows.first..rows.end {
        let row_weight = rows.weight(y);
        for x in columns.first..columns.end {
            let weight = row_weight * columns.weight(x);
            total += weight;
            for (sum, value) in sum.iter_mut().zip(pixel(y, x)) {
                *sum += weight * value;
            }
        }
    }
    sum.map(|sum| sum / total)
}

/// The colour at `position`, from 0 to 1, on the way through `stops`.
fn gradient(stops: &[[u8; 3]], position: f64) -> [u8; 3] {
    let last = stops.len() - 1;
    let scaled = position.clamp(0.0, 1.0) * last as f64;
    let below = (scaled as usize).min(last);
    let above = (below + 1).min(last);
    let part = scaled - below as f64;
    [0, 1, 2].map(|c| {
        let (from, to) = (f64::from(stops[below][c]), f64::from(stops[above][c]));
        (from + part * (to - from)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODES: [PictureMode; 3] =
        [PictureMode::HalfBlocks, PictureMode::Shades, PictureMode::Blocks];

    fn drawn(picture: &Picture, width: u16, height: u16, mode: PictureMode) -> (Rect, Buffer) {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let covered = picture.render(area, &mut buffer, mode, Color::Rgb);
        (covered, buffer)
    }

    fn rgb(height: usize, width: usize) -> Picture {
        let values = Array3::from_shape_fn((3, height, width), |(c, y, x)| {
            ((17 * y + 5 * x + 60 * c) % 256) as i64
        });
        Picture::from_channels(&values, 255).expect("three channels")
    }

    fn samples() -> Vec<Picture> {
        let signed = Array2::from_shape_fn((7, 9), |(y, x)| y as i64 * 3 - x as i64 * 2);
        let words: Vec<u64> = (0..1000).map(|i| i * 0x1234_5678 % (1 << 50)).collect();
        vec![
            rgb(224, 224),
            rgb(3, 200),
            Picture::signed(signed.view()),
            Picture::heat_map(signed.mapv(i64::abs).view()),
            Picture::ciphertext(&words, 50),
            Picture::ciphertext(&[], 50),
            Picture::signed(Array2::from_elem((4, 4), 5).view()),
            Picture::heat_map(Array2::zeros((4, 4)).view()),
            Picture::signed(
                Array2::from_shape_vec((1, 2), vec![i64::MIN, i64::MAX]).expect("two").view(),
            ),
            Picture::signed(Array2::zeros((0, 3)).view()),
        ]
    }

    #[test]
    fn pictures_keep_their_proportions() {
        let covered = |picture: &Picture, width, height| {
            drawn(picture, width, height, PictureMode::HalfBlocks).0
        };
        let square = rgb(224, 224);
        assert_eq!(covered(&square, 60, 30), Rect::new(0, 0, 60, 30));
        assert_eq!(covered(&square, 60, 20), Rect::new(10, 0, 40, 20));
        assert_eq!(covered(&square, 20, 30), Rect::new(0, 10, 20, 10));
        assert_eq!(covered(&rgb(100, 200), 40, 40), Rect::new(0, 15, 40, 10));
        assert_eq!(covered(&rgb(2, 2), 8, 4), Rect::new(0, 0, 8, 4));
        // An odd number of half rows leaves the lower half of the last one alone.
        let (odd, buffer) = drawn(&square, 7, 10, PictureMode::HalfBlocks);
        assert_eq!((odd.width, odd.height), (7, 4));
        assert_eq!(buffer[(0, odd.bottom() - 1)].bg, Color::Reset);
        assert_ne!(buffer[(0, odd.bottom() - 2)].bg, Color::Reset);
    }

    #[test]
    fn no_area_is_too_small_or_too_odd() {
        for picture in samples() {
            for (width, height) in [(0, 0), (1, 1), (3, 200), (200, 3), (0, 5), (5, 0), (61, 29)] {
                for mode in MODES {
                    let (covered, buffer) = drawn(&picture, width, height, mode);
                    assert_eq!(covered.intersection(buffer.area), covered);
                }
            }
        }
        // Outside the buffer.
        let mut buffer = Buffer::empty(Rect::new(2, 2, 4, 4));
        let area = Rect::new(0, 0, 4, 90);
        let covered = rgb(9, 9).render(area, &mut buffer, PictureMode::Blocks, Color::Rgb);
        assert_eq!(covered.x, 2);
    }

    #[test]
    fn a_checkerboard_averages_to_grey() {
        let board = Array3::from_shape_fn((1, 64, 64), |(_, y, x)| ((x + y) % 2) as i64 * 15);
        let picture = Picture::from_channels(&board, 15).expect("one channel");
        // 64 pixels in 32, and in 30, where boxes cut through pixels.
        let (_, buffer) = drawn(&picture, 32, 16, PictureMode::HalfBlocks);
        for cell in &buffer.content {
            assert_eq!((cell.fg, cell.bg), (Color::Rgb(128, 128, 128), Color::Rgb(128, 128, 128)));
        }
        let (_, buffer) = drawn(&picture, 30, 15, PictureMode::HalfBlocks);
        for cell in &buffer.content {
            let Color::Rgb(grey, ..) = cell.fg else { panic!("{:?}", cell.fg) };
            assert!((118..=138).contains(&grey), "{grey}");
        }
        assert!(
            drawn(&picture, 32, 16, PictureMode::Shades)
                .1
                .content
                .iter()
                .all(|c| c.symbol() == "+")
        );
    }

    #[test]
    fn averages_weigh_pixels_by_area() {
        // 3 pixels in 2: all of the outer ones and half of the middle one.
        let values = Array2::from_shape_fn((2, 3), |(_, x)| [0_i32, 6, 60][x]);
        let spans = [0, 1].map(|i| Span::new(3, 2, i, true));
        let row = Span::new(2, 1, 0, true);
        let means = spans.map(|s| average(row, s, |y, x| [f64::from(values[[y, x]])])[0]);
        assert!((means[0] - 2.0).abs() < 1e-9 && (means[1] - 42.0).abs() < 1e-9, "{means:?}");
        // The parts cover every pixel exactly once, whatever the sizes.
        for (pixels, parts) in [(224_usize, 60_u16), (7, 5), (8, 4), (9, 1), (100, 99)] {
            let mut cover = vec![0.0; pixels];
            for span in (0..parts).map(|i| Span::new(pixels, parts, i, true)) {
                (span.first..span.end).for_each(|p| cover[p] += span.weight(p));
            }
            assert!(cover.iter().all(|c: &f64| (c - 1.0).abs() < 1e-9), "{pixels} in {parts}");
        }
    }

    #[test]
    fn signs_have_colours() {
        let values = Array2::from_shape_vec((2, 2), vec![-40, 40, 0, -10]).expect("four");
        let (_, buffer) = drawn(&Picture::signed(values.view()), 2, 1, PictureMode::HalfBlocks);
        let (left, right) = (&buffer[(0, 0)], &buffer[(1, 0)]);
        let of = |colour| match colour {
            Color::Rgb(r, _, b) => (r, b),
            other => panic!("{other:?}"),
        };
        assert!(of(left.fg).0 < of(left.fg).1, "blue");
        assert!(of(right.fg).0 > of(right.fg).1, "red");
        assert_eq!(left.bg, Color::Rgb(0, 0, 0));
        assert!(of(right.bg).0 < of(right.bg).1 && of(right.bg).1 < of(left.fg).1, "dark blue");
    }

    #[test]
    fn equal_values_have_a_colour() {
        let flat = |value| Array2::from_elem((4, 4), value);
        let first = |picture: &Picture, mode| drawn(picture, 4, 2, mode).1[(0, 0)].clone();
        let zero = first(&Picture::signed(flat(0).view()), PictureMode::HalfBlocks);
        assert_eq!(zero.fg, Color::Rgb(0, 0, 0));
        let five = first(&Picture::heat_map(flat(5).view()), PictureMode::HalfBlocks);
        assert_eq!(five.fg, Color::Rgb(253, 231, 37));
        let nothing = first(&Picture::heat_map(flat(0).view()), PictureMode::Shades);
        assert_eq!(nothing.symbol(), " ");
        let middle = first(&Picture::signed(flat(-3).view()), PictureMode::Blocks);
        assert_eq!(middle.symbol(), "▒");
    }

    #[test]
    fn without_colour_there_is_none() {
        for picture in samples() {
            let (_, shades) = drawn(&picture, 40, 20, PictureMode::Shades);
            assert!(shades.content.iter().all(|cell| cell.symbol().is_ascii()));
            let (_, blocks) = drawn(&picture, 40, 20, PictureMode::Blocks);
            for cell in shades.content.iter().chain(&blocks.content) {
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
            }
        }
    }

    #[test]
    fn ciphertexts_stay_noisy() {
        let words: Vec<u64> =
            (1..=8192_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 14).collect();
        let picture = Picture::ciphertext(&words, 50);
        assert_eq!(picture.size(), (90, 90));
        let (_, buffer) = drawn(&picture, 20, 10, PictureMode::HalfBlocks);
        let grey = |colour| if let Color::Rgb(grey, ..) = colour { grey } else { 0 };
        let greys = buffer.content.iter().map(|cell| grey(cell.fg));
        assert!(greys.clone().any(|g| g < 30) && greys.clone().any(|g| g > 225));
        assert_eq!(Picture::ciphertext(&[5], 3), Picture::ciphertext(&[5 << 57], 60));
    }

    #[test]
    fn other_numbers_of_channels_are_no_picture() {
        assert!(Picture::from_channels(&Array3::zeros((2, 3, 3)), 15).is_none());
        assert!(Picture::from_channels(&Array3::zeros((0, 3, 3)), 15).is_none());
    }
}
