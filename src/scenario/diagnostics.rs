//! Problems in the user's files, all at once, each with its place and what to write instead; one renderer for all of them,
//! whether they are of syntax, of type or of meaning.

use std::fmt;
use std::path::{Path, PathBuf};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

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
    fn hide(&self, message: &str) -> String {
        let secrets: Vec<&str> = self
            .files
            .iter()
            .flat_map(|source| source.secrets.texts(&source.text))
            .collect();
        secret::hide(message, &secrets)
    }

    /// The text of a file with its literal secrets blanked.
    pub fn masked(&self, id: SourceId) -> Option<String> {
        self.get(id)
            .map(|source| Masked::new(&source.text, &source.secrets).text)
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
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Diagnostics) {
        self.list.extend(other.list);
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
            out.push_str(&render_one(&without_secrets(diagnostic, sources), sources, style));
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

/// How diagnostics look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With terminal colours.
    Coloured,
}

fn without_secrets(diagnostic: &Diagnostic, sources: &Sources) -> Diagnostic {
    let hide = |text: &String| sources.hide(text);
    Diagnostic {
        message: hide(&diagnostic.message),
        label: hide(&diagnostic.label),
        help: diagnostic.help.iter().map(hide).collect(),
        notes: diagnostic.notes.iter().map(hide).collect(),
        also: diagnostic
            .also
            .iter()
            .map(|(span, label)| (*span, hide(label)))
            .collect(),
        ..diagnostic.clone()
    }
}

fn render_one(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    let mut views = views(diagnostic, sources);
    for view in &mut views {
        let mut snippet = Snippet::source(view.text.as_str())
            .path(view.name.as_str())
            .fold(true);
        for (kind, range, label) in view.marks.drain(..) {
            let label = (!label.is_empty()).then_some(label);
            snippet = snippet.annotation(kind.span(range).label(label));
        }
        group = group.element(snippet);
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    let mut groups = Vec::new();
    let patch = diagnostic.replace.as_ref().and_then(|(span, text)| {
        let source = sources.get(span.source)?;
        let masked = Masked::new(&source.text, &source.secrets);
        let range = masked.map(&span.range());
        (!masked.touches(&span.range())).then(|| (masked.text, source.name.clone(), range, text.as_str()))
    });
    let plain_helps = diagnostic.help.len() - usize::from(patch.is_some() && !diagnostic.help.is_empty());
    for help in &diagnostic.help[..plain_helps] {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    groups.push(group);
    if let Some((text, name, range, new)) = &patch {
        let heading = diagnostic.help.last().map_or("write", String::as_str);
        let snippet = Snippet::source(text.as_str()).path(name.as_str()).fold(true);
        groups.push(
            Level::HELP
                .secondary_title(heading)
                .element(snippet.patch(Patch::new(range.clone(), *new))),
        );
    }
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    renderer.decor_style(DecorStyle::Ascii).render(&groups)
}

/// One file with the places to mark in it.
struct View<'a> {
    name: String,
    text: String,
    marks: Vec<(AnnotationKind, std::ops::Range<usize>, &'a str)>,
}

/// The files that a problem is about, the one of its main place first.
fn views<'a>(diagnostic: &'a Diagnostic, sources: &Sources) -> Vec<View<'a>> {
    let main = diagnostic
        .span
        .map(|span| (AnnotationKind::Primary, span, diagnostic.label.as_str()));
    let others = diagnostic
        .also
        .iter()
        .map(|(span, label)| (AnnotationKind::Context, *span, label.as_str()));
    let mut views: Vec<(SourceId, View<'a>)> = Vec::new();
    for (kind, span, label) in main.into_iter().chain(others) {
        let Some(source) = sources.get(span.source) else {
            continue;
        };
        let masked = Masked::new(&source.text, &source.secrets);
        let range = first_line(&masked.text, masked.map(&span.range()));
        match views.iter_mut().find(|(id, _)| *id == span.source) {
            Some((_, view)) => view.marks.push((kind, range, label)),
            None => views.push((
                span.source,
                View {
                    name: source.name.clone(),
                    text: masked.text,
                    marks: vec![(kind, range, label)],
                },
            )),
        }
    }
    views.into_iter().map(|(_, view)| view).collect()
}

/// A block that spans many lines is marked by its first line only.
fn first_line(text: &str, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = floor_boundary(text, range.start);
    let end = floor_boundary(text, range.end).max(start);
    let line_end = text[start..end].find('\n').map_or(end, |at| start + at);
    let trimmed = text[start..line_end].trim_end().len();
    start..start + trimmed.max(usize::from(line_end > start && trimmed > 0))
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// "did you mean": the nearest of `known`, by edits (at most 2, or a third of the length) or by a common beginning.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let other = candidate.to_lowercase();
        let distance = strsim::osa_distance(&lower, &other);
        // Of a name of one or two letters nothing is left after two edits.
        let allowed = match other.chars().count() {
            0..=2 => 1,
            length => 2.max(length / 3),
        };
        let near = distance <= allowed && distance < lower.chars().count().max(2);
        let begins =
            lower.len() >= 3 && (other.starts_with(&lower) || lower.starts_with(&other) && other.len() >= 3);
        if (near || begins) && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A list in words: `a`, `b` or `c`.
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// File names in the same directory that are near to a missing one.
pub(super) fn near_files(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let parent = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let entries: Vec<String> = std::fs::read_dir(parent)
        .ok()?
        .take(10_000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let mut sorted: Vec<&str> = entries
        .iter()
        .map(String::as_str)
        .filter(|other| *other != name)
        .collect();
    sorted.sort_unstable();
    let found = nearest(name, sorted)?;
    let near: PathBuf = match path.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(parent) => parent.join(found),
        None => PathBuf::from(found),
    };
    Some(format!("did you mean `{}`?", near.display()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_name() {
        let known = ["weight", "think", "endpoints", "get"];
        assert_eq!(nearest("wieght", known), Some("weight"));
        assert_eq!(nearest("think_time", known), Some("think"));
        assert_eq!(nearest("endpoint", known), Some("endpoints"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("Get", known), Some("get"));
    }

    #[test]
    fn lists_names_in_words() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }

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
