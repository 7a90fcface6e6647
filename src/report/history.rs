//! The runs of earlier days: one record a line, the newest last.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Record, SCHEMA};
use crate::files::replace;

/// How many lines are left when the file is shortened.
const KEPT: usize = 500;

/// How many lines the file may have before it is shortened.
const MOST: usize = 600;

/// The history of runs, a file of JSON lines.
///
/// Several processes may append at once. What a crash or another version has left in the file is
/// passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    path: PathBuf,
}

/// A run of a history: its record, and what stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The record.
    #[serde(flatten)]
    pub record: Record,
    /// The rest.
    #[serde(flatten)]
    pub beside: Beside,
}

/// What stands beside the record of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// When the run ended, in milliseconds since 1970; absent in entries of early versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<u64>,
    /// What the user says of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// What was asked for, as whoever ran it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<Value>,
}

impl Entry {
    /// Whether both are of one run, whatever was noted since.
    fn is_of_run_of(&self, other: &Self) -> bool {
        self.beside.at == other.beside.at
            && self.record.layer == other.record.layer
            && self.record.algorithm == other.record.algorithm
            && self.record.reduction == other.record.reduction
            && self.record.params.name == other.record.params.name
            && (self.beside.at.is_some() || self.record == other.record)
    }

    /// Reads a line.
    fn of_line(line: &[u8]) -> Option<Self> {
        let record = serde_json::from_slice::<Record>(line).ok()?;
        let beside = serde_json::from_slice(line).ok()?;
        (record.schema == SCHEMA).then_some(Self { record, beside })
    }
}

/// What a history holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The runs, the newest last.
    pub entries: Vec<Entry>,
    /// Lines that are no records of this version.
    pub skipped: usize,
}

impl History {
    /// The user's history, `heconv/history.jsonl` in the XDG state directory.
    ///
    /// # Errors
    /// That the user has no home directory, or the file's directory cannot be made.
    pub fn open_default() -> io::Result<Self> {
        let strategy = etcetera::choose_base_strategy()
            .map_err(|error| io::Error::new(ErrorKind::NotFound, error))?;
        let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
        Self::open(state.join("heconv").join("history.jsonl"))
    }

    /// The history in the file at `path`, which need not exist; its directory is made.
    ///
    /// # Errors
    /// That the directory cannot be made.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        Ok(Self { path })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all records; none where there is no file.
    ///
    /// # Errors
    /// That the file cannot be read. What it says is never an error.
    pub fn load(&self) -> io::Result<Loaded> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Loaded::default()),
            Err(error) => return Err(error),
        };
        let mut loaded = Loaded::default();
        for line in lines(&bytes) {
            match Entry::of_line(line) {
                Some(entry) => loaded.entries.push(entry),
                None => loaded.skipped += 1,
            }
        }
        Ok(loaded)
    }

    /// Adds a run, and drops the oldest lines where there are too many.
    ///
    /// # Errors
    /// That the file cannot be written; or that it cannot be shortened, though the record is in it.
    pub fn append(&self, entry: &Entry) -> io::Result<()> {
        // Where locks are not to be had, a record added by another process while this one shortens
        // the file is lost; that is no reason to lose this one.
        let _lock = self.lock().ok();
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut file = File::options().create(true).read(true).append(true).open(&self.path)?;
        if !ends_a_line(&mut file)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line)?;
        self.shorten()
    }

    /// Puts `new` in place of the run of `old`, or takes it out where there is no new one. Without such
    /// a run nothing changes.
    ///
    /// # Errors
    /// That the file cannot be read or written.
    pub fn change(&self, old: &Entry, new: Option<&Entry>) -> io::Result<()> {
        let _lock = self.lock().ok();
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut all: Vec<&[u8]> = lines(&bytes).collect();
        let is_it =
            |line: &&[u8]| Entry::of_line(line).is_some_and(|entry| entry.is_of_run_of(old));
        let Some(place) = all.iter().rposition(is_it) else { return Ok(()) };
        let line = new.map(serde_json::to_vec).transpose()?;
        match &line {
            Some(line) => all[place] = line,
            None => drop(all.remove(place)),
        }
        let mut text = all.join(&b'\n');
        if !text.is_empty() {
            text.push(b'\n');
        }
        replace(&self.path, &text)
    }

    /// Holds off other processes while the file is open.
    fn lock(&self) -> io::Result<File> {
        let path = self.path.with_extension("lock");
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.lock()?;
        Ok(file)
    }

    fn shorten(&self) -> io::Result<()> {
        let bytes = fs::read(&self.path)?;
        let count = lines(&bytes).count();
        if count <= MOST {
            return Ok(());
        }
        // Lines of other versions stay, so that those still find them.
        let newest: Vec<&[u8]> = lines(&bytes).skip(count - KEPT).collect();
        let mut text = newest.join(&b'\n');
        text.push(b'\n');
        replace(&self.path, &text)
    }
}

/// Lines that are not blank.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

