//! The JSON Schema of the scenario file, for completion and checks in an editor: what the decoder's tables say, in draft 7, which
//! editors know. The messages of `runner check` are better.

use serde_json::{Map, Value, json};

use super::decode::shape::{Key, Rule, Shape, Type};
use super::decode::shapes::SCENARIO;

/// The schema.
pub fn json() -> Value {
    let mut schema = Definitions(Map::new());
    let mut root = schema.block(&SCENARIO);
    root.insert("title".to_owned(), SCENARIO.name.into());
    root.insert(
        "$schema".to_owned(),
        "http://json-schema.org/draft-07/schema#".into(),
    );
    root.insert("definitions".to_owned(), schema.0.into());
    root.into()
}

/// The schema as `scenario.schema.json` holds it.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&json()).unwrap_or_default();
    text.push('\n');
    text
}

/// What the schema has defined so far, by name.
struct Definitions(Map<String, Value>);

impl Definitions {
    /// Defines a name, once, and refers to it.
    fn define(&mut self, name: &str, content: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            // First the place: a shape may hold itself.
            self.0.insert(name.to_owned(), Value::Null);
            let content = content(self);
            self.0.insert(name.to_owned(), content);
        }
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    fn block(&mut self, shape: &Shape) -> Map<String, Value> {
        let mut block = Map::new();
        let mut add = |name: &str, value: Value| drop(block.insert(name.to_owned(), value));
        let properties: Map<_, _> = shape
            .keys()
            .map(|key| (key.name.to_owned(), self.key(key)))
            .collect();
        add("type", "object".into());
        add("additionalProperties", false.into());
        add("properties", properties.into());
        let required: Vec<&str> = shape
            .keys()
            .filter(|key| key.required)
            .map(|key| key.name)
            .collect();
        if !required.is_empty() {
            add("required", required.into());
        }
        add("description", shape.about.into());
        let more = match shape.rule {
            Rule::None => "{}",
            Rule::One => r#"{ "minProperties": 1, "maxProperties": 1 }"#,
            Rule::Some => r#"{ "minProperties": 1 }"#,
            Rule::OneOf(names, more) => {
                add(
                    "oneOf",
                    names.iter().map(|name| json!({ "required": [name] })).collect(),
                );
                more
            }
            Rule::Other(more) => more,
        };
        block.extend(serde_json::from_str::<Map<_, _>>(more).unwrap_or_default());
        block
    }

    fn key(&mut self, key: &Key) -> Value {
        let mut schema = self.value(key.value);
        let about = key.about.trim();
        match schema.as_object_mut() {
            Some(object) if object.contains_key("$ref") && !about.is_empty() => {
                // Beside `$ref` draft 7 ignores all else, the description too.
                json!({ "description": about, "allOf": [schema] })
            }
            Some(object) if !about.is_empty() => {
                object.insert("description".to_owned(), about.into());
                schema
            }
            _ => schema,
        }
    }

    fn value(&mut self, value: Type) -> Value {
        match value {
            Type::Scalar(name, schema) => {
                self.define(name, |_| serde_json::from_str(schema).unwrap_or_default())
            }
            Type::Boolean => json!({ "type": "boolean" }),
            Type::String => json!({ "type": "string" }),
            Type::Whole(least, None) => json!({ "type": "integer", "minimum": least }),
            Type::Whole(least, Some(most)) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Type::Number => json!({ "type": "number", "minimum": 0 }),
            Type::Word(words) => json!({ "type": "string", "enum": words() }),
            Type::Block(shape) => self.define(shape.name, |schema| schema.block(shape).into()),
            Type::List(item, 0) => json!({ "type": "array", "items": self.value(*item) }),
            Type::List(item, least) => {
                json!({ "type": "array", "items": self.value(*item), "minItems": least })
            }
            Type::OneOrMore(item, least) => {
                json!({ "anyOf": [self.value(*item), self.value(Type::List(item, least))] })
            }
            Type::Map(item) => json!({ "type": "object", "additionalProperties": self.value(*item) }),
            Type::Named(item) => {
                let names = json!({ "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" });
                json!({ "type": "object", "additionalProperties": self.value(*item), "propertyNames": names })
            }
            Type::Either(one, other) => json!({ "anyOf": [self.value(*one), self.value(*other)] }),
            Type::Such(item, examples) => json!({ "examples": examples, "allOf": [self.value(*item)] }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Every shape that can be reached from one, by name.
    fn reach(value: Type, found: &mut BTreeMap<&'static str, &'static Shape>) {
        match value {
            Type::Block(shape) if found.insert(shape.name, shape).is_none() => {
                shape.keys().for_each(|key| reach(key.value, found));
            }
            Type::List(item, _) | Type::OneOrMore(item, _) | Type::Map(item) | Type::Named(item) => {
                reach(*item, found);
            }
            Type::Either(one, other) => {
                reach(*one, found);
                reach(*other, found);
            }
            _ => {}
        }
    }

    #[test]
    fn no_alias_is_a_key_or_means_two() {
        let mut shapes = BTreeMap::new();
        reach(Type::Block(&SCENARIO), &mut shapes);
        assert!(shapes.len() > 15);
        for shape in shapes.values() {
            let mut seen: BTreeSet<&str> = shape.names().collect();
            let aliases = shape.keys().flat_map(|key| key.aliases.split_whitespace());
            for alias in aliases {
                assert!(seen.insert(alias), "{}: {alias}", shape.name);
            }
        }
    }

    #[test]
    fn every_key_is_described_and_every_rule_is_json() {
        let mut shapes = BTreeMap::new();
        reach(Type::Block(&SCENARIO), &mut shapes);
        for shape in shapes.values() {
            let described = |key: &&Key| !key.about.is_empty() || matches!(key.value, Type::Block(_));
            for key in shape.keys() {
                assert!(described(&key), "{}: {}", shape.name, key.name);
            }
            if let Rule::OneOf(_, more) | Rule::Other(more) = shape.rule {
                assert!(
                    serde_json::from_str::<Map<String, Value>>(more).is_ok(),
                    "{}",
                    shape.name
                );
            }
        }
    }
}
