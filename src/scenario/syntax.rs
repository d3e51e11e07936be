//! Syntax errors in words: what is wrong and, for the usual slips, what was meant. A YAML parser tells where it gave up; the
//! mistake is often a line or a bracket before.

use serde_yaml::granit_parser::{ErrorKind, ScanError};

use super::diagnostics::Diagnostic;
use super::span::{SourceId, Span};
use super::suggest::{placeholder, variable};

/// Where the parser gave up, with its line.
pub(super) struct Place<'t> {
    source: SourceId,
    text: &'t str,
    at: usize,
    line_start: usize,
    line: &'t str,
}

impl<'t> Place<'t> {
    pub(super) fn new(source: SourceId, text: &'t str, at: usize) -> Self {
        // At the end of the file there is nothing to point at: point at the last thing written.
        let at = if text[at..].trim().is_empty() {
            text.trim_end().len()
        } else {
            at
        };
        let line_start = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let line_end = text[at..].find('\n').map_or(text.len(), |n| at + n);
        Self {
            source,
            text,
            at,
            line_start,
            line: &text[line_start..line_end],
        }
    }

    /// The error in words.
    pub(super) fn explain(&self, error: &ScanError) -> Diagnostic {
        if let Some(diagnostic) = self
            .tab(error)
            .or_else(|| self.template(error))
            .or_else(|| self.shell_variable(error))
        {
            return diagnostic;
        }
        if let Some(diagnostic) = unclosed(&self.text[..self.at]).and_then(|open| self.never_closed(open)) {
            return diagnostic;
        }
        match error.kind() {
            ErrorKind::UnclosedQuotedScalar => self
                .error("a quoted text is never closed")
                .help("add the closing quote"),
            ErrorKind::UnclosedFlowCollection { open } => {
                let close = closing(*open);
                self.error(format!("a `{open}` is never closed"))
                    .help(format!("add `{close}`"))
            }
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => self
                .error(format!("`{close}` closes what `{open}` opened"))
                .help(format!("write `{}`", closing(*open))),
            ErrorKind::MisplacedFlowCollectionEnd => {
                self.error("a closing bracket too many").help("take it out")
            }
            ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => self
                .error("a comma or a closing bracket is missing before this")
                .help("if it is part of a text, put the text in quotes"),
            ErrorKind::SimpleKeyExpected => self.no_colon(),
            ErrorKind::InvalidTrailingSingleQuotedScalar => self
                .error("something stands after the closing quote")
                .help("within single quotes write `''` for one, or use double quotes around the text"),
            ErrorKind::InvalidTrailingDoubleQuotedScalar => self
                .error("something stands after the closing quote")
                .help("put the whole value in quotes; for a quote within it write `\\\"`, or use single quotes around it"),
            ErrorKind::InvalidBlockScalarHeader => {
                self.error("a text that begins with `>` or `|` needs quotes around it")
            }
            ErrorKind::UnknownAnchor if !self.names_something() => self
                .error("no value can begin with `*`")
                .help("put the value in quotes"),
            ErrorKind::UnknownAnchor => self
                .error("this alias has no anchor")
                .help("an alias `*name` repeats what `&name` stands before, above it"),
            ErrorKind::UnexpectedCharacter { character } => self
                .error(format!("no value can begin with `{character}`"))
                .help("put the value in quotes"),
            ErrorKind::RecursionLimitExceeded => {
                self.error("nested too deeply").help("no scenario needs this")
            }
            ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidUnicodeEscape => self.bad_escape(),
            _ => self.by_looks(error),
        }
    }

