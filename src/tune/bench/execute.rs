//! Runs a benchmark.

use super::{BenchRecord, BenchRun, Figures, LayerBench, Ratios};
use crate::arith::kernels::Reduction;
use crate::bfv::{Params, ParamsError, ParamsSpec};
use crate::conv::{AlgorithmKind, Choice, Layer, LayerError, WeightForm};
use crate::job::RunSpec;
use crate::predict::{Limits, Primitives, limits, primitives};
use crate::preset::LayerPreset;
use crate::report::{LayerRecord, Machine, Outcome, ParamsRecord, Record, SCHEMA, SweepRow};
use crate::tune::sweep::{Measure, Pace, Settings, Stop, Sweep, SweepError, distinct, execute};

/// What is to be benchmarked.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The layers.
    pub layers: Vec<LayerPreset>,
    /// The algorithms, each under its parameters.
    pub kinds: Vec<Kind>,
    /// The reduction modes.
    pub reductions: Vec<Reduction>,
    /// Numbers of threads, each at least one.
    pub threads: Vec<usize>,
    /// What all runs have in common; `repeat` is how many turns there are.
    pub settings: Settings,
}

/// An algorithm that is benchmarked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The algorithm.
    pub algorithm: AlgorithmKind,
    /// Its encryption parameters.
    pub params: ParamsSpec,
    /// How its weights are stored, where that is not left to the planner.
    pub weight_form: Option<WeightForm>,
}

impl Kind {
    /// What it is called: the algorithm, and the form of weights where that is given.
    pub fn label(&self) -> String {
        let form = self.weight_form.map(|form| format!(" {}", form.name()));
        self.algorithm.name().to_owned() + &form.unwrap_or_default()
    }

    fn params(&self, settings: &Settings) -> Result<Params, BenchError> {
        Params::new(&self.params, &settings.policy)
            .map_err(|source| BenchError::Params { params: self.params.name.clone(), source })
    }
}

/// Why there is no benchmark.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The parameters are not a set that can be used.
    #[error("parameters {params}: {source}")]
    Params {
        /// Their name.
        params: String,
        /// What is wrong.
        source: ParamsError,
    },
    /// A layer is not one.
    #[error("layer {layer}: {source}")]
    Layer {
        /// Its name.
        layer: String,
        /// What is wrong.
        source: LayerError,
    },
    /// Layers cannot be told apart.
    #[error(transparent)]
    Names(#[from] SweepError),
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The machine could not be measured.
    #[error("{0}")]
    Machine(String),
}

impl Bench {
    /// The same, with what is listed twice counted once.
    ///
    /// # Errors
    /// [`BenchError::Names`] where two layers have one name.
    pub fn distinct(mut self) -> Result<Self, BenchError> {
        self.layers = distinct(self.layers, "layers", LayerPreset::full_name)?;
        self.kinds = distinct(self.kinds, "algorithms", Kind::label)?;
        self.reductions = distinct(self.reductions, "reductions", |one| one.name().into())?;
        Ok(self)
    }

    /// Runs in all.
    pub const fn runs(&self) -> usize {
        let kinds = self.kinds.len() * self.reductions.len() * self.threads.len();
        self.layers.len() * kinds * self.settings.repeat
    }
}

/// Runs a benchmark: `measure` makes the runs, `step` hears of every one that is done.
///
/// # Errors
/// [`BenchError`]; a run that fails is a part of the record instead.
pub fn bench(
    bench: &Bench,
    measure: &Measure<'_>,
    step: &mut dyn FnMut(),
) -> Result<BenchRecord, BenchError> {
    let settings = &bench.settings;
    let sets =
        bench.kinds.iter().map(|kind| kind.params(settings)).collect::<Result<Vec<_>, _>>()?;
    // Primitives are those of a set that switches keys, if there is one.
    let yardstick = sets.iter().find(|set| set.special().is_some());
    let records = bench.layers.iter().map(layer_record).collect::<Result<Vec<_>, _>>()?;
    let mut machine = Yardstick::measure(bench, yardstick)?;
    let mut layers = Vec::new();
    for (layer, record) in bench.layers.iter().zip(records) {
        let runs = turns(bench, layer, measure, step)?;
        let ratios = Ratios::of(&runs);
        layers.push(LayerBench { layer: record, runs, ratios });
        machine = machine.best(Yardstick::measure(bench, yardstick)?);
    }
    let Yardstick { limits, primitives_us } = machine;
    hold_against(&mut layers, &limits);
    let mut params: Vec<ParamsRecord> = Vec::new();
    for set in sets.iter().map(ParamsRecord::new) {
        if !params.contains(&set) {
            params.push(set);
        }
    }
    Ok(BenchRecord {
        schema: SCHEMA,
        heconv_version: env!("CARGO_PKG_VERSION").into(),
        machine: Machine::detect(),
        params,
        link: settings.link,
        backend: settings.backend.name().into(),
        threads: bench.threads.clone(),
        repeat: settings.repeat,
        limits,
        primitives_us,
        layers,
    })
}

