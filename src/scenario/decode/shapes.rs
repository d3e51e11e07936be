//! Every key of a scenario, once: its type, what it is for, what other tools call it. From these tables the decoder knows its
//! keys, messages their words, and [`schema`](crate::scenario::schema) is made.

use super::shape::{Key, Rule, Shape, Type, keys, words};
use crate::scenario::model::{
    Arrivals, Connections, OnEnd, OnStale, Order, Pick, Transport, Until, WhenBusy, WhenFull,
};

const TEXT: Type = Type::Scalar(
    "Text",
    r#"{
        "description": "A text, a number or a boolean; may be a template: \"{{ name }}\".",
        "type": ["string", "number", "boolean"]
    }"#,
);
const TEXTS: Type = Type::OneOrMore(&TEXT, 0);
const NAME: Type = Type::Scalar(
    "Name",
    r#"{ "description": "A name.", "type": ["string", "number", "boolean"], "minLength": 1 }"#,
);
const NAMES: Type = Type::OneOrMore(&NAME, 0);
const DURATION: Type = Type::Scalar(
    "Duration",
    r#"{
        "description": "A number and a unit: 100ms, 5s, 2m, 1h or 1m30s.",
        "type": "string",
        "pattern": "^\\s*([0-9]*\\.?[0-9]+\\s*(us|µs|ms|s|m|h)\\s*)+$",
        "examples": ["5s", "100ms", "1m30s"]
    }"#,
);
const RATE: Type = Type::Scalar(
    "Rate",
    r#"{
        "description": "Arrivals per second, minute or hour: 50/s, 3000/m.",
        "type": "string",
        "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*/\\s*(s|sec|second|m|min|minute|h|hour)\\s*$",
        "examples": ["50/s", "3000/m"]
    }"#,
);
const SHARE: Type = Type::Scalar(
    "Share",
    r#"{
        "description": "A share: 5%.",
        "type": "string",
        "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*%\\s*$",
        "examples": ["5%"]
    }"#,
);
const SIZE: Type = Type::Scalar(
    "Size",
    r#"{
        "description": "A number and a unit: 512B, 64kB, 10MB, 1GB, 64KiB.",
        "type": "string",
        "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*[kKmMgG]?i?[bB]?\\s*$",
        "examples": ["10MB"]
    }"#,
);
const FILE: Type = Type::Scalar(
    "FileName",
    r#"{ "description": "A file name, relative to the scenario file.", "type": "string", "minLength": 1 }"#,
);
const ANYTHING: Type = Type::Scalar(
    "Anything",
    r#"{ "description": "Any value; its texts may be templates." }"#,
);
const STATUS: Type = Type::Scalar(
    "Status",
    r#"{
        "description": "A status or a range of them: 200, \"<400\", \"2xx\", \"200-299\".",
        "type": ["integer", "string"],
        "examples": [200, "<400", "2xx", "200-299"]
    }"#,
);
const THRESHOLD: Type = Type::Scalar(
    "Threshold",
    r#"{
        "description": "metric [of endpoint] op value [in every stage] [for 10s: abort]; metrics are failures, p50 to p99.9, mean, max, rps.",
        "type": ["string", "object"],
        "minLength": 1,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": { "const": "abort" },
        "examples": ["failures < 1%", "p95 of get_by_term_id < 3s", "failures < 50% for 10s: abort"]
    }"#,
);
const REDIRECTS: Type = Type::Scalar(
    "Redirects",
    r#"{
        "description": "Most redirects followed; false for none.",
        "type": ["integer", "boolean"],
        "minimum": 0,
        "maximum": 100
    }"#,
);
const TWO: Type = Type::Scalar(
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
const RANGE: Type = Type::Scalar(
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
const COUNT: Type = Type::Whole(0, None);
const POSITIVE: Type = Type::Whole(1, None);

/// The keys that say how a request is sent; exactly one.
pub(crate) const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
/// The same for an endpoint, which may have steps.
pub(crate) const METHODS_OR_STEPS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "head", "options", "steps",
];
/// The keys that say what is sent; one at most.
pub(crate) const BODIES: &[&str] = &["json", "form", "body", "body_file", "multipart"];
/// The kinds of data.
pub(crate) const DATA_KINDS: &[&str] = &["values", "range", "combine", "csv", "json", "captured"];

pub(crate) static SCENARIO: Shape = Shape {
    name: "Scenario",
    about: "What to send to an HTTP API, how hard, and what must hold.",
    what: "the scenario",
    example: "{ target: { url: … }, endpoints: [ … ], stages: [ … ] }, as in scenarios/mixed.yaml",
    keys: &[keys! {
        /// Names the run's folder and heads its reports. Default: the file's name.
        name: NAME, "title";
        /// One sentence for the reports.
        description: TEXT;
        target required: Type::Block(&TARGET), "config url host base_url";
        /// Named sources of values for templates: `{{ name }}` draws one per iteration.
        data: Type::Named(&Type::Block(&DATA)), "variables payload feeders";
        /// The pause of a user after each iteration. Default: none.
        think: Type::Block(&THINK), "wait wait_time sleep pause delay";
        /// Endpoints that each user runs once, first, with no pause after them.
        on_start: NAMES;
        /// Endpoints that each user runs once, last.
        on_stop: NAMES;
        /// Requests done once per run, before the first user; not measured.
        setup: Type::List(&Type::Block(&STEP), 0), "before";
        /// Requests done once per run, after the last user; not measured.
        teardown: Type::List(&Type::Block(&STEP), 0), "after";
        /// What users do: in each iteration one of these, drawn by weight.
        endpoints required: Type::List(&Type::Block(&ENDPOINT), 1), "requests tasks scenarios flow";
        /// Levels of load, in order: all with `users`, or all with `rate`.
        stages required: Type::List(&Type::Block(&STAGE), 1),
            "phases load levels steps users vus duration spawn_rate run_time rate";
        /// With `rate`: how arrivals are spaced. Default: poisson.
        arrivals: Type::Word(words::<Arrivals>);
        /// With `rate`: the most users at once. Default: 1000.
        max_users: POSITIVE;
        /// With `rate`: what becomes of an arrival when all users are busy. Default: wait.
        when_busy: Type::Word(words::<WhenBusy>);
        /// What must hold for the run; exit code 4 if one does not.
        thresholds: Type::List(&THRESHOLD, 0), "checks ensure assertions criteria";
        /// Further keys of config.yaml whose values are secret, beside those named password, secret, token or key.
        secrets: NAMES;
        /// Fixes data, weights, pauses and arrivals. Default: drawn at start and reported.
        seed: COUNT;
        /// How long the requests in flight at the end are waited for. Default: 30s.
        graceful_stop: DURATION;
        /// Ends the run early.
        stop_after: Type::Block(&STOP_AFTER);
    }],
    rule: Rule::None,
    advice: &[&[
        (
            "spawn_rate",
            "a stage says how long its ramp takes: `stages: [ { users: 10, ramp: 5s, hold: 60s } ]`",
        ),
        (
            "run_time duration",
            "durations belong to a stage: `stages: [ { users: 10, hold: 60s } ]`",
        ),
        (
            "rate",
            "a rate belongs to a stage: `stages: [ { rate: 50/s, hold: 60s } ]`",
        ),
        (
            "users vus",
            "users belong to a stage: `stages: [ { users: 10, hold: 60s } ]`",
        ),
        (
            "options",
            "`target`, `stages` and `thresholds` stand at the top of the file themselves",
        ),
        (
            "weights weight",
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
        ("host url base_url", "write `target: { url: \"https://…\" }`"),
        (
            "config",
            "addresses and credentials stand in `target`; values for templates in config.yaml",
        ),
        (
            "wait wait_time sleep pause delay think_time",
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`",
        ),
    ]],
};

pub(crate) static TARGET: Shape = Shape {
    name: "Target",
    about: "Where the requests go, and how.",
    what: "the target",
    example: "target: { url: \"https://localhost:8443/api\" }",
    keys: &[keys! {
        /// Base URL; the paths of requests are appended to it as they stand.
        url required: Type::Such(&TEXT, &["https://localhost:8443/api", "{{ config.host }}{{ config.api_base_url }}"]),
            "host base_url base";
        /// Credentials sent with every request; never shown anywhere.
        auth: Type::Block(&AUTH);
        tls: Type::Block(&TLS), "verify insecure";
        /// Longest time a request may take. Default: 60s.
        timeout: DURATION;
        /// Connections in the API's database pool: the report then gives figures per connection.
        pool_size: POSITIVE, "pool";
        /// Who shares connections. Default: `per_user`, each its own, kept alive, as a browser has.
        connections: Type::Word(words::<Connections>), "keep_alive";
        /// What a kept-alive connection that the server closed means. Default: fail.
        on_stale: Type::Word(words::<OnStale>);
        /// Most redirects followed; false for none. Default: 10.
        redirects: REDIRECTS, "follow_redirects max_redirects";
        /// Whether each user keeps cookies. Default: true.
        cookies: Type::Boolean;
        /// Whether to ask for compressed responses. Default: false.
        compression: Type::Boolean, "gzip";
        /// Headers sent with every request.
        headers: Type::Map(&TEXTS), "hdrs";
        /// Speak HTTP/2. Default: false.
        http2: Type::Boolean;
        /// URL of a proxy. Never taken from the environment.
        proxy: TEXT;
        /// Longest response body read; a longer one is a failure. Default: 100MB.
        max_body: SIZE;
        /// Which client: `direct` shows everything (default), `reqwest` knows HTTP/2 and proxies.
        transport: Type::Word(words::<Transport>);
        /// Local addresses to connect from, taken in turn.
        source_addresses: Type::OneOrMore(&Type::String, 0);
    }],
    rule: Rule::None,
    advice: &[&[
        (
            "endpoints stages data thresholds",
            "it stands at the top of the file, in the column of `target`",
        ),
        ("basic", "write `auth: { basic: … }`"),
        ("bearer", "write `auth: { bearer: … }`"),
        ("verify insecure", "write `tls: { verify: false }`"),
        (
            "keep_alive",
            "each user keeps its connection alive; `connections: per_request` opens a new one for each request",
        ),
    ]],
};

pub(crate) static AUTH: Shape = Shape {
    name: "Auth",
    about: "One kind of credentials.",
    what: "`auth`",
    example: "auth: { basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" } }",
    keys: &[keys! {
        basic: Type::Block(&BASIC);
        /// `Authorization: Bearer …`.
        bearer: TEXT, "token";
        oauth2_client_credentials: Type::Block(&OAUTH2), "oauth2 oauth";
    }],
    rule: Rule::One,
    advice: &[],
};

pub(crate) static BASIC: Shape = Shape {
    name: "Basic",
    about: "HTTP Basic, sent unasked.",
    what: "`basic`",
    example: "basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" }",
    keys: &[keys! {
        /// The name of the user.
        user required: TEXT, "username login";
        /// Their password.
        password required: TEXT, "pass pwd";
    }],
    rule: Rule::None,
    advice: &[],
};

pub(crate) static OAUTH2: Shape = Shape {
    name: "Oauth2",
    about: "A token of an OAuth2 server, shared by all users, renewed ahead of its end.",
    what: "`oauth2_client_credentials`",
    example: "{ token_url: \"https://host/oauth2/token\", client_id: \"{{ config.client_id }}\", client_secret: \"{{ config.client_secret }}\" }",
    keys: &[keys! {
        /// Where to fetch the token.
        token_url required: TEXT, "url";
        /// Who asks for it.
        client_id required: TEXT, "id";
        /// Their secret.
        client_secret required: TEXT, "secret";
        /// Scopes, separated by spaces.
        scope: TEXT, "scopes";
    }],
    rule: Rule::None,
    advice: &[],
};

pub(crate) static TLS: Shape = Shape {
    name: "Tls",
    about: "TLS settings.",
    what: "`tls`",
    example: "tls: { verify: false }",
    keys: &[keys! {
        /// Whether the server's certificate is verified. Default: true.
        verify: Type::Boolean, "insecure";
        /// PEM file of further roots.
        ca_file: FILE, "ca cacert";
        /// PEM file of our certificate.
        client_cert: FILE, "cert";
        /// PEM file of its key.
        client_key: FILE, "key";
        /// Name to ask for and verify in place of the URL's host.
        server_name: TEXT, "sni";
    }],
    rule: Rule::Other(
        r#"{ "dependencies": { "client_cert": ["client_key"], "client_key": ["client_cert"] } }"#,
    ),
    advice: &[&[("insecure", "write `verify: false`")]],
};

pub(crate) static DATA: Shape = Shape {
    name: "Data",
    about: "A source of values: one of `values`, `range`, `combine`, `csv`, `json`, `captured`.",
    what: "a data source",
    example: "term: { values: [201701, 201702] }",
    keys: &[keys! {
        /// A list of values, or of rows whose columns are taken as `{{ name.column }}`.
        values: Type::List(&ANYTHING, 1), "list";
        /// All whole numbers from the first to the last.
        range: RANGE, "min max between";
        /// A template over other data: its own (`with`) or any other of the scenario.
        combine: TEXT, "template";
        /// With `combine`: data of its own.
        with: Type::Named(&Type::Block(&DATA));
        /// A CSV file; its first line names the columns (blanks around a name do not count), taken as `{{ name.column }}`.
        csv: FILE, "file";
        /// A JSON file that is a list of values or objects.
        json: FILE;
        captured: Type::Block(&CAPTURED), "capture pool";
        /// How a value is chosen. Default: random.
        order: Type::Word(words::<Order>), "strategy";
        /// What follows the last value of `sequential`, `shuffle` or `unique`.
        on_end: Type::Word(words::<OnEnd>);
        /// With `csv`: the character between fields. Default: a comma.
        delimiter: Type::String, "separator";
    }],
    rule: Rule::OneOf(DATA_KINDS, "{}"),
    advice: &[&[
        ("min max", "write `range: [1, 10]`"),
        ("file", "write `csv: students.csv` or `json: students.json`"),
    ]],
};

pub(crate) static CAPTURED: Shape = Shape {
    name: "Captured",
    about: "Values taken from responses by captures: one pool, shared by all users.",
    what: "`captured`",
    example: "captured: { keep: 10 }",
    keys: &[keys! {
        /// Most values kept. Default: 1000.
        keep: POSITIVE, "max size limit";
        /// What becomes of a further value. Default: ignore.
        when_full: Type::Word(words::<WhenFull>);
    }],
    rule: Rule::None,
    advice: &[],
};

/// The kinds of pause that may stand anywhere.
const PAUSES: &[Key] = keys! {
    /// Always the same.
    constant: DURATION, "fixed";
    /// Uniform between two durations.
    between: TWO, "uniform random";
    /// Exponential with this mean.
    exponential: DURATION, "mean";
};

pub(crate) static THINK: Shape = Shape {
    name: "Think",
    about: "One kind of pause.",
    what: "`think`",
    example: "think: { between: [100ms, 5s] }",
    keys: &[
        PAUSES,
        keys! {
            /// Iterations start this far apart, whatever they take.
            pace: DURATION, "pacing";
        },
    ],
    rule: Rule::One,
    advice: &[],
};

pub(crate) static STEP_THINK: Shape = Shape {
    name: "StepThink",
    about: "One kind of pause after a step.",
    what: "the `think` of a step",
    example: "think: { between: [1s, 3s] }",
    keys: &[PAUSES],
    rule: Rule::One,
    advice: &[&[(
        "pace",
        "a pace is between iterations: it stands at the top of the scenario",
    )]],
};

/// The keys that an endpoint of one request and a step share.
const REQUEST: &[Key] = keys! {
    /// A path, appended to `target.url`, or an absolute URL.
    get: TEXT, "method url path";
    /// A path, appended to `target.url`, or an absolute URL.
    post: TEXT;
    /// A path, appended to `target.url`, or an absolute URL.
    put: TEXT;
    /// A path, appended to `target.url`, or an absolute URL.
    patch: TEXT;
    /// A path, appended to `target.url`, or an absolute URL.
    delete: TEXT;
    /// A path, appended to `target.url`, or an absolute URL.
    head: TEXT;
    /// A path, appended to `target.url`, or an absolute URL.
    options: TEXT;
    /// Query parameters; values are percent-encoded.
    query: Type::Map(&TEXTS), "params qs";
    /// Headers, over those of the target.
    headers: Type::Map(&TEXTS), "hdrs header";
    /// A JSON body; its texts may be templates.
    json: ANYTHING, "payload";
    /// A form body (application/x-www-form-urlencoded).
    form: Type::Map(&TEXTS), "data";
    /// A body as it stands.
    body: TEXT;
    /// A file sent as it stands.
    body_file: FILE, "file";
    /// A form with files (multipart/form-data).
    multipart: Type::Map(&Type::Either(&TEXT, &Type::Block(&PART))), "files";
    /// Values taken from the response.
    capture: Type::List(&Type::Block(&CAPTURE), 0), "extract captures save";
    expect: Type::Block(&EXPECT), "check checks assert validate status";
    /// In place of the target's timeout.
    timeout: DURATION;
};

/// What to write in both in place of keys of other tools.
const REQUEST_ADVICE: &[(&str, &str)] = &[
    (
        "method url path",
        "the method is the key and the path its value: `get: /orders`",
    ),
    (
        "auth",
        "`auth` stands in `target`; for one request write its header: `headers: { authorization: … }`",
    ),
    ("status", "write `expect: { status: 200 }`"),
];

/// At most one kind of body.
const ONE_BODY: &str = r#"{ "allOf": [{ "oneOf": [
    { "required": ["json"] }, { "required": ["form"] }, { "required": ["body"] }, { "required": ["body_file"] },
    { "required": ["multipart"] },
    { "not": { "anyOf": [
        { "required": ["json"] }, { "required": ["form"] }, { "required": ["body"] }, { "required": ["body_file"] },
        { "required": ["multipart"] }
    ] } }
] }] }"#;

pub(crate) static ENDPOINT: Shape = Shape {
    name: "Endpoint",
    about: "One request, or a journey of `steps`.",
    what: "an endpoint",
    example: "{ name: list_orders, weight: 2, get: /orders }",
    keys: &[
        keys! {
            /// Its name in reports; unique.
            name required: NAME, "title label";
            /// Share of the draw, relative to the other endpoints; 0 leaves it out. Default: 1.
            weight: Type::Number, "priority ratio";
            /// Requests done in order; a failed one ends the journey.
            steps: Type::List(&Type::Block(&STEP), 1), "requests flow";
        },
        REQUEST,
    ],
    rule: Rule::OneOf(METHODS_OR_STEPS, ONE_BODY),
    advice: &[
        REQUEST_ADVICE,
        &[
            (
                "on_start",
                "the scenario names those endpoints at its top: `on_start: [log_in]`",
            ),
            (
                "wait sleep pause think",
                "`think` stands at the top of the scenario, or in a step",
            ),
        ],
    ],
};

pub(crate) static STEP: Shape = Shape {
    name: "Step",
    about: "One request of a journey.",
    what: "a step",
    example: "{ name: add_to_cart, post: /cart, json: { item: 7 } }",
    keys: &[
        keys! {
            /// Its name in reports; unique in the journey. Default: method and path.
            name: NAME, "title label";
            /// A condition over data and captures, `"{{ }}"` not needed; the step is left out where it is false.
            if: TEXT, "when condition";
            /// How often it is done. Default: 1.
            repeat: Type::Whole(1, Some(10_000)), "loop count";
            /// The pause after it. Default: none.
            think: Type::Block(&STEP_THINK), "wait sleep pause";
        },
        REQUEST,
    ],
    rule: Rule::OneOf(METHODS, ONE_BODY),
    advice: &[
        REQUEST_ADVICE,
        &[
            ("wait sleep pause", "write `think: { constant: 1s }`"),
            (
                "weight",
                "only endpoints are drawn by weight; a step is done each time",
            ),
        ],
    ],
};

pub(crate) static PART: Shape = Shape {
    name: "Part",
    about: "One part of a multipart body: a text or a file.",
    what: "a part of `multipart`",
    example: "photo: { file: cat.jpg, content_type: image/jpeg }",
    keys: &[keys! {
        /// A text.
        text: TEXT, "value";
        /// A file sent as it stands.
        file: FILE, "path";
        /// Its media type.
        content_type: TEXT, "type";
        /// The file name told to the server. Default: that of the file.
        filename: TEXT, "name";
    }],
    rule: Rule::OneOf(&["text", "file"], "{}"),
    advice: &[],
};

pub(crate) static CAPTURE: Shape = Shape {
    name: "Capture",
    about: "A value taken from a response: where to look, and the name it gets.",
    what: "a capture",
    example: "{ json: \"$.id\", as: order_id }",
    keys: &[keys! {
        /// A JSONPath in the body.
        json: Type::Such(&Type::String, &["$.data[*].id"]), "jsonpath json_path";
        /// A regular expression: over the body, or over what `json`, `header` or `cookie` found. Its first group counts, or the
        /// whole match.
        regex: Type::String, "regexp match";
        /// A response header.
        header: Type::String;
        /// A cookie that the response sets.
        cookie: Type::String;
        /// Which of several. Default: first.
        pick: Type::Word(words::<Pick>);
        /// A captured pool of `data`, or a name for the later steps of the journey.
        as required: NAME, "name into to save_as";
        /// Whether finding nothing is a failure. Default: false.
        required: Type::Boolean, "strict";
    }],
    rule: Rule::Other(
        r#"{ "oneOf": [
            { "required": ["json"] }, { "required": ["header"] }, { "required": ["cookie"] },
            {
                "required": ["regex"],
                "not": { "anyOf": [{ "required": ["json"] }, { "required": ["header"] }, { "required": ["cookie"] }] }
            }
        ] }"#,
    ),
    advice: &[],
};

pub(crate) static EXPECT: Shape = Shape {
    name: "Expect",
    about: "What must hold for the response. Default: a status below 400.",
    what: "`expect`",
    example: "expect: { status: [200, 201], within: 2s }",
    keys: &[keys! {
        /// Any of these: 200, "<400", "2xx", "200-299".
        status: Type::OneOrMore(&STATUS, 1), "status_code code";
        /// Each header named: its whole value, or a check.
        header: Type::Map(&Type::Either(&TEXT, &Type::Block(&CHECK))), "headers hdrs";
        /// Each JSONPath has this value.
        json: Type::Map(&ANYTHING), "jsonpath";
        /// A check of the body as text.
        body: Type::Block(&CHECK), "contains matches";
        /// Longest response time.
        within: DURATION, "max_time timeout";
    }],
    rule: Rule::None,
    advice: &[&[
        ("contains", "write `body: { contains: \"…\" }`"),
        ("matches", "write `body: { matches: \"…\" }`"),
    ]],
};

pub(crate) static CHECK: Shape = Shape {
    name: "Check",
    about: "What must hold for a text: all that is written.",
    what: "a check of text",
    example: "body: { contains: \"ok\" }",
    keys: &[keys! {
        /// Contains each of these.
        contains: TEXTS, "includes has";
        /// Each of these regular expressions matches somewhere.
        matches: TEXTS, "regex match";
    }],
    rule: Rule::Some,
    advice: &[],
};

pub(crate) static STAGE: Shape = Shape {
    name: "Stage",
    about: "A level of load: a linear ramp from the level before, then a hold.",
    what: "a stage",
    example: "{ users: 10, ramp: 5s, hold: 60s }",
    keys: &[keys! {
        /// How many users.
        users: Type::Whole(0, Some(1_000_000)), "vus target count concurrency";
        /// How many arrivals, whatever the answers take.
        rate: RATE, "rps arrival_rate arrivals";
        /// From the level before to this one. Default: at once.
        ramp: DURATION, "spawn_rate ramp_up rampup";
        /// At this level: so long, or until its throughput is known.
        hold: Type::Either(&DURATION, &Type::Block(&HOLD)), "duration for time";
    }],
    rule: Rule::OneOf(
        &["users", "rate"],
        r#"{ "anyOf": [{ "required": ["ramp"] }, { "required": ["hold"] }] }"#,
    ),
    advice: &[&[("spawn_rate", "write how long the ramp takes: `ramp: 5s`")]],
};

pub(crate) static HOLD: Shape = Shape {
    name: "UntilSteady",
    about: "Holds until the warm-up is over and the 95 % interval of the throughput is narrow enough.",
    what: "`hold`",
    example: "hold: { until: steady, at_least: 60s, at_most: 15m }",
    keys: &[keys! {
        /// What ends it.
        until required: Type::Word(words::<Until>);
        /// Not shorter than this. Default: 60s.
        at_least: DURATION, "min minimum";
        /// Not longer than this. Default: 15m.
        at_most: DURATION, "max maximum";
        /// Width of the interval as a share of the throughput. Default: 5%.
        within: SHARE, "width tolerance";
    }],
    rule: Rule::None,
    advice: &[],
};

pub(crate) static STOP_AFTER: Shape = Shape {
    name: "StopAfter",
    about: "Ends the run early: after so many requests, or iterations.",
    what: "`stop_after`",
    example: "stop_after: { requests: 1000 }",
    keys: &[keys! {
        /// After so many requests.
        requests: POSITIVE;
        /// After so many iterations.
        iterations: POSITIVE;
    }],
    rule: Rule::One,
    advice: &[],
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
