// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Huffman trees of zstd's literals, their descriptions and streams (RFC 8878, 4.2).

use super::data::Random;
use super::fse::{Backward, Distribution, Table};

/// A tree by the weights of all symbols up to the last one that is present.
#[derive(Clone, Debug)]
pub struct Tree {
    pub weights: Vec<u8>,
    /// The distribution that describes the weights by FSE, if they are not described directly.
    pub fse: Option<Distribution>,
}

impl Tree {
    /// A tree whose weights are written directly.
    pub fn direct(weights: &[u8]) -> Self {
        Self { weights: weights.to_vec(), fse: None }
    }

    /// A tree whose weights are written by FSE, with the largest Accuracy_Log.
    pub fn fse(weights: &[u8]) -> Self {
        let fse = Distribution::fitted(6, weights[..weights.len() - 1].iter().copied());
        Self { weights: weights.to_vec(), fse: Some(fse) }
    }

    /// A tree that is described directly if possible.
    pub fn new(weights: &[u8]) -> Self {
        if weights.len() <= 129 {
            Self::direct(weights)
        } else {
            Self::fse(weights)
        }
    }

    /// A tree of all `bytes`, all leaves of which are at about the same depth.
    pub fn flat(bytes: &[u8]) -> Self {
        Self::new(&weights(&lengths_of(bytes, |count| {
            let depth = count.ilog2();
            let deeper = 2 * (count - (1 << depth));
            [vec![depth as u8; count - deeper], vec![depth as u8 + 1; deeper]].concat()
        })))
    }

    /// A tree of all `bytes`, grown at random to at most `longest` bits.
    pub fn random(random: &mut Random, bytes: &[u8], longest: u8) -> Self {
        Self::new(&weights(&lengths_of(bytes, |count| {
            let mut lengths = vec![1, 1];
            while lengths.len() < count {
                let at = random.below(lengths.len());
                if lengths[at] < longest {
                    lengths[at] += 1;
                    lengths.push(lengths[at]);
                }
            }
            for last in (1..count).rev() {
                lengths.swap(last, random.below(last + 1));
            }
            lengths
        })))
    }

    /// Max_Number_of_Bits.
    pub fn depth(&self) -> u32 {
        self.weights.iter().map(|&weight| 1u32 << weight >> 1).sum::<u32>().ilog2()
    }

    /// The code of each symbol, and its bits.
    fn codes(&self) -> Vec<(u64, u32)> {
        let depth = self.depth();
        let mut codes = vec![(0, 0); self.weights.len()];
        let mut at = 0u64;
        for weight in 1..=depth {
            for (symbol, _) in self.weights.iter().enumerate().filter(|(_, &w)| w as u32 == weight)
            {
                codes[symbol] = (at >> (weight - 1), depth + 1 - weight);
                at += 1 << (weight - 1);
            }
        }
        assert_eq!(at, 1 << depth, "a complete code");
        codes
    }

    /// The Huffman Tree Description (4.2.1). The last weight is implied.
    pub fn description(&self) -> Vec<u8> {
        let (_, weights) = self.weights.split_last().unwrap();
        let Some(distribution) = &self.fse else { return direct_weights(weights) };
        let stream = fse_weights(distribution, weights);
        [&[u8::try_from(stream.len()).unwrap()][..], &stream].concat()
    }

    /// One stream of `bytes` (4.2.2).
    pub fn stream(&self, bytes: &[u8]) -> Vec<u8> {
        let codes = self.codes();
        let mut stream = Backward::new();
        for &byte in bytes {
            let (code, bits) = codes[usize::from(byte)];
            assert!(bits > 0, "byte {byte} has no code");
            stream.put(code, bits);
        }
        stream.finish()
    }

    /// Four streams after their jump table (3.1.1.3.1.6).
    pub fn four_streams(&self, bytes: &[u8]) -> Vec<u8> {
        let quarter = bytes.len().div_ceil(4);
        let streams: Vec<Vec<u8>> = (0..4)
            .map(|index| {
                let [from, to] = [index, index + 1].map(|index| bytes.len().min(index * quarter));
                self.stream(if index == 3 { &bytes[from..] } else { &bytes[from..to] })
            })
            .collect();
        let sizes = streams[..3].iter().flat_map(|stream| (stream.len() as u16).to_le_bytes());
        sizes.chain(streams.concat()).collect()
    }
}

/// All weights but the last, in four bits each.
pub fn direct_weights(weights: &[u8]) -> Vec<u8> {
    let pairs = weights.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0));
    [u8::try_from(127 + weights.len()).unwrap()].into_iter().chain(pairs).collect()
}

/// All weights but the last, by two interleaved states: a table, and a stream that ends when the next step
/// would need more bits than there are.
pub fn fse_weights(distribution: &Distribution, weights: &[u8]) -> Vec<u8> {
    let table = Table::new(distribution);
    let [first, second] = [0, 1].map(|skip| {
        let own: Vec<u8> = weights.iter().copied().skip(skip).step_by(2).collect();
        table.states(&own)
    });
    let mut stream = Backward::new();
    stream.put(first[0].into(), table.log).put(second[0].into(), table.log);
    for at in 1..first.len() {
        table.step(&mut stream, first[at - 1], first[at]);
        if let Some(&to) = second.get(at) {
            table.step(&mut stream, second[at - 1], to);
        }
    }
    [distribution.description(), stream.finish()].concat()
}

/// Code lengths of all symbols up to the last of `bytes`: zero for those not among them, of which at most two
/// are added to have at least two. `lengths` gives those of a complete code with as many symbols.
fn lengths_of(bytes: &[u8], lengths: impl FnOnce(usize) -> Vec<u8>) -> Vec<u8> {
    let mut present = [false; 256];
    bytes.iter().for_each(|&byte| present[usize::from(byte)] = true);
    if present.iter().filter(|&&is| is).count() < 2 {
        let missing = present.iter().position(|&is| !is).unwrap();
        present[missing] = true;
        let second = present.iter().position(|&is| !is).unwrap();
        present[second] |= bytes.is_empty();
    }
    let last = present.iter().rposition(|&is| is).unwrap();
    let mut lengths = lengths(present.iter().filter(|&&is| is).count()).into_iter();
    present[..=last].iter().map(|&is| if is { lengths.next().unwrap() } else { 0 }).collect()
}

/// Weights for code lengths.
pub fn weights(lengths: &[u8]) -> Vec<u8> {
    let depth = lengths.iter().max().unwrap();
    lengths.iter().map(|&length| if length == 0 { 0 } else { depth + 1 - length }).collect()
}
