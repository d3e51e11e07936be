//! Problems in the user's files, all at once, each with its place and what to write instead: of syntax, of type or of meaning.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::render::{Style, render, without_secrets};
use super::secret::{self, Masked, SecretSpans};
use super::span::{SourceId, Span};

/// Most problems shown; the rest are counted.
const SHOWN: usize = 50;

/// One loaded file.
#[derive(Clone)]
pub struct Source {
    /// As the user named it.
    pub name: String,
    /// Its content.
    pub text: String,
    /// Scalars that hold secrets: never shown.
    secrets: SecretSpans,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Source {
    pub(super) fn masked(&self) -> Masked {
        Masked::new(&self.text, &self.secrets)
    }
}

/// The loaded files that spans point into.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file. Values beside secret-looking keys are masked from the start, so that even a syntax error shows none.
    pub fn add(&mut self, name: &Path, text: String) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let secrets = SecretSpans::by_looks(&text);
        self.files.push(Source {
            name: name.display().to_string(),
            text,
            secrets,
        });
        id
    }

    /// A file.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// The text that a span covers; empty if it is none of these files.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source)
            .and_then(|source| source.text.get(span.range()))
            .unwrap_or_default()
    }

    /// Replaces what looked secret in a file by what is, once its structure is known. Comments are still judged by looks.
    pub(super) fn set_secrets(&mut self, id: SourceId, spans: impl IntoIterator<Item = Span>) {
        if let Some(source) = self.files.get_mut(id.0 as usize) {
            source.secrets = SecretSpans::in_comments(&source.text).with(spans.into_iter().map(Span::range));
        }
    }

    /// Adds a place that holds a secret.
    pub(super) fn add_secret(&mut self, span: Span) {
        if let Some(source) = self.files.get_mut(span.source.0 as usize) {
            source.secrets = std::mem::take(&mut source.secrets).with([span.range()]);
        }
    }

    /// A message without the secrets of these files.
    pub(super) fn hide(&self, message: &str) -> String {
        let secrets: Vec<&str> = self
            .files
            .iter()
            .flat_map(|source| source.secrets.texts(&source.text))
            .collect();
        secret::hide(message, &secrets)
    }

    /// The text of a file with its literal secrets blanked.
    pub fn masked(&self, id: SourceId) -> Option<String> {
        self.get(id).map(|source| source.masked().text)
    }
}

/// Whether a problem stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

/// One problem.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Whether it stops the run.
    pub severity: Severity,
    /// Where; `None` for a problem with a whole file or the command line.
    pub span: Option<Span>,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// Written under the caret.
    pub label: String,
    /// What to do, one sentence each.
    pub help: Vec<String>,
    /// Why, or where this is documented.
    pub notes: Vec<String>,
    /// Other places that matter.
    pub also: Vec<(Span, String)>,
    /// A replacement that would mend it, shown as a changed line.
    pub replace: Option<(Span, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, Some(span), message.into())
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, Some(span), message.into())
    }

    /// An error that has no place in a file.
    pub fn without_place(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, None, message.into())
    }

    /// A warning that has no place in a file: of the command line, say.
    pub fn warning_without_place(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, None, message.into())
    }

    fn new(severity: Severity, span: Option<Span>, message: String) -> Self {
        Self {
            severity,
            span,
            message,
            label: String::new(),
            help: Vec::new(),
            notes: Vec::new(),
            also: Vec::new(),
            replace: None,
        }
    }

    /// With words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// With advice, if there is some.
    #[must_use]
    pub fn help_if(mut self, help: Option<String>) -> Self {
        self.help.extend(help);
        self
    }

    /// With an explanation.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With another place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    /// In a box, as errors are passed on.
    #[must_use]
    pub fn boxed(self) -> Box<Self> {
        Box::new(self)
    }

    /// With a replacement: the last help is its heading.
    #[must_use]
    pub fn replace(mut self, span: Span, text: impl Into<String>) -> Self {
        self.replace = Some((span, text.into()));
        self
    }
}

