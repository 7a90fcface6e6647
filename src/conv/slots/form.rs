//! The form of weights: what algorithms on slots differ in.

use ndarray::ArrayView4;

use super::{Layout, Output, Packing, RowUse, SlotPlan};
use crate::bfv::{Context, Params};
use crate::conv::gains::WeightGains;
use crate::conv::panel::Panels;
use crate::conv::setting::Setting;
use crate::conv::sums::Sums;
use crate::conv::work::Primitive;
use crate::conv::{ConvError, Server, Stage, Steps};

/// The form in which an algorithm on slots stores weights, and how it multiplies by them.
pub trait SlotWeights: std::fmt::Debug + Send + Sync + Sized {
    /// The name of the algorithm.
    const NAME: &'static str;

    /// The algorithm in one line, for a list.
    const SUMMARY: &'static str;

    /// How slots are dealt to lanes.
    const LAYOUT: Layout;

    /// What is derived from the stored weights at every inference, for one wave of sums after the
    /// other in the same space.
    type Derived: Default + Send + Sync;

    /// Whether a packing is worth considering for this form of weights.
    ///
    /// By default, where the two rows of slots hold two strips of the same channels
    /// ([`RowUse::Strips`]), planes must be cut into more than one strip, or the second row would be
    /// empty. A layer with one input and one output channel has nothing else to put there: for it
    /// only such packings count, so that its plan is not listed twice.
    fn admits(packing: &Packing) -> bool {
        let layer = packing.layer();
        if layer.in_channels().max(layer.out_channels()) == 1 {
            packing.rows() == RowUse::Strips
        } else {
            packing.rows() == RowUse::Channels || packing.strips() > 1
        }
    }

    /// Stores weights of shape (output channels, input channels, kernel rows, kernel columns).
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    fn prepare(
        plan: &SlotPlan,
        context: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError>;

    /// Steps of [`SlotWeights::prepare`].
    fn prepare_steps(_: &SlotPlan) -> usize {
        1
    }

    /// Bytes stored.
    fn bytes(&self) -> u64;

    /// Bytes that [`SlotWeights::bytes`] will be.
    fn predicted_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64;

    /// Bytes that [`SlotWeights::prepare`] holds besides what it stores.
    fn prepare_bytes(_: &SlotPlan, _: Setting<'_>) -> u64 {
        0
    }

    /// Bytes of derived weights and scratch, on top of inputs, sums and outputs.
    fn scratch_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64;

    /// Bytes that each thread holds while it multiplies.
    fn multiply_bytes(_: &SlotPlan) -> u64 {
        0
    }

    /// The work of preparing weights, and of multiplication in one strip group: in the multiply stage,
    /// and in the mix stage.
    fn work(plan: &SlotPlan) -> Vec<(Stage, Primitive, usize)>;

    /// How weights act on the noise of inputs.
    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i8>) -> WeightGains;

    /// How many patterns a sum has gains for.
    fn patterns(_: &SlotPlan) -> usize {
        1
    }

    /// Squared norms of the patterns that gains speak of; all 1 where scalars are integers.
    fn pattern_norms(_: &SlotPlan, _: &Params) -> Vec<f64> {
        vec![1.0]
    }

    /// Space for what is derived.
    fn space(_: &SlotPlan, _: &Context) -> Self::Derived {
        Self::Derived::default()
    }

    /// Derives what the multiplication of `outputs` needs, as part of the multiply stage.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    fn derive(
        &self,
        server: &Server<'_>,
        plan: &SlotPlan,
        outputs: &[Output],
        derived: &mut Self::Derived,
    ) -> Result<(), ConvError>;

    /// The sums of `outputs`, a wave, from the rotated inputs of one strip group, on the server's
    /// clock.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    fn multiply(
        &self,
        server: &Server<'_>,
        wave: &Wave<'_>,
        derived: &Self::Derived,
        sums: &mut Sums,
    ) -> Result<(), ConvError>;
}

/// What is multiplied at a time.
#[derive(Clone, Copy, Debug)]
pub struct Wave<'a> {
    /// The plan.
    pub plan: &'a SlotPlan,
    /// Its place among the waves of a strip group.
    pub index: usize,
    /// The sums.
    pub outputs: &'a [Output],
    /// The rotated inputs of the strip group.
    pub panels: &'a Panels,
}
