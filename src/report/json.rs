//! `run.json`: every figure of a run, for programs, and the JSON Schema that describes it (`run.schema.json`).

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Map, Value, json};

use crate::analysis::Analysis;
use crate::measure::run::FORMAT;
use crate::measure::summary::RunSummary;

/// The key of what the figures mean.
const ANALYSIS: &str = "analysis";

/// What the other files of a run hold in whole microseconds, as the type and the field that the schema knows it by. Here it
/// is in seconds, as every other time.
const MICROSECONDS: [(&str, &str); 8] = [
    ("End", "load_until"),
    ("End", "at"),
    ("Outline", "graceful_stop"),
    ("ThinkOutline", "mean"),
    ("StageOutline", "start"),
    ("StageOutline", "hold_start"),
    ("StageOutline", "end"),
    ("Threshold", "abort_after"),
];

/// Where those stand in the file.
const PLACES: [&[&str]; 9] = [
    &["end", "load_until"],
    &["end", "at"],
    &["run", "outline", "graceful_stop"],
    &["run", "outline", "think", "mean"],
    &["run", "outline", "stages", "*", "start"],
    &["run", "outline", "stages", "*", "hold_start"],
    &["run", "outline", "stages", "*", "end"],
    &["run", "outline", "thresholds", "*", "abort_after"],
    &["thresholds", "*", "threshold", "abort_after"],
];

/// The file. Its first key says its version.
pub fn report(summary: &RunSummary, analysis: &Analysis) -> Result<String, serde_json::Error> {
    let mut figures = serde_json::to_value(summary)?;
    for place in PLACES {
        in_seconds(&mut figures, place);
    }
    let mut file = Map::new();
    file.insert("format".to_owned(), FORMAT.into());
    if let Value::Object(figures) = figures {
        file.extend(figures);
    }
    file.insert(ANALYSIS.to_owned(), serde_json::to_value(analysis)?);
    Ok(serde_json::to_string_pretty(&file)? + "\n")
}

/// Microseconds at a place become seconds; `*` is every item of a list.
fn in_seconds(value: &mut Value, place: &[&str]) {
    match (place, value) {
        ([], value) => {
            if let Some(micros) = value.as_u64() {
                *value = (micros as f64 / 1e6).into();
            }
        }
        (["*", rest @ ..], Value::Array(items)) => items.iter_mut().for_each(|item| in_seconds(item, rest)),
        ([key, rest @ ..], Value::Object(fields)) => {
            if let Some(field) = fields.get_mut(*key) {
                in_seconds(field, rest);
            }
        }
        _ => {}
    }
}

/// The schema of the file, pretty-printed.
pub fn schema() -> Result<String, serde_json::Error> {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let analysis = generator.subschema_for::<Analysis>();
    let mut schema = generator.into_root_schema_for::<RunSummary>();
    RecursiveTransform(without_links).transform(&mut schema);
    schema.insert("title".to_owned(), "run.json of runner".into());
    schema.insert(
        "description".to_owned(),
        "Every figure of a run. Times are in seconds, shares between 0 and 1, sizes in bytes, rates per second.".into(),
    );
    for (of, field) in MICROSECONDS {
        if let Some(Value::Object(described)) = schema.pointer_mut(&format!("/$defs/{of}/properties/{field}"))
        {
            describe_as_seconds(described);
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let others = std::mem::take(properties);
        let format = json!({
            "description": "Version of the file. It is raised when a program that reads an older one would misread it.",
            "type": "integer",
            "const": FORMAT,
        });
        properties.insert("format".to_owned(), format);
        properties.extend(others);
        properties.insert(ANALYSIS.to_owned(), analysis.into());
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.insert(0, "format".into());
        required.push(ANALYSIS.into());
    }
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

/// Descriptions are the comments of the types: their links mean nothing here.
fn without_links(schema: &mut Schema) {
    if let Some(Value::String(words)) = schema.get_mut("description") {
        *words = words.replace("[`", "`").replace("`]", "`").replace('\n', " ");
    }
}

fn describe_as_seconds(field: &mut Map<String, Value>) {
    let optional = field.get("type").is_some_and(Value::is_array);
    field.insert(
        "type".to_owned(),
        if optional {
            json!(["number", "null"])
        } else {
            json!("number")
        },
    );
    field.insert("format".to_owned(), "double".into());
    if let Some(Value::String(words)) = field.get_mut("description") {
        *words = words.replace(" Microseconds in files.", "");
    }
}
