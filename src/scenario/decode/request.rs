//! Endpoints, steps, requests, bodies, captures and expectations.

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::model::{
    Body, Capture, Endpoint, Expect, Extract, Json, Method, Part, PartContent, Pick, Request, Step,
    TextCheck, Work,
};
use super::super::span::{Span, Spanned, Text};
use super::super::yaml::{Kind, Node};
use super::fields::Fields;
use super::leaf;
use super::{empty, load, shapes, unique};

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
const METHODS_OR_STEPS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "steps",
];
const BODIES: [&str; 5] = ["json", "form", "body", "body_file", "multipart"];

pub(super) fn endpoints(out: &mut Diagnostics, node: &Node) -> Vec<Endpoint> {
    let example = "endpoints: [ { name: list_orders, get: /orders } ]";
    let Some(items) = leaf::list(out, node, "a list of endpoints", example) else {
        return Vec::new();
    };
    if items.is_empty() {
        let help = "write at least one: `- { name: home, get: / }`";
        empty(out, node, "`endpoints` is empty: there is nothing to send", help);
    }
    let endpoints: Vec<Endpoint> = items.iter().filter_map(|item| endpoint(out, item)).collect();
    unique(out, endpoints.iter().map(|endpoint| &endpoint.name), "endpoints");
    endpoints
}

fn endpoint(out: &mut Diagnostics, node: &Node) -> Option<Endpoint> {
    let fields = Fields::new(out, node, &shapes::ENDPOINT)?;
    let name = fields
        .required(out, "name")
        .and_then(|node| leaf::plain_text(out, node, "a name"));
    let weight = fields.optional("weight").and_then(|node| leaf::weight(out, node));
    let work = fields.one_of(out, &METHODS_OR_STEPS).and_then(|(key, value)| {
        if key.value == "steps" {
            Some(journey(out, &fields, value))
        } else {
            request(out, &fields).map(Box::new).map(Work::Request)
        }
    });
    Some(Endpoint {
        name: name?,
        weight,
        work: work?,
        span: fields.span,
    })
}

fn journey(out: &mut Diagnostics, fields: &Fields<'_>, node: &Node) -> Work {
    for key in ["query", "headers", "capture", "expect", "timeout"]
        .into_iter()
        .chain(BODIES)
    {
        fields.only_with(out, key, false, "it belongs to a step");
    }
    let steps = steps(out, node, "steps");
    if steps.is_empty() && matches!(&node.kind, Kind::List(items) if items.is_empty()) {
        let help = "write at least one: `- { name: log_in, post: /login }`";
        empty(out, node, "`steps` is empty: there is nothing to send", help);
    }
    Work::Journey(steps)
}

/// The steps of a journey, of `setup` or of `teardown`.
pub(super) fn steps(out: &mut Diagnostics, node: &Node, what: &str) -> Vec<Step> {
    let example = format!("{what}: [ {} ]", shapes::STEP.example);
    let items = leaf::list(out, node, "a list of steps", &example).unwrap_or_default();
    let steps: Vec<Step> = items.iter().filter_map(|item| step(out, item)).collect();
    unique(out, steps.iter().filter_map(|step| step.name.as_ref()), "steps");
    steps
}

fn step(out: &mut Diagnostics, node: &Node) -> Option<Step> {
    let fields = Fields::new(out, node, &shapes::STEP)?;
    let name = fields
        .optional("name")
        .and_then(|node| leaf::plain_text(out, node, "a name"));
    let condition = fields
        .optional("if")
        .and_then(|node| leaf::text(out, node, "a condition"));
    let repeat = fields.optional("repeat").and_then(|node| leaf::count(out, node));
    let think = fields
        .optional("think")
        .and_then(|node| load::think(out, node, false));
    let request = request(out, &fields)?;
    Some(Step {
        name,
        condition,
        repeat,
        think,
        request,
        span: fields.span,
    })
}

