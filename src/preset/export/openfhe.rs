//! A parameter set for OpenFHE.

use super::library::{LibrarySet, sizes};
use crate::arith::{Modulus, root_of_unity};
use crate::bfv::security::SecurityLevel;

/// A program that makes a context as near as OpenFHE allows, and the exact primes beside it.
pub(super) fn text(set: &LibrarySet) -> String {
    let params = &set.params;
    let limbs = params.limbs();
    let order = 2 * params.ring_degree() as u64;
    let (p, makes_p, has_p) = special(set, order);
    format!(
        r#"{header}
#include <cstdint>
#include <memory>
#include <vector>

#include "openfhe.h"

using namespace lbcrypto;

// OpenFHE chooses the primes of a context itself, by its own noise estimate: neither they nor their
// number are those of the set, and it refuses a ring that is too small for what it chose.
CryptoContext<DCRTPoly> MakeContext()
{{
    CCParams<CryptoContextBFVRNS> parameters;
    parameters.SetPlaintextModulus({plain});
    parameters.SetRingDim({degree});
    parameters.SetScalingModSize({size}); // bits of the largest limb
{security}
    return GenCryptoContext(parameters);
}}

// The primes of the set and primitive roots of unity of order 2N, for code on DCRTPoly.
// Q: {limb_sizes} bits.
{q}
{p}{keys}
int main()
{{
    auto context = MakeContext();
    auto q = MakeQ();
{makes_p}    return context && q{has_p} ? 0 : 1;
}}
"#,
        header = set.header(),
        plain = params.plain().value(),
        degree = params.ring_degree(),
        size = limbs.iter().map(Modulus::bits).max().unwrap_or_default(),
        security = security(set),
        limb_sizes = sizes(limbs),
        q = element_params("MakeQ", order, limbs),
        keys = keys(set),
    )
}

/// The special prime as a function, and how it is called and checked; without one, that there is none.
fn special(set: &LibrarySet, order: u64) -> (String, &'static str, &'static str) {
    let Some(special) = set.params.special() else {
        return ("// No special prime: nothing is key-switched.\n".into(), "", "");
    };
    let special = std::slice::from_ref(special);
    let said = format!("// P, for key switching: {} bits.\n", sizes(special));
    let text = said + &element_params("MakeP", order, special);
    (text, "    auto p = MakeP();\n", " && p")
}

/// The level that OpenFHE is asked for, and why.
fn security(set: &LibrarySet) -> String {
    let level = match set.level {
        SecurityLevel::Bits128 => "HEStd_128_classic",
        SecurityLevel::Bits192 => "HEStd_192_classic",
        SecurityLevel::Bits256 => "HEStd_256_classic",
    };
    let (said, level) = match set.enforced("OpenFHE", level) {
        (said, true) => (said, level),
        (said, false) => (said, "HEStd_NotSet"),
    };
    format!("    {said}\n    parameters.SetSecurityLevel({level});")
}

/// The Galois elements, where there are some, as a function.
fn keys(set: &LibrarySet) -> String {
    if set.elements.is_empty() {
        return String::new();
    }
    format!(
        r"
// The automorphisms X -> X^g that the server needs keys for:
//     context->EvalAutomorphismKeyGen(secret_key, GaloisElements());
std::vector<uint32_t> GaloisElements()
{{
    return {{
{elements}
    }};
}}
",
        elements = set.element_lines("        "),
    )
}

/// A function that gives the element parameters of `primes`.
fn element_params(name: &str, order: u64, primes: &[Modulus]) -> String {
    // The primes of a checked set are 1 mod 2N, so that each has a root.
    let roots = primes.iter().filter_map(|prime| root_of_unity(prime, order));
    format!(
        "std::shared_ptr<ILDCRTParams<BigInteger>> {name}()\n\
         {{\n    \
             const std::vector<NativeInteger> moduli{{{moduli}\n    }};\n    \
             const std::vector<NativeInteger> roots{{{roots}\n    }};\n    \
             return std::make_shared<ILDCRTParams<BigInteger>>({order}, moduli, roots);\n\
         }}\n",
        moduli = native_integers(primes.iter().map(Modulus::value)),
        roots = native_integers(roots),
    )
}

/// Elements of a list, a line each.
fn native_integers(numbers: impl Iterator<Item = u64>) -> String {
    let lines = numbers.map(|number| format!("\n        NativeInteger({number}ULL),"));
    lines.collect::<Vec<_>>().concat()
}
