//! The `target` block.

use std::net::IpAddr;

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::model::{Auth, Connections, OnStale, Target, Tls, Transport};
use super::super::span::{Span, Spanned, Text};
use super::super::yaml::{Kind, Node};
use super::fields::Fields;
use super::leaf;
use super::shapes;

/// In place of a URL that could not be read: one to which any path can be appended.
const SOME_URL: &str = "https://target.invalid/";

/// The target; partial, with an error told, where it could not be read.
pub(super) fn target(out: &mut Diagnostics, node: &Node) -> Target {
    match Fields::new(out, node, &shapes::TARGET) {
        Some(fields) => of_fields(out, &fields),
        None => unread(node.span),
    }
}

/// In place of a target that could not be read, or is missing.
pub(super) fn unread(span: Span) -> Target {
    of_fields(&mut Diagnostics::new(), &Fields::unread(span, &shapes::TARGET))
}

/// In place of a text that could not be read.
fn some_text(text: &str, span: Span) -> Text {
    Text {
        text: text.to_owned(),
        span,
        exact: false,
        plain: false,
    }
}

fn of_fields(out: &mut Diagnostics, fields: &Fields<'_>) -> Target {
    let url = fields
        .required(out, "url")
        .and_then(|node| leaf::text(out, node, "a URL"));
    let target = Target {
        span: fields.span,
        auth: fields.optional("auth").and_then(|node| auth(out, node)),
        tls: fields
            .optional("tls")
            .and_then(|node| tls(out, node))
            .unwrap_or_default(),
        timeout: fields
            .optional("timeout")
            .and_then(|node| leaf::positive_duration(out, node, "a timeout")),
        pool_size: fields
            .optional("pool_size")
            .and_then(|node| leaf::positive_count(out, node, "`pool_size`")),
        connections: fields
            .optional("connections")
            .and_then(|node| connections(out, node)),
        on_stale: fields.optional("on_stale").and_then(|node| {
            leaf::choice(
                out,
                node,
                &[("fail", OnStale::Fail), ("reconnect", OnStale::Reconnect)],
            )
        }),
        redirects: fields.optional("redirects").and_then(|node| redirects(out, node)),
        cookies: fields
            .optional("cookies")
            .and_then(|node| leaf::boolean(out, node)),
        compression: fields
            .optional("compression")
            .and_then(|node| leaf::boolean(out, node)),
        headers: leaf::pairs(
            out,
            fields.optional("headers"),
            "a mapping of headers",
            "headers: { x-team: load }",
        ),
        http2: fields.optional("http2").and_then(|node| leaf::boolean(out, node)),
        proxy: fields
            .optional("proxy")
            .and_then(|node| leaf::text(out, node, "the URL of a proxy")),
        max_body: fields.optional("max_body").and_then(|node| leaf::size(out, node)),
        transport: fields.optional("transport").and_then(|node| {
            leaf::choice(
                out,
                node,
                &[("direct", Transport::Direct), ("reqwest", Transport::Reqwest)],
            )
        }),
        source_addresses: fields
            .optional("source_addresses")
            .map(|node| addresses(out, node))
            .unwrap_or_default(),
        url: url.unwrap_or_else(|| some_text(SOME_URL, fields.span)),
    };
    transport_conflict(out, fields, &target);
    target
}

/// `transport: direct` beside what only reqwest can do.
fn transport_conflict(out: &mut Diagnostics, fields: &Fields<'_>, target: &Target) {
    let Some(direct) = target
        .transport
        .filter(|transport| transport.value == Transport::Direct)
    else {
        return;
    };
    let http2 = target
        .http2
        .filter(|on| on.value)
        .and_then(|_| fields.key("http2"))
        .map(|span| (span, "HTTP/2"));
    let proxy = fields.key("proxy").map(|span| (span, "a proxy"));
    for (span, what) in http2.into_iter().chain(proxy) {
        out.push(
            Diagnostic::error(direct.span, format!("the direct transport cannot use {what}"))
                .also(span, "asked for here")
                .help("take `transport` out: `reqwest` is taken by itself where it is needed"),
        );
    }
}

