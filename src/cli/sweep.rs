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
use crate::job::{Estimator, JobError, Prepared, RunSpec, start_threads};
use crate::preset::{Catalogue, MAX_REPEAT, PresetError, SweepFile};
use crate::report::{Record, SweepRow, TableFormat, counted};
use crate::tune::sweep::{
    Format, Pace, Point, Resumed, RowFile, Settings, Shard, Standing, Stop, Sweep, TableFile,
    Tally, execute,
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
    /// Write rows to a new file: by its ending as JSON lines or CSV, each as it comes, or as a table
    /// in Markdown or LaTeX at the end; JSON lines on standard output where absent.
    #[arg(long, value_name = "FILE.jsonl|.csv|.md|.tex", conflicts_with = "resume")]
    output: Option<PathBuf>,
    /// Go on with the file that a sweep left when it was stopped, or begin it. Rows count as done
    /// where all that was asked for is the same; others are run again and replaced.
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
    if args.predict_only {
        start_threads().map_err(|error| Failure::Failed(error.to_string()))?;
    }
    let interruption = Interruption::catch()?;
    let (rows, standings) = Rows::open(&args, &points, &settings)?;
    let mut run = Run { rows, tally: Tally::default(), bar: bar(points.len()), interruption };
    standings.iter().flatten().for_each(|standing| run.tally.add(*standing));
    let missing = points.iter().zip(&standings).filter(|(_, standing)| standing.is_none());
    let missing: Vec<_> = missing.map(|(point, _)| *point).collect();
    let end = run.execute(&missing, &settings);
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
            predicted: self.predict_only,
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
    /// To a file, each as it comes.
    File(RowFile, PathBuf),
    /// To a file, all at the end.
    Table(TableFile),
}

impl Rows {
    /// Opens what the arguments say; with it, how the points stand that are there already. Rows that
    /// are there and not of this request are told.
    fn open(
        args: &Args,
        points: &[Point<'_>],
        settings: &Settings,
    ) -> Result<(Self, Vec<Option<Standing>>), Failure> {
        let none = vec![None; points.len()];
        if let Some(path) = &args.resume {
            let Resumed { file, standings, others } =
                RowFile::resume(path, points, settings).map_err(Failure::input)?;
            if others.rows() > 0 {
                let run = if others.rows() == 1 { "is run" } else { "are run" };
                writeln!(io::stderr(), "heconv: {others}; {run} again")?;
            }
            return Ok((Self::File(file, path.clone()), standings));
        }
        let rows = match (&args.output, args.output.as_deref().and_then(TableFormat::of)) {
            (None, _) => Ok(Self::Standard),
            (Some(path), Some(TableFormat::Markdown | TableFormat::Latex)) => {
                TableFile::create(path).map(Self::Table)
            }
            (Some(path), _) => RowFile::create(path).map(|file| Self::File(file, path.clone())),
        };
        Ok((rows.map_err(Failure::input)?, none))
    }

    /// Writes a row, at once where it is not part of a table.
    fn write(&mut self, row: &SweepRow) -> io::Result<()> {
        match self {
            Self::Standard => {
                let mut out = io::stdout().lock();
                writeln!(out, "{}", Format::JsonLines.line(row)?)?;
                out.flush()
            }
            Self::File(file, _) => file.append(row),
            Self::Table(table) => {
                table.add(row.clone());
                Ok(())
            }
        }
    }

    /// Ends the writing; how many rows of another request are left in the file.
    fn finish(self) -> Result<usize, Failure> {
        let (left, path) = match self {
            Self::Standard => return Ok(0),
            Self::File(file, path) => (file.finish(), path),
            Self::Table(table) => {
                let path = table.path().to_path_buf();
                (table.finish().map(|()| 0), path)
            }
        };
        left.map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))
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
    fn execute(&mut self, points: &[Point<'_>], settings: &Settings) -> Result<(), Stop> {
        let Self { rows, tally, bar, interruption } = self;
        bar.set_position(tally.points() as u64);
        bar.reset_eta();
        let watch = Watch(interruption);
        let estimator = Estimator::default();
        let measure = |spec: &RunSpec| -> Result<Record, JobError> {
            if watch.is_cancelled() {
                return Err(ConvError::Cancelled.into());
            }
            if settings.predicted {
                return estimator.estimate(spec).map(|estimate| estimate.record);
            }
            bar.set_message(format!("{} {}", spec.layer.full_name(), spec.algorithm.name()));
            Ok(Prepared::new(spec)?.run(&watch)?.record)
        };
        let pace = if settings.predicted { Pace::Together } else { Pace::OneByOne };
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
        let Self { rows, tally, bar, .. } = self;
        bar.finish_and_clear();
        let path = match &rows {
            Rows::Standard => None,
            Rows::File(_, path) => Some(path.clone()),
            Rows::Table(table) => Some(table.path().to_path_buf()),
        };
        // Whatever ended the sweep, what was done is written.
        let written = rows.finish();
        let others = match written {
            Ok(count) if count > 0 => format!(", {count} left of another request"),
            _ => String::new(),
        };
        // Where not even this can be written, the rows and the exit code still tell.
        let _ = writeln!(io::stderr(), "{}: {tally}{others}", counted(points, "point"));
        match (end, path) {
            (Err(Stop::Output(error)), None) => return Err(error.into()),
            (Err(Stop::Output(error)), Some(path)) => {
                return Err(Failure::Failed(format!("cannot write {}: {error}", path.display())));
            }
            (Err(Stop::Cancelled), _) => return Err(written.err().unwrap_or(Failure::Interrupted)),
            (Ok(()), _) => written.map(drop)?,
        }
        if tally.wrong > 0 {
            return Err(Failure::Failed(format!(
                "{} not exact: see `verdict` of the rows",
                counted(tally.wrong, "point")
            )));
        }
        Ok(())
    }
}
