//! Rows of a sweep as a table.

use super::SweepRow;

/// The names of the columns, without a line break.
pub fn csv_header() -> String {
    "layer,params,algorithm,reduction,verified,overflows,noise_final,server_ms,total_ms,error"
        .into()
}

/// A row under [`csv_header`], without a line break.
pub fn csv_line(row: &SweepRow) -> String {
    let fields = match row {
        SweepRow::Done(record) => {
            let checked = record.verification;
            [
                record.layer.name.clone(),
                record.params.name.clone(),
                record.algorithm.clone(),
                record.reduction.clone(),
                checked.map(|checked| checked.verified.to_string()).unwrap_or_default(),
                checked.map(|checked| checked.overflows.to_string()).unwrap_or_default(),
                record.noise_bits.last.to_string(),
                record.latency_ms.server.to_string(),
                record.latency_ms.total.to_string(),
                String::new(),
            ]
        }
        SweepRow::Failed(point) => {
            let mut fields = <[String; 10]>::default();
            let key = [&point.layer, &point.params, &point.algorithm, &point.reduction];
            for (field, value) in fields.iter_mut().zip(key) {
                field.clone_from(value);
            }
            fields[9].clone_from(&point.error);
            fields
        }
    };
    fields.map(|field| quoted(&field)).join(",")
}

/// A field as CSV writes it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
