//! The first few responses of a failure type, each a file to be read by a person.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use crate::measure::sample::Example;
use crate::plan::words;

/// Letters of a failure's words that go into the file's name.
const SLUG: usize = 48;

/// Writes one: `<number>-<words>.txt`.
pub(super) fn write(folder: &Path, number: u32, row: &str, example: &Example) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{number:03}-{}.txt", slug(&example.failure)));
    let written = fs::File::create(&path).and_then(|mut file| file.write_all(&text(row, example)));
    if written.is_err() {
        // Half an example, or none, would pass for what the server said.
        let _ = fs::remove_file(&path);
    }
    written
}

/// Its content: what was asked, what failed, what was sent, then the response.
fn text(row: &str, example: &Example) -> Vec<u8> {
    let mut text = format!(
        "{}\n{row}, {} after the start: {}\n",
        example.request,
        words::duration(example.at),
        example.failure
    );
    if let Some(detail) = &example.detail {
        text.push_str(detail.trim_end());
        text.push('\n');
    }
    text.push('\n');
    for part in [&example.request_headers, &example.request_body] {
        if !part.is_empty() {
            text.push_str(part.trim_end());
            text.push_str("\n\n");
        }
    }
    match &example.head {
        Some(head) => {
            text.push_str(head.trim_end());
            text.push_str("\n\n");
        }
        None => text.push_str("(no response)\n"),
    }
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&example.body);
    if example.body_cut {
        let note = format!("\n(cut; the whole body came as {} bytes)\n", example.body_length);
        bytes.extend_from_slice(note.as_bytes());
    }
    bytes
}

/// Words as a file name: letters and digits, the rest as single dashes.
fn slug(words: &str) -> String {
    let mut slug = String::new();
    for letter in words.chars() {
        if slug.len() >= SLUG {
            break;
        }
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "failure".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{slug, text};
    use crate::measure::sample::Example;
    use crate::plan::RowId;

    #[test]
    fn names_are_safe_whatever_the_words_are() {
        assert_eq!(slug("expected 200, got 503"), "expected-200-got-503");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("日本"), "failure");
        assert!(slug(&"x".repeat(500)).len() <= 48);
    }

    #[test]
    fn an_example_reads_from_request_to_body() {
        let example = Example {
            row: RowId(0),
            failure: Arc::from("expected 200, got 503"),
            at: Duration::from_millis(1500),
            request: "PUT https://localhost/terms".to_owned(),
            request_headers: "content-type: text/plain\n".to_owned(),
            request_body: "201701".to_owned(),
            head: Some("HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\r\n".to_owned()),
            body: b"busy".to_vec(),
            body_length: 10,
            body_cut: true,
            detail: None,
        };
        assert_eq!(
            String::from_utf8_lossy(&text("terms", &example)),
            "PUT https://localhost/terms\nterms, 1.5 s after the start: expected 200, got 503\n\n\
             content-type: text/plain\n\n201701\n\n\
             HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\n\nbusy\n(cut; the whole body came as 10 bytes)\n"
        );
    }
}
