//! Files that are resumed: torn, of another request, of another sweep.

use std::path::PathBuf;

use tempfile::TempDir;

use super::super::testing::{record_of, settings, sweep};
use super::super::{Resumed, RowFile, Sweep};
use super::*;
use crate::job::Problem;
use crate::report::{Refusal, SweepRow};

const FORMATS: [(Format, &str); 2] = [(Format::JsonLines, "rows.jsonl"), (Format::Csv, "rows.csv")];

fn place(name: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    (directory, path)
}

/// The row of point `i`; every third one failed.
fn row(sweep: &Sweep, i: usize) -> SweepRow {
    row_under(&settings(), sweep, i)
}

/// The same under other settings.
fn row_under(settings: &Settings, sweep: &Sweep, i: usize) -> SweepRow {
    let point = sweep.points()[i];
    if i % 3 == 2 {
        point.asked(settings).failed(&"no, \"never\"".into())
    } else {
        point.asked(settings).done(record_of(&point.spec(settings)))
    }
}

/// The bytes of a file with the first `count` rows.
fn content(format: Format, sweep: &Sweep, count: usize) -> Vec<u8> {
    content_under(&settings(), format, sweep, count)
}

/// The same under other settings.
fn content_under(settings: &Settings, format: Format, sweep: &Sweep, count: usize) -> Vec<u8> {
    let rows = (0..count).map(|i| format.line(&row_under(settings, sweep, i)).expect("a line"));
    format
        .header()
        .expect("a header")
        .into_iter()
        .chain(rows)
        .flat_map(|line| (line + "\n").into_bytes())
        .collect()
}

/// Resumes a file and writes what is missing; the points that were there.
fn finish(path: &Path, sweep: &Sweep) -> Vec<usize> {
    let Resumed { mut file, standings, .. } = resumed(path, sweep).expect("resumed");
    for i in (0..standings.len()).filter(|i| standings[*i].is_none()) {
        file.append(&row(sweep, i)).expect("written");
    }
    assert_eq!(file.finish().expect("written"), 0);
    (0..standings.len()).filter(|i| standings[*i].is_some()).collect()
}

fn resumed(path: &Path, sweep: &Sweep) -> Result<Resumed, FileError> {
    RowFile::resume(path, &sweep.points(), &settings())
}

fn error(path: &Path, bytes: &[u8]) -> String {
    std::fs::write(path, bytes).expect("written");
    let sweep = sweep();
    let error = resumed(path, &sweep).expect_err("refused").to_string();
    assert_eq!(std::fs::read(path).expect("read"), bytes, "a refused file stays as it was");
    error.replace(&format!("{}/", path.parent().expect("a parent").display()), "")
}

#[test]
fn a_file_torn_anywhere_is_completed() {
    let sweep = sweep();
    for (format, name) in FORMATS {
        let (_directory, path) = place(name);
        let ends: Vec<_> = (0..=16).map(|rows| content(format, &sweep, rows).len()).collect();
        let whole = content(format, &sweep, 16);
        // Within the header or first row, and within a row that has others before it.
        for cut in (0..=ends[1]).chain(ends[3]..=ends[4]) {
            std::fs::write(&path, &whole[..cut]).expect("written");
            let standings = resumed(&path, &sweep).expect("resumed").standings;
            let there = standings.iter().take_while(|standing| standing.is_some()).count();
            let kept = (1..=16).filter(|&rows| ends[rows] <= cut).count();
            assert_eq!(there, kept, "{name} cut at {cut}");
            assert!(standings[there..].iter().all(Option::is_none), "{name} cut at {cut}");
            let left = std::fs::read(&path).expect("read");
            assert_eq!(left, whole[..ends[kept]], "{name} cut at {cut}");
        }
        assert_eq!(finish(&path, &sweep), [0, 1, 2, 3]);
        assert_eq!(std::fs::read(&path).expect("read"), whole);
    }
}

#[test]
fn missing_rows_may_be_anywhere() {
    let sweep = sweep();
    let (_directory, path) = place("rows.jsonl");
    let line = |i| Format::JsonLines.line(&row(&sweep, i)).expect("a line") + "\n";
    std::fs::write(&path, line(7) + &line(2)).expect("written");
    assert_eq!(finish(&path, &sweep), [2, 7]);
    assert_eq!(finish(&path, &sweep).len(), 16);
}

