// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The blocks of an .xz file, decoded by several threads at once.
//!
//! This knows good files only. Whatever is odd about one ends it, once the blocks before are out; the
//! decoder of whole files then goes through it from its start, and tells what is wrong, and where, as
//! if it had been the only one. So a file is read twice at most.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use pagewise::{Carry, Check, Decode, Format, Pause, XzBlock, XzFooter, XzIndex, XzRecord};

use crate::facts::Facts;
use crate::meter::Meter;
use crate::options::{Choice, Engine, Options};
use crate::source::{Region, Source};
use crate::store::{zeroed, Store};
use crate::Failure;

/// Bytes of output that may wait to be written, at most.
const MAX_HELD: u64 = 1 << 30;
/// Most bytes of an Index, and most blocks of a file: a terabyte has a tenth of them.
const MAX_INDEX: u64 = 8 << 20;
const MAX_BLOCKS: usize = 1 << 18;
/// Bytes looked at when Stream Padding is searched for its beginning.
const PADDING: usize = 4096;

/// Decodes the file that `source` reads if it is an .xz file of several blocks and the options ask for
/// threads. `None`: one thread has to decode the file, from its start. The store knows how many bytes are
/// written already.
pub(crate) fn unpack(
    options: &Options,
    source: &Source,
    store: &mut Store,
    meter: &mut Meter,
) -> Result<Option<Facts>, Failure> {
    let threads = options.threads();
    let is_xz = matches!(options.format, Choice::Auto | Choice::Xz);
    if threads == 1 || !is_xz || options.engine == Engine::Oracle || options.retain {
        return Ok(None);
    }
    let Some(region) = source.region() else { return Ok(None) };
    let Some(plan) = Plan::read(&region) else { return Ok(None) };
    plan.decode(threads, options, &region, store, meter)
}

/// Where all blocks are.
struct Plan {
    records: Vec<XzRecord>,
    streams: u64,
    /// Check of the last stream.
    check: Check,
}

impl Plan {
    /// Reads the Indexes of all streams, the last one first. `None` if there is nothing to share out, or
    /// something is wrong.
    fn read(region: &Region<'_>) -> Option<Self> {
        let mut plan = Self { records: Vec::new(), streams: 0, check: Check::None };
        let mut end = region.length;
        while end > 0 {
            end = without_padding(region, end)?;
            let footer_start = end.checked_sub(XzFooter::SIZE as u64)?;
            let footer = XzFooter::new(&region.array(footer_start)?, end).ok()?;
            let place = footer.index();
            if place.end - place.start > MAX_INDEX {
                return None;
            }
            let mut bytes = vec![0; (place.end - place.start) as usize];
            region.read(place.start, &mut bytes)?;
            let index = XzIndex::new(&footer, &bytes).ok()?;
            index.check_header(&region.array(index.input().start)?).ok()?;
            if index.blocks() > (MAX_BLOCKS - plan.records.len()) as u64 {
                return None;
            }
            // All of them are turned round in the end.
            let first = plan.records.len();
            plan.records.extend(index.records());
            plan.records[first..].reverse();
            if plan.streams == 0 {
                plan.check = index.check();
            }
            plan.streams += 1;
            end = index.input().start;
        }
        plan.records.reverse();
        let largest = plan.records.iter().map(length).max()?;
        (plan.records.len() > 1 && largest <= MAX_HELD / 2).then_some(plan)
    }

