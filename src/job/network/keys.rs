//! The keys of a network, which layers share whose parameters have the same primes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::arith::Modulus;
use crate::bfv::Params;
use crate::conv::{KeyNeeds, Observer, Session};
use crate::job::{JobError, Prepared};
use crate::report::KeyBytes;

/// Primes that keys are made for: the ring degree, how many limbs, and the primes themselves.
type Primes = Vec<u64>;

/// What keys are for. The plaintext modulus is not in it.
fn primes(params: &Params) -> Primes {
    let all = params.limbs().iter().chain(params.special()).map(Modulus::value);
    [params.ring_degree(), params.limbs().len()].map(|n| n as u64).into_iter().chain(all).collect()
}

/// The keys of layers, each once.
#[derive(Default)]
pub(super) struct Keys {
    sets: BTreeMap<Primes, (Params, KeyNeeds)>,
    /// Bytes of each layer's own, in the server's memory.
    own: Vec<u64>,
}

impl Keys {
    /// Adds those of a layer.
    pub(super) fn add(&mut self, layer: &Prepared<'_>) {
        let (params, outline) = (layer.params(), layer.told());
        self.own.push(KeyNeeds::from(&outline).stored_bytes(params));
        let new = || (params.clone(), KeyNeeds::default());
        let (_, needs) = self.sets.entry(primes(params)).or_insert_with(new);
        needs.add(&outline);
    }

    /// Those of all `layers`.
    pub(super) fn of(layers: &[Prepared<'_>]) -> Self {
        let mut keys = Self::default();
        for layer in layers {
            keys.add(layer);
        }
        keys
    }

    /// Their bytes.
    pub(super) fn bytes(&self) -> KeyBytes {
        self.sets.values().fold(KeyBytes::default(), |sum, (params, needs)| KeyBytes {
            stored: sum.stored + needs.stored_bytes(params),
            sent: sum.sent + needs.sent_bytes(params),
        })
    }

    /// Bytes that the layer takes which needs the most, beside the keys of all others. `layers` are those
    /// whose keys these are.
    pub(super) fn most_needed(&self, layers: &[Prepared<'_>]) -> u64 {
        let keys = self.bytes();
        let needed = layers.iter().map(Prepared::needed_bytes).zip(&self.own);
        needed.map(|(needed, own)| keys.beside(needed, *own)).max().unwrap_or(0)
    }
}

/// The sessions of a network: one for each set of primes, opened by the first layer that needs it.
pub(super) struct Sessions<'a> {
    layers: &'a [Prepared<'a>],
    sets: BTreeMap<&'a Primes, (&'a KeyNeeds, OnceLock<Session>)>,
}

impl<'a> Sessions<'a> {
    /// Of all `layers`, whose keys are `keys`; nothing is made yet.
    pub(super) fn of(layers: &'a [Prepared<'a>], keys: &'a Keys) -> Self {
        let set = |(primes, (_, needs)): (&'a Primes, &'a (Params, KeyNeeds))| {
            (primes, (needs, OnceLock::new()))
        };
        Self { layers, sets: keys.sets.iter().map(set).collect() }
    }

    /// The session of layer `index`, and whether it was opened for it.
    ///
    /// # Errors
    /// [`JobError`] where there is no randomness, or the run is cancelled.
    pub(super) fn open(
        &self,
        index: usize,
        observer: &dyn Observer,
    ) -> Result<(&Session, bool), JobError> {
        let layer = &self.layers[index];
        let (needs, cell) = &self.sets[&primes(layer.params())];
        if let Some(session) = cell.get() {
            return Ok((session, false));
        }
        let session = layer.open(needs, index as u64, observer)?;
        Ok((cell.get_or_init(|| session), true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bfv::PrimeSpec;
    use crate::conv::{AlgorithmKind, Choice, Silent};
    use crate::job::{RunSpec, data};
    use crate::preset::Catalogue;

    /// Layers whose primes are equal are run with one set of keys, whatever their plaintext modulus and
    /// however many outputs share a polynomial; it is as large as told before.
    #[test]
    fn layers_of_equal_primes_share_their_keys() {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let layer = catalogue.layer("bench/c16-32-k3").expect("exists");
        let spec = |params, algorithm, shared_by| {
            let params = catalogue.params_set(params).expect("exists");
            let pinned = Choice { shared_by: Some(shared_by), ..Choice::default() };
            RunSpec { algorithm, pinned, seed: Some(9), ..RunSpec::new(layer.clone(), params) }
        };
        let mut specs = [
            spec("n4096-t20", AlgorithmKind::HadamardFused, 1),
            spec("n4096-t20", AlgorithmKind::Padded, 4),
            spec("n4096-q44-t20", AlgorithmKind::Interleaved, 2),
            spec("n4096-t20", AlgorithmKind::Interleaved, 2),
        ];
        specs[1].params.plain = PrimeSpec::Bits(18);
        let layers: Vec<Prepared<'_>> =
            specs.iter().map(|spec| Prepared::new(spec).expect("valid")).collect();
        let keys = Keys::of(&layers);
        let sessions = Sessions::of(&layers, &keys);
        let (mut new, mut bytes) = (Vec::new(), KeyBytes::default());
        for (index, prepared) in layers.iter().enumerate() {
            let (session, is_new) = sessions.open(index, &Silent).expect("opens");
            new.push(is_new);
            if is_new {
                bytes.stored += session.stored_bytes();
                bytes.sent += session.sent_bytes();
            }
            let layer = crate::conv::Layer::new(&specs[index].layer.spec).expect("valid");
            let data = data::load(&specs[index], &layer, &layer, 5).expect("loads");
            let result = prepared.run_in((session, is_new), data, &Silent).expect("runs");
            assert!(result.record.is_exact());
            assert_eq!(result.record.latency_ms.keygen > 0.0, is_new);
        }
        assert_eq!(new, [true, false, true, false]);
        assert_eq!(bytes, keys.bytes());
        let apart: u64 =
            layers.iter().map(|one| KeyNeeds::from(&one.told()).sent_bytes(one.params())).sum();
        assert!(bytes.sent < apart, "{} {apart}", bytes.sent);
    }
}
