//! The wire format: bit-packed messages and a parser that rejects what it does not know.
//!
//! A message is a header of 32 bytes, a body, and nothing after it:
//!
//! | bytes | content |
//! |---|---|
//! | 0..4 | `HECV` |
//! | 4 | version, 2 |
//! | 5 | kind: 1 keys, 2 upload, 3 response, 4 sharing keys |
//! | 6 | bits of c1 of a response, limbs of ciphertexts that sharing keys are for, 0 otherwise |
//! | 7 | bits of c0 of a response, at most those of c1, 0 otherwise |
//! | 8..16 | fingerprint of the parameters, little-endian |
//! | 16..24 | number of keys or ciphertexts, little-endian |
//! | 24..32 | of a response how many ciphertexts share c1, of sharing keys how many they are for, 0 otherwise |
//!
//! Keys and uploads go on with the 32-byte public seed; a key starts with its limbs and its Galois
//! element in 4 bytes each. Polynomials of keys are packed limb after limb, each word in the bits of its prime,
//! and c0 of an upload digit after digit (see [`SeededCiphertext`]), each in the bits of the largest that it
//! can be. The lowest bit is first; every polynomial is filled up to a whole byte with zero bits. Of c0 there
//! are the coefficients that are of use, which both sides know from the plan.

use std::sync::Arc;

use super::upload::largest_digits;
use super::{
    Coefficients, Context, GaloisKeyId, Params, Response, SeededCiphertext, SeededGaloisKey,
    SeededGaloisKeys, Widths,
};
use crate::arith::{Packer, Unpacker};
use crate::ring::{Basis, GaloisElement, NttForm, Poly};

const MAGIC: [u8; 4] = *b"HECV";
const VERSION: u8 = 2;
const HEADER_BYTES: usize = 32;
const SEED_BYTES: usize = 32;
const ID_BYTES: usize = 8;
/// Where the header says how many ciphertexts share a polynomial.
const SHARED_BYTES: std::ops::Range<usize> = 24..32;

/// What a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Keys = 1,
    Upload = 2,
    Response = 3,
    SharingKeys = 4,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends early or goes on too long.
    #[error("message of {found} bytes, expected {expected}")]
    Length {
        /// Bytes there are.
        found: usize,
        /// Bytes there should be.
        expected: usize,
    },
    /// The first bytes are not those of a message.
    #[error("not a heconv message")]
    Magic,
    /// The message is of another version.
    #[error("message version {0}, this program reads version {VERSION}")]
    Version(u8),
    /// The message carries something else.
    #[error("message of kind {found}, expected {expected}")]
    Kind {
        /// The kind there is.
        found: u8,
        /// The kind there should be.
        expected: u8,
    },
    /// The message was made under other parameters.
    #[error("message made under other parameters")]
    Parameters,
    /// A count or size in the header is out of range.
    #[error("{field} = {value} in the header is out of range")]
    Header {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// A word is larger than any that is written.
    #[error("a coefficient is not below its modulus")]
    Coefficient,
    /// Bits that must be zero are not.
    #[error("bits that must be zero are set")]
    Filling,
    /// Keys do not rise.
    #[error("keys are not in the order of their limbs and Galois elements")]
    Order,
    /// A Galois element is even or not below 2N.
    #[error("{0} is no Galois element")]
    Element(u32),
    /// A key under parameters without P.
    #[error("a key, but the parameters have no special prime")]
    NoSpecial,
    /// There are no ciphertexts with so many limbs.
    #[error("a key for ciphertexts of {0} limbs")]
    Limbs(u32),
}

