//! What the client applies to the sums of a convolution.

/// What the client applies to the sums of a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// Negative values become 0.
    #[default]
    Relu,
    /// As [`Activation::Relu`], and values above 6 become 6.
    Relu6,
    /// Negative values are multiplied by a slope.
    Leaky(f64),
    /// Values are multiplied by themselves.
    Square,
    /// Nothing: convolutions that take the result take it signed.
    None,
}

impl Activation {
    /// PyTorch's slope of a leaky one.
    pub const SLOPE: f64 = 0.01;

    /// All of them, a leaky one with the usual slope.
    pub const ALL: [Self; 5] =
        [Self::Relu, Self::Relu6, Self::Leaky(Self::SLOPE), Self::Square, Self::None];

    /// The word for it in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Leaky(_) => "leaky",
            Self::Square => "square",
            Self::None => "none",
        }
    }

    /// Whether it gives values below 0.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Leaky(_) | Self::None)
    }

    /// What becomes of a value. Which zero `f64::max` gives of 0 and -0 is left open, so it is not used.
    pub(super) fn apply(self, value: f64) -> f64 {
        match self {
            Self::Relu if value > 0.0 => value,
            Self::Relu6 if value > 0.0 => value.min(6.0),
            Self::Relu | Self::Relu6 => 0.0,
            Self::Leaky(slope) if value < 0.0 => value * slope,
            Self::Square => value * value,
            Self::Leaky(_) | Self::None => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn values_become_what_they_are_by_hand() {
        let all = |activation: Activation| [-2.0, 0.0, 0.5, 8.0].map(|x| activation.apply(x));
        assert_eq!(all(Activation::Relu), [0.0, 0.0, 0.5, 8.0]);
        assert_eq!(all(Activation::Relu6), [0.0, 0.0, 0.5, 6.0]);
        assert_eq!(all(Activation::Leaky(0.25)), [-0.5, 0.0, 0.5, 8.0]);
        assert_eq!(all(Activation::Square), [4.0, 0.0, 0.25, 64.0]);
        assert_eq!(all(Activation::None), [-2.0, 0.0, 0.5, 8.0]);
        for activation in Activation::ALL {
            let is_signed = activation.apply(-1.0) < 0.0;
            assert_eq!(activation.is_signed(), is_signed, "{activation:?}");
        }
    }
}
