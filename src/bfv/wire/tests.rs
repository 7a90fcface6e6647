//! Messages survive the wire; anything else is refused.

use proptest::prelude::*;

use super::super::testing::{backend, context, params, seeds};
use super::super::{
    Ciphertext, Context, Plaintext, SecretKey, SeededSharingKeys, ShareSecrets, SharedCiphertext,
    encrypt,
};
use super::*;
use crate::arith::kernels::Reduction;

/// An upload of one ciphertext for each of `sent`.
fn upload(context: &Context, sent: &[Coefficients]) -> Vec<u8> {
    let [keys, errors, _] = seeds(3);
    let secret = SecretKey::generate(context, &keys);
    let plaintext = Plaintext((0..context.ring_degree() as u64).collect());
    let public = [9; 32];
    let one =
        |(stream, sent)| encrypt(context, &secret, &plaintext, &errors, &public, stream, sent);
    let ciphertexts: Vec<_> = (0..).zip(sent).map(one).collect();
    write_upload(context, &public, &ciphertexts)
}

const ALL: [Coefficients; 1] = [Coefficients::All];

#[test]
fn uploads_round_trip() {
    for limbs in [&[35, 35][..], &[50], &[30, 40, 33]] {
        let context = Context::new(params(64, limbs, 36, 20), backend(), Reduction::Lazy);
        let context = context.expect("has roots");
        let few = Coefficients::Only([0, 5, 6, 7, 62].into());
        let sent = [Coefficients::All, few.clone(), few, Coefficients::Only([].into())];
        let bytes = upload(&context, &sent);
        assert_eq!(bytes.len(), upload_bytes(context.params(), &sent));
        // Of the first digit three bits are not sent.
        let bits: usize = limbs.iter().sum::<u32>() as usize - 3;
        let body = [64, 5, 5].map(|count: usize| (count * bits).div_ceil(8)).iter().sum::<usize>();
        assert_eq!(bytes.len(), 64 + body);
        let (seed, ciphertexts) = read_upload(&context, &bytes, &sent).expect("valid");
        assert_eq!(write_upload(&context, &seed, &ciphertexts), bytes);
        // Who expects other coefficients, or other ciphertexts, does not take these for them.
        let refuse = |sent: &[Coefficients]| {
            read_upload(&context, &bytes, sent).expect_err("must be refused")
        };
        let other = [vec![Coefficients::All; 2], sent[2..].to_vec()].concat();
        assert!(matches!(refuse(&other), WireError::Length { .. }));
        assert!(matches!(refuse(&sent[..3]), WireError::Header { field: "count", value: 4 }));
    }
}

#[test]
fn keys_round_trip() {
    let context = context(64);
    let [keys, errors, _] = seeds(4);
    let secret = SecretKey::generate(&context, &keys);
    // Keys of both levels, those of fewer limbs first.
    let id = |(limbs, g)| GaloisKeyId { limbs, element: GaloisElement::new(64, g) };
    let ids = [(1, 5), (1, 25), (2, 1), (2, 5)].map(id);
    let proceed = || Ok::<_, WireError>(());
    let sent = SeededGaloisKeys::generate(&context, &secret, &ids, &errors, &[5; 32], proceed);
    let sent = sent.expect("goes on");
    let bytes = write_keys(&context, &sent);
    assert_eq!(bytes.len(), keys_bytes(context.params(), &ids));
    let sizes = [keys_bytes(context.params(), &ids[..1]), keys_bytes(context.params(), &ids[3..])];
    assert!(2 * sizes[0] < sizes[1], "{sizes:?}");
    let received = read_keys(&context, &bytes).expect("valid");
    assert_eq!(write_keys(&context, &received), bytes);
    assert!(matches!(
        read_upload(&context, &bytes, &ALL),
        Err(WireError::Kind { found: 1, expected: 2 })
    ));
    let changed = |at: usize, byte| {
        let mut bytes = bytes.clone();
        bytes[HEADER_BYTES + SEED_BYTES + at] = byte;
        read_keys(&context, &bytes)
    };
    assert!(matches!(changed(4, 4), Err(WireError::Element(4))));
    assert!(matches!(changed(0, 0), Err(WireError::Limbs(0))));
    assert!(matches!(changed(0, 3), Err(WireError::Limbs(3))));
    assert!(matches!(changed(4, 25), Err(WireError::Order)));
    let [more, less] = [[&bytes[..], &[0]].concat(), bytes[..bytes.len() - 1].to_vec()];
    for wrong in [more, less] {
        assert!(matches!(read_keys(&context, &wrong), Err(WireError::Length { .. })));
    }
}

