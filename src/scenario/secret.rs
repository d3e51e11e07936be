//! Secrets: masked by type where we hold them, blanked where the user's file is shown, and scrubbed out of text that came from
//! elsewhere (a response that echoes our credentials), in any encoding that HTTP is likely to give them.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use regex::Regex;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter secrets are not searched for in other texts: each `a` of a page would go. They are masked where they stand.
const SHORTEST_SCRUBBED: usize = 3;

/// Shorter pieces of Base64 would match by chance.
const SHORTEST_BASE64: usize = 5;

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, to be put on the wire and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Whether a key's name says that its value is secret.
pub fn is_secret_key(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["password", "passwd", "secret", "token", "key"]
        .iter()
        .any(|word| lower.contains(word))
}

/// Whether a header (or another name in a request) says that its value is secret.
pub fn is_secret_header(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(
        lower.as_str(),
        "authorization" | "proxy-authorization" | "cookie" | "set-cookie"
    ) || is_secret_key(&lower)
}

/// Ranges of bytes that are not to be shown, in order, not overlapping.
#[derive(Debug, Clone, Default)]
pub(super) struct SecretSpans(Vec<Range<usize>>);

impl SecretSpans {
    pub(super) fn new(ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut ranges: Vec<Range<usize>> = ranges
            .into_iter()
            .filter(|range| range.start < range.end)
            .collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// What looks secret in a file whose structure is not known (yet): values beside secret-looking keys.
    pub(super) fn by_looks(text: &str) -> Self {
        let Some(pattern) = KEY_AND_VALUE.as_ref() else {
            return Self::default();
        };
        let found = pattern.captures_iter(text).filter_map(|found| {
            let value = found.get(2)?;
            let name = found.get(1)?.as_str().to_lowercase();
            let bare = value.as_str().trim().trim_matches(['"', '\'']);
            let harmless = bare.is_empty()
                || only_templates(bare)
                || matches!(bare, "true" | "false")
                || name.ends_with("_url")
                || name.ends_with("_file")
                || name == "client_key";
            (!harmless).then(|| value.start()..value.start() + value.as_str().trim_end().len())
        });
        Self::new(found)
    }

    /// As [`by_looks`](Self::by_looks), of comments alone: where the structure is known, the rest is known better.
    pub(super) fn in_comments(text: &str) -> Self {
        let mut spans = Self::by_looks(text);
        spans.0.retain(|range| {
            let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
            let before = &text[line..range.start];
            before.starts_with('#') || before.contains(" #")
        });
        spans
    }

    /// With more ranges.
    pub(super) fn with(self, more: impl IntoIterator<Item = Range<usize>>) -> Self {
        Self::new(self.0.into_iter().chain(more))
    }

    /// What stands at these ranges.
    pub(super) fn texts<'t>(&self, text: &'t str) -> Vec<&'t str> {
        self.0
            .iter()
            .filter_map(|range| text.get(range.clone()))
            .collect()
    }
}

