//! Types of numbers in files.

use half::{bf16, f16};

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Signed integers of this many bytes.
    Signed(usize),
    /// Unsigned integers of this many bytes.
    Unsigned(usize),
    /// IEEE floats of this many bytes.
    Float(usize),
    /// The upper half of an IEEE float of four bytes.
    BFloat16,
}

impl Element {
    /// The type that a .npy header calls this, without its byte order.
    pub(super) fn of_npy(descr: &str) -> Option<Self> {
        match descr {
            "i1" => Some(Self::Signed(1)),
            "i2" => Some(Self::Signed(2)),
            "i4" => Some(Self::Signed(4)),
            "i8" => Some(Self::Signed(8)),
            "u1" => Some(Self::Unsigned(1)),
            "u2" => Some(Self::Unsigned(2)),
            "u4" => Some(Self::Unsigned(4)),
            "u8" => Some(Self::Unsigned(8)),
            "f2" => Some(Self::Float(2)),
            "f4" => Some(Self::Float(4)),
            "f8" => Some(Self::Float(8)),
            _ => None,
        }
    }

    /// The type that safetensors calls this.
    pub(super) fn of_safetensors(dtype: safetensors::Dtype) -> Option<Self> {
        use safetensors::Dtype;
        match dtype {
            Dtype::I8 => Some(Self::Signed(1)),
            Dtype::I16 => Some(Self::Signed(2)),
            Dtype::I32 => Some(Self::Signed(4)),
            Dtype::I64 => Some(Self::Signed(8)),
            Dtype::U8 => Some(Self::Unsigned(1)),
            Dtype::U16 => Some(Self::Unsigned(2)),
            Dtype::U32 => Some(Self::Unsigned(4)),
            Dtype::U64 => Some(Self::Unsigned(8)),
            Dtype::F16 => Some(Self::Float(2)),
            Dtype::BF16 => Some(Self::BFloat16),
            Dtype::F32 => Some(Self::Float(4)),
            Dtype::F64 => Some(Self::Float(8)),
            _ => None,
        }
    }

    /// Bytes of a number.
    pub const fn size(self) -> usize {
        match self {
            Self::Signed(size) | Self::Unsigned(size) | Self::Float(size) => size,
            Self::BFloat16 => 2,
        }
    }

    /// Whether the type holds whole numbers alone.
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::Signed(_) | Self::Unsigned(_))
    }

    /// The number in these bytes, little-endian, as the nearest double. Doubles hold all integers
    /// that a layer takes.
    pub(super) fn decode(self, bytes: &[u8]) -> f64 {
        let mut word = [0; 8];
        word[..bytes.len().min(8)].copy_from_slice(&bytes[..bytes.len().min(8)]);
        let word = u64::from_le_bytes(word);
        match self {
            Self::Unsigned(_) => word as f64,
            Self::Signed(size) => {
                let unused = 64 - 8 * size as u32;
                ((word << unused).cast_signed() >> unused) as f64
            }
            Self::Float(2) => f16::from_bits(word as u16).to_f64(),
            Self::Float(4) => f32::from_bits(word as u32).into(),
            Self::Float(_) => f64::from_bits(word),
            Self::BFloat16 => bf16::from_bits(word as u16).to_f64(),
        }
    }
}

impl std::fmt::Display for Element {
    /// As NumPy and PyTorch call it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, size) = match self {
            Self::Signed(size) => ("int", size),
            Self::Unsigned(size) => ("uint", size),
            Self::Float(size) => ("float", size),
            Self::BFloat16 => ("bfloat", &2),
        };
        write!(formatter, "{name}{}", 8 * size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn numbers_of_every_type_are_read() {
        assert_eq!(Element::Signed(1).decode(&[0xfe]), -2.0);
        assert_eq!(Element::Signed(2).decode(&(-300i16).to_le_bytes()), -300.0);
        assert_eq!(Element::Signed(4).decode(&(-70_000i32).to_le_bytes()), -70_000.0);
        assert_eq!(Element::Signed(8).decode(&(-5i64).to_le_bytes()), -5.0);
        assert_eq!(Element::Unsigned(1).decode(&[0xfe]), 254.0);
        assert_eq!(Element::Unsigned(8).decode(&u64::MAX.to_le_bytes()), 2f64.powi(64));
        assert_eq!(Element::Float(2).decode(&f16::from_f32(-1.5).to_le_bytes()), -1.5);
        assert_eq!(Element::Float(4).decode(&0.1f32.to_le_bytes()), f64::from(0.1f32));
        assert_eq!(Element::Float(8).decode(&0.1f64.to_le_bytes()), 0.1);
        assert_eq!(Element::BFloat16.decode(&bf16::from_f32(-2.5).to_le_bytes()), -2.5);
        assert!(Element::Float(2).decode(&0x7e00u16.to_le_bytes()).is_nan());
        let names = [Element::Signed(8), Element::Unsigned(1), Element::BFloat16];
        assert_eq!(names.map(|element| element.to_string()), ["int64", "uint8", "bfloat16"]);
    }
}
