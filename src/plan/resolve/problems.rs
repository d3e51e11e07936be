//! Problems found while resolving.

use crate::plan::problem::Problem;
use crate::scenario::diagnostics::{Diagnostic, Diagnostics};
use crate::scenario::span::{Spanned, Text};

/// What was found so far; resolving goes on, so that all of it is told at once.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) list: Diagnostics,
}

impl Found {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// The value, or the problem put on the list.
    pub(super) fn keep<T>(&mut self, result: Result<T, impl Into<Box<Diagnostic>>>) -> Option<T> {
        result.map_err(|diagnostic| self.push(*diagnostic.into())).ok()
    }
}

/// A mistake inside a scalar, at its place in the file.
pub(super) fn at(text: &Text, problem: Problem) -> Diagnostic {
    Diagnostic::error(text.span_of(problem.range), problem.message).help_if(problem.help)
}

/// A mistake in a scalar of which only the whole is known.
pub(super) fn in_whole(text: &Spanned<String>, problem: Problem) -> Diagnostic {
    Diagnostic::error(text.span, problem.message).help_if(problem.help)
}
