//! The message of the keys by which ciphertexts come to share a polynomial.
//!
//! After the header and the seed come the polynomials B: for each ciphertext and each digit one for each
//! secret, packed as those of Galois keys are.

use super::{HEADER_BYTES, Kind, Reader, SEED_BYTES, WireError, Writer, limb_bits, packed_bytes};
use crate::arith::Modulus;
use crate::bfv::{Context, Params, SHARED_BY, SeededSharingKeys};

/// Bytes of the message with keys for ciphertexts of `limbs` limbs, of which `by` share a polynomial;
/// there is none where nothing is shared.
pub fn sharing_keys_bytes(params: &Params, limbs: usize, by: usize) -> usize {
    if by == 1 {
        return 0;
    }
    let bits = limb_bits(params).take(limbs).chain(params.special().map(Modulus::bits));
    HEADER_BYTES + SEED_BYTES + by * by * limbs * packed_bytes(params.ring_degree(), bits)
}

/// Writes sharing keys.
pub fn write_sharing_keys(context: &Context, keys: &SeededSharingKeys) -> Vec<u8> {
    let size = sharing_keys_bytes(context.params(), keys.limbs, keys.by);
    let bits = [keys.limbs as u8, 0];
    let mut writer = Writer::new(context, Kind::SharingKeys, bits, keys.polys.len(), size);
    writer.share(keys.by);
    writer.bytes.extend(keys.seed);
    keys.polys.iter().for_each(|poly| writer.poly(poly));
    writer.bytes
}

/// Reads sharing keys.
///
/// # Errors
/// [`WireError`] for bytes that [`write_sharing_keys`] would not write under these parameters.
pub fn read_sharing_keys(context: &Context, bytes: &[u8]) -> Result<SeededSharingKeys, WireError> {
    let mut reader = Reader::open(context, bytes, Kind::SharingKeys)?;
    if context.params().special().is_none() {
        return Err(WireError::NoSpecial);
    }
    let [limbs, filling] = reader.bits;
    let level = context.of(limbs.into());
    if level.params().limbs().len() != usize::from(limbs) {
        return Err(WireError::Limbs(limbs.into()));
    }
    if filling != 0 {
        return Err(WireError::Filling);
    }
    let header = |field, value| Err(WireError::Header { field, value });
    let Some(by) = SHARED_BY.into_iter().find(|by| *by > 1 && *by as u64 == reader.shared_by)
    else {
        return header("shared_by", reader.shared_by);
    };
    let limbs = usize::from(limbs);
    if reader.count != by * by * limbs {
        return header("count", reader.count as u64);
    }
    reader.expect_length(sharing_keys_bytes(context.params(), limbs, by))?;
    let seed = reader.array()?;
    let polys = (0..reader.count).map(|_| reader.poly(level.extended_basis()));
    Ok(SeededSharingKeys { limbs, by, seed, polys: polys.collect::<Result<_, _>>()? })
}
