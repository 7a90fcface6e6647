//! The diagrams of the documentation, drawn from what the program computes: packings, plans, transforms,
//! sums and predictions.

mod bench;
mod coefficients;
mod example;
mod lanes;
mod merge;
mod noise;
mod reduction;
mod svg;
mod walsh;

#[cfg(test)]
mod tests;

use crate::bfv::{NoSlots, ParamsError};
use crate::conv::planner::DoesNotFit;
use crate::conv::{ConvError, LayerError};
use crate::job::JobError;
use crate::preset::PresetError;

/// Why a diagram cannot be drawn: only a faulty build has such a reason.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The example's layer.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The example's parameters.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A preset that is named.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// A packing.
    #[error(transparent)]
    Conv(#[from] ConvError),
    /// Slots.
    #[error(transparent)]
    Slots(#[from] NoSlots),
    /// A plan.
    #[error(transparent)]
    Plan(#[from] DoesNotFit),
    /// A prediction.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Something that there should be.
    #[error("the example has not got {0}")]
    Lacks(&'static str),
}

/// Every diagram by its file name. The same on every machine.
///
/// # Errors
/// [`DrawError`].
pub fn diagrams() -> Result<Vec<(&'static str, String)>, DrawError> {
    Ok(vec![
        ("lanes.svg", lanes::draw()?),
        ("walsh.svg", walsh::draw()?),
        ("coefficients.svg", coefficients::draw()?),
        ("merge.svg", merge::draw()?),
        ("reduction.svg", reduction::draw()?),
        ("noise.svg", noise::draw()?),
    ])
}