fn request(out: &mut Diagnostics, fields: &Fields<'_>) -> Option<Request> {
    // For an endpoint `steps` beside a method was told already.
    let chosen = match fields.among(&METHODS).as_slice() {
        [only] => Some(*only),
        _ => fields.one_of(out, &METHODS),
    };
    let request = chosen.and_then(|(key, value)| {
        let method = Method::ALL.into_iter().find(|method| method.key() == key.value)?;
        Some((Spanned::new(method, key.span), path(out, value)?))
    });
    let body = body(out, fields);
    if let (Some(body), Some((method, _))) = (&body, &request)
        && matches!(method.value, Method::Get | Method::Head)
    {
        out.push(
            Diagnostic::warning(
                body.span,
                format!("a {} request with a body", method.value.as_str()),
            )
            .also(method.span, "the method")
            .help("most servers ignore it; write `query` for parameters, or `post` for the method"),
        );
    }
    if let Some(Body::Json(Json::String(text))) = body.as_ref().map(|body| &body.value)
        && text.text.trim_start().starts_with(['{', '['])
        && !text.text.trim_start().starts_with("{{")
    {
        out.push(
            Diagnostic::warning(
                text.span,
                "this sends one JSON text, quotes and all, not an object or a list",
            )
            .help("write the JSON without quotes around it, or `body` in place of `json`"),
        );
    }
    let query = leaf::pairs(
        out,
        fields.optional("query"),
        "a mapping of parameters",
        "query: { page: 1 }",
    );
    let headers = leaf::pairs(
        out,
        fields.optional("headers"),
        "a mapping of headers",
        "headers: { accept: text/html }",
    );
    let captures = fields
        .optional("capture")
        .map(|node| captures(out, node))
        .unwrap_or_default();
    let expect = fields.optional("expect").and_then(|node| expect(out, node));
    let timeout = fields
        .optional("timeout")
        .and_then(|node| leaf::positive_duration(out, node, "a timeout"));
    let (method, path) = request?;
    Some(Request {
        method,
        path,
        query,
        headers,
        body,
        captures,
        expect,
        timeout,
    })
}

fn path(out: &mut Diagnostics, node: &Node) -> Option<Text> {
    if node.is_null() {
        let place = Span {
            start: node.span.start.saturating_sub(1),
            ..node.span
        };
        out.push(
            Diagnostic::error(place, "expected a path, found nothing")
                .help("write `\"\"` for the target's URL itself, or a path such as `/orders`"),
        );
        return None;
    }
    leaf::text(out, node, "a path such as `/orders`")
}

fn body(out: &mut Diagnostics, fields: &Fields<'_>) -> Option<Spanned<Body>> {
    let (key, node) = match fields.among(&BODIES).as_slice() {
        [] => return None,
        _ => fields.one_of(out, &BODIES)?,
    };
    let body = match key.value.as_str() {
        "json" => Body::Json(leaf::json(node)),
        "form" => Body::Form(leaf::pairs(
            out,
            Some(node),
            "a mapping of form fields",
            "form: { name: Ann }",
        )),
        "body" => Body::Text(leaf::text(out, node, "a text (for JSON write `json`)")?),
        "body_file" => Body::File(leaf::file_name(out, node)?),
        _ => Body::Multipart(parts(out, node)?),
    };
    Some(Spanned::new(body, key.span))
}

fn parts(out: &mut Diagnostics, node: &Node) -> Option<Vec<Part>> {
    let entries = leaf::mapping(
        out,
        node,
        "a mapping of parts",
        "multipart: { note: hello, photo: { file: cat.jpg } }",
    )?;
    Some(
        entries
            .iter()
            .filter_map(|(name, node)| part(out, name, node))
            .collect(),
    )
}

fn part(out: &mut Diagnostics, name: &Spanned<String>, node: &Node) -> Option<Part> {
    if let Kind::Scalar(_) = node.kind {
        let text = leaf::text(out, node, "a text, or a mapping with `file`")?;
        return Some(Part {
            name: name.clone(),
            content: PartContent::Text(text),
            content_type: None,
            filename: None,
        });
    }
    let fields = Fields::new(out, node, &shapes::PART)?;
    let (key, value) = fields.one_of(out, &["text", "file"])?;
    let content = match key.value.as_str() {
        "text" => PartContent::Text(leaf::text(out, value, "a text")?),
        _ => PartContent::File(leaf::file_name(out, value)?),
    };
    Some(Part {
        name: name.clone(),
        content,
        content_type: fields
            .optional("content_type")
            .and_then(|node| leaf::text(out, node, "a media type")),
        filename: fields
            .optional("filename")
            .and_then(|node| leaf::text(out, node, "a file name")),
    })
}

fn captures(out: &mut Diagnostics, node: &Node) -> Vec<Capture> {
    let example = "capture: [ { json: \"$.id\", as: order_id } ]";
    if let Kind::Map(_) = node.kind {
        out.push(
            Diagnostic::error(node.span, "`capture` is a list, found a mapping")
                .help(format!("for example: {example}")),
        );
        return Vec::new();
    }
    let items = leaf::list(out, node, "a list of captures", example).unwrap_or_default();
    items.iter().filter_map(|item| capture(out, item)).collect()
}

