//! `heconv sweep`: every combination, a row each.

use std::io::{self, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::common::Common;
use super::interruption::{Interruption, Watch};
use super::one::{DEFAULT_LAYER, DEFAULT_PARAMS};
use super::{Failure, calibrate, choices, complete, presets, progress};
use crate::arith::kernels::Reduction;
use crate::conv::{AlgorithmKind, ConvError, Observer};
use crate::job::{Estimator, JobError, Prepared, RunSpec};
use crate::preset::{Catalogue, MAX_REPEAT, PresetError, SweepFile};
use crate::report::{Record, SweepRow, counted};
use crate::tune::sweep::{
    FileError, Format, Pace, Point, RowFile, Settings, Shard, Standing, Stop, Sweep, Tally, execute,
};

/// Arguments of `heconv sweep`. Every flag overrides the list of the sweep file.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// A sweep file; `-` is standard input.
    #[arg(add = complete::files())]
    sweep: Option<PathBuf>,
    /// Layers, by name or pattern, like 'bench/*'; may be repeated; the demo layer where absent.
    #[arg(long, value_name = "NAME|GLOB", add = complete::layers())]
    layer: Vec<String>,
    /// Parameter sets: names, patterns like 'n4096-*', files, or like '4096:35,35|36:20'; may be
    /// repeated; n4096-t20 where absent.
    #[arg(long, value_name = "NAME|GLOB|FILE|SET", add = complete::params())]
    params: Vec<String>,
    /// Algorithms, all where absent; may be repeated or separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = choices::algorithms())]
    algorithm: Vec<Option<AlgorithmKind>>,
    /// How sums are reduced, lazy where absent; may be repeated or separated by commas.
    #[arg(long, value_name = "MODE", value_delimiter = ',', value_parser = choices::reductions())]
    reduction: Vec<Option<Reduction>>,
    #[command(flatten)]
    common: Common,
    /// Run each point K times and report the run with the median server time, and the spread.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=MAX_REPEAT as i64))]
    repeat: Option<u32>,
    /// Write rows to a new file, by its ending as JSON lines or as a table; JSON lines on standard
    /// output where absent.
    #[arg(long, value_name = "FILE.jsonl|FILE.csv", conflicts_with = "resume")]
    output: Option<PathBuf>,
    /// Go on with the file that the same sweep left when it was stopped, or begin it.
    #[arg(long, value_name = "FILE.jsonl|FILE.csv")]
    resume: Option<PathBuf>,
    /// Run every N-th point alone, from the I-th on: the N shards together are the whole.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Predict every point instead of running it.
    #[arg(long)]
    predict_only: bool,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let catalogue = presets::load()?;
    let file = args.sweep.as_deref().map(|path| SweepFile::read(path, &catalogue)).transpose();
    let file = file.map_err(Failure::input)?.unwrap_or_default();
    let settings = args.settings(&file)?;
    let sweep = args.lists(file, &catalogue)?;
    let points = match args.shard {
        Some(shard) => shard.take(sweep.points()),
        None => sweep.points(),
    };
    let interruption = Interruption::catch()?;
    let (rows, standings) = Rows::open(&args, &points).map_err(Failure::input)?;
    let mut run = Run { rows, tally: Tally::default(), bar: bar(points.len()), interruption };
    standings.iter().flatten().for_each(|standing| run.tally.add(*standing));
    let missing = points.iter().zip(&standings).filter(|(_, standing)| standing.is_none());
    let missing: Vec<_> = missing.map(|(point, _)| *point).collect();
    let end = run.execute(&missing, &settings, args.predict_only);
    run.report(points.len(), end)
}

impl Args {
    /// What all points have in common.
    fn settings(&self, file: &SweepFile) -> Result<Settings, Failure> {
        let backend = self.common.backend();
        if !(self.predict_only || backend.is_available()) {
            return Err(Failure::input(JobError::Backend(backend)));
        }
        let repeat = self.repeat.map(|repeat| repeat as usize).or(file.repeat);
        Ok(Settings {
            policy: self.common.policy(),
            backend,
            threads: self.common.threads(file.threads)?,
            seed: self.common.seed(file.seed),
            repeat: repeat.unwrap_or(1),
            max_memory: self.common.max_memory(),
            link: self.common.link(),
            costs: calibrate::costs(backend),
        })
    }

    /// The lists of the flags, else of the file, else the defaults.
    fn lists(&self, file: SweepFile, catalogue: &Catalogue) -> Result<Sweep, Failure> {
        let layers = |pattern: &str| catalogue.layers_matching(pattern);
        let params = |pattern: &str| catalogue.params_matching(pattern);
        Sweep::new(
            named(&self.layer, file.layers, DEFAULT_LAYER, layers)?,
            named(&self.params, file.params, DEFAULT_PARAMS, params)?,
            chosen(&self.algorithm, file.algorithms, &AlgorithmKind::ALL, &AlgorithmKind::ALL),
            chosen(&self.reduction, file.reductions, &Reduction::ALL, &[Reduction::Lazy]),
        )
        .map_err(Failure::input)
    }
}

