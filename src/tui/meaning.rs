//! What the figures of Explore mean: what each is, how it is predicted, and what moves it.

use super::metric::Metric;
use crate::report::{Record, bytes_text, count_text};

/// A figure, explained.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// Its name on the screen.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// How it is predicted.
    pub predicted: &'static str,
    /// What moves it.
    pub moved_by: &'static str,
    /// Its value in a record.
    pub value: fn(&Record) -> String,
}

fn bits(value: f64) -> String {
    format!("{value:.1} bits")
}

fn ms(value: f64) -> String {
    format!("{value:.1} ms")
}

fn shares(parts: Option<crate::report::MessageParts>, bytes: u64) -> String {
    let payload = parts.map(|parts| format!(", {:.0} % payload", 100.0 * parts.payload_share()));
    format!("{}{}", bytes_text(bytes), payload.unwrap_or_default())
}

/// How times of the server and the client are predicted.
const BY_COST: &str = "the plan says how many operations of each kind there are; each is priced by what it \
    costs on this machine, which was measured once";

/// How exact sizes are known.
const EXACT: &str =
    "exactly: the plan says what is sent and held, and nothing of it depends on data";

/// How noise is predicted.
const BY_VARIANCE: &str = "variances of independent terms add up, step by step through the plan with the \
    weights at hand; the largest of all coefficients is expected at a few standard deviations";

