//! Runs a benchmark.

use super::{BenchRecord, BenchRun, Figures, LayerBench, Ratios};
use crate::arith::kernels::Reduction;
use crate::bfv::{Params, ParamsError, ParamsSpec};
use crate::conv::{AlgorithmKind, Layer, LayerError};
use crate::predict::{Limits, Primitives, limits, primitives};
use crate::preset::LayerPreset;
use crate::report::{LayerRecord, Machine, Outcome, ParamsRecord, Record, SCHEMA, SweepRow};
use crate::tune::sweep::{Measure, Pace, Settings, Stop, Sweep, SweepError, distinct, execute};

/// What is to be benchmarked.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The layers.
    pub layers: Vec<LayerPreset>,
    /// The encryption parameters.
    pub params: ParamsSpec,
    /// The algorithms.
    pub algorithms: Vec<AlgorithmKind>,
    /// The reduction modes.
    pub reductions: Vec<Reduction>,
    /// Numbers of threads, each at least one.
    pub threads: Vec<usize>,
    /// What all runs have in common; `repeat` is how many turns there are.
    pub settings: Settings,
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
        self.algorithms = distinct(self.algorithms, "algorithms", |kind| kind.name().into())?;
        self.reductions = distinct(self.reductions, "reductions", |one| one.name().into())?;
        Ok(self)
    }

    /// Runs in all.
    pub const fn runs(&self) -> usize {
        let kinds = self.algorithms.len() * self.reductions.len() * self.threads.len();
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
    let (spec, settings) = (&bench.params, &bench.settings);
    let params = Params::new(spec, &settings.policy)
        .map_err(|source| BenchError::Params { params: spec.name.clone(), source })?;
    let records = bench.layers.iter().map(layer_record).collect::<Result<Vec<_>, _>>()?;
    let mut machine = Yardstick::measure(bench, &params)?;
    let mut layers = Vec::new();
    for (layer, record) in bench.layers.iter().zip(records) {
        let runs = turns(bench, layer, measure, step)?;
        let ratios = Ratios::of(&runs);
        layers.push(LayerBench { layer: record, runs, ratios });
        machine = machine.best(Yardstick::measure(bench, &params)?);
    }
    let Yardstick { limits, primitives_us } = machine;
    let plaintext_bytes = params.limbs().len() * params.ring_degree() * size_of::<u64>();
    hold_against(&mut layers, &limits, plaintext_bytes);
    Ok(BenchRecord {
        schema: SCHEMA,
        heconv_version: env!("CARGO_PKG_VERSION").into(),
        machine: Machine::detect(),
        params: ParamsRecord::new(&params),
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
    primitives_us: Primitives,
}

impl Yardstick {
    fn measure(bench: &Bench, params: &Params) -> Result<Self, BenchError> {
        let backend = bench.settings.backend;
        let limits = bench.threads.iter().map(|threads| limits(backend, *threads));
        Ok(Self {
            limits: limits.collect::<Result<_, _>>().map_err(BenchError::Machine)?,
            primitives_us: primitives(params, backend).map_err(BenchError::Machine)?,
        })
    }

    /// The better of each, as seen at two times.
    fn best(self, other: Self) -> Self {
        let limits = self.limits.into_iter().zip(other.limits).map(|(a, b)| a.best(b));
        Self {
            limits: limits.collect(),
            primitives_us: self.primitives_us.best(other.primitives_us),
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

fn hold_against(layers: &mut [LayerBench], limits: &[Limits], plaintext_bytes: usize) {
    for run in layers.iter_mut().flat_map(|layer| &mut layer.runs) {
        let limits = limits.iter().find(|limits| limits.threads == run.threads);
        if let (Some(figures), Some(limits)) = (&mut run.figures, limits) {
            figures.hold_against(limits, plaintext_bytes);
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
    let sweep = Sweep::new(
        vec![layer.clone()],
        vec![bench.params.clone()],
        bench.algorithms.clone(),
        bench.reductions.clone(),
    )?;
    let points = sweep.points();
    let mut rows: Vec<Vec<SweepRow>> = vec![Vec::new(); bench.threads.len() * points.len()];
    for _ in 0..bench.settings.repeat {
        let mut places = rows.iter_mut();
        for &threads in &bench.threads {
            let settings = Settings { threads, repeat: 1, ..bench.settings.clone() };
            let end = execute(&points, &settings, Pace::OneByOne, measure, &mut |row| {
                places.by_ref().take(1).for_each(|place| place.push(row.clone()));
                step();
                Ok(())
            });
            match end {
                Ok(()) => {}
                Err(Stop::Cancelled) => return Err(BenchError::Cancelled),
                Err(Stop::Output(error)) => return Err(BenchError::Machine(error.to_string())),
            }
        }
    }
    let kinds = bench.threads.iter().flat_map(|threads| points.iter().map(move |p| (*threads, p)));
    let runs = kinds.zip(&rows).map(|((threads, point), rows)| {
        let key = point.key();
        let (figures, error) = match records(rows) {
            Ok(records) => (Figures::of(&records), None),
            Err(error) => (None, Some(error)),
        };
        BenchRun { algorithm: key.algorithm, reduction: key.reduction, threads, figures, error }
    });
    Ok(runs.collect())
}

/// The records of all turns, or what kept the first that failed from being made.
fn records(rows: &[SweepRow]) -> Result<Vec<Record>, String> {
    let record = |row: &SweepRow| match &row.outcome {
        Outcome::Done(record) => Ok(record.as_ref().clone()),
        Outcome::Failed(point) => Err(point.error.clone()),
    };
    rows.iter().map(record).collect()
}
