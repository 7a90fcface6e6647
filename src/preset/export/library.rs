//! What the texts for all libraries say alike.

use crate::arith::Modulus;
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::bfv::{Params, ParamsError};
use crate::conv::AlgorithmChoice;
use crate::preset::Experiment;
use crate::report::SecurityRecord;

use super::keys;

/// How wide a line of numbers may be.
const LINE: usize = 88;

/// A checked parameter set, and what is to be said about it.
pub(super) struct LibrarySet {
    /// The set.
    pub(super) params: Params,
    /// The level it was held to.
    pub(super) level: SecurityLevel,
    /// The Galois elements of the keys that the server needs, rising; none where the layer does not
    /// fit.
    pub(super) elements: Vec<u64>,
    layer: String,
    algorithm: Option<&'static str>,
    security: SecurityRecord,
}

impl LibrarySet {
    /// The set of `experiment`, held against its policy, but not refused.
    pub(super) fn new(experiment: &Experiment) -> Result<Self, ParamsError> {
        let policy = SecurityPolicy { insecure: true, ..experiment.policy };
        let params = Params::new(&experiment.params, &policy)?;
        Ok(Self {
            layer: experiment.layer.full_name(),
            level: policy.level,
            elements: keys::elements(experiment, &params),
            algorithm: experiment.algorithm.map(AlgorithmChoice::name),
            security: SecurityRecord::new(&params),
            params,
        })
    }

    /// Comment lines that say what the set is, each after `// `, which C++ and Go have in common.
    ///
    /// Names are quoted and escaped, so that none holds a line break, and none ends its line with a
    /// backslash, which would draw the next line of C++ into the comment.
    pub(super) fn header(&self) -> String {
        let SecurityRecord { table, level, cap_log2_qp, ok } = &self.security;
        let cap = cap_log2_qp.map_or_else(|| "no entry".into(), |cap| format!("at most {cap:.1}"));
        let verdict = if *ok { "secure" } else { "INSECURE: for experiments alone" };
        format!(
            "// BFV parameters, written by heconv {}.\n\
             // set        {:?}\n\
             // layer      {:?}\n\
             // algorithm  {}\n\
             // log2(QP)   {:.2}\n\
             // security   {cap} for {level} bits (table {table:?}): {verdict}\n",
            env!("CARGO_PKG_VERSION"),
            self.params.name(),
            self.layer,
            self.algorithm.unwrap_or("any"),
            self.params.log2_qp(),
        )
    }

    /// The cap of the 2018 standard at the set's level, which SEAL and OpenFHE enforce; `None` where
    /// it has no entry.
    pub(super) fn enforced_cap_bits(&self) -> Option<u32> {
        SecurityTable::He2018.cap_log2_qp(self.params.ring_degree(), self.level)
    }

    /// The bit length of Q * P.
    pub(super) fn qp_bits(&self) -> u32 {
        self.params.log2_qp().floor() as u32 + 1
    }

    /// What `library`, which enforces the 2018 standard, says about the set at its level, called
    /// `name` there: in a comment line, and whether it takes the set.
    pub(super) fn enforced(&self, library: &str, name: &str) -> (String, bool) {
        let bits = self.qp_bits();
        match self.enforced_cap_bits() {
            Some(cap) if bits <= cap => {
                let own = match SecurityTable::He2018.name() {
                    table if self.security.table == table => "the table above",
                    _ => "a table of its own, that of the 2018 standard",
                };
                let said = format!(
                    "// {library} goes by {own}: at most {cap} bits of QP; this set has {bits}."
                );
                (said, true)
            }
            Some(cap) => {
                let said = "bits of QP and would refuse these";
                (
                    format!("// At {name} {library} takes at most {cap} {said} {bits}: no check."),
                    false,
                )
            }
            None => {
                let said = "has no entry for this degree and would refuse it: no check.";
                (format!("// At {name} {library} {said}"), false)
            }
        }
    }

    /// The Galois elements as [`wrapped`].
    pub(super) fn element_lines(&self, indent: &str) -> String {
        wrapped(&self.elements, indent)
    }
}

/// Numbers with a comma after each, in lines that begin with `indent`.
pub(super) fn wrapped(numbers: &[u64], indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for number in numbers {
        let word = format!("{number},");
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= LINE => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

/// Numbers in decimal, `separator` between them.
pub(super) fn joined(numbers: impl IntoIterator<Item = u64>, separator: &str) -> String {
    numbers.into_iter().map(|n| n.to_string()).collect::<Vec<_>>().join(separator)
}

/// The sizes of primes in bits.
pub(super) fn sizes(primes: &[Modulus]) -> String {
    joined(primes.iter().map(|prime| prime.bits().into()), ", ")
}
