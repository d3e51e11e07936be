//! The head of a response: status line and headers, and how its body is framed (RFC 9112, sections 4 to 6).

use std::mem::MaybeUninit;

use http::{StatusCode, Version};
use httparse::{Header, ParserConfig, Status};

use super::super::headers::Headers;
use super::{Asked, Malformed};

/// The most headers of one response that are read without a second try.
const USUAL_HEADERS: usize = 100;

/// The most headers of one response.
const MOST_HEADERS: usize = 1_000;

/// A head that does not end.
pub(super) const TOO_LARGE: Malformed = Malformed("message head is too large");

/// Status line and headers.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status code.
    pub status: StatusCode,
    /// HTTP/1.0 or 1.1.
    pub version: Version,
    /// All headers, in order.
    pub headers: Headers,
}

/// A head that was read.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    /// Its length in bytes, the empty line included.
    pub(super) length: usize,
    pub(super) head: Head,
    /// How the body is framed; `None` for an interim response.
    pub(super) framing: Option<Framing>,
    pub(super) keeps_alive: bool,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    ToEnd,
}

/// What the headers say of the message itself.
struct Said {
    closes: bool,
    keeps: bool,
    length: Result<Option<u64>, Malformed>,
    /// Whether there is a transfer coding, and whether the last one is `chunked`.
    coded: Option<bool>,
}

/// Reads a head; `None` when it has not ended yet.
pub(super) fn parse(bytes: &[u8], asked: Asked) -> Result<Option<Parsed>, Malformed> {
    let mut room = [const { MaybeUninit::uninit() }; USUAL_HEADERS];
    match parse_into(bytes, asked, &mut room) {
        Err(error) if error == TOO_LARGE => {
            parse_into(bytes, asked, &mut vec![MaybeUninit::uninit(); MOST_HEADERS])
        }
        parsed => parsed,
    }
}

fn parse_into<'b>(
    bytes: &'b [u8],
    asked: Asked,
    room: &mut [MaybeUninit<Header<'b>>],
) -> Result<Option<Parsed>, Malformed> {
    let mut response = httparse::Response::new(&mut []);
    let mut config = ParserConfig::default();
    let plain = config.parse_response_with_uninit_headers(&mut response, bytes, room);
    let folded = matches!(plain, Err(error) if error != httparse::Error::TooManyHeaders);
    let read = if folded {
        // Folded lines are deprecated, but a user agent must understand them (RFC 9112, section 5.2).
        config.allow_obsolete_multiline_headers_in_responses(true);
        response = httparse::Response::new(&mut []);
        config.parse_response_with_uninit_headers(&mut response, bytes, room)
    } else {
        plain
    };
    let length = match read {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Malformed(words(error))),
    };
    let status = response
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or(Malformed("invalid HTTP status-code"))?;
    let version = match response.version {
        Some(1) => Version::HTTP_11,
        _ => Version::HTTP_10,
    };
    let informational = status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS;
    let (framing, keeps_alive) = if informational {
        (None, true)
    } else {
        let (framing, keeps_alive) = framing(status, version, response.headers, asked)?;
        (Some(framing), keeps_alive)
    };
    let headers = match framing {
        None => Headers::default(),
        Some(_) if folded => unfolded(response.headers),
        Some(_) => of(&bytes[..length], response.headers),
    };
    Ok(Some(Parsed {
        length,
        head: Head {
            status,
            version,
            headers,
        },
        framing,
        keeps_alive,
    }))
}