/// Whether what is added now starts a line: a crash may have left a torn one.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    fn numbered(seed: u64) -> Entry {
        Entry { record: Record { seed, ..record() }, beside: Beside::default() }
    }

    fn history() -> (tempfile::TempDir, History) {
        let directory = tempfile::tempdir().expect("a directory");
        let history = History::open(directory.path().join("heconv/history.jsonl")).expect("opens");
        (directory, history)
    }

    fn seeds(history: &History) -> (Vec<u64>, usize) {
        let Loaded { entries, skipped } = history.load().expect("loads");
        (entries.iter().map(|entry| entry.record.seed).collect(), skipped)
    }

    fn files(history: &History) -> Vec<String> {
        let entries = fs::read_dir(history.path().parent().expect("a parent")).expect("a list");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> =
            entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn records_come_back_in_order() {
        let (_directory, history) = history();
        let mut entries = [numbered(1), numbered(u64::MAX), numbered(7)];
        entries[2].beside.at = Some(1_767_225_600_000);
        entries[2].beside.note = Some("with the lid closed".into());
        for entry in &entries {
            history.append(entry).expect("appends");
        }
        let again = History::open(history.path()).expect("opens");
        assert_eq!(again.load().expect("loads"), Loaded { entries: entries.into(), skipped: 0 });
    }

    #[test]
    fn runs_are_noted_and_taken_out() {
        let (_directory, history) = history();
        let at = |at, seed| {
            let Entry { record, beside } = numbered(seed);
            Entry { record, beside: Beside { at: Some(at), ..beside } }
        };
        let all = [numbered(1), at(5, 2), at(6, 2), at(7, 3)];
        for entry in &all {
            history.append(entry).expect("appends");
        }
        let noted = |entry: &Entry| {
            let note = Some("a note".to_owned());
            Entry { beside: Beside { note, ..entry.beside.clone() }, ..entry.clone() }
        };
        history.change(&all[1], Some(&noted(&all[1]))).expect("changes");
        // Whatever is known of the note by now.
        history.change(&noted(&all[2]), None).expect("changes");
        history.change(&at(99, 2), None).expect("nothing to change");
        let loaded = history.load().expect("loads").entries;
        assert_eq!(loaded, [all[0].clone(), noted(&all[1]), all[3].clone()]);
        history.change(&all[0], None).expect("changes");
        assert_eq!(seeds(&history), (vec![2, 3], 0));
    }

    #[test]
    fn no_file_is_an_empty_history() {
        let (_directory, history) = history();
        assert_eq!(history.load().expect("loads"), Loaded::default());
    }

    #[test]
    fn a_torn_line_costs_itself_alone() {
        let line = serde_json::to_string(&numbered(2)).expect("json");
        for torn in [1, line.len() / 2, line.len() - 1] {
            let (_directory, history) = history();
            history.append(&numbered(1)).expect("appends");
            let mut file = File::options().append(true).open(history.path()).expect("opens");
            file.write_all(&line.as_bytes()[..torn]).expect("writes");
            assert_eq!(seeds(&history), (vec![1], 1));
            history.append(&numbered(3)).expect("appends");
            assert_eq!(seeds(&history), (vec![1, 3], 1));
        }
        // Only the line's end is torn off: nothing is lost.
        let (_directory, history) = history();
        fs::write(history.path(), &line).expect("writes");
        history.append(&numbered(3)).expect("appends");
        assert_eq!(seeds(&history), (vec![2, 3], 0));
    }

    #[test]
    fn foreign_lines_are_counted() {
        let (_directory, history) = history();
        let other = serde_json::to_string(&Record { schema: 2, ..record() }).expect("json");
        let own = serde_json::to_string(&numbered(5)).expect("json");
        let more = own.replacen('{', "{\"later\":[1],", 1);
        let text = format!("{other}\n\n  \r\n{{\"schema\":1}}\n[]\nnull\ntext\n{own}\r\n{more}\n");
        let deep = "[".repeat(100_000);
        let bytes = [text.as_bytes(), b"\xff\xfe\0\n", deep.as_bytes(), b"\n"].concat();
        fs::write(history.path(), bytes).expect("writes");
        assert_eq!(seeds(&history), (vec![5, 5], 7));
    }

    #[test]
    fn the_file_is_bounded() {
        let (_directory, history) = history();
        let most = MOST as u64;
        let line = |seed| serde_json::to_string(&numbered(seed)).expect("json") + "\n";
        fs::write(history.path(), (1..most).map(line).collect::<String>()).expect("writes");
        history.append(&numbered(most)).expect("appends");
        assert_eq!(seeds(&history), ((1..=most).collect(), 0));
        history.append(&numbered(most + 1)).expect("appends");
        let kept = most + 2 - KEPT as u64..=most + 1;
        assert_eq!(seeds(&history), (kept.clone().collect(), 0));
        history.append(&numbered(most + 2)).expect("appends");
        assert_eq!(seeds(&history).0.len(), KEPT + 1);
        assert_eq!(files(&history), ["history.jsonl", "history.lock"]);
    }

    #[test]
    fn writers_at_once_lose_nothing() {
        let (_directory, history) = history();
        let line = serde_json::to_string(&numbered(0)).expect("json") + "\n";
        fs::write(history.path(), line.repeat(MOST - 20)).expect("writes");
        std::thread::scope(|scope| {
            for writer in 1..=4 {
                let history = &history;
                scope.spawn(move || {
                    for _ in 0..10 {
                        history.append(&numbered(writer)).expect("appends");
                    }
                });
            }
        });
        let (seeds, skipped) = seeds(&history);
        assert_eq!((seeds.iter().filter(|seed| **seed > 0).count(), skipped), (40, 0));
        assert!(seeds.len() < MOST);
    }

    #[test]
    fn places_that_cannot_be_written_are_errors() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        fs::write(&file, "").expect("writes");
        assert!(History::open(file.join("history.jsonl")).is_err());

        let history = History::open(directory.path().join("gone/history.jsonl")).expect("opens");
        fs::remove_dir(directory.path().join("gone")).expect("removes");
        assert_eq!(history.load().expect("loads"), Loaded::default());
        let error = history.append(&numbered(1)).expect_err("no directory");
        assert_eq!(error.kind(), ErrorKind::NotFound);

        let taken = directory.path().join("taken");
        fs::create_dir(&taken).expect("makes");
        let history = History::open(taken).expect("opens");
        assert!(history.load().is_err() && history.append(&numbered(1)).is_err());
    }
}
