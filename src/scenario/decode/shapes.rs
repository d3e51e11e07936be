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
        ("spawn_rate", "stages"),
        ("run_time", "stages"),
        ("rate", "stages"),
    ],
    advice: &[
        (
            "spawn_rate",
            "a stage says how long its ramp takes: `stages: [ { users: 10, ramp: 5s, hold: 60s } ]`",
        ),
        (
            "run_time",
            "durations belong to a stage: `stages: [ { users: 10, hold: 60s } ]`",
        ),
        (
            "rate",
            "a rate belongs to a stage: `stages: [ { rate: 50/s, hold: 60s } ]`",
        ),
        (
            "options",
            "`target`, `stages` and `thresholds` stand at the top of the file themselves",
        ),
        (
            "weights",
            "each endpoint has its own: `endpoints: [ { name: home, weight: 2, get: / } ]`",
        ),
        (
            "weight",
            "each endpoint has its own: `endpoints: [ { name: home, weight: 2, get: / } ]`",
        ),
        ("auth", "it belongs to `target`: `target: { url: …, auth: … }`"),
        (
            "tls",
            "it belongs to `target`: `target: { url: …, tls: { verify: false } }`",
        ),
        (
            "timeout",
            "it belongs to `target`: `target: { url: …, timeout: 5s }`",
        ),
        (
            "headers",
            "those of every request belong to `target`: `target: { url: …, headers: … }`",
        ),
        ("host", "write `target: { url: \"https://…\" }`"),
        ("url", "write `target: { url: \"https://…\" }`"),
        ("base_url", "write `target: { url: \"https://…\" }`"),
        (
            "config",
            "addresses and credentials stand in `target`; values for templates in config.yaml",
        ),
        (
            "users",
            "users belong to a stage: `stages: [ { users: 10, hold: 60s } ]`",
        ),
        (
            "vus",
            "users belong to a stage: `stages: [ { users: 10, hold: 60s } ]`",
        ),
        (
            "duration",
            "durations belong to a stage: `stages: [ { users: 10, hold: 60s } ]`",
        ),
        (
            "wait",
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`",
        ),
        (
            "wait_time",
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`",
        ),
        (
            "sleep",
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`",
        ),
        (
            "pause",
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`",
        ),
        (
            "delay",
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`",
        ),
        (
            "think_time",
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`",
        ),
    ],
    example: "{ target: { url: … }, endpoints: [ … ], stages: [ … ] }, as in scenarios/mixed.yaml",
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
    advice: &[
        (
            "endpoints",
            "it stands at the top of the file, in the column of `target`",
        ),
        (
            "stages",
            "it stands at the top of the file, in the column of `target`",
        ),
        (
            "data",
            "it stands at the top of the file, in the column of `target`",
        ),
        (
            "thresholds",
            "it stands at the top of the file, in the column of `target`",
        ),
        ("basic", "write `auth: { basic: … }`"),
        ("bearer", "write `auth: { bearer: … }`"),
        ("verify", "write `tls: { verify: false }`"),
        ("insecure", "write `tls: { verify: false }`"),
        (
            "keep_alive",
            "each user keeps its connection alive; `connections: per_request` opens a new one for each request",
        ),
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
    advice: &[],
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
    advice: &[],
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
    advice: &[],
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
    advice: &[("insecure", "write `verify: false`")],
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
    advice: &[
        ("min", "write `range: [1, 10]`"),
        ("max", "write `range: [1, 10]`"),
        ("file", "write `csv: students.csv` or `json: students.json`"),
    ],
    example: "term: { values: [201701, 201702] }",
};

