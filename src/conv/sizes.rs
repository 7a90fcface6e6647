//! Bytes held and sent, exactly, from the plan alone.

use super::{Algorithm, Setting};
use crate::bfv::wire;

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Prepared weights.
    pub weights: u64,
    /// Galois keys as the server holds them.
    pub galois_keys: u64,
    /// All that the server holds at its fullest.
    pub server_peak: u64,
    /// The message to the server.
    pub upload: u64,
    /// The message back.
    pub download: u64,
    /// The message with the keys, once per client.
    pub keys: u64,
}

impl Sizes {
    /// The sizes of a run whose response has `response_bits` bits a coefficient.
    pub fn of(algorithm: &dyn Algorithm, setting: Setting<'_>, response_bits: u32) -> Self {
        let keys = algorithm.galois_elements().len();
        let params = setting.params;
        Self {
            weights: algorithm.weight_bytes(setting),
            galois_keys: keys as u64 * galois_key_bytes(setting),
            server_peak: server_peak(algorithm, setting),
            upload: wire::upload_bytes(params, algorithm.uploads()) as u64,
            download: wire::response_bytes(params, algorithm.downloads(), response_bits) as u64,
            keys: wire::keys_bytes(params, keys) as u64,
        }
    }
}

/// Bytes the server will hold at its fullest.
pub fn server_peak(algorithm: &dyn Algorithm, setting: Setting<'_>) -> u64 {
    let keys = algorithm.galois_elements().len() as u64 * galois_key_bytes(setting);
    keys + algorithm.weight_bytes(setting) + algorithm.working_bytes(setting)
}

/// Bytes that making and sending the keys takes besides the server's own: the client's half of each
/// pair, the message, and the half that was read from it.
pub fn key_exchange_bytes(algorithm: &dyn Algorithm, setting: Setting<'_>) -> u64 {
    let count = algorithm.galois_elements().len();
    count as u64 * galois_key_bytes(setting) + wire::keys_bytes(setting.params, count) as u64
}

/// Bytes of one Galois key in the server's memory.
fn galois_key_bytes(setting: Setting<'_>) -> u64 {
    (2 * setting.limbs() * setting.extended_words() * size_of::<u64>()) as u64
}