/// What the patterns of a flag name, else the list of the file, else the default.
pub(super) fn named<T>(
    flag: &[String],
    file: Option<Vec<T>>,
    default: &str,
    matching: impl Fn(&str) -> Result<Vec<T>, PresetError>,
) -> Result<Vec<T>, Failure> {
    match (flag, file) {
        ([], Some(list)) => Ok(list),
        ([], None) => matching(default).map_err(Failure::input),
        (patterns, _) => {
            let found = patterns.iter().map(|pattern| matching(pattern));
            let found = found.collect::<Result<Vec<_>, _>>().map_err(Failure::input)?;
            Ok(found.into_iter().flatten().collect())
        }
    }
}

/// The words of a flag, `None` being all, else the list of the file, else the default.
pub(super) fn chosen<T: Copy>(
    flag: &[Option<T>],
    file: Option<Vec<T>>,
    all: &[T],
    default: &[T],
) -> Vec<T> {
    if flag.is_empty() {
        return file.unwrap_or_else(|| default.to_vec());
    }
    flag.iter().flat_map(|word| word.map_or_else(|| all.to_vec(), |one| vec![one])).collect()
}

/// Where rows go.
enum Rows {
    /// As JSON lines to standard output.
    Standard,
    /// To a file of this name.
    File(RowFile, PathBuf),
}

impl Rows {
    /// Opens what the arguments say; with it, how the points stand that are there already.
    fn open(args: &Args, points: &[Point<'_>]) -> Result<(Self, Vec<Option<Standing>>), FileError> {
        let none = vec![None; points.len()];
        if let Some(path) = &args.resume {
            let (file, standings) = RowFile::resume(path, points)?;
            return Ok((Self::File(file, path.clone()), standings));
        }
        match &args.output {
            Some(path) => Ok((Self::File(RowFile::create(path)?, path.clone()), none)),
            None => Ok((Self::Standard, none)),
        }
    }

    /// Writes a row at once.
    fn write(&mut self, row: &SweepRow) -> io::Result<()> {
        match self {
            Self::Standard => {
                let mut out = io::stdout().lock();
                writeln!(out, "{}", Format::JsonLines.line(row)?)?;
                out.flush()
            }
            Self::File(file, _) => file.append(row),
        }
    }
}

/// One line of progress over `points` points.
fn bar(points: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(points as u64), progress::target());
    let template = "{msg} [{bar:30}] {pos}/{len} points, {eta} left";
    // The template is a constant; were it wrong, the default style would show.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// A sweep under way.
struct Run {
    rows: Rows,
    tally: Tally,
    bar: ProgressBar,
    interruption: Interruption,
}

impl Run {
    /// Runs or predicts `points`, and writes their rows.
    fn execute(
        &mut self,
        points: &[Point<'_>],
        settings: &Settings,
        predict_only: bool,
    ) -> Result<(), Stop> {
        let Self { rows, tally, bar, interruption } = self;
        bar.set_position((tally.done + tally.failed) as u64);
        bar.reset_eta();
        let watch = Watch(interruption);
        let estimator = Estimator::default();
        let measure = |spec: &RunSpec| -> Result<Record, JobError> {
            if watch.is_cancelled() {
                return Err(ConvError::Cancelled.into());
            }
            if predict_only {
                return estimator.estimate(spec).map(|estimate| estimate.record);
            }
            bar.set_message(format!("{} {}", spec.layer.full_name(), spec.algorithm.name()));
            Ok(Prepared::new(spec)?.run(&watch)?.record)
        };
        let pace = if predict_only { Pace::Together } else { Pace::OneByOne };
        execute(points, settings, pace, &measure, &mut |row| {
            // The line of progress must not stand in the middle of a row.
            bar.suspend(|| rows.write(row))?;
            tally.add(Standing::of(row));
            bar.inc(1);
            Ok(())
        })
    }

    /// Says what was done of `points` points, and how it ended.
    fn report(self, points: usize, end: Result<(), Stop>) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let Tally { done, wrong, failed } = self.tally;
        // Where not even this can be written, the rows and the exit code still tell.
        let points = counted(points, "point");
        let _ = writeln!(io::stderr(), "{points}: {done} done, {failed} failed");
        match (end, self.rows) {
            (Ok(()), _) if wrong > 0 => Err(Failure::Failed(format!(
                "{} not exact: see `verdict` of the rows",
                counted(wrong, "point")
            ))),
            (Ok(()), _) => Ok(()),
            (Err(Stop::Cancelled), _) => Err(Failure::Interrupted),
            (Err(Stop::Output(error)), Rows::Standard) => Err(error.into()),
            (Err(Stop::Output(error)), Rows::File(_, path)) => {
                Err(Failure::Failed(format!("cannot write {}: {error}", path.display())))
            }
        }
    }
}
