//! The headers of a response, kept as they came.
//!
//! Hardly any request's headers are looked at, and a map of them costs more than the rest of the head. So the lines are
//! kept, and the map is made when somebody asks for it.

use std::cell::OnceCell;
use std::fmt;
use std::ops::{Deref, Range};
use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers of a response. Used as the [`HeaderMap`] that they become when first looked into; [`Headers::has`] looks
/// without making it. A copy is the same headers, not new ones.
#[derive(Clone, Default)]
pub struct Headers(Rc<Kept>);

#[derive(Default)]
struct Kept {
    /// Lines of `name: value`, each ended by a line break; read and found valid before.
    lines: Bytes,
    /// [`mark`]s of all names: nearly every look for a name that is not there ends here.
    marks: u64,
    map: OnceCell<HeaderMap>,
}

/// One of 64 bits for a name, in any case. Others may have the same.
fn mark(name: &[u8]) -> u64 {
    let first = name.first().map_or(0, u8::to_ascii_lowercase);
    1 << ((usize::from(first) + name.len()) % 64)
}

impl Headers {
    /// From the lines of a head that was found valid, no line folded, and the names in them; the empty line at the end may
    /// be there or not.
    pub(super) fn of_lines<'n>(lines: &[u8], names: impl Iterator<Item = &'n str>) -> Self {
        Self(Rc::new(Kept {
            lines: Bytes::copy_from_slice(lines),
            marks: names.fold(0, |marks, name| marks | mark(name.as_bytes())),
            map: OnceCell::new(),
        }))
    }

    /// Whether there is a header of this name.
    pub fn has(&self, name: &HeaderName) -> bool {
        let Kept { lines, marks, map } = &*self.0;
        let written = name.as_str().as_bytes();
        let is_it = |(from, to, _)| lines[from..to].eq_ignore_ascii_case(written);
        marks & mark(written) != 0
            && map
                .get()
                .map_or_else(|| all(lines).any(is_it), |map| map.contains_key(name))
    }

    /// The headers as a map, names in lower case.
    pub fn map(&self) -> &HeaderMap {
        let Kept { lines, map, .. } = &*self.0;
        map.get_or_init(|| {
            let mut map = HeaderMap::new();
            for (from, to, value) in all(lines) {
                let name = HeaderName::from_bytes(&lines[from..to]);
                let value = HeaderValue::from_maybe_shared(lines.slice(value));
                if let (Ok(name), Ok(value)) = (name, value) {
                    map.append(name, value);
                }
            }
            map
        })
    }
}

/// Where each header's name begins and ends, and its value.
fn all(lines: &[u8]) -> impl Iterator<Item = (usize, usize, Range<usize>)> {
    let mut begin = 0;
    lines.split(|&byte| byte == b'\n').filter_map(move |line| {
        let from = begin;
        begin += line.len() + 1;
        let colon = line.iter().position(|&byte| byte == b':')?;
        let value = &line[colon + 1..];
        let padding = value.len() - value.trim_ascii_start().len();
        let first = from + colon + 1 + padding;
        Some((from, from + colon, first..first + value.trim_ascii().len()))
    })
}

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        self.map()
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let names = map.keys().map(|name| name.as_str().as_bytes());
        Self(Rc::new(Kept {
            lines: Bytes::new(),
            marks: names.fold(0, |marks, name| marks | mark(name)),
            map: OnceCell::from(map),
        }))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use http::header::{CONTENT_TYPE, SET_COOKIE};

    #[test]
    fn a_map_is_made_of_the_lines() {
        let lines = b"Content-Type:text/html \r\nX-Two: a\nx-two:\t b: c\r\nX-None:\r\n\r\n";
        let names = ["Content-Type", "X-Two", "x-two", "X-None"];
        let headers = Headers::of_lines(lines, names.into_iter());
        assert!(headers.has(&CONTENT_TYPE) && !headers.has(&SET_COOKIE));
        assert_eq!(headers[CONTENT_TYPE], "text/html");
        let two: Vec<_> = headers.get_all("x-two").iter().collect();
        assert_eq!(two, ["a", "b: c"]);
        assert_eq!(headers["x-none"], "");
        assert_eq!(headers.len(), 4);
        let again = Headers::from(headers.map().clone());
        assert!(again.has(&CONTENT_TYPE) && !again.has(&SET_COOKIE));
        assert_eq!(again.map(), headers.map());
    }

    #[test]
    fn a_name_with_the_same_mark_is_still_another() {
        let names = ["x-b", "x-a", "y-", "content-type"];
        for name in names {
            let lines = format!("{name}: value\r\n");
            let headers = Headers::of_lines(lines.as_bytes(), std::iter::once(name));
            for other in names {
                assert_eq!(headers.has(&HeaderName::from_static(other)), other == name);
            }
        }
    }
}
