//! Takes known secrets out of text that came from elsewhere (a response that echoes our credentials), in any encoding that HTTP
//! is likely to give them.

use std::fmt;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::secret::{Masked, SHORTEST_SCRUBBED, Secret, SecretSpans};

/// Shorter pieces of Base64 would match by chance.
const SHORTEST_BASE64: usize = 5;

/// Removes known secrets from text that came from elsewhere.
#[derive(Clone, Default)]
pub struct Scrubber {
    patterns: Vec<Pattern>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} patterns)", self.patterns.len())
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    chars: Vec<char>,
    /// Taken out with the run of Base64 around it, whose ends hold bits of the secret.
    base64: bool,
}

impl Scrubber {
    /// A scrubber of these secrets, and of the Basic credentials that the pairs make.
    pub fn new<'a>(
        secrets: impl IntoIterator<Item = &'a Secret>,
        basic: impl IntoIterator<Item = (&'a Secret, &'a Secret)>,
    ) -> Self {
        let mut patterns = Vec::new();
        for secret in secrets {
            add_patterns(&mut patterns, secret.expose());
            // `Authorization: Bearer abc`: the value is secret, and so is `abc` alone.
            if let Some((_, last)) = secret.expose().rsplit_once(' ') {
                add_patterns(&mut patterns, last);
            }
        }
        for (user, password) in basic {
            add_patterns(&mut patterns, &format!("{}:{}", user.expose(), password.expose()));
        }
        patterns.sort_by(|a, b| b.chars.len().cmp(&a.chars.len()).then_with(|| a.cmp(b)));
        patterns.dedup();
        Self { patterns }
    }

    /// The text with every secret replaced by [`MASK`](super::secret::MASK): as it stands, percent-encoded, Base64 (wherever in a longer value),
    /// escaped for JSON or HTML.
    pub fn scrub(&self, text: &str) -> String {
        let mut hits: Vec<Range<usize>> = Vec::new();
        for pattern in &self.patterns {
            for (at, _) in text.char_indices() {
                if let Some(end) = pattern.match_at(text, at) {
                    hits.push(if pattern.base64 {
                        base64_run(text, at..end)
                    } else {
                        at..end
                    });
                }
            }
        }
        if hits.is_empty() {
            return text.to_owned();
        }
        Masked::new(text, &SecretSpans::new(hits)).text
    }
}

