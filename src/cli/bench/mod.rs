//! `heconv bench`: algorithms, reductions and threads side by side, with what the machine allows.

mod markdown;
mod text;

use std::io::{self, Write};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use super::choices::AnyForm;
use super::common::Common;
use super::interruption::{Interruption, Watch};
use super::output::print_json;
use super::sweep::{chosen, named};
use super::{Failure, calibrate, choices, complete, presets, progress};
use crate::arith::kernels::Reduction;
use crate::conv::{AlgorithmKind, ConvError, Observer, WeightForm};
use crate::job::{JobError, Prepared, RunSpec};
use crate::preset::{Catalogue, LayerPreset, MAX_REPEAT};
use crate::report::{Fault, Record};
use crate::tune::bench::{Bench, BenchError, BenchRecord, BenchRun, Kind, bench};
use crate::tune::sweep::Settings;

/// The layers where none are named.
const DEFAULT_LAYERS: &str = "bench/*";

/// Arguments of `heconv bench`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Layers, by name or pattern, like 'bench/*' (the default); may be repeated.
    #[arg(long, value_name = "NAME|GLOB", add = complete::layers())]
    layer: Vec<String>,
    /// All layers of a network, instead.
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "layer", add = complete::networks())]
    network: Option<String>,
    /// Parameters: a name, a file, or like '4096:35,35|36:20'; where absent, each algorithm has those
    /// of the built-in sets that suit it.
    #[arg(long, value_name = "NAME|FILE|SET", add = complete::params())]
    params: Option<String>,
    /// Algorithms, all where absent; may be repeated or separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = choices::algorithms())]
    algorithm: Vec<Option<AlgorithmKind>>,
    /// How `coefficient` and `interleaved` store weights; where absent, in the form that is fastest, and
    /// `interleaved` raw besides.
    #[arg(long, value_name = "FORM", value_parser = choices::weight_form())]
    weight_form: Option<AnyForm>,
    /// How sums are reduced, both ways where absent; may be repeated or separated by commas.
    #[arg(long, value_name = "MODE", value_delimiter = ',', value_parser = choices::reductions())]
    reduction: Vec<Option<Reduction>>,
    #[command(flatten)]
    common: Common,
    /// Make each run K times, runs of a layer in turn; medians and spreads are reported.
    #[arg(long, value_name = "K", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=MAX_REPEAT as i64))]
    repeat: u32,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The form of a benchmark's report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// A table for a document.
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let plan = args.plan()?;
    let interruption = Interruption::catch()?;
    let bar = bar(plan.runs());
    let watch = Watch(&interruption);
    let measure = |spec: &RunSpec| -> Result<Record, JobError> {
        if watch.is_cancelled() {
            return Err(ConvError::Cancelled.into());
        }
        let (layer, algorithm) = (spec.layer.full_name(), spec.algorithm.name());
        bar.set_message(format!("{layer} {algorithm} {}", spec.reduction.name()));
        Ok(Prepared::new(spec)?.run(&watch)?.record)
    };
    let record = bench(&plan, &measure, &mut || bar.inc(1));
    bar.finish_and_clear();
    let record = record.map_err(|error| match error {
        BenchError::Cancelled => Failure::Interrupted,
        BenchError::Machine(_) => Failure::Failed(error.to_string()),
        _ => Failure::input(error),
    })?;
    // Whether anybody reads the report or not, the verdict is given.
    let printed = match args.format {
        Format::Text => writeln!(io::stdout(), "{}", text::text(&record)).map_err(Failure::from),
        Format::Json => print_json(&record),
        Format::Markdown => {
            writeln!(io::stdout(), "{}", markdown::tables(&record)).map_err(Failure::from)
        }
    };
    verdict(&record)?;
    printed
}

impl Args {
    fn plan(&self) -> Result<Bench, Failure> {
        let catalogue = presets::load()?;
        let backend = self.common.backend();
        if !backend.is_available() {
            return Err(Failure::input(JobError::Backend(backend)));
        }
        let settings = Settings {
            policy: self.common.policy(),
            backend,
            threads: 1,
            seed: self.common.seed(None),
            repeat: self.repeat as usize,
            max_memory: self.common.max_memory(),
            link: self.common.link(),
            costs: calibrate::costs(backend),
            predicted: false,
        };
        let plan = Bench {
            layers: self.layers(&catalogue)?,
            kinds: self.kinds(&catalogue)?,
            reductions: chosen(&self.reduction, None, &Reduction::ALL, &Reduction::ALL),
            threads: self.common.threads_list()?,
            settings,
        };
        plan.distinct().map_err(Failure::input)
    }

    /// The algorithms, each under its parameters.
    fn kinds(&self, catalogue: &Catalogue) -> Result<Vec<Kind>, Failure> {
        let all = chosen(&self.algorithm, None, &AlgorithmKind::ALL, &AlgorithmKind::ALL);
        let kind = |(algorithm, weight_form): (AlgorithmKind, _)| {
            let params = self.params.as_deref().unwrap_or_else(|| algorithm.preset());
            let params = catalogue.params_set(params).map_err(Failure::input)?;
            Ok(Kind { algorithm, params, weight_form })
        };
        let forms = all.into_iter().flat_map(|algorithm| {
            let forms = match self.weight_form {
                _ if algorithm.is_on_slots() => vec![None],
                Some(form) => vec![form.0],
                None if algorithm == AlgorithmKind::Interleaved => {
                    vec![None, Some(WeightForm::Raw)]
                }
                None => vec![None],
            };
            forms.into_iter().map(move |form| (algorithm, form))
        });
        forms.map(kind).collect()
    }

    fn layers(&self, catalogue: &Catalogue) -> Result<Vec<LayerPreset>, Failure> {
        if let Some(network) = &self.network {
            return Ok(catalogue.network(network).map_err(Failure::input)?.layers);
        }
        let matching = |pattern: &str| catalogue.layers_matching(pattern);
        named(&self.layer, None, DEFAULT_LAYERS, matching)
    }
}

/// One line of progress over `runs` runs.
fn bar(runs: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(runs as u64), progress::target());
    let template = "{msg} [{bar:30}] {pos}/{len} runs, {eta} left";
    // The template is a constant; were it wrong, the default style would show.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Fails where a run gave a wrong result, or none at all gave one.
fn verdict(record: &BenchRecord) -> Result<(), Failure> {
    let runs = || record.layers.iter().flat_map(|layer| &layer.runs);
    let faults: Vec<(&BenchRun, &Fault)> =
        runs().filter_map(|run| Some((run, run.figures.as_ref()?.fault.as_ref()?))).collect();
    if let Some((run, fault)) = faults.first() {
        let (wrong, all) = (faults.len(), runs().count());
        let BenchRun { algorithm, reduction, .. } = run;
        return Err(Failure::Failed(format!(
            "{wrong} of {all} runs not exact; {algorithm} {reduction}: {fault}"
        )));
    }
    match runs().find_map(|run| run.error.as_ref()) {
        Some(error) if runs().all(|run| run.figures.is_none()) => {
            Err(Failure::Failed(format!("no run could be made: {error}")))
        }
        _ => Ok(()),
    }
}
