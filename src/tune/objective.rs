//! What a tuner minimises.

use crate::conv::Stage;
use crate::predict::Prediction;
use crate::report::{LatencyMs, Link, Record};

/// A figure of a run, the less the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Objective {
    /// Milliseconds from the input to the output, transfer included.
    Total,
    /// Milliseconds of the server's work online.
    Server,
    /// Bytes to the server.
    Upload,
    /// Bytes back to the client.
    Download,
    /// Bytes in both directions, keys apart.
    Communication,
    /// [`Self::Total`], with the keys made and sent.
    TotalWithKeys,
    /// [`Self::Communication`], with the keys.
    CommunicationWithKeys,
    /// Bytes of weights and keys that the server stores.
    Storage,
    /// Bytes that the server holds at its fullest.
    Memory,
}

impl Objective {
    /// Every objective, the default first.
    pub const ALL: [Self; 9] = [
        Self::Total,
        Self::Server,
        Self::Upload,
        Self::Download,
        Self::Communication,
        Self::TotalWithKeys,
        Self::CommunicationWithKeys,
        Self::Storage,
        Self::Memory,
    ];

    /// The name used on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Server => "server",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Communication => "communication",
            Self::TotalWithKeys => "total-with-keys",
            Self::CommunicationWithKeys => "communication-with-keys",
            Self::Storage => "storage",
            Self::Memory => "memory",
        }
    }

    /// What it is, for a list.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Total => "time from the input to the output, transfer included",
            Self::Server => "time of the server's work online",
            Self::Upload => "bytes to the server",
            Self::Download => "bytes back to the client",
            Self::Communication => "bytes in both directions, keys apart",
            Self::TotalWithKeys => "total of the first inference: the keys are made and sent too",
            Self::CommunicationWithKeys => "bytes in both directions, keys among them",
            Self::Storage => "bytes of weights and keys that the server stores",
            Self::Memory => "bytes that the server holds at its fullest",
        }
    }

    /// Whether it is a time, in milliseconds, which only a run can confirm; else it is exact, in
    /// bytes.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Total | Self::TotalWithKeys | Self::Server)
    }

    /// Its value in a record.
    pub fn of_record(self, record: &Record) -> f64 {
        let (sent, held) = (&record.communication_bytes, &record.storage_bytes);
        let bytes = match self {
            Self::Total => return record.latency_ms.total,
            Self::Server => return record.latency_ms.server,
            Self::Upload => sent.upload,
            Self::Download => sent.download,
            Self::Communication => sent.upload + sent.download,
            Self::TotalWithKeys => {
                let latency = &record.latency_ms;
                return latency.total + latency.keygen + record.link.transfer_ms(sent.keys);
            }
            Self::CommunicationWithKeys => sent.upload + sent.download + sent.keys,
            Self::Storage => held.weights + held.galois_keys,
            Self::Memory => held.server_peak,
        };
        bytes as f64
    }

    /// The least and the most of it over the repeated runs of a record; what is exact has no spread.
    pub fn spread(self, record: &Record) -> [f64; 2] {
        let value = self.of_record(record);
        let of = |latency: &LatencyMs| match self {
            Self::Total => latency.total,
            Self::TotalWithKeys => value - record.latency_ms.total + latency.total,
            Self::Server => latency.server,
            _ => value,
        };
        let ends = record.repeat.map(|repeat| [of(&repeat.min), of(&repeat.max)]);
        ends.into_iter().flatten().fold([value; 2], |[least, most], end| {
            // The runs are in the order of their server times.
            [least.min(end), most.max(end)]
        })
    }

    /// Its value in a prediction, over a link.
    pub fn of_prediction(self, prediction: &Prediction, link: &Link) -> f64 {
        let sizes = &prediction.sizes;
        let bytes = match self {
            Self::Total => {
                let transfer = link.transfer_ms(sizes.upload + sizes.download);
                return prediction.times.online() / 1e6 + transfer;
            }
            Self::TotalWithKeys => {
                let keys = prediction.times.of(Stage::Keygen) / 1e6 + link.transfer_ms(sizes.keys);
                return Self::Total.of_prediction(prediction, link) + keys;
            }
            Self::CommunicationWithKeys => sizes.upload + sizes.download + sizes.keys,
            Self::Server => return prediction.times.server() / 1e6,
            Self::Upload => sizes.upload,
            Self::Download => sizes.download,
            Self::Communication => sizes.upload + sizes.download,
            Self::Storage => sizes.weights + sizes.galois_keys,
            Self::Memory => sizes.server_peak,
        };
        bytes as f64
    }

    /// The same with keys, where it can be had with them.
    pub const fn with_keys(self) -> Option<Self> {
        match self {
            Self::Total | Self::TotalWithKeys => Some(Self::TotalWithKeys),
            Self::Communication | Self::CommunicationWithKeys => Some(Self::CommunicationWithKeys),
            _ => None,
        }
    }

    /// The value for a whole network from those of its layers: memory is needed for one layer at a
    /// time, all else adds up.
    pub fn over_layers(self, values: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::Memory => values.fold(0.0, f64::max),
            _ => values.sum(),
        }
    }

    /// A value with its unit.
    pub fn text(self, value: f64) -> String {
        if self.is_time() {
            format!("{value:.1} ms")
        } else {
            crate::report::bytes_text(value as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::record;

    #[test]
    fn objectives_read_their_figure() {
        let record = record();
        let values = Objective::ALL.map(|objective| objective.text(objective.of_record(&record)));
        let expected = [
            "64.1 ms",
            "9.6 ms",
            "64.0 KiB",
            "32.0 KiB",
            "96.0 KiB",
            "126.1 ms",
            "608.0 KiB",
            "1.00 MiB",
            "2.00 MiB",
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn layers_share_memory_and_add_up_in_all_else() {
        let over = |objective: Objective| objective.over_layers([3.0, 1.0, 2.0].into_iter()) as u64;
        assert_eq!((over(Objective::Memory), over(Objective::Server)), (3, 6));
    }
}
