//! Why a run is not exact, and what would mend it.

use std::fmt;

use super::{Record, Verdict, count_text};
use crate::arith::largest_ntt_primes;
use crate::bfv::params::{MAX_PLAIN_BITS, RING_DEGREES};

/// What went wrong with a run. Shown, it is all in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The verdict on the run, a bad one.
    pub verdict: Verdict,
    /// The values that it concerns, and why.
    pub what: String,
    /// What would mend it.
    pub mend: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.why(), self.mend)
    }
}

impl Fault {
    /// What went wrong, without what would mend it.
    pub fn why(&self) -> String {
        let kind = match self.verdict {
            Verdict::Overflowed => "overflow",
            Verdict::OutOfNoise => "noise ran out",
            _ => "wrong result",
        };
        format!("{kind}: {}", self.what)
    }
}

impl Record {
    /// What is wrong with the run; `None` where it is exact, or was not made.
    pub fn fault(&self) -> Option<Fault> {
        let verdict = self.verdict();
        let (what, mend) = match verdict {
            Verdict::Exact | Verdict::Predicted => return None,
            Verdict::Overflowed => (self.overflow(), self.larger_t()),
            Verdict::OutOfNoise => (self.noise_ran_out(), self.more_noise()),
            Verdict::Wrong => (self.defect(), REPORT.to_owned()),
        };
        Some(Fault { verdict, what, mend })
    }

    fn overflow(&self) -> String {
        let found = self.verification.unwrap_or_default();
        let (beyond, values) = (count_text(found.overflows), count_text(found.values));
        let modulus = self.params.plain_modulus;
        let largest = found.largest_value.map_or_else(String::new, |largest| {
            format!(", up to {} where t/2 is {}", count_text(largest), count_text(modulus / 2))
        });
        format!(
            "{beyond} of {values} values wrapped modulo the plaintext modulus {modulus}{largest}"
        )
    }

    fn noise_ran_out(&self) -> String {
        let noise = &self.noise_bits;
        format!(
            "{}; {:.1} bits of budget left, {:.1} predicted",
            self.differing(),
            noise.last,
            noise.predicted_final
        )
    }

    fn defect(&self) -> String {
        let left = self.noise_bits.last;
        format!("{} although {left:.1} bits of budget are left", self.differing())
    }

    fn differing(&self) -> String {
        let found = self.verification.unwrap_or_default();
        let (wrong, values) = (count_text(found.mismatches), count_text(found.values));
        format!("{wrong} of {values} values differ from the plain convolution")
    }

    /// What holds the largest value.
    fn larger_t(&self) -> String {
        let now = bits_of(self.params.plain_modulus);
        match self.bits_that_hold() {
            Some(bits) => {
                format!("use a t of {bits} bits, which holds all of them, instead of {now}")
            }
            None => format!(
                "no t of up to {MAX_PLAIN_BITS} bits holds them: use narrower activations or weights"
            ),
        }
    }

    /// The fewest bits of a larger plaintext modulus that holds every value of the plain convolution:
    /// `plain_bits` as files have it, for which the largest suitable prime is taken.
    fn bits_that_hold(&self) -> Option<u32> {
        let two_n = 2 * self.params.ring_degree as u64;
        let twice = 2.0 * self.largest_value();
        (bits_of(self.params.plain_modulus) + 1..=MAX_PLAIN_BITS).find(|bits| {
            let prime =
                largest_ntt_primes(*bits, two_n, 1, &[]).ok().and_then(|p| p.first().copied());
            prime.is_some_and(|prime| prime as f64 > twice)
        })
    }

    /// The largest absolute value, where it was not kept as the headroom has it, rounded up.
    fn largest_value(&self) -> f64 {
        let kept = self.verification.and_then(|found| found.largest_value);
        let headroom = self.plaintext_headroom_bits - 0.01;
        let from_headroom = || self.params.plain_modulus as f64 / (headroom + 1.0).exp2();
        kept.map_or_else(from_headroom, |largest| largest as f64)
    }

