//! Encryption parameters: what a user asks for, and what has been checked.

use crate::arith::{Modulus, PrimeError, is_prime, largest_ntt_primes};

use super::security::{SecurityPolicy, SecurityVerdict};

/// Ring degrees that can be used: powers of two in this range. Those below 1024 are in no security
/// table and need the insecure policy.
pub const RING_DEGREES: std::ops::RangeInclusive<usize> = 64..=32768;

/// The largest size of a limb or special prime, in bits: what the AVX-512 kernels handle.
pub const MAX_LIMB_BITS: u32 = 50;

/// The largest size of the plaintext modulus, in bits: a response coefficient must fit one word.
pub const MAX_PLAIN_BITS: u32 = 32;

/// The most limbs a parameter set may have.
pub const MAX_LIMBS: usize = 24;

/// A prime as a user gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum PrimeSpec {
    /// The largest suitable prime of exactly this many bits.
    Bits(u32),
    /// This prime.
    Value(u64),
}

impl PrimeSpec {
    /// The size of the prime.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits(bits) => bits,
            Self::Value(value) => u64::BITS - value.leading_zeros(),
        }
    }
}

/// Encryption parameters as a user gives them, unchecked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ParamsSpec {
    /// A name for reports.
    pub name: String,
    /// N.
    pub ring_degree: usize,
    /// The primes of Q.
    pub limbs: Vec<PrimeSpec>,
    /// P, for key switching; none where nothing is to be switched.
    pub special: Option<PrimeSpec>,
    /// t. Without a special prime it may be any number given by its value.
    pub plain: PrimeSpec,
}

impl ParamsSpec {
    /// The same set, named as it is written in one word.
    #[must_use]
    pub fn named_by_sizes(self) -> Self {
        Self { name: self.inline(), ..self }
    }

    /// The set as it is written in one word, by sizes: `4096:36,26|44:20`, and `2048:50:20` without a
    /// special prime.
    pub fn inline(&self) -> String {
        let limbs: Vec<String> = self.limbs.iter().map(|limb| limb.bits().to_string()).collect();
        let special = self.special.map_or_else(String::new, |prime| format!("|{}", prime.bits()));
        format!("{}:{}{special}:{}", self.ring_degree, limbs.join(","), self.plain.bits())
    }
}

/// What is wrong with a parameter set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParamsError {
    /// N is no power of two, or out of range.
    #[error("ring_degree {0} must be a power of two from {min} to {max}", min = RING_DEGREES.start(), max = RING_DEGREES.end())]
    RingDegree(usize),
    /// Q has no primes, or too many.
    #[error("limbs: {0} given, must be 1 to {MAX_LIMBS}")]
    LimbCount(usize),
    /// A prime is too large or too small for its use.
    #[error("{role} {value} has {bits} bits, must have {min} to {max}")]
    Size {
        /// Which prime.
        role: &'static str,
        /// The number given.
        value: u64,
        /// Its size.
        bits: u32,
        /// The smallest size allowed.
        min: u32,
        /// The largest size allowed.
        max: u32,
    },
    /// A size asked for is out of range.
    #[error("{role} of {bits} bits: must have {min} to {max}")]
    Bits {
        /// Which prime.
        role: &'static str,
        /// The size asked for.
        bits: u32,
        /// The smallest size allowed.
        min: u32,
        /// The largest size allowed.
        max: u32,
    },
    /// A number that must be prime is not.
    #[error("{role} {value} is not prime")]
    NotPrime {
        /// Which prime.
        role: &'static str,
        /// The number given.
        value: u64,
    },
    /// A prime has no 2N-th roots of unity.
    #[error("{role} {value} is not 1 mod 2N = {two_n} (it is {} mod {two_n})", value % two_n)]
    NotNttFriendly {
        /// Which prime.
        role: &'static str,
        /// The prime given.
        value: u64,
        /// 2N.
        two_n: u64,
    },
    /// No prime of the size asked for is left.
    #[error("{role}: {source}")]
    NoPrime {
        /// Which prime.
        role: &'static str,
        /// Why.
        source: PrimeError,
    },
    /// Two of the primes are equal.
    #[error(
        "{role} {value} is given twice: limbs, special prime and plaintext modulus must differ"
    )]
    Repeated {
        /// Which prime.
        role: &'static str,
        /// The prime.
        value: u64,
    },
    /// A limb is not larger than t.
    #[error("{role} {value} must be larger than the plaintext modulus {plain}")]
    BelowPlain {
        /// Which prime.
        role: &'static str,
        /// The prime.
        value: u64,
        /// t.
        plain: u64,
    },
    /// The modulus is too large for the security level.
    #[error("insecure: log2(QP) = {log2_qp:.1} at N = {ring_degree}, {allowed}; `heconv run --insecure` runs it anyway", allowed = allowed_text(.verdict))]
    Insecure {
        /// N.
        ring_degree: usize,
        /// log2(QP).
        log2_qp: f64,
        /// The cap that is exceeded.
        verdict: SecurityVerdict,
    },
}

