// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! One file on its way from its source through a decoder into pages, and out.

use pagewise::{Any, Carry, Check, Concatenated, Decode, Error, ErrorKind, Members, Pause};

use crate::facts::Facts;
use crate::meter::Meter;
use crate::options::{Engine, Options};
use crate::sink::Sink;
use crate::source::Source;
use crate::store::Store;
use crate::{blocks, tell, Failure};

/// Decodes `source` by several threads if it can be, and otherwise by `decoder`.
pub(crate) fn unpack_as<D: Members>(
    options: &Options,
    source: Source,
    decoder: D,
) -> Result<Facts, Failure> {
    let sink = Sink::open(options, &source)?;
    let mut meter = Meter::new(options, source.length, sink.is_terminal());
    let mut store = Store::new(options, sink);
    let facts = blocks::unpack(options, &source, &mut store, &mut meter)?;
    if let Some(facts) = facts {
        meter.clear();
        store.sink.commit()?;
        return Ok(facts);
    }
    let decoder = Box::new(Carry::new(Concatenated::new(decoder)));
    let mut unpacker = Unpacker { decoder, meter, store, source };
    options.limit(&mut *unpacker.decoder);
    let end = unpacker.run();
    // What was good before a fault goes out too, as from `gzip -dc`.
    let drained = unpacker.drain();
    unpacker.meter.clear();
    let end = end?;
    drained?;
    unpacker.store.sink.commit()?;
    if end == End::Trailing && options.quiet == 0 {
        let name = &unpacker.source.name;
        tell(&format!("{name}: trailing bytes ignored after the last member"));
    }
    Ok(unpacker.facts(options.engine))
}

/// A file on its way through a decoder.
struct Unpacker<D> {
    source: Source,
    decoder: Box<Carry<Concatenated<D>, { Any::CARRY }>>,
    store: Store,
    meter: Meter,
}

/// How a good file ends.
#[derive(PartialEq, Eq)]
enum End {
    Clean,
    /// With bytes that are no part of it.
    Trailing,
}

impl<D: Members> Unpacker<D> {
    fn run(&mut self) -> Result<End, Failure> {
        loop {
            let chunk = self.source.chunk();
            let progress = match self.decoder.decode(chunk, &mut self.store.pages) {
                Ok(progress) => progress,
                Err(error) => return Err(self.failure(error)),
            };
            let left_over = progress.consumed < chunk.len() || self.decoder.held() > 0;
            self.source.advance(progress.consumed);
            match progress.pause {
                Pause::NeedPage => self.make_room()?,
                Pause::Done if left_over => return Ok(End::Trailing),
                pause => {
                    if !self.source.refill()? {
                        return self.input_ended(pause);
                    }
                }
            }
            let members = self.decoder.get_ref().members();
            self.meter.show_status(&self.decoder.status(), members);
        }
    }

    /// Every page is full: writes out what is settled, then uses pages again or adds some.
    fn make_room(&mut self) -> Result<(), Failure> {
        self.drain()?;
        let free = self.store.recyclable(&*self.decoder);
        let result = if free > 0 && free >= self.store.worthwhile() {
            self.decoder.release(free).map(|()| self.store.recycle(free))
        } else {
            self.store.grow()
        };
        result.map_err(|error| self.failure(error))
    }

    /// Judges the end of the input. If one byte follows the last member and could begin another one, the file counts
    /// as truncated, as it does for `gzip -dc`.
    fn input_ended(&self, pause: Pause) -> Result<End, Failure> {
        match pause {
            Pause::Done => Ok(End::Clean),
            _ if self.source.read == 0 => Err(self.source.failure("empty")),
            _ => Err(self.source.failure_at(Error::Truncated, self.source.read)),
        }
    }

    fn facts(&self, engine: Engine) -> Facts {
        let status = self.decoder.status();
        Facts {
            format: status.info.format,
            members: self.decoder.get_ref().members(),
            blocks: (engine == Engine::Native).then_some(status.info.blocks),
            window: status.window.unwrap_or(0),
            consumed: status.consumed,
            written: status.written,
            check: status.info.check,
        }
    }

    fn drain(&mut self) -> Result<(), Failure> {
        self.store.drain(self.decoder.settled())
    }

    fn failure(&self, error: Error) -> Failure {
        let offset = self.decoder.consumed();
        let info = self.decoder.info();
        match info.format {
            Some(format) if error == Error::UnsupportedFormat => {
                self.source.failure_at(format_args!("{}: {error}", format.name()), offset)
            }
            // Otherwise it is known here, but not to the engine.
            _ if error == Error::UnsupportedCheck && info.check == Check::Unknown => {
                self.source.failure(format_args!("{error}; --ignore-unknown-check goes without it"))
            }
            _ if error == Error::WindowLimit => {
                let window = self.decoder.window().unwrap_or(u64::MAX);
                self.source.failure(format_args!(
                    "needs a window of {window} bytes, more than the limit; --window-limit={window} allows it"
                ))
            }
            _ if error == Error::ZstdDictionaryId => {
                self.source.failure(format_args!("{error}; --dictionary names one"))
            }
            _ if self.decoder.get_ref().members() > 0
                && matches!(error, Error::XzMagic | Error::ZstdMagic) =>
            {
                self.source.failure_at("bytes after the end that are no part of it", offset)
            }
            _ if error.kind() == ErrorKind::Corrupt => {
                self.source.failure_at(format_args!("corrupt: {error}"), offset)
            }
            _ => self.source.failure_at(error, offset),
        }
    }
}