    /// What leaves more budget.
    fn more_noise(&self) -> String {
        let floor = self.noise_bits.predicted_final_floor;
        if floor > 0.0 {
            return format!("at least {floor:.1} bits were predicted: {REPORT}");
        }
        let short = (-floor).ceil().max(1.0);
        let (params, security) = (&self.params, &self.security);
        let has_room = security.cap_log2_qp.is_some_and(|cap| params.log2_qp + short <= cap);
        let larger = 2 * params.ring_degree;
        let ring = if has_room || !RING_DEGREES.contains(&larger) {
            String::new()
        } else {
            format!(" with N {larger}")
        };
        let bits = if short > 1.0 { "bits" } else { "bit" };
        format!(
            "use {short:.0} more {bits} of Q (larger or more limbs{ring}), a smaller t or another \
             algorithm; `tune` finds what keeps its budget"
        )
    }
}

/// What to do about a defect.
const REPORT: &str =
    "this is a defect of heconv: please report it with the parameters, the layer and the seed";

/// The size of a prime.
const fn bits_of(prime: u64) -> u32 {
    u64::BITS - prime.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    fn run(change: impl Fn(&mut Record)) -> Record {
        let mut record = record();
        change(&mut record);
        record
    }

    fn found(record: &mut Record) -> &mut super::super::Verification {
        record.verification.as_mut().expect("a run")
    }

    #[test]
    fn runs_that_are_exact_have_no_fault() {
        assert_eq!(record().fault(), None);
        assert_eq!(Record { verification: None, predicted: true, ..record() }.fault(), None);
    }

    #[test]
    fn overflows_name_the_modulus_that_holds_them() {
        let wide = |largest: Option<u64>| {
            run(|r| {
                (found(r).overflows, found(r).largest_value) = (1234, largest);
                r.params.plain_modulus = 40_961;
                // log2 40961 - 1 - log2 1165860
                r.plaintext_headroom_bits = -5.83;
            })
        };
        assert_eq!(
            wide(Some(1_165_860)).fault().map(|fault| fault.to_string()).as_deref(),
            Some(
                "overflow: 1,234 of 23,808 values wrapped modulo the plaintext modulus 40961, up to \
                 1,165,860 where t/2 is 20,480; use a t of 22 bits, which holds all of them, instead of 16"
            )
        );
        // Of early versions the headroom tells.
        let early = wide(None).fault().expect("an overflow");
        assert!(
            early.what.ends_with("modulus 40961") && early.mend.contains(" 22 bits"),
            "{early}"
        );
        // The largest prime of 21 bits that is 1 modulo 8192 is 2056193.
        for (largest, bits) in [(1_028_096, "21 bits"), (1_028_097, "22 bits")] {
            let mend = wide(Some(largest)).fault().expect("an overflow").mend;
            assert!(mend.contains(bits), "{largest}: {mend}");
        }
        let endless = wide(Some(1 << 40)).fault().expect("an overflow").mend;
        assert!(endless.contains("no t of up to 32 bits"), "{endless}");
    }

    #[test]
    fn noise_that_ran_out_says_how_much_is_missing() {
        let noisy = |change: fn(&mut Record)| {
            let record = run(|r| {
                found(r).mismatches = 23_000;
                (r.noise_bits.last, r.noise_bits.predicted_final) = (0.0, -3.2);
                r.noise_bits.predicted_final_floor = -4.3;
                change(r);
            });
            let fault = record.fault().expect("no noise");
            assert_eq!(fault.verdict, Verdict::OutOfNoise);
            fault
        };
        let capped = noisy(|_| ());
        assert_eq!(
            capped.what,
            "23,000 of 23,808 values differ from the plain convolution; 0.0 bits of \
             budget left, -3.2 predicted"
        );
        assert_eq!(
            capped.mend,
            "use 5 more bits of Q (larger or more limbs with N 8192), a smaller t or another \
             algorithm; `tune` finds what keeps its budget"
        );
        let room = noisy(|r| {
            r.params.log2_qp = 90.0;
            r.noise_bits.predicted_final_floor = -0.2;
        });
        assert!(room.mend.starts_with("use 1 more bit of Q (larger or more limbs), "), "{room}");
        let broken = noisy(|r| r.noise_bits.predicted_final_floor = 2.0);
        assert!(broken.mend.contains("defect"), "{broken}");
    }

    #[test]
    fn wrong_values_with_noise_left_are_a_defect() {
        let fault = run(|r| found(r).mismatches = 1).fault().expect("wrong");
        assert_eq!(
            fault.what,
            "1 of 23,808 values differ from the plain convolution although 25.0 bits of \
             budget are left"
        );
        assert!(fault.mend.contains("please report it"), "{fault}");
    }
}
