//! Words in letters five rows high, for what is to be seen from afar.

/// Rows of a letter.
pub const HEIGHT: usize = 5;

/// Columns of a letter in dots.
const WIDTH: usize = 3;

/// Letters by rows, the first row first, `#` a dot.
const LETTERS: [(char, [&str; HEIGHT]); 42] = [
    ('0', ["###", "#.#", "#.#", "#.#", "###"]),
    ('1', [".#.", "##.", ".#.", ".#.", "###"]),
    ('2', ["###", "..#", "###", "#..", "###"]),
    ('3', ["###", "..#", "###", "..#", "###"]),
    ('4', ["#.#", "#.#", "###", "..#", "..#"]),
    ('5', ["###", "#..", "###", "..#", "###"]),
    ('6', ["###", "#..", "###", "#.#", "###"]),
    ('7', ["###", "..#", "..#", ".#.", ".#."]),
    ('8', ["###", "#.#", "###", "#.#", "###"]),
    ('9', ["###", "#.#", "###", "..#", "###"]),
    ('a', [".#.", "#.#", "###", "#.#", "#.#"]),
    ('b', ["##.", "#.#", "##.", "#.#", "##."]),
    ('c', [".##", "#..", "#..", "#..", ".##"]),
    ('d', ["##.", "#.#", "#.#", "#.#", "##."]),
    ('e', ["###", "#..", "##.", "#..", "###"]),
    ('f', ["###", "#..", "##.", "#..", "#.."]),
    ('g', [".##", "#..", "#.#", "#.#", ".##"]),
    ('h', ["#.#", "#.#", "###", "#.#", "#.#"]),
    ('i', ["###", ".#.", ".#.", ".#.", "###"]),
    ('j', ["..#", "..#", "..#", "#.#", ".#."]),
    ('k', ["#.#", "#.#", "##.", "#.#", "#.#"]),
    ('l', ["#..", "#..", "#..", "#..", "###"]),
    ('m', ["#.#", "###", "###", "#.#", "#.#"]),
    ('n', ["##.", "#.#", "#.#", "#.#", "#.#"]),
    ('o', [".#.", "#.#", "#.#", "#.#", ".#."]),
    ('p', ["##.", "#.#", "##.", "#..", "#.."]),
    ('q', [".#.", "#.#", "#.#", "##.", ".##"]),
    ('r', ["##.", "#.#", "##.", "#.#", "#.#"]),
    ('s', [".##", "#..", ".#.", "..#", "##."]),
    ('t', ["###", ".#.", ".#.", ".#.", ".#."]),
    ('u', ["#.#", "#.#", "#.#", "#.#", "###"]),
    ('v', ["#.#", "#.#", "#.#", "#.#", ".#."]),
    ('w', ["#.#", "#.#", "###", "###", "#.#"]),
    ('x', ["#.#", "#.#", ".#.", "#.#", "#.#"]),
    ('y', ["#.#", "#.#", ".#.", ".#.", ".#."]),
    ('z', ["###", "..#", ".#.", "#..", "###"]),
    (' ', ["...", "...", "...", "...", "..."]),
    ('-', ["...", "...", "###", "...", "..."]),
    ('.', ["...", "...", "...", "...", ".#."]),
    (',', ["...", "...", "...", ".#.", "#.."]),
    ('\'', [".#.", ".#.", "...", "...", "..."]),
    ('?', ["###", "..#", ".##", "...", ".#."]),
];

/// The rows of `text` within `columns`, each dot two characters `ink` wide, or one where there is less
/// room. `None` where there is not enough, or a letter is not known.
pub fn large(text: &str, columns: usize, ink: &str) -> Option<[String; HEIGHT]> {
    let letters: Option<Vec<&[&str; HEIGHT]>> = text.chars().map(letter).collect();
    let letters = letters.filter(|letters| !letters.is_empty())?;
    // Behind each but the last a dot is left.
    let dots = letters.len() * (WIDTH + 1) - 1;
    let size = [2, 1].into_iter().find(|size| dots * size <= columns)?;
    let dot = |dot: char| if dot == '#' { ink.repeat(size) } else { " ".repeat(size) };
    let row = |row: usize| {
        let rows: Vec<String> =
            letters.iter().map(|letter| letter[row].chars().map(dot).collect()).collect();
        rows.join(&" ".repeat(size))
    };
    Some(std::array::from_fn(row))
}

fn letter(wanted: char) -> Option<&'static [&'static str; HEIGHT]> {
    let wanted = wanted.to_ascii_lowercase();
    LETTERS.iter().find(|(letter, _)| *letter == wanted).map(|(_, rows)| rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_wide_as_there_is_room() {
        let seven = large("7", 6, "#").expect("room");
        assert_eq!(seven, ["######", "    ##", "    ##", "  ##  ", "  ##  "]);
        assert_eq!(large("7", 5, "#").expect("room")[1], "  #");
        let cat = large("Cat", 11, "#").expect("room");
        assert_eq!(cat[0], " ##  #  ###");
        assert!(cat.iter().all(|row| row.len() == 11));
        assert_eq!(
            (large("cat", 10, "#"), large("", 99, "#"), large("né", 99, "#")),
            (None, None, None)
        );
    }

    #[test]
    fn every_letter_is_another() {
        for (place, (letter, rows)) in LETTERS.iter().enumerate() {
            assert!(rows.iter().all(|row| row.len() == WIDTH), "{letter}");
            assert!(LETTERS[..place].iter().all(|(_, other)| other != rows), "{letter}");
        }
    }
}
