//! The figures of a record that runs are sorted, compared and drawn by.

use crate::report::{Record, bytes_text};

/// A figure of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Server milliseconds.
    Server,
    /// Total milliseconds.
    Total,
    /// Noise budget left.
    Noise,
    /// Weight storage.
    Weights,
    /// Upload and download.
    Sent,
    /// The server's memory.
    Peak,
}

impl Metric {
    /// Every metric, in the order of tables.
    pub const ALL: [Self; 6] =
        [Self::Server, Self::Total, Self::Noise, Self::Weights, Self::Sent, Self::Peak];

    /// The name with its unit, where figures come without.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Server => "server ms",
            Self::Total => "total ms",
            Self::Noise => "bits left",
            Self::Weights => "weights",
            Self::Sent => "sent",
            Self::Peak => "peak",
        }
    }

    /// The figure of a record.
    pub const fn figure(self, record: &Record) -> f64 {
        match self {
            Self::Server => record.latency_ms.server,
            Self::Total => record.latency_ms.total,
            Self::Noise => record.noise_bits.last,
            Self::Weights => record.storage_bytes.weights as f64,
            Self::Sent => {
                let sent = &record.communication_bytes;
                (sent.upload + sent.download) as f64
            }
            Self::Peak => record.storage_bytes.server_peak as f64,
        }
    }

    /// Whether more of it is better.
    pub const fn more_is_better(self) -> bool {
        matches!(self, Self::Noise)
    }

    /// A figure as text.
    pub fn text(self, figure: f64) -> String {
        match self {
            Self::Weights | Self::Sent | Self::Peak => bytes_text(figure as u64),
            Self::Server | Self::Total | Self::Noise => format!("{figure:.1}"),
        }
    }

    /// The metric after this one, round and round.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|metric| *metric == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}