/// What the machine can do.
struct Yardstick {
    limits: Vec<Limits>,
    primitives_us: Option<Primitives>,
}

impl Yardstick {
    fn measure(bench: &Bench, params: Option<&Params>) -> Result<Self, BenchError> {
        let backend = bench.settings.backend;
        let limits = bench.threads.iter().map(|threads| limits(backend, *threads));
        Ok(Self {
            limits: limits.collect::<Result<_, _>>().map_err(BenchError::Machine)?,
            primitives_us: params
                .map(|params| primitives(params, backend).map_err(BenchError::Machine))
                .transpose()?,
        })
    }

    /// The better of each, as seen at two times.
    fn best(self, other: Self) -> Self {
        let limits = self.limits.into_iter().zip(other.limits).map(|(a, b)| a.best(b));
        Self {
            limits: limits.collect(),
            primitives_us: self.primitives_us.zip(other.primitives_us).map(|(a, b)| a.best(b)),
        }
    }
}

fn layer_record(preset: &LayerPreset) -> Result<LayerRecord, BenchError> {
    let name = preset.full_name();
    match Layer::new(&preset.spec) {
        Ok(layer) => Ok(LayerRecord::new(name, &layer)),
        Err(source) => Err(BenchError::Layer { layer: name, source }),
    }
}

fn hold_against(layers: &mut [LayerBench], limits: &[Limits]) {
    for run in layers.iter_mut().flat_map(|layer| &mut layer.runs) {
        let limits = limits.iter().find(|limits| limits.threads == run.threads);
        if let (Some(figures), Some(limits)) = (&mut run.figures, limits) {
            figures.hold_against(limits);
        }
    }
}

/// All runs of a layer, turn by turn.
pub(super) fn turns(
    bench: &Bench,
    layer: &LayerPreset,
    measure: &Measure<'_>,
    step: &mut dyn FnMut(),
) -> Result<Vec<BenchRun>, BenchError> {
    let sweeps: Vec<(&Kind, Sweep)> = bench
        .kinds
        .iter()
        .map(|kind| Ok((kind, sweep(bench, layer, kind)?)))
        .collect::<Result<_, BenchError>>()?;
    let mut rows: Vec<Vec<SweepRow>> =
        vec![Vec::new(); bench.threads.len() * bench.kinds.len() * bench.reductions.len()];
    for _ in 0..bench.settings.repeat {
        let mut places = rows.iter_mut();
        for &threads in &bench.threads {
            let settings = Settings { threads, repeat: 1, ..bench.settings.clone() };
            for (kind, sweep) in &sweeps {
                let pinned = Choice { weight_form: kind.weight_form, ..Choice::default() };
                let measure = |spec: &RunSpec| measure(&RunSpec { pinned, ..spec.clone() });
                let mut done = |row: &SweepRow| {
                    places.by_ref().take(1).for_each(|place| place.push(row.clone()));
                    step();
                    Ok(())
                };
                match execute(&sweep.points(), &settings, Pace::OneByOne, &measure, &mut done) {
                    Ok(()) => {}
                    Err(Stop::Cancelled) => return Err(BenchError::Cancelled),
                    Err(Stop::Output(error)) => return Err(BenchError::Machine(error.to_string())),
                }
            }
        }
    }
    let each = || {
        let kinds = bench.kinds.iter();
        kinds.flat_map(|kind| bench.reductions.iter().map(move |reduction| (kind, reduction)))
    };
    let all = bench.threads.iter().flat_map(|threads| each().map(move |kind| (*threads, kind)));
    let runs = all.zip(&rows).map(|((threads, (kind, reduction)), rows)| {
        let (figures, error) = match records(rows) {
            Ok(records) => (Figures::of(&records), None),
            Err(error) => (None, Some(error)),
        };
        let (algorithm, reduction) = (kind.label(), reduction.name().into());
        let params = kind.params.name.clone();
        BenchRun { algorithm, params, reduction, threads, figures, error }
    });
    Ok(runs.collect())
}

/// The points of one kind on a layer: one for each reduction.
fn sweep(bench: &Bench, layer: &LayerPreset, kind: &Kind) -> Result<Sweep, SweepError> {
    let (layers, params) = (vec![layer.clone()], vec![kind.params.clone()]);
    Sweep::new(layers, params, vec![kind.algorithm], bench.reductions.clone())
}

/// The records of all turns, or what kept the first that failed from being made.
fn records(rows: &[SweepRow]) -> Result<Vec<Record>, String> {
    let record = |row: &SweepRow| match &row.outcome {
        Outcome::Done(record) => Ok(record.as_ref().clone()),
        Outcome::Failed(point) => Err(point.error.clone()),
    };
    rows.iter().map(record).collect()
}