fn capture(out: &mut Diagnostics, node: &Node) -> Option<Capture> {
    let fields = Fields::new(out, node, &shapes::CAPTURE)?;
    let into = fields
        .required(out, "as")
        .and_then(|node| leaf::plain_text(out, node, "a name"));
    let regex = fields
        .optional("regex")
        .and_then(|node| leaf::plain_text(out, node, "a regular expression"));
    let other = fields.among(&["json", "header", "cookie"]);
    let (from, regex) = if other.is_empty() && fields.optional("regex").is_some() {
        (regex.map(Extract::Regex), None)
    } else {
        let from = if other.is_empty() {
            fields.one_of(out, &["json", "regex", "header", "cookie"])
        } else {
            fields.one_of(out, &["json", "header", "cookie"])
        };
        let from = from.and_then(|(key, value)| {
            let text = leaf::plain_text(out, value, "a text")?;
            Some(match key.value.as_str() {
                "json" => Extract::Json(text),
                "header" => Extract::Header(text),
                _ => Extract::Cookie(text),
            })
        });
        (from, regex)
    };
    let words = [
        ("first", Pick::First),
        ("last", Pick::Last),
        ("random", Pick::Random),
        ("all", Pick::All),
    ];
    let pick = fields
        .optional("pick")
        .and_then(|node| leaf::choice(out, node, &words));
    let required = fields
        .optional("required")
        .and_then(|node| leaf::boolean(out, node));
    Some(Capture {
        from: from?,
        regex,
        pick,
        into: into?,
        required,
        span: fields.span,
    })
}

fn expect(out: &mut Diagnostics, node: &Node) -> Option<Expect> {
    let fields = Fields::new(out, node, &shapes::EXPECT)?;
    let status = fields
        .optional("status")
        .map(|node| statuses(out, node))
        .unwrap_or_default();
    let mut header = Vec::new();
    if let Some(node) = fields.optional("header") {
        let entries = leaf::mapping(
            out,
            node,
            "a mapping of headers",
            "header: { content-type: application/json }",
        );
        for (name, node) in entries.unwrap_or_default() {
            header.extend(check(out, node, true).map(|check| (name.clone(), check)));
        }
    }
    let json = fields.optional("json").and_then(|node| {
        leaf::mapping(
            out,
            node,
            "a mapping of JSONPaths to values",
            "json: { \"$.status\": open }",
        )
    });
    let json = json
        .unwrap_or_default()
        .iter()
        .map(|(path, node)| (path.clone(), leaf::json(node)))
        .collect();
    let body = fields.optional("body").and_then(|node| check(out, node, false));
    let within = fields
        .optional("within")
        .and_then(|node| leaf::positive_duration(out, node, "`within`"));
    Some(Expect {
        status,
        header,
        json,
        body,
        within,
        span: fields.span,
    })
}

fn statuses(out: &mut Diagnostics, node: &Node) -> Vec<Spanned<String>> {
    let items = leaf::one_or_list(node);
    if items.is_empty() {
        empty(
            out,
            node,
            "`status` is empty: no response could pass",
            "write `status: [200, 201]`, say",
        );
    }
    items
        .iter()
        .filter_map(|item| leaf::plain_text(out, item, "a status such as `200`, `<400` or `2xx`"))
        .collect()
}

/// A check of a text. A bare text means equality where `equality` is allowed.
fn check(out: &mut Diagnostics, node: &Node, equality: bool) -> Option<TextCheck> {
    if let Kind::Scalar(_) = node.kind {
        let equals = leaf::text(out, node, "a text, or a mapping with `contains` or `matches`")?;
        if !equality {
            out.push(
                Diagnostic::error(node.span, "`body` says how the text is compared")
                    .help("write `body: { contains: \"…\" }` or `body: { matches: \"…\" }`"),
            );
            return None;
        }
        return Some(TextCheck {
            equals: Some(equals),
            ..TextCheck::default()
        });
    }
    let fields = Fields::new(out, node, &shapes::CHECK)?;
    let contains = fields
        .optional("contains")
        .map(leaf::one_or_list)
        .unwrap_or_default();
    let matches = fields
        .optional("matches")
        .map(leaf::one_or_list)
        .unwrap_or_default();
    if contains.is_empty() && matches.is_empty() {
        fields.one_of(out, shapes::CHECK.keys);
    }
    Some(TextCheck {
        equals: None,
        contains: contains
            .iter()
            .filter_map(|item| leaf::text(out, item, "a text"))
            .collect(),
        matches: matches
            .iter()
            .filter_map(|item| leaf::plain_text(out, item, "a regular expression"))
            .collect(),
    })
}
