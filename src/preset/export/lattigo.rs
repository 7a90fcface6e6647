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

	"github.com/tuneinsight/lattigo/v6/schemes/bgv"
)

func main() {{
	// Lattigo's bgv is BFV too: ask for a scale-invariant evaluator. It holds parameters against no
	// security table.
	params, err := bgv.NewParametersFromLiteral(bgv.ParametersLiteral{{
		LogN: {log_degree},
		// Limbs of {limb_sizes} bits.
		Q: []uint64{{{limbs}}},
		// The special prime, {special_bits} bits.
		P: []uint64{{{special}}},

		PlaintextModulus: {plain},
	}})
	if err != nil {{
		log.Fatal(err)
	}}
	fmt.Println("log2(QP) =", params.LogQP())
}}
"#,
        header = set.header(),
        log_degree = params.ring_degree().ilog2(),
        limb_sizes = sizes(params.limbs()),
        limbs = joined(params.limbs().iter().map(Modulus::value), ", "),
        special_bits = params.special().bits(),
        special = params.special().value(),
        plain = params.plain().value(),
    )
}
