//! Running points and handing on their rows.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use super::{Point, Settings};
use crate::job::{Asked, JobError, RunSpec, panic_message};
use crate::report::{Record, SweepRow};

/// What makes a record of a run: the run itself, or a prediction. To stop the sweep it returns an
/// error that [`JobError::is_cancelled`].
pub type Measure<'a> = dyn Fn(&RunSpec) -> Result<Record, JobError> + Sync + 'a;

/// How many points are measured at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One: runs that share a machine would spoil each other's times.
    OneByOne,
    /// As many as there are cores: predictions take no measurable thing away from each other.
    Together,
}

/// Why a sweep ended early. Rows handed on before are whole.
#[derive(Debug)]
pub enum Stop {
    /// It was asked to.
    Cancelled,
    /// A row could not be handed on.
    Output(io::Error),
}

/// Measures all points and hands on their rows in order, each as soon as those before it are done.
/// A point that fails is a row too.
///
/// # Errors
/// [`Stop`] where the sweep did not come to its end.
pub fn execute(
    points: &[Point<'_>],
    settings: &Settings,
    pace: Pace,
    measure: &Measure<'_>,
    hand_on: &mut dyn FnMut(&SweepRow) -> io::Result<()>,
) -> Result<(), Stop> {
    let row = |point: &Point<'_>| row(point, settings, measure);
    if pace == Pace::OneByOne {
        for point in points {
            hand_on(&row(point).ok_or(Stop::Cancelled)?).map_err(Stop::Output)?;
        }
        return Ok(());
    }
    // Batches, so that rows come soon and in order; each large enough to keep all cores busy.
    for batch in points.chunks(16 * rayon::current_num_threads()) {
        for row in batch.par_iter().map(row).collect::<Vec<_>>() {
            hand_on(&row.ok_or(Stop::Cancelled)?).map_err(Stop::Output)?;
        }
    }
    Ok(())
}

/// The row of a point; none where it was cancelled.
fn row(point: &Point<'_>, settings: &Settings, measure: &Measure<'_>) -> Option<SweepRow> {
    let spec = point.spec(settings);
    let asked = || Asked::new(&spec, settings.predicted);
    match catch_unwind(AssertUnwindSafe(|| measure(&spec))) {
        Ok(Ok(record)) => Some(asked().done(record)),
        Ok(Err(error)) if error.is_cancelled() => None,
        Ok(Err(error)) => Some(asked().failed(&error.into())),
        // A defect at one point must not cost the others.
        Err(panic) => {
            let reason = format!("internal error: {}", panic_message(panic.as_ref()));
            Some(asked().failed(&reason.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::PointKey;
    use super::super::testing::{record_of, settings, sweep};
    use super::*;
    use crate::conv::ConvError;

    /// The keys of the rows of the sweep, and how it ended.
    fn rows(pace: Pace, measure: &Measure<'_>) -> (Vec<SweepRow>, Result<(), Stop>) {
        let sweep = sweep();
        let mut rows = Vec::new();
        let mut keep = |row: &SweepRow| {
            rows.push(row.clone());
            Ok(())
        };
        let end = execute(&sweep.points(), &settings(), pace, measure, &mut keep);
        (rows, end)
    }

    #[test]
    fn rows_come_in_order_at_every_pace() {
        let sweep = sweep();
        let expected: Vec<_> = sweep.points().iter().map(Point::key).collect();
        for pace in [Pace::OneByOne, Pace::Together] {
            let (rows, end) = rows(pace, &|spec| {
                // Later points are done first.
                let late = spec.reduction == crate::arith::kernels::Reduction::Lazy;
                std::thread::sleep(std::time::Duration::from_millis(if late { 5 } else { 0 }));
                Ok(record_of(spec))
            });
            assert!(end.is_ok());
            assert_eq!(rows.iter().map(PointKey::of).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn failures_and_panics_are_rows() {
        let (rows, end) = rows(Pace::OneByOne, &|spec| match spec.params.name.as_str() {
            "n4096" => Err(JobError::Threads("none\nleft".into())),
            _ if spec.layer.spec.name == "a" => std::panic::panic_any("a defect"),
            _ => Ok(record_of(spec)),
        });
        assert!(end.is_ok());
        let errors: Vec<_> =
            rows.iter().map(|row| row.failed().map_or("", |point| point.error.as_str())).collect();
        assert_eq!(errors[0], "cannot start threads: none left");
        assert_eq!((errors[4], errors[15]), ("", "internal error: a defect"));
        assert_eq!(rows.len(), 16);
    }

    #[test]
    fn cancelling_keeps_what_is_done() {
        for pace in [Pace::OneByOne, Pace::Together] {
            let count = AtomicUsize::new(0);
            let (rows, end) = rows(pace, &|spec| {
                if count.fetch_add(1, Ordering::Relaxed) < 5 {
                    Ok(record_of(spec))
                } else {
                    Err(ConvError::Cancelled.into())
                }
            });
            assert!(matches!(end, Err(Stop::Cancelled)));
            assert!(rows.len() <= 5 && (pace == Pace::Together || rows.len() == 5));
        }
    }

    #[test]
    fn a_row_that_cannot_be_written_ends_the_sweep() {
        let (sweep, count) = (sweep(), AtomicUsize::new(0));
        let measure = |spec: &RunSpec| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(record_of(spec))
        };
        let mut full = |_: &SweepRow| Err(io::ErrorKind::StorageFull.into());
        let end = execute(&sweep.points(), &settings(), Pace::OneByOne, &measure, &mut full);
        assert!(matches!(end, Err(Stop::Output(_))));
        assert_eq!(count.into_inner(), 1);
    }
}
