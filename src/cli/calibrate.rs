//! `heconv calibrate`: what primitives cost on this machine.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Instant;

use super::output::{Format, print_json};
use super::{Failure, choices};
use crate::arith::kernels::Backend;
use crate::conv::cost::CostTable;
use crate::job::JobError;
use crate::predict::Calibration;

/// Arguments of `heconv calibrate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Instruction set; auto where absent.
    #[arg(long, value_parser = choices::backend(), value_name = "NAME")]
    backend: Option<Backend>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let backend = args.backend.unwrap_or_else(Backend::detect);
    if !backend.is_available() {
        return Err(Failure::input(JobError::Backend(backend)));
    }
    let start = Instant::now();
    let calibration = Calibration::measure(backend).map_err(Failure::Failed)?;
    let seconds = start.elapsed().as_secs_f64();
    let path = calibration
        .save()
        .map_err(|error| Failure::Failed(format!("cannot write the cache: {error}")))?;
    if args.format == Format::Json {
        return print_json(&calibration);
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{} measured in {seconds:.1} s, kept in {}", backend.name(), path.display())?;
    let costs = &calibration.costs;
    let (n, words) = (4096.0, 8192.0);
    let rows = [
        ("transform, N 4096", costs.ntt.at(n) * n * n.log2() / 1e3, "us"),
        ("multiply-add, lazy, 192 terms", costs.lazy.sum.at(192) / 192.0, "ns"),
        ("multiply-add, eager, 192 terms", costs.eager.sum.at(192) / 192.0, "ns"),
        ("dense multiply-add, lazy", costs.lazy.dense_sum.at(24) / 24.0, "ns"),
        ("packed multiply-add, lazy", costs.lazy.packed_sum.at(24) / 24.0, "ns"),
        ("key switch, per word, lazy", costs.lazy.switch.at(words), "ns"),
        ("block scalar, 16 lanes, per transform", costs.block_scalars.at(16.0), "ns"),
    ];
    for (name, value, unit) in rows {
        writeln!(out, "  {name:<32}{value:>8.2} {unit}")?;
    }
    Ok(())
}

/// The costs of this machine, measured now where they never were; `None` where they cannot be.
pub(super) fn costs(backend: Backend) -> Option<Arc<CostTable>> {
    if !backend.is_available() {
        return None;
    }
    if Calibration::load(backend).is_none() && io::stderr().is_terminal() {
        let _ = writeln!(io::stderr(), "heconv: measuring this machine once, about a second");
    }
    let calibration = Calibration::load_or_measure(backend).ok()?;
    Some(Arc::new(calibration.costs))
}
