//! The shape of a convolution layer.

use std::ops::RangeInclusive;

/// A convolution layer as a user gives it, unchecked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LayerSpec {
    /// A name for reports.
    pub name: String,
    /// Input channels.
    pub in_channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// Rows of the input plane.
    pub height: usize,
    /// Columns of the input plane.
    pub width: usize,
    /// Kernel rows and columns.
    pub kernel: [usize; 2],
    /// Step of the kernel in both directions.
    pub stride: usize,
    /// Zero padding: top, left, bottom, right; half the kernel where absent.
    pub padding: Option<[usize; 4]>,
    /// Channel groups.
    pub groups: usize,
    /// Bits of an activation.
    pub activation_bits: u32,
    /// Whether activations are signed: integers in `[-2^(bits-1), 2^(bits-1))` rather than in
    /// `[0, 2^bits)`. Where this is not said they are unsigned, unless an input that comes with the
    /// layer has negative values.
    pub activation_signed: Option<bool>,
    /// Weights are signed integers within `+-(2^(weight_bits-1) - 1)`.
    pub weight_bits: u32,
}

/// What is wrong with a layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// A size is zero or beyond what a layer may have.
    #[error("{field} = {value} must be from {min} to {max}")]
    Range {
        /// The field.
        field: &'static str,
        /// The value given.
        value: u64,
        /// The least value allowed.
        min: u64,
        /// The largest value allowed.
        max: u64,
    },
    /// One bit holds no sign.
    #[error(
        "activation_bits = {0} must be from 2 to {MAX_ACTIVATION_BITS} where activations are signed"
    )]
    SignedBits(u32),
    /// A kernel side is even.
    #[error(
        "kernel = [{0}, {1}] must be odd in both directions; even sizes are not taken yet: make it \
         one larger, with weights of zero there"
    )]
    EvenKernel(usize, usize),
    /// The kernel is larger than the padded plane.
    #[error(
        "kernel {kernel} is larger than the padded {direction} of {padded}; enlarge the padding or the plane"
    )]
    KernelTooLarge {
        /// `height` or `width`.
        direction: &'static str,
        /// The kernel's size in that direction.
        kernel: usize,
        /// The plane's size in that direction, padding included.
        padded: usize,
    },
    /// Padding as large as the kernel makes outputs of zeros alone.
    #[error(
        "padding {side} = {padding} must be smaller than the kernel ({kernel}); more is not taken yet"
    )]
    PaddingTooLarge {
        /// Which side.
        side: &'static str,
        /// The padding given.
        padding: usize,
        /// The kernel's size in that direction.
        kernel: usize,
    },
    /// Channels that cannot be dealt to the groups.
    #[error("groups = {groups} must divide {field} = {channels}")]
    Groups {
        /// `in_channels` or `out_channels`.
        field: &'static str,
        /// The channels.
        channels: usize,
        /// The groups.
        groups: usize,
    },
}

impl LayerError {
    /// The field that is wrong, by its name in files.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Range { field, .. } if field.starts_with("kernel") => "kernel",
            Self::Range { field, .. } => field,
            Self::Groups { .. } => "groups",
            Self::SignedBits(_) => "activation_bits",
            Self::EvenKernel(..) | Self::KernelTooLarge { .. } => "kernel",
            Self::PaddingTooLarge { .. } => "padding",
        }
    }
}

/// A checked convolution layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    name: String,
    in_channels: usize,
    out_channels: usize,
    height: usize,
    width: usize,
    kernel: [usize; 2],
    stride: usize,
    padding: [usize; 4],
    groups: usize,
    activation_bits: u32,
    activation_signed: bool,
    weight_bits: u32,
}

/// The most bits of an activation.
pub const MAX_ACTIVATION_BITS: u32 = 16;

/// Sides of [`Layer::padding`], in order.
const SIDES: [&str; 4] = ["top", "left", "bottom", "right"];