/// A message about a file, with its secrets taken out of what it quotes in backticks. Very short ones go only where they are
/// all that is quoted: a user named `a` is in every word.
pub(super) fn hide(message: &str, secrets: &[&str]) -> String {
    let hide_in = |part: &str| {
        let mut part = part.to_owned();
        for secret in secrets
            .iter()
            .map(|secret| secret.trim_matches(['"', '\'']))
            .filter(|s| !s.is_empty())
        {
            if secret.len() > SHORTEST_SCRUBBED || part == secret {
                part = part.replace(secret, MASK);
            }
        }
        part
    };
    let parts = message.split('`').enumerate();
    parts
        .map(|(n, part)| {
            if n % 2 == 1 {
                hide_in(part)
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("`")
}

static KEY_AND_VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r"([\w.-]*(?:password|passwd|secret|token|key|authorization|bearer|cookie)[\w.-]*)";
    let value = r#"("[^"\n]*"?|'[^'\n]*'?|[^\s#,}\]\[{|>&*"'][^#,}\n]*)"#;
    Regex::new(&format!(r#"(?i){name}["']?[ \t]*:[ \t]+{value}"#)).ok()
});

/// A text that is nothing but `{{ … }}`, perhaps after one word, holds no secret itself.
pub(super) fn only_templates(text: &str) -> bool {
    let text = text.trim();
    // `Bearer {{ token }}`: the name of a scheme is none either.
    let mut rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    rest = if rest.trim_start().starts_with("{{") {
        rest.trim_start()
    } else {
        text
    };
    while let Some(after) = rest.strip_prefix("{{") {
        let Some(end) = after.find("}}") else { return false };
        rest = after[end + 2..].trim_start();
    }
    rest.is_empty()
}

/// The password in `scheme://user:password@host`, as a range of `text`.
pub(super) fn url_password(text: &str) -> Option<Range<usize>> {
    let authority = text.find("://")? + 3;
    let end = text[authority..]
        .find(['/', '?', '#'])
        .map_or(text.len(), |at| authority + at);
    let at = authority + text[authority..end].rfind('@')?;
    let colon = authority + text[authority..at].find(':')?;
    (colon + 1 < at && !only_templates(&text[colon + 1..at])).then_some(colon + 1..at)
}

/// A text with its secrets replaced, and where its bytes went.
pub(super) struct Masked {
    pub(super) text: String,
    /// `(range in the original, where its replacement starts)`.
    moved: Vec<(Range<usize>, usize)>,
}

impl Masked {
    pub(super) fn new(original: &str, secrets: &SecretSpans) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut moved = Vec::new();
        let mut done = 0;
        for range in &secrets.0 {
            let (Some(before), Some(_)) = (original.get(done..range.start), original.get(range.clone()))
            else {
                continue;
            };
            text.push_str(before);
            moved.push((range.clone(), text.len()));
            text.push_str(MASK);
            done = range.end;
        }
        text.push_str(original.get(done..).unwrap_or_default());
        Self { text, moved }
    }

    /// Where a range of the original is now; what is inside a secret becomes the whole mask.
    pub(super) fn map(&self, range: &Range<usize>) -> Range<usize> {
        self.map_one(range.start, false)..self.map_one(range.end, true)
    }

    fn map_one(&self, at: usize, is_end: bool) -> usize {
        let mut result = at;
        for (range, new) in &self.moved {
            if at <= range.start {
                break;
            }
            if at < range.end {
                return if is_end { new + MASK.len() } else { *new };
            }
            result = new + MASK.len() + (at - range.end);
        }
        result
    }

    /// Whether a range of the original overlaps a secret.
    pub(super) fn touches(&self, range: &Range<usize>) -> bool {
        self.moved
            .iter()
            .any(|(secret, _)| secret.start < range.end && range.start < secret.end)
    }
}

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

    /// The text with every secret replaced by [`MASK`]: as it stands, percent-encoded, Base64 (wherever in a longer value),
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

    /// As [`scrub`](Self::scrub), for bytes that may not be UTF-8.
    pub fn scrub_bytes(&self, bytes: &[u8]) -> String {
        self.scrub(&String::from_utf8_lossy(bytes))
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
    fn a_secret_never_shows_itself() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
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

    #[test]
    fn blanks_what_looks_secret_in_a_file_that_does_not_parse() {
        let text = "user: ann\npassword: hunter2 # old\nauth: { basic: { user: a, password: \"x y\" } }\ntoken: \"{{ config.token }}\"\n";
        let masked = Masked::new(text, &SecretSpans::by_looks(text)).text;
        assert_eq!(
            masked,
            "user: ann\npassword: *** # old\nauth: { basic: { user: a, password: *** } }\ntoken: \"{{ config.token }}\"\n"
        );
    }

    #[test]
    fn hides_secrets_in_quoted_parts_of_a_message_only() {
        let message = "not `user:anna` by `a`, said anna";
        assert_eq!(
            hide(message, &["anna", "a"]),
            "not `user:***` by `***`, said anna"
        );
    }

    #[test]
    fn blanks_secrets_in_comments() {
        let text = "a: b # password: hunter2\n# token: abc\nx: token: abc\n";
        let masked = Masked::new(text, &SecretSpans::in_comments(text)).text;
        assert_eq!(masked, "a: b # password: ***\n# token: ***\nx: token: abc\n");
    }

    #[test]
    fn ranges_follow_the_text_when_it_is_masked() {
        let masked = Masked::new("a: secret, b: 1", &SecretSpans::new(std::iter::once(3..9)));
        assert_eq!(masked.text, "a: ***, b: 1");
        assert_eq!(&masked.text[masked.map(&(11..12))], "b");
        assert_eq!(&masked.text[masked.map(&(3..9))], "***");
        assert_eq!(&masked.text[masked.map(&(4..6))], "***");
        assert_eq!(&masked.text[masked.map(&(0..9))], "a: ***");
        assert_eq!(&masked.text[masked.map(&(0..1))], "a");
    }

    #[test]
    fn finds_the_password_in_a_url() {
        let url = "https://ann:pw@host/x";
        assert_eq!(url_password(url).map(|range| &url[range]), Some("pw"));
        assert_eq!(url_password("https://host:80/a@b"), None);
        assert_eq!(url_password("https://ann:{{ config.pw }}@host"), None);
    }
}
