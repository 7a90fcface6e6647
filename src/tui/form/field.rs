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
    /// Baby steps.
    Babies,
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
    /// Whether the plan is the planner's, or stays as it is.
    Plan,
    /// The layer's name.
    LayerName,
    /// Input channels.
    InChannels,
    /// Output channels.
    OutChannels,
    /// Rows and columns of the input plane.
    Plane,
    /// Rows and columns of the kernel.
    Kernel,
    /// Step of the kernel.
    Stride,
    /// Zero padding.
    Padding,
    /// Channel groups.
    Groups,
    /// The file of the weights.
    Weights,
    /// The file of the input: a picture or an array.
    Input,
    /// The seed of data and secrets.
    Seed,
    /// Bits a second between client and server.
    Bandwidth,
    /// The round trip between them.
    RoundTrip,
    /// The security level in bits.
    SecurityLevel,
    /// The security table.
    SecurityTable,
}

impl Field {
    /// Whether it is of the layer's shape, or its name.
    pub const fn is_shape(self) -> bool {
        matches!(
            self,
            Self::LayerName
                | Self::InChannels
                | Self::OutChannels
                | Self::Plane
                | Self::Kernel
                | Self::Stride
                | Self::Padding
                | Self::Groups
        )
    }

    /// Every field, from the top.
    pub const ALL: [Self; 31] = [
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
        Self::Plan,
        Self::Babies,
        Self::LayerName,
        Self::InChannels,
        Self::OutChannels,
        Self::Plane,
        Self::Kernel,
        Self::Stride,
        Self::Padding,
        Self::Groups,
        Self::Weights,
        Self::Input,
        Self::Seed,
        Self::Bandwidth,
        Self::RoundTrip,
        Self::SecurityLevel,
        Self::SecurityTable,
    ];

    /// The heading above the field, where it is the first of its kind.
    pub const fn heading(self) -> Option<&'static str> {
        match self {
            Self::Plan => Some("plan"),
            Self::LayerName => Some("layer of your own"),
            Self::Weights => Some("data"),
            Self::Bandwidth => Some("link and security"),
            _ => None,
        }
    }

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
            Self::Babies => "baby steps",
            Self::Plan => "plan",
            Self::LayerName => "layer",
            Self::InChannels => "channels in",
            Self::OutChannels => "channels out",
            Self::Plane => "plane",
            Self::Kernel => "kernel",
            Self::Stride => "stride",
            Self::Padding => "padding",
            Self::Groups => "groups",
            Self::Weights => "weights",
            Self::Input => "input",
            Self::Seed => "seed",
            Self::Bandwidth => "bandwidth",
            Self::RoundTrip => "round trip",
            Self::SecurityLevel => "security bits",
            Self::SecurityTable => "security table",
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
