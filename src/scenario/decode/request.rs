//! Endpoints, steps, requests, bodies, captures and expectations.

use http::Method;

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::model::{
    Body, Capture, Endpoint, Expect, Extract, Json, Part, PartContent, Request, Step, TextCheck, Work,
};
use super::super::span::{Span, Spanned, Text};
use super::super::yaml::{Kind, Node};
use super::fields::{Chosen, Fields};
use super::leaf;
use super::shape::Shape;
use super::{empty, load, shapes, unique};

pub(super) fn endpoints(out: &mut Diagnostics, node: &Node) -> Vec<Endpoint> {
    let example = "endpoints: [ { name: list_orders, get: /orders } ]";
    let Some(items) = leaf::list(out, node, "a list of endpoints", example) else {
        return vec![unread_endpoint(out, node.span)];
    };
    if items.is_empty() {
        let help = "write at least one: `- { name: home, get: / }`";
        empty(out, node, "`endpoints` is empty: there is nothing to send", help);
        return vec![unread_endpoint(out, node.span)];
    }
    let endpoints = each(out, items, &shapes::ENDPOINT, endpoint);
    unique(out, endpoints.iter().map(|endpoint| &endpoint.name), "endpoints");
    endpoints
}

/// The items of a list, each read as a mapping of this shape.
fn each<T>(
    out: &mut Diagnostics,
    items: &[Node],
    shape: &'static Shape,
    read: impl Fn(&mut Diagnostics, &Fields<'_>) -> T,
) -> Vec<T> {
    let one = |item| {
        let fields = Fields::or_unread(out, item, shape);
        read(out, &fields)
    };
    items.iter().map(one).collect()
}

/// In place of an endpoint that could not be read: it may have any name and capture anything.
pub(super) fn unread_endpoint(out: &mut Diagnostics, span: Span) -> Endpoint {
    endpoint(out, &Fields::unread(span, &shapes::ENDPOINT))
}

fn endpoint(out: &mut Diagnostics, fields: &Fields<'_>) -> Endpoint {
    let name = fields.need(out, "name", leaf::plain_text, "a name");
    let weight = fields.read(out, "weight", leaf::weight);
    let chosen = fields.one_of(out, shapes::METHODS_OR_STEPS);
    let steps = fields.among(&["steps"]);
    let work = match chosen {
        Some(("steps", _, value)) => {
            journey_keys(out, fields);
            journey(out, value)
        }
        // One too many, which was told: the steps have the names that others speak of.
        Some(_) if !steps.is_empty() => journey(out, steps[0].2),
        chosen => Work::Request(Box::new(request(out, fields, chosen))),
    };
    Endpoint {
        name: name.unwrap_or(Spanned::unread(fields.span)),
        weight,
        work,
    }
}

fn journey_keys(out: &mut Diagnostics, fields: &Fields<'_>) {
    for key in ["query", "headers", "capture", "expect", "timeout"]
        .into_iter()
        .chain(shapes::BODIES.iter().copied())
    {
        fields.only_with(out, key, false, "it belongs to a step");
    }
}

fn journey(out: &mut Diagnostics, node: &Node) -> Work {
    let mut steps = steps(out, node, "steps");
    if steps.is_empty() {
        steps.push(unread_step(out, node.span));
        let help = "write at least one: `- { name: log_in, post: /login }`";
        empty(out, node, "`steps` is empty: there is nothing to send", help);
    }
    Work::Journey(steps)
}

/// The steps of `setup` or of `teardown`.
pub(super) fn once(out: &mut Diagnostics, fields: &Fields<'_>, key: &'static str) -> Vec<Step> {
    fields
        .optional(key)
        .map(|node| steps(out, node, key))
        .unwrap_or_default()
}

/// The steps of a journey, of `setup` or of `teardown`.
fn steps(out: &mut Diagnostics, node: &Node, what: &str) -> Vec<Step> {
    let example = format!("{what}: [ {} ]", shapes::STEP.example);
    let Some(items) = leaf::list(out, node, "a list of steps", &example) else {
        return vec![unread_step(out, node.span)];
    };
    let steps = each(out, items, &shapes::STEP, step);
    unique(out, steps.iter().filter_map(|step| step.name.as_ref()), "steps");
    steps
}

/// In place of a step that could not be read.
fn unread_step(out: &mut Diagnostics, span: Span) -> Step {
    step(out, &Fields::unread(span, &shapes::STEP))
}

fn step(out: &mut Diagnostics, fields: &Fields<'_>) -> Step {
    let mut name = fields
        .optional("name")
        .map(|node| leaf::plain_text(out, node, "a name").unwrap_or(Spanned::unread(node.span)));
    let condition = fields.read_as(out, "if", leaf::text, "a condition");
    let repeat = fields.read(out, "repeat", leaf::count);
    let think = fields.read(out, "think", |out, node| {
        load::think(out, node, &shapes::STEP_THINK)
    });
    let chosen = match fields.lonely("think") {
        Some(key) => out.fail(
            Diagnostic::error(key, "a pause is no step of its own")
                .help("write it into the step before it: `- { get: /cart, think: { constant: 1s } }`"),
        ),
        None => fields.one_of(out, shapes::METHODS),
    };
    // Without a name it is called after its path, which has to be readable then.
    if name.is_none()
        && chosen.is_none_or(|(_, _, path)| !matches!(path.kind, Kind::Scalar(_)) || path.is_null())
    {
        name = Some(Spanned::unread(fields.span));
    }
    let request = request(out, fields, chosen);
    Step {
        name,
        condition,
        repeat,
        think,
        request,
        span: fields.span,
    }
}

/// A request whose method and path are `chosen`, or could not be read, which was told.
fn request(out: &mut Diagnostics, fields: &Fields<'_>, chosen: Option<Chosen<'_>>) -> Request {
    let method = chosen.and_then(|(name, key, _)| {
        let method = Method::from_bytes(name.to_uppercase().as_bytes()).ok()?;
        Some(Spanned::new(method, key.span))
    });
    let path = chosen.and_then(|(_, _, node)| path(out, node));
    let body = body(out, fields);
    if let (Some(body), Some(method)) = (&body, &method)
        && [Method::GET, Method::HEAD].contains(&method.value)
    {
        out.push(
            Diagnostic::warning(body.span, format!("a {} request with a body", method.value))
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
    let in_path = chosen.is_some_and(|(_, _, path)| matches!(path.kind, Kind::Map(_)));
    let captures = match fields.optional("capture") {
        Some(node) => captures(out, node),
        None if in_path || fields.may_hold("capture") => vec![unread_capture(out, fields.span)],
        None => Vec::new(),
    };
    let expect = fields.read(out, "expect", expect);
    let timeout = fields.read_as(out, "timeout", leaf::positive_duration, "a timeout");
    Request {
        method: method.unwrap_or(Spanned::new(Method::GET, fields.span)),
        // In place of a path that could not be read: the target's own.
        path: path.unwrap_or_else(|| Text::unread("", fields.span)),
        query,
        headers,
        body,
        captures,
        expect,
        timeout,
    }
}

fn path(out: &mut Diagnostics, node: &Node) -> Option<Text> {
    if node.is_null() {
        let place = Span {
            start: node.span.start.saturating_sub(1),
            ..node.span
        };
        return out.fail(
            Diagnostic::error(place, "expected a path, found nothing")
                .help("write `\"\"` for the target's URL itself, or a path such as `/orders`"),
        );
    }
    if matches!(node.kind, Kind::Map(_)) {
        return out.fail(
            Diagnostic::error(node.span, "expected a path such as `/orders`, found a mapping")
                .help("the path is the value: `get: /orders`; `query`, `headers`, `json`, `capture` and `expect` are keys beside it"),
        );
    }
    leaf::text(out, node, "a path such as `/orders`")
}

fn body(out: &mut Diagnostics, fields: &Fields<'_>) -> Option<Spanned<Body>> {
    let (kind, key, node) = match fields.among(shapes::BODIES).as_slice() {
        [] => fields.meant(shapes::BODIES)?,
        _ => fields.one_of(out, shapes::BODIES)?,
    };
    let body = match kind {
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
    let (kind, _, value) = fields.one_of(out, &["text", "file"])?;
    let content = match kind {
        "text" => PartContent::Text(leaf::text(out, value, "a text")?),
        _ => PartContent::File(leaf::file_name(out, value)?),
    };
    Some(Part {
        name: name.clone(),
        content,
        content_type: fields.read_as(out, "content_type", leaf::text, "a media type"),
        filename: fields.read_as(out, "filename", leaf::text, "a file name"),
    })
}

fn captures(out: &mut Diagnostics, node: &Node) -> Vec<Capture> {
    let example = "capture: [ { json: \"$.id\", as: order_id } ]";
    if let Kind::Map(_) = node.kind {
        out.push(
            Diagnostic::error(node.span, "`capture` is a list, found a mapping")
                .help(format!("for example: {example}")),
        );
        return each(out, std::slice::from_ref(node), &shapes::CAPTURE, capture);
    }
    match leaf::list(out, node, "a list of captures", example) {
        Some(items) => each(out, items, &shapes::CAPTURE, capture),
        None => vec![unread_capture(out, node.span)],
    }
}

/// In place of a capture that could not be read: it may have any name.
fn unread_capture(out: &mut Diagnostics, span: Span) -> Capture {
    capture(out, &Fields::unread(span, &shapes::CAPTURE))
}

fn capture(out: &mut Diagnostics, fields: &Fields<'_>) -> Capture {
    let into = fields.need(out, "as", leaf::plain_text, "a name");
    let regex = fields.read_as(out, "regex", leaf::plain_text, "a regular expression");
    let other = fields.among(&["json", "header", "cookie"]);
    let (from, regex) = if other.is_empty() && fields.optional("regex").is_some() {
        (regex.map(Extract::Regex), None)
    } else {
        let from = if other.is_empty() {
            fields.one_of(out, &["json", "regex", "header", "cookie"])
        } else {
            fields.one_of(out, &["json", "header", "cookie"])
        };
        let from = from.and_then(|(kind, _, value)| {
            let text = leaf::plain_text(out, value, "a text")?;
            Some(match kind {
                "json" => Extract::Json(text),
                "header" => Extract::Header(text),
                _ => Extract::Cookie(text),
            })
        });
        (from, regex)
    };
    Capture {
        // In place of what could not be read: a cookie may have any name.
        from: from.unwrap_or(Extract::Cookie(Spanned::unread(fields.span))),
        regex,
        pick: fields.read(out, "pick", leaf::choice),
        into: into.unwrap_or(Spanned::unread(fields.span)),
        required: fields.read(out, "required", leaf::boolean),
    }
}

fn expect(out: &mut Diagnostics, node: &Node) -> Option<Expect> {
    if let Some(statuses) = bare_statuses(node) {
        return out.fail(
            Diagnostic::error(
                node.span,
                format!("`expect` is a mapping, found {}", leaf::found(node)),
            )
            .help("for the status write")
            .replace(node.span, format!("{{ status: {statuses} }}")),
        );
    }
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
    let json = fields.read(out, "json", |out, node| {
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
    let body = fields.read(out, "body", |out, node| check(out, node, false));
    let within = fields.read_as(out, "within", leaf::positive_duration, "`within`");
    Some(Expect {
        status,
        header,
        json,
        body,
        within,
    })
}

/// `expect: 200` and `expect: [200, 201]`: the statuses as a value of `status`.
fn bare_statuses(node: &Node) -> Option<String> {
    let status = |node: &Node| match &node.kind {
        Kind::Scalar(text) if text.text.len() == 3 && text.text.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(text.text.clone())
        }
        _ => None,
    };
    match &node.kind {
        Kind::List(items) if !items.is_empty() => {
            let statuses: Option<Vec<_>> = items.iter().map(status).collect();
            statuses.map(|statuses| format!("[{}]", statuses.join(", ")))
        }
        _ => status(node),
    }
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
            return out.fail(
                Diagnostic::error(node.span, "`body` says how the text is compared")
                    .help("write `body: { contains: \"…\" }` or `body: { matches: \"…\" }`"),
            );
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
        fields.only_one(out);
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
