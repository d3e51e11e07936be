//! JSON bodies: the structure is known, strings may hold placeholders.

use std::sync::Arc;

use super::jinja::Formula;
use super::parse::{name, only_placeholder};
use super::scope::Found;
use super::{Escape, Placeholder, RenderError, Scope, SlotId, Template, Values};
use crate::plan::problem::Problem;
use crate::plan::value::Value;

/// A JSON body with placeholders in its strings. A string that is exactly one placeholder takes the value's own type: a
/// range gives a number, a captured list a list; a cell of a CSV file is text. Built piece by piece, so that each string's
/// problems can be told where it stands.
#[derive(Clone, Debug, Default)]
pub struct JsonTemplate {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    /// JSON as it stands.
    Raw(String),
    /// The text of a string.
    Text(Template),
    /// A value of its own type.
    Slot(Placeholder),
    /// The same of an expression.
    Formula(Arc<Formula>),
    /// A configured secret, as sent and as shown.
    Secret(String, String),
}

impl JsonTemplate {
    /// Appends the JSON text to `out`.
    pub fn render(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        self.write(values, false, out)
    }

    /// The same with a mask in place of every secret.
    pub fn show(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        self.write(values, true, out)
    }

    /// The text, if it is the same each time.
    pub fn constant(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Raw(text)] => Some(text),
            _ => None,
        }
    }

    /// The slots it needs.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Raw(_) | Piece::Secret(..) => Vec::new(),
            Piece::Text(template) => template.slots().collect(),
            Piece::Slot(placeholder) => vec![placeholder.slot],
            Piece::Formula(formula) => formula.uses.slots.iter().map(|(_, slot)| *slot).collect(),
        })
    }

    fn write(&self, values: &Values, shown: bool, out: &mut String) -> Result<(), RenderError> {
        for piece in &self.pieces {
            match piece {
                Piece::Raw(text) => out.push_str(text),
                Piece::Text(template) => {
                    let mut text = String::new();
                    template.write(values, shown, &mut text)?;
                    quote(&text, out);
                }
                Piece::Slot(placeholder) => placeholder.with(values, |value| write_json(value, out))?,
                Piece::Formula(formula) => {
                    write_json(&Value::from_jinja(&formula.evaluate(values, shown)?), out);
                }
                Piece::Secret(_, masked) if shown => out.push_str(masked),
                Piece::Secret(json, _) => out.push_str(json),
            }
        }
        Ok(())
    }

    /// Appends JSON as it stands.
    pub fn raw(&mut self, json: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Raw(text)) => text.push_str(json),
            _ => self.pieces.push(Piece::Raw(json.to_owned())),
        }
    }

    /// Appends the name of a member; always a string.
    pub fn key(&mut self, text: &str, scope: &Scope) -> Result<(), Problem> {
        let template = Template::compile(text, scope, Escape::None)?;
        match (template.constant(), template.is_secret()) {
            (Some(text), false) => {
                let mut quoted = String::new();
                quote(text, &mut quoted);
                self.raw(&quoted);
            }
            _ => self.pieces.push(Piece::Text(template)),
        }
        Ok(())
    }

    /// Appends a string, or what the placeholder is that it consists of.
    pub fn string(&mut self, text: &str, scope: &Scope) -> Result<(), Problem> {
        let Some((inner, start)) = only_placeholder(text).filter(|_| !text.contains("{%")) else {
            return self.key(text, scope);
        };
        let Some((path, range)) = name(text, start..start + inner.len()) else {
            let formula = Formula::compile(inner, start, scope)?;
            self.pieces.push(Piece::Formula(Arc::new(formula)));
            return Ok(());
        };
        let whole_row = path.len() == 1 && scope.names.contains_key(path[0]);
        if whole_row {
            let name = path[0].into();
            let (slot, access) = (scope.names[path[0]].slot, super::Access::Whole);
            self.pieces.push(Piece::Slot(Placeholder { slot, access, name }));
            return Ok(());
        }
        match scope.find(&path, range)? {
            Found::Slot(slot, access) => {
                let name = path.join(".").into();
                self.pieces.push(Piece::Slot(Placeholder { slot, access, name }));
            }
            Found::Constant(constant) => {
                let json = constant.sent.to_json().to_string();
                if constant.is_secret() {
                    let masked = constant.shown.to_json().to_string();
                    self.pieces.push(Piece::Secret(json, masked));
                } else {
                    self.raw(&json);
                }
            }
        }
        Ok(())
    }
}

fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Text(text) => quote(text, out),
        other => out.push_str(&other.to_json().to_string()),
    }
}

fn quote(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
