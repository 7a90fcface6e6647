//! Exports: of the experiment, of the runs of Compare, of the rows of a sweep.

use std::path::{Path, PathBuf};

use super::{App, Asking, Overlay, Tone, What};
use crate::preset::{
    Experiment, ExportFormat, LayerPreset, experiment_toml, export_text, unknown_export_ending,
};
use crate::report::{Record, SweepRow, TableFormat, table_text, unknown_table_ending};
use crate::tui::beside::Beside;
use crate::tui::event::{Effect, ExportError};
use crate::tui::network::NetworkRow;
use crate::tui::paths;
use crate::tui::sweep::Runs;

/// What a file of a layer is called, without its ending.
pub(super) fn file_stem(layer: &LayerPreset) -> String {
    layer.spec.name.replace(['/', '\\'], "-")
}

impl App {
    /// The form as an experiment file.
    pub(super) fn experiment(&self) -> String {
        let (experiment, record) = self.form_and_figures();
        experiment_toml(&experiment, record)
    }

    /// The form as an experiment, and the figures of the run shown where that is its run.
    fn form_and_figures(&self) -> (Experiment, Option<&Record>) {
        let shown = self.shown().filter(|run| run.form.as_ref() == Some(&self.form));
        (self.form.experiment(), shown.map(|run| &run.record))
    }

    /// Asks where to write the runs of Compare.
    pub(super) fn ask_for_runs(&mut self) -> Vec<Effect> {
        if self.compare.order().is_empty() {
            self.message = Some((Tone::Bad, "not exported: there are no runs yet".into()));
            return Vec::new();
        }
        self.ask(Asking::ExportRuns, "runs.csv".into())
    }

    /// Asks where to write the rows of the sweep.
    pub(super) fn ask_for_rows(&mut self) -> Vec<Effect> {
        if self.rows().is_empty() {
            self.message = Some((Tone::Bad, "not exported: no point has figures yet".into()));
            return Vec::new();
        }
        self.ask(Asking::ExportRows, "sweep.csv".into())
    }

    /// Asks for a directory for the layers of the network.
    pub(super) fn ask_for_directory(&mut self) -> Vec<Effect> {
        let name = self.networks.chosen().map_or_else(String::new, |one| one.name().to_owned());
        let form = self.networks.rows.first().map_or(&self.form, |row| &row.form);
        let params = form.params.name.clone();
        self.ask(Asking::ExportLayers, format!("{name}-{params}"))
    }

    /// Exports every layer of the network as an experiment to a new directory.
    pub(super) fn export_layers(&mut self, text: &str) -> Vec<Effect> {
        let layer = |row: &NetworkRow| {
            let record = row.finished.as_ref().map(|finished| &finished.layer.record);
            let text = experiment_toml(&row.form.experiment(), record);
            let name = format!("{}.toml", file_stem(&row.form.layer));
            let beside = Beside::of(&row.form.layer);
            let told = beside.as_ref().map(|_| Beside::told(Path::new(&name)));
            (name, told.unwrap_or_default() + &text, beside)
        };
        let files: Vec<_> = self.networks.rows.iter().map(layer).collect();
        let directory = paths::expanded(text);
        if files.is_empty() || directory.as_os_str().is_empty() {
            return Vec::new();
        }
        vec![Effect::ExportAll { directory, files }]
    }

    /// Exports to the path that a prompt asked for. Where its ending says nothing, the prompt stays.
    pub(super) fn export_path(&mut self, asking: Asking, text: &str) -> Vec<Effect> {
        let path = paths::expanded(text);
        let (what, problem) = match asking {
            Asking::ExportRuns => (What::Runs, Self::unknown_table(&path)),
            Asking::ExportRows => (What::Points, Self::unknown_table(&path)),
            _ => {
                let known = ExportFormat::of(&path).is_some();
                (What::Experiment, (!known).then(unknown_export_ending))
            }
        };
        if let Some(problem) = problem {
            self.message = Some((Tone::Bad, format!("the name {problem}")));
            return self.ask(asking, text.into());
        }
        self.saving = what;
        self.save_to(path, false)
    }

    fn unknown_table(path: &Path) -> Option<String> {
        TableFormat::of(path).is_none().then(unknown_table_ending)
    }

    /// The form, in some format.
    pub(super) fn experiment_text(&self, format: ExportFormat) -> Result<String, String> {
        let (experiment, record) = self.form_and_figures();
        export_text(format, &experiment, record).map_err(|error| error.to_string())
    }

    /// The points of the sweep, or the runs, as a table.
    pub(super) fn table_text(&self, format: TableFormat, points: bool) -> Result<String, String> {
        let rows = if points { self.rows() } else { self.runs() };
        table_text(format, &rows).map_err(|error| error.to_string())
    }

    /// The runs of Compare, as sorted.
    fn runs(&self) -> Vec<SweepRow> {
        let runs = self.compare.order().iter().filter_map(|&index| self.compare.run(index));
        runs.map(|run| run.record.clone().into()).collect()
    }

    /// The rows of the sweep, as sorted: those with figures, and those that failed.
    fn rows(&self) -> Vec<SweepRow> {
        let rows = self.sweep.order().iter().filter_map(|&index| self.sweep.rows().get(index));
        let predicted = self.sweep.scope.runs == Runs::Predicted;
        rows.filter_map(|row| row.to_export(predicted, self.max_memory, self.sweep.repeat()))
            .collect()
    }

    pub(super) fn exported(&mut self, result: Result<PathBuf, ExportError>) {
        match result {
            Ok(path) => {
                self.remember_directory(&path);
                self.message = Some((Tone::Info, format!("exported to {}", path.display())));
            }
            Err(ExportError::Exists(path)) => self.overlay = Some(Overlay::Overwrite(path)),
            Err(ExportError::Failed(problem)) => {
                self.message = Some((Tone::Bad, format!("not exported: {problem}")));
            }
        }
    }
}
