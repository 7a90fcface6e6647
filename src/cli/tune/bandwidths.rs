//! `heconv tune --bandwidths`: which algorithm and parameters win over links of which bandwidth.

use std::io::{self, Write};

use serde::Serialize;

use super::closest;
use crate::cli::Failure;
use crate::cli::output::{Format, print_json};
use crate::cli::progress::Progress;
use crate::conv::{Observer, WeightForm};
use crate::job::{Estimator, JobError, Prepared};
use crate::report::{Record, SCHEMA, bandwidth_text, bytes_text, counted, rounded};
use crate::tui::glyphs::Glyphs;
use crate::tui::landscape_chart;
use crate::tune::{AtBandwidth, Candidate, Landscape, Objective, Query, landscape};

/// Columns and rows of the chart.
const CHART: (usize, usize) = (78, 14);

/// A winner at an end of the bandwidths, and what its run gave.
struct Confirmed<'a> {
    winner: &'a Candidate,
    record: Result<Record, JobError>,
}

/// What was predicted, and what runs gave.
struct Report<'a> {
    query: &'a Query,
    landscape: &'a Landscape,
    confirmed: Vec<Confirmed<'a>>,
}

/// Predicts the winners over links of `bits_per_second`, runs those at both ends, and reports.
pub(super) fn run(query: &Query, bits_per_second: &[f64], format: Format) -> Result<(), Failure> {
    let progress = Progress::start()?;
    let found = landscape(&Estimator::default(), query, bits_per_second, |done, of| {
        progress.show("search", done as u64, of as u64);
        !progress.is_cancelled()
    });
    let found = found.map_err(Failure::input)?;
    let confirmed = confirm(query, &found, &progress);
    progress.finish();
    let report = Report { query, landscape: &found, confirmed: confirmed? };
    match format {
        Format::Text => report.print()?,
        Format::Json => print_json(&report.json())?,
    }
    report.verdict()
}

/// Runs the winners at both ends, once where they are the same.
fn confirm<'a>(
    query: &Query,
    found: &'a Landscape,
    progress: &Progress,
) -> Result<Vec<Confirmed<'a>>, Failure> {
    let mut confirmed: Vec<Confirmed<'a>> = Vec::new();
    for at in found.at.first().into_iter().chain(found.at.last()) {
        if progress.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        let Some(winner) = at.winner() else { continue };
        if confirmed.iter().any(|one| one.winner.is_as(winner)) {
            continue;
        }
        let Some(mut run) = winner.runs(query).into_iter().next() else { continue };
        run.link = at.link;
        let record = Prepared::new(&run).and_then(|run| Ok(run.run(progress)?.record));
        confirmed.push(Confirmed { winner, record });
    }
    if progress.is_cancelled() {
        return Err(Failure::Interrupted);
    }
    Ok(confirmed)
}

/// The answer as JSON.
#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    objective: &'static str,
    margin_bits: f64,
    rtt_ms: f64,
    bandwidths: Vec<Point>,
    crossings: Vec<Crossing>,
    /// The records of the winners at both ends.
    confirmed: Vec<&'a Record>,
}

/// What wins over a link.
#[derive(Serialize)]
struct Point {
    bandwidth_mbit: f64,
    #[serde(flatten)]
    winner: Way,
    /// Milliseconds over this link with the times that a run of the winner took.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured_total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    /// Each algorithm at its best, the winner first.
    algorithms: Vec<Way>,
}

/// A way to run the layer, as predicted.
#[derive(Serialize)]
struct Way {
    algorithm: String,
    params: String,
    lanes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    babies: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_form: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_by: Option<usize>,
    /// Milliseconds.
    server: f64,
    upload_bytes: u64,
    download_bytes: u64,
    /// Milliseconds.
    total: f64,
    predicted_final_floor: f64,
}

#[derive(Serialize)]
struct Crossing {
    bandwidth_mbit: f64,
    below: String,
    above: String,
}

impl Way {
    fn new(candidate: &Candidate, at: &AtBandwidth) -> Self {
        let first = candidate.layers.first();
        let choice = first.map(|(_, prediction)| prediction.choice).unwrap_or_default();
        let bytes = |objective| candidate.figure(objective) as u64;
        Self {
            algorithm: candidate.algorithm(),
            params: candidate.params.name.clone(),
            lanes: choice.lanes.unwrap_or(1),
            babies: choice.babies,
            weight_form: choice.weight_form.map(WeightForm::name),
            shared_by: choice.shared_by,
            server: rounded(candidate.figure(Objective::Server), 3),
            upload_bytes: bytes(Objective::Upload),
            download_bytes: bytes(Objective::Download),
            total: rounded(candidate.total_ms(&at.link), 3),
            predicted_final_floor: rounded(candidate.floor(), 3),
        }
    }
}

