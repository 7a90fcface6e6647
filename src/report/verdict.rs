//! Whether a run is right. This is the one place that decides.

use serde::{Deserialize, Serialize};

use super::{NetworkLayer, Record};

/// The measured budget, in bits, up to which noise has run out where values differ.
///
/// A measurement reads noise modulo Q, so it is never below zero; and where but a few coefficients
/// have gone beyond Q/2, the largest of the others is still a bit away from it.
const USED_UP_BITS: f64 = 0.5;

/// How a run came out, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every value is that of the plain convolution over the integers.
    Exact,
    /// Nothing was run: all figures are predictions.
    Predicted,
    /// Values of the plain convolution are t/2 or more in absolute value: the run gave them modulo t.
    Overflowed,
    /// Values differ, as no noise budget was left.
    OutOfNoise,
    /// Values differ although noise budget was left: a defect of this program.
    Wrong,
}

impl Verdict {
    /// The word in JSON, tables and names of files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Predicted => "predicted",
            Self::Overflowed => "overflowed",
            Self::OutOfNoise => "out-of-noise",
            Self::Wrong => "wrong",
        }
    }

    /// The word for people, loud where something is wrong.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Predicted => "predicted",
            Self::Overflowed => "OVERFLOWED",
            Self::OutOfNoise => "OUT OF NOISE",
            Self::Wrong => "WRONG",
        }
    }

    /// Whether a run was made, and every value is right.
    pub const fn is_exact(self) -> bool {
        matches!(self, Self::Exact)
    }

    /// Whether a run was made, and its output is not the plain convolution.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Overflowed | Self::OutOfNoise | Self::Wrong)
    }

    /// The worst verdict on `records`; of none, that nothing was run.
    pub fn worst<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        records.into_iter().map(Record::verdict).max().unwrap_or(Self::Predicted)
    }

    /// The verdict on a network: the worst of its layers; wrong where they are exact, but values of
    /// the output differ from those of the plain network.
    pub fn of_network(layers: &[NetworkLayer], output_mismatches: usize) -> Self {
        let of_layers = Self::worst(layers.iter().map(|layer| &layer.record));
        if output_mismatches > 0 { of_layers.max(Self::Wrong) } else { of_layers }
    }

    /// What JSON says of it.
    pub(crate) const fn told(self) -> Told {
        Told { verified: self.is_exact(), verdict: self }
    }
}

/// A verdict in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    /// Whether it is [`Verdict::Exact`].
    verified: bool,
    /// The word.
    verdict: Verdict,
}

/// Writes a verdict as [`Told`]: for `serialize_with` of a flattened field.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(crate) fn tell<S: serde::Serializer>(
    verdict: &Verdict,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    verdict.told().serialize(serializer)
}

/// A run's outputs held against the plain convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Values that differ from the plain convolution modulo t.
    pub mismatches: u64,
    /// Values of the plain convolution that are t/2 or more in absolute value.
    pub overflows: u64,
    /// Values compared.
    pub values: u64,
    /// The largest absolute value of the plain convolution; absent in records of early versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub largest_value: Option<u64>,
}

impl Record {
    /// Whether it was run and every value is right.
    pub fn is_exact(&self) -> bool {
        self.verdict().is_exact()
    }

    /// How the run came out.
    pub fn verdict(&self) -> Verdict {
        match self.verification {
            None => Verdict::Predicted,
            Some(_) if self.predicted => Verdict::Predicted,
            Some(found) if found.mismatches > 0 && self.noise_bits.last <= USED_UP_BITS => {
                Verdict::OutOfNoise
            }
            Some(found) if found.mismatches > 0 => Verdict::Wrong,
            Some(found) if found.overflows > 0 => Verdict::Overflowed,
            Some(_) => Verdict::Exact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    /// A run with so many mismatches and overflows, and so many bits of budget left.
    fn run(mismatches: u64, overflows: u64, bits: f64) -> Record {
        let mut record = record();
        let found = record.verification.as_mut().expect("a run");
        (found.mismatches, found.overflows) = (mismatches, overflows);
        record.noise_bits.last = bits;
        record
    }

    #[test]
    fn verdicts_follow_from_values_and_noise() {
        for (mismatches, overflows, bits, verdict) in [
            (0, 0, 25.0, Verdict::Exact),
            // Whoever has no budget left may still be lucky.
            (0, 0, 0.0, Verdict::Exact),
            (0, 1, 25.0, Verdict::Overflowed),
            (0, 23_808, 0.0, Verdict::Overflowed),
            (1, 0, 0.0, Verdict::OutOfNoise),
            (9, 0, -0.01, Verdict::OutOfNoise),
            (1, 0, 0.3, Verdict::OutOfNoise),
            (1, 0, 0.6, Verdict::Wrong),
            (1, 0, 25.0, Verdict::Wrong),
            // Values are compared modulo t, so what differs is not explained by an overflow.
            (1, 1, 0.0, Verdict::OutOfNoise),
            (1, 1, 25.0, Verdict::Wrong),
        ] {
            let record = run(mismatches, overflows, bits);
            let said = (record.verdict(), verdict.is_exact(), verdict.is_bad());
            let is_exact = verdict == Verdict::Exact;
            assert_eq!(said, (verdict, is_exact, !is_exact), "{mismatches} {overflows} {bits}");
        }
        let predicted = Record { verification: None, ..run(0, 0, -3.0) };
        let flagged = Record { predicted: true, ..run(9, 9, -3.0) };
        for record in [predicted, flagged] {
            let verdict = record.verdict();
            assert!(verdict == Verdict::Predicted && !verdict.is_exact() && !verdict.is_bad());
        }
    }

    #[test]
    fn the_worst_of_several_counts() {
        let runs = [run(0, 0, 9.0), run(0, 3, 9.0), run(2, 0, 0.0), run(1, 0, 9.0)];
        let worst = |count: usize| Verdict::worst(&runs[..count]);
        assert_eq!(
            [0, 1, 2, 3, 4].map(worst).map(Verdict::word),
            ["predicted", "exact", "overflowed", "out-of-noise", "wrong"]
        );
        assert_eq!(
            [0, 1].map(|differ| Verdict::of_network(&[], differ)),
            [Verdict::Predicted, Verdict::Wrong]
        );
    }

    #[test]
    fn json_tells_the_verdict_and_does_not_believe_it() {
        for (record, verified, word) in [
            (run(0, 0, 9.0), true, "exact"),
            (run(0, 3, 9.0), false, "overflowed"),
            (run(1, 0, 0.0), false, "out-of-noise"),
            (run(1, 0, 9.0), false, "wrong"),
        ] {
            let mut json = serde_json::to_value(&record).expect("JSON");
            assert_eq!((&json["verified"], &json["verdict"]), (&verified.into(), &word.into()));
            // As earlier versions wrote it: without a word, and overflows verified.
            let fields = json.as_object_mut().expect("an object");
            fields.remove("verdict");
            fields.insert("verified".into(), true.into());
            let read: Record = serde_json::from_value(json).expect("a record");
            assert_eq!((read.verdict(), &read), (record.verdict(), &record));
        }
        let predicted = Record { verification: None, predicted: true, ..record() };
        let json = serde_json::to_value(&predicted).expect("JSON");
        assert!(json.get("verified").is_none() && json.get("verdict").is_none(), "{json}");
    }
}
