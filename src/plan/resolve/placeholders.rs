//! Placeholders as other tools write them: `${page}`, `{page}`, `/:id`, `#{page}`, `%(page)s`. They are sent as they stand, which
//! is hardly ever meant.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::scenario::diagnostics::{Diagnostic, Diagnostics};
use crate::scenario::model::{Auth, Body, Json, PartContent, Request, Scenario};
use crate::scenario::span::Text;
use crate::scenario::suggest::{placeholder, variable};

/// Everything that looks like one; the groups are the name in each form.
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    let name = r"([A-Za-z_][A-Za-z0-9_.]*)";
    let forms = [
        format!(r"[$#]\{{\s*{name}\s*\}}"),
        format!(r"\{{\s*{name}\s*\}}"),
        format!(r"%\({name}\)s"),
        format!(r"<{name}>"),
    ];
    Regex::new(&forms.join("|")).expect("the pattern is fixed and valid")
});

/// A segment of a path that is a name behind a colon.
static SEGMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"/:([A-Za-z_]\w*)(?:[/?]|$)").expect("the pattern is fixed and valid"));

/// Warns of every placeholder in what a scenario sends. `known`: whether a name has a value.
pub(super) fn warn(scenario: &Scenario, known: &dyn Fn(&str) -> bool, found: &mut Diagnostics) {
    let mut texts = Texts { known, found };
    for pair in &scenario.target.headers {
        texts.value(&pair.value);
    }
    match scenario.target.auth.as_ref().map(|auth| &auth.value) {
        Some(Auth::Bearer(token)) => texts.value(token),
        Some(Auth::Basic { user, password }) => {
            texts.value(user);
            texts.value(password);
        }
        Some(Auth::Oauth2ClientCredentials {
            client_id,
            client_secret,
            ..
        }) => {
            texts.value(client_id);
            texts.value(client_secret);
        }
        None => {}
    }
    for request in scenario.requests() {
        texts.request(request);
    }
}

struct Texts<'a> {
    known: &'a dyn Fn(&str) -> bool,
    found: &'a mut Diagnostics,
}

impl Texts<'_> {
    fn request(&mut self, request: &Request) {
        self.path(&request.path);
        for pair in request.query.iter().chain(&request.headers) {
            self.value(&pair.value);
        }
        match request.body.as_ref().map(|body| &body.value) {
            Some(Body::Json(json)) => self.json(json),
            Some(Body::Form(pairs)) => pairs.iter().for_each(|pair| self.value(&pair.value)),
            Some(Body::Text(text)) => self.value(text),
            Some(Body::Multipart(parts)) => {
                for part in parts {
                    if let PartContent::Text(text) = &part.content {
                        self.value(text);
                    }
                }
            }
            Some(Body::File(_)) | None => {}
        }
    }

    fn json(&mut self, json: &Json) {
        match json {
            Json::String(text) => self.value(text),
            Json::Array(items) => items.iter().for_each(|item| self.json(item)),
            Json::Object(entries) => entries.iter().for_each(|(_, value)| self.json(value)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// A path has no use for braces, nor for a segment that begins with a colon.
    fn path(&mut self, text: &Text) {
        self.look(text, true);
        for segment in SEGMENT.captures_iter(&text.text) {
            if let Some(name) = segment.get(1) {
                self.warn(text, name.start() - 1..name.end(), name.as_str());
            }
        }
    }

    fn value(&mut self, text: &Text) {
        self.look(text, false);
    }

    fn look(&mut self, text: &Text, in_path: bool) {
        for captures in PLACEHOLDER.captures_iter(&text.text) {
            let (Some(whole), Some(name)) = (
                captures.get(0),
                captures.iter().skip(1).flatten().next().map(|name| name.as_str()),
            ) else {
                continue;
            };
            let (before, behind) = (&text.text[..whole.start()], &text.text[whole.end()..]);
            // A template of this program, or a part of one.
            if whole.as_str().starts_with('{') && (before.ends_with(['{', '%']) || behind.starts_with('}')) {
                continue;
            }
            // `${x}` and `#{x}` mean nothing but a placeholder; the others may be what is to be sent: `<id>` in XML, say.
            let certain = whole.as_str().starts_with(['$', '#']) || in_path;
            let alone = !whole.as_str().starts_with('<') || whole.len() == text.text.len();
            if certain || (alone && (self.known)(name)) {
                self.warn(text, whole.range(), name);
            }
        }
    }

    fn warn(&mut self, text: &Text, range: Range<usize>, name: &str) {
        let message = format!(
            "`{}` is no template: it is sent as it stands",
            &text.text[range.clone()]
        );
        let place = text.span_of(range.clone());
        let exact = place.end - place.start == range.len();
        let (help, template) = match placeholder(name).filter(|_| !(self.known)(name)) {
            Some(template) if name.chars().all(|c| !c.is_ascii_lowercase()) => (
                format!(
                    "for a value of the environment set `{}` and write `{template}` here",
                    variable(name)
                ),
                template,
            ),
            _ => (
                format!("for the value of `{name}` write `{{{{ {name} }}}}`"),
                format!("{{{{ {name} }}}}"),
            ),
        };
        let warning = Diagnostic::warning(place, message);
        // Without quotes YAML would take the template for a mapping.
        self.found.push(if exact && !text.plain {
            warning.help(help).replace(place, template)
        } else {
            warning.help(format!("{help}; the whole value in quotes"))
        });
    }
}
