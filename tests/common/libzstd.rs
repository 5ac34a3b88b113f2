// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What libzstd makes of contents and of frames.

use zstd_safe::{
    zstd_sys::ZSTD_EndDirective, CCtx, CParameter, DCtx, DParameter, FrameFormat, InBuffer,
    OutBuffer, ResetDirective,
};

/// A frame of `content` with these parameters.
pub fn encode(parameters: &[CParameter], content: &[u8]) -> Vec<u8> {
    encode_with(b"", parameters, content)
}

/// A frame of `content` with these parameters and a dictionary, formatted or raw.
pub fn encode_with(dictionary: &[u8], parameters: &[CParameter], content: &[u8]) -> Vec<u8> {
    let mut encoder = encoder(dictionary, parameters);
    let mut frame = Vec::with_capacity(zstd_safe::compress_bound(content.len()));
    encoder.compress2(&mut frame, content).unwrap();
    frame
}

/// A frame in which each piece ends a block, as the encoder does not know that another one follows.
pub fn encode_pieces(parameters: &[CParameter], pieces: &[&[u8]]) -> Vec<u8> {
    let mut encoder = encoder(b"", parameters);
    let mut frame = Vec::new();
    let last = pieces.len() - 1;
    for (index, piece) in pieces.iter().enumerate() {
        let mut input = InBuffer::around(piece);
        loop {
            let mut part = Vec::with_capacity(1 << 17);
            let mut output = OutBuffer::around(&mut part);
            let directive = match index == last {
                true => ZSTD_EndDirective::ZSTD_e_end,
                false => ZSTD_EndDirective::ZSTD_e_flush,
            };
            let left = encoder.compress_stream2(&mut output, &mut input, directive);
            frame.extend(part);
            if left.unwrap() == 0 {
                break;
            }
        }
    }
    frame
}

fn encoder(dictionary: &[u8], parameters: &[CParameter]) -> CCtx<'static> {
    let mut encoder = CCtx::create();
    for &parameter in parameters {
        encoder.set_parameter(parameter).unwrap();
    }
    if !dictionary.is_empty() {
        encoder.load_dictionary(dictionary).unwrap();
    }
    encoder
}

/// A dictionary of at most `size` bytes for contents like `samples`.
pub fn train(size: usize, samples: &[&[u8]]) -> Vec<u8> {
    let mut dictionary = Vec::with_capacity(size);
    let sizes: Vec<usize> = samples.iter().map(|sample| sample.len()).collect();
    zstd_safe::train_from_buffer(&mut dictionary, &samples.concat(), &sizes).unwrap();
    dictionary
}

/// How libzstd judges a frame, with all bytes that it decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// The frame is whole, and has as many bytes.
    Good(usize),
    Bad,
    Truncated,
}

pub struct Decoder(DCtx<'static>);

impl Decoder {
    pub fn new() -> Self {
        let mut decoder = DCtx::create();
        decoder.set_parameter(DParameter::WindowLogMax(27)).unwrap();
        Self(decoder)
    }

    pub fn magicless() -> Self {
        let mut decoder = Self::new();
        decoder.0.set_parameter(DParameter::Format(FrameFormat::Magicless)).unwrap();
        decoder
    }

    pub fn with_dictionary(dictionary: &[u8]) -> Self {
        let mut decoder = Self::new();
        assert!(decoder.set_dictionary(dictionary), "a good dictionary");
        decoder
    }

    /// Whether libzstd accepts the dictionary.
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> bool {
        self.0.load_dictionary(dictionary).is_ok()
    }

    /// Decodes one frame into `output`, as a stream, because then all limits are checked.
    pub fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Opinion {
        self.0.reset(ResetDirective::SessionOnly).unwrap();
        output.clear();
        // In two pieces: given all at once, libzstd would take another path.
        let (first, rest) = input.split_at(input.len() / 2);
        let mut at = 0;
        for piece in [first, rest] {
            let mut piece = InBuffer::around(piece);
            loop {
                let (before, written) = (piece.pos, output.len());
                output.reserve(1 << 17);
                let mut buffer = OutBuffer::around_pos(output, written);
                let result = self.0.decompress_stream(&mut buffer, &mut piece);
                let is_full = buffer.pos() == buffer.capacity();
                match result {
                    Err(_) => return Opinion::Bad,
                    Ok(0) => return Opinion::Good(at + piece.pos),
                    Ok(_) if piece.pos == before && output.len() == written => break,
                    Ok(_) if piece.pos == piece.src.len() && !is_full => break,
                    Ok(_) => {}
                }
            }
            at += piece.pos;
        }
        Opinion::Truncated
    }
}

/// The content of a good frame.
pub fn decode(frame: &[u8]) -> Vec<u8> {
    decode_by(&mut Decoder::new(), frame)
}

pub fn decode_by(decoder: &mut Decoder, frame: &[u8]) -> Vec<u8> {
    let (mut all, mut content, mut at) = (Vec::new(), Vec::new(), 0);
    while at < frame.len() {
        match decoder.decode(&frame[at..], &mut content) {
            Opinion::Good(consumed) => at += consumed,
            opinion => panic!("libzstd: {opinion:?} at {at} of {}", frame.len()),
        }
        all.append(&mut content);
    }
    all
}
