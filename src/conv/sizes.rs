//! Bytes held and sent, exactly, from the plan alone.

use super::{KeyNeeds, Outline, Setting};
use crate::bfv::wire::{self, Parts};
use crate::bfv::{GaloisKey, GaloisKeyId, Params, SharingKeys, Widths};

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
    /// What the bytes of the upload are for.
    pub upload_parts: Parts,
    /// What those of the download are for.
    pub download_parts: Parts,
}

impl Sizes {
    /// The sizes of a run with this outline whose response has these widths; the outline is for as many
    /// threads as are told.
    pub fn of(outline: &Outline, setting: Setting<'_>, response: Widths, threads: usize) -> Self {
        let (params, keys) = (setting.params, KeyNeeds::from(outline));
        let (read, shared_by) = (&outline.downloads, outline.shared_by);
        let upload_parts = wire::upload_parts(params, &outline.uploads);
        let download_parts = wire::response_parts(params, read, response, shared_by);
        Self {
            weights: outline.weight_bytes,
            galois_keys: keys.stored_bytes(params),
            server_peak: server_peak(outline, setting, response, threads),
            upload: upload_parts.total(),
            download: download_parts.total(),
            upload_parts,
            download_parts,
            keys: keys.sent_bytes(params),
        }
    }
}

/// Bytes the server will hold at its fullest on `threads` threads: the most of what it holds while it
/// reads the keys, prepares the weights, reads the upload, convolves, and writes the response, which
/// has these widths. Each message is held beside what is made of it.
pub fn server_peak(
    outline: &Outline,
    setting: Setting<'_>,
    response: Widths,
    threads: usize,
) -> u64 {
    let params = setting.params;
    let Outline { keys: ids, uploads, downloads: read, output_limbs, working, .. } = outline;
    let keys = galois_key_bytes(params, ids);
    // Half of a key is read, the other half drawn from a seed, as many at a time as there are threads.
    let largest = ids.iter().map(|key| seeded_key_bytes(params, &[*key])).max().unwrap_or(0);
    let together = threads.min(ids.len()) as u64 * largest;
    let sharing = sharing_key_bytes(params, *output_limbs, outline.shared_by);
    // These are read all at once.
    let reading_sharing = keys
        + sharing
        + sharing_message_bytes(outline, params)
        + seeded_sharing_bytes(outline, params);
    let reading_keys = keys + together + wire::keys_bytes(params, ids) as u64;
    let words = |words: usize| (words * size_of::<u64>()) as u64;
    let ciphertexts = |count: usize, limbs| words(2 * count * limbs * setting.ring_degree());
    let (limbs, inputs, outputs) = (setting.limbs(), uploads.len(), read.len());
    // What is read of an upload is let go as ciphertexts are made of it, as many at a time as there are
    // threads.
    let reading = threads.min(inputs) * limbs * setting.ring_degree();
    let upload = wire::upload_bytes(params, uploads) as u64 + words(reading);
    // An output is dropped when it has been switched down.
    let read_words = outline.read_count(setting.ring_degree());
    let groups = setting.groups(outputs);
    let download = words(groups * setting.ring_degree() + read_words)
        + wire::response_bytes(params, read, response, setting.shared_by) as u64;
    let inference = ciphertexts(inputs, limbs)
        + upload.max(download).max(ciphertexts(outputs, *output_limbs) + working.scratch);
    let held = keys + sharing + outline.weight_bytes;
    reading_keys.max(reading_sharing).max(held + working.prepare.max(working.space + inference))
}

/// No less than [`server_peak`], without knowing the response.
pub fn server_peak_bound(outline: &Outline, setting: Setting<'_>, threads: usize) -> u64 {
    server_peak(outline, setting, Widths::most(setting.ring_degree()), threads)
}

/// Bytes that a run takes besides the server's own and its data: the client's half of each pair of a
/// key, the message with the keys, and what noise is predicted from.
pub fn beside_server_bytes(outline: &Outline, setting: Setting<'_>) -> u64 {
    seeded_key_bytes(setting.params, &outline.keys)
        + wire::keys_bytes(setting.params, &outline.keys) as u64
        + seeded_sharing_bytes(outline, setting.params)
        + sharing_message_bytes(outline, setting.params)
        + outline.gains_bytes
}

/// Bytes of the keys by which outputs of `limbs` limbs come to share polynomials, `by` of them one, in the
/// server's memory.
pub fn sharing_key_bytes(params: &Params, limbs: usize, by: usize) -> u64 {
    if by > 1 { SharingKeys::predicted_bytes(params, limbs, by) } else { 0 }
}

/// Bytes of the message with them.
fn sharing_message_bytes(outline: &Outline, params: &Params) -> u64 {
    wire::sharing_keys_bytes(params, outline.output_limbs, outline.shared_by) as u64
}

/// Bytes of what the client makes of them, and the server reads.
fn seeded_sharing_bytes(outline: &Outline, params: &Params) -> u64 {
    match (outline.shared_by, outline.output_limbs) {
        (1, _) => 0,
        (by, limbs) => {
            let polys = by * by * limbs;
            (polys * (limbs + 1) * params.ring_degree() * size_of::<u64>()) as u64
        }
    }
}

/// Bytes of Galois keys in the server's memory.
pub fn galois_key_bytes(params: &Params, keys: &[GaloisKeyId]) -> u64 {
    keys.iter().map(|key| GaloisKey::predicted_bytes(params, key.limbs)).sum()
}

/// Bytes of Galois keys as the client makes them and the server reads them: half of each pair, in words.
pub fn seeded_key_bytes(params: &Params, keys: &[GaloisKeyId]) -> u64 {
    let words = |key: &GaloisKeyId| key.limbs * (key.limbs + 1) * params.ring_degree();
    (keys.iter().map(words).sum::<usize>() * size_of::<u64>()) as u64
}