fn allowed_text(verdict: &SecurityVerdict) -> String {
    let (level, table) = (verdict.level.bits(), verdict.table.name());
    verdict.cap_log2_qp.map_or_else(
        || format!("where table {table} has no entry for {level} bits"),
        |cap| format!("at most {cap:.1} for {level} bits by table {table}"),
    )
}

/// Checked encryption parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    name: String,
    ring_degree: usize,
    limbs: Vec<Modulus>,
    special: Option<Modulus>,
    plain: Modulus,
    has_slots: bool,
    security: SecurityVerdict,
}

impl Params {
    /// Finds the primes, checks them and holds log2(QP) against the security policy.
    ///
    /// # Errors
    /// The first thing that is wrong, as [`ParamsError`].
    pub fn new(spec: &ParamsSpec, policy: &SecurityPolicy) -> Result<Self, ParamsError> {
        let n = spec.ring_degree;
        if !n.is_power_of_two() || !RING_DEGREES.contains(&n) {
            return Err(ParamsError::RingDegree(n));
        }
        if spec.limbs.is_empty() || spec.limbs.len() > MAX_LIMBS {
            return Err(ParamsError::LimbCount(spec.limbs.len()));
        }
        let mut finder = PrimeFinder::new(n, spec);
        let plain = finder.plain(spec)?;
        let limbs = spec
            .limbs
            .iter()
            .map(|&limb| finder.find("limb", limb, 2, MAX_LIMB_BITS))
            .collect::<Result<Vec<_>, _>>()?;
        let special = spec.special.map(|p| finder.find("special prime", p, 2, MAX_LIMB_BITS));
        let special = special.transpose()?;
        let of_limbs = limbs.iter().map(|q| ("limb", q));
        for (role, prime) in of_limbs.chain(special.iter().map(|p| ("special prime", p))) {
            if prime.value() <= plain.value() {
                let (value, plain) = (prime.value(), plain.value());
                return Err(ParamsError::BelowPlain { role, value, plain });
            }
        }
        let log2_qp = log2_product(&limbs) + log2_product(special.as_slice());
        let security = policy.judge(n, log2_qp);
        if !security.ok && !policy.insecure {
            return Err(ParamsError::Insecure { ring_degree: n, log2_qp, verdict: security });
        }
        let name = spec.name.clone();
        let has_slots = plain.value() % (2 * n as u64) == 1 && is_prime(plain.value());
        Ok(Self { name, ring_degree: n, limbs, special, plain, has_slots, security })
    }

    /// The same without the last limb, if another is left. What is encrypted under it hides as much
    /// as before: the secret is the same and the modulus smaller.
    pub fn lower(&self) -> Option<Self> {
        let (_, limbs) = self.limbs.split_last()?;
        (!limbs.is_empty()).then(|| Self { limbs: limbs.to_vec(), ..self.clone() })
    }

    /// The name, for reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// N.
    pub const fn ring_degree(&self) -> usize {
        self.ring_degree
    }

    /// The primes of Q.
    pub fn limbs(&self) -> &[Modulus] {
        &self.limbs
    }

    /// P, which key switching needs.
    pub const fn special(&self) -> Option<&Modulus> {
        self.special.as_ref()
    }

    /// Whether plaintexts have slots: t is a prime = 1 mod 2N.
    pub const fn has_slots(&self) -> bool {
        self.has_slots
    }

    /// t.
    pub const fn plain(&self) -> &Modulus {
        &self.plain
    }

