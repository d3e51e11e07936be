//! YAML text to a tree in which everything has its place. The only user of `serde_yaml`, of whose parser it takes the events:
//! so a scalar keeps the text and the quotes it was written with, and every duplicate key is told, not only the first.
//!
//! A scalar has no type here: `0201701`, `no` and `1.10` are what was written until somebody asks for a number.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle, ScanError};

use super::diagnostics::{Diagnostic, Diagnostics, Sources};
use super::span::{SourceId, Span, Spanned, Text};
use super::syntax::{Place, bare_template};

/// Largest YAML file read, in bytes. A scenario is a few kilobytes; lists of values belong in a CSV file.
const MAX_FILE: u64 = 5_000_000;

/// Most nodes of a file, aliases resolved.
const MAX_NODES: usize = 200_000;

/// Deepest nesting.
const MAX_DEPTH: usize = 64;

/// One node of the tree.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Where it stands: a scalar with its quotes; a collection from its first to its last byte.
    pub(super) span: Span,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(Text),
    List(Vec<Node>),
    /// No key twice; merge keys resolved.
    Map(Vec<(Spanned<String>, Node)>),
}

impl Node {
    /// Nothing, `~` or `null` without quotes.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(text) if text.plain && matches!(text.text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Reads a file as text: one that exists, is a file, is not too large, is UTF-8 and holds no NUL.
pub(super) fn read(path: &Path, what: &str, sources: &mut Sources) -> Result<SourceId, Box<Diagnostic>> {
    let bytes = super::files::read_limited(path, what, MAX_FILE)?;
    let shown = path.display();
    let wrong = |message: String, help: &str| Diagnostic::without_place(message).help(help).boxed();
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let help = "save it as UTF-8 in your editor, or convert it: `iconv -f UTF-16 -t UTF-8`";
        return Err(wrong(format!("`{shown}` is UTF-16, not UTF-8"), help));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let found = bytes.get(at).copied().unwrap_or_default();
        let help = "save it as UTF-8 in your editor; from Latin-1: `iconv -f LATIN1 -t UTF-8`";
        wrong(
            format!("`{shown}` is not UTF-8: byte 0x{found:02X} {}", place(bytes, at)),
            help,
        )
    })?;
    match text.find('\0') {
        Some(at) => {
            let message = format!("`{shown}` holds a NUL byte {}", place(text.as_bytes(), at));
            Err(wrong(message, "this is not a text file; is it the right one?"))
        }
        None => Ok(sources.add(path, text)),
    }
}

/// A blank that YAML takes for a letter, such as the no-break space.
fn is_odd_blank(c: char) -> bool {
    !c.is_ascii() && (c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'))
}

/// "at offset 17 (line 2)".
fn place(bytes: &[u8], at: usize) -> String {
    let line = bytes[..at].split(|b| *b == b'\n').count();
    format!("at offset {at} (line {line})")
}

/// Parses the one document of a file. `None`: not parsed, said why. An empty file is a null node.
pub(super) fn parse(source: SourceId, sources: &Sources, problems: &mut Diagnostics) -> Option<Node> {
    let text = sources.get(source)?.text.as_str();
    let mut builder = Builder {
        source,
        text,
        problems,
        anchors: HashMap::new(),
        nodes: 0,
    };
    builder.document()
}

type Events<'t> = Parser<'t, granit_parser::StrInput<'t>>;
type Next<'t> = (Event<'t>, granit_parser::Span);

struct Builder<'t, 'p> {
    source: SourceId,
    text: &'t str,
    problems: &'p mut Diagnostics,
    /// Finished nodes by anchor, with their size.
    anchors: HashMap<usize, Option<(Rc<Node>, usize)>>,
    nodes: usize,
}

/// A problem was pushed; there is no tree.
struct Stop;

