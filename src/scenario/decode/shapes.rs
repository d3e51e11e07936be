//! The keys of every kind of mapping in a scenario. `schema` is held to these by a test.

use super::fields::Shape;

pub(crate) const SCENARIO: Shape = Shape {
    what: "the scenario",
    keys: &[
        "name",
        "description",
        "target",
        "data",
        "think",
        "on_start",
        "on_stop",
        "setup",
        "teardown",
        "endpoints",
        "stages",
        "arrivals",
        "max_users",
        "when_busy",
        "thresholds",
        "secrets",
        "seed",
        "graceful_stop",
        "stop_after",
    ],
    aliases: &[
        ("wait", "think"),
        ("wait_time", "think"),
        ("sleep", "think"),
        ("pause", "think"),
        ("delay", "think"),
        ("requests", "endpoints"),
        ("tasks", "endpoints"),
        ("scenarios", "endpoints"),
        ("flow", "endpoints"),
        ("phases", "stages"),
        ("load", "stages"),
        ("levels", "stages"),
        ("steps", "stages"),
        ("checks", "thresholds"),
        ("ensure", "thresholds"),
        ("assertions", "thresholds"),
        ("criteria", "thresholds"),
        ("before", "setup"),
        ("after", "teardown"),
        ("variables", "data"),
        ("payload", "data"),
        ("feeders", "data"),
        ("config", "target"),
        ("title", "name"),
        ("url", "target"),
        ("host", "target"),
        ("base_url", "target"),
        ("users", "stages"),
        ("vus", "stages"),
        ("duration", "stages"),
    ],
    example: "target, endpoints and stages; see scenarios/mixed.yaml",
};

pub(crate) const TARGET: Shape = Shape {
    what: "the target",
    keys: &[
        "url",
        "auth",
        "tls",
        "timeout",
        "pool_size",
        "connections",
        "on_stale",
        "redirects",
        "cookies",
        "compression",
        "headers",
        "http2",
        "proxy",
        "max_body",
        "transport",
        "source_addresses",
    ],
    aliases: &[
        ("host", "url"),
        ("base_url", "url"),
        ("base", "url"),
        ("hdrs", "headers"),
        ("pool", "pool_size"),
        ("follow_redirects", "redirects"),
        ("max_redirects", "redirects"),
        ("verify", "tls"),
        ("insecure", "tls"),
        ("gzip", "compression"),
        ("keep_alive", "connections"),
    ],
    example: "target: { url: \"https://localhost:8443/api\" }",
};

pub(crate) const AUTH: Shape = Shape {
    what: "`auth`",
    keys: &["basic", "bearer", "oauth2_client_credentials"],
    aliases: &[
        ("oauth2", "oauth2_client_credentials"),
        ("oauth", "oauth2_client_credentials"),
        ("token", "bearer"),
    ],
    example: "auth: { basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" } }",
};

pub(crate) const BASIC: Shape = Shape {
    what: "`basic`",
    keys: &["user", "password"],
    aliases: &[
        ("username", "user"),
        ("login", "user"),
        ("pass", "password"),
        ("pwd", "password"),
    ],
    example: "basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" }",
};

pub(crate) const OAUTH2: Shape = Shape {
    what: "`oauth2_client_credentials`",
    keys: &["token_url", "client_id", "client_secret", "scope"],
    aliases: &[
        ("url", "token_url"),
        ("id", "client_id"),
        ("secret", "client_secret"),
        ("scopes", "scope"),
    ],
    example: "{ token_url: \"https://host/oauth2/token\", client_id: \"{{ config.client_id }}\", client_secret: \"{{ config.client_secret }}\" }",
};

pub(crate) const TLS: Shape = Shape {
    what: "`tls`",
    keys: &["verify", "ca_file", "client_cert", "client_key", "server_name"],
    aliases: &[
        ("insecure", "verify"),
        ("ca", "ca_file"),
        ("cacert", "ca_file"),
        ("cert", "client_cert"),
        ("key", "client_key"),
        ("sni", "server_name"),
    ],
    example: "tls: { verify: false }",
};

pub(crate) const DATA: Shape = Shape {
    what: "a data source",
    keys: &[
        "values",
        "range",
        "combine",
        "with",
        "csv",
        "json",
        "captured",
        "order",
        "on_end",
        "delimiter",
    ],
    aliases: &[
        ("list", "values"),
        ("template", "combine"),
        ("file", "csv"),
        ("strategy", "order"),
        ("capture", "captured"),
        ("pool", "captured"),
        ("separator", "delimiter"),
        ("min", "range"),
        ("max", "range"),
        ("between", "range"),
    ],
    example: "term: { values: [201701, 201702] }",
};

pub(crate) const CAPTURED: Shape = Shape {
    what: "`captured`",
    keys: &["keep", "when_full"],
    aliases: &[("max", "keep"), ("size", "keep"), ("limit", "keep")],
    example: "captured: { keep: 10 }",
};

pub(crate) const THINK: Shape = Shape {
    what: "`think`",
    keys: &["constant", "between", "exponential", "pace"],
    aliases: &[
        ("fixed", "constant"),
        ("uniform", "between"),
        ("pacing", "pace"),
        ("mean", "exponential"),
        ("random", "between"),
    ],
    example: "think: { between: [100ms, 5s] }",
};

