//! A frame of the interface as an SVG picture.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Modifier};

type Rgb = (u8, u8, u8);

/// Units across a cell: two to a pixel, so that every line and every eighth of a cell has whole
/// coordinates.
const WIDTH: u32 = 16;
/// Units down a cell.
const HEIGHT: u32 = 32;
/// Units from the top of a cell to the baseline.
const BASELINE: u32 = 24;
/// The lines of boxes cross here.
const CENTRE: (u32, u32) = (9, 17);
/// Between the frame of the window and the cells.
const PADDING: u32 = 24;
/// The title bar.
const BAR: u32 = 56;
const FONTS: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";
const DOTS: [Rgb; 3] = [(255, 95, 87), (254, 188, 46), (40, 200, 64)];
/// The sixteen ANSI colours.
const ANSI: [Rgb; 16] = [
    (0, 0, 0),
    (205, 49, 49),
    (13, 188, 121),
    (229, 229, 16),
    (36, 114, 200),
    (188, 63, 188),
    (17, 168, 205),
    (229, 229, 229),
    (102, 102, 102),
    (241, 76, 76),
    (35, 209, 139),
    (245, 245, 67),
    (59, 142, 234),
    (214, 112, 214),
    (41, 184, 219),
    (255, 255, 255),
];

/// `buffer` as a terminal window of the given default colours.
///
/// Text is set in the reader's monospace font and held to its columns; block elements, braille and
/// the lines of boxes are drawn as shapes, so that neither has seams. Equal frames give equal
/// bytes.
pub fn svg(buffer: &Buffer, background: Rgb, foreground: Rgb) -> String {
    let mut frame = Frame { background, foreground, ..Frame::default() };
    let area = buffer.area;
    for row in 0..area.height {
        let mut column = 0;
        while column < area.width {
            let Some(cell) = buffer.cell((area.x + column, area.y + row)) else { break };
            let width = width(cell).min(area.width - column);
            frame.cell(cell, u32::from(column), u32::from(row), u32::from(width));
            column += width;
        }
        frame.end_run();
    }
    frame.document(u32::from(area.width) * WIDTH, u32::from(area.height) * HEIGHT)
}

/// Columns a cell takes.
fn width(cell: &Cell) -> u16 {
    if cell.symbol().contains(char::is_control) { 1 } else { cell.cell_width().max(1) }
}

/// What looks of a text run, apart from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    colour: Rgb,
    bold: bool,
    italic: bool,
}

/// Text of one look in successive columns of a row.
#[derive(Clone, Debug)]
struct Run {
    look: Look,
    text: String,
    column: u32,
    row: u32,
    columns: u32,
    /// Whether the font of the text is likely to have its characters at their width.
    plain: bool,
}

/// Straight lines of one colour, width, direction and place across that direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Track {
    pen: Pen,
    vertical: bool,
    at: u32,
}

/// What draws a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pen {
    colour: Rgb,
    width: u32,
}

/// The shapes of a frame.
#[derive(Debug, Default)]
struct Frame {
    background: Rgb,
    foreground: Rgb,
    backgrounds: Shapes,
    blocks: Shapes,
    lines: BTreeMap<Track, Vec<(u32, u32)>>,
    curves: BTreeMap<Pen, String>,
    run: Option<Run>,
    /// The gap of spaces behind the run.
    spaces: u32,
    text: String,
}

impl Frame {
    fn cell(&mut self, cell: &Cell, column: u32, row: u32, columns: u32) {
        let modifier = cell.modifier;
        let mut ink = rgb(cell.fg).unwrap_or(self.foreground);
        let mut paper = rgb(cell.bg).unwrap_or(self.background);
        if modifier.contains(Modifier::REVERSED) {
            (ink, paper) = (paper, ink);
        }
        if modifier.contains(Modifier::DIM) {
            ink = mix(paper, ink, 60);
        }
        let (x, y) = (column * WIDTH, row * HEIGHT);
        if paper != self.background {
            self.backgrounds.push([x, y, columns * WIDTH, HEIGHT], paper);
        }
        if modifier.contains(Modifier::HIDDEN) {
            return self.end_run();
        }
        for (line, height) in [(Modifier::UNDERLINED, 29), (Modifier::CROSSED_OUT, 17)] {
            if modifier.contains(line) {
                self.line(Pen { colour: ink, width: 2 }, false, y + height, x, x + columns * WIDTH);
            }
        }
        let mut characters = cell.symbol().chars();
        let character = match (characters.next(), characters.next()) {
            (Some(character), None) => character,
            (None, _) => ' ',
            _ => char::REPLACEMENT_CHARACTER,
        };
        if character == ' ' {
            self.space(columns);
        } else if self.draw(character, (x, y), ink, paper) {
            self.end_run();
        } else {
            let look = Look {
                colour: ink,
                bold: modifier.contains(Modifier::BOLD),
                italic: modifier.contains(Modifier::ITALIC),
            };
            self.glyph(cell.symbol(), look, (column, row), columns);
        }
    }

