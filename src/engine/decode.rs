//! Content codings of response bodies: undone only where an expectation or a capture reads the body.

use std::io::Read;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// What `accept-encoding` asks for when the scenario wants compression.
pub(super) const ACCEPTED: &str = "gzip, br, deflate";

/// The body without its codings, at most `limit` bytes. The error is a failure text.
pub(super) fn decode(headers: &HeaderMap, body: &Bytes, limit: u64) -> Result<Bytes, String> {
    let codings: Vec<String> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    let mut body = body.clone();
    // Listed in the order in which they were applied (RFC 9110, section 8.4).
    for coding in codings.iter().rev() {
        body = undo(coding, &body, limit)?;
    }
    Ok(body)
}

fn undo(coding: &str, body: &Bytes, limit: u64) -> Result<Bytes, String> {
    let read = |reader: &mut dyn Read| {
        let mut out = Vec::new();
        match reader.take(limit + 1).read_to_end(&mut out) {
            Ok(_) if out.len() as u64 > limit => Err(super::words::too_large("decoded response body", limit)),
            Ok(_) => Ok(Bytes::from(out)),
            Err(_) => Err(format!("the response body is not valid {coding}")),
        }
    };
    match coding {
        "gzip" | "x-gzip" => read(&mut flate2::read::MultiGzDecoder::new(&body[..])),
        // RFC 9110 means the zlib format; some servers send bare deflate.
        "deflate" => read(&mut flate2::read::ZlibDecoder::new(&body[..]))
            .or_else(|_| read(&mut flate2::read::DeflateDecoder::new(&body[..]))),
        "br" => read(&mut brotli::Decompressor::new(&body[..], 4096)),
        other => Err(format!(
            "the response has the content coding `{other}`, which cannot be read"
        )),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Write;

    use super::*;

    fn headers(coding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, http::HeaderValue::from_static(coding))])
    }

    fn gzip(body: &[u8]) -> Bytes {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(body).unwrap();
        writer.finish().unwrap().into()
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
        assert_eq!(decode(&headers("gzip, br"), &brotli.into(), 100).unwrap(), "text");
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
    fn a_broken_body_and_an_unknown_coding_are_failures_with_words() {
        assert!(
            decode(&headers("gzip"), &"text".into(), 100)
                .unwrap_err()
                .contains("not valid gzip")
        );
        assert!(
            decode(&headers("lzma"), &"text".into(), 100)
                .unwrap_err()
                .contains("`lzma`")
        );
        assert_eq!(decode(&HeaderMap::new(), &"text".into(), 100).unwrap(), "text");
    }
}
