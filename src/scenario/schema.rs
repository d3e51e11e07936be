//! The JSON Schema of the scenario file, for completion and checks in an editor. The messages of `runner check` are better; a
//! test holds the two to the same keys.
//!
//! The types below mirror the file as it is written; nothing is ever read into them.
#![expect(
    clippy::doc_markdown,
    clippy::zero_sized_map_values,
    reason = "descriptions and shapes for the user"
)]
#![expect(dead_code, reason = "only their schema is used")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

/// The schema, in draft 7, which editors know.
pub fn json() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<Scenario>().to_value();
    without_null(&mut schema);
    schema
}

/// The schema as `scenario.schema.json` holds it.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&json()).unwrap_or_default();
    text.push('\n');
    text
}

/// An optional key is left out; it is not written as `null`.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [only] = choices.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    // Beside `$ref` draft 7 ignores all else, the description too.
                    map.insert("allOf".to_owned(), Value::Array(vec![only]));
                }
            }
            map.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

/// A scalar type with a manual schema.
macro_rules! scalar {
    ($(#[doc = $doc:literal])* $name:ident, $schema:tt) => {
        $(#[doc = $doc])*
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

scalar!(Text, {
    "description": "A text, a number or a boolean; may be a template: \"{{ name }}\".",
    "type": ["string", "number", "boolean"],
});
scalar!(Duration, {
    "description": "A number and a unit: 100ms, 5s, 2m, 1h or 1m30s.",
    "type": "string",
    "pattern": "^\\s*([0-9]*\\.?[0-9]+\\s*(us|µs|ms|s|m|h)\\s*)+$",
    "examples": ["5s", "100ms", "1m30s"],
});
scalar!(Rate, {
    "description": "Arrivals per second, minute or hour: 50/s, 3000/m.",
    "type": "string",
    "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*/\\s*(s|sec|second|m|min|minute|h|hour)\\s*$",
    "examples": ["50/s", "3000/m"],
});
scalar!(Size, {
    "description": "A number and a unit: 512B, 64kB, 10MB, 1GB, 64KiB.",
    "type": "string",
    "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*[kKmMgG]?i?[bB]?\\s*$",
    "examples": ["10MB"],
});
scalar!(FileName, {
    "description": "A file name, relative to the scenario file.",
    "type": "string",
    "minLength": 1,
});
scalar!(Name, { "description": "A name.", "type": ["string", "number", "boolean"], "minLength": 1 });
scalar!(Anything, { "description": "Any value; its texts may be templates." });
scalar!(Status, {
    "description": "A status or a range of them: 200, \"<400\", \"2xx\", \"200-299\".",
    "type": ["integer", "string"],
    "examples": [200, "<400", "2xx", "200-299"],
});
scalar!(Threshold, {
    "description": "metric [of endpoint] op value [in every stage] [for 10s: abort]; metrics are failures, p50 to p99.9, mean, max, rps.",
    "type": ["string", "object"],
    "minLength": 1,
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": { "const": "abort" },
    "examples": ["failures < 1%", "p95 of get_by_term_id < 3s", "failures < 50% for 10s: abort"],
});
scalar!(Redirects, {
    "description": "Most redirects followed; false for none.",
    "type": ["integer", "boolean"],
    "minimum": 0,
    "maximum": 100,
});
scalar!(Two, {
    "description": "Two durations, the shorter first.",
    "type": "array",
    "items": { "$ref": "#/definitions/Duration" },
    "minItems": 2,
    "maxItems": 2,
    "examples": [["100ms", "5s"]],
});
scalar!(Range, {
    "description": "The first and the last whole number, both included.",
    "type": "array",
    "items": { "type": "integer" },
    "minItems": 2,
    "maxItems": 2,
    "examples": [[15, 19]],
});

/// One, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

type Texts = BTreeMap<String, OneOrMore<Text>>;

/// What to send to an HTTP API, how hard, and what must hold.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Scenario {
    /// Names the run's folder and heads its reports. Default: the file's name.
    name: Option<Name>,
    /// One sentence for the reports.
    description: Option<Text>,
    target: Target,
    /// Named sources of values for templates: `{{ name }}` draws one per iteration.
    #[schemars(extend("propertyNames" = { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }))]
    data: Option<BTreeMap<String, Data>>,
    /// The pause of a user after each iteration. Default: none.
    think: Option<Think>,
    /// Endpoints that each user runs once, first, with no pause after them.
    on_start: Option<OneOrMore<Name>>,
    /// Endpoints that each user runs once, last.
    on_stop: Option<OneOrMore<Name>>,
    /// Requests done once per run, before the first user; not measured.
    setup: Option<Vec<Step>>,
    /// Requests done once per run, after the last user; not measured.
    teardown: Option<Vec<Step>>,
    /// What users do: in each iteration one of these, drawn by weight.
    #[schemars(length(min = 1))]
    endpoints: Vec<Endpoint>,
    /// Levels of load, in order: all with `users`, or all with `rate`.
    #[schemars(length(min = 1))]
    stages: Vec<Stage>,
    /// With `rate`: how arrivals are spaced. Default: poisson.
    arrivals: Option<Arrivals>,
    /// With `rate`: the most users at once. Default: 1000.
    #[schemars(range(min = 1))]
    max_users: Option<u64>,
    /// With `rate`: what becomes of an arrival when all users are busy. Default: wait.
    when_busy: Option<WhenBusy>,
    /// What must hold for the run; exit code 4 if one does not.
    thresholds: Option<Vec<Threshold>>,
    /// Further keys of config.yaml whose values are secret, beside those named password, secret, token or key.
    secrets: Option<OneOrMore<Name>>,
    /// Fixes data, weights, pauses and arrivals. Default: drawn at start and reported.
    seed: Option<u64>,
    /// How long the requests in flight at the end are waited for. Default: 30s.
    graceful_stop: Option<Duration>,
    /// Ends the run early.
    stop_after: Option<StopAfter>,
}

/// Where the requests go, and how.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Target {
    /// Base URL; the paths of requests are appended to it as they stand.
    #[schemars(
        example = "https://localhost:8443/api",
        example = "{{ config.host }}{{ config.api_base_url }}"
    )]
    url: Text,
    /// Credentials sent with every request; never shown anywhere.
    auth: Option<Auth>,
    tls: Option<Tls>,
    /// Longest time a request may take. Default: 60s.
    timeout: Option<Duration>,
    /// Connections in the API's database pool: the report then gives figures per connection.
    #[schemars(range(min = 1))]
    pool_size: Option<u64>,
    /// Who shares connections. Default: `per_user`, each its own, kept alive, as a browser has.
    connections: Option<Connections>,
    /// What a kept-alive connection that the server closed means. Default: fail.
    on_stale: Option<OnStale>,
    /// Most redirects followed; false for none. Default: 10.
    redirects: Option<Redirects>,
    /// Whether each user keeps cookies. Default: true.
    cookies: Option<bool>,
    /// Whether to ask for compressed responses. Default: false.
    compression: Option<bool>,
    /// Headers sent with every request.
    headers: Option<Texts>,
    /// Speak HTTP/2. Default: false.
    http2: Option<bool>,
    /// URL of a proxy. Never taken from the environment.
    proxy: Option<Text>,
    /// Longest response body read; a longer one is a failure. Default: 100MB.
    max_body: Option<Size>,
    /// Which client: `direct` shows everything (default), `reqwest` knows HTTP/2 and proxies.
    transport: Option<Transport>,
    /// Local addresses to connect from, taken in turn.
    source_addresses: Option<OneOrMore<String>>,
}

