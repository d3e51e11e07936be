//! How a value is written at the place where it goes.

use std::fmt::Write;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::plan::value::Value;

/// How values and literal text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As they stand: headers, bodies.
    None,
    /// The path of a URL and what follows it: a value is one path segment or one query value, everything but the unreserved
    /// characters (RFC 3986, section 2.3) percent-encoded. Literal text keeps what is legal there, and so does the value of
    /// `config.*` that a path begins with.
    Path,
    /// A value of a URL's query: all of it percent-encoded.
    Query,
    /// A value of a form (`application/x-www-form-urlencoded`, URL Standard section 5): as in a query, a space as `+`.
    Form,
}

/// Everything but `A-Z a-z 0-9 - . _ ~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a form encodes.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b' ');

/// What cannot stand in a URL at all.
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Escape {
    /// Appends a value.
    pub(super) fn value(self, value: &Value, out: &mut String) {
        match value {
            Value::Text(text) => self.text(text, out),
            // Digits, letters, `-` and `.` only: nothing to encode.
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                let _ = write!(out, "{value}");
            }
            Value::Json(_) | Value::Row(_) => self.text(&value.to_string(), out),
        }
    }

    /// A text, encoded.
    pub fn encoded(self, text: &str) -> String {
        let mut out = String::new();
        self.text(text, &mut out);
        out
    }

    /// Appends the text of a value.
    pub(super) fn text(self, text: &str, out: &mut String) {
        match self {
            Self::None => out.push_str(text),
            Self::Path | Self::Query => out.extend(utf8_percent_encode(text, RESERVED)),
            Self::Form => {
                for part in utf8_percent_encode(text, FORM) {
                    if part.contains(' ') {
                        out.extend(part.chars().map(|c| if c == ' ' { '+' } else { c }));
                    } else {
                        out.push_str(part);
                    }
                }
            }
        }
    }

    /// Appends what the author of the scenario wrote around the placeholders.
    pub(in crate::plan) fn literal(self, text: &str, out: &mut String) {
        match self {
            Self::Path => legal(text, out),
            Self::None | Self::Query | Self::Form => self.text(text, out),
        }
    }
}

/// Encodes only what is no part of any URL; a `%` stays where it begins an encoded byte.
fn legal(text: &str, out: &mut String) {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.extend(utf8_percent_encode(&rest[..at], ILLEGAL));
        let after = &rest.as_bytes()[at + 1..];
        out.push_str(if hex(after.first()) && hex(after.get(1)) {
            "%"
        } else {
            "%25"
        });
        rest = &rest[at + 1..];
    }
    out.extend(utf8_percent_encode(rest, ILLEGAL));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own_way_of_writing() {
        let nasty = "a b/c?d&e=f+g%ä~*";
        for (escape, value, literal) in [
            (Escape::None, nasty, nasty),
            (
                Escape::Path,
                "a%20b%2Fc%3Fd%26e%3Df%2Bg%25%C3%A4~%2A",
                "a%20b/c?d&e=f+g%25%C3%A4~*",
            ),
            (
                Escape::Query,
                "a%20b%2Fc%3Fd%26e%3Df%2Bg%25%C3%A4~%2A",
                "a%20b%2Fc%3Fd%26e%3Df%2Bg%25%C3%A4~%2A",
            ),
            (
                Escape::Form,
                "a+b%2Fc%3Fd%26e%3Df%2Bg%25%C3%A4%7E*",
                "a+b%2Fc%3Fd%26e%3Df%2Bg%25%C3%A4%7E*",
            ),
        ] {
            let (mut written, mut around) = (String::new(), String::new());
            escape.text(nasty, &mut written);
            escape.literal(nasty, &mut around);
            assert_eq!(
                (written.as_str(), around.as_str()),
                (value, literal),
                "{escape:?}"
            );
        }
    }

    #[test]
    fn what_is_already_encoded_in_a_path_stays() {
        let mut out = String::new();
        Escape::Path.literal("/a%20b/100%/%zz", &mut out);
        assert_eq!(out, "/a%20b/100%25/%25zz");
    }
}