impl Report<'_> {
    /// The run of a candidate, where there is one.
    fn record(&self, candidate: &Candidate) -> Option<&Record> {
        let confirmed = self.confirmed.iter().find(|one| one.winner.is_as(candidate))?;
        confirmed.record.as_ref().ok()
    }

    /// What was measured of the winner, with the transfer over this link.
    fn measured(&self, at: &AtBandwidth) -> Option<(f64, &Record)> {
        let record = self.record(at.winner()?)?;
        let (time, sent) = (&record.latency_ms, &record.communication_bytes);
        let transfer = at.link.transfer_ms(sent.upload + sent.download);
        Some((time.total - time.transfer + transfer, record))
    }

    fn json(&self) -> Json<'_> {
        let point = |at: &AtBandwidth| {
            let measured = self.measured(at);
            Some(Point {
                bandwidth_mbit: at.link.bandwidth_bits_per_second / 1e6,
                winner: Way::new(at.winner()?, at),
                measured_total: measured.map(|(total, _)| rounded(total, 3)),
                verified: measured.map(|(_, record)| record.is_exact()),
                algorithms: at.bests.iter().map(|candidate| Way::new(candidate, at)).collect(),
            })
        };
        let crossings = self.landscape.crossings().into_iter().map(|crossing| Crossing {
            bandwidth_mbit: rounded(crossing.bits_per_second / 1e6, 6),
            below: crossing.below,
            above: crossing.above,
        });
        Json {
            schema: SCHEMA,
            objective: Objective::Total.name(),
            margin_bits: self.query.margin_bits,
            rtt_ms: self.query.runs.first().map_or(0.0, |run| run.link.rtt_ms),
            bandwidths: self.landscape.at.iter().filter_map(point).collect(),
            crossings: crossings.collect(),
            confirmed: self.confirmed.iter().filter_map(|one| one.record.as_ref().ok()).collect(),
        }
    }

    /// The answer for people.
    fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.landscape.at.iter().all(|at| at.winner().is_none()) {
            return Ok(());
        }
        if let Some(run) = self.query.runs.first() {
            let (name, threads) = (run.layer.full_name(), counted(run.threads, "thread"));
            writeln!(
                out,
                "which wins where: {name}, {} reduction, {threads}, margin {} bits, {} ms round trip",
                run.reduction.name(),
                self.query.margin_bits,
                run.link.rtt_ms
            )?;
        }
        writeln!(
            out,
            "  {:<12}{:<16}{:<28}{:>10}{:>12}{:>11}  measured",
            "bandwidth", "algorithm", "params", "server ms", "up + down", "total ms"
        )?;
        for at in &self.landscape.at {
            let Some(winner) = at.winner() else { continue };
            let way = Way::new(winner, at);
            let measured = self.measured(at).map_or_else(String::new, |(total, record)| {
                format!("  {total:.1}, {}", record.verdict().label())
            });
            writeln!(
                out,
                "  {:<12}{:<16}{:<28}{:>10.1}{:>12}{:>11.1}{measured}",
                bandwidth_text(at.link.bandwidth_bits_per_second),
                way.algorithm,
                way.params,
                way.server,
                bytes_text(way.upload_bytes + way.download_bytes),
                way.total,
            )?;
        }
        writeln!(out, "{}", self.landscape.changes())?;
        let glyphs = Glyphs::choose(None, |name| std::env::var(name).ok());
        let chart = landscape_chart(self.landscape, glyphs, CHART);
        if !chart.is_empty() {
            writeln!(out, "\ntotal time by bandwidth, each algorithm at its best, as predicted")?;
        }
        chart.iter().try_for_each(|row| writeln!(out, "{}", row.trim_end()))
    }

    /// Whether there are winners, and their runs went well.
    fn verdict(&self) -> Result<(), Failure> {
        if self.landscape.at.iter().all(|at| at.winner().is_none()) {
            let last = self.landscape.rejected.last();
            return Err(Failure::Failed(closest(self.query, last)));
        }
        for Confirmed { winner, record } in &self.confirmed {
            let said = match record {
                Ok(record) => record.fault().map(|fault| fault.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(said) = said {
                let (algorithm, params) = (winner.algorithm(), &winner.params.name);
                return Err(Failure::Failed(format!("{algorithm} with {params}: {said}")));
            }
        }
        Ok(())
    }
}