pub(crate) const CAPTURED: Shape = Shape {
    what: "`captured`",
    keys: &["keep", "when_full"],
    aliases: &[("max", "keep"), ("size", "keep"), ("limit", "keep")],
    advice: &[],
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
    advice: &[],
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

/// What both are called elsewhere, with what only one of them is.
macro_rules! request_aliases {
    ($($more:expr),*) => {
        &[
            $($more,)*
            ("method", "get"),
            ("url", "get"),
            ("path", "get"),
            ("hdrs", "headers"),
            ("header", "headers"),
            ("params", "query"),
            ("qs", "query"),
            ("data", "form"),
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
            ("title", "name"),
            ("label", "name"),
        ]
    };
}

/// What to write in both in place of keys of other tools, with what goes for only one of them.
macro_rules! request_advice {
    ($($more:expr),*) => {
        &[
            ("method", METHOD_IS_KEY),
            ("url", METHOD_IS_KEY),
            ("path", METHOD_IS_KEY),
            (
                "auth",
                "`auth` stands in `target`; for one request write its header: `headers: { authorization: … }`",
            ),
            ("status", "write `expect: { status: 200 }`"),
            $($more),*
        ]
    };
}

const METHOD_IS_KEY: &str = "the method is the key and the path its value: `get: /orders`";

pub(crate) const ENDPOINT: Shape = Shape {
    what: "an endpoint",
    keys: request_keys!("weight", "steps"),
    aliases: request_aliases!(
        ("requests", "steps"),
        ("flow", "steps"),
        ("priority", "weight"),
        ("ratio", "weight")
    ),
    advice: request_advice!(
        (
            "on_start",
            "the scenario names those endpoints at its top: `on_start: [log_in]`"
        ),
        ("wait", "`think` stands at the top of the scenario, or in a step"),
        ("sleep", "`think` stands at the top of the scenario, or in a step"),
        ("pause", "`think` stands at the top of the scenario, or in a step"),
        ("think", "`think` stands at the top of the scenario, or in a step")
    ),
    example: "{ name: list_orders, weight: 2, get: /orders }",
};

pub(crate) const STEP: Shape = Shape {
    what: "a step",
    keys: request_keys!("if", "repeat", "think"),
    aliases: request_aliases!(
        ("wait", "think"),
        ("sleep", "think"),
        ("pause", "think"),
        ("when", "if"),
        ("condition", "if"),
        ("loop", "repeat"),
        ("count", "repeat")
    ),
    advice: request_advice!(
        ("wait", "write `think: { constant: 1s }`"),
        ("sleep", "write `think: { constant: 1s }`"),
        ("pause", "write `think: { constant: 1s }`"),
        (
            "weight",
            "only endpoints are drawn by weight; a step is done each time",
        )
    ),
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
    advice: &[],
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
    advice: &[],
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
    advice: &[
        ("contains", "write `body: { contains: \"…\" }`"),
        ("matches", "write `body: { matches: \"…\" }`"),
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
    advice: &[],
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
    advice: &[("spawn_rate", "write how long the ramp takes: `ramp: 5s`")],
    example: "{ users: 10, ramp: 5s, hold: 60s }",
};

pub(crate) const HOLD: Shape = Shape {
    what: "`hold`",
    keys: &["until", "at_least", "at_most", "within"],
    aliases: &[
        ("min", "at_least"),
        ("minimum", "at_least"),
        ("max", "at_most"),
        ("maximum", "at_most"),
        ("width", "within"),
        ("tolerance", "within"),
    ],
    advice: &[],
    example: "hold: { until: steady, at_least: 60s, at_most: 15m }",
};

pub(crate) const STOP_AFTER: Shape = Shape {
    what: "`stop_after`",
    keys: &["requests", "iterations"],
    aliases: &[],
    advice: &[],
    example: "stop_after: { requests: 1000 }",
};

/// Every shape with the name of its definition in the schema.
#[cfg(test)]
pub(crate) const ALL: [(&str, &Shape); 19] = [
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
    ("UntilSteady", &HOLD),
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
    advice: &[(
        "pace",
        "a pace is between iterations: it stands at the top of the scenario",
    )],
    example: "think: { between: [1s, 3s] }",
};

/// How the required keys of a scenario are written.
pub(crate) fn example_of(key: &str) -> Option<&'static str> {
    match key {
        "target" => Some(TARGET.example),
        "endpoints" => Some("endpoints: [ { name: list_orders, get: /orders } ]"),
        "stages" => Some("stages: [ { users: 10, ramp: 5s, hold: 60s } ]"),
        "url" => Some("url: \"https://localhost:8443/api\""),
        _ => None,
    }
}
