//! A request on its way out: head and body as HTTP/1.1 writes them (RFC 9112, section 3), and how much is written.

use std::io::IoSlice;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method};

use super::request_headers::{line, put};
use super::{Failure, Request};

/// A body up to this size goes out in one piece with the head; a larger one is not copied.
const MOST_JOINED: usize = 16 * 1024;

/// The longest path.
const MOST_PATH: usize = u16::MAX as usize - 1;

/// The end of a body in one chunk.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// The bytes of a request that are still to be written.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The head, and with it a small body.
    head: Vec<u8>,
    /// The body, where it is not with the head.
    body: Bytes,
    /// What comes after that body.
    tail: &'static [u8],
    /// How much of all three is written.
    written: usize,
    /// Whether the request says that its connection is not to be kept.
    pub(super) closes: bool,
}

impl Outgoing {
    /// A request, written into `room`. `close`: tell the server that no other follows.
    pub(super) fn new(request: &Request<'_>, close: bool, mut room: Vec<u8>) -> Result<Self, Failure> {
        room.clear();
        let target = target(request.path)
            .ok_or_else(|| Failure::Io("the request's path is not valid in a URL".to_owned()))?;
        let head = &mut room;
        put(
            head,
            [
                request.method.as_str().as_bytes(),
                b" ",
                target,
                &request.headers.written(request.origin),
            ],
        );
        let mut framing = request.headers.framing();
        let coded = !request.body.is_empty() && framing.any(|(name, _)| *name == TRANSFER_ENCODING);
        let mut closes = close;
        for (name, value) in request.headers.framing() {
            match *name {
                // A length that is not the body's would be believed.
                CONTENT_LENGTH => continue,
                TRANSFER_ENCODING if !coded => continue,
                CONNECTION if close => continue,
                CONNECTION => closes |= has_token(value.as_bytes(), b"close"),
                _ => {}
            }
            line(head, name.as_str(), value.as_bytes());
        }
        for (name, value) in request.added {
            line(head, name.as_str(), value.as_bytes());
        }
        if close {
            line(head, CONNECTION.as_str(), b"close");
        }
        let tail = end_of_head(head, request, coded);
        let (body, tail) = if request.body.len() <= MOST_JOINED {
            put(head, [request.body, tail]);
            (Bytes::new(), &b""[..])
        } else {
            (request.body.clone(), tail)
        };
        Ok(Self {
            tail,
            head: room,
            body,
            written: 0,
            closes,
        })
    }

    /// What is still to be written, in pieces.
    pub(super) fn rest(&self) -> [IoSlice<'_>; 3] {
        let mut skip = self.written;
        [&self.head[..], &self.body, self.tail].map(|piece| {
            let skipped = skip.min(piece.len());
            skip -= skipped;
            IoSlice::new(&piece[skipped..])
        })
    }

    /// The next piece to be written; empty when all is.
    pub(super) fn next(&self) -> &[u8] {
        let mut skip = self.written;
        for piece in [&self.head[..], &self.body, self.tail] {
            if skip < piece.len() {
                return &piece[skip..];
            }
            skip -= piece.len();
        }
        &[]
    }

    /// So many bytes more are written.
    pub(super) fn advance(&mut self, count: usize) {
        self.written += count;
    }

    /// Whether there is but one piece.
    pub(super) fn is_joined(&self) -> bool {
        self.body.is_empty()
    }

    /// Whether everything is written.
    pub(super) fn is_done(&self) -> bool {
        self.written == self.head.len() + self.body.len() + self.tail.len()
    }

    /// The room that it was written into.
    pub(super) fn into_room(self) -> Vec<u8> {
        self.head
    }
}

