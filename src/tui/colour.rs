//! The colours that a terminal can show, and how others are brought into them.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColourDepth {
    /// None: bold, reversed and underlined must do.
    None,
    /// The 16 of ANSI, which the user may have set to any colours.
    Ansi16,
    /// Those 16, a cube of 6 x 6 x 6 and 24 greys.
    Ansi256,
    /// All of 24 bits.
    True,
}

/// The levels of a channel in the cube of 216 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The 16 colours of ANSI, in their order.
const ANSI: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

impl ColourDepth {
    /// The depth that the environment, read by `get`, tells of.
    pub fn detect(get: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name| get(name).unwrap_or_default();
        let term = read("TERM");
        if !read("NO_COLOR").is_empty() || term == "dumb" {
            Self::None
        } else if matches!(read("COLORTERM").as_str(), "truecolor" | "24bit") {
            Self::True
        } else if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }

    /// The most similar colour of this depth; none where there are no colours.
    pub fn nearest(self, colour: Color) -> Option<Color> {
        match (self, colour) {
            (Self::None, _) => None,
            (Self::Ansi256, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest_256([r, g, b]))),
            (Self::Ansi16, Color::Rgb(r, g, b)) => Some(nearest_16([r, g, b])),
            (Self::Ansi16, Color::Indexed(index)) => Some(match ANSI.get(usize::from(index)) {
                Some(named) => *named,
                None => nearest_16(indexed_rgb(index)),
            }),
            _ => Some(colour),
        }
    }

    /// A style in the colours of this depth. Where text and ground would fall together, the style
    /// is reversed instead.
    pub(super) fn style(self, style: Style) -> Style {
        let nearest = |colour: Option<Color>| colour.and_then(|colour| self.nearest(colour));
        let mut converted = style;
        (converted.fg, converted.bg) = (nearest(style.fg), nearest(style.bg));
        if converted.fg.is_some() && converted.fg == converted.bg && style.fg != style.bg {
            (converted.fg, converted.bg) = (None, None);
            converted = converted.add_modifier(Modifier::REVERSED);
        }
        converted
    }
}

/// The nearest of the cube and the greys; not of the first 16, which the user may have changed.
fn nearest_256(rgb: [u8; 3]) -> u8 {
    let level = |channel: u8| {
        let distance = |i: &usize| CUBE[*i].abs_diff(channel);
        (0..CUBE.len()).min_by_key(distance).unwrap_or_default() as u8
    };
    let [r, g, b] = rgb.map(level);
    let mean = rgb.iter().map(|channel| u16::from(*channel)).sum::<u16>() / 3;
    let grey = 232 + (mean.saturating_sub(3) / 10).min(23) as u8;
    let cube = 16 + 36 * r + 6 * g + b;
    if distance(indexed_rgb(grey), rgb) < distance(indexed_rgb(cube), rgb) { grey } else { cube }
}

/// The nearest in hue where the colour has one, otherwise in lightness: by distance alone all pale
/// colours would be grey.
fn nearest_16(rgb: [u8; 3]) -> Color {
    let (max, min) = rgb.iter().fold((0, 255), |(max, min), c| (*c.max(&max), *c.min(&min)));
    let chroma = max - min;
    if max < 48 || u16::from(chroma) * 4 < u16::from(max) {
        let mean = rgb.iter().map(|channel| u16::from(*channel)).sum::<u16>() / 3;
        return match mean {
            0..64 => Color::Black,
            64..160 => Color::DarkGray,
            160..224 => Color::Gray,
            _ => Color::White,
        };
    }
    let middle = min + chroma / 2;
    let bits = rgb.iter().rev().fold(0, |bits, channel| 2 * bits + usize::from(*channel > middle));
    ANSI[bits + if max >= 192 { 8 } else { 0 }]
}