/// A number that tells parameter sets apart: FNV-1a over N, t, P and the limbs.
fn fingerprint(params: &Params) -> u64 {
    // There is no prime 0, so that a set without P is none with it.
    let special = params.special().map_or(0, crate::arith::Modulus::value);
    let fixed = [params.ring_degree() as u64, params.plain().value(), special];
    let words = fixed.into_iter().chain(params.limbs().iter().map(crate::arith::Modulus::value));
    words.flat_map(u64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Writes a message of Galois keys, which must rise.
pub fn write_keys(context: &Context, keys: &SeededGaloisKeys) -> Vec<u8> {
    let ids: Vec<GaloisKeyId> = keys.keys.iter().map(|key| key.id).collect();
    let size = keys_bytes(context.params(), &ids);
    let mut writer = Writer::new(context, Kind::Keys, [0; 2], ids.len(), size);
    writer.bytes.extend(keys.seed);
    for key in &keys.keys {
        writer.bytes.extend((key.id.limbs as u32).to_le_bytes());
        writer.bytes.extend((key.id.element.exponent() as u32).to_le_bytes());
        key.digits.iter().for_each(|digit| writer.poly(digit));
    }
    writer.bytes
}

/// A message of Galois keys that is read key by key.
pub struct KeyMessage<'a> {
    context: &'a Context,
    reader: Reader<'a>,
    /// The public seed of the keys.
    pub seed: [u8; 32],
    left: usize,
    last: Option<GaloisKeyId>,
}

impl<'a> KeyMessage<'a> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`WireError`] for bytes that do not begin as [`write_keys`] begins them under these parameters.
    pub fn open(context: &'a Context, bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::open(context, bytes, Kind::Keys)?;
        let seed = reader.array()?;
        let left = reader.count;
        Ok(Self { context, reader, seed, left, last: None })
    }

    /// The next keys, at most `count` of them; none where all have been read.
    ///
    /// # Errors
    /// [`WireError`] for bytes that [`write_keys`] would not write.
    pub fn read(&mut self, count: usize) -> Result<Vec<SeededGaloisKey>, WireError> {
        let mut keys = Vec::new();
        for _ in 0..count.min(self.left) {
            let key = read_key(self.context, &mut self.reader)?;
            if self.last.is_some_and(|last| last >= key.id) {
                return Err(WireError::Order);
            }
            self.last = Some(key.id);
            self.left -= 1;
            keys.push(key);
        }
        if self.left == 0 {
            // What is left does not belong to it.
            self.reader.expect_length(self.reader.length - self.reader.rest.len())?;
        }
        Ok(keys)
    }
}

/// Reads a message of Galois keys.
///
/// # Errors
/// [`WireError`] for bytes that [`write_keys`] would not write under these parameters.
pub fn read_keys(context: &Context, bytes: &[u8]) -> Result<SeededGaloisKeys, WireError> {
    let mut message = KeyMessage::open(context, bytes)?;
    let keys = message.read(usize::MAX)?;
    Ok(SeededGaloisKeys { seed: message.seed, keys })
}

fn read_key(context: &Context, reader: &mut Reader<'_>) -> Result<SeededGaloisKey, WireError> {
    if context.params().special().is_none() {
        return Err(WireError::NoSpecial);
    }
    let [limbs, element] =
        [u32::from_le_bytes(reader.array()?), u32::from_le_bytes(reader.array()?)];
    let level = context.of(limbs as usize);
    if level.params().limbs().len() != limbs as usize {
        return Err(WireError::Limbs(limbs));
    }
    if element % 2 == 0 || u64::from(element) >= 2 * context.ring_degree() as u64 {
        return Err(WireError::Element(element));
    }
    let element = GaloisElement::new(context.ring_degree(), element as usize);
    let digits =
        (0..limbs).map(|_| reader.poly(level.extended_basis())).collect::<Result<_, _>>()?;
    Ok(SeededGaloisKey { id: GaloisKeyId { limbs: limbs as usize, element }, digits })
}

/// Writes an upload of fresh ciphertexts, whose streams must count from 0.
pub fn write_upload(
    context: &Context,
    seed: &[u8; 32],
    ciphertexts: &[SeededCiphertext],
) -> Vec<u8> {
    let params = context.params();
    let of_one = |ciphertext: &SeededCiphertext| c0_bytes(params, &ciphertext.sent);
    let size = HEADER_BYTES + SEED_BYTES + ciphertexts.iter().map(of_one).sum::<usize>();
    let mut writer = Writer::new(context, Kind::Upload, [0; 2], ciphertexts.len(), size);
    writer.bytes.extend(seed);
    for ciphertext in ciphertexts {
        let digits = ciphertext.digits.iter().map(Vec::as_slice);
        writer.packed(digits.zip(largest_digits(params.limbs()).map(bits_of)));
    }
    writer.bytes
}

/// Reads an upload with a ciphertext for each of `sent`: the public seed and the ciphertexts.
///
/// # Errors
/// [`WireError`] for bytes that [`write_upload`] would not write of such ciphertexts under these
/// parameters.
pub fn read_upload(
    context: &Context,
    bytes: &[u8],
    sent: &[Coefficients],
) -> Result<([u8; 32], Vec<SeededCiphertext>), WireError> {
    let params = context.params();
    let mut reader = Reader::open(context, bytes, Kind::Upload)?;
    reader.expect_count(sent.len())?;
    reader.expect_length(upload_bytes(params, sent))?;
    let seed = reader.array()?;
    let ciphertext = |(sent, stream): (&Coefficients, u64)| {
        let (count, largest) = (sent.count(params.ring_degree()), largest_digits(params.limbs()));
        let digits = reader.words(count, largest)?;
        Ok(SeededCiphertext { sent: sent.clone(), digits, stream })
    };
    Ok((seed, sent.iter().zip(0..).map(ciphertext).collect::<Result<_, WireError>>()?))
}

