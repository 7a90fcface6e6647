//! Keys exchanged once, for as many runs as there are under the same primes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::client::Client;
use super::sizes::{galois_key_bytes, sharing_key_bytes};
use super::{ConvError, Observer, Outline, Stage, Steps};
use crate::bfv::{Context, GaloisKeyId, GaloisKeys, Params, SharingKeys, wire};
use crate::ring::sampling::Seed;

/// The keys that runs need, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNeeds {
    galois: BTreeSet<GaloisKeyId>,
    /// Of outputs that share polynomials their limbs, and how many share.
    sharing: BTreeSet<(usize, usize)>,
}

impl KeyNeeds {
    /// Adds those of a run with this outline.
    pub fn add(&mut self, outline: &Outline) {
        self.galois.extend(&outline.keys);
        self.sharing.extend(sharing_of(outline.output_limbs, outline.shared_by));
    }

    /// Bytes of the keys in the server's memory.
    pub fn stored_bytes(&self, params: &Params) -> u64 {
        let sharing = self.sharing.iter();
        let sharing = sharing.map(|(limbs, by)| sharing_key_bytes(params, *limbs, *by));
        galois_key_bytes(params, &self.galois()) + sharing.sum::<u64>()
    }

    /// Bytes of the messages with them.
    pub fn sent_bytes(&self, params: &Params) -> u64 {
        let sharing = self.sharing.iter();
        let sharing = sharing.map(|(limbs, by)| wire::sharing_keys_bytes(params, *limbs, *by));
        (wire::keys_bytes(params, &self.galois()) + sharing.sum::<usize>()) as u64
    }

    fn galois(&self) -> Vec<GaloisKeyId> {
        self.galois.iter().copied().collect()
    }

    /// How many secrets outputs are read under at most.
    fn shared_by(&self) -> usize {
        self.sharing.iter().map(|(_, by)| *by).max().unwrap_or(1)
    }

    /// Keys to make.
    fn count(&self) -> u64 {
        let sharing: usize = self.sharing.iter().map(|(_, by)| *by).sum();
        (self.galois.len() + sharing) as u64
    }
}

impl From<&Outline> for KeyNeeds {
    fn from(outline: &Outline) -> Self {
        let mut needs = Self::default();
        needs.add(outline);
        needs
    }
}

/// What names a set of sharing keys, where anything is shared.
fn sharing_of(limbs: usize, by: usize) -> Option<(usize, usize)> {
    (by > 1).then_some((limbs, by))
}

/// A client, and a server that has its keys. It serves any number of runs whose parameters have the same
/// ring and primes, whatever their plaintext modulus.
pub struct Session {
    client: Client,
    galois: GaloisKeys,
    sharing: BTreeMap<(usize, usize), SharingKeys>,
    sent: u64,
    time: Duration,
}

impl Session {
    /// A client with new secrets, all from the seed `secrets`, makes the keys and sends them.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`] when the observer wants to stop.
    pub fn open(
        context: &Context,
        secrets: &Seed,
        needs: &KeyNeeds,
        observer: &dyn Observer,
    ) -> Result<Self, ConvError> {
        let steps = Steps::enter(observer, Stage::Keygen, needs.count())?;
        let begin = Instant::now();
        let client = Client::new(context, secrets, needs.shared_by());
        let bytes = client.keys(context, &needs.galois(), steps)?;
        let galois = match bytes.as_slice() {
            [] => GaloisKeys::default(),
            bytes => GaloisKeys::receive(context, bytes, || steps.check())?,
        };
        let mut sent = bytes.len();
        drop(bytes);
        let mut sharing = BTreeMap::new();
        for (limbs, by) in needs.sharing.iter().copied() {
            let bytes = client.sharing_keys(context, limbs, by);
            sent += bytes.len();
            let received = wire::read_sharing_keys(context, &bytes)?;
            sharing.insert((limbs, by), SharingKeys::expand(context, &received));
            steps.advance(by as u64)?;
        }
        let (sent, time) = (sent as u64, begin.elapsed());
        Ok(Self { client, galois, sharing, sent, time })
    }

    /// The client.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The keys that the server rotates by.
    pub const fn galois(&self) -> &GaloisKeys {
        &self.galois
    }

    /// Those by which outputs of so many limbs share polynomials, `by` of them one; `None` where each
    /// has its own.
    ///
    /// # Errors
    /// [`ConvError::MissingSharingKeys`] where the client sent none for them.
    pub fn sharing(&self, limbs: usize, by: usize) -> Result<Option<&SharingKeys>, ConvError> {
        let Some(name) = sharing_of(limbs, by) else { return Ok(None) };
        let keys = self.sharing.get(&name);
        Ok(Some(keys.ok_or(ConvError::MissingSharingKeys { limbs, by })?))
    }

    /// Bytes of all keys in the server's memory.
    pub fn stored_bytes(&self) -> u64 {
        self.galois.bytes() + self.sharing.values().map(SharingKeys::bytes).sum::<u64>()
    }

    /// Bytes of the messages with them.
    pub const fn sent_bytes(&self) -> u64 {
        self.sent
    }

    /// How long it took.
    pub const fn time(&self) -> Duration {
        self.time
    }
}