impl<'t> Builder<'t, '_> {
    fn document(&mut self) -> Option<Node> {
        let mut options = granit_parser::Options::default();
        options.emit_comments = false;
        let mut events = Parser::new_from_str_with_options(self.text, options);
        let mut root = None;
        loop {
            match self.next(&mut events) {
                Ok((Event::StreamEnd, _)) => break,
                Ok((Event::DocumentStart(..), span)) if root.is_some() => {
                    let at = self.span(&span);
                    self.problems.push(
                        Diagnostic::error(at, "a second document begins here")
                            .help("keep one scenario per file: remove this `---`, or move what follows to a file of its own"),
                    );
                    return None;
                }
                Ok((Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _)) => {}
                Ok(event) => root = Some(self.node(event, &mut events, 0).ok()?),
                Err(Stop) => return None,
            }
        }
        Some(root.unwrap_or_else(|| {
            self.null(Span {
                source: self.source,
                start: 0,
                end: 0,
            })
        }))
    }

    fn next(&mut self, events: &mut Events<'t>) -> Result<Next<'t>, Stop> {
        match events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                self.syntax(&error);
                Err(Stop)
            }
            None => Ok((Event::StreamEnd, granit_parser::Span::default())),
        }
    }

    fn node(&mut self, (event, span): Next<'t>, events: &mut Events<'t>, depth: usize) -> Result<Node, Stop> {
        let at = self.span(&span);
        self.count(1, at)?;
        if depth > MAX_DEPTH {
            return self.stop(
                Diagnostic::error(at, format!("nested more than {MAX_DEPTH} levels deep"))
                    .help("no scenario needs this"),
            );
        }
        self.tag(&event, &span, at);
        let before = self.nodes;
        let (node, anchor) = match event {
            Event::Scalar(value, style, anchor, tag) => {
                // `!!str 5` and `! 5` are texts as much as `"5"` is.
                let text = tag.is_some_and(|tag| tag.core_suffix() == Some("str") || tag.original() == "!");
                (
                    self.scalar(&value, if text { ScalarStyle::Literal } else { style }, at),
                    anchor,
                )
            }
            Event::SequenceStart(_, anchor, _) => {
                self.anchors.insert(anchor, None);
                (self.list(at, events, depth)?, anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                self.anchors.insert(anchor, None);
                (self.map(at, events, depth)?, anchor)
            }
            Event::Alias(id) => return self.alias(id, at),
            _ => return self.stop(Diagnostic::error(at, "unexpected YAML here")),
        };
        if anchor != 0 {
            self.anchors
                .insert(anchor, Some((Rc::new(node.clone()), self.nodes - before + 1)));
        }
        Ok(node)
    }

    fn scalar(&self, value: &str, style: ScalarStyle, span: Span) -> Node {
        let raw = self.text.get(span.range()).unwrap_or_default();
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) && raw.len() >= 2;
        let content = if quoted {
            Span {
                start: span.start + 1,
                end: span.end - 1,
                ..span
            }
        } else {
            span
        };
        let exact = self.text.get(content.range()) == Some(value);
        let text = Text {
            text: value.to_owned(),
            span: content,
            exact,
            plain: style == ScalarStyle::Plain,
        };
        Node {
            span,
            kind: Kind::Scalar(text),
        }
    }

    /// `!env HOME`: no tag means anything here but those of YAML itself.
    fn tag(&mut self, event: &Event<'_>, span: &granit_parser::Span, at: Span) {
        let Some(tag) = event.tag().filter(|tag| tag.is_custom() && tag.original() != "!") else {
            return;
        };
        let place = span.tag_span().map_or(at, |span| self.span(&span));
        let name = tag.original();
        let help = if name.to_lowercase().contains("env") {
            "for a value from the environment write `\"{{ config.name }}\"` and set RUNNER_NAME"
        } else {
            "take it out; to repeat a part of this file use an anchor: `&name` before it, `*name` where it is wanted"
        };
        let message = format!("the tag `{name}` means nothing here");
        self.problems.push(Diagnostic::error(place, message).help(help));
        if matches!(event, Event::Scalar(..)) {
            self.problems.refuse(at);
        }
    }

    fn null(&self, span: Span) -> Node {
        self.scalar("", ScalarStyle::Plain, span)
    }

    fn list(&mut self, start: Span, events: &mut Events<'t>, depth: usize) -> Result<Node, Stop> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.next(events)?;
            if event == Event::SequenceEnd {
                let span = self.whole(start, &span, items.last().map(|item| item.span));
                return Ok(Node {
                    span,
                    kind: Kind::List(items),
                });
            }
            let item = self.node((event, span), events, depth + 1)?;
            self.typographic_quotes(&item);
            items.push(item);
        }
    }

    /// `“text”`: an editor's quotes, which to YAML are letters. Error: they would be sent, or be part of a name.
    fn typographic_quotes(&mut self, node: &Node) {
        const QUOTES: [char; 9] = ['“', '”', '„', '‟', '«', '»', '‘', '’', '‚'];
        let Kind::Scalar(text) = &node.kind else { return };
        if !text.plain || !text.text.starts_with(QUOTES) {
            return;
        }
        let inner = text.text.trim_matches(QUOTES);
        let diagnostic = Diagnostic::error(node.span, "typographic quotes are a part of the text");
        self.problems.push(if inner.contains(['"', '\\']) {
            diagnostic.help("write straight quotes, `\"` or `'`")
        } else {
            diagnostic
                .help("write straight quotes")
                .replace(node.span, format!("\"{inner}\""))
        });
        self.problems.refuse(node.span);
    }

    fn map(&mut self, start: Span, events: &mut Events<'t>, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<(Spanned<String>, Node)> = Vec::new();
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut merges: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.next(events)?;
            if event == Event::MappingEnd {
                let last = entries.last().map(|(_, node)| node.span);
                let span = self.whole(start, &span, last);
                self.merge(&mut entries, merges)?;
                return Ok(Node {
                    span,
                    kind: Kind::Map(entries),
                });
            }
            let key = self.node((event, span), events, depth + 1)?;
            let value = self.next(events)?;
            let value = self.node(value, events, depth + 1)?;
            self.typographic_quotes(&key);
            let Kind::Scalar(name) = key.kind else {
                self.complex_key(start, key.span);
                return Err(Stop);
            };
            // A description is for people, and may quote.
            if name.text != "description" {
                self.typographic_quotes(&value);
            }
            if let Some(blank) = name
                .text
                .chars()
                .next()
                .filter(|c| name.plain && is_odd_blank(*c))
            {
                let message = format!(
                    "an invisible character (U+{:04X}) stands before this key",
                    u32::from(blank)
                );
                return self.stop(
                    Diagnostic::error(key.span, message)
                        .help("replace it by ordinary spaces; YAML indents with nothing else"),
                );
            }
            if name.plain && name.text == "<<" {
                merges.push(value);
            } else if let Some(first) = seen.get(&name.text) {
                self.problems.push(
                    Diagnostic::error(key.span, format!("`{}` is written twice", name.text))
                        .label("the second")
                        .also(*first, "the first")
                        .help("keep one of them"),
                );
            } else {
                seen.insert(name.text.clone(), key.span);
                entries.push((Spanned::new(name.text, key.span), value));
            }
        }
    }

    /// A key that is a list or a mapping: nearly always a template that was left without quotes.
    fn complex_key(&mut self, map: Span, key: Span) {
        let template = self
            .text
            .get(map.start..)
            .is_some_and(|rest| rest.starts_with("{{"));
        self.problems.push(if template {
            bare_template(self.source, self.text, map.start)
        } else {
            Diagnostic::error(key, "a key must be a word, not a list or a mapping")
        });
    }

    /// `<<: *base` and `<<: [*a, *b]`: their entries, where the mapping has none of its own.
    fn merge(&mut self, entries: &mut Vec<(Spanned<String>, Node)>, merges: Vec<Node>) -> Result<(), Stop> {
        if merges.is_empty() {
            return Ok(());
        }
        let mut own: HashSet<String> = entries.iter().map(|(key, _)| key.value.clone()).collect();
        for merge in merges {
            let span = merge.span;
            let sources = match merge.kind {
                Kind::List(items) => items,
                _ => vec![merge],
            };
            for source in sources {
                let Kind::Map(more) = source.kind else {
                    return self.stop(
                        Diagnostic::error(span, "`<<` merges a mapping, and this is none")
                            .help("write `<<: *name`, where `&name` stands before a mapping"),
                    );
                };
                let new = more.into_iter().filter(|(key, _)| own.insert(key.value.clone()));
                entries.extend(new);
            }
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, at: Span) -> Result<Node, Stop> {
        match self.anchors.get(&id).cloned() {
            Some(Some((node, size))) => {
                self.count(size, at)?;
                Ok(Node {
                    span: node.span,
                    kind: node.kind.clone(),
                })
            }
            _ => self.stop(Diagnostic::error(
                at,
                "this alias stands inside of what it stands for",
            )),
        }
    }

    fn count(&mut self, more: usize, at: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("more than {MAX_NODES} values, aliases counted each time");
        self.stop(Diagnostic::error(at, message).label("the limit is passed here").help(
            "keep long lists in a CSV or JSON file (`data: { name: { csv: file.csv } }`), and aliases of aliases out",
        ))
    }

    fn stop<T>(&mut self, diagnostic: Diagnostic) -> Result<T, Stop> {
        self.problems.push(diagnostic);
        Err(Stop)
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let limit = self.text.len();
        let range = span.byte_range().unwrap_or(0..0);
        let start = range.start.min(limit);
        Span {
            source: self.source,
            start,
            end: range.end.min(limit).max(start),
        }
    }

    /// A collection's span: to its closing bracket, or to its last item where there is none.
    fn whole(&self, start: Span, end: &granit_parser::Span, last: Option<Span>) -> Span {
        let end = self.span(end);
        let flow = self.text[start.start..].starts_with(['[', '{']) && end.start < end.end;
        let end = if flow {
            end.end
        } else {
            last.map_or(start.end, |span| span.end)
        };
        Span {
            end: end.max(start.start),
            ..start
        }
    }

    fn syntax(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let place = Place::new(self.source, self.text, at);
        self.problems.push(place.explain(error));
    }
}
