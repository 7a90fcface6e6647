//! The record as text for people, the verdict first.

use std::fmt::Write;

use super::{Record, ResponseRecord};

/// A short report, without a newline at its end.
pub fn text(record: &Record) -> String {
    [verdict(record), setting(record), noise(record), latency(record), sizes(record), notes(record)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn verdict(record: &Record) -> String {
    let head = match (record.verdict(), record.fault()) {
        (verdict, Some(fault)) => format!("{}: {}\n{}", verdict.label(), fault.what, fault.mend),
        (verdict, None) if verdict.is_exact() => {
            let values = count_text(record.verification.unwrap_or_default().values);
            format!("exact: {values} of {values} values equal the plain convolution")
        }
        (verdict, None) => verdict.label().to_owned(),
    };
    format!(
        "{head}\nserver {:.1} ms, total {:.1} ms, noise budget {:.1} bits left",
        record.latency_ms.server, record.latency_ms.total, record.noise_bits.last
    )
}

fn setting(record: &Record) -> String {
    let layer = &record.layer;
    let params = &record.params;
    let bits = |prime: &u64| (prime.ilog2() + 1).to_string();
    let security = &record.security;
    let cap = security.cap_log2_qp.map_or("no entry".into(), |cap| format!("at most {cap:.1}"));
    let standing = if security.ok { "" } else { "  INSECURE" };
    format!(
        "layer      {}: {} -> {} channels, {}x{}, kernel {}x{}, {}-bit {}activations, {}-bit weights\n\
         params     {}: N {}, t {} ({} bits), limbs {} bits\n\
         security   log2(QP) {:.1}, {cap} for {} bits ({}){standing}\n\
         method     {}, {}, {}, {}, {}\n\
         machine    {}, {}",
        layer.name,
        layer.in_channels,
        layer.out_channels,
        layer.height,
        layer.width,
        layer.kernel[0],
        layer.kernel[1],
        layer.activation_bits,
        if layer.activation_signed { "signed " } else { "" },
        layer.weight_bits,
        params.name,
        params.ring_degree,
        params.plain_modulus,
        bits(&params.plain_modulus),
        params.sizes_text(),
        params.log2_qp,
        security.level,
        security.table,
        record.algorithm,
        record.reduction,
        record.backend,
        counted(record.threads, "thread"),
        counted(record.lanes, "lane"),
        record.machine.cpu,
        counted(record.machine.cores, "core"),
    )
}

fn noise(record: &Record) -> String {
    let noise = &record.noise_bits;
    let bits = |budget: Option<f64>| budget.map_or_else(|| "-".into(), |bits| format!("{bits:.1}"));
    format!(
        "noise budget, bits\n\
         \x20 fresh {:.1}   rotated {}   multiplied {}   final {:.1}\n\
         \x20 predicted final {:.1}, at least {:.1}; plaintext headroom {:.1} bits",
        noise.fresh,
        bits(noise.rotated),
        bits(noise.multiplied),
        noise.last,
        noise.predicted_final,
        noise.predicted_final_floor,
        record.plaintext_headroom_bits,
    )
}

fn latency(record: &Record) -> String {
    let time = &record.latency_ms;
    let rows = [
        ("encrypt", time.encrypt),
        ("rotate", time.rotate),
        ("multiply", time.multiply),
        ("mix", time.mix),
        ("response", time.response),
        ("decrypt", time.decrypt),
        ("transfer", time.transfer),
    ];
    let longest = rows.iter().map(|row| row.1).fold(0.0, f64::max).max(1e-9);
    let mut text = String::from("latency, ms");
    if let Some(repeat) = &record.repeat {
        let (min, max) = (repeat.min.server, repeat.max.server);
        let _ = write!(
            text,
            " (median of {}; server {min:.1} to {max:.1})",
            counted(repeat.runs, "run")
        );
    }
    for (name, ms) in rows {
        let bar = "#".repeat((ms / longest * 40.0).round() as usize);
        let _ = write!(text, "\n  {name:<10}{ms:>10.1}  {bar}");
    }
    let once = format!("\n  once: keys {:.1}, weights {:.1}", time.keygen, time.weights);
    let link = format!(
        "; link {} Mbit/s, {} ms round trip",
        record.link.bandwidth_bits_per_second / 1e6,
        record.link.rtt_ms
    );
    text + &once + &link
}

fn sizes(record: &Record) -> String {
    let (held, sent) = (&record.storage_bytes, &record.communication_bytes);
    let work = &record.operations;
    let products = match (work.plaintext_multiplications, work.scalar_multiplications) {
        (0, scalars) => counted(scalars as usize, "scalar multiplication"),
        (plaintexts, _) => counted(plaintexts as usize, "plaintext multiplication"),
    };
    let response = record.response.map_or_else(String::new, |response| {
        let ResponseRecord { c0_bits, c1_bits, coefficients, shared_by } = response;
        let read = count_text(coefficients);
        let shared =
            if shared_by > 1 { format!(", {shared_by} share a c1") } else { String::new() };
        format!("  response c1 in {c1_bits} bits, c0 in {c0_bits} at {read} coefficients{shared}\n")
    });
    format!(
        "bytes\n\
         \x20 sent    upload {}   download {}   keys {} (once)\n\
         {response}\
         \x20 server  weights {}   keys {}   peak {}\n\
         work\n\
         \x20 {}, {products}, {}, {}",
        bytes_text(sent.upload),
        bytes_text(sent.download),
        bytes_text(sent.keys),
        bytes_text(held.weights),
        bytes_text(held.galois_keys),
        bytes_text(held.server_peak),
        counted(work.rotations as usize, "rotation"),
        counted(work.coefficient_multiply_adds as usize, "coefficient multiply-add"),
        counted(work.ntts as usize, "transform"),
    )
}

fn notes(record: &Record) -> String {
    let mut notes = Vec::new();
    if let Some(scales) = record.weight_scales.as_ref().and_then(|scales| scales_text(scales)) {
        notes.push(format!("weights quantised: a 1 stands for {scales}"));
    }
    if let Some(part) = &record.extrapolated_from {
        notes.push(format!(
            "times extrapolated from {} of {} output ciphertexts, the fewer the more they overstate; \
             sizes and counts are those of all, noise and the bits of the download those of the part",
            part.output_ciphertexts, part.of
        ));
    }
    if record.seeded_secrets {
        notes.push(format!("secrets made from seed {}: for experiments only", record.seed));
    }
    notes.join("\n")
}

/// So many of something, with an s where it is not one.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", count_text(count as u64), if count == 1 { "" } else { "s" })
}

/// The scales of output channels, from the least to the largest; `None` where weights were taken as
/// they are.
fn scales_text(scales: &[f64]) -> Option<String> {
    let least = scales.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = scales.iter().copied().fold(0f64, f64::max);
    match (least, largest) {
        _ if scales.iter().all(|scale| scale.to_bits() == 1f64.to_bits()) => None,
        (least, largest) if least.to_bits() == largest.to_bits() => Some(format!("{least:.3e}")),
        (least, largest) => Some(format!("{least:.3e} to {largest:.3e} by output channel")),
    }
}

/// Three digits of a number that is not negative.
pub fn digits(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        0.001..1000.0 => format!("{value:.*}", (2.0 - value.log10().floor()) as usize),
        _ => format!("{value:.2e}"),
    }
}

