//! What every run of a network goes through, whatever it comes from.

use std::io::{self, Write};

use super::progress::{LayerProgress, NetworkProgress};
use super::result::Destinations;
use super::resume::ResumeFile;
use super::{Args, failure};
use crate::cli::{Failure, presets};
use crate::job::{Estimator, Finished, NetworkResult, RunSpec};
use crate::network::Note;
use crate::preset::Catalogue;
use crate::report::NetworkRecord;
use crate::tune::network::{BASELINE_PARAMS, conventional};

/// A run under way, from what it is asked for to what it tells.
pub(super) struct Session<'a> {
    args: &'a Args,
    destinations: Destinations,
    resume: Option<ResumeFile>,
    pub(super) catalogue: Catalogue,
    pub(super) estimator: Estimator,
    pub(super) progress: LayerProgress,
}

impl<'a> Session<'a> {
    /// Checks where results are to go.
    pub(super) fn begin(args: &'a Args) -> Result<Self, Failure> {
        Ok(Self {
            args,
            destinations: Destinations::of(args)?,
            resume: None,
            catalogue: presets::load()?,
            estimator: Estimator::default(),
            progress: LayerProgress::start()?,
        })
    }

    /// The layers that an earlier run has finished. Those of this one are added to them.
    pub(super) fn resume(&mut self) -> Result<Vec<Finished>, Failure> {
        self.resume = self.args.resume.as_deref().map(ResumeFile::open).transpose()?;
        Ok(self.resume.as_ref().map(ResumeFile::finished).unwrap_or_default())
    }

    /// Runs the network called `name`, each layer as `layers` say, compares it where that is asked for, and
    /// tells what it gave.
    pub(super) fn run(
        mut self,
        name: &str,
        layers: &[RunSpec],
        run: impl FnOnce(&NetworkProgress<'_>) -> Result<NetworkResult, Failure>,
    ) -> Result<(), Failure> {
        let resume = self.resume.take();
        let mut each = self.progress.named(name, layers).resumed(resume);
        each.expect(&self.estimator);
        let mut result = run(&each)?;
        // Whatever comes after it, what the run gave is told and written.
        let compared = match self.args.compare {
            Some(_) => self.compare(&mut result.record, layers),
            None => Ok(()),
        };
        self.progress.finish();
        self.destinations.take(&result, layers, self.args.format)?;
        compared
    }

    /// Runs the baselines.
    fn compare(&self, record: &mut NetworkRecord, layers: &[RunSpec]) -> Result<(), Failure> {
        let Self { catalogue, estimator, progress, .. } = self;
        let params = catalogue.params_set(BASELINE_PARAMS).map_err(Failure::input)?;
        let baselines = conventional(estimator, layers, &params, |done, of| {
            progress.show("search", done, of);
            !progress.is_cancelled()
        });
        for baseline in baselines.map_err(failure)? {
            if progress.is_cancelled() {
                return Err(Failure::Interrupted);
            }
            let mut each = progress.named(&baseline.name, &baseline.layers);
            each.expect(estimator);
            record.comparisons.push(baseline.compare(&record.totals, &each).map_err(failure)?);
        }
        Ok(())
    }
}

/// Tells what there is to know before a run.
pub(super) fn tell(notes: &[Note]) -> Result<(), Failure> {
    notes.iter().try_for_each(|note| writeln!(io::stderr(), "heconv: {note}"))?;
    Ok(())
}
