// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! SHA-256 (FIPS 180-4).

use crate::zeroed::{zeroed, Zeroed};

use super::Pieces;

const BLOCK: usize = 64;

/// Words of the message schedule that are kept, because each word follows from the sixteen before
/// it.
const SCHEDULE: usize = 16;
const _: () = assert!(BLOCK == SCHEDULE * size_of::<u32>());

/// The hash value before the first block (5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The constants of the rounds (4.2.2), in groups of four. A round moves each of the eight working
/// words on by one place, so four unrolled rounds just exchange the two halves, which saves most
/// moves.
static ROUND: [[u32; 4]; 16] = [
    [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
    [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
    [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
    [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
    [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
    [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
    [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
    [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
    [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
    [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
    [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
    [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
    [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
];

/// What follows a message: a set bit, and zeros up to the length (5.1.1).
static PADDING: [u8; BLOCK] = {
    let mut padding = [0; BLOCK];
    padding[0] = 0x80;
    padding
};

/// Where the length is in the last block.
const LENGTH_AT: u64 = BLOCK as u64 - 8;

/// A running SHA-256. All-zero memory is a fresh one.
#[derive(Clone, Copy)]
pub(crate) struct Sha256 {
    /// The hash value of all whole blocks so far, less [`INITIAL`].
    gain: [u32; 8],
    blocks: Pieces<BLOCK>,
}

zeroed! { impl for Sha256 { gain, blocks } }

impl Sha256 {
    pub(crate) const fn new() -> Self {
        Self::ZEROED
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.blocks.update(bytes, |block| take(&mut self.gain, block));
    }

    /// The hash value of the bytes so far.
    pub(crate) fn finish(&self) -> [u8; 32] {
        let mut padded = *self;
        let length = self.blocks.length;
        let zeros = (LENGTH_AT - 1).wrapping_sub(length) % BLOCK as u64;
        padded.update(PADDING.get(..=zeros as usize).unwrap_or(&[]));
        padded.update(&length.wrapping_mul(8).to_be_bytes());

        let mut value = [0; 32];
        let mut out = &mut value[..];
        for (initial, gain) in INITIAL.into_iter().zip(padded.gain) {
            let Some((bytes, after)) = out.split_first_chunk_mut() else { break };
            *bytes = initial.wrapping_add(gain).to_be_bytes();
            out = after;
        }
        value
    }
}

/// Processes a block: updates the hash value (6.2.2).
fn take(gain: &mut [u32; 8], block: &[u8; BLOCK]) {
    let mut schedule = [0u32; SCHEDULE];
    let mut rest = &block[..];
    for word in &mut schedule {
        let Some((bytes, after)) = rest.split_first_chunk() else { break };
        *word = u32::from_be_bytes(*bytes);
        rest = after;
    }
    let mut words = INITIAL;
    words.iter_mut().zip(&*gain).for_each(|(word, gain)| *word = word.wrapping_add(*gain));
    for (four, constants) in ROUND.iter().enumerate() {
        for (at, constant) in constants.iter().enumerate() {
            let word = next_word(&mut schedule, four.wrapping_mul(4).wrapping_add(at));
            words = round(words, constant.wrapping_add(word));
        }
    }
    gain.iter_mut().zip(words).for_each(|(gain, word)| *gain = gain.wrapping_add(word));
}

/// The word of the schedule for round `at`. It is replaced by the word for the round sixteen later
/// (6.2.2, step 1, with the sigmas of 4.1.2). The sixteen words computed last are not used.
#[inline(always)]
fn next_word(schedule: &mut [u32; SCHEDULE], at: usize) -> u32 {
    let at = at % SCHEDULE;
    let ahead = |words: usize| schedule[at.wrapping_add(words) % SCHEDULE];
    let (word, near, late) = (schedule[at], ahead(1), ahead(14));
    let sigma0 = near.rotate_right(7) ^ near.rotate_right(18) ^ near >> 3;
    let sigma1 = late.rotate_right(17) ^ late.rotate_right(19) ^ late >> 10;
    let later = word.wrapping_add(sigma0).wrapping_add(ahead(9)).wrapping_add(sigma1);
    schedule[at] = later;
    word
}

/// A round (6.2.2, step 3), given the sum of its constant and its word. The functions are in 4.1.2.
#[inline(always)]
fn round([a, b, c, d, e, f, g, h]: [u32; 8], constant_and_word: u32) -> [u32; 8] {
    let sum0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
    let sum1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
    // Each bit of `e` chooses between those of `f` and `g`. The other function is the majority of
    // `a`, `b` and `c`.
    let choice = g ^ e & (f ^ g);
    let majority = a & b | c & (a | b);
    let t1 = h.wrapping_add(sum1).wrapping_add(choice).wrapping_add(constant_and_word);
    let t2 = sum0.wrapping_add(majority);
    [t1.wrapping_add(t2), a, b, c, d.wrapping_add(t1), e, f, g]
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const ZEROED: Sha256 = Sha256 { gain: [0; 8], blocks: Pieces { length: 0, begun: [0; BLOCK] } };

    /// The message padded as a whole, as 5.1.1 has it.
    fn naive(message: &[u8]) -> [u8; 32] {
        let mut padded = Vec::from(message);
        padded.push(0x80);
        while padded.len() % 64 != 56 {
            padded.push(0);
        }
        padded.extend((8 * message.len() as u64).to_be_bytes());
        let mut gain = [0; 8];
        padded.chunks(64).for_each(|block| take(&mut gain, block.try_into().unwrap()));
        let words = INITIAL.iter().zip(gain).map(|(initial, gain)| initial.wrapping_add(gain));
        words.flat_map(u32::to_be_bytes).collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn known() {
        let million = Vec::from([b'a'; 1_000_000]);
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        for (message, value) in [
            (&b""[..], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            (&million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        ] {
            for mut sum in [Sha256::new(), ZEROED] {
                sum.update(message);
                // Asking changes nothing.
                for _ in 0..2 {
                    let bytes = sum.finish().into_iter();
                    let hex: std::string::String = bytes.map(|b| std::format!("{b:02x}")).collect();
                    assert_eq!(hex, value, "{} bytes", message.len());
                }
            }
        }
    }

    #[test]
    fn splits() {
        let bytes: Vec<u8> = (0..260u32).map(|i| (i.wrapping_mul(i) >> 3) as u8).collect();
        for length in 0..=bytes.len() {
            let message = &bytes[..length];
            let whole = naive(message);
            for split in 0..=length {
                let mut sum = Sha256::new();
                sum.update(&message[..split]);
                sum.update(&message[split..]);
                assert_eq!(sum.finish(), whole, "length {length}, split {split}");
            }
            for piece in [1, 2, 55, 63, 64, 65] {
                let mut sum = Sha256::new();
                message.chunks(piece).for_each(|piece| sum.update(piece));
                assert_eq!(sum.finish(), whole, "length {length}, pieces of {piece}");
            }
        }
    }

    /// The first bits after the point of the primes' square and cube roots (4.2.2 and 5.3.3).
    #[test]
    fn constants() {
        let primes = (2..).filter(|n| (2..*n).all(|divisor| n % divisor != 0));
        let root = |prime: u32, power: u32| {
            let below = |root: u128| root.pow(power) <= u128::from(prime) << (32 * power);
            let bits = (0..37).rev().map(|bit| 1u128 << bit);
            bits.fold(0, |root, bit| if below(root | bit) { root | bit } else { root }) as u32
        };
        for (prime, &constant) in primes.clone().zip(ROUND.as_flattened()) {
            assert_eq!(constant, root(prime, 3), "{prime}");
        }
        for (prime, constant) in primes.zip(INITIAL) {
            assert_eq!(constant, root(prime, 2), "{prime}");
        }
    }
}
