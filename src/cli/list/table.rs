//! Lines of columns.

/// A line for each row: columns below each other where `aligned`, else a tab between them. Columns
/// without any text are left out, and so is what would end a line with blanks.
pub(super) fn lines(rows: &[Vec<String>], aligned: bool) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let cells: Vec<String> = if aligned {
            cells.map(|(cell, width)| format!("{cell:<width$}")).collect()
        } else {
            cells.map(|(cell, _)| cell.clone()).collect()
        };
        cells.join(if aligned { "  " } else { "\t" }).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
        let rows = [row(["a", "", "öne"]), row(["longer", "", ""]), row(["b", "", "2"])];
        assert_eq!(lines(&rows, true), ["a       öne", "longer", "b       2"]);
        assert_eq!(lines(&rows, false), ["a\töne", "longer", "b\t2"]);
        assert!(lines(&[], true).is_empty());
    }
}