/// One kind of credentials.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
struct Auth {
    basic: Option<Basic>,
    /// `Authorization: Bearer …`.
    bearer: Option<Text>,
    oauth2_client_credentials: Option<Oauth2>,
}

/// HTTP Basic, sent unasked.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Basic {
    user: Text,
    password: Text,
}

/// A token of an OAuth2 server, shared by all users, renewed ahead of its end.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Oauth2 {
    /// Where to fetch the token.
    token_url: Text,
    client_id: Text,
    client_secret: Text,
    /// Scopes, separated by spaces.
    scope: Option<Text>,
}

/// TLS settings.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("dependencies" = { "client_cert": ["client_key"], "client_key": ["client_cert"] })
)]
struct Tls {
    /// Whether the server's certificate is verified. Default: true.
    verify: Option<bool>,
    /// PEM file of further roots.
    ca_file: Option<FileName>,
    /// PEM file of our certificate.
    client_cert: Option<FileName>,
    /// PEM file of its key.
    client_key: Option<FileName>,
    /// Name to ask for and verify in place of the URL's host.
    server_name: Option<Text>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum Connections {
    PerUser,
    Shared,
    PerRequest,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum OnStale {
    Fail,
    Reconnect,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum Transport {
    Direct,
    Reqwest,
}

/// A source of values: one of `values`, `range`, `combine`, `csv`, `json`, `captured`.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [
        { "required": ["values"] }, { "required": ["range"] }, { "required": ["combine"] }, { "required": ["csv"] },
        { "required": ["json"] }, { "required": ["captured"] }
    ])
)]
struct Data {
    /// A list of values, or of rows whose columns are taken as `{{ name.column }}`.
    #[schemars(length(min = 1))]
    values: Option<Vec<Anything>>,
    range: Option<Range>,
    /// A template over other data: its own (`with`) or any other of the scenario.
    combine: Option<Text>,
    /// With `combine`: data of its own.
    with: Option<BTreeMap<String, Data>>,
    /// A CSV file; its first line names the columns, taken as `{{ name.column }}`.
    csv: Option<FileName>,
    /// A JSON file that is a list of values or objects.
    json: Option<FileName>,
    captured: Option<Captured>,
    /// How a value is chosen. Default: random.
    order: Option<Order>,
    /// What follows the last value of `sequential`, `shuffle` or `unique`.
    on_end: Option<OnEnd>,
    /// With `csv`: the character between fields. Default: a comma.
    delimiter: Option<String>,
}

