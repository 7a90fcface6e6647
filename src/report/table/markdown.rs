//! Tables in Markdown.

use super::cells::{COLUMNS, Cells, aligned, escaped, is_figure};

pub(super) fn text(rows: &[Cells]) -> String {
    let lines = aligned(rows, escape);
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        text += &bar(line);
        if i == 0 {
            text += &bar(&rule(line));
        }
    }
    text
}

fn bar(cells: &[String; COLUMNS]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The line below the headings, which also says where the cells of a column stand.
fn rule(headings: &[String; COLUMNS]) -> [String; COLUMNS] {
    std::array::from_fn(|column| {
        let width = headings[column].chars().count();
        if is_figure(column) { "-".repeat(width - 1) + ":" } else { "-".repeat(width) }
    })
}

fn escape(text: &str) -> String {
    escaped(text, |c| match c {
        '\\' => Some("\\\\"),
        '|' => Some("\\|"),
        '`' => Some("\\`"),
        '*' => Some("\\*"),
        '_' => Some("\\_"),
        '~' => Some("\\~"),
        '[' => Some("\\["),
        ']' => Some("\\]"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        _ => None,
    })
}
