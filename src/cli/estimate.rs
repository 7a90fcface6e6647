//! `heconv estimate`: what a run would give, without running it.

use super::export;
use super::one::One;
use super::output::{Format, print, warn};
use super::{Failure, calibrate};
use crate::job::{Estimator, RunSpec};

/// Arguments of `heconv estimate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    one: One,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    export: export::Args,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let export = args.export.into_export()?;
    let spec = args.one.into_spec()?;
    let spec = RunSpec { costs: calibrate::costs(spec.backend), ..spec };
    let estimate = Estimator::default().estimate(&spec).map_err(Failure::input)?;
    if let Some(export) = export {
        export.write(&spec.experiment(), Some(&estimate.record))?;
    }
    warn(&estimate.record)?;
    print(&estimate.record, args.format)
}
