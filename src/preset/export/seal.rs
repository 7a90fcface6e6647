//! A parameter set for Microsoft SEAL 4.

use super::library::LibrarySet;
use crate::arith::Modulus;

/// A program that makes the context.
pub(super) fn text(set: &LibrarySet) -> String {
    let params = &set.params;
    let prime = |what: &str, prime: &Modulus| {
        format!("        seal::Modulus({}ULL), // {what}, {} bits\n", prime.value(), prime.bits())
    };
    let limbs: String = params.limbs().iter().map(|limb| prime("Q", limb)).collect();
    let (remark, level) = level(set);
    format!(
        r#"{header}
#include <iostream>

#include "seal/seal.h"

int main()
{{
    seal::EncryptionParameters parms(seal::scheme_type::bfv);
    parms.set_poly_modulus_degree({degree});
    // SEAL takes the last prime as the special one, for key switching.
    parms.set_coeff_modulus({{
{limbs}{special}    }});
    parms.set_plain_modulus(seal::Modulus({plain}ULL));

{remark}
    seal::SEALContext context(parms, true, seal::sec_level_type::{level});
    if (!context.parameters_set())
    {{
        std::cerr << context.parameter_error_message() << '\n';
        return 1;
    }}
    return 0;
}}
"#,
        header = set.header(),
        degree = params.ring_degree(),
        special = prime("P", params.special()),
        plain = params.plain().value(),
    )
}

/// What SEAL's own check says about the set, and the level to ask it for.
fn level(set: &LibrarySet) -> (String, &'static str) {
    let bits = set.qp_bits();
    match set.enforced_cap_bits() {
        Some(cap) if set.is_within_enforced_cap() => {
            (format!("    // SEAL checks that QP has at most {cap} bits; it has {bits}."), "tc128")
        }
        Some(cap) => (
            format!(
                "    // At tc128 SEAL takes at most {cap} bits of QP and would refuse these {bits}: \
                 no check."
            ),
            "none",
        ),
        None => (
            "    // At tc128 SEAL has no entry for this degree and would refuse it: no check."
                .into(),
            "none",
        ),
    }
}
