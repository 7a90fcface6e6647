//! A small SVG document on a light card, which reads on light and on dark pages.

use std::fmt::{Display, Write};

/// Colours of channels, light enough for dark text.
pub(super) const CHANNELS: [&str; 8] =
    ["#8fb8de", "#f5b677", "#9bcf8f", "#ef9a9a", "#cfa9d6", "#f2dc7e", "#9fd4cf", "#d6b89c"];

/// What holds nothing.
pub(super) const EMPTY: &str = "#eef1f4";

/// What is computed and thrown away.
pub(super) const RUBBISH: &str = "#b9c0c8";

/// Lines that stand for something.
pub(super) const STRONG: [&str; 4] = ["#0969da", "#bc4c00", "#1a7f37", "#8250df"];

/// How a text looks, by the name of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// What the diagram is.
    Title,
    /// What stands beside a part of it.
    Plain,
    /// What explains.
    Quiet,
    /// Within a cell.
    Small,
}

impl Look {
    /// Every look.
    pub(super) const ALL: [Self; 4] = [Self::Title, Self::Plain, Self::Quiet, Self::Small];

    /// Its class.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Title => "t",
            Self::Plain => "p",
            Self::Quiet => "q",
            Self::Small => "s",
        }
    }

    /// Its size in pixels.
    pub(super) const fn size(self) -> f64 {
        match self {
            Self::Title => 16.0,
            Self::Plain => 13.0,
            Self::Quiet => 12.0,
            Self::Small => 9.0,
        }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Title => "font-weight:600",
            Self::Plain | Self::Small => "",
            Self::Quiet => "fill:#57606a",
        }
    }
}

/// Where a text stands by its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A number with at most one decimal.
fn num(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// A diagram as it grows. Lengths are pixels, from the top left.
pub(super) struct Drawing {
    size: [f64; 2],
    body: String,
}

impl Drawing {
    /// An empty card with a title.
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let mut drawing = Self { size: [width, height], body: String::new() };
        drawing.text([20.0, 30.0], Look::Title, Anchor::Start, title);
        drawing
    }

    /// One line of text, its baseline at a point.
    pub(super) fn text(&mut self, at: [f64; 2], look: Look, anchor: Anchor, text: impl Display) {
        let text = text.to_string().replace('&', "&amp;").replace('<', "&lt;");
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let ([x, y], class) = (at.map(num), look.class());
        self.add(&format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>"));
    }

    /// Lines of text, one below the other.
    pub(super) fn lines(&mut self, [x, y]: [f64; 2], look: Look, lines: &[&str]) {
        let step = look.size() * 1.45;
        for (i, line) in lines.iter().enumerate() {
            self.text([x, y + step * i as f64], look, Anchor::Start, line);
        }
    }

    /// A rectangle (x, y, width, height).
    pub(super) fn rect(&mut self, [x, y, w, h]: [f64; 4], fill: &str) {
        let [x, y, w, h] = [x, y, w, h].map(num);
        self.add(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\"/>"
        ));
    }

    /// A frame (x, y, width, height).
    pub(super) fn frame(&mut self, [x, y, w, h]: [f64; 4], colour: &str) {
        let [x, y, w, h] = [x, y, w, h].map(num);
        self.add(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"3\" fill=\"none\" \
             stroke=\"{colour}\" stroke-width=\"1.6\"/>"
        ));
    }

    /// A line through points, dashed where it is not solid.
    pub(super) fn line(&mut self, points: &[[f64; 2]], colour: &str, solid: bool) {
        self.stroke(points, colour, if solid { "" } else { " stroke-dasharray=\"4 3\"" });
    }

    fn stroke(&mut self, points: &[[f64; 2]], colour: &str, more: &str) {
        let points: Vec<String> = points.iter().map(|point| point.map(num).join(",")).collect();
        self.add(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"{more}/>",
            points.join(" ")
        ));
    }

    /// A dot.
    pub(super) fn dot(&mut self, at: [f64; 2], colour: &str) {
        let [x, y] = at.map(num);
        self.add(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>"));
    }

    /// A row of equal cells (width, height) from a corner on, one for each colour. Neighbours that hold
    /// nothing of interest are drawn as one.
    pub(super) fn strip(&mut self, [x, y]: [f64; 2], [w, h]: [f64; 2], colours: &[&str]) {
        let mut distinct: Vec<&str> = Vec::new();
        for colour in colours {
            if !distinct.contains(colour) {
                distinct.push(colour);
            }
        }
        let top = num(y);
        let runs: Vec<&[&str]> =
            colours.chunk_by(|a, b| a == b && [EMPTY, RUBBISH].contains(a)).collect();
        for fill in distinct {
            let (mut path, mut start) = (String::new(), 0);
            for run in &runs {
                let (left, width) = (num(x + w * start as f64), num(w * run.len() as f64 - 0.6));
                start += run.len();
                if run.first() == Some(&fill) {
                    // Writing to a string does not fail.
                    let _ = write!(path, "M{left} {top}h{width}v{h}h-{width}z");
                }
            }
            self.add(&format!("<path fill=\"{fill}\" d=\"{path}\"/>"));
        }
    }

    fn add(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        let [width, height] = self.size.map(num);
        let mut rules = String::new();
        for look in Look::ALL {
            // Writing to a string does not fail.
            let _ =
                write!(rules, ".{}{{font-size:{}px;{}}}", look.class(), look.size(), look.rule());
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"Helvetica,Arial,'DejaVu Sans',sans-serif\" \
             fill=\"#1f2328\">\n\
             <style>{rules}</style>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#fff\" \
             stroke=\"#d0d7de\"/>\n{}</svg>\n",
            num(self.size[0] - 1.0),
            num(self.size[1] - 1.0),
            self.body
        )
    }
}