impl Layer {
    /// Checks a layer.
    ///
    /// # Errors
    /// The first thing that is wrong, as [`LayerError`].
    pub fn new(spec: &LayerSpec) -> Result<Self, LayerError> {
        let [kernel_height, kernel_width] = spec.kernel;
        let range = |field, value: usize, max: u64| {
            let value = value as u64;
            if (1..=max).contains(&value) {
                Ok(())
            } else {
                Err(LayerError::Range { field, value, min: 1, max })
            }
        };
        range("in_channels", spec.in_channels, 1 << 16)?;
        range("out_channels", spec.out_channels, 1 << 16)?;
        range("height", spec.height, 1 << 14)?;
        range("width", spec.width, 1 << 14)?;
        range("kernel height", kernel_height, 255)?;
        range("kernel width", kernel_width, 255)?;
        for (field, bits, min, max) in [
            ("activation_bits", spec.activation_bits, 1, MAX_ACTIVATION_BITS),
            ("weight_bits", spec.weight_bits, 2, 8),
        ] {
            if !(min..=max).contains(&bits) {
                let (value, min, max) = (bits.into(), min.into(), max.into());
                return Err(LayerError::Range { field, value, min, max });
            }
        }
        let activation_signed = spec.activation_signed.unwrap_or(false);
        if activation_signed && spec.activation_bits < 2 {
            return Err(LayerError::SignedBits(spec.activation_bits));
        }
        if kernel_height % 2 == 0 || kernel_width % 2 == 0 {
            return Err(LayerError::EvenKernel(kernel_height, kernel_width));
        }
        range("stride", spec.stride, 255)?;
        range("groups", spec.groups, 1 << 16)?;
        let groups = spec.groups;
        for (field, channels) in
            [("in_channels", spec.in_channels), ("out_channels", spec.out_channels)]
        {
            if channels % groups != 0 {
                return Err(LayerError::Groups { field, channels, groups });
            }
        }
        let half = [kernel_height / 2, kernel_width / 2];
        let padding = spec.padding.unwrap_or([half[0], half[1], half[0], half[1]]);
        for (i, &side) in SIDES.iter().enumerate() {
            let (padding, kernel) = (padding[i], spec.kernel[i % 2]);
            if padding >= kernel {
                return Err(LayerError::PaddingTooLarge { side, padding, kernel });
            }
        }
        for (direction, kernel, padded) in [
            ("height", kernel_height, spec.height + padding[0] + padding[2]),
            ("width", kernel_width, spec.width + padding[1] + padding[3]),
        ] {
            if kernel > padded {
                return Err(LayerError::KernelTooLarge { direction, kernel, padded });
            }
        }
        Ok(Self {
            name: spec.name.clone(),
            in_channels: spec.in_channels,
            out_channels: spec.out_channels,
            height: spec.height,
            width: spec.width,
            kernel: spec.kernel,
            stride: spec.stride,
            padding,
            groups: spec.groups,
            activation_bits: spec.activation_bits,
            activation_signed,
            weight_bits: spec.weight_bits,
        })
    }

    /// The same layer with its first `out_channels` output channels only; at least one stays. A layer
    /// with channel groups stays whole.
    pub fn truncated(&self, out_channels: usize) -> Self {
        let most = self.out_channels;
        let least = if self.groups == 1 { 1 } else { most };
        Self { out_channels: out_channels.clamp(least, most), ..self.clone() }
    }

    /// The name, for reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Input channels.
    pub const fn in_channels(&self) -> usize {
        self.in_channels
    }

    /// Output channels.
    pub const fn out_channels(&self) -> usize {
        self.out_channels
    }

    /// Rows of the input plane.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Columns of the input plane.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Kernel rows and columns.
    pub const fn kernel(&self) -> [usize; 2] {
        self.kernel
    }

    /// Step of the kernel in both directions.
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// Zero padding: top, left, bottom, right.
    pub const fn padding(&self) -> [usize; 4] {
        self.padding
    }

    /// Channel groups: an output channel reads the input channels of its own group alone.
    pub const fn groups(&self) -> usize {
        self.groups
    }

    /// Output and input channels of one group.
    pub const fn group_channels(&self) -> [usize; 2] {
        [self.out_channels / self.groups, self.in_channels / self.groups]
    }

    /// The first of the input channels that an output channel reads.
    pub const fn first_input(&self, out_channel: usize) -> usize {
        let [outputs, inputs] = self.group_channels();
        out_channel / outputs * inputs
    }

    /// Bits of an activation.
    pub const fn activation_bits(&self) -> u32 {
        self.activation_bits
    }

    /// Whether activations are signed.
    pub const fn activation_signed(&self) -> bool {
        self.activation_signed
    }

    /// All activations: `[0, 2^activation_bits)`, or `[-2^(activation_bits-1), 2^(activation_bits-1))`
    /// where they are signed.
    pub const fn activation_range(&self) -> RangeInclusive<i64> {
        activation_range(self.activation_bits, self.activation_signed)
    }

    /// Bits of a signed weight.
    pub const fn weight_bits(&self) -> u32 {
        self.weight_bits
    }

    /// Rows of the output plane.
    pub const fn out_height(&self) -> usize {
        (self.height + self.padding[0] + self.padding[2] - self.kernel[0]) / self.stride + 1
    }

    /// Columns of the output plane.
    pub const fn out_width(&self) -> usize {
        (self.width + self.padding[1] + self.padding[3] - self.kernel[1]) / self.stride + 1
    }

    /// Shape of the input: channels, height, width.
    pub const fn input_shape(&self) -> [usize; 3] {
        [self.in_channels, self.height, self.width]
    }

    /// Shape of the weights: output channels, input channels per group, kernel height and width.
    pub const fn weight_shape(&self) -> [usize; 4] {
        [self.out_channels, self.in_channels / self.groups, self.kernel[0], self.kernel[1]]
    }

    /// Shape of the output: channels, height, width.
    pub const fn output_shape(&self) -> [usize; 3] {
        [self.out_channels, self.out_height(), self.out_width()]
    }

