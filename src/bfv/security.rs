//! Security tables: the largest log2(Q*P) for a ring degree.

/// A published table of the largest ciphertext modulus for each ring degree, for a ternary secret
/// and classical attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityTable {
    /// Bossuat et al., "Security Guidelines for Implementing Homomorphic Encryption", IACR CiC
    /// 1(4) (2024), doi 10.62056/anxra69p1, table 5.2 (error width 3.19).
    Bossuat2024,
    /// `HomomorphicEncryption.org`, "Homomorphic Encryption Security Standard" (2018), table 1:
    /// what SEAL and OpenFHE enforce.
    He2018,
}

/// A security level in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityLevel {
    /// 128 bits.
    Bits128,
    /// 192 bits.
    Bits192,
    /// 256 bits.
    Bits256,
}

/// One row: the ring degree, then the cap at 128, 192 and 256 bits.
type Row = (usize, [Option<u32>; 3]);

const BOSSUAT_2024: [Row; 6] = [
    (1024, [Some(26), None, None]),
    (2048, [Some(53), Some(36), Some(27)]),
    (4096, [Some(106), Some(73), Some(56)]),
    (8192, [Some(214), Some(147), Some(114)]),
    (16384, [Some(430), Some(297), Some(230)]),
    (32768, [Some(868), Some(597), Some(462)]),
];

const HE_2018: [Row; 6] = [
    (1024, [Some(27), Some(19), Some(14)]),
    (2048, [Some(54), Some(37), Some(29)]),
    (4096, [Some(109), Some(75), Some(58)]),
    (8192, [Some(218), Some(152), Some(118)]),
    (16384, [Some(438), Some(305), Some(237)]),
    (32768, [Some(881), Some(611), Some(476)]),
];

impl SecurityTable {
    /// Every table, the default first.
    pub const ALL: [Self; 2] = [Self::Bossuat2024, Self::He2018];

    /// The name used on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bossuat2024 => "bossuat2024",
            Self::He2018 => "he2018",
        }
    }

    /// Whose it is, for a list.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Bossuat2024 => "Bossuat et al., Security Guidelines, IACR CiC 1(4), 2024",
            Self::He2018 => "the standard of 2018, which SEAL and OpenFHE enforce",
        }
    }

    /// The largest log2(Q*P), in bits, that keeps `level` at this ring degree; `None` where the
    /// table has no entry.
    pub fn cap_log2_qp(self, ring_degree: usize, level: SecurityLevel) -> Option<u32> {
        let rows = match self {
            Self::Bossuat2024 => &BOSSUAT_2024,
            Self::He2018 => &HE_2018,
        };
        let (_, caps) = rows.iter().find(|(degree, _)| *degree == ring_degree)?;
        match level {
            SecurityLevel::Bits128 => caps[0],
            SecurityLevel::Bits192 => caps[1],
            SecurityLevel::Bits256 => caps[2],
        }
    }
}

impl SecurityLevel {
    /// Every level, the default first.
    pub const ALL: [Self; 3] = [Self::Bits128, Self::Bits192, Self::Bits256];

    /// The word for it on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bits128 => "128",
            Self::Bits192 => "192",
            Self::Bits256 => "256",
        }
    }

    /// The level in bits.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits128 => 128,
            Self::Bits192 => 192,
            Self::Bits256 => 256,
        }
    }
}

/// What parameters are held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecurityPolicy {
    /// The table.
    pub table: SecurityTable,
    /// The level.
    pub level: SecurityLevel,
    /// Bits that log2(Q*P) must stay below the table's cap.
    pub margin_bits: f64,
    /// Accept parameters above the cap, marked as such.
    pub insecure: bool,
}

impl Default for SecurityPolicy {
    fn default() -> Self {
        Self {
            table: SecurityTable::Bossuat2024,
            level: SecurityLevel::Bits128,
            margin_bits: 0.0,
            insecure: false,
        }
    }
}

/// How a parameter set stands against a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecurityVerdict {
    /// The table asked.
    pub table: SecurityTable,
    /// The level asked for.
    pub level: SecurityLevel,
    /// The largest log2(Q*P) allowed, margin taken off; `None` where the table has no entry.
    pub cap_log2_qp: Option<f64>,
    /// Whether log2(Q*P) is within the cap.
    pub ok: bool,
}

impl SecurityPolicy {
    /// Holds `log2_qp` bits of modulus at `ring_degree` against the policy.
    pub fn judge(&self, ring_degree: usize, log2_qp: f64) -> SecurityVerdict {
        let cap = self.table.cap_log2_qp(ring_degree, self.level);
        let cap_log2_qp = cap.map(|cap| f64::from(cap) - self.margin_bits);
        let ok = cap_log2_qp.is_some_and(|cap| log2_qp <= cap);
        SecurityVerdict { table: self.table, level: self.level, cap_log2_qp, ok }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        use SecurityLevel::{Bits128, Bits192, Bits256};
        let rows = [
            (SecurityTable::Bossuat2024, 1024, [Some(26), None, None]),
            (SecurityTable::Bossuat2024, 4096, [Some(106), Some(73), Some(56)]),
            (SecurityTable::Bossuat2024, 32768, [Some(868), Some(597), Some(462)]),
            (SecurityTable::He2018, 2048, [Some(54), Some(37), Some(29)]),
            (SecurityTable::He2018, 8192, [Some(218), Some(152), Some(118)]),
            (SecurityTable::He2018, 512, [None, None, None]),
        ];
        for (table, degree, caps) in rows {
            let found = [Bits128, Bits192, Bits256].map(|level| table.cap_log2_qp(degree, level));
            assert_eq!(found, caps, "{} at N = {degree}", table.name());
        }
    }

    /// Both tables: a higher level never allows more, a larger ring always does.
    #[test]
    fn caps_are_monotone() {
        for table in SecurityTable::ALL {
            let mut last = 0;
            for log in 10..=15 {
                let caps = SecurityLevel::ALL.map(|level| table.cap_log2_qp(1 << log, level));
                assert!(caps[0] > caps[1] && caps[1] >= caps[2], "{} 2^{log}", table.name());
                assert!(caps[0] > Some(last));
                last = caps[0].unwrap_or(0);
            }
        }
    }

    #[test]
    fn the_margin_tightens_the_cap() {
        let policy = SecurityPolicy { margin_bits: 1.0, ..SecurityPolicy::default() };
        assert!(SecurityPolicy::default().judge(4096, 105.9).ok);
        assert!(!policy.judge(4096, 105.9).ok);
        assert!(!SecurityPolicy::default().judge(512, 10.0).ok);
    }
}