    fn error(&self, message: impl Into<String>) -> Diagnostic {
        let next = self.text[self.at..].chars().next().filter(|c| *c != '\n');
        let end = next.map_or(self.at, |c| self.at + c.len_utf8());
        Diagnostic::error(self.span(self.at, end), message)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            source: self.source,
            start,
            end,
        }
    }

    /// A tab in the indentation of this line or, where the parser met it while it still read this one, of the next.
    fn tab(&self, error: &ScanError) -> Option<Diagnostic> {
        let tab_of = |start: usize, line: &str| Some(start + line[..indentation(line)].find('\t')?);
        let next = || {
            let rest = &self.text[self.line_start + self.line.len()..];
            let mut start = self.line_start + self.line.len();
            for line in rest.split_inclusive('\n') {
                if !line.trim().is_empty() {
                    return tab_of(start, line);
                }
                start += line.len();
            }
            None
        };
        let start = tab_of(self.line_start, self.line)
            .or_else(|| error.info().contains("tab").then(next).flatten())?;
        Some(
            Diagnostic::error(self.span(start, start + 1), "a tab is used for indentation")
                .label("a tab")
                .help("YAML indents with spaces; set your editor to insert two spaces for a tab"),
        )
    }

    /// Whether what stands here looks like an alias, `*name`, rather than like `*/*`.
    fn names_something(&self) -> bool {
        let rest = self.text[self.at..].trim_start_matches('*');
        let end = rest.find([' ', ',', '}', ']', '\n', '\r']).unwrap_or(rest.len());
        end > 0
            && rest[..end]
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    }

    /// `url: {{ config.host }}/api`, and `[ { get: /orders/{{ id }} } ]`.
    fn template(&self, error: &ScanError) -> Option<Diagnostic> {
        if matches!(error.kind(), ErrorKind::UnclosedQuotedScalar) {
            return None;
        }
        let within = || {
            let before = self.text[self.at..]
                .starts_with("{{")
                .then(|| &self.text[self.line_start..self.at])?;
            let value = before.rfind(": ")? + 2;
            (!before[value..].contains(['"', '\''])).then_some(value)
        };
        let found = self.line.find(": {{").map(|colon| colon + 2).or_else(within)?;
        Some(bare_template(self.source, self.text, self.line_start + found))
    }

    /// `{ authorization: Bearer ${TOKEN} }`: within brackets a plain text ends at the brace.
    fn shell_variable(&self, error: &ScanError) -> Option<Diagnostic> {
        if matches!(error.kind(), ErrorKind::UnclosedQuotedScalar) {
            return None;
        }
        let dollar = self.text[self.line_start..self.at].strip_suffix('$')?;
        let (name, _) = self.text[self.at..].strip_prefix('{')?.split_once('}')?;
        let value = self.line_start + dollar.rfind(": ")? + 2;
        let end = self.at + name.len() + 2;
        let template = placeholder(name)?;
        let span = self.span(value, end);
        let before = &dollar[value - self.line_start..];
        if before.contains(['"', '\'']) {
            return None;
        }
        Some(
            Diagnostic::error(span, format!("`${{{name}}}` is not filled in, and needs quotes around it"))
                .help(format!(
                    "for a value of the environment set `{}` and write `{template}` here, the whole value in quotes",
                    variable(name)
                ))
                .replace(span, format!("\"{before}{template}\"")),
        )
    }

    /// A bracket opened above, and this line no further in than that one: its end was forgotten there.
    fn never_closed(&self, open: usize) -> Option<Diagnostic> {
        let bracket = self.text[open..]
            .chars()
            .next()
            .filter(|c| matches!(c, '[' | '{'))?;
        let start = self.text[..open].rfind('\n').map_or(0, |n| n + 1);
        let above = start < self.line_start && indentation(self.line) <= indentation(&self.text[start..]);
        let at_end = self.text[self.at..].trim().is_empty();
        let closes = self.line.trim_start().starts_with([']', '}']);
        ((above && !closes) || at_end).then(|| {
            Diagnostic::error(
                self.span(open, open + 1),
                format!("this `{bracket}` is never closed"),
            )
            .help(format!("add `{}`", closing(bracket)))
        })
    }

    /// `get /path`, and `get:/path` as the last line of a block.
    fn no_colon(&self) -> Diagnostic {
        if let Some(diagnostic) = self.no_space_after_colon() {
            return diagnostic;
        }
        let body = self.line.trim_start().trim_start_matches("- ");
        let start = self.line_start + self.line.len() - body.len();
        let word = body.find(' ').unwrap_or(body.trim_end().len());
        let span = self.span(start, start + word);
        Diagnostic::error(span, "a colon is missing after the key")
            .help("write")
            .replace(self.span(start + word, start + word), ":")
    }

    /// `"\d+"`: points at the backslash, as far as it can be found.
    fn bad_escape(&self) -> Diagnostic {
        let rest = &self.text[self.at..];
        let mut chars = rest.char_indices().peekable();
        let mut found = None;
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                match chars.next() {
                    Some((_, next)) if "0abtnvfreN_LP \"/\\\n\t".contains(next) => {}
                    Some((_, next)) => found = Some((at, next.len_utf8())),
                    None => {}
                }
            }
            if found.is_some() {
                break;
            }
        }
        let (at, length) = found.unwrap_or((0, 0));
        let start = self.at + at;
        Diagnostic::error(
            self.span(start, start + 1 + length),
            "no such escape in a double-quoted text",
        )
        .help("use single quotes, which know no escapes, or write `\\\\` for a backslash")
    }

    fn by_looks(&self, error: &ScanError) -> Diagnostic {
        let misfit = matches!(error.kind(), ErrorKind::ExpectedBlockMappingKey)
            || error.info().contains("mapping values are not allowed");
        self.no_space_after_colon()
            .or_else(|| self.no_space_after_dash())
            .or_else(|| self.second_colon())
            .or_else(|| misfit.then(|| self.misfit()))
            .unwrap_or_else(|| {
                self.error(format!("not YAML: {}", error.info())).help(
                    "check that the lines of one block begin in the same column, and that each key ends in `: `",
                )
            })
    }

    /// `-name: home`, in this line or in the one above.
    fn no_space_after_dash(&self) -> Option<Diagnostic> {
        [Some((self.line_start, self.line)), self.above()]
            .into_iter()
            .flatten()
            .find_map(|(start, line)| {
                let dash = start + indentation(line);
                let rest = line.trim_start().strip_prefix('-')?;
                rest.starts_with(char::is_alphabetic).then(|| {
                    Diagnostic::error(self.span(dash, dash + 1), "a space is missing after the dash")
                        .help("write")
                        .replace(self.span(dash, dash + 1), "- ")
                })
            })
    }

    /// `url:"…"`, in this line or in the one above.
    fn no_space_after_colon(&self) -> Option<Diagnostic> {
        let above = self.above();
        let this = (self.line_start, self.line);
        [Some(this), above]
            .into_iter()
            .flatten()
            .find_map(|(start, line)| {
                let body = line.trim_start().trim_start_matches("- ");
                let from = start + line.len() - body.len();
                let (key, rest) = body.split_once(':')?;
                let word =
                    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
                (word && !rest.is_empty() && !rest.starts_with([' ', '\r'])).then(|| {
                    let colon = from + key.len();
                    Diagnostic::error(self.span(from, colon + 1), "a space is missing after the colon")
                        .help("write")
                        .replace(self.span(colon, colon + 1), ": ")
                })
            })
    }

    /// `name: My API: the second version`.
    fn second_colon(&self) -> Option<Diagnostic> {
        let body = self.line.trim_start().trim_start_matches("- ");
        let (key, value) = body.split_once(": ")?;
        if !value.contains(": ") || body.contains(['{', '"', '\'', '#', '\\']) {
            return None;
        }
        let value = value.trim();
        let start = self.line_start + self.line.find(value)?;
        let span = self.span(start, start + value.len());
        Some(
            Diagnostic::error(
                span,
                format!("the value of `{key}` holds a `: ` and needs quotes around it"),
            )
            .help("put the whole value in quotes")
            .replace(span, format!("\"{value}\"")),
        )
    }

    fn misfit(&self) -> Diagnostic {
        let from = self.line_start + indentation(self.line);
        let key = self.line.trim_start();
        let end = from + key.find([':', ' ']).unwrap_or(key.len());
        let diagnostic = Diagnostic::error(
            self.span(from, end),
            "this line does not fit into the block above it",
        )
        .help("begin the keys of one block in the same column");
        match self.above() {
            Some((start, line)) => {
                let from = start + indentation(line);
                let end = from + line.trim_start().find([':', ' ']).unwrap_or(1);
                diagnostic.also(self.span(from, end), "the line above it")
            }
            None => diagnostic,
        }
    }

    /// The last line above that holds something, and where it begins.
    fn above(&self) -> Option<(usize, &'t str)> {
        let mut end = self.line_start.checked_sub(1)?;
        loop {
            let start = self.text[..end].rfind('\n').map_or(0, |n| n + 1);
            let line = &self.text[start..end];
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                return Some((start, line));
            }
            end = start.checked_sub(1)?;
        }
    }
}