    /// Number of weights.
    pub fn weight_count(&self) -> usize {
        self.weight_shape().iter().product()
    }

    /// Products of a weight and an activation in the plain convolution, borders included.
    pub fn multiply_adds(&self) -> usize {
        self.weight_count().saturating_mul(self.out_height() * self.out_width())
    }

    /// The largest weight in absolute value: `2^(weight_bits-1) - 1`.
    pub const fn max_weight(&self) -> i64 {
        (1 << (self.weight_bits - 1)) - 1
    }

    /// The largest activation in absolute value: `2^activation_bits - 1`, or `2^(activation_bits-1)`
    /// where activations are signed.
    pub const fn max_activation(&self) -> i64 {
        if self.activation_signed {
            1 << (self.activation_bits - 1)
        } else {
            (1 << self.activation_bits) - 1
        }
    }

    /// The largest possible output in absolute value, by bit widths alone.
    pub fn worst_output(&self) -> i64 {
        let terms = self.weight_count() / self.out_channels;
        terms as i64 * self.max_weight() * self.max_activation()
    }
}

/// All activations of so many bits; signed ones have at least one.
pub const fn activation_range(bits: u32, signed: bool) -> RangeInclusive<i64> {
    if signed {
        let half = 1 << (bits - 1);
        -half..=half - 1
    } else {
        0..=(1 << bits) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> LayerSpec {
        LayerSpec {
            name: "layer".into(),
            in_channels: 24,
            out_channels: 40,
            height: 13,
            width: 9,
            kernel: [5, 5],
            stride: 1,
            padding: None,
            groups: 1,
            activation_bits: 4,
            activation_signed: None,
            weight_bits: 4,
        }
    }

    fn error(change: impl FnOnce(&mut LayerSpec)) -> String {
        let mut spec = spec();
        change(&mut spec);
        Layer::new(&spec).expect_err("must be refused").to_string()
    }

    #[test]
    fn shapes_follow_from_the_layer() {
        let layer = Layer::new(&spec()).expect("valid");
        assert_eq!(layer.output_shape(), [40, 13, 9]);
        assert_eq!(layer.weight_shape(), [40, 24, 5, 5]);
        assert_eq!(layer.worst_output(), 24 * 25 * 7 * 15);
        let narrow =
            Layer::new(&LayerSpec { padding: Some([0, 1, 2, 0]), ..spec() }).expect("valid");
        assert_eq!(narrow.output_shape(), [40, 11, 6]);
        let strided = Layer::new(&LayerSpec { stride: 2, ..spec() }).expect("valid");
        assert_eq!(strided.output_shape(), [40, 7, 5]);
        let grouped = Layer::new(&LayerSpec { groups: 8, ..spec() }).expect("valid");
        assert_eq!(grouped.weight_shape(), [40, 3, 5, 5]);
        assert_eq!([4, 5, 39].map(|o| grouped.first_input(o)), [0, 3, 21]);
    }

    #[test]
    fn activations_have_a_sign_or_a_bit_more() {
        let layer = |activation_signed| Layer::new(&LayerSpec { activation_signed, ..spec() });
        for unsigned in [None, Some(false)].map(|signed| layer(signed).expect("valid")) {
            assert_eq!((unsigned.activation_range(), unsigned.max_activation()), (0..=15, 15));
            assert!(!unsigned.activation_signed());
        }
        let signed = layer(Some(true)).expect("valid");
        assert_eq!((signed.activation_range(), signed.max_activation()), (-8..=7, 8));
        assert_eq!(signed.worst_output(), 24 * 25 * 7 * 8);
        let one_bit =
            |s: &mut LayerSpec| (s.activation_bits, s.activation_signed) = (1, Some(true));
        assert!(error(one_bit).contains("from 2 to 16 where activations are signed"));
    }

    #[test]
    fn every_mistake_is_named() {
        assert!(error(|s| s.in_channels = 0).contains("in_channels = 0"));
        assert!(error(|s| s.out_channels = 0).contains("out_channels = 0"));
        assert!(error(|s| s.height = 0).contains("height = 0"));
        assert!(error(|s| s.kernel = [2, 3]).contains("odd"));
        assert!(error(|s| s.kernel = [0, 3]).contains("kernel height = 0"));
        assert!(
            error(|s| (s.height, s.padding) = (2, Some([0; 4]))).contains("padded height of 2")
        );
        assert!(error(|s| s.padding = Some([0, 5, 0, 0])).contains("padding left = 5"));
        assert!(error(|s| s.stride = 0).contains("stride = 0"));
        assert!(error(|s| s.groups = 24).contains("groups = 24 must divide out_channels = 40"));
        assert!(error(|s| s.groups = 5).contains("groups = 5 must divide in_channels = 24"));
        assert!(error(|s| s.weight_bits = 9).contains("weight_bits = 9 must be from 2 to 8"));
        assert!(error(|s| s.activation_bits = 17).contains("from 1 to 16"));
    }
}