/// What a colour of the cube or a grey looks like.
fn indexed_rgb(index: u8) -> [u8; 3] {
    if index >= 232 {
        return [8 + 10 * (index - 232); 3];
    }
    let level = |step: u8| CUBE[usize::from(index.saturating_sub(16) / step % 6)];
    [level(36), level(6), level(1)]
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> ColourDepth {
        ColourDepth::detect(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).into())
        })
    }

    #[test]
    fn the_environment_tells_the_depth() {
        assert_eq!(detect(&[]), ColourDepth::Ansi16);
        assert_eq!(detect(&[("TERM", "xterm")]), ColourDepth::Ansi16);
        assert_eq!(detect(&[("TERM", "dumb")]), ColourDepth::None);
        assert_eq!(detect(&[("TERM", "screen-256color")]), ColourDepth::Ansi256);
        let term = ("TERM", "xterm-256color");
        assert_eq!(detect(&[term, ("COLORTERM", "truecolor")]), ColourDepth::True);
        assert_eq!(detect(&[term, ("COLORTERM", "24bit")]), ColourDepth::True);
        assert_eq!(detect(&[term, ("COLORTERM", "yes")]), ColourDepth::Ansi256);
        assert_eq!(
            detect(&[term, ("NO_COLOR", "1"), ("COLORTERM", "truecolor")]),
            ColourDepth::None
        );
        assert_eq!(detect(&[term, ("NO_COLOR", "")]), ColourDepth::Ansi256);
    }

    #[test]
    fn the_nearest_of_256() {
        let nearest = |r, g, b| ColourDepth::Ansi256.nearest(Color::Rgb(r, g, b));
        assert_eq!(nearest(0, 0, 0), Some(Color::Indexed(16)));
        assert_eq!(nearest(255, 255, 255), Some(Color::Indexed(231)));
        assert_eq!(nearest(255, 0, 0), Some(Color::Indexed(196)));
        assert_eq!(nearest(0x5f, 0x87, 0xaf), Some(Color::Indexed(67)));
        assert_eq!(nearest(8, 8, 8), Some(Color::Indexed(232)));
        assert_eq!(nearest(120, 120, 120), Some(Color::Indexed(243)));
        assert_eq!(nearest(238, 238, 238), Some(Color::Indexed(255)));
        assert_eq!(ColourDepth::Ansi256.nearest(Color::Red), Some(Color::Red));
        for index in 16..=255 {
            let [r, g, b] = indexed_rgb(index);
            let found = nearest_256([r, g, b]);
            assert_eq!(indexed_rgb(found), [r, g, b], "{index}");
        }
    }

    #[test]
    fn no_other_of_the_256_is_nearer() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(17) {
                for b in (0..=255).step_by(51) {
                    let rgb = [r, g, b];
                    let found = distance(indexed_rgb(nearest_256(rgb)), rgb);
                    let best = (16..=255).map(|index| distance(indexed_rgb(index), rgb)).min();
                    assert_eq!(Some(found), best, "{rgb:?}");
                }
            }
        }
    }

    #[test]
    fn the_nearest_of_16() {
        let nearest = |r, g, b| ColourDepth::Ansi16.nearest(Color::Rgb(r, g, b));
        assert_eq!(nearest(0, 0, 0), Some(Color::Black));
        assert_eq!(nearest(128, 0, 0), Some(Color::Red));
        assert_eq!(nearest(0, 255, 0), Some(Color::LightGreen));
        assert_eq!(nearest(128, 128, 0), Some(Color::Yellow));
        assert_eq!(nearest(92, 92, 255), Some(Color::LightBlue));
        assert_eq!(nearest(255, 0, 255), Some(Color::LightMagenta));
        assert_eq!(nearest(0, 128, 128), Some(Color::Cyan));
        assert_eq!(nearest(192, 192, 192), Some(Color::Gray));
        assert_eq!(nearest(128, 128, 128), Some(Color::DarkGray));
        assert_eq!(nearest(255, 255, 255), Some(Color::White));
        assert_eq!(nearest(126, 201, 143), Some(Color::LightGreen));
        assert_eq!(ColourDepth::Ansi16.nearest(Color::Indexed(3)), Some(Color::Yellow));
        assert_eq!(ColourDepth::Ansi16.nearest(Color::Indexed(196)), Some(Color::LightRed));
        assert_eq!(ColourDepth::Ansi16.nearest(Color::Indexed(255)), Some(Color::White));
    }

    #[test]
    fn without_colours_there_are_none_and_with_all_none_changes() {
        assert_eq!(ColourDepth::None.nearest(Color::Red), None);
        assert_eq!(ColourDepth::True.nearest(Color::Rgb(1, 2, 3)), Some(Color::Rgb(1, 2, 3)));
    }

    #[test]
    fn text_never_falls_together_with_its_ground() {
        let style = Style::new().fg(Color::Rgb(200, 200, 200)).bg(Color::Rgb(170, 170, 170));
        assert_eq!(ColourDepth::True.style(style), style);
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        assert_eq!(ColourDepth::Ansi16.style(style), reversed);
    }
}