#[test]
fn a_file_that_is_not_there_is_started() {
    for (format, name) in FORMATS {
        let (_directory, path) = place(name);
        assert!(finish(&path, &sweep()).is_empty());
        assert_eq!(std::fs::read(&path).expect("read"), content(format, &sweep(), 16));
    }
}

#[test]
fn a_last_line_that_is_no_row_is_cut() {
    for (format, name) in FORMATS {
        let (_directory, path) = place(name);
        let whole = content(format, &sweep(), 16);
        let mut torn = content(format, &sweep(), 3);
        torn.extend(b"\0\0\0\n");
        std::fs::write(&path, torn).expect("written");
        assert_eq!(finish(&path, &sweep()), [0, 1, 2]);
        assert_eq!(std::fs::read(&path).expect("read"), whole);
    }
}

#[test]
fn a_corrupt_line_in_the_middle_is_named() {
    for (format, name) in FORMATS {
        let (_directory, path) = place(name);
        let (first, last) = (content(format, &sweep(), 2), content(format, &sweep(), 3));
        let bytes = [&first, &b"{\"schema\":1}\n"[..], &last[first.len()..]].concat();
        let line = if format == Format::Csv { 4 } else { 3 };
        let error = error(&path, &bytes);
        assert!(error.starts_with(&format!("{name}:{line}: ")), "{error}");
        assert!(error.ends_with("; remove that line, or choose another file"), "{error}");
    }
}

#[test]
fn files_of_something_else_are_left_alone() {
    let (_directory, path) = place("rows.jsonl");
    for text in ["# Notes\n", "# Notes", "[]\n", "\n", "{\"a\": 1}\n"] {
        assert!(error(&path, text.as_bytes()).starts_with("rows.jsonl:1: no row"), "{text}");
    }
    let (_directory, path) = place("rows.csv");
    for text in ["a,b\n1,2\n", "# Notes", "\n"] {
        let columns = "rows.csv:1: other columns than this version writes; choose another file";
        assert_eq!(error(&path, text.as_bytes()), columns);
    }
    let (_directory, path) = place("notes.txt");
    let sweep = sweep();
    let error = resumed(&path, &sweep).expect_err("refused").to_string();
    assert!(error.ends_with("notes.txt: must end in .csv, .md, .tex or .jsonl"), "{error}");
    let table = resumed(&path.with_extension("md"), &sweep).expect_err("refused").to_string();
    assert!(table.contains("notes.md: only .jsonl and .csv hold rows"), "{table}");
    assert!(!path.exists());
}

#[test]
fn rows_of_another_sweep_and_doubles_are_named() {
    let (_directory, path) = place("rows.jsonl");
    let sweep = sweep();
    let two = content(Format::JsonLines, &sweep, 2);
    let other = String::from_utf8(two.clone()).expect("UTF-8").replace("net/b", "net/c");
    let expected =
        "rows.jsonl:1: net/c n4096 padded lazy is of another sweep or shard; choose another file";
    assert_eq!(error(&path, other.as_bytes()), expected);
    let expected = "rows.jsonl:3: net/b n4096 padded lazy is there already; remove one of the rows";
    assert_eq!(error(&path, &[two.clone(), two].concat()), expected);
}

#[test]
fn a_new_file_must_be_new_and_has_one_writer() {
    let (_directory, path) = place("rows.csv");
    let file = RowFile::create(&path).expect("created");
    let error = RowFile::create(&path).expect_err("exists").to_string();
    assert!(error.contains("already exists; `--resume "), "{error}");
    let sweep = sweep();
    let error = resumed(&path, &sweep).expect_err("locked").to_string();
    assert!(error.ends_with("another sweep is writing it"), "{error}");
    drop(file);
    assert!(resumed(&path, &sweep).is_ok());
}

