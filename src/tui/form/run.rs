//! Fields of what a run works on, over which link, and under which security.

use std::path::{Path, PathBuf};

use super::{Field, Form, by_name, neighbour};
use crate::bfv::security::{SecurityLevel, SecurityTable};
use crate::tui::paths;
use crate::units::{bandwidth, milliseconds};

/// What stands for data that come with the layer.
const OWN_DATA: &str = "the layer's own";

/// The bandwidths that a step goes over, in bits a second.
const BANDWIDTHS: [f64; 8] = [1e6, 1e7, 2.5e7, 1e8, 2.5e8, 1e9, 1e10, 1e11];

/// The round trips that a step goes over, in milliseconds.
const ROUND_TRIPS: [f64; 7] = [0.0, 1.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// Files that a run takes in place of what comes with its layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataFiles {
    /// The weights.
    pub weights: Option<PathBuf>,
    /// The input: a picture, or an array.
    pub input: Option<PathBuf>,
}

impl DataFiles {
    /// The picture, where the input is one.
    pub fn image(&self) -> Option<&Path> {
        self.input.as_deref().filter(|path| paths::is_picture(path))
    }

    /// The array, where the input is one.
    pub fn array(&self) -> Option<&Path> {
        self.input.as_deref().filter(|path| !paths::is_picture(path))
    }
}

impl Form {
    /// The value of a field of the run.
    pub(super) fn run_value(&self, field: Field) -> String {
        let file = |path: &Option<PathBuf>| {
            path.as_deref().map_or_else(|| OWN_DATA.into(), paths::shortened)
        };
        match field {
            Field::Weights => file(&self.data.weights),
            Field::Input => file(&self.data.input),
            Field::Seed => self.seed.map_or_else(|| "auto".into(), |seed| seed.to_string()),
            Field::Bandwidth => bandwidth_text(self.link.bandwidth_bits_per_second),
            Field::RoundTrip => format!("{}ms", self.link.rtt_ms),
            Field::SecurityLevel => self.policy.level.bits().to_string(),
            Field::SecurityTable => self.policy.table.name().into(),
            _ => String::new(),
        }
    }

    /// Takes over a field of the run as typed.
    pub(super) fn parse_run(&mut self, field: Field, text: &str) -> Result<(), String> {
        let of_field = |problem: String| format!("{}: {problem}", field.label());
        match field {
            Field::Weights => self.data.weights = file(text, field, &paths::WEIGHTS)?,
            Field::Input => self.data.input = file(text, field, &paths::INPUTS)?,
            Field::Seed if text == "auto" => self.seed = None,
            Field::Seed => {
                let seed = text.parse();
                let wrong = |_| format!("seed: {text:?} is no whole number from 0 on, nor auto");
                self.seed = Some(seed.map_err(wrong)?);
            }
            Field::Bandwidth => {
                self.link.bandwidth_bits_per_second = bandwidth(text).map_err(of_field)?;
            }
            Field::RoundTrip => self.link.rtt_ms = milliseconds(text).map_err(of_field)?,
            Field::SecurityLevel => {
                self.policy.level = by_name(&SecurityLevel::ALL, text, SecurityLevel::name)?;
            }
            Field::SecurityTable => {
                self.policy.table = by_name(&SecurityTable::ALL, text, SecurityTable::name)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A field of the run one step up or down; `None` where there is none.
    pub(super) fn step_run(&mut self, field: Field, up: bool) -> Option<()> {
        match field {
            Field::Seed => {
                self.seed = match (self.seed, up) {
                    (None, true) => Some(0),
                    (None, false) => return None,
                    (Some(0), false) => None,
                    (Some(seed), true) => Some(seed.checked_add(1)?),
                    (Some(seed), false) => Some(seed - 1),
                };
            }
            Field::Bandwidth => {
                let now = self.link.bandwidth_bits_per_second;
                self.link.bandwidth_bits_per_second = beside(&BANDWIDTHS, now, up)?;
            }
            Field::RoundTrip => {
                self.link.rtt_ms = beside(&ROUND_TRIPS, self.link.rtt_ms, up)?;
            }
            Field::SecurityLevel => {
                self.policy.level = neighbour(&SecurityLevel::ALL, self.policy.level, up)?;
            }
            Field::SecurityTable => {
                self.policy.table = neighbour(&SecurityTable::ALL, self.policy.table, up)?;
            }
            _ => return None,
        }
        Some(())
    }
}

/// A file as typed, or none for the data that come with the layer.
fn file(text: &str, field: Field, endings: &[&str]) -> Result<Option<PathBuf>, String> {
    if text.is_empty() || text == OWN_DATA || text == "own" {
        return Ok(None);
    }
    let path = paths::expanded(text);
    if paths::ends_in_any(&path, endings) {
        return Ok(Some(path));
    }
    Err(format!(
        "{}: {text:?} is no file that ends in {}; own takes {OWN_DATA}",
        field.label(),
        endings.join(", ")
    ))
}

/// The next of the rising `steps` above or below `now`.
fn beside(steps: &[f64], now: f64, up: bool) -> Option<f64> {
    if up {
        steps.iter().copied().find(|step| *step > now)
    } else {
        steps.iter().rev().copied().find(|step| *step < now)
    }
}

/// A bandwidth with its unit, as it is read.
fn bandwidth_text(bits_per_second: f64) -> String {
    let units = [(1e9, "Gbit"), (1e6, "Mbit"), (1e3, "kbit")];
    let found = units.into_iter().find(|(size, _)| bits_per_second >= *size);
    let (size, unit) = found.unwrap_or((1.0, "bit"));
    format!("{}{unit}", bits_per_second / size)
}