/// Every figure, panel by panel.
pub const MEANINGS: [Meaning; 25] = [
    Meaning {
        name: "fresh",
        what: "Noise budget of an uploaded ciphertext: log2 of how many times its noise could grow before \
               decryption fails.",
        predicted: BY_VARIANCE,
        moved_by: "limb bits raise it, t bits lower it, both bit for bit; the ring degree hardly",
        value: |record| bits(record.noise_bits.fresh),
    },
    Meaning {
        name: "rotated",
        what: "Noise budget after the rotations of inputs. A key switch adds noise of its own.",
        predicted: BY_VARIANCE,
        moved_by: "special bits: each below limb bits + 1 costs one bit here",
        value: |record| record.noise_bits.rotated.map_or_else(|| "-".into(), bits),
    },
    Meaning {
        name: "multiplied",
        what: "Noise budget after products with weights are summed, where most of it goes.",
        predicted: BY_VARIANCE,
        moved_by: "the algorithm above all: dense plaintexts cost log2(N t), lane constants log2(c t), \
                   integer weights their own size; then t bits and weight bits",
        value: |record| record.noise_bits.multiplied.map_or_else(|| "-".into(), bits),
    },
    Meaning {
        name: "final",
        what: "The least noise budget of all outputs, before the response is switched down. Below 0 \
               results are wrong.",
        predicted: "as the others; the floor is what is left but for one run in 2^40",
        moved_by: "limb bits and their number, t bits, channels and kernel (sums of more terms), the \
                   algorithm, lanes",
        value: |record| bits(record.noise_bits.last),
    },
    Meaning {
        name: "encrypt",
        what: "The client's time to pack and encrypt the input.",
        predicted: BY_COST,
        moved_by: "how many ciphertexts are sent (lanes), the ring degree, limbs",
        value: |record| ms(record.latency_ms.encrypt),
    },
    Meaning {
        name: "rotate",
        what: "The server's time to rotate inputs, one for each shift of the kernel.",
        predicted: BY_COST,
        moved_by: "kernel size, input ciphertexts, limbs; algorithms on coefficients rotate none",
        value: |record| ms(record.latency_ms.rotate),
    },
    Meaning {
        name: "multiply",
        what: "The server's time to multiply by weights and sum, reductions among it.",
        predicted: BY_COST,
        moved_by: "channels in times out, kernel size; lazy reduction against eager; the instruction set",
        value: |record| ms(record.latency_ms.multiply),
    },
    Meaning {
        name: "mix",
        what: "The server's time to rotate sums and add them, so that channels come together.",
        predicted: BY_COST,
        moved_by: "lanes (as many rotations for each output ciphertext), baby steps, limbs",
        value: |record| ms(record.latency_ms.mix),
    },
    Meaning {
        name: "response",
        what: "The server's time to switch results down to few bits and write the message.",
        predicted: BY_COST,
        moved_by: "output ciphertexts, the ring degree, limbs",
        value: |record| ms(record.latency_ms.response),
    },
    Meaning {
        name: "decrypt",
        what: "The client's time to decrypt and unpack the results.",
        predicted: BY_COST,
        moved_by: "output ciphertexts, the ring degree",
        value: |record| ms(record.latency_ms.decrypt),
    },
    Meaning {
        name: "transfer",
        what: "Time on the link: upload and download at its bandwidth, and one round trip. Keys are sent \
               once and do not count.",
        predicted: "from the bytes, which are exact, and from bandwidth and round trip of the form",
        moved_by: "bandwidth and round trip; bytes sent",
        value: |record| ms(record.latency_ms.transfer),
    },
    Meaning {
        name: "server",
        what: "What the server does online: rotate, multiply and mix.",
        predicted: BY_COST,
        moved_by: "algorithm, lanes, reduction, threads, ring degree and limbs",
        value: |record| ms(record.latency_ms.server),
    },
    Meaning {
        name: "total",
        what: "From the first encryption to the last result: encrypt, server, response, decrypt and \
               transfer.",
        predicted: "the sum of its parts",
        moved_by: "on slow links bytes above all, on fast ones the server",
        value: |record| ms(record.latency_ms.total),
    },
    Meaning {
        name: "upload",
        what: "Bytes to the server: one polynomial of each ciphertext, and a seed of 32 bytes that stands \
               for all second ones. Payload is what is encrypted, t bits of each coefficient that is \
               sent; noise is the room that exactness takes.",
        predicted: EXACT,
        moved_by: "limb bits over t bits is the share of noise; lanes say how many ciphertexts there are",
        value: |record| {
            shares(record.messages.map(|all| all.upload), record.communication_bytes.upload)
        },
    },
    Meaning {
        name: "download",
        what: "Bytes back to the client, switched down to as few bits a coefficient as the predicted noise \
               allows.",
        predicted: EXACT,
        moved_by: "t bits, output ciphertexts, a shared c1; not limb bits",
        value: |record| {
            shares(record.messages.map(|all| all.download), record.communication_bytes.download)
        },
    },
    Meaning {
        name: "keys, once",
        what: "Bytes of the keys for rotations, sent once for each client.",
        predicted: EXACT,
        moved_by: "how many distinct rotations there are (kernel, lanes, baby steps), limbs, ring degree",
        value: |record| bytes_text(record.communication_bytes.keys),
    },
    Meaning {
        name: "weights",
        what: "Bytes that the server stores of the layer's weights, in the form it reads them in.",
        predicted: EXACT,
        moved_by: "the algorithm: dense plaintexts take N words for every limb, raw weights a few bits \
                   each; the weight form",
        value: |record| bytes_text(record.storage_bytes.weights),
    },
    Meaning {
        name: "server peak",
        what: "All that the server holds at its fullest: weights, keys, inputs, sums, results.",
        predicted: EXACT,
        moved_by: "threads (each has sums of its own), input ciphertexts, stored weights",
        value: |record| bytes_text(record.storage_bytes.server_peak),
    },
    Meaning {
        name: "rotations",
        what: "Automorphisms with their key switches, of inputs and of sums.",
        predicted: EXACT,
        moved_by: "kernel size, lanes, baby steps",
        value: |record| count_text(record.operations.rotations),
    },
    Meaning {
        name: "transforms",
        what: "Number-theoretic transforms of one polynomial modulo one prime.",
        predicted: EXACT,
        moved_by: "rotations, limbs; raw weights of algorithms on coefficients",
        value: |record| count_text(record.operations.ntts),
    },
    Meaning {
        name: "plaintext multiplications",
        what: "Products of a ciphertext and a dense plaintext polynomial.",
        predicted: EXACT,
        moved_by: "the algorithm: only conventional and those on coefficients have them",
        value: |record| count_text(record.operations.plaintext_multiplications),
    },
    Meaning {
        name: "scalar multiplications",
        what: "Products of a ciphertext and one number, or one number for each block of slots.",
        predicted: EXACT,
        moved_by: "channels, kernel size, lanes; hadamard takes lanes times as many as hadamard-fused",
        value: |record| count_text(record.operations.scalar_multiplications),
    },
    Meaning {
        name: "coefficient multiply-adds",
        what: "Word-sized multiplications with an addition: what the multiply stage consists of.",
        predicted: EXACT,
        moved_by: "channels, kernel size, ring degree, limbs",
        value: |record| count_text(record.operations.coefficient_multiply_adds),
    },
    Meaning {
        name: "lanes",
        what: "Channels that share a ciphertext.",
        predicted: "chosen by the planner for the least server time, unless it is pinned",
        moved_by: "the lanes field, or the plan field, which keeps all of the plan as it is",
        value: |record| count_text(record.lanes as u64),
    },
    Meaning {
        name: "plaintext headroom",
        what: "Bits between the largest result and t/2: below 0 results do not fit.",
        predicted: "from the weights at hand and every input of the activations' bits",
        moved_by: "t bits; activation and weight bits; channels and kernel size",
        value: |record| bits(record.plaintext_headroom_bits),
    },
];

/// The place of the figure called `name`.
pub fn place_of(name: &str) -> Option<usize> {
    MEANINGS.iter().position(|meaning| meaning.name == name)
}

/// The place of the figure that a column shows.
pub fn place_of_metric(metric: Metric) -> Option<usize> {
    place_of(match metric {
        Metric::Server => "server",
        Metric::Total => "total",
        Metric::Noise => "final",
        Metric::Weights => "weights",
        Metric::Sent => "upload",
        Metric::Peak => "server peak",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_there_once_and_explained() {
        for (i, meaning) in MEANINGS.iter().enumerate() {
            assert_eq!(place_of(meaning.name), Some(i));
            for text in [meaning.what, meaning.predicted, meaning.moved_by] {
                assert!(text.len() > 8 && !text.contains("  "), "{text}");
            }
        }
        assert!(Metric::ALL.into_iter().all(|metric| place_of_metric(metric).is_some()));
    }
}
