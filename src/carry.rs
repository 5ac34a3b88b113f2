// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Input in pieces of any size.

use crate::decode::debug;
use crate::slices::rest_from;
use crate::zeroed::{zeroed, Zeroed};
use crate::{Decode, Error, Page, Pause, Progress, Status};

/// Feeds a decoder from pieces of input of any size: sectors, or one byte at a time.
///
/// Decoders take input in whole units, and expect unconsumed input to be passed again with more
/// after it. A `Carry` keeps what was not consumed, up to `N` bytes, and joins it with the next
/// piece until the unit is whole. So all input of a call is consumed, unless the pages are full or
/// the stream has ended. `N` is at least the decoder's [`CARRY`](Decode::CARRY). 64 is enough for
/// all but zstd, whose largest unit is a block of 128 KiB. So `Zstd` and `Any` name theirs, as in
/// `Carry<Any, { Any::CARRY }>`. All-zero memory is a fresh `Carry`.
///
/// ```
/// use pagewise::{Carry, Decode, Error, Gzip, Pause};
///
/// # let file: &[u8] = &[
/// #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
/// #     0, 0];
/// let mut decoder: Carry<Gzip> = Carry::new(Gzip::new());
/// let mut page = [[0; 64]];
/// for byte in file {
///     let progress = decoder.decode(&[*byte], &mut page)?;
///     assert_eq!(progress.consumed, 1);
/// }
/// assert_eq!(&page[0][..3], b"abc");
/// # Ok::<(), Error>(())
/// ```
pub struct Carry<D, const N: usize = 64> {
    /// Bytes of `kept` in use.
    held: usize,
    kept: [u8; N],
    decoder: D,
}

zeroed! {
    impl [D: Zeroed, const N: usize] for Carry<D, N> { held, kept, decoder }
}

impl<D: Decode, const N: usize> Carry<D, N> {
    const LARGE_ENOUGH: () = assert!(
        N >= D::CARRY,
        "a unit of this decoder's input may be larger than N: name it, as in \
         `Carry<D, {{ D::CARRY }}>`"
    );

    /// Wraps a fresh decoder.
    pub const fn new(decoder: D) -> Self {
        let () = Self::LARGE_ENOUGH;
        Self { held: 0, kept: [0; N], decoder }
    }

    /// Bytes taken from the caller that the decoder has not consumed. When the stream has ended
    /// they are trailing bytes.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The bytes that [`held`](Self::held) counts.
    pub fn held_bytes(&self) -> &[u8] {
        self.kept.get(..self.held).unwrap_or(&[])
    }

    /// The decoder inside.
    pub fn get_ref(&self) -> &D {
        &self.decoder
    }

    /// The decoder inside, for its settings: a dictionary, limits. Calls of
    /// [`decode`](Decode::decode) or [`reset`](Decode::reset) on it would go unnoticed here.
    pub fn get_mut(&mut self) -> &mut D {
        &mut self.decoder
    }

    /// Decodes from what is kept, joined with the head of `input`. Returns the bytes taken of
    /// `input`, and a pause unless the decoder can go on from `input` alone.
    fn joined<P: Page>(
        &mut self,
        input: &[u8],
        pages: &mut [P],
    ) -> Result<(usize, Option<Pause>), Error> {
        let held = self.held;
        let Some(free) = self.kept.get_mut(held..) else { return Err(Error::Internal) };
        let joined = free.len().min(input.len());
        for (slot, &byte) in free.iter_mut().zip(input) {
            *slot = byte;
        }
        let end = held.saturating_add(joined);
        let Some(kept) = self.kept.get(..end) else { return Err(Error::Internal) };
        let Progress { consumed, pause } = self.decoder.decode(kept, pages)?;
        if consumed >= held {
            // The remaining bytes are the caller's own input.
            self.held = 0;
            let taken = consumed.saturating_sub(held);
            let pause = match pause {
                Pause::NeedInput { .. } => None,
                // At the end of what was joined only: members may follow in the rest.
                Pause::Done if consumed == end && taken < input.len() => None,
                pause => Some(pause),
            };
            return Ok((taken, pause));
        }
        self.held = held.saturating_sub(consumed);
        // A large unit may wait for many small pieces, and then nothing moves.
        if consumed > 0 {
            for to in 0..end.saturating_sub(consumed) {
                let byte = self.kept.get(to.saturating_add(consumed)).copied().unwrap_or(0);
                self.kept.get_mut(to).into_iter().for_each(|slot| *slot = byte);
            }
        }
        match pause {
            Pause::NeedInput { min } => {
                self.held = self.held.saturating_add(joined);
                if consumed == 0 && joined < input.len() {
                    // The unit is larger than the decoder said.
                    return Err(Error::Internal);
                }
                let more = Pause::NeedInput { min: min.saturating_sub(self.held).max(1) };
                Ok((joined, (joined >= input.len()).then_some(more)))
            }
            _ => Ok((0, Some(pause))),
        }
    }
}

debug! { [D: Decode, const N: usize] for Carry<D, N>: held }

impl<D: Decode + Default, const N: usize> Default for Carry<D, N> {
    fn default() -> Self {
        Self::new(D::default())
    }
}

impl<D: Decode, const N: usize> Decode for Carry<D, N> {
    const CARRY: usize = 1;

    fn decode<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error> {
        let () = Self::LARGE_ENOUGH;
        let mut rest = input;
        let pause = loop {
            if self.held > 0 {
                let (taken, pause) = self.joined(rest, pages)?;
                rest = rest_from(rest, taken);
                if let Some(pause) = pause {
                    break pause;
                }
                continue;
            }
            let Progress { consumed, pause } = self.decoder.decode(rest, pages)?;
            rest = rest_from(rest, consumed);
            if let Pause::NeedInput { min } = pause {
                if rest.len() > N {
                    return Err(Error::Internal);
                }
                self.kept.iter_mut().zip(rest).for_each(|(slot, &byte)| *slot = byte);
                self.held = rest.len();
                rest = &[];
                break Pause::NeedInput { min: min.saturating_sub(self.held).max(1) };
            }
            break pause;
        };
        Ok(Progress { consumed: input.len().saturating_sub(rest.len()), pause })
    }

    fn status(&self) -> Status {
        self.decoder.status()
    }

    fn limit_window(&mut self, bytes: u64) {
        self.decoder.limit_window(bytes);
    }

    fn skip_unknown_checks(&mut self, skip: bool) {
        self.decoder.skip_unknown_checks(skip);
    }

    fn release(&mut self, pages: usize) -> Result<(), Error> {
        self.decoder.release(pages)
    }

    fn reset(&mut self) {
        self.held = 0;
        self.decoder.reset();
    }
}