    /// Draws a character as shapes, if it is one of those that must join their neighbours.
    fn draw(&mut self, character: char, (x, y): (u32, u32), ink: Rgb, paper: Rgb) -> bool {
        if let Some(percent) = shade(character) {
            self.blocks.push([x, y, WIDTH, HEIGHT], mix(paper, ink, percent));
            return true;
        }
        let blocks = block(character);
        for [left, top, width, height] in blocks.into_iter().flatten() {
            let (across, down) = (WIDTH / 8, HEIGHT / 8);
            let place = [x + left * across, y + top * down, width * across, height * down];
            self.blocks.push(place, ink);
        }
        if blocks[0].is_some() {
            return true;
        }
        if let Some(dots) = (character as u32).checked_sub(0x2800).filter(|dots| *dots < 256) {
            self.braille(dots, (x, y), ink);
            return true;
        }
        let (middle, centre) = (x + CENTRE.0, y + CENTRE.1);
        if let Some(arms) = arms(character) {
            let [left, up, right, down] = arms.map(|width| Pen { colour: ink, width });
            self.line(left, false, centre, x, middle);
            self.line(right, false, centre, middle, x + WIDTH);
            self.line(up, true, middle, y, centre);
            self.line(down, true, middle, centre, y + HEIGHT);
            return true;
        }
        let (side, end) = match character {
            '╭' => (x + WIDTH, y + HEIGHT),
            '╮' => (x, y + HEIGHT),
            '╯' => (x, y),
            '╰' => (x + WIDTH, y),
            _ => return self.double(character, (x, y), ink),
        };
        let bend = if end == y { centre - 8 } else { centre + 8 };
        let path = self.curves.entry(Pen { colour: ink, width: 2 }).or_default();
        let _ = write!(path, "M{middle} {end}V{bend}Q{middle} {centre} {side} {centre}");
        true
    }

    /// The straight double lines.
    fn double(&mut self, character: char, (x, y): (u32, u32), ink: Rgb) -> bool {
        let pen = Pen { colour: ink, width: 2 };
        for offset in [0, 6] {
            match character {
                '═' => self.line(pen, false, y + CENTRE.1 - 3 + offset, x, x + WIDTH),
                '║' => self.line(pen, true, x + CENTRE.0 - 3 + offset, y, y + HEIGHT),
                _ => return false,
            }
        }
        true
    }

