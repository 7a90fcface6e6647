//! A parameter set for Microsoft SEAL 4.

use super::library::LibrarySet;
use crate::arith::Modulus;
use crate::bfv::security::SecurityLevel;

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
#include <cstdint>
#include <iostream>
#include <vector>

#include "seal/seal.h"

int main()
{{
    seal::EncryptionParameters parms(seal::scheme_type::bfv);
    parms.set_poly_modulus_degree({degree});
    // {said}
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
{keys}    return 0;
}}
"#,
        header = set.header(),
        degree = params.ring_degree(),
        said = if params.special().is_some() {
            "SEAL takes the last prime as the special one, for key switching."
        } else {
            "No special prime: SEAL cannot switch keys under these."
        },
        special = params.special().map_or_else(String::new, |special| prime("P", special)),
        plain = params.plain().value(),
        keys = keys(set),
    )
}

/// What SEAL's own check says about the set, and the level to ask it for.
fn level(set: &LibrarySet) -> (String, &'static str) {
    let level = match set.level {
        SecurityLevel::Bits128 => "tc128",
        SecurityLevel::Bits192 => "tc192",
        SecurityLevel::Bits256 => "tc256",
    };
    match set.enforced("SEAL", level) {
        (said, true) => (said, level),
        (said, false) => (said, "none"),
    }
}

/// The part of the program that makes Galois keys, where there are some.
fn keys(set: &LibrarySet) -> String {
    if set.elements.is_empty() {
        return String::new();
    }
    format!(
        r"
    // The automorphisms X -> X^g that the server needs keys for. They are not steps of SEAL, whose
    // slots lie in another order.
    const std::vector<std::uint32_t> galois_elements{{
{elements}
    }};
    seal::KeyGenerator keygen(context);
    seal::GaloisKeys galois_keys;
    keygen.create_galois_keys(galois_elements, galois_keys);
",
        elements = set.element_lines("        "),
    )
}