    fn decode(
        &self,
        threads: usize,
        options: &Options,
        region: &Region<'_>,
        store: &mut Store,
        meter: &mut Meter,
    ) -> Result<Option<Facts>, Failure> {
        // A thread that is done with its block goes on while the next one to write is not ready.
        let queue = Queue::new(&self.records, 2 * threads);
        let (sender, receiver) = mpsc::channel();
        let window = thread::scope(|scope| {
            for _ in 0..threads.min(self.records.len()) {
                let (sender, queue) = (sender.clone(), &queue);
                let work = move || {
                    while let Some(at) = queue.take() {
                        // Nobody to receive it: the queue is closed.
                        let _ = sender.send((at, decode(&self.records[at], options, region)));
                    }
                };
                // Fewer will do, and without any the file is left to one.
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            drop(sender);
            let end = self.write(&queue, &receiver, store, meter);
            queue.close();
            end
        })?;
        Ok(window.map(|window| Facts {
            format: Some(Format::Xz),
            members: self.streams,
            blocks: Some(self.records.len() as u64),
            window,
            consumed: region.length,
            written: store.drained(),
            check: self.check,
        }))
    }

    /// Writes the blocks in their order. Returns the window of the last one, if all are good.
    fn write(
        &self,
        queue: &Queue<'_>,
        receiver: &Receiver<(usize, Option<Block>)>,
        store: &mut Store,
        meter: &mut Meter,
    ) -> Result<Option<u64>, Failure> {
        let mut waiting = BTreeMap::new();
        let mut window = 0;
        for (next, record) in self.records.iter().enumerate() {
            let block = loop {
                if let Some(block) = waiting.remove(&next) {
                    break block;
                }
                let Ok((at, block)) = receiver.recv() else { return Ok(None) };
                waiting.insert(at, block);
            };
            let Some(block) = block else { return Ok(None) };
            store.write(&block.bytes)?;
            window = block.window;
            drop(block);
            queue.give_back(next);
            meter.show(record.input().end, store.drained());
        }
        Ok(Some(window))
    }
}

/// Where the stream ends that is the last one before `end`.
fn without_padding(region: &Region<'_>, mut end: u64) -> Option<u64> {
    let mut buffer = [0; PADDING];
    loop {
        let window = &mut buffer[..end.min(PADDING as u64) as usize];
        region.read(end - window.len() as u64, window)?;
        let padding = window.rchunks_exact(4).take_while(|word| **word == [0; 4]).count() * 4;
        end -= padding as u64;
        if padding < window.len() || padding == 0 {
            return Some(end);
        }
    }
}

/// Bytes of a block's output, if the record is right.
fn length(record: &XzRecord) -> u64 {
    record.output().end - record.output().start
}

/// A block's output.
struct Block {
    bytes: Vec<u8>,
    window: u64,
}

/// Decodes one block into a buffer of its own, or says that something is wrong with it.
fn decode(record: &XzRecord, options: &Options, region: &Region<'_>) -> Option<Block> {
    let mut decoder = Box::new(Carry::<XzBlock>::new(XzBlock::for_record(record)));
    options.limit(&mut *decoder);
    // Not touched, and so not there, before something is written to it.
    let mut bytes = zeroed(length(record) as usize).ok()?;
    let mut buffer = vec![0; options.input_chunk];
    let mut place = record.input();
    loop {
        let chunk = (place.end - place.start).min(buffer.len() as u64) as usize;
        region.read(place.start, &mut buffer[..chunk])?;
        place.start += chunk as u64;
        let progress = decoder.decode(&buffer[..chunk], &mut [&mut bytes[..]]).ok()?;
        match progress.pause {
            Pause::NeedInput { .. } if place.start < place.end => {}
            Pause::Done if place.start == place.end && progress.consumed == chunk => break,
            _ => return None,
        }
    }
    let window = decoder.window().unwrap_or(0);
    Some(Block { bytes, window })
}

/// Which block is the next to decode, and how many are on their way.
struct Queue<'a> {
    records: &'a [XzRecord],
    /// Blocks that may be decoded or wait to be written.
    most: usize,
    state: Mutex<State>,
    room: Condvar,
}

struct State {
    next: usize,
    /// Blocks taken and not given back, and bytes of their output.
    taken: usize,
    held: u64,
    closed: bool,
}

impl<'a> Queue<'a> {
    fn new(records: &'a [XzRecord], most: usize) -> Self {
        let state = State { next: 0, taken: 0, held: 0, closed: false };
        Self { records, most, state: Mutex::new(state), room: Condvar::new() }
    }

    /// Waits until another block may be decoded. They come in their order, so that the one that is to
    /// be written next is always taken. `None`: there is none.
    fn take(&self) -> Option<usize> {
        let mut state = self.state();
        loop {
            let record = self.records.get(state.next).filter(|_| !state.closed)?;
            let held = state.held + length(record);
            if state.taken == 0 || state.taken < self.most && held <= MAX_HELD {
                state.held = held;
                state.taken += 1;
                state.next += 1;
                return Some(state.next - 1);
            }
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The block was written.
    fn give_back(&self, at: usize) {
        let mut state = self.state();
        state.taken -= 1;
        state.held -= length(&self.records[at]);
        self.room.notify_all();
    }

    /// No block is to be taken any more.
    fn close(&self) {
        self.state().closed = true;
        self.room.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