/// The headers that tell how long the body is, and the empty line. Gives what comes after the body.
fn end_of_head(head: &mut Vec<u8>, request: &Request<'_>, coded: bool) -> &'static [u8] {
    let length = request.body.len();
    if coded {
        // The last coding must be this one (RFC 9112, section 6.1).
        if !ends_chunked(request.headers) {
            line(head, TRANSFER_ENCODING.as_str(), b"chunked");
        }
        head.extend_from_slice(format!("\r\n{length:x}\r\n").as_bytes());
        return LAST_CHUNK;
    }
    // That of an empty body some servers insist on, where there usually is one.
    if length > 0 || matches!(*request.method, Method::POST | Method::PUT | Method::PATCH) {
        let mut digits = [0; 20];
        line(head, CONTENT_LENGTH.as_str(), decimal(length, &mut digits));
    }
    head.extend_from_slice(b"\r\n");
    b""
}

/// A number as it is written.
fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

/// The path as the request line has it, without a fragment; `None` when it cannot stand there.
fn target(path: &str) -> Option<&[u8]> {
    let mut path = path.as_bytes();
    // Without a way out in the middle many bytes are looked at in one step.
    let special = |path: &[u8]| {
        path.iter().fold(0, |found, byte| {
            found | u8::from(matches!(byte, 0..=b' ' | b'#' | 0x7f))
        })
    };
    if special(path) > 0 {
        path = path.split(|byte| *byte == b'#').next()?;
        if special(path) > 0 {
            return None;
        }
    }
    (path.starts_with(b"/") && path.len() <= MOST_PATH).then_some(path)
}

fn ends_chunked(headers: &HeaderMap) -> bool {
    let last = headers.get_all(TRANSFER_ENCODING).iter().next_back();
    last.and_then(|value| value.as_bytes().rsplit(|&byte| byte == b',').next())
        .is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

fn has_token(value: &[u8], token: &[u8]) -> bool {
    value
        .split(|&byte| byte == b',')
        .any(|found| found.trim_ascii().eq_ignore_ascii_case(token))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    use std::time::Duration;

    use http::{HeaderName, HeaderValue};
    use tokio::time::Instant;
    use url::Url;

    use crate::plan::target::Origin;

    fn written(method: &Method, path: &str, headers: &[(&str, &str)], body: &str, close: bool) -> String {
        let origin = Origin::of(&Url::parse("http://host.example:8080").unwrap()).unwrap();
        let headers = headers.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        let request = Request {
            method,
            origin: &origin.into(),
            path,
            headers: &headers.collect(),
            body: &body.to_owned().into(),
            added: &[],
            begun: Instant::now(),
            timeout: Duration::MAX,
            keep_body: 0,
            max_body: 0,
        };
        let mut outgoing = Outgoing::new(&request, close, Vec::new()).unwrap();
        let mut all = Vec::new();
        while !outgoing.is_done() {
            // A byte at a time, as the slowest of connections would take it.
            assert_eq!(
                outgoing.rest().iter().find(|piece| !piece.is_empty()).unwrap()[..],
                *outgoing.next()
            );
            all.push(outgoing.next()[0]);
            outgoing.advance(1);
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_request_is_written_as_http_has_it() {
        assert_eq!(
            written(&Method::GET, "/a?b=c#d", &[("accept", "*/*")], "", false),
            "GET /a?b=c HTTP/1.1\r\nhost: host.example:8080\r\naccept: */*\r\n\r\n"
        );
        assert_eq!(
            written(
                &Method::POST,
                "/",
                &[("host", "other"), ("content-length", "7")],
                "0123456789",
                true
            ),
            "POST / HTTP/1.1\r\nhost: other\r\nconnection: close\r\ncontent-length: 10\r\n\r\n0123456789"
        );
        assert_eq!(
            written(
                &Method::PUT,
                "/",
                &[("host", "h"), ("transfer-encoding", "gzip")],
                "",
                false
            ),
            "PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n"
        );
    }

    #[test]
    fn a_large_body_follows_its_head() {
        let body = "x".repeat(MOST_JOINED + 1);
        assert_eq!(
            written(&Method::POST, "/", &[("host", "h")], &body, false),
            format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 16385\r\n\r\n{body}")
        );
        assert_eq!(
            written(
                &Method::POST,
                "/",
                &[("host", "h"), ("transfer-encoding", "chunked")],
                &body,
                false
            ),
            format!(
                "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n4001\r\n{body}\r\n0\r\n\r\n"
            )
        );
    }

    #[test]
    fn a_given_transfer_coding_ends_in_chunks() {
        assert_eq!(
            written(
                &Method::POST,
                "/",
                &[("host", "h"), ("transfer-encoding", "gzip")],
                "zipped",
                false
            ),
            "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n\
             6\r\nzipped\r\n0\r\n\r\n"
        );
    }

    #[test]
    fn what_would_break_the_request_line_is_no_path() {
        for path in [
            "",
            "a",
            "http://a/",
            "/a b",
            "/a\r\nb",
            "/a\tb",
            "/\u{7f}",
            &format!("/{}", "x".repeat(MOST_PATH)),
        ] {
            assert_eq!(target(path), None, "{path:?}");
        }
        for path in ["/", "/a%20b?c=d&e", "/ä", "/{}|^<>"] {
            assert_eq!(target(path), Some(path.as_bytes()));
        }
    }
}
