//! One request: where it goes, what it carries.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::Resolver;
use super::expect;
use super::problems::at;
use super::target::Target;
use crate::plan::check::{Capture, Check, JsonPath};
use crate::plan::target::Origin;
use crate::plan::template::{Escape, Scope, Shape, SlotKind, Template};
use crate::plan::{RequestPlan, UrlPlan, words};
use crate::scenario::diagnostics::{Diagnostic, Diagnostics};
use crate::scenario::model::{Pair, Request};
use crate::scenario::span::Text;

/// Headers that say how the message is framed: the transport's own.
const FRAMING: [&str; 5] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
];

impl Resolver<'_> {
    /// A request at a place where the names of `scope` are known.
    pub(super) fn request(
        &mut self,
        written: &Request,
        scope: &Scope,
        target: &Target,
    ) -> Option<RequestPlan> {
        // Every part is looked at before any missing one ends it, so that all problems are told.
        let url = self.url(&written.path, &written.query, scope, target);
        let headers = headers(&written.headers, scope, &mut self.found);
        let body = self.body(written.body.as_ref(), scope);
        let timeout = written
            .timeout
            .as_ref()
            .map_or(target.timeout, |timeout| timeout.value);
        self.tell_late_limit(written, timeout);
        let checks = self.checks(written.expect.as_ref(), scope);
        let captures = self.captures(&written.captures);
        let (body, content_type) = body?;
        let mut headers = merged(&target.headers, headers?);
        if let Some(content_type) = content_type.filter(|_| !has(&headers, &http::header::CONTENT_TYPE)) {
            headers.push((http::header::CONTENT_TYPE, Template::literal(&content_type)));
        }
        let mut plan = RequestPlan {
            method: written.method.value.clone(),
            url: url?,
            headers,
            body,
            timeout,
            checks: checks?,
            captures: captures?,
        };
        let judged = plan.checks.iter_mut().filter_map(Check::path_mut);
        let taken = plan.captures.iter_mut().filter_map(Capture::path_mut);
        JsonPath::share(judged.chain(taken).collect());
        self.names.mark_used(plan.slots());
        Some(plan)
    }

    fn url(&mut self, path: &Text, query: &[Pair], scope: &Scope, target: &Target) -> Option<UrlPlan> {
        let template =
            Template::compile(&path.text, scope, Escape::Path).map_err(|problem| at(path, problem));
        let pairs = pairs(query, scope, Escape::Query, &mut self.found);
        let template = self.found.keep(template)?;
        if template.mentions('#') {
            let message = "what follows `#` is never sent to a server";
            self.found.push(
                Diagnostic::error(path.span, message)
                    .help("leave it out, or write `%23` for the character itself"),
            );
        }
        if template
            .leading_slot()
            .is_some_and(|slot| self.names.is_unread(slot))
        {
            return None;
        }
        if self.is_link(&template, scope, target) {
            if let Some(pair) = query.first().filter(|_| !self.names.has_unread()) {
                let message = "a link that was captured takes no `query`: it may have one of its own";
                self.found.push(
                    Diagnostic::error(pair.key.span, message).help("write the parameters into the path"),
                );
            }
            let whole =
                Template::compile(&path.text, scope, Escape::None).map_err(|problem| at(path, problem));
            return self.found.keep(whole).map(UrlPlan::Whole);
        }
        let written = path;
        let (origin, mut path) = self.found.keep(placed(template, path, target))?;
        let mut separator = if path.mentions('?') || text_before_tags(written).contains('?') {
            "&"
        } else {
            "?"
        };
        for (key, value) in pairs? {
            path = path
                .then(Template::literal(&format!("{separator}{key}=")))
                .then(value);
            separator = "&";
        }
        Some(UrlPlan::Path { origin, path })
    }

    /// A response that is later than the timeout has failed before it can be too late for `within`.
    fn tell_late_limit(&mut self, written: &Request, timeout: Duration) {
        let within = written.expect.as_ref().and_then(|expect| expect.within.as_ref());
        if let Some(within) = within.filter(|within| within.value > timeout) {
            let message = format!(
                "`within` can never fail: the request ends after its timeout of {}",
                words::duration(timeout)
            );
            self.found.push(
                Diagnostic::warning(within.span, message)
                    .help("write a shorter time here, or a longer `timeout`"),
            );
        }
    }

    /// A path that begins with a captured value is a link, unless the target ends in `/`, to which a value may be appended.
    fn is_link(&self, template: &Template, scope: &Scope, target: &Target) -> bool {
        let captured = |slot| {
            matches!(
                self.names.slots.kind(slot),
                SlotKind::Local | SlotKind::Kept | SlotKind::Run
            )
        };
        let any = |slot| {
            scope
                .names
                .values()
                .any(|name| name.slot == slot && matches!(name.shape, Shape::Any))
        };
        !target.base.ends_with('/')
            && template
                .leading_slot()
                .is_some_and(|slot| captured(slot) && any(slot))
    }
}

