//! How much the server does and holds, counted before a run and during it.

use super::setting::Setting;

/// Bytes that the server holds besides keys, weights, ciphertexts in and out, and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkingBytes {
    /// While it prepares the weights.
    pub prepare: u64,
    /// From then on, for one inference after the other.
    pub space: u64,
    /// On top of that, while it convolves: what each thread needs for itself.
    pub scratch: u64,
}

/// Steps of the server's stages, for progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Steps of the weights stage.
    pub weights: u64,
    /// Steps of the rotate stage.
    pub rotate: u64,
    /// Steps of the multiply stage.
    pub multiply: u64,
    /// Steps of the mix stage.
    pub mix: u64,
}

/// Products of a ciphertext.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multiplications {
    /// With dense plaintexts.
    pub plaintext: usize,
    /// With one scalar, or one scalar per block.
    pub scalar: usize,
    /// Those of them whose scalar is a small integer.
    pub integer: usize,
}

impl Multiplications {
    /// So many times as many.
    pub const fn times(self, count: usize) -> Self {
        let Self { plaintext, scalar, integer } = self;
        Self { plaintext: count * plaintext, scalar: count * scalar, integer: count * integer }
    }

    /// Them, and the words that they multiply.
    pub fn operations(self, setting: Setting<'_>) -> Operations {
        let Self { plaintext, scalar, integer } = self;
        let (all, others) = (plaintext + scalar, plaintext + scalar - integer);
        let narrow = integer * setting.words() + others * setting.narrow_words();
        Operations {
            plaintext_multiplications: plaintext as u64,
            scalar_multiplications: scalar as u64,
            coefficient_multiply_adds: (2 * all * setting.words()) as u64,
            narrow_multiply_adds: (2 * narrow) as u64,
            ..Operations::default()
        }
    }
}

/// Work of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Key switches.
    pub rotations: u64,
    /// Products of a ciphertext and a dense plaintext.
    pub plaintext_multiplications: u64,
    /// Products of a ciphertext and one scalar, or one scalar per block.
    pub scalar_multiplications: u64,
    /// Words of ciphertexts multiplied and added, in all these products.
    pub coefficient_multiply_adds: u64,
    /// Those of them that may take half of the work: the factor is a small integer, or the limb narrow.
    pub narrow_multiply_adds: u64,
    /// Transforms of ring degree, of one limb each.
    pub ntts: u64,
}