    /// log2 Q.
    pub fn log2_q(&self) -> f64 {
        log2_product(&self.limbs)
    }

    /// log2(Q*P), or log2 Q where there is no P: what security is counted on.
    pub fn log2_qp(&self) -> f64 {
        self.log2_q() + log2_product(self.special.as_slice())
    }

    /// How the set stands against the policy it was checked with.
    pub const fn security(&self) -> &SecurityVerdict {
        &self.security
    }
}

fn log2_product(primes: &[Modulus]) -> f64 {
    primes.iter().map(|prime| (prime.value() as f64).log2()).sum()
}

/// Resolves the primes of one parameter set, so that none is chosen twice.
struct PrimeFinder {
    two_n: u64,
    /// Primes given as numbers, which a search must pass over, and primes found so far.
    reserved: Vec<u64>,
    found: Vec<u64>,
}

impl PrimeFinder {
    fn new(ring_degree: usize, spec: &ParamsSpec) -> Self {
        let all = spec.limbs.iter().chain(&spec.special).chain([&spec.plain]);
        let reserved = all
            .filter_map(|prime| match prime {
                PrimeSpec::Value(value) => Some(*value),
                PrimeSpec::Bits(_) => None,
            })
            .collect();
        Self { two_n: 2 * ring_degree as u64, reserved, found: Vec::new() }
    }

    /// t. Slots and key switching go together, so without a special prime any number will do; the
    /// largest prime with slots is still taken for a size that has one, and else the largest number.
    fn plain(&mut self, spec: &ParamsSpec) -> Result<Modulus, ParamsError> {
        const ROLE: &str = "plaintext modulus";
        match (spec.plain, spec.special) {
            (PrimeSpec::Value(value), None) => {
                let bits = spec.plain.bits();
                let (min, max) = (2, MAX_PLAIN_BITS);
                if !(min..=max).contains(&bits) {
                    return Err(ParamsError::Size { role: ROLE, value, bits, min, max });
                }
                self.found.push(value);
                Modulus::new(value).ok_or(ParamsError::NotPrime { role: ROLE, value })
            }
            (PrimeSpec::Bits(bits), None) if (2..=MAX_PLAIN_BITS).contains(&bits) => {
                let largest = PrimeSpec::Value((1 << bits) - 1);
                let with_slots = self.find(ROLE, spec.plain, 2, MAX_PLAIN_BITS);
                with_slots.or_else(|_| self.plain(&ParamsSpec { plain: largest, ..spec.clone() }))
            }
            (plain, _) => self.find(ROLE, plain, 2, MAX_PLAIN_BITS),
        }
    }

    fn find(
        &mut self,
        role: &'static str,
        spec: PrimeSpec,
        min: u32,
        max: u32,
    ) -> Result<Modulus, ParamsError> {
        let value = match spec {
            PrimeSpec::Bits(bits) if !(min..=max).contains(&bits) => {
                return Err(ParamsError::Bits { role, bits, min, max });
            }
            PrimeSpec::Bits(bits) => {
                let taken = [self.reserved.as_slice(), &self.found].concat();
                largest_ntt_primes(bits, self.two_n, 1, &taken)
                    .map_err(|source| ParamsError::NoPrime { role, source })?[0]
            }
            PrimeSpec::Value(value) => self.check(role, value, min, max)?,
        };
        self.found.push(value);
        Modulus::new(value).ok_or(ParamsError::NotPrime { role, value })
    }

