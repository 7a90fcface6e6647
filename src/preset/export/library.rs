//! What the texts for all libraries say alike.

use crate::arith::Modulus;
use crate::bfv::security::{SecurityLevel, SecurityTable};
use crate::bfv::{Params, ParamsError};
use crate::conv::AlgorithmKind;
use crate::preset::{Experiment, Strictness, params};
use crate::report::{Record, SecurityRecord};

/// A checked parameter set, and what is to be said about it.
pub(super) struct LibrarySet {
    /// The set.
    pub(super) params: Params,
    layer: String,
    algorithm: Option<&'static str>,
    security: SecurityRecord,
}

impl LibrarySet {
    /// The set of `experiment`. It is held against the table of the run where there is one, else
    /// against the default table.
    pub(super) fn new(
        experiment: &Experiment,
        record: Option<&Record>,
    ) -> Result<Self, ParamsError> {
        let params = params::check(&experiment.params, Strictness::Load)?;
        let security = record.map(|record| record.security.clone());
        Ok(Self {
            layer: experiment.layer.full_name(),
            algorithm: experiment.algorithm.map(AlgorithmKind::name),
            security: security.unwrap_or_else(|| SecurityRecord::new(&params)),
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

    /// The cap of the 2018 standard at 128 bits, which SEAL and OpenFHE enforce; `None` where it has
    /// no entry.
    pub(super) fn enforced_cap_bits(&self) -> Option<u32> {
        SecurityTable::He2018.cap_log2_qp(self.params.ring_degree(), SecurityLevel::Bits128)
    }

    /// The bit length of Q * P.
    pub(super) fn qp_bits(&self) -> u32 {
        self.params.log2_qp().floor() as u32 + 1
    }

    /// Whether libraries that enforce the 2018 standard take the set.
    pub(super) fn is_within_enforced_cap(&self) -> bool {
        self.enforced_cap_bits().is_some_and(|cap| self.qp_bits() <= cap)
    }
}

/// Numbers in decimal, `separator` between them.
pub(super) fn joined(numbers: impl IntoIterator<Item = u64>, separator: &str) -> String {
    numbers.into_iter().map(|n| n.to_string()).collect::<Vec<_>>().join(separator)
}

/// The sizes of primes in bits.
pub(super) fn sizes(primes: &[Modulus]) -> String {
    joined(primes.iter().map(|prime| prime.bits().into()), ", ")
}