/// Where the body ends, by the rules of RFC 9112, section 6.3, in their order; and whether the connection is kept (9.3).
fn framing(
    status: StatusCode,
    version: Version,
    headers: &[Header<'_>],
    asked: Asked,
) -> Result<(Framing, bool), Malformed> {
    let said = said(headers);
    let kept = !said.closes && (said.keeps || version == Version::HTTP_11);
    let switches =
        status == StatusCode::SWITCHING_PROTOCOLS || (asked == Asked::Connect && status.is_success());
    if switches {
        return Ok((Framing::Length(0), false));
    }
    // Headers of a response without a body tell of the body that it might have had.
    if asked == Asked::Head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Ok((Framing::Length(0), kept));
    }
    match said.coded {
        Some(_) if version == Version::HTTP_10 => Err(Malformed("unexpected transfer-encoding")),
        Some(true) => Ok((Framing::Chunked, kept)),
        // None was asked for (no request has a `te`), and where such a body ends only its decoder knows.
        Some(false) => Err(Malformed("it has a transfer-encoding other than `chunked`")),
        None => Ok(match said.length? {
            Some(length) => (Framing::Length(length), kept),
            None => (Framing::ToEnd, false),
        }),
    }
}

/// Looks at the headers that tell of the message itself.
fn said(headers: &[Header<'_>]) -> Said {
    let mut said = Said {
        closes: false,
        keeps: false,
        length: Ok(None),
        coded: None,
    };
    for header in headers {
        // By length first: hardly any name has one of these.
        match header.name.len() {
            10 if header.name.eq_ignore_ascii_case("connection") => {
                for option in tokens(header.value) {
                    said.closes |= option.eq_ignore_ascii_case(b"close");
                    said.keeps |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                for written in tokens(header.value) {
                    said.length = match (digits(written), said.length) {
                        (Some(length), Ok(None)) => Ok(Some(length)),
                        // The same once more does no harm.
                        (Some(length), Ok(Some(before))) if length == before => Ok(Some(length)),
                        _ => Err(Malformed("invalid content-length")),
                    };
                }
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                // `identity` meant none, until RFC 7230 took it away.
                let codings = tokens(header.value)
                    .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
                if let Some(last) = codings.last() {
                    said.coded = Some(last.eq_ignore_ascii_case(b"chunked"));
                }
            }
            _ => {}
        }
    }
    said
}

/// The parts of a list (RFC 9110, section 5.6.1).
fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// A number of digits alone.
fn digits(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// The headers as they stand in the head.
fn of(head: &[u8], headers: &[Header<'_>]) -> Headers {
    let Some(first) = headers.first() else {
        return Headers::default();
    };
    let begin = first.name.as_ptr() as usize - head.as_ptr() as usize;
    Headers::of_lines(&head[begin..], names(headers))
}

fn names<'h>(headers: &'h [Header<'_>]) -> impl Iterator<Item = &'h str> {
    headers.iter().map(|header| header.name)
}

/// Each line break in a value, and the space around it, becomes one space (RFC 9112, section 5.2).
fn unfolded(headers: &[Header<'_>]) -> Headers {
    let mut lines = Vec::new();
    for header in headers {
        lines.extend_from_slice(header.name.as_bytes());
        lines.push(b':');
        for part in header.value.split(|&byte| byte == b'\n') {
            let part = part.trim_ascii();
            if !part.is_empty() {
                lines.push(b' ');
                lines.extend_from_slice(part);
            }
        }
        lines.extend_from_slice(b"\r\n");
    }
    Headers::of_lines(&lines, names(headers))
}

/// Whether an empty line, with which a head ends, is in these bytes.
pub(super) fn ends(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|two| two == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}

/// Whether the beginning of a head is known to be that of an interim response.
pub(super) fn is_interim(partial: &[u8]) -> bool {
    const STATUS: std::ops::Range<usize> = 9..12;
    let line = partial.trim_ascii_start();
    line.starts_with(b"HTTP/1.")
        && line
            .get(STATUS)
            .is_some_and(|code| code[0] == b'1' && code != b"101")
}

fn words(error: httparse::Error) -> &'static str {
    use httparse::Error;
    match error {
        Error::Version => "invalid HTTP version",
        Error::Status => "invalid HTTP status-code",
        Error::TooManyHeaders => TOO_LARGE.0,
        _ => "invalid HTTP header",
    }
}
