//! One layer of a network.

use std::time::Duration;

use ndarray::Array3;

use super::NetworkObserver;
use super::keys::Sessions;
use super::resume::{Finished, digest};
use crate::job::data::FromFile;
use crate::job::{JobError, Prepared, RunData, RunSpec};
use crate::network::{self, Convolution, LayerReport};
use crate::report::{NetworkLayer, Record, rounded};

/// One convolution: encrypted, or plain where an earlier run has verified it on the same data.
pub(super) fn convolve(
    call: &Convolution<'_>,
    (prepared, run): (&Prepared<'_>, &RunSpec),
    sessions: &Sessions<'_>,
    finished: &[Finished],
    from_file: FromFile,
    observer: &dyn NetworkObserver,
) -> Result<(Half, Array3<i64>), JobError> {
    observer.layer(call.index);
    let digest = digest(call, run);
    if let Some(earlier) = finished.iter().find(|one| one.is_of(&digest)) {
        let Ok(sums) = network::plain(call);
        return Ok((Half::Earlier(Box::new(earlier.clone())), sums));
    }
    let data = RunData {
        input: call.input.clone(),
        weights: call.weights.clone(),
        from_file,
        bias: call.bias.cloned(),
        stream: call.index as u64,
    };
    let session = sessions.open(call.index, observer)?;
    let result = prepared.run_in(session, data, observer)?;
    let limb = result.record.params.limbs.first().map_or(0, |limb| limb.ilog2() + 1);
    observer.uploaded(&result.upload_sample, limb);
    let layer = call.layer.name().to_owned();
    match result.record.fault() {
        Some(fault) => Err(JobError::Wrong { layer, fault }),
        None => Ok((Half::New { digest, record: Box::new(result.record) }, result.output)),
    }
}

/// A layer before what follows its convolution.
pub(super) enum Half {
    New { digest: String, record: Box<Record> },
    Earlier(Box<Finished>),
}

impl Half {
    pub(super) fn finish(
        self,
        activation: LayerReport,
        time: Duration,
        from_file: FromFile,
    ) -> Finished {
        match self {
            // The same integers may stand for other values.
            Self::Earlier(mut finished) => {
                finished.layer.record = from_file.record(finished.layer.record);
                finished.layer.activation = activation;
                finished.layer.signal_to_noise_db = None;
                *finished
            }
            Self::New { digest, record } => {
                let (record, signal_to_noise_db) = (*record, None);
                let activation_ms = rounded(time.as_secs_f64() * 1e3, 3);
                let layer = NetworkLayer { record, activation, signal_to_noise_db, activation_ms };
                Finished::new(digest, layer)
            }
        }
    }
}
