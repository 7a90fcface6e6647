//! The machine a run was made on.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, RefreshKind, System};

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Processors this process may use.
    pub cores: usize,
}

impl Machine {
    /// This machine, looked at once.
    pub fn detect() -> Self {
        static MACHINE: OnceLock<Machine> = OnceLock::new();
        MACHINE.get_or_init(Self::look).clone()
    }

    fn look() -> Self {
        let refresh = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
        let system = System::new_with_specifics(refresh);
        let cpu =
            system.cpus().first().map_or_else(String::new, |cpu| cpu.brand().trim().to_owned());
        let cpu = if cpu.is_empty() { std::env::consts::ARCH.to_owned() } else { cpu };
        Self { cpu, cores: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// The most bytes of memory that this process has held so far, on systems that tell.
pub fn process_peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
