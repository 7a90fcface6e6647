//! Arguments of every command that runs or predicts convolutions.

use super::{Failure, choices, units};
use crate::arith::kernels::Backend;
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::memory;
use crate::preset::MAX_THREADS;
use crate::report::Link;

/// One or several numbers, separated by commas.
#[derive(Clone, Debug)]
struct Counts(Vec<usize>);

fn counts(text: &str) -> Result<Counts, String> {
    let numbers = text.split(',').map(|number| number.trim().parse());
    let numbers: Result<Vec<usize>, std::num::ParseIntError> = numbers.collect();
    numbers.map(Counts).map_err(|error| error.to_string())
}

/// How to run, whatever is run.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Common {
    /// Threads; all cores where absent. To bench also a list like 1,2; there 1 and all cores where
    /// absent.
    #[arg(long, value_name = "K", value_parser = counts)]
    threads: Option<Counts>,
    /// Seed of data *and* secrets, for experiments alone; data come from seed 1 and secrets from
    /// the operating system where absent.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Instruction set; auto where absent.
    #[arg(long, value_parser = choices::backend(), value_name = "NAME")]
    backend: Option<Backend>,
    /// What a run may hold, client, server and plain data together, like 8GiB; where absent, 80 % of what
    /// the machine, its control group and `ulimit -v` leave.
    #[arg(long, value_parser = units::bytes, value_name = "BYTES")]
    max_memory: Option<u64>,
    /// Run parameters above the security cap, marked as such.
    #[arg(long)]
    insecure: bool,
    /// Security table; bossuat2024 where absent.
    #[arg(long, value_parser = choices::table(), value_name = "NAME")]
    table: Option<SecurityTable>,
    /// Security level in bits; 128 where absent.
    #[arg(long, value_parser = choices::level(), value_name = "BITS")]
    security: Option<SecurityLevel>,
    /// Bandwidth of the link; 100Mbit where absent.
    #[arg(long, value_parser = units::bandwidth, value_name = "RATE")]
    bandwidth: Option<f64>,
    /// Round trip of the link; 10ms where absent.
    #[arg(long, value_parser = units::milliseconds, value_name = "TIME")]
    rtt: Option<f64>,
}

impl Common {
    /// Threads: those of the flag, else of a file, else all cores.
    pub(super) fn threads(&self, file: Option<usize>) -> Result<usize, Failure> {
        match self.threads.as_ref().map(|counts| counts.0.as_slice()) {
            None => checked(file.unwrap_or_else(cores)),
            Some([threads]) => checked(*threads),
            Some(_) => {
                Err(Failure::Input("--threads takes one number here; bench takes a list".into()))
            }
        }
    }

    /// Numbers of threads: those of the flag, each once, else one and all cores.
    pub(super) fn threads_list(&self) -> Result<Vec<usize>, Failure> {
        let all = self.threads.clone().map_or_else(|| vec![1, cores()], |counts| counts.0);
        let mut distinct = Vec::new();
        for threads in all {
            if !distinct.contains(&checked(threads)?) {
                distinct.push(threads);
            }
        }
        Ok(distinct)
    }

    /// The seed of the flag, else of a file.
    pub(super) fn seed(&self, file: Option<u64>) -> Option<u64> {
        self.seed.or(file)
    }

    /// The instruction set.
    pub(super) fn backend(&self) -> Backend {
        self.backend.unwrap_or_else(Backend::detect)
    }

    /// Bytes a run may hold.
    pub(super) fn max_memory(&self) -> u64 {
        self.max_memory.unwrap_or_else(memory::default_limit)
    }

    /// What parameters are held against.
    pub(super) fn policy(&self) -> SecurityPolicy {
        self.policy_over(None)
    }

    /// What parameters are held against: by the flags, else by a file, else by default.
    pub(super) fn policy_over(&self, file: Option<SecurityPolicy>) -> SecurityPolicy {
        let file = file.unwrap_or_default();
        SecurityPolicy {
            table: self.table.unwrap_or(file.table),
            level: self.security.unwrap_or(file.level),
            insecure: self.insecure || file.insecure,
            ..file
        }
    }

    /// The link between client and server.
    pub(super) fn link(&self) -> Link {
        let Link { bandwidth_bits_per_second, rtt_ms } = Link::default();
        Link {
            bandwidth_bits_per_second: self.bandwidth.unwrap_or(bandwidth_bits_per_second),
            rtt_ms: self.rtt.unwrap_or(rtt_ms),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn checked(threads: usize) -> Result<usize, Failure> {
    if (1..=MAX_THREADS).contains(&threads) {
        Ok(threads)
    } else {
        Err(Failure::Input(format!("--threads {threads} must be from 1 to {MAX_THREADS}")))
    }
}
