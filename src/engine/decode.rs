//! Content codings of response bodies: undone only where an expectation or a capture reads the body.

use std::borrow::Cow;
use std::io::Read;

use http::header::CONTENT_ENCODING;

use super::transport::Headers;

/// What `accept-encoding` asks for when the scenario wants compression.
pub(super) const ACCEPTED: &str = "gzip, br, deflate";

/// The body without its codings, at most `limit` bytes. The error is a failure text.
pub(super) fn decode<'b>(headers: &Headers, body: &'b [u8], limit: u64) -> Result<Cow<'b, [u8]>, String> {
    let mut body = Cow::Borrowed(body);
    for coding in codings(headers) {
        body = Cow::Owned(undo(&coding, &body, limit)?);
    }
    Ok(body)
}

/// The beginning of a body without its codings, for a person: at most `most` bytes, as far as they can be read; as it came
/// where nothing can.
pub(super) fn beginning(headers: &Headers, body: &[u8], most: usize) -> Vec<u8> {
    let mut beginning = body.to_vec();
    for coding in codings(headers) {
        let mut out = Vec::new();
        // What came before an error (the body may be cut) is there all the same.
        let read = reader(&coding, &beginning).map(|reader| reader.take(most as u64).read_to_end(&mut out));
        if read.is_none() || out.is_empty() {
            break;
        }
        beginning = out;
    }
    beginning.truncate(most);
    beginning
}

/// The content codings of a response, the last one applied first (RFC 9110, section 8.4).
fn codings(headers: &Headers) -> Vec<String> {
    if !headers.has(&CONTENT_ENCODING) {
        return Vec::new();
    }
    let mut codings: Vec<String> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    codings.reverse();
    codings
}

/// Reads a body without a coding; bare deflate, which some servers send for the zlib format of the RFC, too.
fn reader<'a>(coding: &str, body: &'a [u8]) -> Option<Box<dyn Read + 'a>> {
    Some(match coding {
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(body)),
        "deflate" if is_zlib(body) => Box::new(flate2::read::ZlibDecoder::new(body)),
        "deflate" => Box::new(flate2::read::DeflateDecoder::new(body)),
        "br" => Box::new(brotli::Decompressor::new(body, 4096)),
        _ => return None,
    })
}

/// Whether a body begins as RFC 1950 has it: method 8, and a check sum over two bytes.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

fn undo(coding: &str, body: &[u8], limit: u64) -> Result<Vec<u8>, String> {
    let reader = reader(coding, body)
        .ok_or_else(|| format!("the response has the content coding `{coding}`, which cannot be read"))?;
    let mut out = Vec::new();
    match reader.take(limit.saturating_add(1)).read_to_end(&mut out) {
        Ok(_) if out.len() as u64 > limit => Err(super::words::too_large("decoded response body", limit)),
        Ok(_) => Ok(out),
        Err(_) => Err(format!("the response body is not valid {coding}")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Write;

    use super::*;

    fn headers(coding: &'static str) -> Headers {
        let coding = http::HeaderValue::from_static(coding);
        http::HeaderMap::from_iter([(CONTENT_ENCODING, coding)]).into()
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(body).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn codings_are_undone_in_reverse_order() {
        let mut brotli = Vec::new();
        brotli::BrotliCompress(
            &mut &gzip(b"text")[..],
            &mut brotli,
            &brotli::enc::BrotliEncoderParams::default(),
        )
        .unwrap();
        assert_eq!(*decode(&headers("gzip, br"), &brotli, 100).unwrap(), *b"text");
    }

    #[test]
    fn a_body_that_unpacks_beyond_the_limit_is_refused() {
        let bomb = gzip(&vec![0; 1_000_000]);
        assert!(
            decode(&headers("gzip"), &bomb, 10_000)
                .unwrap_err()
                .contains("larger than 10 kB (`target.max_body`)")
        );
    }

    #[test]
    fn a_person_sees_the_beginning_even_of_a_body_that_was_cut() {
        let words = "a body that a person reads ".repeat(400);
        let whole = gzip(words.as_bytes());
        let seen = beginning(&headers("gzip"), &whole, 100);
        assert_eq!(seen, words.as_bytes()[..100]);
        let cut = &whole[..whole.len() - 12];
        let seen = beginning(&headers("gzip"), cut, 20_000);
        assert!(!seen.is_empty() && words.as_bytes().starts_with(&seen));
        assert_eq!(beginning(&headers("gzip"), b"plain", 100), b"plain");
        assert_eq!(beginning(&headers("lzma"), b"plain", 3), b"pla");
    }

    #[test]
    fn a_broken_body_and_an_unknown_coding_are_failures_with_words() {
        assert!(
            decode(&headers("gzip"), b"text", 100)
                .unwrap_err()
                .contains("not valid gzip")
        );
        assert!(
            decode(&headers("lzma"), b"text", 100)
                .unwrap_err()
                .contains("`lzma`")
        );
        assert_eq!(*decode(&Headers::default(), b"text", 100).unwrap(), *b"text");
    }
}
