//! Expressions: `if:` and `repeat:`.

use super::jinja::Formula;
use super::parse::only_placeholder;
use super::{RenderError, Scope, SlotId, Values};
use crate::plan::problem::Problem;
use crate::plan::value::Value;

/// How often a step is repeated at most.
const MOST_REPEATS: u32 = 10_000;

/// An expression: `status == "open"`, with or without braces around it.
#[derive(Debug)]
pub struct Expression {
    formula: Formula,
}

impl Expression {
    /// Compiles an expression at a place where the names of `scope` are known.
    pub fn compile(text: &str, scope: &Scope) -> Result<Self, Problem> {
        let (inner, start) = only_placeholder(text).unwrap_or((text, 0));
        let formula = Formula::compile(inner, scope).map_err(|mut problem| {
            problem.range = problem.range.start + start..problem.range.end + start;
            problem
        })?;
        Ok(Self { formula })
    }

    /// Whether it is true.
    pub fn truth(&self, values: &Values) -> Result<bool, RenderError> {
        Ok(self.formula.evaluate(values, false)?.is_true())
    }

    /// A count: a whole number, 0 to 10 000.
    pub fn count(&self, values: &Values) -> Result<u32, RenderError> {
        let count = match Value::from_jinja(&self.formula.evaluate(values, false)?) {
            Value::Int(count) => u32::try_from(count).ok(),
            Value::Text(text) => text.trim().parse().ok(),
            // 2.0 is 2; anything in between is refused.
            Value::Float(count) if count.fract() == 0.0 && count >= 0.0 => Some(count as u32),
            _ => None,
        };
        count
            .filter(|count| *count <= MOST_REPEATS)
            .ok_or_else(|| self.formula.refuse("is not a whole number from 0 to 10 000"))
    }

    /// The slots it needs.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.formula.uses.slots.iter().map(|(_, slot)| *slot)
    }
}
