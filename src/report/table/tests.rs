//! What tables look like, and that nothing in a name breaks them.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::{TableFormat, csv, csv_header, csv_line, json_line, table_text, unknown_table_ending};
use crate::report::testing::record;
use crate::report::{
    Extrapolated, FailedPoint, LatencyMs, Outcome, PointParams, ROW_FORM, Record, Refusal, Repeat,
    Request, SCHEMA, SecurityRecord, SweepRow,
};

fn failed() -> FailedPoint {
    let Record { heconv_version, layer, link, security, backend, .. } = record();
    FailedPoint {
        schema: SCHEMA,
        heconv_version,
        layer,
        params: PointParams { name: "4096:35|36:13".into(), ring_degree: 4096, primes: None },
        security: SecurityRecord { ok: false, ..security },
        algorithm: "padded".into(),
        reduction: "eager".into(),
        backend,
        threads: 2,
        seed: 7,
        seeded_secrets: true,
        predicted: false,
        link,
        error: "no 13-bit prime, \"none\" is left".into(),
        refused: Some(Refusal::Params),
    }
}

/// A measured, a predicted and a failed row.
fn rows() -> Vec<SweepRow> {
    let mut predicted = Record { predicted: true, verification: None, ..record() };
    predicted.algorithm = "hadamard".into();
    predicted.latency_ms.server = 1234.56;
    vec![asked(record().into()), predicted.into(), asked(row(failed()))]
}

/// The row of a point without figures.
fn row(point: FailedPoint) -> SweepRow {
    SweepRow { outcome: Outcome::Failed(Box::new(point)), request: None }
}

/// The row with a request that has all that one can have.
fn asked(row: SweepRow) -> SweepRow {
    let request = Request {
        digest: "00ff".into(),
        form: ROW_FORM,
        repeat: 3,
        lanes: Some(4),
        babies: Some(2),
        weight_form: Some("raw".into()),
        shared_by: Some(4),
        subset: Some(1),
        insecure: true,
        data: Some("abcd".into()),
        max_memory: Some(1 << 30),
    };
    SweepRow { request: Some(request), ..row }
}

/// A record that has all that a record can have.
fn full() -> Record {
    let latency = LatencyMs { predicted_server: None, ..record().latency_ms };
    Record {
        predicted: true,
        babies: Some(2),
        weight_form: Some("raw".into()),
        repeat: Some(Repeat { runs: 3, min: latency, max: latency }),
        extrapolated_from: Some(Extrapolated { output_ciphertexts: 1, of: 6 }),
        ..record()
    }
}

fn text(format: TableFormat, rows: &[SweepRow]) -> String {
    table_text(format, rows).expect("rows have a form")
}

fn parsed(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let records = reader.records().map(|record| record.expect("as long as the header"));
    records.map(|record| record.iter().map(String::from).collect()).collect()
}

/// The paths of a record's values.
fn paths(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                paths(value, &format!("{prefix}.{name}"), found);
            }
        }
        _ => {
            found.insert(prefix.trim_start_matches('.').into());
        }
    }
}

#[test]
fn formats_are_told_by_the_ending() {
    for (name, format) in [
        ("a.csv", Some(TableFormat::Csv)),
        ("dir.csv/a.b.MD", Some(TableFormat::Markdown)),
        ("a.tex", Some(TableFormat::Latex)),
        ("a.jsonl", Some(TableFormat::JsonLines)),
        ("a.json", None),
        ("a.toml", None),
        (".csv", None),
    ] {
        assert_eq!(TableFormat::of(Path::new(name)), format, "{name}");
    }
    assert_eq!(unknown_table_ending(), "must end in .csv, .md, .tex or .jsonl");
}

#[test]
fn tables_read_well() {
    for (format, golden) in [
        (TableFormat::Markdown, include_str!("golden/table.md")),
        (TableFormat::Latex, include_str!("golden/table.tex")),
        (TableFormat::Csv, include_str!("golden/table.csv")),
        (TableFormat::JsonLines, include_str!("golden/table.jsonl")),
    ] {
        let text = text(format, &rows());
        let golden = golden.replace("VERSION", env!("CARGO_PKG_VERSION"));
        assert_eq!(text, golden, "{format:?}\n{text}");
    }
}

#[test]
fn tables_without_rows_have_their_headings() {
    assert_eq!(text(TableFormat::Csv, &[]), csv_header().expect("a line"));
    assert_eq!(text(TableFormat::JsonLines, &[]), "");
    assert_eq!(text(TableFormat::Markdown, &[]).lines().count(), 2);
    assert!(text(TableFormat::Latex, &[]).contains("\\midrule\n  \\bottomrule"));
}

#[test]
fn lines_appended_make_the_whole() {
    let mut appended = csv_header().expect("a line");
    let mut objects = String::new();
    for row in rows() {
        appended += &csv_line(&row).expect("a line");
        objects += &json_line(&row).expect("a line");
    }
    assert_eq!(appended, text(TableFormat::Csv, &rows()));
    assert_eq!(objects, text(TableFormat::JsonLines, &rows()));
}

