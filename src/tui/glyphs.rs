//! The characters of the interface that are no letters, with and without Unicode.

use ratatui::symbols::border;

/// Every character that is drawn and not written. Each is one column wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// The border of a panel.
    pub border: border::Set<'static>,
    /// The last column of a bar by its eighths, from none to all.
    pub bar: [&'static str; 9],
    /// A column of a bar of something that is not there yet or was predicted.
    pub ghost: &'static str,
    /// Between columns that stand side by side.
    pub divider: &'static str,
    /// Columns of a chart, from the lowest to the highest.
    pub levels: [&'static str; 8],
    /// It holds.
    pub check: &'static str,
    /// It does not hold.
    pub cross: &'static str,
    /// From one thing to the next.
    pub arrow: &'static str,
    /// An item, or a place without anything.
    pub dot: &'static str,
    /// A point of a chart.
    pub point: &'static str,
    /// The run that others are compared to, or a point of a chart that stands out.
    pub pin: &'static str,
    /// Marks that tell the curves of a chart apart.
    pub marks: [&'static str; 8],
    /// A folded row.
    pub folded: &'static str,
    /// An unfolded row.
    pub unfolded: &'static str,
    /// Sorted from the least, or more than before.
    pub ascending: &'static str,
    /// Sorted from the greatest, or less than before.
    pub descending: &'static str,
    /// Text goes on.
    pub ellipsis: &'static str,
    /// Something works; one after another.
    pub spinner: &'static [&'static str],
}

impl Glyphs {
    /// For terminals and fonts that know Unicode.
    pub const UNICODE: Self = Self {
        border: border::PLAIN,
        bar: [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        ghost: "░",
        divider: "│",
        levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        check: "✓",
        cross: "✗",
        arrow: "→",
        dot: "·",
        point: "○",
        pin: "◆",
        marks: ["●", "▲", "■", "◆", "○", "△", "□", "◇"],
        folded: "▸",
        unfolded: "▾",
        ascending: "▲",
        descending: "▼",
        ellipsis: "…",
        spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    };

    /// For all others: ASCII alone.
    pub const ASCII: Self = Self {
        border: ASCII_BORDER,
        bar: [" ", " ", " ", " ", "#", "#", "#", "#", "#"],
        ghost: ".",
        divider: "|",
        levels: ["_", ".", ":", "-", "=", "%", "8", "#"],
        // A plus would read as a sum behind a number, and is an unfolded row to be.
        check: "Y",
        cross: "x",
        arrow: ">",
        dot: ".",
        point: "o",
        pin: "*",
        // None of them is the cross.
        marks: ["o", "^", "#", "*", "+", "=", "@", "%"],
        folded: "+",
        unfolded: "-",
        ascending: "^",
        descending: "v",
        // A tilde is before what is predicted.
        ellipsis: "_",
        spinner: &["|", "/", "-", "\\"],
    };

    /// Those the user asks for, or those that the environment, read by `get`, lets expect to be
    /// shown: Unicode, unless the locale is of another encoding or the terminal has few glyphs.
    pub fn choose(ascii: Option<bool>, get: impl Fn(&str) -> Option<String>) -> &'static Self {
        let read = |name| get(name).filter(|value| !value.is_empty());
        let ascii = ascii.unwrap_or_else(|| {
            let poor = read("TERM").is_some_and(|term| matches!(term.as_str(), "dumb" | "linux"));
            // Without a locale nothing is known, and terminals without Unicode are rare.
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(read);
            let other = locale.is_some_and(|locale| {
                let locale = locale.to_ascii_lowercase();
                !locale.contains("utf-8") && !locale.contains("utf8")
            });
            poor || other
        });
        if ascii { &Self::ASCII } else { &Self::UNICODE }
    }

    /// A bar that fills `part` of `width` columns, and blanks up to `width`.
    pub fn bar(&self, width: usize, part: f64) -> String {
        // Not a number is no bar.
        let eighths = (part.clamp(0.0, 1.0) * (8 * width) as f64).round() as usize;
        let column = |i: usize| self.bar[eighths.saturating_sub(8 * i).min(8)];
        (0..width).map(column).collect()
    }

    /// The picture of something at work, at its `step`.
    pub fn spinner(&self, step: usize) -> &'static str {
        self.spinner.get(step % self.spinner.len().max(1)).copied().unwrap_or_default()
    }
}

/// A border with `+` at the corners.
const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

#[cfg(test)]
mod tests {
    use ratatui::text::Span;

    use super::*;

    #[test]
    fn ascii_is_ascii() {
        // Debug text holds every string and character of the set.
        assert!(format!("{:?}", Glyphs::ASCII).is_ascii());
        assert!(!format!("{:?}", Glyphs::UNICODE).is_ascii());
    }

    #[test]
    fn every_glyph_is_one_column_wide() {
        for glyphs in [Glyphs::UNICODE, Glyphs::ASCII] {
            let text = format!("{glyphs:?}");
            let texts = text.split('"').skip(1).step_by(2);
            for glyph in texts {
                let glyph = glyph.replace("\\\\", "\\");
                assert_eq!(Span::raw(glyph.as_str()).width(), 1, "{glyph:?}");
            }
        }
    }

    #[test]
    fn bars_are_as_long_as_they_should_be() {
        assert_eq!(Glyphs::UNICODE.bar(4, 0.5), "██  ");
        assert_eq!(Glyphs::UNICODE.bar(4, 0.53125), "██▏ ");
        assert_eq!(Glyphs::ASCII.bar(4, 0.5), "##  ");
        assert_eq!(Glyphs::ASCII.bar(4, 0.65), "### ");
        for glyphs in [Glyphs::UNICODE, Glyphs::ASCII] {
            assert_eq!(glyphs.bar(3, 0.0), "   ");
            assert_eq!(glyphs.bar(3, -1.0), "   ");
            assert_eq!(glyphs.bar(3, f64::NAN), "   ");
            assert_eq!(glyphs.bar(3, 7.0), glyphs.bar[8].repeat(3));
            assert_eq!(glyphs.bar(0, 1.0), "");
        }
    }

    #[test]
    fn the_spinner_goes_round() {
        assert_eq!(Glyphs::ASCII.spinner(0), Glyphs::ASCII.spinner(4));
        assert_ne!(Glyphs::ASCII.spinner(0), Glyphs::ASCII.spinner(1));
    }

    #[test]
    fn the_user_decides_and_else_the_environment() {
        let chosen = |ascii, variables: &[(&str, &str)]| {
            let glyphs = Glyphs::choose(ascii, |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).into())
            });
            *glyphs == Glyphs::ASCII
        };
        assert!(chosen(Some(true), &[("LANG", "en_GB.UTF-8")]));
        assert!(!chosen(Some(false), &[("LANG", "C")]));
        assert!(!chosen(None, &[]));
        assert!(!chosen(None, &[("LANG", "C.utf8")]));
        assert!(chosen(None, &[("LANG", "C")]));
        assert!(chosen(None, &[("LC_ALL", "POSIX"), ("LANG", "en_GB.UTF-8")]));
        assert!(!chosen(None, &[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]));
        assert!(chosen(None, &[("TERM", "linux"), ("LANG", "en_GB.UTF-8")]));
    }
}
