//! A value that a template can hold: a drawn, captured or counted one.

use std::fmt;
use std::sync::Arc;

use serde_json::Number;

use crate::scenario;

/// One value, cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// A list or an object.
    Json(Arc<serde_json::Value>),
    /// One row of a table, its columns named: `{{ student.id }}`.
    Row(Row),
}

/// The rows of a CSV or JSON file, kept once for all users.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Arc<str>>,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    /// Row by row; a whole multiple of the number of columns.
    Values(Vec<Value>),
    /// The fields of a CSV file, each a text.
    Texts(Arc<scenario::Table>),
}

/// One row of a [`Table`], without a copy of it.
#[derive(Clone, Debug)]
pub struct Row {
    table: Arc<Table>,
    index: usize,
}

impl Table {
    /// A table of rows; a row shorter than the columns is filled up with [`Value::Null`], a longer one is cut.
    pub fn new(columns: Vec<Arc<str>>, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        let mut cells = Vec::new();
        for mut row in rows {
            row.resize(columns.len(), Value::Null);
            cells.append(&mut row);
        }
        Self {
            columns,
            cells: Cells::Values(cells),
        }
    }

    /// A CSV file, without a copy of it.
    pub fn of_file(file: &Arc<scenario::Table>) -> Self {
        Self {
            columns: file.columns.clone(),
            cells: Cells::Texts(Arc::clone(file)),
        }
    }

    /// The names of the columns, in the order of the file.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| &**column == name)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match &self.cells {
            Cells::Values(cells) => cells.len() / self.columns.len().max(1),
            Cells::Texts(file) => file.rows(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Row {
    /// A row by its number; `None` past the end.
    pub fn new(table: &Arc<Table>, index: usize) -> Option<Self> {
        (index < table.len()).then(|| Self {
            table: Arc::clone(table),
            index,
        })
    }

    /// The cell of a column, by the column's position.
    pub fn cell(&self, column: usize) -> Option<Value> {
        let width = self.table.columns.len();
        match &self.table.cells {
            Cells::Values(cells) if column < width => cells.get(self.index * width + column).cloned(),
            Cells::Texts(file) if column < width => file.field(self.index, column).map(Value::text),
            _ => None,
        }
    }

    /// The cell of a column, by the column's name.
    pub fn get(&self, column: &str) -> Option<Value> {
        self.cell(self.table.column(column)?)
    }

    /// Columns and cells, in the order of the file.
    pub fn cells(&self) -> impl Iterator<Item = (&Arc<str>, Value)> {
        let columns = self.table.columns.iter().enumerate();
        columns.filter_map(|(number, name)| Some((name, self.cell(number)?)))
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.cells().eq(other.cells())
    }
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// What it is, in words that do not tell its contents.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::Json(json) if json.is_array() => "a list",
            Self::Json(_) => "an object",
            Self::Row(_) => "a row",
        }
    }

    /// A part of it by name: a column of a row, a member of an object.
    pub fn member(&self, name: &str) -> Option<Self> {
        match self {
            Self::Row(row) => row.get(name),
            Self::Json(json) => json.get(name).map(Self::from),
            _ => None,
        }
    }

    /// As a JSON document says it.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            // JSON has no infinities; a value that is none becomes null, as in JavaScript.
            Self::Float(value) => Number::from_f64(*value).map_or(serde_json::Value::Null, Into::into),
            Self::Text(text) => (&**text).into(),
            Self::Json(json) => (**json).clone(),
            Self::Row(row) => row
                .cells()
                .map(|(name, value)| (name.to_string(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// As minijinja sees it.
    pub fn to_jinja(&self) -> minijinja::Value {
        match self {
            Self::Null => minijinja::Value::from(()),
            Self::Bool(value) => minijinja::Value::from(*value),
            Self::Int(value) => minijinja::Value::from(*value),
            Self::Float(value) => minijinja::Value::from(*value),
            Self::Text(text) => minijinja::Value::from(Arc::clone(text)),
            Self::Json(json) => minijinja::Value::from(minijinja::value::Serde(&**json)),
            Self::Row(row) => minijinja::Value::from_object(row.clone()),
        }
    }

    /// From what an expression came to.
    pub fn from_jinja(value: &minijinja::Value) -> Self {
        use minijinja::value::ValueKind;
        match value.kind() {
            ValueKind::Bool => Self::Bool(value.is_true()),
            ValueKind::String => value.to_str().map_or(Self::Null, Self::Text),
            ValueKind::Number if value.is_integer() => match value.as_i64() {
                Some(whole) => Self::Int(whole),
                // Beyond 63 bits; its digits are kept.
                None => Self::text(value.to_string()),
            },
            ValueKind::Undefined | ValueKind::None => Self::Null,
            _ => serde_json::to_value(value)
                .map_or_else(|_| Self::text(value.to_string()), |json| Self::from(&json)),
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Int(whole),
                (None, Some(float)) if !number.is_u64() => Self::Float(float),
                _ => Self::text(number.to_string()),
            },
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(_) | Json::Object(_) => Self::Json(Arc::new(json.clone())),
        }
    }
}

/// As templates print it: `null`, `true`, numbers in their shortest exact form, text as it stands, lists, objects and
/// rows as compact JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => f.write_str(text),
            Self::Json(json) => write!(f, "{json}"),
            Self::Row(_) => write!(f, "{}", self.to_json()),
        }
    }
}

impl minijinja::value::Object for Row {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.get(key.as_str()?).map(|value| value.to_jinja())
    }

    fn enumerate(self: &Arc<Self>) -> minijinja::value::Enumerator {
        let names = self.table.columns.iter();
        minijinja::value::Enumerator::Values(names.map(|name| minijinja::Value::from(&**name)).collect())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn students() -> Arc<Table> {
        let rows = [("931", 1), ("932", 2)];
        Arc::new(Table::new(
            vec!["id".into(), "year".into()],
            rows.map(|(id, year)| vec![Value::text(id), Value::Int(year)]),
        ))
    }

    #[test]
    fn a_row_gives_its_columns_by_name_and_by_place() {
        let row = Row::new(&students(), 1).unwrap();
        assert_eq!(row.get("id"), Some(Value::text("932")));
        assert_eq!(row.cell(1), Some(Value::Int(2)));
        assert_eq!(row.get("name"), None);
        assert!(Row::new(&students(), 2).is_none());
    }

    #[test]
    fn values_print_as_a_reader_expects() {
        let row = Value::Row(Row::new(&students(), 0).unwrap());
        for (value, text) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Int(-3), "-3"),
            (Value::Float(0.1), "0.1"),
            (Value::text("a b"), "a b"),
            (Value::from(&serde_json::json!([1, "x"])), r#"[1,"x"]"#),
            (row, r#"{"id":"931","year":1}"#),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn values_survive_the_way_through_minijinja() {
        let json = serde_json::json!({"a": [1, 2.5, null, "t", true]});
        for value in [
            Value::Null,
            Value::Bool(false),
            Value::Int(i64::MIN),
            Value::Float(2.5),
            Value::text("ä"),
            Value::from(&json),
        ] {
            assert_eq!(Value::from_jinja(&value.to_jinja()), value);
        }
    }
}