/// A probability for people, as in 87 %: never 0 or all, which it is not.
pub fn percent_text(probability: f64) -> String {
    let percent = 100.0 * probability;
    match percent {
        percent if percent >= 99.95 => ">99.9 %".into(),
        percent if percent >= 99.5 => format!("{percent:.1} %"),
        percent if percent >= 0.95 => format!("{percent:.0} %"),
        percent if percent >= 0.05 => format!("{percent:.1} %"),
        _ => "<0.1 %".into(),
    }
}

/// A number with commas between thousands.
pub fn count_text(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

/// Bits a second, in decimal units.
pub fn bandwidth_text(bits_per_second: f64) -> String {
    let units = [("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3), ("bit/s", 1.0)];
    let unit = units.iter().find(|(_, size)| bits_per_second >= *size);
    let (unit, size) = unit.unwrap_or(&("bit/s", 1.0));
    let value = bits_per_second / size;
    // Two digits at least, and no more than there are.
    let digits = if value < 10.0 { 10.0 } else { 1.0 };
    format!("{} {unit}", (value * digits).round() / digits)
}

/// Bytes in binary units.
pub fn bytes_text(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.iter().find(|(_, shift)| bytes >> shift > 0);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(unit, shift)| {
            let value = bytes as f64 / f64::from(1u32 << shift);
            if value < 10.0 { format!("{value:.2} {unit}") } else { format!("{value:.1} {unit}") }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_read_well() {
        let texts = [1e6, 1e10, 1.54e6, 37.4e6, 500e3, 12.0].map(bandwidth_text);
        let expected =
            ["1 Mbit/s", "10 Gbit/s", "1.5 Mbit/s", "37 Mbit/s", "500 kbit/s", "12 bit/s"];
        assert_eq!(texts, expected);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count_text(0), "0");
        assert_eq!(count_text(1234), "1,234");
        let cores = [0, 1, 2, 1000].map(|count| counted(count, "core"));
        assert_eq!(cores, ["0 cores", "1 core", "2 cores", "1,000 cores"]);
        assert_eq!(count_text(1_000_000), "1,000,000");
        assert_eq!(bytes_text(1023), "1023 B");
        assert_eq!(bytes_text(1152), "1.12 KiB");
        assert_eq!(bytes_text(2_415_919_104), "2.25 GiB");
        assert_eq!(bytes_text(573_440), "560.0 KiB");
    }
}