fn connections(out: &mut Diagnostics, node: &Node) -> Option<Spanned<Connections>> {
    let words = [
        ("per_user", Connections::PerUser),
        ("shared", Connections::Shared),
        ("per_request", Connections::PerRequest),
    ];
    leaf::choice(out, node, &words)
}

/// A count, or `false` for none and `true` for the usual ten.
fn redirects(out: &mut Diagnostics, node: &Node) -> Option<Spanned<u64>> {
    let word = match &node.kind {
        Kind::Scalar(text) if text.plain => text.text.as_str(),
        _ => "",
    };
    match word {
        "false" => Some(Spanned::new(0, node.span)),
        "true" => Some(Spanned::new(10, node.span)),
        _ => {
            let count = leaf::count(out, node)?;
            if count.value > 100 {
                out.push(Diagnostic::error(
                    node.span,
                    "at most 100 redirects can be followed",
                ));
                return None;
            }
            Some(count)
        }
    }
}

fn addresses(out: &mut Diagnostics, node: &Node) -> Vec<Spanned<IpAddr>> {
    let mut addresses = Vec::new();
    for item in leaf::one_or_list(node) {
        let Some(text) = leaf::plain_text(out, item, "an IP address") else {
            continue;
        };
        match text.value.parse() {
            Ok(address) => addresses.push(Spanned::new(address, text.span)),
            Err(_) => out.push(
                Diagnostic::error(text.span, format!("`{}` is not an IP address", text.value))
                    .help("write one of this machine's addresses, such as `192.0.2.7`"),
            ),
        }
    }
    addresses
}

fn auth(out: &mut Diagnostics, node: &Node) -> Option<Spanned<Auth>> {
    let fields = Fields::new(out, node, &shapes::AUTH)?;
    let (kind, _, value) = fields.one_of(out, shapes::AUTH.keys)?;
    // In place of what could not be read: right for a user, a password, an id and an address relative to the target.
    let some = |text: Option<Text>| text.unwrap_or_else(|| some_text("", value.span));
    let auth = match kind {
        "basic" => {
            let fields = Fields::new(out, value, &shapes::BASIC)?;
            let user = fields
                .required(out, "user")
                .and_then(|node| leaf::text(out, node, "a user name"));
            let password = fields
                .required(out, "password")
                .and_then(|node| leaf::text(out, node, "a password"));
            Auth::Basic {
                user: some(user),
                password: some(password),
            }
        }
        "bearer" => Auth::Bearer(leaf::text(out, value, "a token")?),
        _ => {
            let fields = Fields::new(out, value, &shapes::OAUTH2)?;
            let token_url = fields
                .required(out, "token_url")
                .and_then(|node| leaf::text(out, node, "a URL"));
            let id = fields
                .required(out, "client_id")
                .and_then(|node| leaf::text(out, node, "a client id"));
            let secret = fields
                .required(out, "client_secret")
                .and_then(|node| leaf::text(out, node, "a secret"));
            let scope = fields
                .optional("scope")
                .and_then(|node| leaf::text(out, node, "scopes in one text"));
            Auth::Oauth2ClientCredentials {
                token_url: some(token_url),
                client_id: some(id),
                client_secret: some(secret),
                scope,
            }
        }
    };
    Some(Spanned::new(auth, node.span))
}

fn tls(out: &mut Diagnostics, node: &Node) -> Option<Tls> {
    let fields = Fields::new(out, node, &shapes::TLS)?;
    for (one, other) in [("client_cert", "client_key"), ("client_key", "client_cert")] {
        if let (Some(span), None) = (fields.key(one), fields.key(other)) {
            out.push(
                Diagnostic::error(span, format!("`{one}` needs `{other}` beside it"))
                    .help("a client certificate is two PEM files: the certificate and its key"),
            );
        }
    }
    Some(Tls {
        verify: fields
            .optional("verify")
            .and_then(|node| leaf::boolean(out, node)),
        ca_file: fields
            .optional("ca_file")
            .and_then(|node| leaf::file_name(out, node)),
        client_cert: fields
            .optional("client_cert")
            .and_then(|node| leaf::file_name(out, node)),
        client_key: fields
            .optional("client_key")
            .and_then(|node| leaf::file_name(out, node)),
        server_name: fields
            .optional("server_name")
            .and_then(|node| leaf::text(out, node, "a host name")),
    })
}