/// Values taken from responses by captures: one pool, shared by all users.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Captured {
    /// Most values kept. Default: 1000.
    #[schemars(range(min = 1))]
    keep: Option<u64>,
    /// What becomes of a further value. Default: ignore.
    when_full: Option<WhenFull>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum WhenFull {
    Ignore,
    Replace,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum Order {
    Random,
    Sequential,
    Shuffle,
    Unique,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum OnEnd {
    Stop,
    Loop,
}

/// One kind of pause.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
struct Think {
    /// Always the same.
    constant: Option<Duration>,
    /// Uniform between two durations.
    between: Option<Two>,
    /// Exponential with this mean.
    exponential: Option<Duration>,
    /// Iterations start this far apart, whatever they take.
    pace: Option<Duration>,
}

/// One kind of pause after a step.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
struct StepThink {
    /// Always the same.
    constant: Option<Duration>,
    /// Uniform between two durations.
    between: Option<Two>,
    /// Exponential with this mean.
    exponential: Option<Duration>,
}

/// The keys of a request, with those of its owner before them.
macro_rules! with_request {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        struct $name {
            $($(#[$field_meta])* $field: $type,)*
            /// A path, appended to `target.url`, or an absolute URL.
            get: Option<Text>,
            /// A path, appended to `target.url`, or an absolute URL.
            post: Option<Text>,
            /// A path, appended to `target.url`, or an absolute URL.
            put: Option<Text>,
            /// A path, appended to `target.url`, or an absolute URL.
            patch: Option<Text>,
            /// A path, appended to `target.url`, or an absolute URL.
            delete: Option<Text>,
            /// A path, appended to `target.url`, or an absolute URL.
            head: Option<Text>,
            /// A path, appended to `target.url`, or an absolute URL.
            options: Option<Text>,
            /// Query parameters; values are percent-encoded.
            query: Option<Texts>,
            /// Headers, over those of the target.
            headers: Option<Texts>,
            /// A JSON body; its texts may be templates.
            json: Option<Anything>,
            /// A form body (application/x-www-form-urlencoded).
            form: Option<Texts>,
            /// A body as it stands.
            body: Option<Text>,
            /// A file sent as it stands.
            body_file: Option<FileName>,
            /// A form with files (multipart/form-data).
            multipart: Option<BTreeMap<String, TextOrPart>>,
            /// Values taken from the response.
            capture: Option<Vec<Capture>>,
            expect: Option<Expect>,
            /// In place of the target's timeout.
            timeout: Option<Duration>,
        }
    };
}

with_request! {
    /// One request, or a journey of `steps`.
    #[derive(JsonSchema)]
    #[schemars(
        deny_unknown_fields,
        extend("oneOf" = [
            { "required": ["get"] }, { "required": ["post"] }, { "required": ["put"] }, { "required": ["patch"] },
            { "required": ["delete"] }, { "required": ["head"] }, { "required": ["options"] }, { "required": ["steps"] }
        ]),
        extend("allOf" = [one_body()])
    )]
    struct Endpoint {
        /// Its name in reports; unique.
        name: Name,
        /// Share of the draw, relative to the other endpoints; 0 leaves it out. Default: 1.
        #[schemars(range(min = 0))]
        weight: Option<f64>,
        /// Requests done in order; a failed one ends the journey.
        #[schemars(length(min = 1))]
        steps: Option<Vec<Step>>,
    }
}

with_request! {
    /// One request of a journey.
    #[derive(JsonSchema)]
    #[schemars(
        deny_unknown_fields,
        extend("oneOf" = [
            { "required": ["get"] }, { "required": ["post"] }, { "required": ["put"] }, { "required": ["patch"] },
            { "required": ["delete"] }, { "required": ["head"] }, { "required": ["options"] }
        ]),
        extend("allOf" = [one_body()])
    )]
    struct Step {
        /// Its name in reports; unique in the journey. Default: method and path.
        name: Option<Name>,
        /// A condition over data and captures, `"{{ }}"` not needed, asked before each repetition; the step is left out where it
        /// is false, or names a value that there is not.
        r#if: Option<Text>,
        /// How often it is done. Default: 1.
        repeat: Option<u64>,
        /// The pause after it. Default: none.
        think: Option<StepThink>,
    }
}

