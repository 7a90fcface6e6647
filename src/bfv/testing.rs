//! Small parameter sets for tests.

use zeroize::Zeroizing;

use super::security::SecurityPolicy;
use super::{Context, GaloisKeyId, Params, ParamsSpec, PrimeSpec, SecretKey, SeededGaloisKeys};
use crate::arith::kernels::{Backend, Reduction};
use crate::ring::GaloisElement;
use crate::ring::sampling::{Seed, derive_seed, generator};

/// Parameters of the example set's sizes at any ring degree.
pub(crate) fn params(ring_degree: usize, limb_bits: &[u32], special: u32, plain: u32) -> Params {
    let spec = ParamsSpec {
        name: "test".into(),
        ring_degree,
        limbs: limb_bits.iter().map(|bits| PrimeSpec::Bits(*bits)).collect(),
        special: Some(PrimeSpec::Bits(special)),
        plain: PrimeSpec::Bits(plain),
    };
    let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
    Params::new(&spec, &policy).expect("valid but for security")
}

/// Parameters of one limb, without a special prime, and t of any value.
pub(crate) fn params_without_special(ring_degree: usize, limb_bits: u32, plain: u64) -> Params {
    let spec = ParamsSpec {
        name: "test".into(),
        ring_degree,
        limbs: vec![PrimeSpec::Bits(limb_bits)],
        special: None,
        plain: PrimeSpec::Value(plain),
    };
    let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
    Params::new(&spec, &policy).expect("valid but for security")
}

/// The backend to test: the one that `HECONV_TEST_BACKEND` names, else the best of this machine.
pub(crate) fn backend() -> Backend {
    let Ok(name) = std::env::var("HECONV_TEST_BACKEND") else { return Backend::detect() };
    let named = Backend::available().find(|backend| backend.name() == name);
    named.expect("HECONV_TEST_BACKEND names a backend of this machine")
}

/// The example set's context at any ring degree, lazy.
pub(crate) fn context(ring_degree: usize) -> Context {
    let params = params(ring_degree, &[35, 35], 36, 20);
    Context::new(params, backend(), Reduction::Lazy).expect("has roots")
}

/// A set of keys.
pub(crate) fn seeded_keys(
    context: &Context,
    secret: &SecretKey,
    elements: &[GaloisElement],
    errors: &Seed,
    seed: [u8; 32],
) -> SeededGaloisKeys {
    let limbs = context.params().limbs().len();
    let ids: Vec<_> = elements.iter().map(|&element| GaloisKeyId { limbs, element }).collect();
    let proceed = || Ok::<_, std::convert::Infallible>(());
    let Ok(keys) = SeededGaloisKeys::generate(context, secret, &ids, errors, &seed, proceed);
    keys
}

/// Three independent seeds.
pub(crate) fn seeds(number: u8) -> [Seed; 3] {
    let mut rng = generator(&Zeroizing::new([number; 32]), 0);
    [(); 3].map(|()| derive_seed(&mut rng))
}