/// Writes a response. All ciphertexts must have the same widths, and all but the last of `responses` as
/// many messages as the first.
pub fn write_response(context: &Context, responses: &[Response]) -> Vec<u8> {
    let (widths, shared_by) = responses
        .first()
        .map_or((Widths::equal(0), 0), |response| (response.widths, response.c0.len()));
    let of_one = |response: &Response| {
        let c0 = response.c0.iter().map(|c0| words_bytes(c0.len(), widths.c0));
        c0.sum::<usize>() + words_bytes(response.c1.len(), widths.c1)
    };
    let size = HEADER_BYTES + responses.iter().map(of_one).sum::<usize>();
    let bits = [widths.c1 as u8, widths.c0 as u8];
    let count = responses.iter().map(|response| response.c0.len()).sum();
    let mut writer = Writer::new(context, Kind::Response, bits, count, size);
    writer.share(shared_by);
    for response in responses {
        for c0 in &response.c0 {
            writer.packed([(c0.as_slice(), widths.c0)].into_iter());
        }
        writer.packed([(response.c1.as_slice(), widths.c1)].into_iter());
    }
    writer.bytes
}

/// Reads a response with a ciphertext for each of `read`, of which `shared_by` share a polynomial.
///
/// # Errors
/// [`WireError`] for bytes that [`write_response`] would not write of such ciphertexts under these
/// parameters.
pub fn read_response(
    context: &Context,
    bytes: &[u8],
    read: &[Coefficients],
    shared_by: usize,
) -> Result<Vec<Response>, WireError> {
    let mut reader = Reader::open(context, bytes, Kind::Response)?;
    reader.expect_count(read.len())?;
    let widths = reader.widths(context.ring_degree())?;
    if reader.shared_by != shared_by.min(read.len()) as u64 {
        return Err(WireError::Header { field: "shared_by", value: reader.shared_by });
    }
    reader.expect_length(response_bytes(context.params(), read, widths, shared_by))?;
    let n = context.ring_degree();
    let mut words = |count, bits| {
        let mut words = reader.words(count, std::iter::once((1u64 << bits) - 1))?;
        Ok::<_, WireError>(words.pop().unwrap_or_default())
    };
    let response = |read: &[Coefficients]| {
        let c0 = read.iter().map(|read| words(read.count(n), widths.c0));
        Ok(Response { widths, c0: c0.collect::<Result<_, _>>()?, c1: words(n, widths.c1)? })
    };
    read.chunks(shared_by.max(1)).map(response).collect()
}

/// Writes a message.
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A message of `size` bytes in all.
    fn new(context: &Context, kind: Kind, bits: [u8; 2], count: usize, size: usize) -> Self {
        let mut bytes = Vec::with_capacity(size);
        bytes.extend(MAGIC);
        bytes.extend([VERSION, kind as u8]);
        bytes.extend(bits);
        bytes.extend(fingerprint(context.params()).to_le_bytes());
        bytes.extend((count as u64).to_le_bytes());
        bytes.extend([0; 8]);
        Self { bytes }
    }

    /// Says how many ciphertexts share a polynomial.
    fn share(&mut self, by: usize) {
        self.bytes[SHARED_BYTES].copy_from_slice(&(by as u64).to_le_bytes());
    }

    fn poly(&mut self, poly: &Poly<NttForm>) {
        self.packed(basis_bits(poly.basis()).enumerate().map(|(i, bits)| (poly.limb(i), bits)));
    }

    fn packed<'a>(&mut self, parts: impl Iterator<Item = (&'a [u64], u32)>) {
        let mut packer = Packer::default();
        for (words, bits) in parts {
            packer.words(words, bits, &mut self.bytes);
        }
        packer.finish(&mut self.bytes);
    }
}

/// Reads a message whose header has been checked.
struct Reader<'a> {
    /// The length of the whole message.
    length: usize,
    rest: &'a [u8],
    count: usize,
    /// Those of c1 and of c0 of a response; of sharing keys the limbs.
    bits: [u8; 2],
    /// How many ciphertexts share a polynomial.
    shared_by: u64,
}