/// What a limit of memory kept from being run is tried again under another.
#[test]
fn a_limit_is_part_of_what_it_kept_from_being_run() {
    let (sweep, (_directory, path)) = (sweep(), place("a.jsonl"));
    let problem = Problem { text: "too much".into(), refusal: Some(Refusal::Memory) };
    let limited = Settings { max_memory: 1000, ..settings() };
    let row = sweep.points()[0].asked(&limited).failed(&problem);
    let line = Format::JsonLines.line(&row).expect("a line") + "\n";
    std::fs::write(&path, line).expect("written");
    let found = |settings: &Settings| RowFile::resume(&path, &sweep.points(), settings);
    let same = found(&limited).expect("resumed");
    assert_eq!(same.standings[0], Some(Standing::Refused(Refusal::Memory)));
    drop(same);
    let other = found(&Settings { max_memory: 2000, ..settings() }).expect("resumed");
    let words = "1 row of another request: max_memory 1000, now 2000";
    assert_eq!((other.standings[0], other.others.to_string()), (None, words.to_owned()));
}

/// Rows of another request stay until their points are done; then each point stands once, in
/// the order of the sweep.
#[test]
fn rows_of_another_request_are_replaced_one_by_one() {
    let (sweep, other) = (sweep(), Settings { seed: Some(9), threads: 2, ..settings() });
    for (format, name) in FORMATS {
        let (_directory, path) = place(name);
        let old = content_under(&other, format, &sweep, 16);
        std::fs::write(&path, &old).expect("written");
        let Resumed { mut file, standings, others } = resumed(&path, &sweep).expect("resumed");
        assert!(standings.iter().all(Option::is_none));
        let words = "16 rows of another request: threads 2, now 1; seed 9, now 1";
        assert_eq!(others.to_string(), words);
        // Nothing is lost where the sweep is killed now, nor after some rows.
        assert_eq!(std::fs::read(&path).expect("read"), old);
        for i in [3, 1] {
            file.append(&row(&sweep, i)).expect("written");
        }
        assert!(std::fs::read(&path).expect("read").starts_with(&old));
        drop(file);
        let Resumed { file, standings, others } = resumed(&path, &sweep).expect("resumed");
        let done: Vec<usize> = (0..16).filter(|i| standings[*i].is_some()).collect();
        assert_eq!((done, others.rows()), (vec![1, 3], 14), "{name}");
        // At an orderly end each point stands once.
        assert_eq!(file.finish().expect("replaced"), 14);
        let line = |i: usize| {
            let settings = if [1, 3].contains(&i) { settings() } else { other.clone() };
            format.line(&row_under(&settings, &sweep, i)).expect("a line") + "\n"
        };
        let header = format.header().expect("a header").map(|line| line + "\n");
        let expected = header.into_iter().chain((0..16).map(line)).collect::<String>();
        assert_eq!(std::fs::read_to_string(&path).expect("read"), expected, "{name}");
        assert_eq!(finish(&path, &sweep), [1, 3]);
        let whole = content(format, &sweep, 16);
        assert_eq!(std::fs::read(&path).expect("read"), whole, "{name}");
    }
}

#[test]
fn parts_that_differ_from_row_to_row_are_named_alone() {
    let (sweep, (_directory, path)) = (sweep(), place("rows.jsonl"));
    let lines = (0..3).map(|i| {
        let settings = Settings { seed: Some(7 + i as u64), threads: 2, ..settings() };
        Format::JsonLines.line(&row_under(&settings, &sweep, i)).expect("a line") + "\n"
    });
    std::fs::write(&path, lines.collect::<String>()).expect("written");
    let others = resumed(&path, &sweep).expect("resumed").others;
    assert_eq!(others.to_string(), "3 rows of another request: threads 2, now 1; seed");
}

#[test]
fn rows_of_earlier_versions_are_run_again() {
    let (sweep, (_directory, path)) = (sweep(), place("rows.jsonl"));
    let mut done = serde_json::to_value(row(&sweep, 0)).expect("JSON");
    done.as_object_mut().expect("an object").remove("request");
    let failed = r#"{"schema":1,"layer":"net/b","params":"n4096","algorithm":"padded","reduction":"eager","error":"no"}"#;
    std::fs::write(&path, format!("{done}\n{failed}\n")).expect("written");
    let others = resumed(&path, &sweep).expect("resumed").others;
    let words = "2 rows of another request: the form of rows none, now 2";
    assert!(others.to_string().starts_with(words), "{others}");
    assert!(finish(&path, &sweep).is_empty());
    assert_eq!(std::fs::read(&path).expect("read"), content(Format::JsonLines, &sweep, 16));
}
