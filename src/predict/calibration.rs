//! What primitives cost on this machine, measured once.

use std::fs;
use std::io;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use super::probe;
use crate::arith::kernels::Backend;
use crate::conv::cost::CostTable;
use crate::files;
use crate::report::Machine;

/// The costs of one backend of one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The version of this program that measured.
    heconv_version: String,
    /// The processor it measured.
    cpu: String,
    /// The backend.
    backend: String,
    /// The costs.
    pub costs: CostTable,
}

impl Calibration {
    /// The calibration measured before on this machine with this version, or one measured now, in
    /// about two seconds.
    ///
    /// # Errors
    /// Why it cannot be measured, in one line.
    pub fn load_or_measure(backend: Backend) -> Result<Self, String> {
        if let Some(known) = Self::load(backend) {
            return Ok(known);
        }
        let measured = Self::measure(backend)?;
        // Without a cache the next start measures again; that is no reason to fail.
        let _ = measured.save();
        Ok(measured)
    }

    /// The calibration in the cache, where it is of this machine and version.
    pub fn load(backend: Backend) -> Option<Self> {
        let text = fs::read(cache_file(backend).ok()?).ok()?;
        let calibration: Self = serde_json::from_slice(&text).ok()?;
        let is_mine = calibration.heconv_version == env!("CARGO_PKG_VERSION")
            && calibration.backend == backend.name()
            && calibration.cpu == Machine::detect().cpu;
        is_mine.then_some(calibration)
    }

    /// Measures this machine, on one core, in about two seconds.
    ///
    /// # Errors
    /// Why it cannot be measured, in one line.
    pub fn measure(backend: Backend) -> Result<Self, String> {
        Ok(Self {
            heconv_version: env!("CARGO_PKG_VERSION").into(),
            cpu: Machine::detect().cpu,
            backend: backend.name().into(),
            costs: probe::measure(backend).map_err(|error| error.to_string())?,
        })
    }

    /// Writes the cache and gives its path.
    ///
    /// # Errors
    /// That there is no cache directory, or it cannot be written.
    pub fn save(&self) -> io::Result<PathBuf> {
        let backend = Backend::ALL.into_iter().find(|backend| backend.name() == self.backend);
        let path = cache_file(backend.unwrap_or(Backend::Portable))?;
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        files::replace(&path, &text)?;
        Ok(path)
    }
}

/// `heconv/calibration-BACKEND.json` in the XDG cache directory.
fn cache_file(backend: Backend) -> io::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy()
        .map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
    let name = format!("calibration-{}.json", backend.name());
    Ok(strategy.cache_dir().join("heconv").join(name))
}