/// Problems found so far.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Places whose content was refused, none within another: from its first byte to its end. What is wrong with it follows
    /// from that.
    refused: BTreeMap<(SourceId, usize), usize>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless its place was refused.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !diagnostic.span.is_some_and(|span| self.is_refused(span)) {
            self.list.push(diagnostic);
        }
    }

    /// Adds one; nothing comes of what it is about.
    pub fn fail<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.push(diagnostic);
        None
    }

    /// The value, or its problem added.
    pub fn keep<T>(&mut self, result: Result<T, impl Into<Box<Diagnostic>>>) -> Option<T> {
        result.map_err(|diagnostic| self.push(*diagnostic.into())).ok()
    }

    fn is_refused(&self, span: Span) -> bool {
        let before = self.refused.range(..=(span.source, span.start)).next_back();
        before.is_some_and(|((source, _), end)| *source == span.source && span.end <= *end)
    }

    /// From now on leaves out what is wrong with the content of a place, which was told to be none.
    pub(super) fn refuse(&mut self, place: Span) {
        self.refused.insert((place.source, place.start), place.end);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Diagnostics) {
        self.list.extend(other.list);
        self.refused.extend(other.refused);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many errors, warnings not counted.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// In the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The problems as text in the manner of rustc, ordered by place, with a count at the end.
    pub fn render(&self, sources: &Sources, style: Style) -> String {
        let mut ordered: Vec<&Diagnostic> = self.list.iter().collect();
        ordered.sort_by_key(|d| (d.span.map(|span| (span.source, span.start)), d.severity));
        ordered.dedup_by(|a, b| a.span == b.span && a.message == b.message);
        let mut out = String::new();
        for diagnostic in ordered.iter().take(SHOWN) {
            out.push_str(&render(&without_secrets(diagnostic, sources), sources, style));
            out.push_str("\n\n");
        }
        out.push_str(&self.tally(&ordered));
        out.push('\n');
        out
    }

    fn tally(&self, ordered: &[&Diagnostic]) -> String {
        let errors = ordered.iter().filter(|d| d.severity == Severity::Error).count();
        let warnings = ordered.len() - errors;
        let count = |n: usize, one: &str| {
            if n == 1 {
                format!("1 {one}")
            } else {
                format!("{n} {one}s")
            }
        };
        let mut line = match (errors, warnings) {
            (0, w) => count(w, "warning"),
            (e, 0) => count(e, "error"),
            (e, w) => format!("{} and {}", count(e, "error"), count(w, "warning")),
        };
        if ordered.len() > SHOWN {
            line = format!("{line}; the first {SHOWN} are shown");
        }
        if self.errors() > 0 {
            line.push_str("; nothing was sent");
        }
        line
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn shows_fifty_and_counts_the_rest() {
        let mut sources = Sources::new();
        let id = sources.add(Path::new("x.yaml"), "a: 1\n".repeat(60));
        let mut problems = Diagnostics::new();
        for line in 0..60 {
            problems.push(Diagnostic::error(
                Span {
                    source: id,
                    start: line * 5,
                    end: line * 5 + 1,
                },
                "wrong",
            ));
        }
        let text = problems.render(&sources, Style::Plain);
        assert_eq!(text.matches("error: wrong").count(), 50);
        assert_eq!(
            text.lines().last().unwrap(),
            "60 errors; the first 50 are shown; nothing was sent"
        );
    }

    #[test]
    fn spans_outside_the_text_do_no_harm() {
        let mut sources = Sources::new();
        let id = sources.add(Path::new("x.yaml"), "é".to_owned());
        let mut problems = Diagnostics::new();
        problems.push(Diagnostic::error(
            Span {
                source: id,
                start: 1,
                end: 99,
            },
            "wrong",
        ));
        problems.push(Diagnostic::error(
            Span {
                source: id,
                start: 9,
                end: 3,
            },
            "also wrong",
        ));
        assert!(problems.render(&sources, Style::Plain).contains("also wrong"));
    }
}