/// A template without quotes, which begins at `start`.
pub(super) fn bare_template(source: SourceId, text: &str, start: usize) -> Diagnostic {
    let line = text[start..].lines().next().unwrap_or_default();
    let template = line.find("}}").map_or(line.len(), |end| end + 2);
    // In a block the value is the rest of the line; within brackets it ends where the next one may begin.
    let tail = &line[template..];
    let more = match unclosed(&text[..start]) {
        Some(_) => tail.find([',', '}', ']', ' ']).unwrap_or(tail.len()),
        None => tail.find(" #").unwrap_or(tail.len()),
    };
    let value = line[..template + more].trim_end();
    let span = Span {
        source,
        start,
        end: start + value.len(),
    };
    Diagnostic::error(span, "a template needs quotes around it")
        .label("without quotes YAML takes `{` for the start of a mapping")
        .help("put the whole value in quotes")
        .replace(span, format!("\"{value}\""))
}

/// Where the innermost bracket stands that a text opens and does not close. Brackets count where a value may begin, so not
/// within plain texts and quotes.
fn unclosed(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    let mut escaped = false;
    let mut comment = false;
    for (at, c) in text.char_indices() {
        let value_begins = before.is_whitespace() || matches!(before, '[' | '{' | ',' | ':');
        match (quote, c) {
            _ if comment => comment = c != '\n',
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(q), c) if c == q && !escaped => quote = None,
            (None, '#') => comment = before.is_whitespace(),
            (None, '"' | '\'') if value_begins => quote = Some(c),
            (None, '[' | '{') if value_begins => open.push(at),
            (None, ']' | '}') => drop(open.pop()),
            _ => {}
        }
        escaped = false;
        before = c;
    }
    open.pop()
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}
