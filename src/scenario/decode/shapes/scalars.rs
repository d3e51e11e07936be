//! The scalars of a scenario, as the schema defines them.

use super::Type;

pub(super) const TEXT: Type = Type::Scalar(
    "Text",
    r#"{
        "description": "A text, a number or a boolean; may be a template: \"{{ name }}\".",
        "type": ["string", "number", "boolean"]
    }"#,
);
pub(super) const TEXTS: Type = Type::OneOrMore(&TEXT, 0);
pub(super) const NAME: Type = Type::Scalar(
    "Name",
    r#"{ "description": "A name.", "type": ["string", "number", "boolean"], "minLength": 1 }"#,
);
pub(super) const NAMES: Type = Type::OneOrMore(&NAME, 0);
pub(super) const DURATION: Type = Type::Scalar(
    "Duration",
    r#"{
        "description": "A number and a unit: 100ms, 5s, 2m, 1h or 1m30s.",
        "type": "string",
        "pattern": "^\\s*([0-9]*\\.?[0-9]+\\s*(us|µs|ms|s|m|h)\\s*)+$",
        "examples": ["5s", "100ms", "1m30s"]
    }"#,
);
pub(super) const RATE: Type = Type::Scalar(
    "Rate",
    r#"{
        "description": "Arrivals per second, minute or hour: 50/s, 3000/m.",
        "type": "string",
        "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*/\\s*(s|sec|second|m|min|minute|h|hour)\\s*$",
        "examples": ["50/s", "3000/m"]
    }"#,
);
pub(super) const SHARE: Type = Type::Scalar(
    "Share",
    r#"{
        "description": "A share: 5%.",
        "type": "string",
        "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*%\\s*$",
        "examples": ["5%"]
    }"#,
);
pub(super) const SIZE: Type = Type::Scalar(
    "Size",
    r#"{
        "description": "A number and a unit: 512B, 64kB, 10MB, 1GB, 64KiB.",
        "type": "string",
        "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*[kKmMgG]?i?[bB]?\\s*$",
        "examples": ["10MB"]
    }"#,
);
pub(super) const FILE: Type = Type::Scalar(
    "FileName",
    r#"{ "description": "A file name, relative to the scenario file.", "type": "string", "minLength": 1 }"#,
);
pub(super) const ANYTHING: Type = Type::Scalar(
    "Anything",
    r#"{ "description": "Any value; its texts may be templates." }"#,
);
pub(super) const STATUS: Type = Type::Scalar(
    "Status",
    r#"{
        "description": "A status or a range of them: 200, \"<400\", \"2xx\", \"200-299\".",
        "type": ["integer", "string"],
        "examples": [200, "<400", "2xx", "200-299"]
    }"#,
);
pub(super) const THRESHOLD: Type = Type::Scalar(
    "Threshold",
    r#"{
        "description": "metric [of endpoint] op value [in every stage] [for 10s: abort]; metrics are failures, iterations failed, p50 to p99.9, mean, max, rps.",
        "type": ["string", "object"],
        "minLength": 1,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": { "const": "abort" },
        "examples": ["failures < 1%", "iterations failed < 1%", "p95 of get_by_term_id < 3s", "failures < 50% for 10s: abort"]
    }"#,
);
pub(super) const REDIRECTS: Type = Type::Scalar(
    "Redirects",
    r#"{
        "description": "Most redirects followed; false for none.",
        "type": ["integer", "boolean"],
        "minimum": 0,
        "maximum": 100
    }"#,
);
pub(super) const TWO: Type = Type::Scalar(
    "Two",
    r##"{
        "description": "Two durations, the shorter first.",
        "type": "array",
        "items": { "$ref": "#/definitions/Duration" },
        "minItems": 2,
        "maxItems": 2,
        "examples": [["100ms", "5s"]]
    }"##,
);
pub(super) const RANGE: Type = Type::Scalar(
    "Range",
    r#"{
        "description": "The first and the last whole number, both included.",
        "type": "array",
        "items": { "type": "integer" },
        "minItems": 2,
        "maxItems": 2,
        "examples": [[15, 19]]
    }"#,
);
pub(super) const COUNT: Type = Type::Whole(0, None);
pub(super) const POSITIVE: Type = Type::Whole(1, None);
