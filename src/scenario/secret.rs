//! Secrets: masked by type where we hold them, blanked where the user's file is shown. In text that came from elsewhere
//! [`scrub`](super::scrub) finds them.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter secrets are not searched for in other texts: each `a` of a page would go. They are masked where they stand.
pub(super) const SHORTEST_SCRUBBED: usize = 3;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_itself() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
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
