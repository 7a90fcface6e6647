//! How weights act on noise, apart from parameters.
//!
//! Every sum of the multiply stage has a variance that is linear in the variance V of inputs: with
//! the *gains* a and b of a sum on inputs as they are and on rotated ones, and the squared norm of
//! the pattern that its scalars are multiplied by, V' = norm (a `V_fresh` + b `V_rotated`). Gains
//! follow from the weights and the plan; norms and variances from the parameters. So gains are
//! worked out once and serve any number of parameter sets.

/// The factors of a sum on the variances of its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gain {
    /// On inputs as they are.
    pub fresh: f64,
    /// On rotated inputs.
    pub rotated: f64,
}

impl Gain {
    /// Adds a term of squared weight `square`.
    pub fn add(&mut self, is_rotated: bool, square: f64) {
        *(if is_rotated { &mut self.rotated } else { &mut self.fresh }) += square;
    }
}

/// The gains of all sums of one strip group.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightGains {
    /// For each sum, one gain per pattern; most forms of weights have one pattern.
    pub sums: Vec<Gain>,
    /// Patterns of a sum.
    pub patterns: usize,
    /// For each output, the gain at the coefficients 0 and N/2, where it is larger than elsewhere.
    ///
    /// Rotations keep these two coefficients in place, so there the error of an input meets all its
    /// rotated copies: integer weights w add it up to (sum of w)^2 instead of the sum of w^2. Other
    /// weights are polynomials, which blend coefficients.
    pub fixed: Option<Vec<Gain>>,
}

impl WeightGains {
    /// Gains of sums whose factors share one pattern.
    pub const fn of_one_pattern(sums: Vec<Gain>) -> Self {
        Self { sums, patterns: 1, fixed: None }
    }

    /// The gains of whole sums, for patterns of these squared norms.
    pub fn under(&self, norms: &[f64]) -> SumGains {
        let sum = |gains: &[Gain]| {
            let mut sum = Gain::default();
            for (gain, norm) in gains.iter().zip(norms) {
                sum.fresh += norm * gain.fresh;
                sum.rotated += norm * gain.rotated;
            }
            sum
        };
        let sums = self.sums.chunks(self.patterns.max(1)).map(sum).collect();
        SumGains { sums, fixed: self.fixed.clone().unwrap_or_default() }
    }
}

/// The gains of all sums of one strip group under one plaintext modulus, patterns included.
#[derive(Clone, Debug, PartialEq)]
pub struct SumGains {
    /// For each sum.
    pub sums: Vec<Gain>,
    /// For each output, at the coefficients 0 and N/2; empty where these are as all others.
    pub fixed: Vec<Gain>,
}
