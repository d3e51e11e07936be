//! Problems found while resolving.

use crate::plan::problem::Problem;
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::span::{Spanned, Text};

/// What was not written is no problem; `None`: it was, and came to nothing.
#[expect(clippy::option_option, reason = "to be used with `?`")]
pub(super) fn if_written<T>(resolved: Option<Option<T>>) -> Option<Option<T>> {
    resolved.map_or(Some(None), |resolved| resolved.map(Some))
}

/// A mistake inside a scalar, at its place in the file.
pub(super) fn at(text: &Text, mut problem: Problem) -> Diagnostic {
    if problem.help.is_none() {
        problem.help = of_templates(&text.text, &problem);
    }
    Diagnostic::error(text.span_of(problem.range), problem.message).help_if(problem.help)
}

/// A mistake in a scalar of which only the whole is known.
pub(super) fn in_whole(text: &Spanned<String>, problem: Problem) -> Diagnostic {
    Diagnostic::error(text.span, problem.message).help_if(problem.help)
}

/// Advice for the usual slips in a template, of which minijinja tells only where it gave up.
fn of_templates(text: &str, problem: &Problem) -> Option<String> {
    let message = problem.message.as_str();
    let rest = text.get(problem.range.start..).unwrap_or_default();
    let help = if !message.starts_with("syntax error") {
        return None;
    } else if rest.starts_with('$') {
        "a name has no `$` before it: `{{ page }}`"
    } else if message.ends_with("expected end of variable block")
        && text.matches("{{").count() > text.matches("}}").count()
    {
        "close it with `}}`"
    } else if message.ends_with("expected end of block")
        && text.contains("{% if")
        && !text.contains("{% endif")
    {
        "write `{% endif %}` where it ends"
    } else {
        return None;
    };
    Some(help.to_owned())
}
