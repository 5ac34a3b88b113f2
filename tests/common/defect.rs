// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Streams that end in an error.

use pagewise::{decode_slice, Decode, Error, ErrorKind};

/// What a good stream gives, so that a decoder can be shown to work again.
pub const CONTENT: &[u8] = b"a good stream";

/// Checks that `stream` ends in `error`, which is repeated until a reset, and that `good` decodes
/// after that.
pub fn check_defect<D: Decode>(mut decoder: D, stream: &[u8], error: Error, good: &[u8]) {
    let mut output = vec![0; 1 << 19];
    assert_eq!(decode_slice(&mut decoder, stream, &mut output), Err(error));
    let position = (decoder.consumed(), decoder.written());
    for input in [&b""[..], stream, good] {
        assert_eq!(decoder.decode(input, &mut [&mut output[..]]), Err(error), "repeated");
        assert_eq!((decoder.consumed(), decoder.written()), position, "{error:?}");
    }

    decoder.reset();
    assert_eq!((decoder.consumed(), decoder.written(), decoder.window()), (0, 0, None));
    decoder.limit_window(u64::MAX);
    let decoded = decode_slice(&mut decoder, good, &mut output);
    assert_eq!(decoded.map(|d| d.consumed), Ok(good.len()), "{error:?}, then reset");
    assert_eq!(&output[..decoder.written() as usize], CONTENT);
}

/// Checks that each error is of its kind, has its number, and a message of its own.
pub fn check_told_apart(errors: &[(Error, ErrorKind, i32)]) {
    for (index, &(error, kind, errno)) in errors.iter().enumerate() {
        assert_eq!((error.kind(), error.errno()), (kind, errno), "{error:?}");
        assert_eq!(error.to_string(), error.message());
        assert!(errors[..index].iter().all(|other| other.0.message() != error.message()));
    }
}