fn add_patterns(patterns: &mut Vec<Pattern>, secret: &str) {
    if secret.chars().count() < SHORTEST_SCRUBBED {
        return;
    }
    patterns.push(Pattern {
        chars: secret.chars().collect(),
        base64: false,
    });
    for shift in 0..3 {
        let mut bytes = vec![0_u8; shift];
        bytes.extend_from_slice(secret.as_bytes());
        // Characters that mix in bits of what stands before or after are left out.
        let first = (shift * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        if last < first + SHORTEST_BASE64 {
            continue;
        }
        for encoded in [STANDARD.encode(&bytes), URL_SAFE.encode(&bytes)] {
            patterns.push(Pattern {
                chars: encoded[first..last].chars().collect(),
                base64: true,
            });
        }
    }
}

impl Pattern {
    /// The end of the longest match that starts at `at`.
    fn match_at(&self, text: &str, at: usize) -> Option<usize> {
        // Nearly every place is ruled out by its first byte.
        let (first, next) = (self.chars.first()?, text.as_bytes().get(at)?);
        if !text[at..].starts_with(*first) && !matches!(next, b'%' | b'+' | b'\\' | b'&') {
            return None;
        }
        let mut ends = vec![at];
        for &c in &self.chars {
            let mut next: Vec<usize> = Vec::new();
            for &end in &ends {
                spellings(&text[end..], c, |length| {
                    if !next.contains(&(end + length)) {
                        next.push(end + length);
                    }
                });
            }
            if next.is_empty() {
                return None;
            }
            ends = next;
        }
        ends.into_iter().max()
    }
}

/// Calls `found` with the length of each way to write `c` with which `text` begins.
fn spellings(text: &str, c: char, mut found: impl FnMut(usize)) {
    if text.starts_with(c) {
        found(c.len_utf8());
    }
    match text.as_bytes().first() {
        Some(b'%') => {
            let mut utf8 = [0; 4];
            let bytes = c.encode_utf8(&mut utf8).as_bytes();
            let encoded = bytes.iter().enumerate().all(|(n, byte)| {
                text.get(3 * n..3 * n + 3).is_some_and(|hex| {
                    hex.starts_with('%')
                        && u8::from_str_radix(&hex[1..], 16).is_ok_and(|value| value == *byte)
                })
            });
            if encoded {
                found(3 * bytes.len());
            }
        }
        Some(b'+') if c == ' ' => found(1),
        Some(b'\\') => {
            let escape = match c {
                '\n' => 'n',
                '\t' => 't',
                '\r' => 'r',
                other => other,
            };
            if matches!(c, '"' | '\\' | '/' | '\n' | '\t' | '\r') && text[1..].starts_with(escape) {
                found(2);
            }
            json_escape(text, c).into_iter().for_each(found);
        }
        Some(b'&') => {
            let names: &[&str] = match c {
                '&' => &["&amp;", "&#38;"],
                '<' => &["&lt;", "&#60;"],
                '>' => &["&gt;", "&#62;"],
                '"' => &["&quot;", "&#34;", "&#x22;"],
                '\'' => &["&apos;", "&#39;", "&#x27;"],
                _ => &[],
            };
            names
                .iter()
                .filter(|name| text.starts_with(**name))
                .for_each(|name| found(name.len()));
        }
        _ => {}
    }
}

/// The length of `c` written as `\uXXXX` (a pair of them above U+FFFF).
fn json_escape(text: &str, c: char) -> Option<usize> {
    let mut units = [0; 2];
    let units = c.encode_utf16(&mut units);
    let all = units.iter().enumerate().all(|(n, unit)| {
        text.get(6 * n..6 * n + 6).is_some_and(|part| {
            part.starts_with("\\u") && u16::from_str_radix(&part[2..], 16).is_ok_and(|value| value == *unit)
        })
    });
    all.then_some(6 * units.len())
}

fn base64_run(text: &str, range: Range<usize>) -> Range<usize> {
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
    let bytes = text.as_bytes();
    let before = bytes[..range.start]
        .iter()
        .rev()
        .take_while(|b| in_alphabet(b))
        .count();
    let after = bytes[range.end..].iter().take_while(|b| in_alphabet(b)).count();
    range.start - before..range.end + after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubber(secret: &str) -> Scrubber {
        Scrubber::new(
            [&Secret::new(secret)],
            [(&Secret::new("admin"), &Secret::new(secret))],
        )
    }

    #[test]
    fn scrubs_every_encoding() {
        let secret = "cä/n+a r\"y&=7";
        let scrub = scrubber(secret);
        let percent = "c%C3%A4%2fn%2Ba%20r%22y%26%3D7";
        for text in [
            secret,
            percent,
            "c%c3%a4/n%2ba+r%22y&%3d7",
            r#"c\u00e4\/n+a r\"y&=7"#,
            "cä/n+a r&quot;y&amp;=7",
            &STANDARD.encode(secret),
            &URL_SAFE.encode(secret),
        ] {
            assert_eq!(scrub.scrub(&format!("<{text}>")), "<***>", "{text}");
        }
    }

    #[test]
    fn scrubs_base64_at_every_alignment() {
        let scrub = scrubber("correct-horse");
        for prefix in ["", "a", "ab", "abc", "user:"] {
            let encoded = STANDARD.encode(format!("{prefix}correct-horse!"));
            assert_eq!(scrub.scrub(&format!("Basic {encoded}")), "Basic ***", "{prefix}");
        }
    }

    #[test]
    fn scrubs_the_basic_header_of_a_short_password() {
        let header = format!("Basic {}", STANDARD.encode("admin:pwd"));
        assert_eq!(scrubber("pwd").scrub(&header), "Basic ***");
    }

    #[test]
    fn a_secret_that_looks_encoded_is_found_both_ways() {
        let scrub = scrubber("50%25off");
        assert_eq!(scrub.scrub("x 50%25off y 50%2525off z"), "x *** y *** z");
    }

    #[test]
    fn leaves_other_text_alone() {
        assert_eq!(
            scrubber("hunter2").scrub("100% of hunters, \\u00"),
            "100% of hunters, \\u00"
        );
        assert_eq!(Scrubber::default().scrub("abc"), "abc");
        assert_eq!(scrubber("").scrub("abc %"), "abc %");
    }
}
