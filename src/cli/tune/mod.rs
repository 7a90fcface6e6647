//! `heconv tune`: the best parameters for a layer or a network.

mod bandwidths;
mod report;

use std::path::PathBuf;

use super::common::Common;
use super::export::{self, Target};
use super::one::DEFAULT_LAYER;
use super::output::{Format, print_json};
use super::progress::Progress;
use super::{Failure, calibrate, choices, complete, presets, units};
use crate::arith::kernels::Reduction;
use crate::conv::{AlgorithmChoice, Moduli, Observer};
use crate::job::{Estimator, JobError, Prepared, Problem, RunSpec};
use crate::preset::{Experiment, LayerPreset};
use crate::report::Record;
use crate::tune::{
    Answer, Family, MARGIN_BITS, Objective, PlainRule, Query, REPEAT, Rejected, finalists, search,
};

/// Arguments of `heconv tune`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An experiment file: its layer, reduction, threads and seed are taken; what it says of
    /// parameters, algorithm and lanes is what is sought. `-` is standard input.
    #[arg(conflicts_with = "network", add = complete::files())]
    experiment: Option<PathBuf>,
    /// The layer, by name; that of the experiment, else the demo layer, where absent.
    #[arg(long, value_name = "NAME", conflicts_with = "network", add = complete::layers())]
    layer: Option<String>,
    /// All layers of a network, by name or file: one parameter set for all, or one each with
    /// --per-layer. --export then takes a directory, for one experiment per layer.
    #[arg(long, value_name = "NAME|FILE", add = complete::networks())]
    network: Option<String>,
    /// Tune every layer of the network for itself.
    #[arg(long, requires = "network")]
    per_layer: bool,
    /// What to minimise.
    #[arg(long, value_parser = choices::objective(), default_value = "total", value_name = "FIGURE")]
    objective: Objective,
    /// Count the keys too, which a client makes and sends once.
    #[arg(long)]
    keys_in_total: bool,
    /// Find what takes the least total time over links of each of these bandwidths, like
    /// 1Mbit,100Mbit,10Gbit, by prediction; the winners at both ends are run.
    #[arg(
        long,
        value_name = "RATE,...",
        value_delimiter = ',',
        value_parser = units::bandwidth,
        conflicts_with_all = ["network", "objective", "bandwidth", "export"]
    )]
    bandwidths: Vec<f64>,
    /// The algorithm; any where absent.
    #[arg(long, value_parser = choices::algorithm(), value_name = "NAME")]
    algorithm: Option<AlgorithmChoice>,
    /// How sums are reduced; lazy where absent.
    #[arg(long, value_parser = choices::reduction(), value_name = "MODE")]
    reduction: Option<Reduction>,
    /// Bits of noise budget that must be left but for one time in 2^40.
    #[arg(long, value_name = "BITS", default_value_t = MARGIN_BITS, value_parser = units::bits)]
    margin_bits: f64,
    /// What t must hold: any input with these weights, or any weights of the layer's bit widths; or
    /// its size.
    #[arg(long, value_name = "weights|widths|BITS", default_value_t)]
    plain_bits: PlainRule,
    /// The weights, integers of shape (output channels, input channels, rows, columns).
    #[arg(long, value_name = "FILE.npy", conflicts_with = "network")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    export: export::Args,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let file = args.experiment.as_deref().map(Experiment::read).transpose();
    let file = file.map_err(Failure::input)?;
    let layers = args.layers(file.as_ref())?;
    let target = match &args.network {
        None => args.export.clone().into_export()?.map(Target::File),
        Some(_) => args.export.clone().into_directory()?.map(Target::Directory),
    };
    let queries = args.queries(layers, file.as_ref())?;
    if let (false, Some(query)) = (args.bandwidths.is_empty(), queries.first()) {
        return bandwidths::run(query, &args.bandwidths, args.format);
    }
    let progress = Progress::start()?;
    let estimator = Estimator::default();
    let answers = queries.into_iter().map(|query| find(query, &estimator, &progress));
    let answers: Result<Vec<Answer>, Failure> = answers.collect();
    progress.finish();
    let answers = answers?;
    if let Some(target) = target {
        answers.iter().try_for_each(|answer| export(answer, &target))?;
    }
    match (args.format, answers.as_slice()) {
        (Format::Text, _) => answers.iter().try_for_each(report::print)?,
        (Format::Json, [answer]) => print_json(&report::json(answer))?,
        (Format::Json, _) => print_json(&answers.iter().map(report::json).collect::<Vec<_>>())?,
    }
    let infeasible = answers.iter().find(|answer| answer.best().is_none());
    infeasible.map_or(Ok(()), |answer| Err(Failure::Failed(why_nothing(answer))))
}