    fn braille(&mut self, dots: u32, (x, y): (u32, u32), ink: Rgb) {
        const PLACES: [(u32, u32); 8] =
            [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
        for (bit, (column, row)) in PLACES.into_iter().enumerate() {
            if dots >> bit & 1 == 1 {
                self.blocks.push([x + 2 + 8 * column, y + 2 + 8 * row, 4, 4], ink);
            }
        }
    }

    fn line(&mut self, pen: Pen, vertical: bool, at: u32, from: u32, to: u32) {
        if pen.width > 0 {
            self.lines.entry(Track { pen, vertical, at }).or_default().push((from, to));
        }
    }

    /// One space goes on with a run; after more, the next word has its own place.
    fn space(&mut self, columns: u32) {
        self.spaces += columns;
        if self.spaces > 1 {
            self.end_run();
        }
    }

    fn glyph(&mut self, symbol: &str, look: Look, (column, row): (u32, u32), columns: u32) {
        let plain = columns == 1 && symbol.chars().all(|c| c < '\u{250}');
        let spaces = std::mem::take(&mut self.spaces);
        match &mut self.run {
            Some(run) if plain && run.plain && run.look == look => {
                run.text.extend((0..spaces).map(|_| ' '));
                run.text.push_str(symbol);
                run.columns += spaces + columns;
            }
            _ => {
                self.end_run();
                let text = symbol.to_owned();
                self.run = Some(Run { look, text, column, row, columns, plain });
            }
        }
    }

    fn end_run(&mut self) {
        self.spaces = 0;
        let Some(run) = self.run.take() else { return };
        let (x, y) = (run.column * WIDTH, run.row * HEIGHT + BASELINE);
        let text = &mut self.text;
        let _ = write!(text, r#"<text x="{x}" y="{y}""#);
        if run.columns > 1 || !run.plain {
            let _ = write!(text, r#" textLength="{}""#, run.columns * WIDTH);
        }
        if !run.plain {
            text.push_str(r#" lengthAdjust="spacingAndGlyphs""#);
        }
        if run.look.colour != self.foreground {
            let _ = write!(text, r#" fill="{}""#, hex(run.look.colour));
        }
        if run.look.bold {
            text.push_str(r#" font-weight="bold""#);
        }
        if run.look.italic {
            text.push_str(r#" font-style="italic""#);
        }
        let _ = writeln!(text, ">{}</text>", escaped(&run.text));
    }

    fn document(mut self, columns: u32, rows: u32) -> String {
        let (width, height) = (columns + 2 * PADDING, rows + BAR + PADDING);
        let (paper, ink) = (hex(self.background), hex(self.foreground));
        let mut out = String::new();
        let _ = writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {width} {height}">"#,
            width / 2,
            height / 2,
        );
        let _ = writeln!(
            out,
            r#"<rect x="1" y="1" width="{}" height="{}" rx="16" fill="{paper}" stroke="{}" stroke-width="2"/>"#,
            width - 2,
            height - 2,
            hex(mix(self.background, self.foreground, 25)),
        );
        for (x, dot) in (0..).map(|i| PADDING + 8 + 32 * i).zip(DOTS) {
            let _ = writeln!(out, r#"<circle cx="{x}" cy="28" r="9" fill="{}"/>"#, hex(dot));
        }
        let _ = writeln!(out, r#"<g transform="translate({PADDING} {BAR})">"#);
        for shapes in [&self.backgrounds, &self.blocks] {
            shapes.write(&mut out);
        }
        self.write_lines(&mut out);
        if !self.text.is_empty() {
            let _ = writeln!(
                out,
                r#"<g font-family="{FONTS}" font-size="26.6" fill="{ink}" xml:space="preserve">"#
            );
            out.push_str(&self.text);
            out.push_str("</g>\n");
        }
        out.push_str("</g>\n</svg>\n");
        out
    }

    /// Lines that touch become one.
    fn write_lines(&mut self, out: &mut String) {
        for (track, mut lines) in std::mem::take(&mut self.lines) {
            lines.sort_unstable();
            let mut joined: Vec<(u32, u32)> = Vec::new();
            for (from, to) in lines {
                match joined.last_mut() {
                    Some(last) if from <= last.1 => last.1 = last.1.max(to),
                    _ => joined.push((from, to)),
                }
            }
            let path = self.curves.entry(track.pen).or_default();
            for (from, to) in joined {
                let _ = if track.vertical {
                    write!(path, "M{} {from}V{to}", track.at)
                } else {
                    write!(path, "M{from} {}H{to}", track.at)
                };
            }
        }
        if self.curves.is_empty() {
            return;
        }
        out.push_str("<g fill=\"none\" stroke-linecap=\"square\">\n");
        for (pen, path) in &self.curves {
            let colour = hex(pen.colour);
            let _ = writeln!(
                out,
                r#"<path stroke="{colour}" stroke-width="{}" d="{path}"/>"#,
                pen.width
            );
        }
        out.push_str("</g>\n");
    }
}

/// Rectangles that do not overlap, in reading order.
#[derive(Debug, Default)]
struct Shapes(Vec<([u32; 4], Rgb)>);

impl Shapes {
    /// Adds a rectangle of left, top, width and height, or widens the last one by it.
    fn push(&mut self, place: [u32; 4], colour: Rgb) {
        let [x, y, width, height] = place;
        match self.0.last_mut() {
            Some((last, of))
                if *of == colour && (last[1], last[3]) == (y, height) && last[0] + last[2] == x =>
            {
                last[2] += width;
            }
            _ => self.0.push((place, colour)),
        }
    }

    /// Writes a path for each colour, rectangles on top of each other as one.
    fn write(&self, out: &mut String) {
        let mut tall: Vec<([u32; 4], Rgb)> = Vec::new();
        let mut lowest: BTreeMap<(u32, u32, Rgb), usize> = BTreeMap::new();
        for &(place, colour) in &self.0 {
            let [x, y, width, height] = place;
            let key = (x, width, colour);
            match lowest.get(&key).and_then(|index| tall.get_mut(*index)) {
                Some((above, _)) if above[1] + above[3] == y => above[3] += height,
                _ => {
                    lowest.insert(key, tall.len());
                    tall.push((place, colour));
                }
            }
        }
        let mut paths: BTreeMap<Rgb, String> = BTreeMap::new();
        for ([x, y, width, height], colour) in tall {
            let path = paths.entry(colour).or_default();
            let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
        }
        if paths.is_empty() {
            return;
        }
        out.push_str("<g shape-rendering=\"crispEdges\">\n");
        for (colour, path) in paths {
            let _ = writeln!(out, r#"<path fill="{}" d="{path}"/>"#, hex(colour));
        }
        out.push_str("</g>\n");
    }
}

/// The part of a shaded cell that is ink, in percent.
fn shade(character: char) -> Option<u32> {
    match character {
        '░' => Some(25),
        '▒' => Some(50),
        '▓' => Some(75),
        _ => None,
    }
}

/// A block element as up to two rectangles of left, top, width and height, in eighths of a cell.
fn block(character: char) -> [Option<[u32; 4]>; 2] {
    let code = character as u32;
    let one = match character {
        '▀' => [0, 0, 8, 4],
        '▁'..='█' => [0, 0x2588 - code, 8, code - 0x2580],
        '▉'..='▏' => [0, 0, 0x2590 - code, 8],
        '▐' => [4, 0, 4, 8],
        '▔' => [0, 0, 8, 1],
        '▕' => [7, 0, 1, 8],
        '▖' => [0, 4, 4, 4],
        '▗' => [4, 4, 4, 4],
        '▘' => [0, 0, 4, 4],
        '▝' => [4, 0, 4, 4],
        '▙' => return [Some([0, 0, 4, 4]), Some([0, 4, 8, 4])],
        '▚' => return [Some([0, 0, 4, 4]), Some([4, 4, 4, 4])],
        '▛' => return [Some([0, 0, 8, 4]), Some([0, 4, 4, 4])],
        '▜' => return [Some([0, 0, 8, 4]), Some([4, 4, 4, 4])],
        '▞' => return [Some([4, 0, 4, 4]), Some([0, 4, 4, 4])],
        '▟' => return [Some([4, 0, 4, 4]), Some([0, 4, 8, 4])],
        _ => return [None, None],
    };
    [Some(one), None]
}

/// The widths of the lines from the middle of a cell to the left, up, right and down.
fn arms(character: char) -> Option<[u32; 4]> {
    let light = |arms: [u32; 4]| Some(arms.map(|arm| arm * 2));
    let heavy = |arms: [u32; 4]| Some(arms.map(|arm| arm * 4));
    match character {
        '─' => light([1, 0, 1, 0]),
        '│' => light([0, 1, 0, 1]),
        '┌' => light([0, 0, 1, 1]),
        '┐' => light([1, 0, 0, 1]),
        '└' => light([0, 1, 1, 0]),
        '┘' => light([1, 1, 0, 0]),
        '├' => light([0, 1, 1, 1]),
        '┤' => light([1, 1, 0, 1]),
        '┬' => light([1, 0, 1, 1]),
        '┴' => light([1, 1, 1, 0]),
        '┼' => light([1, 1, 1, 1]),
        '╴' => light([1, 0, 0, 0]),
        '╵' => light([0, 1, 0, 0]),
        '╶' => light([0, 0, 1, 0]),
        '╷' => light([0, 0, 0, 1]),
        '━' => heavy([1, 0, 1, 0]),
        '┃' => heavy([0, 1, 0, 1]),
        '┏' => heavy([0, 0, 1, 1]),
        '┓' => heavy([1, 0, 0, 1]),
        '┗' => heavy([0, 1, 1, 0]),
        '┛' => heavy([1, 1, 0, 0]),
        '┣' => heavy([0, 1, 1, 1]),
        '┫' => heavy([1, 1, 0, 1]),
        '┳' => heavy([1, 0, 1, 1]),
        '┻' => heavy([1, 1, 1, 0]),
        '╋' => heavy([1, 1, 1, 1]),
        _ => None,
    }
}

/// `percent` of `to` and the rest of `from`.
fn mix(from: Rgb, to: Rgb, percent: u32) -> Rgb {
    let channel = |from: u8, to: u8| {
        ((u32::from(from) * (100 - percent) + u32::from(to) * percent + 50) / 100) as u8
    };
    (channel(from.0, to.0), channel(from.1, to.1), channel(from.2, to.2))
}

/// `None` for the terminal's default.
fn rgb(colour: Color) -> Option<Rgb> {
    let index = match colour {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some((r, g, b)),
        Color::Indexed(index) => index,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    Some(match index {
        0..16 => ANSI[usize::from(index)],
        16..232 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    })
}

fn hex((r, g, b): Rgb) -> String {
    if [r, g, b].iter().all(|channel| channel % 17 == 0) {
        format!("#{:x}{:x}{:x}", r / 17, g / 17, b / 17)
    } else {
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

/// `text` in XML, without the characters XML forbids.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::{Style, Stylize};
    use ratatui::text::{Line, Span};
    use ratatui::widgets::{Block, BorderType, Paragraph, Widget};

    use super::*;

    const PAPER: Rgb = (16, 18, 24);
    const INK: Rgb = (220, 223, 228);

    fn lines<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> String {
        svg(&Buffer::with_lines(lines), PAPER, INK)
    }

    fn texts(svg: &str) -> Vec<&str> {
        svg.lines().filter(|line| line.starts_with("<text")).collect()
    }

    fn sample() -> Buffer {
        let area = Rect::new(0, 0, 64, 20);
        let mut buffer = Buffer::empty(area);
        Block::bordered()
            .border_type(BorderType::Rounded)
            .title(" heconv ")
            .render(area, &mut buffer);
        Block::bordered().title("plain").cyan().render(Rect::new(1, 1, 20, 5), &mut buffer);
        Block::bordered()
            .border_type(BorderType::Thick)
            .red()
            .render(Rect::new(21, 1, 10, 5), &mut buffer);
        let text = vec![
            Line::from(vec!["bold ".bold(), "dim ".dim(), "under line".underlined()]),
            Line::from(vec![" reversed ".reversed(), " ".into(), " chosen ".on_blue().white()]),
            Line::from("wide 漢字 after ✓ → 12.5 ms <&>"),
            Line::from("▁▂▃▄▅▆▇█ ▏▎▍▌▋▊▉ ░▒▓ ▖▗▘▙▚▛▜▝▞▟ ⣿⠉⠒⣀".green()),
            Line::from("columns  of      figures  1.25  17.5"),
            Line::from("0123456789012345678901234567890123456789".dark_gray()),
        ];
        Paragraph::new(text).render(Rect::new(2, 7, 44, 6), &mut buffer);
        for y in 0..10 {
            for x in 0..16_u16 {
                let level = |v: u16| (v * 13) as u8;
                let cell = &mut buffer[(46 + x, 8 + y)];
                cell.set_char('▀').set_fg(Color::Rgb(level(x), level(2 * y), 90));
                cell.set_bg(Color::Rgb(level(x), level(2 * y + 1), 90));
            }
        }
        buffer
    }

    #[test]
    fn equal_frames_give_equal_bytes() {
        assert_eq!(svg(&sample(), PAPER, INK), svg(&sample(), PAPER, INK));
        let empty = svg(&Buffer::empty(Rect::ZERO), PAPER, INK);
        assert!(empty.starts_with("<svg ") && empty.ends_with("</svg>\n"));
    }

    #[test]
    fn text_is_escaped() {
        let mut buffer = Buffer::with_lines(["a<b>&\"c\" x"]);
        buffer[(9, 0)].set_char('\u{1b}');
        let svg = svg(&buffer, PAPER, INK);
        assert!(svg.contains("a&lt;b&gt;&amp;\"c\" \u{fffd}</text>"), "{svg}");
    }

    #[test]
    fn equal_styles_make_one_run() {
        let svg = lines([
            Line::from(vec![Span::from("one run "), "of text".into(), "red words".red()]),
            Line::from(vec!["bold ".bold(), Span::from("far    apart")]),
        ]);
        let expected = [
            r#"<text x="0" y="24" textLength="240">one run of text</text>"#,
            r##"<text x="240" y="24" textLength="144" fill="#cd3131">red words</text>"##,
            r#"<text x="0" y="56" textLength="64" font-weight="bold">bold</text>"#,
            r#"<text x="80" y="56" textLength="48">far</text>"#,
            r#"<text x="192" y="56" textLength="80">apart</text>"#,
        ];
        assert_eq!(texts(&svg), expected);
    }

    #[test]
    fn blocks_become_rectangles() {
        let svg =
            lines([Line::from("▀▀▄".red()), Line::from("▙█▌".red()), Line::from("░".white())]);
        assert!(texts(&svg).is_empty());
        // ▀▀, ▄, the upper left of ▙, and █▌.
        for path in ["M0 0h32v16h-32z", "M32 16h16v16h-16z", "M0 32h8v16h-8z", "M16 32h24v32h-24z"]
        {
            assert!(svg.contains(path), "{path} in {svg}");
        }
        assert!(svg.contains(&hex(mix(PAPER, (255, 255, 255), 25))));
        for code in 0x2580..=0x259f {
            let character = char::from_u32(code).expect("a character");
            let drawn = shade(character).is_some() || block(character)[0].is_some();
            assert!(drawn, "{character}");
            for [x, y, width, height] in block(character).into_iter().flatten() {
                assert!(
                    width > 0 && height > 0 && x + width <= 8 && y + height <= 8,
                    "{character}"
                );
            }
        }
    }

    #[test]
    fn lines_of_boxes_are_joined() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 3));
        Block::bordered().render(buffer.area, &mut buffer);
        let svg = svg(&buffer, PAPER, INK);
        assert!(texts(&svg).is_empty());
        for path in ["M9 17H57", "M9 81H57", "M9 17V81", "M57 17V81"] {
            assert!(svg.contains(path), "{path} in {svg}");
        }
    }

    #[test]
    fn backgrounds_are_merged() {
        let style = Style::new().bg(Color::Indexed(52));
        let line = || Line::from(Span::styled("   ", style));
        let svg = lines([line(), line()]);
        assert!(svg.contains(r##"<path fill="#5f0000" d="M0 0h48v64h-48z"/>"##), "{svg}");
        assert_eq!(svg.matches("h48").count(), 1);
    }

    #[test]
    fn modifiers_are_honoured() {
        let svg =
            lines([Line::from(vec!["ab".reversed(), "c ".underlined(), "d".dim(), "e".hidden()])]);
        assert!(svg.contains(&format!(r#"<path fill="{}" d="M0 0h32v32h-32z"/>"#, hex(INK))));
        assert!(svg.contains(&format!(r#"fill="{}">ab</text>"#, hex(PAPER))), "{svg}");
        assert!(svg.contains("M32 29H64"), "{svg}");
        assert!(svg.contains(&format!(r#"fill="{}">d</text>"#, hex(mix(PAPER, INK, 60)))), "{svg}");
        assert!(!svg.contains(">e<"));
    }

    #[test]
    fn wide_characters_keep_their_columns() {
        let svg = lines([Line::from("a漢b")]);
        let expected = [
            r#"<text x="0" y="24">a</text>"#,
            r#"<text x="16" y="24" textLength="32" lengthAdjust="spacingAndGlyphs">漢</text>"#,
            r#"<text x="48" y="24">b</text>"#,
        ];
        assert_eq!(texts(&svg), expected);
    }

    #[test]
    fn colours_are_those_of_terminals() {
        assert_eq!(rgb(Color::Indexed(9)), rgb(Color::LightRed));
        assert_eq!(rgb(Color::Indexed(16)), Some((0, 0, 0)));
        assert_eq!(rgb(Color::Indexed(214)), Some((255, 175, 0)));
        assert_eq!(rgb(Color::Indexed(231)), Some((255, 255, 255)));
        assert_eq!(rgb(Color::Indexed(255)), Some((238, 238, 238)));
        assert_eq!((hex((255, 0, 17)), hex((255, 0, 18))), ("#f01".into(), "#ff0012".into()));
    }
}