#[test]
fn json_lines_read_back() {
    let rows = [rows(), vec![full().into()]].concat();
    let text = text(TableFormat::JsonLines, &rows);
    let read: Result<Vec<SweepRow>, _> = text.lines().map(serde_json::from_str).collect();
    assert_eq!(read.expect("rows"), rows);
    let record: Record = serde_json::from_str(text.lines().next().expect("a line")).expect("one");
    assert_eq!(rows[0].record(), Some(&record));
    let point: FailedPoint =
        serde_json::from_str(text.lines().nth(2).expect("three")).expect("one");
    assert_eq!(rows[2].failed(), Some(&point));
}

#[test]
fn what_is_wrong_with_a_row_is_told_of_its_kind() {
    let error =
        |text: &str| serde_json::from_str::<SweepRow>(text).expect_err("no row").to_string();
    assert!(
        error(r#"{"schema": 1, "error": "x", "heconv_version": "1"}"#).contains("field `layer`")
    );
    assert!(error(r#"{"schema": 1, "heconv_version": "1"}"#).contains("field `machine`"));
}

#[test]
fn every_figure_of_a_record_has_a_column() {
    let mut found = BTreeSet::new();
    paths(&serde_json::to_value(asked(full().into())).expect("JSON"), "", &mut found);
    paths(&serde_json::to_value(asked(row(failed()))).expect("JSON"), "", &mut found);
    // Of repeated runs the sums are enough.
    let is_sum = |path: &str| matches!(path.rsplit('.').next(), Some("server" | "total"));
    found.retain(|path| !path.starts_with("repeat.m") || is_sum(path));
    let columns: BTreeSet<String> = csv::COLUMNS.iter().map(|name| (*name).into()).collect();
    assert_eq!(columns.len(), csv::COLUMNS.len(), "no name twice");
    assert_eq!(columns, found);
}

#[test]
fn verdicts_say_what_is_wrong() {
    let with = |change: fn(&mut Record)| {
        let mut record = record();
        change(&mut record);
        text(TableFormat::Markdown, &[record.into()])
    };
    let wrong = with(|r| {
        r.verification.as_mut().expect("a run").mismatches = 1234;
    });
    assert!(wrong.contains("| NO, 1,234 differ |"), "{wrong}");
    let noisy = with(|r| {
        r.verification.as_mut().expect("a run").mismatches = 1234;
        r.noise_bits.last = 0.0;
    });
    assert!(noisy.contains("| NO, noise ran out, 1,234 differ |"), "{noisy}");
    let beyond = with(|r| r.verification.as_mut().expect("a run").overflows = 7);
    assert!(beyond.contains("| NO, 7 overflow t |"), "{beyond}");
    let part = with(|r| r.extrapolated_from = full().extrapolated_from);
    assert!(part.contains("| yes, extrapolated from 1 of 6 |"), "{part}");
}

#[test]
fn names_are_escaped() {
    let mut record = record();
    record.layer.name = "a_b|50% & #1 {x} $y ^2 ~z \\n [*] <tag>\nnext".into();
    let rows = [record.into()];
    let latex = text(TableFormat::Latex, &rows);
    let expected = r"a\_b\textbar{}50\% \& \#1 \{x\} \$y \textasciicircum{}2 \textasciitilde{}z \textbackslash{}n {[}{*}] \textless{}tag\textgreater{} next &";
    assert!(latex.contains(expected), "{latex}");
    let markdown = text(TableFormat::Markdown, &rows);
    let expected = r"| a\_b\|50% &amp; #1 {x} $y ^2 \~z \\n \[\*\] &lt;tag&gt; next |";
    assert!(markdown.contains(expected), "{markdown}");
}

proptest! {
    #[test]
    fn csv_reads_back(
        layer in prop_oneof![any::<String>(), "[\",\n\r; ]{0,8}"],
        error in prop_oneof![any::<String>(), "[\",\n\r; ]{0,8}"],
    ) {
        let mut record = full();
        record.layer.name.clone_from(&layer);
        let mut point = FailedPoint { error: error.clone(), ..failed() };
        point.layer.name.clone_from(&layer);
        let text = text(TableFormat::Csv, &[record.into(), row(point)]);
        let table = parsed(&text);
        let column = |name: &str| table[0].iter().position(|column| column == name).expect(name);
        prop_assert_eq!(table.len(), 3);
        prop_assert_eq!(&table[1][column("layer.name")], &layer);
        prop_assert_eq!(&table[2][column("layer.name")], &layer);
        prop_assert_eq!(&table[2][column("error")], &error);
        prop_assert_eq!(&table[1][column("params.limbs")], "34359214081 34358747137");
        prop_assert_eq!(&table[1][column("latency_ms.server")], "9.625");
    }

    #[test]
    fn rows_stay_one_line(name in prop_oneof![any::<String>(), "[|\\\\\n\r&{}%\u{2028}]{0,12}"]) {
        let mut point = failed();
        point.layer.name = name;
        let rows = [record().into(), row(point)];
        let markdown = text(TableFormat::Markdown, &rows);
        prop_assert_eq!(markdown.lines().count(), 4);
        for line in markdown.lines() {
            let bars = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            prop_assert_eq!(bars, 12, "{}", line);
        }
        let latex = text(TableFormat::Latex, &rows);
        prop_assert_eq!(latex.lines().count(), 9);
        for line in latex.lines().filter(|line| line.ends_with("\\\\")) {
            prop_assert_eq!(line.replace("\\&", "").matches('&').count(), 10, "{}", line);
        }
    }
}
