//! What the layers of a network cost in another way.

use super::NetworkObserver;
use super::keys::Keys;
use crate::bfv::Params;
use crate::conv::ConvError;
use crate::job::{JobError, Prepared, RunSpec};
use crate::report::{Comparison, NetworkTotals, Ratios, Record, Verdict};

/// How ciphertexts are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// As heconv sends them: uploads as one polynomial and a seed, responses switched down.
    Compact,
    /// Both polynomials of every ciphertext modulo Q, each coefficient in as many bits as its prime
    /// has.
    Plain,
}

/// Another way to run the layers of a network.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// A short name.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// How each layer is run.
    pub layers: Vec<RunSpec>,
    /// How its ciphertexts are sent.
    pub wire: Wire,
}

impl Baseline {
    /// Runs every layer by itself, on its own data, and holds the totals against `run`.
    ///
    /// # Errors
    /// [`JobError`] where a layer cannot be run, or the run is cancelled.
    pub fn compare(
        &self,
        run: &NetworkTotals,
        observer: &dyn NetworkObserver,
    ) -> Result<Comparison, JobError> {
        let mut layers = Vec::new();
        let mut keys = Keys::default();
        for (index, spec) in self.layers.iter().enumerate() {
            observer.layer(index);
            if observer.is_cancelled() {
                return Err(JobError::Run(ConvError::Cancelled));
            }
            let prepared = Prepared::new(spec)?;
            // Layers are run apart, each with keys of its own; those that they could share count once, as
            // those of the network do.
            keys.add(&prepared);
            let mut record = prepared.run(observer)?.record;
            if self.wire == Wire::Plain {
                send_plainly(&mut record, spec)?;
            }
            layers.push(record);
        }
        let totals = NetworkTotals::of(layers.iter(), 0.0, keys.bytes());
        Ok(Comparison {
            name: self.name.clone(),
            about: self.about.clone(),
            verdict: Verdict::worst(&layers),
            ratios: Ratios::of(&totals, run),
            layers,
            totals,
        })
    }
}

/// Puts the messages of a record in the place of compact ones.
fn send_plainly(record: &mut Record, spec: &RunSpec) -> Result<(), JobError> {
    let params = Params::new(&spec.params, &spec.policy)
        .map_err(|source| JobError::Params { params: spec.params.name.clone(), source })?;
    let Some(sent) = record.ciphertexts else { return Ok(()) };
    let bits: usize = params.limbs().iter().map(|limb| limb.bits() as usize).sum();
    let bytes = |count: usize| (2 * count * params.ring_degree() * bits).div_ceil(8) as u64;
    let messages = &mut record.communication_bytes;
    (messages.upload, messages.download) = (bytes(sent.upload), bytes(sent.download));
    (messages.predicted_upload, messages.predicted_download) = (None, None);
    (record.messages, record.response) = (None, None);
    let transfer = spec.link.transfer_ms(messages.upload + messages.download);
    record.latency_ms = record.latency_ms.with_transfer(transfer);
    Ok(())
}