/// Origin and path of a URL that is written whole, or appended to the target's.
fn placed(
    template: Template,
    text: &Text,
    target: &Target,
) -> Result<(Arc<Origin>, Template), Box<Diagnostic>> {
    let head = template.head();
    if !head.starts_with("http://") && !head.starts_with("https://") {
        return Ok((Arc::clone(&target.home), appended(template, text, target)?));
    }
    let host = head.find("://").map_or(0, |at| at + 3);
    let end = head[host..].find(['/', '?']).map(|length| host + length);
    let Some(end) = end.or_else(|| template.constant().map(str::len)) else {
        return Err(
            Diagnostic::error(text.span, "the host of a request cannot come from data")
                .help("write it out, with a `/` before the first value")
                .into(),
        );
    };
    let url = url::Url::parse(&head[..end])
        .map_err(|error| Diagnostic::error(text.span, format!("this is not a URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Diagnostic::error(text.span, "credentials do not belong in a URL")
            .help("put them under `target.auth`, or into the request's `headers`")
            .into());
    }
    let Some(origin) = Origin::of(&url) else {
        return Err(Diagnostic::error(text.span, "this URL has no host").into());
    };
    let rest = template.without_head(end);
    let slash = if rest.head().starts_with('/') { "" } else { "/" };
    let origin = if origin == *target.home {
        Arc::clone(&target.home)
    } else {
        Arc::new(origin)
    };
    Ok((origin, Template::literal(slash).then(rest)))
}

/// A path appended to the target's: as it stands, but for a slash that both have.
fn appended(template: Template, text: &Text, target: &Target) -> Result<Template, Box<Diagnostic>> {
    let head = match template.head() {
        "" => text_before_tags(text),
        head => head,
    };
    let slash = head.starts_with('/');
    if !slash && !head.starts_with('?') && template.constant() != Some("") && !target.base.ends_with('/') {
        return Err(Diagnostic::error(text.span, "a path begins with `/` or `?`")
            .label("appended to `target.url` as it stands")
            .help(format!("write `/{}`", text.text))
            .into());
    }
    let (base, shown) = match (slash, target.base.strip_suffix('/')) {
        (true, Some(base)) => (
            base,
            target.base_shown.strip_suffix('/').unwrap_or(&target.base_shown),
        ),
        _ => (target.base.as_str(), target.base_shown.as_str()),
    };
    let start = if base.is_empty() && !slash { "/" } else { "" };
    Ok(Template::literal(start)
        .then(Template::known(base, shown))
        .then(template))
}

/// What a template begins with, where the whole of it is minijinja's.
fn text_before_tags(text: &Text) -> &str {
    let end = ["{{", "{%", "{#"]
        .iter()
        .filter_map(|tag| text.text.find(tag))
        .min();
    &text.text[..end.unwrap_or(text.text.len())]
}

/// Keys (already encoded) and values of a query or a form.
pub(super) fn pairs(
    pairs: &[Pair],
    scope: &Scope,
    escape: Escape,
    found: &mut Diagnostics,
) -> Option<Vec<(String, Template)>> {
    let compiled: Vec<_> = pairs
        .iter()
        .map(|pair| {
            let value = Template::compile(&pair.value.text, scope, escape)
                .map_err(|problem| at(&pair.value, problem));
            Some((escape.encoded(&pair.key.value), found.keep(value)?))
        })
        .collect();
    compiled.into_iter().collect()
}

/// Header names and values.
pub(super) fn headers(
    pairs: &[Pair],
    scope: &Scope,
    found: &mut Diagnostics,
) -> Option<Vec<(HeaderName, Template)>> {
    let compiled: Vec<_> = pairs.iter().map(|pair| found.keep(header(pair, scope))).collect();
    compiled.into_iter().collect()
}

fn header(pair: &Pair, scope: &Scope) -> Result<(HeaderName, Template), Box<Diagnostic>> {
    let name = expect::header_name(&pair.key)?;
    if FRAMING.contains(&name.as_str()) {
        return Err(Diagnostic::error(
            pair.key.span,
            format!("`{name}` says how a message is framed, and is set by the transport"),
        )
        .help("leave it out")
        .into());
    }
    let value = Template::compile(&pair.value.text, scope, Escape::None)
        .map_err(|problem| at(&pair.value, problem))?;
    if value
        .constant()
        .is_some_and(|value| HeaderValue::from_str(value).is_err())
    {
        let message = format!("the value of `{name}` has characters that a header cannot carry");
        return Err(Diagnostic::error(pair.value.span, message)
            .help("use printable ASCII, without line breaks")
            .into());
    }
    Ok((name, value))
}

/// The request's own headers win over the target's of the same name.
fn merged(
    target: &[(HeaderName, Template)],
    mut own: Vec<(HeaderName, Template)>,
) -> Vec<(HeaderName, Template)> {
    let mut all: Vec<_> = target
        .iter()
        .filter(|(name, _)| !has(&own, name))
        .cloned()
        .collect();
    all.append(&mut own);
    all
}

pub(super) fn has(headers: &[(HeaderName, Template)], name: &HeaderName) -> bool {
    headers.iter().any(|(known, _)| known == name)
}
