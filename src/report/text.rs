//! The record as text for people, the verdict first.

use std::fmt::Write;

use super::{Record, Verification};

/// A short report, without a newline at its end.
pub fn text(record: &Record) -> String {
    [verdict(record), setting(record), noise(record), latency(record), sizes(record), notes(record)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn verdict(record: &Record) -> String {
    let head = record.verification.as_ref().map_or_else(|| "predicted".into(), comparison);
    format!(
        "{head}\nserver {:.1} ms, total {:.1} ms, noise budget {:.1} bits left",
        record.latency_ms.server, record.latency_ms.total, record.noise_bits.last
    )
}

fn comparison(verification: &Verification) -> String {
    let values = count_text(verification.values);
    let head = if verification.mismatches > 0 {
        format!("WRONG: {} of {values} values differ", count_text(verification.mismatches))
    } else {
        format!("exact: {values} of {values} values equal the plain convolution")
    };
    let overflow = if verification.overflows > 0 {
        format!(
            " modulo t, but {} overflow t/2: enlarge the plaintext modulus",
            count_text(verification.overflows)
        )
    } else {
        String::new()
    };
    head + &overflow
}

fn setting(record: &Record) -> String {
    let layer = &record.layer;
    let params = &record.params;
    let bits = |prime: &u64| (prime.ilog2() + 1).to_string();
    let limbs: Vec<String> = params.limbs.iter().map(bits).collect();
    let security = &record.security;
    let cap = security.cap_log2_qp.map_or("no entry".into(), |cap| format!("at most {cap:.1}"));
    let standing = if security.ok { "" } else { "  INSECURE" };
    let threads = if record.threads == 1 { "thread" } else { "threads" };
    format!(
        "layer      {}: {} -> {} channels, {}x{}, kernel {}x{}, {}-bit {}activations, {}-bit weights\n\
         params     {}: N {}, t {} ({} bits), limbs {} | {} bits\n\
         security   log2(QP) {:.1}, {cap} for {} bits ({}){standing}\n\
         method     {}, {}, {}, {} {threads}, {} lanes\n\
         machine    {}, {} cores",
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
        limbs.join(" "),
        bits(&params.special),
        params.log2_qp,
        security.level,
        security.table,
        record.algorithm,
        record.reduction,
        record.backend,
        record.threads,
        record.lanes,
        record.machine.cpu,
        record.machine.cores,
    )
}

fn noise(record: &Record) -> String {
    let noise = &record.noise_bits;
    format!(
        "noise budget, bits\n\
         \x20 fresh {:.1}   rotated {:.1}   multiplied {:.1}   final {:.1}\n\
         \x20 predicted final {:.1}, at least {:.1}; plaintext headroom {:.1} bits",
        noise.fresh,
        noise.rotated,
        noise.multiplied,
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
        let _ = write!(text, " (median of {} runs; server {min:.1} to {max:.1})", repeat.runs);
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
        (0, scalars) => format!("{} scalar multiplications", count_text(scalars)),
        (plaintexts, _) => format!("{} plaintext multiplications", count_text(plaintexts)),
    };
    format!(
        "bytes\n\
         \x20 sent    upload {}   download {}   keys {} (once)\n\
         \x20 server  weights {}   keys {}   peak {}\n\
         work\n\
         \x20 {} rotations, {products}, {} coefficient multiply-adds, {} transforms",
        bytes_text(sent.upload),
        bytes_text(sent.download),
        bytes_text(sent.keys),
        bytes_text(held.weights),
        bytes_text(held.galois_keys),
        bytes_text(held.server_peak),
        count_text(work.rotations),
        count_text(work.coefficient_multiply_adds),
        count_text(work.ntts),
    )
}

fn notes(record: &Record) -> String {
    let mut notes = Vec::new();
    if let Some(scale) = record.weight_scale {
        notes.push(format!("weights quantised: a 1 stands for {scale:.6}"));
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
    fn numbers_read_well() {
        assert_eq!(count_text(0), "0");
        assert_eq!(count_text(1234), "1,234");
        assert_eq!(count_text(1_000_000), "1,000,000");
        assert_eq!(bytes_text(1023), "1023 B");
        assert_eq!(bytes_text(1152), "1.12 KiB");
        assert_eq!(bytes_text(2_415_919_104), "2.25 GiB");
        assert_eq!(bytes_text(573_440), "560.0 KiB");
    }
}
