//! Values written in the scenario or read from a file.

use std::sync::Arc;

use super::data::value;
use super::names::Names;
use super::problems::Found;
use crate::plan::data::Contents;
use crate::plan::template::Shape;
use crate::plan::value::{Table, Value};
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::model::Json;
use crate::scenario::span::Spanned;

/// Values written in the scenario: all scalars, or all rows.
pub(super) fn values(written: &[Json], names: &Names, found: &mut Found) -> Option<(Contents, Shape)> {
    let values: Option<Vec<_>> = written.iter().map(|json| to_json(json, names, found)).collect();
    Some(listed(values?))
}

/// A CSV file with a header line. Every cell is text, as it stands.
pub(super) fn csv(name: &Spanned<String>, bytes: &[u8], delimiter: u8) -> Result<(Contents, Shape), Diagnostic> {
    let wrong = |error: &csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("line {line} of `{}` has {len} fields, its header {expected_len}", name.value)
            }
            csv::ErrorKind::Utf8 { .. } => format!("line {line} of `{}` is not UTF-8", name.value),
            _ => format!("`{}` cannot be read as CSV", name.value),
        };
        Diagnostic::error(name.span, message)
    };
    // Spreadsheets begin their files with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let columns: Vec<Arc<str>> = reader.headers().map_err(|error| wrong(&error))?.iter().map(Into::into).collect();
    if let Some(twice) = columns.iter().enumerate().find(|(n, column)| columns[..*n].contains(column)) {
        let message = format!("`{}` has two columns `{}`", name.value, twice.1);
        return Err(Diagnostic::error(name.span, message));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(&error))?;
        rows.push(record.iter().map(Value::text).collect());
    }
    if rows.is_empty() {
        let message = format!("`{}` has no rows below its header", name.value);
        return Err(Diagnostic::error(name.span, message));
    }
    let table = Arc::new(Table::new(columns, rows));
    Ok((Contents::Table(Arc::clone(&table)), Shape::Row(table)))
}

/// A JSON file: a list of scalars or objects.
pub(super) fn json(name: &Spanned<String>, bytes: &[u8]) -> Result<(Contents, Shape), Diagnostic> {
    let parsed: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Diagnostic::error(name.span, format!("`{}` is not JSON: {place}", name.value))
    })?;
    match parsed {
        serde_json::Value::Array(values) if values.is_empty() => {
            Err(Diagnostic::error(name.span, format!("`{}` is an empty list", name.value)))
        }
        serde_json::Value::Array(values) => Ok(listed(values)),
        _ => Err(Diagnostic::error(name.span, format!("`{}` is not a list", name.value))
            .help("write a list of values, or of objects with the same keys")),
    }
}

fn listed(values: Vec<serde_json::Value>) -> (Contents, Shape) {
    if values.iter().all(serde_json::Value::is_object) {
        let mut columns: Vec<Arc<str>> = Vec::new();
        for key in values.iter().filter_map(serde_json::Value::as_object).flat_map(serde_json::Map::keys) {
            if !columns.iter().any(|column| **column == **key) {
                columns.push(key.as_str().into());
            }
        }
        let row = |value: &serde_json::Value| columns.iter().map(|column| value.get(&**column).map_or(Value::Null, Value::from)).collect();
        let rows: Vec<Vec<Value>> = values.iter().map(row).collect();
        let table = Arc::new(Table::new(columns, rows));
        return (Contents::Table(Arc::clone(&table)), Shape::Row(table));
    }
    let scalar = values.iter().all(|value| !value.is_object() && !value.is_array());
    let shape = if scalar { Shape::Scalar } else { Shape::Any };
    (Contents::List(values.iter().map(Value::from).collect()), shape)
}

fn to_json(json: &Json, names: &Names, found: &mut Found) -> Option<serde_json::Value> {
    Some(match json {
        Json::Null(_) => serde_json::Value::Null,
        Json::Bool(value) => value.value.into(),
        Json::Number(text) => serde_json::from_str(&text.text).unwrap_or_else(|_| text.text.as_str().into()),
        Json::String(text) => value(text, names, found)?.into(),
        Json::Array(items, _) => {
            let items: Option<Vec<_>> = items.iter().map(|item| to_json(item, names, found)).collect();
            items?.into()
        }
        Json::Object(members, _) => {
            let members = members.iter().map(|(key, item)| Some((key.value.clone(), to_json(item, names, found)?)));
            members.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
    })
}
