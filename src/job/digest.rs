//! Digests of what was asked for, the same from every compiler, machine and build.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// SHA-256 over named values, one after the other, each written as
///
/// | bytes | |
/// |---|---|
/// | 8 | the length of its name, as all numbers least byte first |
/// | as many | its name, in UTF-8 |
/// | 1 | what it is: `-` absent, `t` text, `n` numbers, `i` integers with signs, `r` a real number, `f` a file |
/// | 8 | the length of what follows in bytes; 0 for a file, whose length comes after it |
/// | as many | text in UTF-8; numbers and integers in 8 bytes each; a real number as in IEEE 754 |
///
/// so that no two lists of values have the same bytes. The form of the whole, with its version,
/// comes first, as a text by the name of `form`.
pub(crate) struct Digest(Sha256);

impl Digest {
    /// A digest of values whose names and order `form` stands for.
    pub(crate) fn new(form: &str) -> Self {
        let mut digest = Self(Sha256::new());
        digest.text("form", form);
        digest
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.head(name, b't', text.len());
        self.0.update(text);
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.numbers(name, [number]);
    }

    /// Adds a number, or that there is none.
    pub(crate) fn maybe(&mut self, name: &str, number: Option<u64>) {
        match number {
            Some(number) => self.number(name, number),
            None => self.absent(name),
        }
    }

    /// Adds that there is nothing of this name.
    pub(crate) fn absent(&mut self, name: &str) {
        self.head(name, b'-', 0);
    }

    /// Adds a list of numbers.
    pub(crate) fn numbers(
        &mut self,
        name: &str,
        numbers: impl IntoIterator<Item = u64, IntoIter: ExactSizeIterator>,
    ) {
        let numbers = numbers.into_iter();
        self.head(name, b'n', 8 * numbers.len());
        numbers.for_each(|number| self.0.update(number.to_le_bytes()));
    }

    /// Adds a list of integers with signs.
    pub(crate) fn integers<'a, I: Copy + Into<i64> + 'a>(
        &mut self,
        name: &str,
        integers: impl IntoIterator<Item = &'a I, IntoIter: ExactSizeIterator>,
    ) {
        let integers = integers.into_iter();
        self.head(name, b'i', 8 * integers.len());
        integers.for_each(|integer| self.0.update((*integer).into().to_le_bytes()));
    }

    /// Adds a real number.
    pub(crate) fn real(&mut self, name: &str, number: f64) {
        self.head(name, b'r', 8);
        self.0.update(number.to_bits().to_le_bytes());
    }

    /// Adds what is in a file.
    ///
    /// # Errors
    /// That it cannot be read; the digest then stands for a part of it.
    pub(crate) fn file(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        self.head(name, b'f', 0);
        let mut length = 0_u64;
        loop {
            let part = file.fill_buf()?;
            let count = part.len();
            if count == 0 {
                self.0.update(length.to_le_bytes());
                return Ok(());
            }
            self.0.update(part);
            length += count as u64;
            file.consume(count);
        }
    }

    /// The digest of all that was added, in hexadecimal.
    pub(crate) fn finish(self) -> String {
        let bytes = self.0.finalize();
        bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            // A string takes all that is written to it.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    fn head(&mut self, name: &str, kind: u8, bytes: usize) {
        self.0.update((name.len() as u64).to_le_bytes());
        self.0.update(name);
        self.0.update([kind]);
        self.0.update((bytes as u64).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(add: impl Fn(&mut Digest)) -> String {
        let mut digest = Digest::new("test 1");
        add(&mut digest);
        digest.finish()
    }

    /// The bytes are those of the table above: files that were written once are read for ever.
    #[test]
    fn known_answers() {
        let mut bytes = Vec::new();
        let mut add = |name: &str, kind: u8, value: &[u8]| {
            bytes.extend((name.len() as u64).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.push(kind);
            bytes.extend((value.len() as u64).to_le_bytes());
            bytes.extend(value);
        };
        add("form", b't', b"test 1");
        add("a", b't', "\u{e9}".as_bytes());
        add("b", b'n', &[7, 0, 0, 0, 0, 0, 0, 0]);
        add("c", b'-', &[]);
        add("d", b'i', &[255; 8]);
        add("e", b'r', &0.5_f64.to_bits().to_le_bytes());
        let whole = Digest(Sha256::new_with_prefix(&bytes)).finish();
        let found = digest(|digest| {
            digest.text("a", "\u{e9}");
            digest.maybe("b", Some(7));
            digest.maybe("c", None);
            digest.integers("d", &[-1i64]);
            digest.real("e", 0.5);
        });
        assert_eq!(found, whole);
        assert_eq!(found, "bd94cca032c8d308d4e1e978940a56c69da686330d95ae90c5e72304c7209464");
        assert_eq!(digest(|_| ()).len(), 64);
    }

    #[test]
    fn neighbours_do_not_run_together() {
        let texts = |a: &str, b: &str| {
            digest(|digest| {
                digest.text("", a);
                digest.text("", b);
            })
        };
        assert_ne!(texts("ab", "c"), texts("a", "bc"));
        let numbers = |a: &[u64], b: &[u64]| {
            digest(|digest| {
                digest.numbers("", a.iter().copied());
                digest.numbers("", b.iter().copied());
            })
        };
        assert_ne!(numbers(&[1, 2], &[3]), numbers(&[1], &[2, 3]));
        assert_ne!(digest(|d| d.absent("a")), digest(|_| ()));
        assert_ne!(digest(|d| d.text("a", "b")), digest(|d| d.text("b", "a")));
    }

    #[test]
    fn files_go_by_what_is_in_them() {
        let place = tempfile::tempdir().expect("a directory");
        let of = |name: &str, content: &[u8]| {
            let path = place.path().join(name);
            std::fs::write(&path, content).expect("written");
            digest(|digest| digest.file("weights", &path).expect("read"))
        };
        let large = vec![3; 100_000];
        assert_eq!(of("a", &large), of("b", &large));
        assert_ne!(of("a", &large), of("b", &large[1..]));
        let mut nothing = Digest::new("test 1");
        assert!(nothing.file("weights", &place.path().join("none")).is_err());
    }
}
