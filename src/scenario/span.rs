//! Places in the user's files: a span of bytes in one source, and values that remember theirs.

use std::fmt;
use std::ops::Range;

/// Which of the loaded files; an index into [`Sources`](super::diagnostics::Sources).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub(super) u32);

/// A range of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The smallest span that holds both; `self` if they are in different files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span {
            source: self.source,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The bytes as a range.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A value with the place where the user wrote it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was written, decoded.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value and its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl Spanned<String> {
    /// What stands for a name that could not be read.
    pub(super) fn unread(span: Span) -> Self {
        Self::new(String::new(), span)
    }

    /// Whether this is a name that could not be read; only in a partial scenario.
    pub fn is_unread(&self) -> bool {
        self.value.is_empty()
    }
}

impl<T: fmt::Debug> fmt::Debug for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// A scalar as text, which may be a template (`{{ name }}`). Numbers keep the digits that were written, so `0201701`
/// and `1.10` stay what they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The content, without quotes, with escapes resolved.
    pub text: String,
    /// Where the content stands (inside the quotes).
    pub span: Span,
    /// Byte `n` of `text` is byte `span.start + n` of the source: so for plain scalars and quoted ones without escapes,
    /// not for folded ones.
    pub exact: bool,
    /// Written without quotes, so that it may be a number, a boolean or null where the type is free.
    pub plain: bool,
}

impl Text {
    /// In place of a text that could not be read.
    pub(super) fn unread(text: &str, span: Span) -> Self {
        Self {
            text: text.to_owned(),
            span,
            exact: false,
            plain: false,
        }
    }

    /// The place of a part of the text, as a template error names it. The whole scalar where bytes do not map.
    pub fn span_of(&self, part: Range<usize>) -> Span {
        if !self.exact || part.start > part.end || part.end > self.text.len() {
            return self.span;
        }
        Span {
            source: self.span.source,
            start: self.span.start + part.start,
            end: self.span.start + part.end,
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
