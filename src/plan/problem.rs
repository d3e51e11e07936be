//! A mistake inside a text of the scenario: what is wrong, where in the text, and what to write instead.

use std::ops::Range;

use crate::scenario::suggest::nearest;

/// A mistake inside a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Where: bytes of the text.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl Problem {
    /// A mistake without advice.
    pub fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            range,
            message: message.into(),
            help: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Advice for an unknown name: the one that was probably meant, or all there are when they are few.
pub fn did_you_mean<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(candidate) = nearest(written, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let known: Vec<_> = candidates.into_iter().take(9).collect();
    matches!(known.len(), 1..=8).then(|| format!("known here: `{}`", known.join("`, `")))
}

/// How deep brackets of any kind stand in each other. Those inside quotes count too, which only makes it more.
pub fn nesting(text: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}
