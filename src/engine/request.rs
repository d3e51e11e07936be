//! A request of the plan, filled in with one iteration's values.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use url::Url;

use super::transport::RequestHeaders;
use crate::plan::secret::{MASK, is_secret_header};
use crate::plan::target::Origin;
use crate::plan::template::{Template, Values};
use crate::plan::{BodyPlan, Part, PartContent, Plan, RequestPlan, UrlPlan};

/// The headers of one step, those that never change built once.
#[derive(Debug)]
pub(super) struct Prepared {
    fixed: RequestHeaders,
    /// Positions in [`RequestPlan::headers`] that are rendered per request.
    rendered: Vec<usize>,
}

/// The prepared steps of a plan, by endpoint and step.
pub(super) fn prepare(plan: &Plan) -> Vec<Vec<Prepared>> {
    let steps = |steps: &[crate::plan::Step]| steps.iter().map(|step| Prepared::new(&step.request)).collect();
    plan.endpoints
        .iter()
        .map(|endpoint| steps(&endpoint.steps))
        .collect()
}

impl Prepared {
    /// Splits a request's headers into those that never change and the rest.
    pub(super) fn new(request: &RequestPlan) -> Self {
        let mut fixed = RequestHeaders::default();
        let mut rendered = Vec::new();
        for (at, (name, template)) in request.headers.iter().enumerate() {
            match template.constant().and_then(|text| header_value(name, text)) {
                Some(value) => fixed.append(name.clone(), value),
                None => rendered.push(at),
            }
        }
        Self { fixed, rendered }
    }
}

/// A request that can be sent.
#[derive(Clone, Debug)]
pub(super) struct Rendered<'a> {
    pub(super) method: &'a Method,
    pub(super) origin: Cow<'a, Arc<Origin>>,
    pub(super) path: Cow<'a, str>,
    pub(super) headers: Cow<'a, RequestHeaders>,
    /// Headers that were filled in, none of [`RequestHeaders::decides`].
    pub(super) filled: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

impl Rendered<'_> {
    /// Whether there is a header of this name.
    pub(super) fn has(&self, name: &HeaderName) -> bool {
        self.headers.contains_key(name) || self.filled.iter().any(|(filled, _)| filled == name)
    }

    /// Takes all headers of these names away.
    pub(super) fn remove(&mut self, names: &[HeaderName]) {
        if names.iter().any(|name| self.headers.contains_key(name)) {
            self.headers.to_mut().remove(names);
        }
        self.filled.retain(|(name, _)| !names.contains(name));
    }

    /// The URL, for cookies and redirects.
    pub(super) fn url(&self) -> Option<Url> {
        Url::parse(&format!("{}{}", self.origin, self.path)).ok()
    }
}

/// Fills a request in. The error is a failure text: it must be the same whatever the values were.
pub(super) fn render<'a>(
    plan: &'a RequestPlan,
    prepared: &'a Prepared,
    values: &Values,
    home: &'a Arc<Origin>,
) -> Result<Rendered<'a>, String> {
    let (origin, path) = match &plan.url {
        UrlPlan::Path { origin, path } => (Cow::Borrowed(origin), text(path, values)?),
        UrlPlan::Whole(template) => whole_url(&text(template, values)?, home)?,
    };
    let mut headers = Cow::Borrowed(&prepared.fixed);
    let mut filled = Vec::new();
    for &at in &prepared.rendered {
        let (name, template) = &plan.headers[at];
        let value = text(template, values)?;
        let value = header_value(name, &value).ok_or_else(|| {
            format!("the value of header `{name}` holds a character that no header may hold")
        })?;
        if RequestHeaders::decides(name) {
            headers.to_mut().append(name.clone(), value);
        } else {
            filled.push((name.clone(), value));
        }
    }
    Ok(Rendered {
        method: &plan.method,
        origin,
        path,
        headers,
        filled,
        body: body(&plan.body, values)?,
    })
}

fn text<'t>(template: &'t Template, values: &Values) -> Result<Cow<'t, str>, String> {
    if let Some(constant) = template.constant() {
        return Ok(constant.into());
    }
    let mut out = String::new();
    template
        .render(values, &mut out)
        .map_err(|error| error.to_string())?;
    Ok(out.into())
}

