// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Members, streams and frames one after the other.

use crate::decode::debug;
use crate::slices::rest_from;
use crate::zeroed::{zeroed, zeroed_enum, Zeroed};
use crate::{After, Decode, Error, Members, Page, Pause, Progress, Status};

zeroed_enum! {
    #[derive(Clone, Copy)]
    enum Stage {
        Member = 0,
        Between,
        Trailing,
        Failed(Error),
    }
}

/// Decodes members one after the other, with padding and trailing bytes treated as the reference
/// tools treat them: `gzip -dc` takes zero bytes up to the end, and leaves anything else alone;
/// `xz -dc` takes zero bytes by fours, also between streams, and holds anything else for damage.
///
/// [`Pause::Done`] with all input consumed means that the file may end here, or go on with another
/// member: pass what else there is. `Done` with input left over means that the rest is trailing
/// bytes, no part of the file. All-zero memory is a fresh one.
///
/// ```
/// use pagewise::{decode_slice, Concatenated, Error, Gzip};
///
/// # let member: &[u8] = &[
/// #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
/// #     0, 0];
/// let file = [member, member, b"tail"].concat();
/// let mut output = [0; 100];
/// let mut decoder = Concatenated::new(Gzip::new());
/// let decoded = decode_slice(&mut decoder, &file, &mut output)?;
/// assert_eq!(&output[..decoded.written], b"abcabc");
/// assert_eq!(&file[decoded.consumed..], b"tail");
/// assert_eq!(decoder.members(), 2);
/// # Ok::<(), Error>(())
/// ```
pub struct Concatenated<D> {
    stage: Stage,
    members: u64,
    /// Padding consumed over all, and since the last member.
    all_padding: u64,
    padding: u64,
    decoder: D,
}

zeroed! {
    impl [D: Zeroed] for Concatenated<D> { stage, members, all_padding, padding, decoder }
}

impl<D: Members> Concatenated<D> {
    /// Wraps a fresh decoder, which decodes all members.
    pub const fn new(decoder: D) -> Self {
        Self { stage: Stage::Member, members: 0, all_padding: 0, padding: 0, decoder }
    }

    /// Members decoded completely.
    pub fn members(&self) -> u64 {
        self.members
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

    /// One member, or what follows it, up to a pause. `None` means that there is more.
    fn step<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Turn, Error> {
        let rest = match self.stage {
            Stage::Member => input,
            Stage::Between if !input.is_empty() => {
                match self.decoder.after(self.padding, input)? {
                    After::Member => {
                        self.decoder.next_member();
                        self.padding = 0;
                        self.stage = Stage::Member;
                    }
                    After::Padding { length } => {
                        self.padding = self.padding.wrapping_add(length as u64);
                        self.all_padding = self.all_padding.wrapping_add(length as u64);
                        return Ok((length, None));
                    }
                    After::Trailing => self.stage = Stage::Trailing,
                    After::Missing { min } => return Ok((0, Some(Pause::NeedInput { min }))),
                }
                return Ok((0, None));
            }
            // The last member's decoder has ended, and says so again if the pages can be its own.
            Stage::Between | Stage::Trailing => &[],
            Stage::Failed(error) => return Err(error),
        };
        let Progress { consumed, pause } = self.decoder.decode(rest, pages)?;
        match (self.stage, pause) {
            (Stage::Member, Pause::Done) => {
                self.members = self.members.wrapping_add(1);
                self.stage = Stage::Between;
                Ok((consumed, None))
            }
            _ => Ok((consumed, Some(pause))),
        }
    }
}

/// Bytes consumed, and the pause if there is one.
type Turn = (usize, Option<Pause>);

debug! { [D: Members] for Concatenated<D>: members, all_padding }

impl<D: Members + Default> Default for Concatenated<D> {
    fn default() -> Self {
        Self::new(D::default())
    }
}

impl<D: Members> Decode for Concatenated<D> {
    const CARRY: usize = D::CARRY;

    fn decode<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error> {
        let mut rest = input;
        loop {
            let step = self.step(rest, pages);
            let (consumed, pause) = match step {
                Ok(taken) => taken,
                Err(error) => {
                    self.stage = Stage::Failed(error);
                    return Err(error);
                }
            };
            rest = rest_from(rest, consumed);
            if let Some(pause) = pause {
                return Ok(Progress { consumed: input.len().saturating_sub(rest.len()), pause });
            }
        }
    }

    fn status(&self) -> Status {
        let status = self.decoder.status();
        Status { consumed: status.consumed.wrapping_add(self.all_padding), ..status }
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
        self.stage = Stage::Member;
        self.members = 0;
        self.all_padding = 0;
        self.padding = 0;
        self.decoder.reset();
    }
}
