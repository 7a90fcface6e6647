//! In what the rows of a file differ from what is asked for.

use std::fmt;

use super::lines::FileRow;
use crate::job::Asked;
use crate::report::value_text;

/// The parts of a request that a row shows, by their columns in the table, and what they are called.
/// What a point is called is no part: it finds the point.
const PARTS: [(&str, &str); 37] = [
    ("request.form", "the form of rows"),
    ("heconv_version", "heconv_version"),
    ("layer.in_channels", "in_channels"),
    ("layer.out_channels", "out_channels"),
    ("layer.height", "height"),
    ("layer.width", "width"),
    ("layer.kernel", "kernel"),
    ("layer.stride", "stride"),
    ("layer.padding", "padding"),
    ("layer.groups", "groups"),
    ("layer.activation_bits", "activation_bits"),
    ("layer.activation_signed", "activation_signed"),
    ("layer.weight_bits", "weight_bits"),
    ("request.data", "weights or input"),
    ("params.ring_degree", "ring_degree"),
    ("params.plain_modulus", "plain_modulus"),
    ("params.limbs", "limbs"),
    ("params.special", "special"),
    ("security.table", "table"),
    ("security.level", "security"),
    ("request.insecure", "insecure"),
    ("backend", "backend"),
    ("threads", "threads"),
    ("seed", "seed"),
    ("seeded_secrets", "seeded_secrets"),
    ("link.bandwidth_bits_per_second", "bandwidth"),
    ("link.rtt_ms", "rtt"),
    ("predicted", "predicted"),
    ("request.repeat", "repeat"),
    ("request.lanes", "lanes"),
    ("request.babies", "babies"),
    ("request.weight_form", "weight_form"),
    ("request.shared_by", "shared_by"),
    ("request.subset", "subset"),
    ("request.max_memory", "max_memory"),
    ("schema", "schema"),
    ("request.digest", "the digest of the request"),
];

/// How many parts are told at most.
const TOLD: usize = 6;

/// A part in which rows differ from what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    name: &'static str,
    /// What it was and is now, where that is the same for all rows.
    values: Option<(String, String)>,
}

/// Rows of another request, counted, and in what they differ. In words: `3 rows of another request:
/// seed 1, now 9; threads`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    rows: usize,
    parts: Vec<Part>,
}

impl Differences {
    /// How many rows are of another request.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row by the parts in which it differs.
    pub(super) fn add(&mut self, parts: Vec<Part>) {
        self.rows += 1;
        for new in parts {
            match self.parts.iter_mut().find(|part| part.name == new.name) {
                Some(part) if part.values != new.values => part.values = None,
                Some(_) => {}
                None => self.parts.push(new),
            }
        }
    }
}

impl Part {
    /// The parts in which a row differs from `asked`, of which it is not.
    pub(super) fn of(row: &FileRow, asked: &Asked) -> Vec<Self> {
        let is_of_a_request = row.request().is_some();
        // The row has its own names and types, whatever became of it.
        let wanted = serde_json::to_value(asked.row()).unwrap_or_default();
        let mut parts = Vec::new();
        for (column, name) in PARTS {
            let (was, now) = (row.text(column), value_text(&wanted, column));
            let is_limit = column == "request.max_memory";
            // A row that memory did not keep from being run has no limit, and one without a request
            // says nothing of its parts. The digest is told where nothing else tells them apart.
            let is_told = match column {
                "request.digest" => parts.is_empty(),
                "request.form" => true,
                _ if is_limit => !was.is_empty(),
                _ if is_of_a_request => true,
                _ => !was.is_empty() && !column.starts_with("request."),
            };
            if is_told && was != now {
                parts.push(Self { name, values: Some((worded(was), worded(now))) });
            }
        }
        parts
    }
}

fn worded(value: String) -> String {
    if value.is_empty() { "none".into() } else { value }
}

impl fmt::Display for Differences {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(formatter, "{} {rows} of another request: ", self.rows)?;
        for (i, part) in self.parts.iter().take(TOLD).enumerate() {
            formatter.write_str(if i == 0 { "" } else { "; " })?;
            match (part.name, &part.values) {
                ("predicted", Some((was, _))) if was == "true" => {
                    formatter.write_str("predicted, now measured")?;
                }
                ("predicted", Some(_)) => formatter.write_str("measured, now predicted")?,
                ("the digest of the request", _) | (_, None) => formatter.write_str(part.name)?,
                (name, Some((was, now))) => write!(formatter, "{name} {was}, now {now}")?,
            }
        }
        match self.parts.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests;
