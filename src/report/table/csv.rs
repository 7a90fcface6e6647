//! Tables as comma-separated values, quoted as RFC 4180 says.

use serde_json::Value;

use super::TableError;
use crate::report::SweepRow;

/// The columns: where their values stand in a record's JSON.
pub(super) const COLUMNS: &[&str] = &[
    "schema",
    "heconv_version",
    "layer.name",
    "params.name",
    "algorithm",
    "reduction",
    "error",
    "refused",
    "predicted",
    "verified",
    "verdict",
    "mismatches",
    "overflows",
    "values",
    "largest_value",
    "backend",
    "threads",
    "seed",
    "seeded_secrets",
    "lanes",
    "babies",
    "weight_form",
    "machine.cpu",
    "machine.cores",
    "layer.in_channels",
    "layer.out_channels",
    "layer.height",
    "layer.width",
    "layer.kernel",
    "layer.stride",
    "layer.padding",
    "layer.groups",
    "layer.activation_bits",
    "layer.activation_signed",
    "layer.weight_bits",
    "params.ring_degree",
    "params.plain_modulus",
    "params.limbs",
    "params.special",
    "params.log2_q",
    "params.log2_qp",
    "security.table",
    "security.level",
    "security.cap_log2_qp",
    "security.ok",
    "plaintext_headroom_bits",
    "plaintext_headroom_worst_bits",
    "noise_bits.fresh",
    "noise_bits.rotated",
    "noise_bits.multiplied",
    "noise_bits.final",
    "noise_bits.predicted_fresh",
    "noise_bits.predicted_rotated",
    "noise_bits.predicted_multiplied",
    "noise_bits.predicted_final",
    "noise_bits.predicted_final_floor",
    "latency_ms.keygen",
    "latency_ms.weights",
    "latency_ms.encrypt",
    "latency_ms.rotate",
    "latency_ms.multiply",
    "latency_ms.mix",
    "latency_ms.server",
    "latency_ms.response",
    "latency_ms.decrypt",
    "latency_ms.transfer",
    "latency_ms.total",
    "latency_ms.predicted_server",
    "link.bandwidth_bits_per_second",
    "link.rtt_ms",
    "storage_bytes.weights",
    "storage_bytes.galois_keys",
    "storage_bytes.server_peak",
    "communication_bytes.upload",
    "communication_bytes.download",
    "communication_bytes.keys",
    "communication_bytes.predicted_upload",
    "communication_bytes.predicted_download",
    "ciphertexts.upload",
    "ciphertexts.download",
    "messages.upload.payload",
    "messages.upload.noise",
    "messages.upload.seed",
    "messages.upload.header",
    "messages.download.payload",
    "messages.download.noise",
    "messages.download.seed",
    "messages.download.header",
    "response.c0_bits",
    "response.c1_bits",
    "response.coefficients",
    "response.shared_by",
    "operations.rotations",
    "operations.plaintext_multiplications",
    "operations.scalar_multiplications",
    "operations.coefficient_multiply_adds",
    "operations.narrow_multiply_adds",
    "operations.ntts",
    "repeat.runs",
    "repeat.min.server",
    "repeat.min.total",
    "repeat.max.server",
    "repeat.max.total",
    "extrapolated_from.output_ciphertexts",
    "extrapolated_from.of",
    "request.digest",
    "request.form",
    "request.repeat",
    "request.lanes",
    "request.babies",
    "request.weight_form",
    "request.shared_by",
    "request.subset",
    "request.insecure",
    "request.data",
    "request.max_memory",
];

/// The names of the columns as one line, with its newline.
///
/// # Errors
/// None that these names come to.
pub fn csv_header() -> Result<String, TableError> {
    line(COLUMNS)
}

/// A row as one line, with its newline. What a row does not have is empty; lists have spaces
/// between their numbers.
///
/// # Errors
/// That the row has no form in JSON, which no record comes to.
pub fn csv_line(row: &SweepRow) -> Result<String, TableError> {
    let row = serde_json::to_value(row)?;
    line(&COLUMNS.iter().map(|column| value_text(&row, column)).collect::<Vec<_>>())
}

/// The value at a path of names with dots between them, as a cell of a table.
pub fn value_text(row: &Value, path: &str) -> String {
    text(at(row, path))
}

/// The value at a path of names with dots between them.
fn at<'a>(record: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(record, |value, name| value.get(name))
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| text(Some(item))).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

fn line(fields: &[impl AsRef<[u8]>]) -> Result<String, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields)?;
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    // Fields are strings, and so is what stands between them.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