/// The keys that an endpoint of one request and a step share.
macro_rules! request_keys {
    ($($more:literal),*) => {
        &[
            "name", $($more,)* "get", "post", "put", "patch", "delete", "head", "options", "query", "headers", "json", "form",
            "body", "body_file", "multipart", "capture", "expect", "timeout",
        ]
    };
}

const REQUEST_ALIASES: &[(&str, &str)] = &[
    ("method", "get"),
    ("url", "get"),
    ("path", "get"),
    ("hdrs", "headers"),
    ("header", "headers"),
    ("params", "query"),
    ("qs", "query"),
    ("data", "body"),
    ("payload", "json"),
    ("file", "body_file"),
    ("files", "multipart"),
    ("extract", "capture"),
    ("captures", "capture"),
    ("save", "capture"),
    ("check", "expect"),
    ("checks", "expect"),
    ("assert", "expect"),
    ("validate", "expect"),
    ("status", "expect"),
    ("wait", "think"),
    ("sleep", "think"),
    ("pause", "think"),
    ("requests", "steps"),
    ("flow", "steps"),
    ("when", "if"),
    ("condition", "if"),
    ("loop", "repeat"),
    ("count", "repeat"),
    ("title", "name"),
    ("label", "name"),
    ("priority", "weight"),
    ("ratio", "weight"),
];

pub(crate) const ENDPOINT: Shape = Shape {
    what: "an endpoint",
    keys: request_keys!("weight", "steps"),
    aliases: REQUEST_ALIASES,
    example: "{ name: list_orders, weight: 2, get: /orders }",
};

pub(crate) const STEP: Shape = Shape {
    what: "a step",
    keys: request_keys!("if", "repeat", "think"),
    aliases: REQUEST_ALIASES,
    example: "{ name: add_to_cart, post: /cart, json: { item: 7 } }",
};

pub(crate) const PART: Shape = Shape {
    what: "a part of `multipart`",
    keys: &["text", "file", "content_type", "filename"],
    aliases: &[
        ("value", "text"),
        ("type", "content_type"),
        ("path", "file"),
        ("name", "filename"),
    ],
    example: "photo: { file: cat.jpg, content_type: image/jpeg }",
};

pub(crate) const CAPTURE: Shape = Shape {
    what: "a capture",
    keys: &["json", "regex", "header", "cookie", "pick", "as", "required"],
    aliases: &[
        ("jsonpath", "json"),
        ("json_path", "json"),
        ("name", "as"),
        ("into", "as"),
        ("to", "as"),
        ("save_as", "as"),
        ("regexp", "regex"),
        ("match", "regex"),
        ("strict", "required"),
    ],
    example: "{ json: \"$.id\", as: order_id }",
};

pub(crate) const EXPECT: Shape = Shape {
    what: "`expect`",
    keys: &["status", "header", "json", "body", "within"],
    aliases: &[
        ("status_code", "status"),
        ("code", "status"),
        ("headers", "header"),
        ("hdrs", "header"),
        ("max_time", "within"),
        ("timeout", "within"),
        ("jsonpath", "json"),
        ("contains", "body"),
        ("matches", "body"),
    ],
    example: "expect: { status: [200, 201], within: 2s }",
};

pub(crate) const CHECK: Shape = Shape {
    what: "a check of text",
    keys: &["contains", "matches"],
    aliases: &[
        ("regex", "matches"),
        ("match", "matches"),
        ("includes", "contains"),
        ("has", "contains"),
    ],
    example: "body: { contains: \"ok\" }",
};

pub(crate) const STAGE: Shape = Shape {
    what: "a stage",
    keys: &["users", "rate", "ramp", "hold"],
    aliases: &[
        ("vus", "users"),
        ("target", "users"),
        ("count", "users"),
        ("concurrency", "users"),
        ("duration", "hold"),
        ("for", "hold"),
        ("time", "hold"),
        ("spawn_rate", "ramp"),
        ("ramp_up", "ramp"),
        ("rampup", "ramp"),
        ("rps", "rate"),
        ("arrival_rate", "rate"),
        ("arrivals", "rate"),
    ],
    example: "{ users: 10, ramp: 5s, hold: 60s }",
};

pub(crate) const STOP_AFTER: Shape = Shape {
    what: "`stop_after`",
    keys: &["requests", "iterations"],
    aliases: &[],
    example: "stop_after: { requests: 1000 }",
};

/// Every shape with the name of its definition in the schema.
#[cfg(test)]
pub(crate) const ALL: [(&str, &Shape); 18] = [
    ("Scenario", &SCENARIO),
    ("Target", &TARGET),
    ("Auth", &AUTH),
    ("Basic", &BASIC),
    ("Oauth2", &OAUTH2),
    ("Tls", &TLS),
    ("Data", &DATA),
    ("Captured", &CAPTURED),
    ("Think", &THINK),
    ("Endpoint", &ENDPOINT),
    ("Step", &STEP),
    ("Part", &PART),
    ("Capture", &CAPTURE),
    ("Expect", &EXPECT),
    ("Check", &CHECK),
    ("Stage", &STAGE),
    ("StopAfter", &STOP_AFTER),
    ("StepThink", &STEP_THINK),
];

pub(crate) const STEP_THINK: Shape = Shape {
    what: "the `think` of a step",
    keys: &["constant", "between", "exponential"],
    aliases: &[
        ("fixed", "constant"),
        ("uniform", "between"),
        ("mean", "exponential"),
        ("random", "between"),
    ],
    example: "think: { between: [1s, 3s] }",
};