impl Args {
    fn layers(&self, file: Option<&Experiment>) -> Result<Vec<LayerPreset>, Failure> {
        let catalogue = presets::load()?;
        if let (None, Some(file)) = (&self.layer, file) {
            return Ok(vec![catalogue.with_origin(file.layer.clone())]);
        }
        let Some(network) = &self.network else {
            let name = self.layer.as_deref().unwrap_or(DEFAULT_LAYER);
            return Ok(vec![catalogue.layer(name).map_err(Failure::input)?.clone()]);
        };
        Ok(catalogue.network(network).map_err(Failure::input)?.layers)
    }

    /// One query, or one for each layer.
    fn queries(
        &self,
        layers: Vec<LayerPreset>,
        file: Option<&Experiment>,
    ) -> Result<Vec<Query>, Failure> {
        let backend = self.common.backend();
        if !backend.is_available() {
            return Err(Failure::input(JobError::Backend(backend)));
        }
        let threads = self.common.threads(file.and_then(|file| file.threads))?;
        let reduction = self.reduction.or(file.and_then(|file| file.reduction));
        let costs = calibrate::costs(backend);
        // Every candidate brings parameters, algorithm and lanes of its own.
        let family = Family {
            ring_degree: 4096,
            plain_bits: 20,
            moduli: Moduli { limbs: 2, has_narrow_limb: true, has_special: true },
        };
        let params = family.spec(62, Some(44));
        let run = |layer: LayerPreset| RunSpec {
            policy: self.common.policy_over(file.map(|file| file.policy)),
            reduction: reduction.unwrap_or(Reduction::Lazy),
            backend,
            threads,
            seed: self.common.seed(file.and_then(|file| file.seed)),
            repeat: if self.objective.is_time() { REPEAT } else { 1 },
            max_memory: self.common.max_memory(),
            weights: self.weights.clone(),
            link: self.common.link(),
            costs: costs.clone(),
            ..RunSpec::new(layer, params.clone())
        };
        let algorithms = self.algorithm.unwrap_or(AlgorithmChoice::Any).kinds();
        let objective = match (self.keys_in_total, self.objective.with_keys()) {
            (false, _) => self.objective,
            (true, Some(objective)) => objective,
            (true, None) => return Err(Failure::input(no_keys_in(self.objective))),
        };
        let query = |runs: Vec<RunSpec>| Query {
            runs,
            objective,
            algorithms: algorithms.clone(),
            margin_bits: self.margin_bits,
            plain: self.plain_bits,
        };
        let runs: Vec<RunSpec> = layers.into_iter().map(run).collect();
        Ok(if self.per_layer {
            runs.into_iter().map(|run| query(vec![run])).collect()
        } else {
            vec![query(runs)]
        })
    }
}

/// Searches by prediction and confirms by runs.
fn find(query: Query, estimator: &Estimator, progress: &Progress) -> Result<Answer, Failure> {
    let found = search(estimator, &query, |done, of| {
        progress.show("search", done as u64, of as u64);
        !progress.is_cancelled()
    });
    let found = found.map_err(Failure::input)?;
    if progress.is_cancelled() {
        return Err(Failure::Interrupted);
    }
    let mut confirmations = Vec::new();
    for place in finalists(&query, &found) {
        let runs = found.candidates.get(place).map(|one| one.runs(&query)).unwrap_or_default();
        let records: Result<Vec<Record>, JobError> =
            runs.iter().map(|run| Ok(Prepared::new(run)?.run(progress)?.record)).collect();
        if progress.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        confirmations.push((place, records.map_err(Problem::from)));
    }
    Ok(Answer::new(query, found, &confirmations))
}

/// Writes the best as an experiment: one file, or one for each layer.
fn export(answer: &Answer, target: &Target) -> Result<(), Failure> {
    let Some((candidate, records)) = answer.best() else { return Ok(()) };
    for (run, record) in candidate.runs(&answer.query).iter().zip(records) {
        let export = match target {
            Target::File(export) => export,
            Target::Directory(directory) => &directory.experiment(&run.layer.spec.name)?,
        };
        export.write(&run.experiment(), Some(record))?;
    }
    Ok(())
}

/// What is minimised has no part that keys could be counted in.
fn no_keys_in(objective: Objective) -> String {
    let with: Vec<&str> = Objective::ALL
        .into_iter()
        .filter(|one| one.with_keys().is_some_and(|with| with != *one))
        .map(Objective::name)
        .collect();
    format!("--keys-in-total counts keys in {}, not in {}", with.join(" or "), objective.name())
}

fn why_nothing(answer: &Answer) -> String {
    closest(&answer.query, answer.why_nothing())
}

/// That nothing will do, and what came closest.
fn closest(query: &Query, lost: Option<&Rejected>) -> String {
    let layers: Vec<String> = query.runs.iter().map(|run| run.layer.full_name()).collect();
    let closest = lost.map_or_else(String::new, |lost| {
        format!("; {}, {}: {}", lost.params, lost.algorithm, lost.reason)
    });
    format!("no parameters will do for {}{closest}", layers.join(", "))
}
