//! The headers of a request, and how they are written.
//!
//! Nearly always those of a step are the same each time: their lines are made once, and copied.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};

use crate::plan::target::Origin;

/// Headers of a request. Read as the [`HeaderMap`] that they are.
#[derive(Clone, Default)]
pub struct RequestHeaders(Box<Inner>);

#[derive(Clone, Default)]
struct Inner {
    map: HeaderMap,
    /// Whether there is one that says where the message ends, or what becomes of its connection. What is written of those is
    /// decided for each request.
    framing: bool,
    /// What was written for the first origin that was asked for.
    written: OnceLock<(Arc<Origin>, Vec<u8>)>,
}

impl RequestHeaders {
    /// One more header, beside others of its name.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.framing |= is_framing(&name);
        self.0.written.take();
        self.0.map.append(name, value);
    }

    /// Takes all headers of these names away.
    pub fn remove(&mut self, names: &[HeaderName]) {
        let kept = self.iter().filter(|(name, _)| !names.contains(name));
        *self = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    }

    /// Whether a header of this name says where a message goes or ends, or what becomes of its connection: it cannot stand
    /// beside the others in [`Request::added`](super::Request::added).
    pub fn decides(name: &HeaderName) -> bool {
        *name == HOST || is_framing(name)
    }

    /// What follows the path in a request to this origin: the version, `host` (where it is given, as it is), and a line for
    /// each other header but those of [`RequestHeaders::framing`].
    pub(super) fn written(&self, origin: &Arc<Origin>) -> Cow<'_, [u8]> {
        let write = || (Arc::clone(origin), self.write(origin));
        let (first, written) = self.0.written.get_or_init(write);
        if Arc::ptr_eq(first, origin) {
            Cow::Borrowed(written)
        } else {
            Cow::Owned(self.write(origin))
        }
    }

    fn write(&self, origin: &Origin) -> Vec<u8> {
        let mut written = b" HTTP/1.1\r\n".to_vec();
        if !self.contains_key(HOST) {
            line(&mut written, HOST.as_str(), origin.authority.as_bytes());
        }
        for (name, value) in self.iter().filter(|(name, _)| !is_framing(name)) {
            line(&mut written, name.as_str(), value.as_bytes());
        }
        written
    }

    /// `content-length`, `transfer-encoding` and `connection`.
    pub(super) fn framing(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        // Hardly ever there.
        let headers = self.0.framing.then(|| self.iter());
        headers.into_iter().flatten().filter(|(name, _)| is_framing(name))
    }
}

fn is_framing(name: &HeaderName) -> bool {
    matches!(*name, CONTENT_LENGTH | TRANSFER_ENCODING | CONNECTION)
}

impl Deref for RequestHeaders {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        &self.0.map
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for RequestHeaders {
    fn from_iter<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(headers: I) -> Self {
        let mut all = Self::default();
        for (name, value) in headers {
            all.append(name, value);
        }
        all
    }
}

impl fmt::Debug for RequestHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is written: a value may be one that is not to be seen.
        self.0.map.fmt(f)
    }
}

/// Writes a header.
pub(super) fn line(into: &mut Vec<u8>, name: &str, value: &[u8]) {
    put(into, [name.as_bytes(), b": ", value, b"\r\n"]);
}

/// Writes some pieces in turn.
pub(super) fn put<const N: usize>(into: &mut Vec<u8>, pieces: [&[u8]; N]) {
    into.reserve(pieces.iter().map(|piece| piece.len()).sum());
    for piece in pieces {
        into.extend_from_slice(piece);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    use http::header::{ACCEPT, AUTHORIZATION, COOKIE};

    fn origin(url: &str) -> Arc<Origin> {
        Arc::new(Origin::of(&url.parse().unwrap()).unwrap())
    }

    fn given(headers: &[(HeaderName, &'static str)]) -> RequestHeaders {
        let header =
            |(name, value): &(HeaderName, &'static str)| (name.clone(), HeaderValue::from_static(value));
        headers.iter().map(header).collect()
    }

    #[test]
    fn each_origin_has_its_own_host() {
        let headers = given(&[(ACCEPT, "a"), (CONNECTION, "close"), (ACCEPT, "b")]);
        let [one, other] = ["http://one:81", "http://other"].map(origin);
        for _ in 0..2 {
            assert_eq!(
                *headers.written(&one),
                *b" HTTP/1.1\r\nhost: one:81\r\naccept: a\r\naccept: b\r\n"
            );
            assert_eq!(
                *headers.written(&other),
                *b" HTTP/1.1\r\nhost: other\r\naccept: a\r\naccept: b\r\n"
            );
        }
        assert!(
            headers
                .framing()
                .eq([(&CONNECTION, &HeaderValue::from_static("close"))])
        );
    }

    #[test]
    fn what_is_added_or_taken_away_is_written_so() {
        let mut headers = given(&[(ACCEPT, "a"), (HOST, "elsewhere"), (COOKIE, "c=d")]);
        let origin = origin("http://here");
        assert_eq!(
            *headers.written(&origin),
            *b" HTTP/1.1\r\naccept: a\r\nhost: elsewhere\r\ncookie: c=d\r\n"
        );
        headers.append(COOKIE, HeaderValue::from_static("e=f"));
        headers.remove(&[AUTHORIZATION, HOST]);
        assert_eq!(
            *headers.written(&origin),
            *b" HTTP/1.1\r\nhost: here\r\naccept: a\r\ncookie: c=d\r\ncookie: e=f\r\n"
        );
        headers.remove(&[COOKIE]);
        assert!(headers.iter().eq([(&ACCEPT, &HeaderValue::from_static("a"))]));
    }

    #[test]
    fn a_secret_is_not_told() {
        let mut secret = HeaderValue::from_static("Bearer abc");
        secret.set_sensitive(true);
        let headers: RequestHeaders = [(AUTHORIZATION, secret)].into_iter().collect();
        let told = format!("{headers:?}");
        assert!(told.contains("authorization") && !told.contains("abc"), "{told}");
    }
}