const WIDTHS: Widths = Widths { c0: 23, c1: 29 };

#[test]
fn responses_round_trip() {
    let context = context(64);
    let zero = Ciphertext::zero(&context);
    let read = [Coefficients::All, Coefficients::Only([3, 5, 62].into())];
    let mut responses = read.each_ref().map(|read| {
        let read = std::slice::from_ref(read);
        let mut response = Response::switch(&context, zero.clone().into(), WIDTHS, read);
        response.c1[63] = 1;
        response
    });
    responses[0].c0[0][5] = (1 << 23) - 1;
    responses[1].c0[0][2] = (1 << 23) - 2;
    let bytes = write_response(&context, &responses);
    assert_eq!(bytes.len(), response_bytes(context.params(), &read, WIDTHS, 1));
    assert_eq!(read_response(&context, &bytes, &read, 1).expect("valid"), responses);
    assert_eq!(read_response(&context, &write_response(&context, &[]), &[], 1), Ok(vec![]));
    // Who expects other coefficients, or more ciphertexts, does not take these for them.
    let other = [Coefficients::All, Coefficients::Only([3, 5].into())];
    let refuse =
        |read: &[Coefficients]| read_response(&context, &bytes, read, 1).expect_err("refused");
    assert!(matches!(refuse(&other), WireError::Length { .. }));
    assert!(matches!(refuse(&read[..1]), WireError::Header { field: "count", value: 2 }));
}

/// Ciphertexts that share a polynomial, the last of them with fewer others.
#[test]
fn shared_responses_round_trip() {
    let context = context(64);
    let read = [Coefficients::All, Coefficients::Only([1, 63].into()), Coefficients::All];
    let shared = |count: usize| {
        let zero = Ciphertext::zero(&context);
        SharedCiphertext { c0: vec![zero.c0; count], c1: zero.c1 }
    };
    let mut responses: Vec<Response> = read
        .chunks(2)
        .map(|read| Response::switch(&context, shared(read.len()), WIDTHS, read))
        .collect();
    responses[0].c0[1][1] = 77;
    responses[1].c1[5] = 78;
    let bytes = write_response(&context, &responses);
    assert_eq!(bytes.len(), response_bytes(context.params(), &read, WIDTHS, 2));
    assert_eq!(read_response(&context, &bytes, &read, 2).as_ref(), Ok(&responses));
    let alone = response_bytes(context.params(), &read, WIDTHS, 1);
    assert_eq!(alone - bytes.len(), 64 * 29 / 8);
    let refuse = |by| read_response(&context, &bytes, &read, by).expect_err("refused");
    for by in [1, 4] {
        assert_eq!(refuse(by), WireError::Header { field: "shared_by", value: 2 });
    }
    // Fewer than could share are no mistake.
    let few = write_response(&context, &responses[1..]);
    assert!(read_response(&context, &few, &read[2..], 4).is_ok());
}

#[test]
fn sharing_keys_round_trip() {
    let context = context(64);
    let [keys, shares, errors] = seeds(5);
    let secret = SecretKey::generate(&context, &keys);
    for (limbs, by) in [(1, 2), (2, 2), (2, 4)] {
        let shares = ShareSecrets::generate(&context, by, &shares);
        let sent = SeededSharingKeys::generate(
            &context,
            limbs,
            &secret,
            shares.secrets(),
            &errors,
            &[6; 32],
        );
        let bytes = write_sharing_keys(&context, &sent);
        assert_eq!(bytes.len(), sharing_keys_bytes(context.params(), limbs, by));
        let received = read_sharing_keys(&context, &bytes).expect("valid");
        assert_eq!(write_sharing_keys(&context, &received), bytes);
        let refuse = |at: usize, byte| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            read_sharing_keys(&context, &bytes).expect_err("refused")
        };
        assert_eq!(refuse(5, 1), WireError::Kind { found: 1, expected: 4 });
        assert_eq!(refuse(6, 3), WireError::Limbs(3));
        assert_eq!(refuse(7, 1), WireError::Filling);
        let count = (by * by * limbs) as u64;
        assert_eq!(refuse(16, 1), WireError::Header { field: "count", value: 1 });
        for wrong in [0, 1, 3, 16] {
            assert_eq!(
                refuse(24, wrong),
                WireError::Header { field: "shared_by", value: wrong.into() }
            );
        }
        let other = if by == 2 { 4 } else { 2 };
        assert_eq!(refuse(24, other), WireError::Header { field: "count", value: count });
        let cut = read_sharing_keys(&context, &bytes[..bytes.len() - 1]);
        assert!(matches!(cut, Err(WireError::Length { .. })));
    }
    assert_eq!(sharing_keys_bytes(context.params(), 2, 1), 0);
}

