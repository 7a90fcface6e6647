//! Mutated messages: none makes a parser panic, and what is accepted is what would be written.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::Rng;

use super::super::testing::{backend, params, seeds};
use super::super::{
    Ciphertext, Context, Plaintext, SecretKey, SeededSharingKeys, ShareSecrets, SharedCiphertext,
    encrypt,
};
use super::*;
use crate::arith::kernels::Reduction;
use crate::ring::sampling::generator;

/// A message that is valid under `context`, and how it is read: the bytes that what was read writes.
struct Message {
    context: Context,
    bytes: Vec<u8>,
    reread: fn(&Context, &[u8]) -> Result<Vec<u8>, WireError>,
}

const N: usize = 64;

/// What is sent of c0 of the ciphertexts of a message.
fn coefficients() -> [Coefficients; 3] {
    let few = Coefficients::Only([0, 3, 17, 63].into());
    [few, Coefficients::All, Coefficients::Only((0..50).collect())]
}

fn upload(context: &Context) -> Vec<u8> {
    let [keys, errors, _] = seeds(3);
    let secret = SecretKey::generate(context, &keys);
    let plaintext = Plaintext((0..N as u64).collect());
    let one =
        |(stream, sent)| encrypt(context, &secret, &plaintext, &errors, &[9; 32], stream, sent);
    let ciphertexts: Vec<_> = (0..).zip(&coefficients()).map(one).collect();
    write_upload(context, &[9; 32], &ciphertexts)
}

fn reread_upload(context: &Context, bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let (seed, ciphertexts) = read_upload(context, bytes, &coefficients())?;
    Ok(write_upload(context, &seed, &ciphertexts))
}

/// Two of three ciphertexts share a c1.
fn response(context: &Context) -> Vec<u8> {
    let c1 = || Ciphertext::zero(context).c1;
    let widths = Widths { c0: 23, c1: 29 };
    let read = coefficients();
    let responses = read.chunks(2).map(|read| {
        let c0 = read.iter().map(|_| c1()).collect();
        let mut response =
            Response::switch(context, SharedCiphertext { c0, c1: c1() }, widths, read);
        let words = response.c0.iter_mut().flatten().chain(&mut response.c1);
        words.enumerate().for_each(|(i, word)| *word = (i as u64 * 12_345) % (1 << 23));
        response
    });
    write_response(context, &responses.collect::<Vec<_>>())
}

fn reread_response(context: &Context, bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    Ok(write_response(context, &read_response(context, bytes, &coefficients(), 2)?))
}

fn keys(context: &Context) -> Vec<u8> {
    let [keys, errors, _] = seeds(4);
    let secret = SecretKey::generate(context, &keys);
    let limbs = context.params().limbs().len();
    let ids = [5, 25].map(|g| GaloisKeyId { limbs, element: GaloisElement::new(N, g) });
    let proceed = || Ok::<_, WireError>(());
    let sent = SeededGaloisKeys::generate(context, &secret, &ids, &errors, &[5; 32], proceed);
    write_keys(context, &sent.expect("goes on"))
}

fn sharing_keys(context: &Context) -> Vec<u8> {
    let [keys, errors, shares] = seeds(5);
    let (secret, limbs) = (SecretKey::generate(context, &keys), context.params().limbs().len());
    let shares = ShareSecrets::generate(context, 2, &shares);
    let sent =
        SeededSharingKeys::generate(context, limbs, &secret, shares.secrets(), &errors, &[6; 32]);
    write_sharing_keys(context, &sent)
}

fn messages() -> Vec<Message> {
    let mut messages = Vec::new();
    for limbs in [&[35, 35][..], &[50], &[30, 40, 33]] {
        let context = || {
            Context::new(params(N, limbs, 37, 20), backend(), Reduction::Lazy).expect("has roots")
        };
        let message = |write: fn(&Context) -> Vec<u8>, reread| {
            let context = context();
            Message { bytes: write(&context), context, reread }
        };
        messages.extend([
            message(upload, reread_upload),
            message(response, reread_response),
            message(keys, |context, bytes| Ok(write_keys(context, &read_keys(context, bytes)?))),
            message(sharing_keys, |context, bytes| {
                Ok(write_sharing_keys(context, &read_sharing_keys(context, bytes)?))
            }),
        ]);
    }
    messages
}

/// Below `bound`.
fn below(rng: &mut ChaCha20Rng, bound: usize) -> usize {
    (rng.next_u64() % bound.max(1) as u64) as usize
}

/// Damages a message in one to three ways, half of them in the header.
fn mutate(rng: &mut ChaCha20Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=below(rng, 3) {
        let end = if below(rng, 2) == 0 { HEADER_BYTES + SEED_BYTES } else { bytes.len() };
        let at = below(rng, end.min(bytes.len()));
        let value = [0, 1, 0x7f, 0xff, rng.next_u64() as u8][below(rng, 5)];
        match below(rng, 7) {
            0 | 1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (value % 8)),
            2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = value),
            3 => bytes.iter_mut().skip(at).take(9).for_each(|byte| *byte = value),
            4 => bytes.truncate(at),
            5 => bytes.splice(at..at, [value]).for_each(drop),
            // From there on it is another message.
            _ => {
                bytes.truncate(at);
                bytes.extend(&other[at.min(other.len())..]);
            }
        }
    }
}

fn read_mutated(count: usize) {
    let messages = messages();
    let mut rng = generator(&[11; 32], 0);
    let [mut accepted, mut refused] = [0, 0];
    for message in &messages {
        let same = (message.reread)(&message.context, &message.bytes);
        assert_eq!(same.as_ref(), Ok(&message.bytes));
    }
    for i in 0..count {
        let (message, other) = (&messages[i % messages.len()], below(&mut rng, messages.len()));
        let mut bytes = message.bytes.clone();
        mutate(&mut rng, &mut bytes, &messages[other].bytes);
        match (message.reread)(&message.context, &bytes) {
            Ok(written) => {
                assert_eq!(written, bytes, "message {i}");
                accepted += 1;
            }
            Err(_) => refused += 1,
        }
        // Nor does it harm who takes it for another one.
        let _ = (messages[other].reread)(&messages[other].context, &bytes);
    }
    // Words and seeds have other values that are as good, but most damage is seen.
    assert!(accepted > count / 50 && refused > count / 2, "{accepted} {refused}");
}

#[test]
fn mutated_messages_are_refused_or_canonical() {
    read_mutated(2_000);
}

#[test]
#[ignore = "the same of many more"]
fn many_mutated_messages_are_refused_or_canonical() {
    read_mutated(100_000);
}