impl<'a> Reader<'a> {
    fn open(context: &Context, bytes: &'a [u8], kind: Kind) -> Result<Self, WireError> {
        let length = bytes.len();
        if length < HEADER_BYTES {
            return Err(WireError::Length { found: length, expected: HEADER_BYTES });
        }
        let mut reader = Self { length, rest: bytes, count: 0, bits: [0; 2], shared_by: 0 };
        if reader.array()? != MAGIC {
            return Err(WireError::Magic);
        }
        let [version, found, bits @ ..]: [u8; 4] = reader.array()?;
        if version != VERSION {
            return Err(WireError::Version(version));
        }
        if found != kind as u8 {
            return Err(WireError::Kind { found, expected: kind as u8 });
        }
        if u64::from_le_bytes(reader.array()?) != fingerprint(context.params()) {
            return Err(WireError::Parameters);
        }
        let count = u64::from_le_bytes(reader.array()?);
        // Every ciphertext and key takes at least a byte, so a larger count is a lie.
        if count > length as u64 {
            return Err(WireError::Header { field: "count", value: count });
        }
        let shared_by = u64::from_le_bytes(reader.array()?);
        let is_filling = matches!(kind, Kind::Keys | Kind::Upload);
        if is_filling && (shared_by != 0 || bits != [0; 2]) {
            return Err(WireError::Filling);
        }
        reader.shared_by = shared_by;
        reader.count = count as usize;
        reader.bits = bits;
        Ok(reader)
    }

    /// The widths of a response, which there are where it has ciphertexts.
    fn widths(&self, ring_degree: usize) -> Result<Widths, WireError> {
        let [c1, c0] = self.bits.map(u32::from);
        let widths = Widths { c0, c1 };
        let header = |field, value: u32| Err(WireError::Header { field, value: value.into() });
        match self.count {
            0 if widths == Widths::equal(0) => Ok(widths),
            1.. if widths.is_valid(ring_degree) => Ok(widths),
            1.. if Widths::equal(c1).is_valid(ring_degree) => header("bits of c0", c0),
            _ => header("bits of c1", c1),
        }
    }

    fn expect_count(&self, expected: usize) -> Result<(), WireError> {
        let value = self.count as u64;
        if self.count == expected {
            Ok(())
        } else {
            Err(WireError::Header { field: "count", value })
        }
    }

    fn expect_length(&self, expected: usize) -> Result<(), WireError> {
        let found = self.length;
        if found == expected { Ok(()) } else { Err(WireError::Length { found, expected }) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let expected = self.length + count;
        let (head, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(WireError::Length { found: self.length, expected })?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const K: usize>(&mut self) -> Result<[u8; K], WireError> {
        let mut array = [0; K];
        array.copy_from_slice(self.take(K)?);
        Ok(array)
    }

    /// `count` words up to each of `largest`, packed in the bits that these take.
    fn words(
        &mut self,
        count: usize,
        largest: impl Iterator<Item = u64> + Clone,
    ) -> Result<Vec<Vec<u64>>, WireError> {
        let size = packed_bytes(count, largest.clone().map(bits_of));
        let mut unpacker = Unpacker::new(self.take(size)?);
        let mut words = Vec::new();
        for largest in largest {
            let mut some = vec![0; count];
            unpack(&mut unpacker, &mut some, largest)?;
            words.push(some);
        }
        if unpacker.is_exhausted() { Ok(words) } else { Err(WireError::Filling) }
    }

    fn poly(&mut self, basis: &Arc<Basis>) -> Result<Poly<NttForm>, WireError> {
        let size = packed_bytes(basis.ring_degree(), basis_bits(basis));
        let mut unpacker = Unpacker::new(self.take(size)?);
        let mut poly = Poly::zero(basis);
        for (i, limb) in basis.limbs().iter().enumerate() {
            unpack(&mut unpacker, poly.limb_mut(i), limb.modulus().value() - 1)?;
        }
        if unpacker.is_exhausted() { Ok(poly) } else { Err(WireError::Filling) }
    }
}

/// Fills `words`, each of which must be `largest` or less.
fn unpack(unpacker: &mut Unpacker<'_>, words: &mut [u64], largest: u64) -> Result<(), WireError> {
    unpacker.words(words, bits_of(largest));
    // All of them, which is faster than to stop at the first.
    let found = words.iter().fold(0, |found, word| found.max(*word));
    if found <= largest { Ok(()) } else { Err(WireError::Coefficient) }
}

#[cfg(test)]
mod fuzz;
mod sharing;
mod size;
#[cfg(test)]
mod tests;

pub use sharing::{read_sharing_keys, sharing_keys_bytes, write_sharing_keys};
pub use size::{Parts, keys_bytes, response_bytes, response_parts, upload_bytes, upload_parts};
use size::{basis_bits, bits_of, c0_bytes, limb_bits, packed_bytes, words_bytes};
