//! `heconv estimate`: what a run would give, without running it.

use std::io::{self, Write};

use serde::Serialize;

use super::one::{One, settled};
use super::output::{Format, print, print_json, warn};
use super::{Failure, explain, export};
use crate::job::{Estimator, Explanation};
use crate::report::Record;

/// Arguments of `heconv estimate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    one: One,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show the plan too: where planes lie, what is rotated and summed, and the plans that lost.
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    export: export::Args,
}

/// A record with the plan it is of.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    record: &'a Record,
    plan: &'a Explanation,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let export = args.export.into_export()?;
    let (spec, choice) = args.one.into_spec()?;
    let estimator = Estimator::default();
    let spec = settled(spec, choice, &estimator)?;
    let estimate = estimator.estimate(&spec).map_err(Failure::input)?;
    if let Some(export) = export {
        export.write(&spec.experiment(), Some(&estimate.record))?;
    }
    warn(&estimate.record)?;
    if !args.explain {
        return print(&estimate.record, args.format);
    }
    let plan = estimator.explain(&spec).map_err(Failure::input)?;
    match args.format {
        Format::Json => print_json(&Explained { record: &estimate.record, plan: &plan }),
        Format::Text => {
            print(&estimate.record, Format::Text)?;
            Ok(writeln!(io::stdout(), "\n{}", explain::text(&estimate.record, &plan))?)
        }
    }
}
