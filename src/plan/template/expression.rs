//! Expressions: `if:`.

use std::sync::Arc;

use super::jinja::Formula;
use super::parse::only_placeholder;
use super::{RenderError, Scope, SlotId, Values};
use crate::plan::problem::Problem;

/// An expression: `status == "open"`, with or without braces around it.
#[derive(Clone, Debug)]
pub struct Expression {
    formula: Arc<Formula>,
}

impl Expression {
    /// Compiles an expression at a place where the names of `scope` are known.
    pub fn compile(text: &str, scope: &Scope) -> Result<Self, Problem> {
        let (inner, start) = only_placeholder(text).unwrap_or((text, 0));
        let formula = Arc::new(Formula::compile(inner, start, scope)?);
        Ok(Self { formula })
    }

    /// Whether it is true.
    pub fn truth(&self, values: &Values) -> Result<bool, RenderError> {
        Ok(self.formula.evaluate(values, false)?.is_true())
    }

    /// The slots it needs.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.formula.uses.slots.iter().map(|(_, slot)| *slot)
    }
}
