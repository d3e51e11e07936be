//! Diagnostics as text, in the manner of rustc: the source line, a caret under the value, what to write instead.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::diagnostics::{Diagnostic, Severity, Sources};
use super::span::SourceId;

/// How diagnostics look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With terminal colours.
    Coloured,
}

/// A problem whose words show no secret; what is shown of the files is masked apart from this.
pub(super) fn without_secrets(diagnostic: &Diagnostic, sources: &Sources) -> Diagnostic {
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

/// One problem as text, without a newline at its end.
pub(super) fn render(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
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
        let masked = source.masked();
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
    marks: Vec<(AnnotationKind, Range<usize>, &'a str)>,
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
        let masked = source.masked();
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
fn first_line(text: &str, range: Range<usize>) -> Range<usize> {
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
