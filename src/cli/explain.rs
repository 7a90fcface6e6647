//! `heconv estimate --explain`: the plan of a run for people.

use std::fmt::Write;

use crate::conv::FactValue;
use crate::job::{Candidate, Explanation};
use crate::report::{MessageParts, Messages, Record, count_text};

/// How many plans that lost are shown.
const SHOWN: usize = 8;

/// A report on the plan of a run with this record, without a newline at its end.
pub(super) fn text(record: &Record, explanation: &Explanation) -> String {
    let mut text = String::from("plan, counts are those of one strip group");
    for fact in &explanation.facts.0 {
        let value = fact.value.to_string();
        let _ = write!(text, "\n  {:<24}{value:>12}  {}", fact.name, fact.meaning);
    }
    text.push_str(&record.messages.as_ref().map_or_else(String::new, messages));
    let costs = &explanation.unit_costs_us;
    let _ = write!(
        text,
        "\nunit costs on one core, us\n  decomposition {:.1}   input rotation {:.1}   \
         output rotation {:.1}   division {:.1}",
        costs.decomposition, costs.input_rotation, costs.output_rotation, costs.division
    );
    let _ = write!(
        text,
        "\nplans considered, server ms: to the planner, with the client's work, and here\n    \
         {:>6}  {}{:>12}{:>9}{:>9}{:>9}",
        "lanes",
        choices(explanation.candidates.first(), |name, _| name.to_string()),
        "ciphertexts",
        "planner",
        "+ client",
        "here"
    );
    for candidate in explanation.candidates.iter().take(SHOWN + 1) {
        text.push_str(&row(candidate));
    }
    let more = explanation.candidates.len().saturating_sub(SHOWN + 1);
    if more > 0 {
        let _ = write!(text, "\n    and {more} more");
    }
    text.push_str("\nthe plan of each algorithm, server ms here");
    for rival in &explanation.algorithms {
        let _ = write!(
            text,
            "\n    {:<16}{:>6} lanes{:>11.1}",
            rival.algorithm, rival.lanes, rival.server_ms
        );
    }
    text
}

/// What the bytes of both messages are for.
fn messages(messages: &Messages) -> String {
    let line = |name: &str, parts: &MessageParts| {
        let MessageParts { payload, noise, seed, header } = parts;
        let [payload, noise] = [*payload, *noise].map(count_text);
        format!(
            "\n  {name:<10}{payload:>12} encrypted{noise:>12} noise and masks{seed:>4} seed{header:>4} header"
        )
    };
    String::from("\nmessages, bytes")
        + &line("upload", &messages.upload)
        + &line("download", &messages.download)
}

/// What plans of the candidate's kind decide besides lanes, in columns.
fn choices(
    candidate: Option<&Candidate>,
    text: impl Fn(&'static str, Option<FactValue>) -> String,
) -> String {
    let Some(candidate) = candidate else { return String::new() };
    // Those on slots split rotations; those in coefficients have steps, or none where there are blocks.
    let columns = if candidate.weight_form.is_some() {
        vec![("babies", candidate.babies, 8), ("weight form", candidate.weight_form, 21)]
    } else {
        vec![
            ("rows", candidate.rows, 9),
            ("split", candidate.split, 8),
            ("kernel rows", candidate.kernel_rows, 12),
        ]
    };
    let column = |(name, value, width)| format!("{:<width$}", text(name, value));
    columns.into_iter().map(column).collect()
}

fn row(candidate: &Candidate) -> String {
    let word =
        |_, value: Option<FactValue>| value.map_or_else(|| "-".into(), |value| value.to_string());
    format!(
        "\n  {} {:>6}  {}{:>12}{:>9.1}{:>9.1}{:>9.1}",
        if candidate.chosen { "*" } else { " " },
        candidate.lanes,
        choices(Some(candidate), word),
        candidate.ciphertexts,
        candidate.planner_server_ms,
        candidate.planner_online_ms,
        candidate.server_ms
    )
}
