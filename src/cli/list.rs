//! `heconv list`: what can be named.

use std::io::{self, Write};

use clap::ValueEnum;

use super::Failure;
use crate::arith::kernels::Backend;
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec};
use crate::conv::AlgorithmKind;
use crate::preset::{Catalogue, LayerPreset};

/// Arguments of `heconv list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to show; everything where absent.
    what: Option<What>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Layers,
    Params,
    Algorithms,
    Backends,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let catalogue = Catalogue::load().map_err(Failure::input)?;
    let mut out = io::stdout().lock();
    let all = [What::Layers, What::Params, What::Algorithms, What::Backends];
    for what in all.into_iter().filter(|what| args.what.is_none_or(|one| one == *what)) {
        if args.what.is_none() {
            if what != What::Layers {
                writeln!(out)?;
            }
            writeln!(out, "{}", format!("{what:?}").to_lowercase())?;
        }
        let indent = if args.what.is_none() { "  " } else { "" };
        for line in lines(what, &catalogue) {
            writeln!(out, "{indent}{line}")?;
        }
    }
    Ok(())
}

fn lines(what: What, catalogue: &Catalogue) -> Vec<String> {
    match what {
        What::Layers => catalogue.layers().map(layer_line).collect(),
        What::Params => catalogue.params().map(params_line).collect(),
        What::Algorithms => {
            let line = |kind: &AlgorithmKind| format!("{:<16}{}", kind.name(), kind.summary());
            AlgorithmKind::ALL.iter().map(line).collect()
        }
        What::Backends => Backend::ALL.iter().map(|backend| backend_line(*backend)).collect(),
    }
}

fn layer_line(preset: &LayerPreset) -> String {
    let spec = &preset.spec;
    format!(
        "{:<22}{:>4} -> {:<5} {:>3}x{:<4} kernel {}x{}  {}-bit {}activations, {}-bit weights",
        preset.full_name(),
        spec.in_channels,
        spec.out_channels,
        spec.height,
        spec.width,
        spec.kernel[0],
        spec.kernel[1],
        spec.activation_bits,
        if spec.activation_signed == Some(true) { "signed " } else { "" },
        spec.weight_bits,
    )
}

fn params_line(spec: &ParamsSpec) -> String {
    let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
    match Params::new(spec, &policy) {
        Ok(params) => {
            let limbs: Vec<_> = params.limbs().iter().map(|q| q.bits().to_string()).collect();
            let standing = if params.security().ok { "" } else { "  INSECURE" };
            format!(
                "{:<16}N {:<6} t {:<11} limbs {} | {} bits, log2(QP) {:.1}{standing}",
                params.name(),
                params.ring_degree(),
                params.plain().value(),
                limbs.join(" "),
                params.special().bits(),
                params.log2_qp(),
            )
        }
        Err(error) => format!("{:<16}{error}", spec.name),
    }
}

fn backend_line(backend: Backend) -> String {
    let state = match (backend.is_available(), backend == Backend::detect()) {
        (false, _) => "not on this machine",
        (true, true) => "available, chosen by auto",
        (true, false) => "available",
    };
    format!("{:<16}{state}", backend.name())
}
