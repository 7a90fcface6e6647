//! What the row of a sweep was asked for, so that it is never taken for another.

use serde::{Deserialize, Serialize};

use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec};

use super::{ParamsRecord, SecurityRecord};

/// The version of a row's form, of which its digest is a part.
pub const ROW_FORM: u32 = 2;

/// What a row was asked for: the digest of all of it, and what the row does not say elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// SHA-256 over everything that the row's figures follow from, in hexadecimal.
    pub digest: String,
    /// [`ROW_FORM`].
    pub form: u32,
    /// How often the point is run.
    pub repeat: usize,
    /// Lanes of a ciphertext, where they were given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lanes: Option<usize>,
    /// Baby steps, where they were given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub babies: Option<usize>,
    /// The form of stored weights, where it was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weight_form: Option<String>,
    /// Outputs that share their second polynomial, where that was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shared_by: Option<usize>,
    /// Output ciphertexts that are computed, where not all are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subset: Option<usize>,
    /// Whether parameters above the security cap were let pass; of those within it this says
    /// nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub insecure: bool,
    /// SHA-256 over weights and input in hexadecimal, where they do not come from the seed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub data: Option<String>,
    /// The limit in bytes that kept the point from being run, where it was memory.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max_memory: Option<u64>,
}

/// The encryption parameters of a point without figures: those of a record, as far as there are such
/// primes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `ParamsRecord`")]
pub struct PointParams {
    pub name: String,
    pub ring_degree: usize,
    #[serde(flatten)]
    pub primes: Option<PointPrimes>,
}

/// The primes of a point without figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `ParamsRecord`")]
pub struct PointPrimes {
    pub plain_modulus: u64,
    pub limbs: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub special: Option<u64>,
    pub log2_q: f64,
    pub log2_qp: f64,
}

impl PointParams {
    /// What `spec` comes to, and how that stands against `policy`, whether that allows it or not.
    pub fn new(spec: &ParamsSpec, policy: &SecurityPolicy) -> (Self, SecurityRecord) {
        let Ok(params) = Params::new(spec, &SecurityPolicy { insecure: true, ..*policy }) else {
            let security = SecurityRecord {
                table: policy.table.name().to_owned(),
                level: policy.level.bits(),
                cap_log2_qp: policy.judge(spec.ring_degree, f64::INFINITY).cap_log2_qp,
                ok: false,
            };
            let name = spec.name.clone();
            return (Self { name, ring_degree: spec.ring_degree, primes: None }, security);
        };
        let ParamsRecord { name, ring_degree, plain_modulus, limbs, special, log2_q, log2_qp } =
            ParamsRecord::new(&params);
        let primes = PointPrimes { plain_modulus, limbs, special, log2_q, log2_qp };
        (Self { name, ring_degree, primes: Some(primes) }, SecurityRecord::new(&params))
    }
}
