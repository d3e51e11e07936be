//! Values written in the scenario or read from a file.

use std::sync::Arc;

use super::data::value;
use super::names::Names;
use crate::plan::data::Contents;
use crate::plan::template::Shape;
use crate::plan::value::{Table, Value};
use crate::scenario;
use crate::scenario::diagnostics::Diagnostics;
use crate::scenario::model::Json;

/// Values written in the scenario: all scalars, or all rows.
pub(super) fn values(written: &[Json], names: &Names, found: &mut Diagnostics) -> Option<(Contents, Shape)> {
    let values: Option<Vec<_>> = written.iter().map(|json| to_json(json, names, found)).collect();
    Some(listed(&values?))
}

/// A CSV file. Every cell is text, as it stands.
pub(super) fn csv(file: &Arc<scenario::Table>) -> (Contents, Shape) {
    let table = Arc::new(Table::of_file(file));
    (Contents::Table(Arc::clone(&table)), Shape::Row(table))
}

/// A list of scalars, or of objects.
pub(super) fn listed(values: &[serde_json::Value]) -> (Contents, Shape) {
    if values.iter().all(serde_json::Value::is_object) {
        let mut columns: Vec<Arc<str>> = Vec::new();
        for key in values
            .iter()
            .filter_map(serde_json::Value::as_object)
            .flat_map(serde_json::Map::keys)
        {
            if !columns.iter().any(|column| **column == **key) {
                columns.push(key.as_str().into());
            }
        }
        let row = |value: &serde_json::Value| {
            columns
                .iter()
                .map(|column| value.get(&**column).map_or(Value::Null, Value::from))
                .collect()
        };
        let rows: Vec<Vec<Value>> = values.iter().map(row).collect();
        let table = Arc::new(Table::new(columns, rows));
        return (Contents::Table(Arc::clone(&table)), Shape::Row(table));
    }
    let scalar = values.iter().all(|value| !value.is_object() && !value.is_array());
    let shape = if scalar { Shape::Scalar } else { Shape::Any };
    (Contents::List(values.iter().map(Value::from).collect()), shape)
}

fn to_json(json: &Json, names: &Names, found: &mut Diagnostics) -> Option<serde_json::Value> {
    Some(match json {
        Json::Null => serde_json::Value::Null,
        Json::Bool(value) => value.value.into(),
        Json::Number(text) => serde_json::from_str(&text.text).unwrap_or_else(|_| text.text.as_str().into()),
        Json::String(text) => value(text, names, found)?.into(),
        Json::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| to_json(item, names, found)).collect();
            items?.into()
        }
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(key, item)| Some((key.value.clone(), to_json(item, names, found)?)));
            members.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
    })
}