/// A link that a response gave: a path on the target's own server, or an absolute URL.
fn whole_url<'h>(
    text: &str,
    home: &'h Arc<Origin>,
) -> Result<(Cow<'h, Arc<Origin>>, Cow<'static, str>), String> {
    if text.starts_with('/') && !text.starts_with("//") {
        return Ok((Cow::Borrowed(home), text.to_owned().into()));
    }
    let url = Url::parse(text).map_err(|error| format!("the URL of the request is not valid: {error}"))?;
    let origin = Origin::of(&url).ok_or("the URL of the request is neither http nor https")?;
    Ok((
        Cow::Owned(Arc::new(origin)),
        url[url::Position::BeforePath..url::Position::AfterQuery]
            .to_owned()
            .into(),
    ))
}

/// A header's value; `None` when the text cannot be one. Those that prove identity are kept out of `Debug` output.
fn header_value(name: &HeaderName, text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    if matches!(
        *name,
        http::header::AUTHORIZATION | http::header::COOKIE | http::header::PROXY_AUTHORIZATION
    ) {
        value.set_sensitive(true);
    }
    Some(value)
}

fn body(plan: &BodyPlan, values: &Values) -> Result<Bytes, String> {
    Ok(match plan {
        BodyPlan::None => Bytes::new(),
        BodyPlan::Fixed(bytes) => bytes.clone(),
        BodyPlan::Text(template) => text(template, values)?.into_owned().into(),
        BodyPlan::Json(template) => {
            let mut out = String::new();
            template
                .render(values, &mut out)
                .map_err(|error| error.to_string())?;
            out.into()
        }
        BodyPlan::Multipart { parts, boundary } => multipart(parts, boundary, values, text)?.into(),
    })
}

/// `multipart/form-data` as RFC 7578 has it.
fn multipart(
    parts: &[Part],
    boundary: &str,
    values: &Values,
    fill: impl for<'t> Fn(&'t Template, &Values) -> Result<Cow<'t, str>, String>,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for part in parts {
        let mut head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"",
            quoted(&part.name)
        );
        if let Some(file) = &part.file_name {
            let _ = write!(head, "; filename=\"{}\"", quoted(file));
        }
        if let Some(media) = &part.content_type {
            let _ = write!(head, "\r\ncontent-type: {media}");
        }
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        match &part.content {
            PartContent::Fixed(bytes) => out.extend_from_slice(bytes),
            PartContent::Text(template) => out.extend_from_slice(fill(template, values)?.as_bytes()),
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// A name inside a quoted parameter, escaped as browsers do (WHATWG, multipart/form-data encoding).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The request as a person may see it: every secret of the configuration masked.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Method and URL.
    pub line: String,
    /// The scenario's own headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// Fills a request in once more, secrets masked at their source.
pub(super) fn show(plan: &RequestPlan, values: &Values, home: &Origin) -> Shown {
    let fill = |template: &Template| {
        let mut out = String::new();
        match template.show(values, &mut out) {
            Ok(()) => out,
            Err(error) => format!("({error})"),
        }
    };
    let url = match &plan.url {
        UrlPlan::Path { origin, path } => format!("{origin}{}", fill(path)),
        UrlPlan::Whole(template) => match fill(template) {
            path if path.starts_with('/') && !path.starts_with("//") => format!("{home}{path}"),
            whole => whole,
        },
    };
    let body = match &plan.body {
        BodyPlan::None => String::new(),
        BodyPlan::Fixed(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        BodyPlan::Text(template) => fill(template),
        BodyPlan::Json(template) => {
            let mut out = String::new();
            match template.show(values, &mut out) {
                Ok(()) => out,
                Err(error) => format!("({error})"),
            }
        }
        BodyPlan::Multipart { parts, boundary } => {
            let shown = multipart(parts, boundary, values, |template, _| Ok(fill(template).into()));
            String::from_utf8_lossy(&shown.unwrap_or_default()).into_owned()
        }
    };
    let secret = |name: &HeaderName| is_secret_header(name.as_str());
    Shown {
        line: format!("{} {url}", plan.method),
        headers: plan
            .headers
            .iter()
            .map(|(name, value)| {
                let value = if secret(name) {
                    MASK.to_owned()
                } else {
                    fill(value)
                };
                (name.to_string(), value)
            })
            .collect(),
        body,
    }
}

/// Method and URL of a request of the plan, placeholders as they are written.
pub fn described(plan: &RequestPlan) -> (&str, String) {
    let url = match &plan.url {
        UrlPlan::Path { origin, path } => format!("{origin}{path}"),
        UrlPlan::Whole(template) => template.to_string(),
    };
    (plan.method.as_str(), url)
}
