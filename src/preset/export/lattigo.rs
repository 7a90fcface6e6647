//! A parameter set for Lattigo 6.

use super::library::{LibrarySet, joined, sizes};
use crate::arith::Modulus;

/// A program that makes the parameters.
pub(super) fn text(set: &LibrarySet) -> String {
    let params = &set.params;
    format!(
        r#"{header}
package main

import (
	"fmt"
	"log"

{import}	"github.com/tuneinsight/lattigo/v6/schemes/bgv"
)

func main() {{
	// Lattigo's bgv is BFV too: ask for a scale-invariant evaluator. It holds parameters against no
	// security table, so that what is said above is all there is.
	params, err := bgv.NewParametersFromLiteral(bgv.ParametersLiteral{{
		LogN: {log_degree},
		// Limbs of {limb_sizes} bits.
		Q: []uint64{{{limbs}}},
{special}
		PlaintextModulus: {plain},
	}})
	if err != nil {{
		log.Fatal(err)
	}}
	fmt.Println("log2(QP) =", params.LogQP())
{keys}}}
"#,
        header = set.header(),
        log_degree = params.ring_degree().ilog2(),
        limb_sizes = sizes(params.limbs()),
        limbs = joined(params.limbs().iter().map(Modulus::value), ", "),
        special = special(params.special()),
        plain = params.plain().value(),
        import = if set.elements.is_empty() { "" } else { RLWE },
        keys = keys(set),
    )
}

/// The special prime, where there is one.
fn special(prime: Option<&Modulus>) -> String {
    prime.map_or_else(
        || "\t\t// No special prime: nothing is key-switched.\n".into(),
        |prime| {
            let (bits, value) = (prime.bits(), prime.value());
            format!("\t\t// The special prime, {bits} bits.\n\t\tP: []uint64{{{value}}},\n")
        },
    )
}

/// The package of key generators.
const RLWE: &str = "\t\"github.com/tuneinsight/lattigo/v6/core/rlwe\"\n";

/// The part of the program that makes Galois keys, where there are some.
fn keys(set: &LibrarySet) -> String {
    if set.elements.is_empty() {
        return String::new();
    }
    format!(
        r#"
	// The automorphisms X -> X^g that the server needs keys for.
	galoisElements := []uint64{{
{elements}
	}}
	kgen := rlwe.NewKeyGenerator(params)
	galoisKeys := kgen.GenGaloisKeysNew(galoisElements, kgen.GenSecretKeyNew())
	fmt.Println("Galois keys =", len(galoisKeys))
"#,
        elements = set.element_lines("\t\t"),
    )
}