/// At most one kind of body.
fn one_body() -> Value {
    let bodies = ["json", "form", "body", "body_file", "multipart"];
    let none = serde_json::json!({
        "not": { "anyOf": bodies.iter().map(|body| serde_json::json!({ "required": [body] })).collect::<Vec<_>>() }
    });
    let mut choices: Vec<Value> = bodies
        .iter()
        .map(|body| serde_json::json!({ "required": [body] }))
        .collect();
    choices.push(none);
    serde_json::json!({ "oneOf": choices })
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum TextOrPart {
    Text(Text),
    Part(Part),
}

/// One part of a multipart body: a text or a file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{ "required": ["text"] }, { "required": ["file"] }]))]
struct Part {
    text: Option<Text>,
    file: Option<FileName>,
    /// Its media type.
    content_type: Option<Text>,
    /// The file name told to the server. Default: that of the file.
    filename: Option<Text>,
}

/// A value taken from a response: where to look, and the name it gets.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [
        { "required": ["json"] }, { "required": ["header"] }, { "required": ["cookie"] },
        {
            "required": ["regex"],
            "not": { "anyOf": [{ "required": ["json"] }, { "required": ["header"] }, { "required": ["cookie"] }] }
        }
    ])
)]
struct Capture {
    /// A JSONPath in the body.
    #[schemars(example = "$.data[*].id")]
    json: Option<String>,
    /// A regular expression: over the body, or over what `json`, `header` or `cookie` found. Its first group counts, or the
    /// whole match.
    regex: Option<String>,
    /// A response header.
    header: Option<String>,
    /// A cookie that the response sets.
    cookie: Option<String>,
    /// Which of several. Default: first.
    pick: Option<Pick>,
    /// A captured pool of `data`, or a name for the later steps of the journey.
    r#as: Name,
    /// Whether finding nothing is a failure. Default: false.
    required: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum Pick {
    First,
    Last,
    Random,
    All,
}

/// What must hold for the response. Default: a status below 400.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Expect {
    /// Any of these: 200, "<400", "2xx", "200-299".
    status: Option<Statuses>,
    /// Each header named: its whole value, or a check.
    header: Option<BTreeMap<String, TextOrCheck>>,
    /// Each JSONPath has this value.
    json: Option<BTreeMap<String, Anything>>,
    /// A check of the body as text.
    body: Option<Check>,
    /// Longest response time.
    within: Option<Duration>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Statuses {
    One(Status),
    More(#[schemars(length(min = 1))] Vec<Status>),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum TextOrCheck {
    Text(Text),
    Check(Check),
}

/// What must hold for a text: all that is written.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
struct Check {
    /// Contains each of these.
    contains: Option<OneOrMore<Text>>,
    /// Each of these regular expressions matches somewhere.
    matches: Option<OneOrMore<Text>>,
}

/// A level of load: a linear ramp from the level before, then a hold.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{ "required": ["users"] }, { "required": ["rate"] }]),
    extend("anyOf" = [{ "required": ["ramp"] }, { "required": ["hold"] }])
)]
struct Stage {
    /// How many users.
    #[schemars(range(min = 0, max = 1_000_000))]
    users: Option<u64>,
    /// How many arrivals, whatever the answers take.
    rate: Option<Rate>,
    /// From the level before to this one. Default: at once.
    ramp: Option<Duration>,
    /// At this level.
    hold: Option<Duration>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum Arrivals {
    Poisson,
    Even,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum WhenBusy {
    Wait,
    Drop,
}

/// Ends the run early: after so many requests, or iterations.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
struct StopAfter {
    #[schemars(range(min = 1))]
    requests: Option<u64>,
    #[schemars(range(min = 1))]
    iterations: Option<u64>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenario::decode::shapes;

    #[test]
    fn schema_and_decoder_know_the_same_keys() {
        let schema = json();
        for (name, shape) in shapes::ALL {
            let block = if name == "Scenario" {
                &schema
            } else {
                &schema["definitions"][name]
            };
            let known: BTreeSet<&str> = block["properties"]
                .as_object()
                .unwrap_or_else(|| panic!("no {name}"))
                .keys()
                .map(String::as_str)
                .collect();
            let decoded: BTreeSet<&str> = shape.keys.iter().copied().collect();
            assert_eq!(known, decoded, "{name}");
            assert_eq!(block["additionalProperties"], false, "{name}");
        }
    }

    #[test]
    fn every_key_is_described() {
        let schema = json();
        for key in shapes::SCENARIO.keys {
            let text = schema["properties"][*key].to_string();
            assert!(
                text.contains("description") || text.contains("$ref"),
                "{key}: {text}"
            );
        }
    }

    #[test]
    fn aliases_lead_to_keys_that_exist() {
        for (name, shape) in shapes::ALL {
            for (wrong, right) in shape.aliases {
                assert!(shape.keys.contains(right), "{name}: {wrong} leads to {right}");
                assert!(!shape.keys.contains(wrong), "{name}: {wrong} is a key itself");
            }
        }
    }
}
