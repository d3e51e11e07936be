//! HTTP/1.1 as a client reads it (RFC 9112): bytes in, events out.
//!
//! Without I/O, clock or task: what comes may be cut anywhere, and the events are the same. A response is read to its end
//! and no further; what is left of the bytes then is nobody's.

mod chunked;
mod head;
mod known;

use std::fmt;
use std::rc::Rc;

use http::Method;

use chunked::Chunks;
pub use head::Head;
use head::{Framing, Parsed};
pub use known::Known;

/// The largest head of a response, in bytes.
pub const MOST_HEAD: usize = 64 * 1024;

/// Up to this size a head is parsed again with every piece that comes; beyond, only where that can bring something new.
const SMALL_HEAD: usize = 4 * 1024;

/// What is wrong with a response, in the words of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What was found in the bytes.
#[derive(Debug)]
pub enum Event<'b> {
    /// All bytes are used; the response goes on.
    More,
    /// The head of an interim response (1xx) has ended. The final one is still to come.
    Interim,
    /// The head of the response.
    Head(Head),
    /// A piece of its body; never empty.
    Body(&'b [u8]),
    /// The end of the response. Bytes that are left do not belong to it.
    End,
}

/// Reads one response, and the interim ones before it.
#[derive(Debug)]
pub struct Decoder {
    known: Rc<Known>,
    asked: Asked,
    state: State,
    keeps_alive: bool,
}

/// What of the request decides how its response is framed (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// HEAD: no response has a body.
    Head,
    /// CONNECT: after a 2xx comes another protocol.
    Connect,
    Other,
}

#[derive(Debug)]
enum State {
    /// In a head. `partial` holds what came of it in earlier pieces, `tried` is how much of that was parsed in vain.
    Head {
        partial: Vec<u8>,
        tried: usize,
    },
    /// So many bytes of the body are still to come.
    Length(u64),
    Chunked(Chunks),
    /// The body ends with the connection.
    ToEnd,
    Done,
}

impl Decoder {
    /// For the response to a request of this method. `known`: what came before, from this server or others.
    pub fn new(method: &Method, known: &Rc<Known>) -> Self {
        Self {
            known: Rc::clone(known),
            asked: match *method {
                Method::HEAD => Asked::Head,
                Method::CONNECT => Asked::Connect,
                _ => Asked::Other,
            },
            state: State::begin(),
            keeps_alive: false,
        }
    }

    /// What the bytes hold next; what was used is taken from their front. To be asked until it gives `More` or `End`.
    pub fn next<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Event<'b>, Malformed> {
        match &mut self.state {
            State::Head { .. } => self.next_of_head(bytes),
            State::Length(0) => {
                self.state = State::Done;
                Ok(Event::End)
            }
            State::Length(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                let piece = take(bytes, most);
                *left -= piece.len() as u64;
                Ok(body(piece))
            }
            State::Chunked(chunks) => {
                let event = chunks.next(bytes)?;
                if matches!(event, Event::End) {
                    self.state = State::Done;
                }
                Ok(event)
            }
            State::ToEnd => Ok(body(take(bytes, usize::MAX))),
            State::Done => Ok(Event::End),
        }
    }

    /// The connection has ended: whether the response is whole. A head that cannot be read is said as such even so.
    pub fn close(&mut self) -> Result<bool, Malformed> {
        match &mut self.state {
            State::Head { partial, tried } if *tried < partial.len() => {
                head::parse(partial, self.asked)?;
                Ok(false)
            }
            State::ToEnd | State::Length(0) | State::Done => {
                self.state = State::Done;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether a byte of the final response has come, as far as can be told: the beginning of a head counts until it turns
    /// out to be an interim one's.
    pub fn has_begun(&self) -> bool {
        match &self.state {
            State::Head { partial, .. } => !partial.is_empty() && !head::is_interim(partial),
            _ => true,
        }
    }

    /// Whether the response has been read to its end.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Whether the server lets the connection carry another request after this one. Known with the head.
    pub fn keeps_alive(&self) -> bool {
        self.keeps_alive
    }

    /// How much of the body is still to come, where the head told.
    pub fn announced(&self) -> Option<u64> {
        match self.state {
            State::Length(left) => Some(left),
            _ => None,
        }
    }

    fn next_of_head<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Event<'b>, Malformed> {
        let State::Head { partial, tried } = &mut self.state else {
            return Ok(Event::More);
        };
        if bytes.is_empty() {
            return Ok(Event::More);
        }
        // Nearly always a head comes whole, and is read where it lies.
        let before = partial.len();
        let window = if before == 0 {
            &bytes[..bytes.len().min(MOST_HEAD)]
        } else {
            let room = MOST_HEAD - before;
            partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
            &partial[..]
        };
        let worth_it = window.len() <= SMALL_HEAD
            || window.len() == MOST_HEAD
            || window.len() >= 2 * *tried
            || head::ends(&window[before.saturating_sub(2)..]);
        let known = (before == 0).then(|| self.known.find(window, self.asked));
        let parsed = match known.flatten() {
            None if worth_it => {
                let parsed = head::parse(window, self.asked)?;
                if let Some(parsed) = &parsed
                    && parsed.framing.is_some()
                    && parsed.length <= SMALL_HEAD
                {
                    self.known.keep(&window[..parsed.length], self.asked, parsed);
                }
                parsed
            }
            known => known,
        };
        let Some(Parsed {
            length,
            head,
            framing,
            keeps_alive,
        }) = parsed
        else {
            if window.len() == MOST_HEAD {
                return Err(head::TOO_LARGE);
            }
            if worth_it {
                *tried = window.len();
            }
            if before == 0 {
                partial.extend_from_slice(bytes);
            }
            *bytes = &[];
            return Ok(Event::More);
        };
        take(bytes, length.saturating_sub(before));
        self.keeps_alive = keeps_alive;
        let Some(framing) = framing else {
            self.state = State::begin();
            return Ok(Event::Interim);
        };
        self.state = match framing {
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Chunks::default()),
            Framing::ToEnd => State::ToEnd,
        };
        Ok(Event::Head(head))
    }
}

impl State {
    fn begin() -> Self {
        Self::Head {
            partial: Vec::new(),
            tried: 0,
        }
    }
}

/// Takes at most so many bytes from the front.
fn take<'b>(bytes: &mut &'b [u8], most: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at(most.min(bytes.len()));
    *bytes = rest;
    taken
}

fn body(piece: &[u8]) -> Event<'_> {
    if piece.is_empty() {
        Event::More
    } else {
        Event::Body(piece)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
