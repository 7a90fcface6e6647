//! Tables in LaTeX, with the rules of booktabs.

use super::cells::{COLUMNS, Cells, aligned, escaped, is_figure};

pub(super) fn text(rows: &[Cells]) -> String {
    let columns: String = (0..COLUMNS).map(|i| if is_figure(i) { 'r' } else { 'l' }).collect();
    let lines = aligned(rows, escape);
    let mut body = String::new();
    for (i, line) in lines.iter().enumerate() {
        body += &row(line);
        if i == 0 {
            body += "  \\midrule\n";
        }
    }
    format!(
        "% By heconv {}. The preamble needs \\usepackage{{booktabs}}.\n\
         \\begin{{tabular}}{{{columns}}}\n\
         \x20 \\toprule\n\
         {body}\
         \x20 \\bottomrule\n\
         \\end{{tabular}}\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn row(cells: &[String; COLUMNS]) -> String {
    format!("  {} \\\\\n", cells.join(" & "))
}

fn escape(text: &str) -> String {
    escaped(text, |c| match c {
        '\\' => Some("\\textbackslash{}"),
        '{' => Some("\\{"),
        '}' => Some("\\}"),
        '$' => Some("\\$"),
        '&' => Some("\\&"),
        '#' => Some("\\#"),
        '_' => Some("\\_"),
        '%' => Some("\\%"),
        '~' => Some("\\textasciitilde{}"),
        '^' => Some("\\textasciicircum{}"),
        '<' => Some("\\textless{}"),
        '>' => Some("\\textgreater{}"),
        '|' => Some("\\textbar{}"),
        // After the end of a row these two would be read as its arguments.
        '[' => Some("{[}"),
        '*' => Some("{*}"),
        _ => None,
    })
}
