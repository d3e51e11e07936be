//! A source that puts values of others together: every combination of its parts, counted in mixed radix.

use super::Contents;
use crate::plan::template::{RenderError, SlotId, Slots, Template, Values};
use crate::plan::value::Value;

/// `combine: "20{{ year }}0{{ quarter }}"` with its parts.
#[derive(Clone, Debug)]
pub struct Combine {
    template: Template,
    /// The parts, each with its place among the template's own values. The last one changes fastest.
    parts: Vec<(SlotId, Contents)>,
    /// Other sources that the template names: their place in the template, their place among the user's values.
    others: Vec<(SlotId, SlotId)>,
    length: u64,
    empty: Values,
}

impl Combine {
    /// A combination; `None` when there are more than 2⁶⁴ - 1. `slots` are the template's own: parts and others.
    pub fn new(
        template: Template,
        slots: &Slots,
        parts: Vec<(SlotId, Contents)>,
        others: Vec<(SlotId, SlotId)>,
    ) -> Option<Self> {
        let length = parts
            .iter()
            .try_fold(1_u64, |length, (_, part)| length.checked_mul(part.len()))?;
        Some(Self {
            template,
            parts,
            others,
            length,
            empty: Values::new(slots),
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.length
    }

    pub(super) fn get(&self, index: u64, values: &Values) -> Result<Value, RenderError> {
        let mut own = self.empty.clone();
        let mut rest = index;
        for (slot, part) in self.parts.iter().rev() {
            own.set(*slot, part.get(rest % part.len(), values)?);
            rest /= part.len();
        }
        for (inner, outer) in &self.others {
            if let Some(value) = values.get(*outer) {
                own.set(*inner, value.clone());
            }
        }
        let mut text = String::new();
        self.template.render(&own, &mut text)?;
        Ok(Value::text(text))
    }
}
