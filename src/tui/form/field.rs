//! The fields of the form.

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The parameter set by name.
    Preset,
    /// N.
    RingDegree,
    /// Bits of t.
    PlainBits,
    /// Bits of each limb.
    LimbBits,
    /// How many limbs.
    LimbCount,
    /// Bits of P.
    SpecialBits,
    /// The algorithm.
    Algorithm,
    /// The reduction mode.
    Reduction,
    /// Lanes of a ciphertext.
    Lanes,
    /// How weights are stored.
    WeightForm,
    /// Outputs that share their second polynomial.
    SharedBy,
    /// Threads.
    Threads,
    /// Bits of an activation.
    ActivationBits,
    /// Bits of a weight.
    WeightBits,
}

impl Field {
    /// Every field, from the top.
    pub const ALL: [Self; 14] = [
        Self::Preset,
        Self::RingDegree,
        Self::PlainBits,
        Self::LimbBits,
        Self::LimbCount,
        Self::SpecialBits,
        Self::Algorithm,
        Self::Reduction,
        Self::Lanes,
        Self::WeightForm,
        Self::SharedBy,
        Self::Threads,
        Self::ActivationBits,
        Self::WeightBits,
    ];

    /// The label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Preset => "preset",
            Self::RingDegree => "ring degree",
            Self::PlainBits => "t bits",
            Self::LimbBits => "limb bits",
            Self::LimbCount => "limbs",
            Self::SpecialBits => "special bits",
            Self::Algorithm => "algorithm",
            Self::Reduction => "reduction",
            Self::Lanes => "lanes",
            Self::WeightForm => "weight form",
            Self::SharedBy => "shared c1",
            Self::Threads => "threads",
            Self::ActivationBits => "activation bits",
            Self::WeightBits => "weight bits",
        }
    }

    /// Fields that a fix may change, the least harmful first.
    pub(super) const FIXES: [Self; 8] = [
        Self::LimbBits,
        Self::SpecialBits,
        Self::PlainBits,
        Self::LimbCount,
        Self::RingDegree,
        Self::WeightBits,
        Self::ActivationBits,
        Self::Threads,
    ];
}