#[test]
fn wrong_widths_are_refused() {
    let context = context(64);
    let response = Response::switch(&context, Ciphertext::zero(&context).into(), WIDTHS, &ALL);
    let bytes = write_response(&context, &[response]);
    assert_eq!(bytes[6..8], [29, 23]);
    let refuse = |at: usize, byte| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        read_response(&context, &bytes, &ALL, 1).expect_err("refused")
    };
    let header = |field, value| WireError::Header { field, value };
    // c1 of at most 60 - log2 N bits, and c0 of at most as many as c1.
    assert_eq!(refuse(6, 55), header("bits of c1", 55));
    assert_eq!(refuse(6, 0), header("bits of c1", 0));
    assert_eq!(refuse(6, 22), header("bits of c0", 23));
    assert_eq!(refuse(7, 0), header("bits of c0", 0));
    assert_eq!(refuse(7, 30), header("bits of c0", 30));
    for (at, byte) in [(6, 28), (6, 54), (7, 22), (7, 29)] {
        assert!(matches!(refuse(at, byte), WireError::Length { .. }));
    }
    assert!(matches!(refuse(16, 2), WireError::Header { field: "count", value: 2 }));
    // Without ciphertexts there are no widths.
    let mut none = write_response(&context, &[]);
    assert_eq!(read_response(&context, &none, &[], 1), Ok(vec![]));
    none[6] = 29;
    assert_eq!(read_response(&context, &none, &[], 1), Err(header("bits of c1", 29)));
}

#[test]
fn foreign_messages_are_refused() {
    let context = context(64);
    let bytes = upload(&context, &ALL);
    let refuse = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        read_upload(&context, &bytes, &ALL).expect_err("must be refused")
    };
    assert_eq!(refuse(&|b| b[0] = b'X'), WireError::Magic);
    assert_eq!(refuse(&|b| b[4] = 1), WireError::Version(1));
    assert_eq!(refuse(&|b| b[6] = 1), WireError::Filling);
    assert_eq!(refuse(&|b| b[9] ^= 1), WireError::Parameters);
    assert!(matches!(refuse(&|b| b[16] = 2), WireError::Header { field: "count", value: 2 }));
    assert!(matches!(refuse(&|b| b[20] = 1), WireError::Header { field: "count", .. }));
    assert!(matches!(refuse(&|b| b.push(0)), WireError::Length { .. }));
    assert!(matches!(refuse(&|b| b.truncate(20)), WireError::Length { .. }));
    // A word of all ones is above what its prime allows, of each digit.
    assert_eq!(refuse(&|b| b[64..80].fill(0xff)), WireError::Coefficient);
    assert_eq!(refuse(&|b| b[400..410].fill(0xff)), WireError::Coefficient);
    let other = super::super::testing::context(128);
    assert_eq!(read_upload(&other, &bytes, &ALL).expect_err("other N"), WireError::Parameters);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the bytes, the parsers neither panic nor accept what they would not write.
    #[test]
    fn damaged_messages_never_panic(
        position in 0usize..700, value: u8, cut in 0usize..700, noise in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let context = context(64);
        let mut bytes = upload(&context, &ALL);
        let position = position % bytes.len();
        bytes[position] = value;
        if let Ok((seed, ciphertexts)) = read_upload(&context, &bytes, &ALL) {
            prop_assert_eq!(write_upload(&context, &seed, &ciphertexts), bytes.clone());
        }
        bytes.truncate(cut);
        let _ = (read_upload(&context, &bytes, &ALL), read_keys(&context, &noise));
        let _ = (read_response(&context, &noise, &ALL, 1), read_sharing_keys(&context, &noise));
    }
}
