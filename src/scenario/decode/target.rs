//! The `target` block.

use std::net::IpAddr;

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::model::{Auth, Target, Tls, Transport};
use super::super::span::{Spanned, Text};
use super::super::yaml::{Kind, Node};
use super::fields::Fields;
use super::leaf;
use super::shapes;

/// In place of a URL that could not be read: one to which any path can be appended.
const SOME_URL: &str = "https://target.invalid/";

/// The target; partial, with errors told, where it could not be read.
pub(super) fn target(out: &mut Diagnostics, fields: &Fields<'_>) -> Target {
    let url = fields.need(out, "url", leaf::text, "a URL");
    let target = Target {
        span: fields.span,
        auth: fields.read(out, "auth", auth),
        tls: fields.read(out, "tls", tls).unwrap_or_default(),
        timeout: fields.read_as(out, "timeout", leaf::positive_duration, "a timeout"),
        pool_size: fields.read_as(out, "pool_size", leaf::positive_count, "`pool_size`"),
        connections: fields.read(out, "connections", leaf::choice),
        on_stale: fields.read(out, "on_stale", leaf::choice),
        redirects: fields.read(out, "redirects", redirects),
        cookies: fields.read(out, "cookies", leaf::boolean),
        compression: fields.read(out, "compression", leaf::boolean),
        headers: leaf::pairs(
            out,
            fields.optional("headers"),
            "a mapping of headers",
            "headers: { x-team: load }",
        ),
        http2: fields.read(out, "http2", leaf::boolean),
        proxy: fields.read_as(out, "proxy", leaf::text, "the URL of a proxy"),
        max_body: fields.read(out, "max_body", leaf::size),
        transport: fields.read(out, "transport", leaf::choice),
        source_addresses: fields
            .optional("source_addresses")
            .map(|node| addresses(out, node))
            .unwrap_or_default(),
        url: url.unwrap_or_else(|| Text::unread(SOME_URL, fields.span)),
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
    let (kind, _, value) = fields.only_one(out)?;
    // In place of what could not be read: right for a user, a password, an id and an address relative to the target.
    let some = |text: Option<Text>| text.unwrap_or_else(|| Text::unread("", value.span));
    let auth = match kind {
        "basic" => {
            let fields = Fields::new(out, value, &shapes::BASIC)?;
            let user = fields.need(out, "user", leaf::text, "a user name");
            let password = fields.need(out, "password", leaf::text, "a password");
            Auth::Basic {
                user: some(user),
                password: some(password),
            }
        }
        "bearer" => Auth::Bearer(leaf::text(out, value, "a token")?),
        _ => {
            let fields = Fields::new(out, value, &shapes::OAUTH2)?;
            let token_url = fields.need(out, "token_url", leaf::text, "a URL");
            let id = fields.need(out, "client_id", leaf::text, "a client id");
            let secret = fields.need(out, "client_secret", leaf::text, "a secret");
            let scope = fields.read_as(out, "scope", leaf::text, "scopes in one text");
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
        verify: fields.read(out, "verify", leaf::boolean),
        ca_file: fields.read(out, "ca_file", leaf::file_name),
        client_cert: fields.read(out, "client_cert", leaf::file_name),
        client_key: fields.read(out, "client_key", leaf::file_name),
        server_name: fields.read_as(out, "server_name", leaf::text, "a host name"),
    })
}
