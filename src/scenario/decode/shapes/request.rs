//! Endpoints, steps, requests, captures and expectations.

use super::scalars::{ANYTHING, DURATION, FILE, NAME, STATUS, TEXT, TEXTS};
use super::{Key, Rule, STEP_THINK, Shape, Type, advice, keys, words};
use crate::scenario::model::Pick;

/// The keys that say how a request is sent; exactly one.
pub(crate) const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
/// The same for an endpoint, which may have steps.
pub(crate) const METHODS_OR_STEPS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "head", "options", "steps",
];
/// The keys that say what is sent; one at most.
pub(crate) const BODIES: &[&str] = &["json", "form", "body", "body_file", "multipart"];

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
const REQUEST_ADVICE: &[(&str, &str)] = advice! {
    "method url path": "the method is the key and the path its value: `get: /orders`";
    "auth": "`auth` stands in `target`; for one request write its header: `headers: { authorization: … }`";
    "status": "write `expect: { status: 200 }`";
};

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
        advice! {
            "on_start": "the scenario names those endpoints at its top: `on_start: [log_in]`";
            "wait sleep pause think": "`think` stands at the top of the scenario, or in a step";
        },
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
            /// A condition over data and captures, `"{{ }}"` not needed, asked before each repetition; the step is left out where
            /// it is false, or names a value that there is not.
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
        advice! {
            "wait sleep pause": "write `think: { constant: 1s }`";
            "weight": "only endpoints are drawn by weight; a step is done each time";
        },
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
    advice: &[advice! {
        "contains": "write `body: { contains: \"…\" }`";
        "matches": "write `body: { matches: \"…\" }`";
    }],
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