    fn check(
        &self,
        role: &'static str,
        value: u64,
        min: u32,
        max: u32,
    ) -> Result<u64, ParamsError> {
        let bits = value.checked_ilog2().map_or(0, |log| log + 1);
        if !(min..=max).contains(&bits) {
            return Err(ParamsError::Size { role, value, bits, min, max });
        }
        if !is_prime(value) {
            return Err(ParamsError::NotPrime { role, value });
        }
        if value % self.two_n != 1 {
            return Err(ParamsError::NotNttFriendly { role, value, two_n: self.two_n });
        }
        if self.found.contains(&value) {
            return Err(ParamsError::Repeated { role, value });
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> ParamsSpec {
        ParamsSpec {
            name: "n4096-t20".into(),
            ring_degree: 4096,
            limbs: vec![PrimeSpec::Bits(35), PrimeSpec::Bits(35)],
            special: Some(PrimeSpec::Bits(36)),
            plain: PrimeSpec::Bits(20),
        }
    }

    fn error(change: impl FnOnce(&mut ParamsSpec)) -> String {
        let mut spec = example();
        change(&mut spec);
        Params::new(&spec, &SecurityPolicy::default()).expect_err("must be refused").to_string()
    }

    #[test]
    fn the_example_set_is_secure_and_exact() {
        let params = Params::new(&example(), &SecurityPolicy::default()).expect("valid");
        assert_eq!(params.plain().value(), 1_032_193);
        assert!(params.limbs()[0].value() > params.limbs()[1].value());
        assert!(params.log2_qp() <= 106.0 && params.log2_qp() > 105.9);
        assert!(params.security().ok);
    }

    #[test]
    fn every_mistake_is_named() {
        assert!(error(|s| s.ring_degree = 4095).contains("power of two"));
        assert!(error(|s| s.ring_degree = 65536).contains("32768"));
        assert!(error(|s| s.limbs.clear()).contains("limbs: 0 given"));
        assert!(error(|s| s.limbs[0] = PrimeSpec::Bits(51)).contains("must have 2 to 50"));
        assert!(error(|s| s.limbs[0] = PrimeSpec::Value((1 << 50) + 8193)).contains("51 bits"));
        assert!(error(|s| s.plain = PrimeSpec::Value(1_032_195)).contains("not prime"));
        assert!(error(|s| s.plain = PrimeSpec::Value(1_032_191)).contains("not 1 mod 2N = 8192"));
        assert!(
            error(|s| s.plain = PrimeSpec::Bits(13)).contains("nearest size with one is 16 bits")
        );
        assert!(error(|s| s.limbs[1] = PrimeSpec::Bits(36)).contains("log2(QP) = 107.0"));
        assert!(error(|s| s.plain = PrimeSpec::Value(0)).contains("0 bits"));
        let twice = error(|s| {
            s.limbs = vec![PrimeSpec::Value(34_359_214_081), PrimeSpec::Value(34_359_214_081)];
        });
        assert!(twice.contains("given twice") || twice.contains("not prime"), "{twice}");
        assert!(
            error(|s| s.limbs[0] = PrimeSpec::Bits(19))
                .contains("larger than the plaintext modulus")
        );
    }

    /// Without a special prime there is nothing to count for it, and t may be any number.
    #[test]
    fn a_special_prime_may_be_missing() {
        let spec = ParamsSpec {
            ring_degree: 2048,
            limbs: vec![PrimeSpec::Bits(50)],
            special: None,
            ..example()
        };
        let of =
            |plain| Params::new(&ParamsSpec { plain, ..spec.clone() }, &SecurityPolicy::default());
        let params = of(PrimeSpec::Bits(20)).expect("valid");
        assert!(params.special().is_none() && params.has_slots() && params.log2_qp() <= 50.0);
        for value in [1 << 20, 1_000_003, 999] {
            let params = of(PrimeSpec::Value(value)).expect("valid");
            assert_eq!((params.plain().value(), params.has_slots()), (value, false));
        }
        // There is no prime = 1 mod 4096 of ten bits.
        assert_eq!(of(PrimeSpec::Bits(10)).expect("valid").plain().value(), 1023);
        let error = |plain| of(plain).expect_err("must be refused").to_string();
        assert!(error(PrimeSpec::Value(1)).contains("must have 2 to 32"));
        assert!(error(PrimeSpec::Value(1 << 40)).contains("41 bits"));
        assert!(error(PrimeSpec::Bits(40)).contains("40 bits"));
        assert_eq!(spec.inline(), "2048:50:20");
        assert_eq!(example().inline(), "4096:35,35|36:20");
    }

    #[test]
    fn insecure_sets_run_only_when_asked() {
        let mut spec = example();
        spec.limbs = vec![PrimeSpec::Bits(50), PrimeSpec::Bits(50)];
        assert!(Params::new(&spec, &SecurityPolicy::default()).is_err());
        let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
        assert!(!Params::new(&spec, &policy).expect("accepted").security().ok);
    }
}
