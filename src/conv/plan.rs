//! A plan: how an algorithm convolves one layer.

use ndarray::{Array3, ArrayView1, ArrayView3, ArrayView4};

use super::explain::Facts;
use super::gains::{SumGains, WeightGains};
use super::noise::StageNoise;
use super::outline::Outline;
use super::setting::Setting;
use super::work::Work;
use super::{Choice, ConvError, Layer, Server, Steps};
use crate::bfv::{Ciphertext, Context, Params, Plaintext};

/// Something that not all parameters have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Plaintexts have slots.
    Slots,
    /// There is a special prime, for key switching.
    SpecialPrime,
    /// The plaintext modulus is odd.
    OddPlain,
}

impl Need {
    /// What it is, and how parameters get it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Slots => "slots: a plaintext modulus that is a prime = 1 mod 2N",
            Self::SpecialPrime => "a special prime, as in `4096:44|50:20`",
            Self::OddPlain => "an odd plaintext modulus",
        }
    }

    /// The first of these that `params` do not have.
    pub fn missing(needs: &[Self], params: &Params) -> Option<Self> {
        let has = |need: &Self| match need {
            Self::Slots => params.has_slots(),
            Self::SpecialPrime => params.special().is_some(),
            Self::OddPlain => params.plain().value() % 2 == 1,
        };
        needs.iter().find(|need| !has(need)).copied()
    }
}

/// A way to convolve one layer under encryption.
///
/// It turns an input into plaintexts, works on their ciphertexts, and reads the output from the
/// plaintexts that come back. Nothing here assumes slots or rotations.
pub trait Plan: std::fmt::Debug + Send + Sync {
    /// What the plan has decided of what a user may decide.
    fn choice(&self) -> Choice;

    /// How many planes of channels, or strips of planes, share a ciphertext: its lanes on slots, its
    /// interleave in coefficients.
    fn lanes(&self) -> usize {
        self.choice().lanes.unwrap_or(1)
    }

    /// What the plan needs and `params` do not have; `None` where it can run under them.
    fn lacks(&self, params: &Params) -> Option<Need>;

    /// What the plan has decided, and what follows from it.
    fn describe(&self) -> Facts;

    /// The work of a run, exactly.
    fn work(&self, setting: Setting<'_>) -> Work;

    /// What a run on `threads` threads sends and holds, to the byte.
    fn outline(&self, setting: Setting<'_>, threads: usize) -> Outline;

    /// Plaintexts of an input of shape (channels, height, width), in upload order.
    ///
    /// # Errors
    /// [`ConvError::NoSlots`], as of the next one and of [`Plan::unpack`].
    fn pack(
        &self,
        context: &Context,
        input: ArrayView3<'_, i64>,
    ) -> Result<Vec<Plaintext>, ConvError>;

    /// Plaintexts with one value per output channel, on all that an output ciphertext has of it, in
    /// the order of outputs.
    ///
    /// # Errors
    /// As [`Plan::pack`].
    fn pack_channels(
        &self,
        context: &Context,
        values: ArrayView1<'_, i64>,
    ) -> Result<Vec<Plaintext>, ConvError>;

    /// Prepares weights of shape (output channels, input channels, kernel rows, kernel columns),
    /// once per layer.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    fn prepare(
        &self,
        context: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Box<dyn PreparedWeights + '_>, ConvError>;

    /// The output of shape (channels, height, width), centred modulo t, from the plaintexts of all
    /// ciphertexts sent back.
    ///
    /// # Errors
    /// As [`Plan::pack`].
    fn unpack(&self, context: &Context, outputs: &[Plaintext]) -> Result<Array3<i64>, ConvError>;

    /// How weights, of the shape that [`Plan::prepare`] takes, act on noise.
    fn gains(&self, weights: ArrayView4<'_, i8>) -> WeightGains;

    /// Squared norms of the patterns that gains speak of; they follow from t.
    fn pattern_norms(&self, params: &Params) -> Vec<f64>;

    /// Predicted noise under `params`, for sums with these gains.
    fn noise(&self, params: &Params, gains: &SumGains) -> StageNoise;

    /// Predicted noise for weights of the layer's bits as trained layers have them, where plans differ
    /// so much in noise that a planner, who does not know the weights, must look at it.
    fn assumed_noise(&self, _: &Params) -> Option<StageNoise> {
        None
    }

    /// The same plan for the first output channels only, with at most `ciphertexts` output
    /// ciphertexts of each kind that differ in channels, and the layer it is for; `None` where that
    /// is no less.
    fn subset(&self, ciphertexts: usize) -> Option<(Layer, Box<dyn Plan>)>;
}

/// Weights in the form an algorithm works with.
pub trait PreparedWeights: Send + Sync {
    /// Bytes stored.
    fn bytes(&self) -> u64;

    /// Convolves the uploaded ciphertexts.
    ///
    /// # Errors
    /// [`ConvError`] where a key is missing or the run was cancelled.
    fn convolve(
        &self,
        server: &Server<'_>,
        inputs: &[Ciphertext],
    ) -> Result<Vec<Ciphertext>, ConvError>;
}
