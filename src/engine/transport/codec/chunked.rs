//! The chunked transfer coding (RFC 9112, section 7.1).

use super::{Event, Malformed, body, take};

/// The most bytes of chunk extensions in one response: they carry nothing here, and must not go on for ever.
const MOST_EXTENSIONS: usize = 16 * 1024;

/// The most bytes of trailers, and the most of them.
const MOST_TRAILERS: usize = 16 * 1024;
const MOST_TRAILER_LINES: usize = 100;

/// Where in the coding the next byte stands.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    state: State,
    /// The size that is being read, or what is left of the chunk.
    left: u64,
    /// Bytes of extensions so far.
    extensions: usize,
    /// The trailers so far, the empty line after them included.
    trailers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    #[default]
    Start,
    Size,
    /// In the white space after a size, which some servers pad it with.
    Space,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    /// At the beginning of a line after the last chunk.
    Line,
    Trailer,
    TrailerLf,
    EndLf,
    End,
}

impl Chunks {
    /// As [`super::Decoder::next`].
    pub(super) fn next<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Event<'b>, Malformed> {
        loop {
            match self.state {
                State::End => return Ok(Event::End),
                State::Data => {
                    let most = usize::try_from(self.left).unwrap_or(usize::MAX);
                    let piece = take(bytes, most);
                    self.left -= piece.len() as u64;
                    if self.left == 0 {
                        self.state = State::DataCr;
                    }
                    return Ok(body(piece));
                }
                _ => match take(bytes, 1) {
                    [byte] => self.state = self.step(*byte)?,
                    _ => return Ok(Event::More),
                },
            }
        }
    }

    fn step(&mut self, byte: u8) -> Result<State, Malformed> {
        let fail = |words| Err(Malformed(words));
        Ok(match (self.state, byte) {
            (State::Start, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.left = 0;
                self.digit(byte)?
            }
            (State::Start, _) => return fail("Invalid chunk size line: missing size digit"),
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte)?,
            (State::Size | State::Space, b' ' | b'\t') => State::Space,
            (State::Size | State::Space, b';') => State::Extension,
            (State::Size | State::Space | State::Extension, b'\r') => State::SizeEnd,
            (State::Size, _) => return fail("Invalid chunk size line: Invalid Size"),
            (State::Space, _) => return fail("Invalid chunk size linear white space"),
            (State::Extension, b'\n') => return fail("invalid chunk extension contains newline"),
            (State::Extension, _) => {
                self.extensions += 1;
                if self.extensions >= MOST_EXTENSIONS {
                    return fail("chunk extensions over limit");
                }
                State::Extension
            }
            (State::SizeEnd, b'\n') if self.left == 0 => State::Line,
            (State::SizeEnd, b'\n') => State::Data,
            (State::SizeEnd, _) => return fail("Invalid chunk size LF"),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataCr, _) => return fail("Invalid chunk body CR"),
            (State::DataLf, b'\n') => State::Start,
            (State::DataLf, _) => return fail("Invalid chunk body LF"),
            (State::Line | State::Trailer | State::TrailerLf | State::EndLf, _) => self.trailer(byte)?,
            (State::Data | State::End, _) => self.state,
        })
    }

    fn digit(&mut self, byte: u8) -> Result<State, Malformed> {
        let value = char::from(byte).to_digit(16).map_or(0, u64::from);
        self.left = self
            .left
            .checked_mul(16)
            .and_then(|size| size.checked_add(value))
            .ok_or(Malformed("invalid chunk size: overflow"))?;
        Ok(State::Size)
    }

    /// A byte after the last chunk. Trailers are read, checked and dropped.
    fn trailer(&mut self, byte: u8) -> Result<State, Malformed> {
        let empty = self.trailers.is_empty();
        let next = match (self.state, byte) {
            (State::Line, b'\r') => State::EndLf,
            (State::EndLf, b'\n') => State::End,
            (State::EndLf, _) => return Err(Malformed("Invalid chunk end LF")),
            (State::TrailerLf, b'\n') => State::Line,
            (State::TrailerLf, _) => return Err(Malformed("Invalid trailer end LF")),
            (_, b'\r') => State::TrailerLf,
            _ => State::Trailer,
        };
        // Nearly every response has none, and nothing is kept for it.
        if empty && matches!(next, State::EndLf | State::End) {
            return Ok(next);
        }
        self.trailers.push(byte);
        if self.trailers.len() >= MOST_TRAILERS {
            return Err(Malformed("chunk trailers bytes over limit"));
        }
        if next == State::End {
            self.check_trailers()?;
        }
        Ok(next)
    }

    fn check_trailers(&self) -> Result<(), Malformed> {
        let mut room = [httparse::EMPTY_HEADER; MOST_TRAILER_LINES];
        match httparse::parse_headers(&self.trailers, &mut room) {
            Ok(httparse::Status::Complete(_)) => Ok(()),
            Err(httparse::Error::TooManyHeaders) => Err(Malformed("chunk trailers count overflow")),
            Ok(httparse::Status::Partial) | Err(_) => Err(Malformed("invalid trailer")),
        }
    }
}
